/* The e-mail driver against real mail servers: smtp-sink, and a Postfix of our own that sends real bounces.
 */
#include "check.h"
#include "email_driver.h"
#include "peers.h"
#include "loa/email_verp.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPTIONS(...)                                                                                         \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }
#define SMTP_TEST_BYTES (300 * 1024)
#define REF             "07ab12cd34ef56ab78cd90s1t01"

static unsigned count(const char *text, const char *needle)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, needle)) != NULL; p += strlen(needle))
        n++;
    return n;
}

#define LAST_LINE "the last line"

/* A body that stays readable in quoted-printable, with everything that has ever broken a mail. */
static void write_plain_body(struct email_driver *d)
{
    buf_reset(&d->text.body);
    buf_str(&d->text.body, "first\n.\n..x\nFrom here\n" LAST_LINE "\n");
}

/* ---- smtp-sink ---- */

static void sink_takes_the_mail_as_written(void **state)
{
    struct smtp_sink sink = start_smtp_sink(NULL);
    struct email_driver d;
    struct buf mail = BUF_INIT(65536);

    (void)state;
    email_driver_open(&d, sink.port);
    write_plain_body(&d);
    check_str("accepted", outcome_class_word(email_driver_send(&d, REF, "an@example.vn").class), "accepted");
    wait_for_file(sink.dir, LAST_LINE, &mail);
    check_int("one mail", files_in(sink.dir), 1);
    check_true("envelope", strstr(buf_cstr(&mail), "X-Mail-Args: <b+" REF) != NULL);
    check_true("recipient", strstr(buf_cstr(&mail), "X-Rcpt-Args: <an@example.vn>") != NULL);
    check_int("one subject", count(buf_cstr(&mail), "\nSubject: "), 1);
    check_true("subject", strstr(buf_cstr(&mail), "Subject: =?UTF-8?B?SOG7kyBzxqE=?=") != NULL);
    buf_clear(&mail);
    email_driver_close(&d);
    stop_process(sink.pid);
}

static void sink_refuses_or_drops(void **state)
{
    static const struct {
        const char *label;
        const char *options[4];
        const char *class, *code;
    } cases[] = {
        { "recipient put off", { "-r", "rcpt" }, "transient", "smtp:450 4.3.0" },
        { "recipient refused", { "-f", "rcpt" }, "sender_rejected", "smtp:500 5.3.0" },
        { "put off after the text", { "-r", "." }, "transient", "smtp:450 4.3.0" },
        { "refused after the text", { "-f", "." }, "sender_rejected", "smtp:500 5.3.0" },
        { "hangs up at DATA: nothing was sent", { "-q", "data" }, "transient", "smtp:no_connection" },
        { "hangs up after the final dot", { "-q", "." }, "uncertain", "smtp:no_reply" },
        { "421 at MAIL", { "-Q", "mail" }, "transient", "smtp:421 4.0.0" },
        { "refuses the connection", { "-r", "connect" }, "transient", "smtp:450 4.3.0" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct smtp_sink sink = start_smtp_sink(cases[i].options);
        struct email_driver d;
        email_driver_open(&d, sink.port);
        struct outcome o = email_driver_send(&d, REF, "an@example.vn");
        check_str(cases[i].label, outcome_class_word(o.class), cases[i].class);
        check_str(cases[i].label, o.code, cases[i].code);
        email_driver_close(&d);
        stop_process(sink.pid);
    }
}

/* Many mails over three connections, every outcome to its own mail. */
static void nothing_gets_mixed_up(void **state)
{
    enum { MAILS = 200 };
    struct smtp_sink sink = start_smtp_sink(NULL);
    struct postfix p = start_postfix(sink.port, "smtpd_recipient_restrictions = check_recipient_access "
                                                "inline:{ {refused@example.vn = 550 5.1.1 nobody} }\n");
    struct email_driver d;
    struct sent *s = calloc(MAILS, sizeof *s);

    (void)state;
    email_driver_open(&d, p.port);
    for (int i = 0; i < MAILS; i++) {
        char ref[40];
        snprintf(ref, sizeof ref, "mail%d", i);
        check_int("starts",
                  email_driver_start(&d, ref, i % 5 == 0 ? "refused@example.vn" : "an@example.vn", &s[i]),
                  LOA_OK);
    }
    for (int i = 0; i < MAILS; i++) {
        check_wait(d.loop, &s[i].done, 30000, "outcome");
        check_str("its own answer", outcome_class_word(s[i].outcome.class),
                  i % 5 == 0 ? "recipient_invalid" : "accepted");
    }
    for (int i = 1; i < MAILS; i++) /* queue ids are of the mails, not of the connection */
        check_true("another queue id",
                   i % 5 == 0 || i % 5 == 1 ||
                       strcmp(s[i].outcome.provider_id, s[i - 1].outcome.provider_id) != 0);
    free(s);
    email_driver_close(&d);
    stop_postfix(&p);
    stop_process(sink.pid);
}

/* ---- Postfix ---- */

static struct channel_events bounce_of(struct email_driver *d, const struct postfix *p, struct buf *raw)
{
    wait_for_file(p->maildir, "--\n", raw);
    return email_driver_parse(d, buf_cstr(raw), raw->len);
}

static void unknown_user_comes_back(void **state)
{
    struct smtp_sink sink = start_smtp_sink(OPTIONS("-f", "rcpt", "-B", "550 5.1.1 no such user"));
    struct postfix p = start_postfix(sink.port, NULL);
    struct email_driver d;
    struct buf raw = BUF_INIT(65536);

    (void)state;
    email_driver_open(&d, p.port);
    struct outcome o = email_driver_send(&d, REF, "an@example.vn");
    check_str("taken by Postfix", o.code, "smtp:250 2.0.0");
    check_true("its queue id", strlen(o.provider_id) >= 8);

    struct channel_events ev = bounce_of(&d, &p, &raw);
    check_int("one event", ev.count, 1);
    check_str("failed", channel_event_word(ev.item[0].kind), "failed");
    check_str("for this message", ev.item[0].ref, REF);
    check_str("why", ev.item[0].outcome.code, "bounce:5.1.1");
    check_int("left alone from now on", ev.item[0].outcome.suppress_days, -1);
    check_true("when", ev.item[0].at_ms > 0);
    check_true("no text of ours in the bounce",
               strstr(buf_cstr(&raw), "SOG7kyBzxqEgxJHDoyDEkcaw4bujYyB0aeG6v3Ag") == NULL);

    struct channel_events again = email_driver_parse(&d, buf_cstr(&raw), raw.len);
    check_str("fed twice: the same event", again.item[0].dedupe, ev.item[0].dedupe);
    channel_events_clear(&again);

    for (char *at = raw.data; (at = strstr(at, "b+" REF)) != NULL;
         at++) /* another message's number, our mac */
        at[strlen("b+" REF) - 1] = '2';
    struct channel_events forged = email_driver_parse(&d, buf_cstr(&raw), raw.len);
    check_str("forged: ignored", channel_event_word(forged.item[0].kind), "unknown");
    channel_events_clear(&forged);
    channel_events_clear(&ev);
    buf_clear(&raw);
    email_driver_close(&d);
    stop_postfix(&p);
    stop_process(sink.pid);
}

static void expired_mail_comes_back_soft(void **state)
{
    struct smtp_sink sink = start_smtp_sink(OPTIONS("-r", "rcpt", "-b", "450 4.2.2 mailbox full"));
    struct postfix p = start_postfix(sink.port, NULL);
    struct email_driver d;
    struct buf raw = BUF_INIT(65536);

    (void)state;
    email_driver_open(&d, p.port);
    check_str("taken", outcome_class_word(email_driver_send(&d, REF, "an@example.vn").class), "accepted");
    struct channel_events ev = bounce_of(&d, &p, &raw);
    check_int("one event", ev.count, 1);
    check_str("failed", channel_event_word(ev.item[0].kind), "failed");
    check_str("by giving up", ev.item[0].outcome.code, "expired:4.2.2");
    check_str("nothing wrong with the address", outcome_class_word(ev.item[0].outcome.class), "transient");
    check_int("not suppressed", ev.item[0].outcome.suppress_days, 0);
    channel_events_clear(&ev);
    buf_clear(&raw);
    email_driver_close(&d);
    stop_postfix(&p);
    stop_process(sink.pid);
}

static void policy_bounce_calls_a_person(void **state)
{
    struct smtp_sink sink = start_smtp_sink(OPTIONS("-f", "rcpt", "-B", "550 5.7.26 unauthenticated"));
    struct postfix p = start_postfix(sink.port, NULL);
    struct email_driver d;
    struct buf raw = BUF_INIT(65536);

    (void)state;
    email_driver_open(&d, p.port);
    email_driver_send(&d, REF, "an@example.vn");
    struct channel_events ev = bounce_of(&d, &p, &raw);
    check_str("our fault", outcome_class_word(ev.item[0].outcome.class), "sender_rejected");
    check_int("not the citizen's", ev.item[0].outcome.suppress_days, 0);
    check_int("one alert", d.alerts, 1);
    check_str("which says what", d.alert_code, "bounce:5.7.26");
    channel_events_clear(&ev);
    buf_clear(&raw);
    email_driver_close(&d);
    stop_postfix(&p);
    stop_process(sink.pid);
}

/* Nothing leaves unsigned: without the signing milter Postfix does not take the mail. */
static void milter_down(void **state)
{
    char extra[160];
    struct smtp_sink sink = start_smtp_sink(NULL);

    (void)state;
    snprintf(extra, sizeof extra, "smtpd_milters = inet:127.0.0.1:%d\nmilter_default_action = tempfail\n",
             free_port());
    struct postfix p = start_postfix(sink.port, extra);
    struct email_driver d;
    email_driver_open(&d, p.port);
    struct outcome o = email_driver_send(&d, REF, "an@example.vn");
    check_str("try again", outcome_class_word(o.class), "transient");
    check_str("because", o.code, "smtp:451 4.7.1");
    check_int("nothing got out", files_in(sink.dir), 0);
    email_driver_close(&d);
    stop_postfix(&p);
    stop_process(sink.pid);
}

/* ---- TLS ---- */

/* A certificate for 127.0.0.1 that nobody but its owner trusts. */
static const char *make_certificate(void)
{
    static char path[300];

    const char *const argv[] = { "openssl",  "req",
                                 "-x509",    "-newkey",
                                 "rsa:2048", "-nodes",
                                 "-days",    "2",
                                 "-subj",    "/CN=mail.test",
                                 "-addext",  "subjectAltName=IP:127.0.0.1",
                                 "-keyout",  path,
                                 "-out",     path,
                                 NULL };
    snprintf(path, sizeof path, "%s/cert.pem", check_tmpdir());
    check_int("openssl", run_process(argv, NULL), 0);
    return path;
}

struct reply {
    bool done;
    enum wire_result result;
    int code;
    char error[160];
};

static void take_reply(void *ctx, const struct smtp_answer *a)
{
    struct reply *r = ctx;

    r->done = true;
    r->result = a->result;
    r->code = a->code;
    snprintf(r->error, sizeof r->error, "%s", a->error);
}

/* Three mails of 300 kB, so that writes have to wait, over one connection. */
static void send_over_tls(struct smtp_call call, const char *label, enum wire_result result)
{
    struct loop *l = loop_new();
    struct http_client *c = http_client_new(l);
    struct buf text = BUF_INIT(SMTP_TEST_BYTES + 1024);

    buf_str(&text, "Subject: x\r\n\r\n");
    while (text.len < SMTP_TEST_BYTES)
        buf_str(&text, "0123456789012345678901234567890123456789012345678901234567890\r\n");
    call.mail_from = "b+1@bounce.test";
    call.rcpt_to = "an@example.vn";
    call.message = text.data;
    call.message_len = text.len;
    call.max_connections = 1;
    call.timeout_ms = 15000;
    for (int i = 0; i < 3; i++) {
        struct reply r = { 0 };
        check_int(label, smtp_client_send(c, &call, take_reply, &r, NULL), LOA_OK);
        check_wait(l, &r.done, 20000, label);
        check_int(label, r.result, result);
        check_int(label, r.code, result == WIRE_ANSWERED ? 250 : 0);
    }
    buf_clear(&text);
    http_client_free(c);
    loop_free(l);
}

static void mail_over_tls(void **state)
{
    const char *cert = make_certificate();
    struct smtp_sink sink = start_smtp_sink(NULL);
    char extra[800], url[64];

    (void)state;
    for (int wrapped = 0; wrapped < 2; wrapped++) {
        snprintf(extra, sizeof extra, "smtpd_tls_cert_file = %s\nsmtpd_tls_key_file = %s\n%s", cert, cert,
                 wrapped ? "smtpd_tls_wrappermode = yes\n" : "smtpd_tls_security_level = encrypt\n");
        struct postfix p = start_postfix(sink.port, extra);
        snprintf(url, sizeof url, "smtp%s://127.0.0.1:%d/loa.test", wrapped ? "s" : "", p.port);
        send_over_tls((struct smtp_call){ .url = url, .require_tls = !wrapped, .ca_file = cert }, "trusted",
                      WIRE_ANSWERED);
        send_over_tls((struct smtp_call){ .url = url, .require_tls = !wrapped }, "not trusted",
                      WIRE_NOT_SENT);
        stop_postfix(&p);
    }
    stop_process(sink.pid);
}

/* ---- the sample configuration of deploy/postfix ---- */

static void samples_are_accepted(void **state)
{
    struct buf words = BUF_INIT(65536);
    char dir[300], log[320];

    (void)state;
    snprintf(dir, sizeof dir, "%s/sample", check_tmpdir());
    snprintf(log, sizeof log, "%s.log", dir);
    mkdir(dir, 0755);
    const char *const copy[] = { "install",
                                 "-m",
                                 "0644",
                                 "-t",
                                 dir,
                                 check_path("deploy/postfix/main.cf"),
                                 check_path("deploy/postfix/master.cf"),
                                 NULL };
    check_int("copied", run_process(copy, log), 0);
    check_int("main.cf", run_process((const char *const[]){ "postconf", "-c", dir, "-n", NULL }, log), 0);
    check_int(
        "expanded",
        run_process((const char *const[]){ "postconf", "-c", dir, "-x", "relay_recipient_maps", NULL }, log),
        0);
    check_int("master.cf",
              run_process((const char *const[]){ "postconf", "-c", dir, "-M", "loa-bounce/unix", NULL }, log),
              0);
    check_int("output", buf_read_file(&words, log), LOA_OK);
    check_true("no warning", strstr(buf_cstr(&words), "warning") == NULL);
    check_true("service", strstr(buf_cstr(&words), "flags=DORhu user=loa-bounce null_sender=") != NULL);
    buf_clear(&words);
}

/* smtp-sink writes X-… lines before the mail itself. */
static const char *mail_itself(const struct buf *captured)
{
    const char *p = buf_cstr(captured);
    while (strncmp(p, "X-", 2) == 0)
        p = strchr(p, '\n') + 1;
    return p;
}

static void signature_covers_what_matters(void **state)
{
    static const char *const fields[] = { "From",
                                          "To",
                                          "Subject",
                                          "Date",
                                          "Message-ID",
                                          "Content-Type",
                                          "Auto-Submitted",
                                          "List-Unsubscribe",
                                          "List-Unsubscribe-Post" };
    struct smtp_sink sink = start_smtp_sink(NULL);
    struct opendkim k = start_opendkim();
    struct email_driver d;
    struct buf mail = BUF_INIT(65536);
    char extra[160];

    (void)state;
    snprintf(extra, sizeof extra, "smtpd_milters = inet:127.0.0.1:%d\nmilter_default_action = tempfail\n",
             k.port);
    struct postfix p = start_postfix(sink.port, extra);
    email_driver_open(&d, p.port);
    write_plain_body(&d);
    d.text.optional = true;
    snprintf(d.text.unsubscribe_url, sizeof d.text.unsubscribe_url, "https://loa.haiphong.gov.vn/u/abc");
    check_str("taken", outcome_class_word(email_driver_send(&d, REF, "an@example.vn").class), "accepted");
    wait_for_file(sink.dir, LAST_LINE, &mail);

    const char *text = mail_itself(&mail);
    size_t len = mail.len - (size_t)(text - mail.data);
    check_true("it verifies", opendkim_verifies(&k, text, len));
    const char *h = strstr(text, "\th=");
    check_true("list of fields", h != NULL);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *at = strcasestr(h, fields[i]);
        check_true(fields[i], at != NULL && at < strstr(h, "b="));
    }
    char *subject = strstr(mail.data, "\nList-Unsubscribe: <https");
    subject[strlen("\nList-Unsubscribe: <http")] = 'x';
    check_true("changed, it does not", !opendkim_verifies(&k, text, len));
    buf_clear(&mail);
    email_driver_close(&d);
    stop_postfix(&p);
    stop_process(k.pid);
    stop_process(sink.pid);
}

struct heard {
    struct script_peer *peer;
    struct buf text;
    const char *what;
    unsigned times;
};

static bool heard_it(void *ctx)
{
    struct heard *h = ctx;

    buf_reset(&h->text);
    script_peer_heard(h->peer, &h->text);
    return count(buf_cstr(&h->text), h->what) >= h->times;
}

/* Postfix gives the bounce to the script, the script to the webhook; refused at first, it is kept and comes
 * again. */
static void bounce_reaches_the_webhook(void **state)
{
    struct smtp_sink sink = start_smtp_sink(OPTIONS("-f", "rcpt", "-B", "550 5.1.1 no such user"));
    struct script_peer *web = script_peer_start(
        TALKS(TALK("</mail.test--", ">HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
              TALK("</mail.test--", ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")));
    struct postfix p = start_postfix(sink.port, POSTFIX_BOUNCES_TO_WEBHOOK);
    struct heard h = { .peer = web, .text = BUF_INIT(1 << 20), .what = "/mail.test--", .times = 1 };
    struct email_driver d;
    char url[120];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/webhooks/email/" DRIVER_TOKEN, script_peer_port(web));
    postfix_set_webhook(&p, url);
    email_driver_open(&d, p.port);
    check_str("taken", outcome_class_word(email_driver_send(&d, REF, "an@example.vn").class), "accepted");
    check_true("first try", wait_until(heard_it, &h, 20000));
    check_true("to the right place",
               strstr(buf_cstr(&h.text), "POST /webhooks/email/" DRIVER_TOKEN " ") != NULL);
    const char *body = strstr(buf_cstr(&h.text), "\r\n\r\n") + 4;
    struct channel_events ev = email_driver_parse(&d, body, strlen(body));
    check_int("one event", ev.count, 1);
    check_str("for this message", ev.item[0].ref, REF);
    check_str("why", ev.item[0].outcome.code, "bounce:5.1.1");
    check_true("null sender is kept", strstr(body, "Return-Path: <>\n") != NULL);
    channel_events_clear(&ev);

    h.times = 2;
    check_true("refused with 503, it comes again", wait_until(heard_it, &h, 20000));
    buf_clear(&h.text);
    email_driver_close(&d);
    stop_postfix(&p);
    script_peer_stop(web);
    stop_process(sink.pid);
}

/* What Postfix passes on is what we wrote: parsed by an independent reader in test_email_message.c, compared
 * here. */
static void text_survives_postfix(void **state)
{
    struct smtp_sink sink = start_smtp_sink(NULL);
    struct postfix p = start_postfix(sink.port, NULL);
    struct email_driver d;
    struct buf mail = BUF_INIT(65536);

    (void)state;
    email_driver_open(&d, p.port);
    write_plain_body(&d);
    check_str("taken", outcome_class_word(email_driver_send(&d, REF, "an@example.vn").class), "accepted");
    wait_for_file(sink.dir, LAST_LINE, &mail);
    check_true("dots are whole",
               strstr(buf_cstr(&mail), "\nfirst\n.\n..x\n=46rom here\n" LAST_LINE "\n") != NULL);
    check_int("one mail", files_in(sink.dir), 1);
    buf_clear(&mail);
    email_driver_close(&d);
    stop_postfix(&p);
    stop_process(sink.pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sink_takes_the_mail_as_written),
        cmocka_unit_test(sink_refuses_or_drops),
        cmocka_unit_test(nothing_gets_mixed_up),
        cmocka_unit_test(unknown_user_comes_back),
        cmocka_unit_test(expired_mail_comes_back_soft),
        cmocka_unit_test(policy_bounce_calls_a_person),
        cmocka_unit_test(milter_down),
        cmocka_unit_test(text_survives_postfix),
        cmocka_unit_test(mail_over_tls),
        cmocka_unit_test(samples_are_accepted),
        cmocka_unit_test(signature_covers_what_matters),
        cmocka_unit_test(bounce_reaches_the_webhook),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
