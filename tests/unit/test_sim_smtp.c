#include "check.h"
#include "sim/sim_mail.h"
#include "sim/sim_smtp_command.h"
#include "sim/sim_smtp_session.h"
#include <stdio.h>
#include <string.h>

static void commands(void **state)
{
    static const struct {
        const char *label, *line;
        enum sim_smtp_verb verb;
        const char *address, *error;
    } cases[] = {
        { "EHLO", "EHLO mail.example.vn", SMTP_EHLO, "", NULL },
        { "EHLO without a name", "EHLO", SMTP_EHLO, "", "501" },
        { "any case", "mail from:<a@Example.VN>", SMTP_MAIL, "a@example.vn", NULL },
        { "null sender", "MAIL FROM:<>", SMTP_MAIL, "", NULL },
        { "size and body", "MAIL FROM:<a@b.vn> SIZE=100 BODY=8BITMIME", SMTP_MAIL, "a@b.vn", NULL },
        { "blank after the colon", "MAIL FROM: <a@b.vn>", SMTP_MAIL, "", "501" },
        { "no brackets", "MAIL FROM:a@b.vn", SMTP_MAIL, "", "501" },
        { "size in words", "MAIL FROM:<a@b.vn> SIZE=big", SMTP_MAIL, "", "555" },
        { "unknown option", "MAIL FROM:<a@b.vn> RET=HDRS", SMTP_MAIL, "", "555" },
        { "option of RCPT", "RCPT TO:<a@b.vn> NOTIFY=NEVER", SMTP_RCPT, "", "555" },
        { "empty recipient", "RCPT TO:<>", SMTP_RCPT, "", "501" },
        { "source route", "RCPT TO:<@x.vn:a@b.vn>", SMTP_RCPT, "", "501" },
        { "letters need SMTPUTF8", "MAIL FROM:<nguyễn@b.vn>", SMTP_MAIL, NULL, "553" },
        { "letters with SMTPUTF8", "MAIL FROM:<nguyễn@b.vn> SMTPUTF8", SMTP_MAIL, "nguyễn@b.vn", NULL },
        { "DATA takes nothing", "DATA now", SMTP_DATA, "", "501" },
        { "NOOP takes anything", "NOOP hello", SMTP_NOOP, "", NULL },
        { "unknown", "HELP", SMTP_UNKNOWN, "", "500" },
        { "nothing", "", SMTP_UNKNOWN, "", "500" },
    };
    struct sim_smtp_command c;
    char code[4];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_smtp_command_read(cases[i].line, strlen(cases[i].line), &c);
        snprintf(code, sizeof code, "%s", c.error != NULL ? c.error : "");
        check_int(cases[i].label, c.verb, cases[i].verb);
        check_str(cases[i].label, c.error != NULL ? code : NULL, cases[i].error);
        if (cases[i].address != NULL)
            check_str(cases[i].label, c.address, cases[i].address);
    }
    sim_smtp_command_read("NOOP\0x", 6, &c);
    check_true("NUL", c.error != NULL);
    sim_smtp_command_read("MAIL FROM:<a@b.vn> SIZE=12345", 29, &c);
    check_int("size", c.size, 12345);
}

struct talk {
    struct sim_smtp_session *session;
    struct buf sent, mail;
    unsigned mails;
    bool closed, late;
};

static const char *no_refusal(void *ctx, enum sim_smtp_stage stage, const char *address)
{
    (void)ctx, (void)stage, (void)address;
    return NULL;
}

static void on_mail(void *ctx, const struct sim_smtp_mail *m)
{
    struct talk *t = ctx;
    t->mails++;
    buf_reset(&t->mail);
    buf_add(&t->mail, m->data, m->len);
    if (!t->late)
        sim_smtp_session_reply(t->session, "250 2.0.0 Ok: queued as X");
}

static void on_send(void *ctx, const char *bytes, size_t len)
{
    buf_add(&((struct talk *)ctx)->sent, bytes, len);
}

static void on_close(void *ctx)
{
    ((struct talk *)ctx)->closed = true;
}

static const struct sim_smtp_ops ops = { no_refusal, on_mail, on_send, on_close };

static void talk_start(struct talk *t)
{
    *t = (struct talk){ 0 };
    buf_init(&t->sent, 1 << 20);
    buf_init(&t->mail, SIM_SMTP_SIZE);
    t->session = sim_smtp_session_new(&ops, t);
}

static void talk_end(struct talk *t)
{
    sim_smtp_session_free(t->session);
    buf_clear(&t->sent);
    buf_clear(&t->mail);
}

#define ENVELOPE "EHLO x\r\nMAIL FROM:<a@b.vn>\r\nRCPT TO:<c@d.vn>\r\nDATA\r\n"

static void bytes_in_any_pieces(void **state)
{
    static const char all[] = ENVELOPE "Subject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\nQUIT\r\n";
    struct talk t;
    (void)state;
    for (size_t piece = 1; piece < sizeof all; piece += 7) {
        talk_start(&t);
        for (size_t at = 0; at < sizeof all - 1; at += piece)
            sim_smtp_session_feed(t.session, all + at,
                                  at + piece < sizeof all - 1 ? piece : sizeof all - 1 - at);
        check_int("one mail", t.mails, 1);
        check_str("unstuffed", buf_cstr(&t.mail), "Subject: x\r\n\r\n.dot\r\n");
        check_true("said goodbye", t.closed && strstr(buf_cstr(&t.sent), "221 2.0.0 Bye\r\n") != NULL);
        talk_end(&t);
    }
}

static void stands_still_until_the_answer(void **state)
{
    struct talk t;
    (void)state;
    talk_start(&t);
    t.late = true;
    const char *all = ENVELOPE "\r\nx\r\n.\r\nMAIL FROM:<second@b.vn>\r\n";
    sim_smtp_session_feed(t.session, all, strlen(all));
    check_true("no answer yet", strstr(buf_cstr(&t.sent), "queued") == NULL);
    sim_smtp_session_reply(t.session, "250 2.0.0 Ok: queued as X");
    const char *queued = strstr(buf_cstr(&t.sent), "queued");
    check_true("then the next command", queued != NULL && strstr(queued, "250 2.1.0 Ok") != NULL);
    talk_end(&t);
}

static void ends_that_are_no_ends(void **state)
{
    static const struct {
        const char *label, *bytes;
    } cases[] = {
        { "LF alone ends no mail", ENVELOPE "x\r\n\n.\n" },
        { "LF dot CRLF", ENVELOPE "x\n.\r\n" },
        { "CR dot CR", ENVELOPE "x\r.\r" },
        { "command with LF", "EHLO x\n" },
    };
    struct talk t;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        talk_start(&t);
        sim_smtp_session_feed(t.session, cases[i].bytes, strlen(cases[i].bytes));
        check_int(cases[i].label, t.mails, 0);
        check_true(cases[i].label, t.closed && strstr(buf_cstr(&t.sent), "521 5.5.2") != NULL);
        talk_end(&t);
    }
}

static void a_mail_is_read(void **state)
{
    static const char text[] =
        "From: =?UTF-8?B?VHJ1bmcgdMOibQ==?= <no-reply@example.gov.vn>\r\nDate: Mon, 23 Nov 2026 08:00:00 +0700\r\n"
        "Subject: =?UTF-8?Q?H=E1=BB=93_s=C6=A1?= =?UTF-8?B?IMSRw6MgZHV54buHdA==?=\r\nMessage-ID: <m@x>\r\n"
        "List-Unsubscribe: <mailto:a@b.vn>, <https://x.vn/u/1>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nSOG7kyBzxqE=\r\n"
        "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>x</p>\r\n--b--\r\n";
    struct sim_mail m;
    (void)state;
    sim_mail_read(text, sizeof text - 1, &m);
    check_str("no fault", m.fault, NULL);
    check_str("subject", m.subject, "Hồ sơ đã duyệt");
    check_str("from", m.from, "Trung tâm <no-reply@example.gov.vn>");
    check_str("text", m.text, "Hồ sơ");
    check_str("html", m.html, "<p>x</p>");
    check_str("unsubscribe", m.unsubscribe, "https://x.vn/u/1");
    check_true("one click", m.one_click);
    check_str("message id", m.message_id, "m@x");
    sim_mail_clear(&m);
    sim_mail_read("", 0, &m);
    check_true("an empty mail is refused", m.fault != NULL);
    sim_mail_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands),
        cmocka_unit_test(bytes_in_any_pieces),
        cmocka_unit_test(stands_still_until_the_answer),
        cmocka_unit_test(ends_that_are_no_ends),
        cmocka_unit_test(a_mail_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
