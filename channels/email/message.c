#include "loa/email_message.h"
#include "loa/crypto.h"
#include "loa/text.h"
#include <ctype.h>
#include <string.h>

#define SUBJECT_PLAIN_MAX 60 /* a longer one is folded, and only encoded words fold safely */
#define NAME_QUOTED_MAX   34 /* each character may need a backslash, and the line has 76 */
#define LINK_MAX_BYTES    256
#define BASE64_LINE_BYTES 57 /* 76 characters */
#define PART_MAX_BYTES    (256 * 1024)

/* ---- the sender ---- */

static size_t trim(const char **s, size_t n)
{
    while (n > 0 && (**s == ' ' || **s == '"'))
        (*s)++, n--;
    while (n > 0 && ((*s)[n - 1] == ' ' || (*s)[n - 1] == '"'))
        n--;
    return n;
}

struct email_mailbox email_mailbox_parse(const char *s)
{
    struct email_mailbox m = { .name = "" };
    size_t whole = trim(&s, strlen(s));
    const char *open = memrchr(s, '<', whole);

    if (open == NULL) {
        m.address = mail_address_parse(s, whole);
        return m;
    }
    if (s[whole - 1] != '>') {
        m.address.why = "the angle bracket is not closed";
        return m;
    }
    m.address = mail_address_parse(open + 1, (size_t)(s + whole - 1 - (open + 1)));

    const char *name = s;
    size_t n = trim(&name, (size_t)(open - s));
    struct buf nfc = BUF_INIT(4 * sizeof m.name), clean = BUF_INIT(4 * sizeof m.name);
    text_nfc(&nfc, name, n);
    text_clean(&clean, buf_cstr(&nfc), nfc.len, false);
    text_copy(m.name, sizeof m.name, buf_cstr(&clean));
    buf_clear(&nfc);
    buf_clear(&clean);
    return m;
}

/* ---- header fields ---- */

static bool is_printable_ascii(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < ' ' || s[i] > '~')
            return false;
    return true;
}

static void add_subject(struct buf *out, const struct buf *subject)
{
    struct buf nfc = BUF_INIT(subject->max_bytes), clean = BUF_INIT(subject->max_bytes);

    text_nfc(&nfc, buf_cstr(subject), subject->len);
    text_clean(&clean, buf_cstr(&nfc), nfc.len, false);
    buf_str(out, "Subject: ");
    if (is_printable_ascii(buf_cstr(&clean), clean.len) && clean.len <= SUBJECT_PLAIN_MAX &&
        strstr(buf_cstr(&clean), "=?") == NULL)
        buf_add(out, clean.data, clean.len);
    else
        email_encoded_words(out, strlen("Subject: "), buf_cstr(&clean), clean.len);
    buf_str(out, "\r\n");
    out->failed |= nfc.failed || clean.failed;
    buf_clear(&nfc);
    buf_clear(&clean);
}

static void add_quoted(struct buf *out, const char *s)
{
    buf_char(out, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            buf_char(out, '\\');
        buf_char(out, *s);
    }
    buf_char(out, '"');
}

static void add_from(struct buf *out, const struct email_mailbox *from)
{
    size_t n = strlen(from->name);

    buf_str(out, "From: ");
    if (n > 0) {
        if (n <= NAME_QUOTED_MAX && is_printable_ascii(from->name, n))
            add_quoted(out, from->name);
        else
            email_encoded_words(out, strlen("From: "), from->name, n);
        buf_str(out, "\r\n ");
    }
    buf_printf(out, "<%s>\r\n", from->address.address);
}

static void add_unsubscribe(struct buf *out, const struct text *t)
{
    if (!t->optional || t->unsubscribe_url[0] == '\0')
        return;
    buf_printf(out,
               "List-Unsubscribe: <%s>\r\n"
               "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
               t->unsubscribe_url);
}

static void add_header(struct buf *out, const struct email_message *m)
{
    const char *domain = strchr(m->from->address.address, '@') + 1;

    buf_str(out, "Date: ");
    email_date(out, m->date_ms);
    buf_str(out, "\r\n");
    add_from(out, m->from);
    if (m->reply_to != NULL && m->reply_to[0] != '\0')
        buf_printf(out, "Reply-To: <%s>\r\n", m->reply_to);
    buf_printf(out, "To: <%s>\r\n", m->to);
    add_subject(out, &m->text->subject);
    buf_printf(out, "Message-ID: <%s@%s>\r\n", m->ref, domain);
    buf_str(out, "MIME-Version: 1.0\r\n"
                 "Content-Language: vi\r\n"
                 "Auto-Submitted: auto-generated\r\n"
                 "X-Auto-Response-Suppress: All\r\n");
    add_unsubscribe(out, m->text);
}

/* ---- body ---- */

static void add_base64(struct buf *out, const char *s, size_t n)
{
    struct buf crlf = BUF_INIT(2 * n + 2);

    for (size_t i = 0; i < n; i++) { /* text in base64 has CRLF line ends too */
        if (s[i] == '\n')
            buf_char(&crlf, '\r');
        buf_char(&crlf, s[i]);
    }
    for (size_t at = 0; at < crlf.len; at += BASE64_LINE_BYTES) {
        size_t left = crlf.len - at;
        crypto_base64(out, crlf.data + at, left < BASE64_LINE_BYTES ? left : BASE64_LINE_BYTES);
        buf_str(out, "\r\n");
    }
    buf_clear(&crlf);
}

/* Quoted-printable triples every byte beyond ASCII, base64 adds a third to all. */
static bool base64_is_shorter(const char *s, size_t n)
{
    size_t beyond = 0;
    for (size_t i = 0; i < n; i++)
        beyond += (unsigned char)s[i] >= 0x80 || s[i] == '=';
    return 2 * beyond > n / 3;
}

static void add_part(struct buf *out, const char *type, const struct buf *content)
{
    struct buf nfc = BUF_INIT(PART_MAX_BYTES), clean = BUF_INIT(PART_MAX_BYTES);

    text_nfc(&nfc, buf_cstr(content), content->len);
    text_clean(&clean, buf_cstr(&nfc), nfc.len, true);
    bool base64 = base64_is_shorter(buf_cstr(&clean), clean.len);
    buf_printf(out,
               "Content-Type: %s; charset=UTF-8\r\n"
               "Content-Transfer-Encoding: %s\r\n\r\n",
               type, base64 ? "base64" : "quoted-printable");
    if (base64)
        add_base64(out, clean.data, clean.len);
    else
        email_quoted_printable(out, buf_cstr(&clean), clean.len);
    out->failed |= nfc.failed || clean.failed;
    buf_clear(&nfc);
    buf_clear(&clean);
}

/* "=_" occurs neither in base64 nor in quoted-printable, so no part can hold the boundary. */
static void add_body(struct buf *out, const struct email_message *m)
{
    if (m->text->html.len == 0) {
        add_part(out, "text/plain", &m->text->body);
        return;
    }
    buf_printf(out, "Content-Type: multipart/alternative; boundary=\"=_%s\"\r\n\r\n--=_%s\r\n", m->ref,
               m->ref);
    add_part(out, "text/plain", &m->text->body);
    buf_printf(out, "\r\n--=_%s\r\n", m->ref);
    add_part(out, "text/html", &m->text->html);
    buf_printf(out, "\r\n--=_%s--\r\n", m->ref);
}

/* ---- the whole ---- */

static bool is_safe_address(const char *s)
{
    struct mail_address a = mail_address_parse(s, strlen(s));
    return a.why == NULL && strcmp(a.address, s) == 0;
}

static bool is_ref(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]))
        n++;
    return n > 0 && n < 40 && s[n] == '\0';
}

static bool is_safe_link(const char *s)
{
    size_t n = strlen(s);
    return n == 0 || (n < LINK_MAX_BYTES && strncmp(s, "http", 4) == 0 && is_printable_ascii(s, n) &&
                      strpbrk(s, " <>\"") == NULL);
}

enum loa_status email_message_build(const struct email_message *m, struct buf *out)
{
    bool replies = m->reply_to != NULL && m->reply_to[0] != '\0';

    if (!is_safe_address(m->from->address.address) || !is_safe_address(m->to) || !is_ref(m->ref) ||
        (replies && !is_safe_address(m->reply_to)) || !is_safe_link(m->text->unsubscribe_url))
        return LOA_INVALID;
    add_header(out, m);
    add_body(out, m);
    return buf_ok(out) ? LOA_OK : LOA_TOO_BIG;
}
