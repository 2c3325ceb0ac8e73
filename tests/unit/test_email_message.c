#include "check.h"
#include "loa/email_message.h"
#include "loa/local_time.h"
#include <gmime/gmime.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define AT_MS 1795397400000LL /* 2026-11-23 08:30 in Vietnam */

/* 120 letters, each with a mark. */
#define LETTERS      "ạậặẹệịọộợụựỵảẩẳẻểỉỏổởủửỷấắ"
#define LONG_SUBJECT LETTERS LETTERS LETTERS LETTERS "ơưăâđê ếềồ ổộ ởợ"

struct mail {
    struct text text;
    struct email_mailbox from;
    struct email_message m;
    struct buf out;
};

static void begin(struct mail *mail, const char *subject, const char *body, const char *html)
{
    *mail = (struct mail){ .out = BUF_INIT(EMAIL_MESSAGE_MAX_BYTES) };
    text_message_init(&mail->text);
    buf_str(&mail->text.subject, subject);
    buf_str(&mail->text.body, body);
    buf_str(&mail->text.html, html);
    mail->from = email_mailbox_parse("\"Trung tâm Phục vụ hành chính công\" <no-reply@haiphong.gov.vn>");
    mail->m = (struct email_message){ .from = &mail->from,
                                      .to = "an@example.vn",
                                      .text = &mail->text,
                                      .ref = "07ab12s1t01",
                                      .date_ms = AT_MS };
}

static void end(struct mail *mail)
{
    text_message_clear(&mail->text);
    buf_clear(&mail->out);
}

/* Every line ends in CRLF, has at most 76 characters, and nothing but ASCII. */
static void check_wire_form(const char *label, const struct buf *b)
{
    for (const char *p = buf_cstr(b), *nl; *p != '\0'; p = nl + 1) {
        nl = strchr(p, '\n');
        check_true(label, nl != NULL && nl > p && nl[-1] == '\r');
        check_true(label, nl - 1 - p <= 76);
        check_true(label, memchr(p, '\r', (size_t)(nl - 1 - p)) == NULL);
        for (const char *c = p; c < nl; c++)
            check_true(label, (unsigned char)*c < 0x80);
    }
}

static void has(const struct mail *mail, const char *line)
{
    if (strstr(buf_cstr(&mail->out), line) == NULL)
        fail_msg("missing: %s\nin:\n%s", line, buf_cstr(&mail->out));
}

static void has_not(const struct mail *mail, const char *text)
{
    if (strcasestr(buf_cstr(&mail->out), text) != NULL)
        fail_msg("should not be there: %s\nin:\n%s", text, buf_cstr(&mail->out));
}

/* ---- header ---- */

static void header_is_complete(void **state)
{
    static const char *const lines[] = {
        "Date: Mon, 23 Nov 2026 08:30:00 +0700\r\n",
        "From: =?UTF-8?B?",
        " <no-reply@haiphong.gov.vn>\r\n",
        "To: <an@example.vn>\r\n",
        "Subject: hello\r\n",
        "Message-ID: <07ab12s1t01@haiphong.gov.vn>\r\n",
        "MIME-Version: 1.0\r\n",
        "Content-Type: text/plain; charset=UTF-8\r\n",
        "Content-Language: vi\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "X-Auto-Response-Suppress: All\r\n",
    };
    struct mail mail;

    (void)state;
    begin(&mail, "hello", "text", "");
    check_int("builds", email_message_build(&mail.m, &mail.out), LOA_OK);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        has(&mail, lines[i]);
    has_not(&mail, "Reply-To");
    has_not(&mail, "List-Unsubscribe");
    check_wire_form("wire form", &mail.out);
    end(&mail);
}

static void unsubscribe_only_where_it_may_be(void **state)
{
    static const struct {
        const char *label, *url;
        bool optional, there;
    } cases[] = {
        { "optional with a link", "https://loa.gov.vn/u/abc", true, true },
        { "optional without a link", "", true, false },
        { "mandatory", "https://loa.gov.vn/u/abc", false, false },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mail mail;
        begin(&mail, "s", "t", "");
        mail.text.optional = cases[i].optional;
        memcpy(mail.text.unsubscribe_url, cases[i].url, strlen(cases[i].url));
        check_int(cases[i].label, email_message_build(&mail.m, &mail.out), LOA_OK);
        check_true(cases[i].label,
                   cases[i].there == (strstr(buf_cstr(&mail.out), "\r\nList-Unsubscribe: "
                                                                  "<https://loa.gov.vn/u/abc>\r\n"
                                                                  "List-Unsubscribe-Post: "
                                                                  "List-Unsubscribe=One-Click\r\n") != NULL));
        end(&mail);
    }
}

static void date_does_not_follow_the_locale(void **state)
{
    struct buf out = BUF_INIT(100);
    const char *old = setlocale(LC_ALL, NULL);
    char *keep = strdup(old);

    (void)state;
    setlocale(LC_ALL, "vi_VN.UTF-8"); /* where it is not installed the test still says what it should */
    email_date(&out, local_to_ms(2026, 2, 1, 0, 5, 9));
    check_str("English", buf_cstr(&out), "Sun, 1 Feb 2026 00:05:09 +0700");
    setlocale(LC_ALL, keep);
    free(keep);
    buf_clear(&out);
}

static GMimeMessage *read_back(const struct mail *mail)
{
    GMimeStream *s = g_mime_stream_mem_new_with_buffer(mail->out.data, mail->out.len);
    GMimeParser *p = g_mime_parser_new_with_stream(s);
    GMimeMessage *m = g_mime_parser_construct_message(p, NULL);
    g_object_unref(p);
    g_object_unref(s);
    return m;
}

static void subjects_round_trip(void **state)
{
    static const struct {
        const char *label, *subject, *want;
    } cases[] = {
        { "plain", "Ho so da duyet", "Ho so da duyet" },
        { "Vietnamese", "Hồ sơ của bạn đã được duyệt", "Hồ sơ của bạn đã được duyệt" },
        { "120 letters", LONG_SUBJECT, LONG_SUBJECT },
        { "decomposed letters become whole", "Ho\xcc\x82\xcc\x80 so\xcc\x9b", "Hồ sơ" },
        { "long ASCII", "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p",
          "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p" },
        { "looks encoded already", "=?UTF-8?Q?=0D=0ABcc:?=", "=?UTF-8?Q?=0D=0ABcc:?=" },
        { "line ends become spaces", "Xin chào\r\nBcc: evil@x.vn", "Xin chào Bcc: evil@x.vn" },
        { "direction marks go", "abc\xe2\x80\xaegpj.exe", "abcgpj.exe" },
        { "empty", "", "" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mail mail;
        begin(&mail, cases[i].subject, "text", "");
        check_int(cases[i].label, email_message_build(&mail.m, &mail.out), LOA_OK);
        check_wire_form(cases[i].label, &mail.out);
        has_not(&mail, "\nBcc");
        GMimeMessage *m = read_back(&mail);
        check_str(cases[i].label, g_mime_message_get_subject(m), cases[i].want);
        g_object_unref(m);
        end(&mail);
    }
}

/* Each word stands alone: at most 75 characters, whole letters. */
static void encoded_words_are_whole(void **state)
{
    (void)state;
    for (size_t column = 0; column < 80; column += 7) {
        struct buf out = BUF_INIT(4096);
        unsigned words = 0;
        email_encoded_words(&out, column, LONG_SUBJECT, strlen(LONG_SUBJECT));
        for (char *save = NULL, *w = strtok_r(out.data, "\r\n ", &save); w != NULL;
             w = strtok_r(NULL, "\r\n ", &save)) {
            check_true("length", strlen(w) <= 75);
            char *plain = g_mime_utils_header_decode_text(NULL, w);
            check_true("whole letters", g_utf8_validate(plain, -1, NULL) && strchr(plain, '?') == NULL);
            g_free(plain);
            words++;
        }
        check_true("several", words > 5);
        buf_clear(&out);
    }
}

static void senders_are_read(void **state)
{
    static const struct {
        const char *label, *in, *name, *address; /* NULL: refused */
    } cases[] = {
        { "name and address", "Sở Tư pháp <tb@x.gov.vn>", "Sở Tư pháp", "tb@x.gov.vn" },
        { "quoted name", "\"Sở Tư pháp\" <tb@x.gov.vn>", "Sở Tư pháp", "tb@x.gov.vn" },
        { "all of it quoted", "\"Sở Tư pháp <tb@x.gov.vn>\"", "Sở Tư pháp", "tb@x.gov.vn" },
        { "address alone", "tb@x.gov.vn", "", "tb@x.gov.vn" },
        { "brackets alone", "<tb@x.gov.vn>", "", "tb@x.gov.vn" },
        { "domain with letters of ours", "<a@bücher.example>", "", "a@xn--bcher-kva.example" },
        { "open bracket", "Sở <tb@x.gov.vn", "", NULL },
        { "two addresses", "a@x.vn, b@x.vn", "", NULL },
        { "nothing", "", "", NULL },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct email_mailbox m = email_mailbox_parse(cases[i].in);
        check_true(cases[i].label, (m.address.why != NULL) == (cases[i].address == NULL));
        if (cases[i].address == NULL)
            continue;
        check_str(cases[i].label, m.name, cases[i].name);
        check_str(cases[i].label, m.address.address, cases[i].address);
    }
}

static void names_cannot_break_out(void **state)
{
    static const char *const names[] = { "A\r\nBcc: evil@x.vn <a@x.vn>", "A\" <evil@x.vn>, \"B <a@x.vn>",
                                         "A\\ <a@x.vn>" };
    (void)state;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mail mail;
        begin(&mail, "s", "t", "");
        mail.from = email_mailbox_parse(names[i]);
        if (mail.from.address.why == NULL) {
            check_int(names[i], email_message_build(&mail.m, &mail.out), LOA_OK);
            has_not(&mail, "\nBcc");
            GMimeMessage *m = read_back(&mail);
            InternetAddressList *from = g_mime_message_get_from(m);
            check_int(names[i], internet_address_list_length(from), 1);
            check_str(names[i],
                      internet_address_mailbox_get_addr(
                          INTERNET_ADDRESS_MAILBOX(internet_address_list_get_address(from, 0))),
                      "a@x.vn");
            g_object_unref(m);
        }
        end(&mail);
    }
}

static void unsafe_parts_are_refused(void **state)
{
    struct mail mail;

    (void)state;
    begin(&mail, "s", "t", "");
    mail.m.to = "a@x.vn>\r\nBcc: <evil@x.vn";
    check_int("recipient with a line end", email_message_build(&mail.m, &mail.out), LOA_INVALID);
    mail.m.to = "an@example.vn";
    mail.m.reply_to = "a@x.vn\nX: y";
    check_int("reply-to with a line end", email_message_build(&mail.m, &mail.out), LOA_INVALID);
    mail.m.reply_to = NULL;
    mail.m.ref = "a>\r\nX: <b";
    check_int("ref with a line end", email_message_build(&mail.m, &mail.out), LOA_INVALID);
    mail.m.ref = "";
    check_int("empty ref", email_message_build(&mail.m, &mail.out), LOA_INVALID);
    mail.m.ref = "abc";
    memcpy(mail.text.unsubscribe_url, "https://x/> y", 14);
    check_int("link with a bracket", email_message_build(&mail.m, &mail.out), LOA_INVALID);
    check_int("nothing was written", (long long)mail.out.len, 0);
    end(&mail);
}

/* ---- body ---- */

static char *part_text(GMimeObject *part)
{
    return g_mime_text_part_get_text(GMIME_TEXT_PART(part));
}

static void bodies_round_trip(void **state)
{
    static const struct {
        const char *label, *body, *want;
    } cases[] = {
        { "dots at line starts", ".\n..x\n. \n", ".\n..x\n. \n" },
        { "line ends of every kind", "a\rb\nc\r\nd", "a\nb\nc\nd" },
        { "NUL and controls go", "a\x01\x02 b\x7f", "a b" },
        { "trailing spaces", "a  \nb\t\n", "a  \nb \n" },
        { "equals signs", "a=3D=\n", "a=3D=\n" },
        { "From at a line start", "x\nFrom me to you\n", "x\nFrom me to you\n" },
        { "a very long line",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
        { "Vietnamese", "Hồ sơ của ông/bà đã được tiếp nhận.\n", "Hồ sơ của ông/bà đã được tiếp nhận.\n" },
        { "mostly English with one mark",
          "The dossier of Mr. Nguyễn has been received and will be handled soon.\n",
          "The dossier of Mr. Nguyễn has been received and will be handled soon.\n" },
        { "empty", "", "" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mail mail;
        begin(&mail, "s", cases[i].body, "");
        check_int(cases[i].label, email_message_build(&mail.m, &mail.out), LOA_OK);
        check_wire_form(cases[i].label, &mail.out);
        check_true("no bare dot line",
                   strstr(buf_cstr(&mail.out), "\r\n.\r\n") == NULL || strstr(cases[i].body, ".") != NULL);
        GMimeMessage *m = read_back(&mail);
        char *text = part_text(g_mime_message_get_mime_part(m)), *lf = g_strdup(text);
        size_t n = 0;
        for (char *p = text; *p != '\0'; p++)
            if (*p != '\r')
                lf[n++] = *p;
        if (n > 0 && lf[n - 1] == '\n' &&
            (cases[i].want[0] == '\0' || cases[i].want[strlen(cases[i].want) - 1] != '\n'))
            n--; /* the last line always ends */
        lf[n] = '\0';
        check_str(cases[i].label, lf, cases[i].want);
        g_free(text);
        g_free(lf);
        g_object_unref(m);
        end(&mail);
    }
}

static void html_stands_beside_the_text(void **state)
{
    struct mail mail;

    (void)state;
    begin(&mail, "s", "Chào ông/bà.\n",
          "<!DOCTYPE html><html lang=\"vi\"><body><p>Chào ông/bà.</p></body></html>\n");
    check_int("builds", email_message_build(&mail.m, &mail.out), LOA_OK);
    check_wire_form("wire form", &mail.out);
    GMimeMessage *m = read_back(&mail);
    GMimeMultipart *both = GMIME_MULTIPART(g_mime_message_get_mime_part(m));
    check_true("alternative", g_mime_content_type_is_type(g_mime_object_get_content_type(GMIME_OBJECT(both)),
                                                          "multipart", "alternative"));
    check_int("two parts", g_mime_multipart_get_count(both), 2);
    char *html = part_text(g_mime_multipart_get_part(both, 1));
    check_true("HTML last", strstr(html, "<p>Chào ông/bà.</p>") != NULL);
    g_free(html);
    g_object_unref(m);
    end(&mail);
}

static void ceiling_is_kept(void **state)
{
    struct mail mail;

    (void)state;
    begin(&mail, "s", "text", "");
    mail.out.max_bytes = 300;
    check_int("too big", email_message_build(&mail.m, &mail.out), LOA_TOO_BIG);
    end(&mail);
}

int main(void)
{
    g_mime_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_complete),
        cmocka_unit_test(unsubscribe_only_where_it_may_be),
        cmocka_unit_test(date_does_not_follow_the_locale),
        cmocka_unit_test(subjects_round_trip),
        cmocka_unit_test(encoded_words_are_whole),
        cmocka_unit_test(senders_are_read),
        cmocka_unit_test(names_cannot_break_out),
        cmocka_unit_test(unsafe_parts_are_refused),
        cmocka_unit_test(bodies_round_trip),
        cmocka_unit_test(html_stands_beside_the_text),
        cmocka_unit_test(ceiling_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
