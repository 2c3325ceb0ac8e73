#include "loa/email_dsn.h"
#include "loa/buf.h"
#include "loa/text.h"
#include <ctype.h>
#include <gmime/gmime.h>
#include <string.h>

#define STATUS_PART_MAX_BYTES (64 * 1024)

static void copy_clean(char *out, size_t size, const char *s, size_t n)
{
    struct buf clean = BUF_INIT(3 * n + 1);

    text_clean(&clean, s, n, false);
    text_copy(out, size, buf_cstr(&clean));
    buf_clear(&clean);
}

/* ---- status codes ---- */

/* The length of "5.7.26" at the start of s, 0 when there is none. */
static size_t status_length(const char *s)
{
    size_t i = 1;

    if (s[0] != '2' && s[0] != '4' && s[0] != '5')
        return 0;
    for (int part = 0; part < 2; part++) {
        if (s[i++] != '.')
            return 0;
        size_t digits = strspn(s + i, "0123456789");
        if (digits < 1 || digits > 3)
            return 0;
        i += digits;
    }
    return s[i] == '.' ? 0 : i; /* an address of four numbers is not a status */
}

bool dsn_status_in(const char *s, char out[12])
{
    for (const char *p = s; *p != '\0'; p++) {
        bool starts_number = p == s || (!isdigit((unsigned char)p[-1]) && p[-1] != '.');
        size_t n = starts_number ? status_length(p) : 0;
        if (n > 0) {
            memcpy(out, p, n);
            out[n] = '\0';
            return true;
        }
    }
    return false;
}

/* ---- the delivery-status part: blocks of fields, apart by empty lines ---- */

struct field {
    char name[40], value[400];
};

/* Reads one unfolded field, moving *at past it. False at an empty line (skipped) or the end. */
static bool next_field(const char **at, struct field *f)
{
    const char *p = *at;
    struct buf line = BUF_INIT(STATUS_PART_MAX_BYTES);

    for (;;) {
        size_t n = strcspn(p, "\n");
        size_t text = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
        buf_add(&line, p, text);
        p += n + (p[n] == '\n');
        if (text == 0 || (*p != ' ' && *p != '\t'))
            break; /* not folded */
    }
    *at = p;
    const char *s = buf_cstr(&line);
    size_t colon = strcspn(s, ":");
    copy_clean(f->name, sizeof f->name, s, colon);
    const char *value = s[colon] == ':' ? s + colon + 1 : s + colon;
    while (*value == ' ' || *value == '\t')
        value++;
    copy_clean(f->value, sizeof f->value, value, strlen(value));
    bool any = line.len > 0;
    buf_clear(&line);
    return any;
}

static void take_field(struct dsn_report *r, const struct field *f)
{
    if (strcasecmp(f->name, "Action") == 0) {
        text_copy(r->action, sizeof r->action, f->value);
        r->action[strspn(r->action, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")] = '\0';
        for (char *p = r->action; *p != '\0'; p++)
            *p = (char)tolower((unsigned char)*p);
    } else if (strcasecmp(f->name, "Status") == 0) {
        dsn_status_in(f->value, r->status);
    } else if (strcasecmp(f->name, "Diagnostic-Code") == 0) {
        text_copy(r->diagnostic, sizeof r->diagnostic, f->value);
    }
}

/* The first block is about the message, each further one about a recipient; only those have an Action. */
static void read_reports(struct dsn *d, const char *text)
{
    while (*text != '\0' && d->count < DSN_REPORTS_MAX) {
        struct dsn_report r = { .action = "" };
        struct field f;
        while (next_field(&text, &f))
            take_field(&r, &f);
        if (r.action[0] != '\0')
            d->report[d->count++] = r;
    }
}

/* ---- the mail around it ---- */

static void read_status_part(struct dsn *d, GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    GMimeStream *mem = g_mime_stream_mem_new();

    if (content != NULL)
        g_mime_data_wrapper_write_to_stream(content, mem);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(mem));
    struct buf text = BUF_INIT(STATUS_PART_MAX_BYTES);
    buf_add(&text, bytes->data, bytes->len);
    if (buf_ok(&text))
        read_reports(d, buf_cstr(&text));
    buf_clear(&text);
    g_object_unref(mem);
}

static bool is_status_part(GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    return GMIME_IS_PART(part) && (g_mime_content_type_is_type(type, "message", "delivery-status") ||
                                   g_mime_content_type_is_type(type, "message", "global-delivery-status"));
}

/* The status part stands on the first level of the report. */
static void find_reports(struct dsn *d, GMimeObject *body)
{
    if (!GMIME_IS_MULTIPART(body) ||
        !g_mime_content_type_is_type(g_mime_object_get_content_type(body), "multipart", "report"))
        return;
    GMimeMultipart *report = GMIME_MULTIPART(body);
    for (int i = 0, n = g_mime_multipart_get_count(report); i < n; i++) {
        GMimeObject *part = g_mime_multipart_get_part(report, i);
        if (is_status_part(part))
            read_status_part(d, GMIME_PART(part));
    }
}

static const char *header(GMimeMessage *m, const char *name)
{
    const char *value = g_mime_object_get_header(GMIME_OBJECT(m), name);
    return value != NULL ? value : "";
}

/* Takes the address out of `<a@b>` or `Name <a@b>`. */
static void copy_address(char *out, size_t size, const char *value)
{
    const char *open = strrchr(value, '<');
    if (open != NULL)
        value = open + 1;
    value += strspn(value, " \t");
    copy_clean(out, size, value, strcspn(value, "> \t\r\n,"));
}

static void read_envelope(struct dsn *d, GMimeMessage *m)
{
    static const char *const names[] = { "X-Original-To", "Delivered-To", "To" };

    for (size_t i = 0; i < 3 && d->envelope_to[0] == '\0'; i++)
        copy_address(d->envelope_to, sizeof d->envelope_to, header(m, names[i]));

    const char *subject = g_mime_message_get_subject(m);
    if (subject != NULL)
        copy_clean(d->subject, sizeof d->subject, subject, strlen(subject));
    GDateTime *date = g_mime_message_get_date(m);
    if (date != NULL)
        d->at_ms = g_date_time_to_unix(date) * 1000;
}

static enum mail_kind kind_of(const struct dsn *d, GMimeMessage *m)
{
    const char *return_path = header(m, "Return-Path"); /* our own mail server writes it */
    const char *automatic = header(m, "Auto-Submitted");
    char sender[256];

    copy_address(sender, sizeof sender, return_path);
    if (d->count > 0 && sender[0] == '\0')
        return MAIL_REPORT;
    if (automatic[0] != '\0' && strncasecmp(automatic, "no", 2) != 0)
        return MAIL_AUTO_REPLY;
    return return_path[0] != '\0' && sender[0] == '\0' ? MAIL_BOUNCE : MAIL_OTHER;
}

static void library_init(void)
{
    static bool done;
    if (!done)
        g_mime_init();
    done = true;
}

enum loa_status dsn_parse(const char *raw, size_t len, struct dsn *out)
{
    *out = (struct dsn){ .kind = MAIL_OTHER };
    if (len > DSN_MAX_BYTES)
        return LOA_TOO_BIG;
    library_init();

    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(raw, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
    if (m != NULL) {
        read_envelope(out, m);
        if (g_mime_message_get_mime_part(m) != NULL)
            find_reports(out, g_mime_message_get_mime_part(m));
        out->kind = kind_of(out, m);
        g_object_unref(m);
    }
    g_object_unref(parser);
    g_object_unref(stream);
    return m != NULL ? LOA_OK : LOA_INVALID;
}
