#include "sim_mail.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX (512 * 1024)

/* ---- the strict receiver ---- */

/* How often a header stands in the raw block. */
static unsigned count_header(const char *headers, const char *name)
{
    size_t n = strlen(name);
    unsigned count = 0;

    for (const char *line = headers; *line != '\0';) {
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            count++;
        const char *end = strstr(line, "\r\n");
        if (end == NULL)
            break;
        line = end + 2;
    }
    return count;
}

static const char *find_fault(const char *headers)
{
    static const char *const once[] = { "From", "Date", "Message-ID" };
    static const char *const at_most_once[] = { "To", "Subject", "Reply-To", "Sender", "Cc" };

    for (const char *p = headers; *p != '\0'; p++)
        if ((unsigned char)*p >= 0x80)
            return "550 5.6.7 Non-ASCII bytes in the headers";
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
        if (count_header(headers, once[i]) != 1)
            return "550 5.7.1 Not RFC 5322 compliant: needs From, Date and Message-ID, each once";
    for (size_t i = 0; i < sizeof at_most_once / sizeof at_most_once[0]; i++)
        if (count_header(headers, at_most_once[i]) > 1)
            return "550 5.7.1 Not RFC 5322 compliant: a header stands twice";
    return NULL;
}

/* ---- the page ---- */

static char *utf8_copy(const char *s)
{
    struct buf b = BUF_INIT(BODY_MAX);

    if (s != NULL)
        text_nfc(&b, s, strlen(s));
    char *copy = mem_strdup(buf_ok(&b) ? buf_cstr(&b) : "");
    buf_clear(&b);
    return copy;
}

static char *part_text(GMimeTextPart *part)
{
    char *decoded = g_mime_text_part_get_text(part);
    char *copy = utf8_copy(decoded);

    g_free(decoded);
    return copy;
}

static void name_attachment(struct sim_mail *m, GMimePart *part)
{
    const char *name = g_mime_part_get_filename(part);
    struct buf b = BUF_INIT(BODY_MAX);

    buf_printf(&b, "%s\n[tệp đính kèm: %s]", m->text, name != NULL ? name : "?");
    free(m->text);
    m->text = utf8_copy(buf_cstr(&b));
    buf_clear(&b);
}

static void take_part(GMimeObject *parent, GMimeObject *part, gpointer ctx)
{
    struct sim_mail *m = ctx;
    GMimeContentType *type = g_mime_object_get_content_type(part);
    bool attached = g_mime_object_get_disposition(part) != NULL &&
                    strcasecmp(g_mime_object_get_disposition(part), "attachment") == 0;

    (void)parent;
    if (GMIME_IS_TEXT_PART(part) && !attached) {
        if (g_mime_content_type_is_type(type, "text", "html")) {
            free(m->html);
            m->html = part_text(GMIME_TEXT_PART(part));
        } else if (m->text[0] == '\0') {
            free(m->text);
            m->text = part_text(GMIME_TEXT_PART(part));
        }
    } else if (GMIME_IS_PART(part)) {
        name_attachment(m, GMIME_PART(part));
    }
}

static void take_bodies(struct sim_mail *m, GMimeMessage *message)
{
    GMimeObject *root = g_mime_message_get_mime_part(message);

    if (root == NULL)
        return;
    if (GMIME_IS_MULTIPART(root))
        g_mime_multipart_foreach(GMIME_MULTIPART(root), take_part, m);
    else
        take_part(NULL, root, m);
}

/* "<https://…>, <mailto:…>": the first web address. */
static char *web_address(const char *header)
{
    for (const char *p = header != NULL ? strchr(header, '<') : NULL; p != NULL; p = strchr(p + 1, '<')) {
        const char *end = strchr(p, '>');
        if (end != NULL && (strncmp(p + 1, "http://", 7) == 0 || strncmp(p + 1, "https://", 8) == 0))
            return mem_strndup(p + 1, (size_t)(end - p - 1));
    }
    return NULL;
}

static void take_headers(struct sim_mail *m, GMimeMessage *message)
{
    GMimeObject *o = GMIME_OBJECT(message);
    char *from = internet_address_list_to_string(g_mime_message_get_from(message), NULL, FALSE);
    const char *post = g_mime_object_get_header(o, "List-Unsubscribe-Post");

    m->subject = utf8_copy(g_mime_message_get_subject(message));
    m->from = utf8_copy(from);
    m->message_id = utf8_copy(g_mime_message_get_message_id(message));
    m->unsubscribe = web_address(g_mime_object_get_header(o, "List-Unsubscribe"));
    m->one_click = post != NULL && strcasecmp(post, "List-Unsubscribe=One-Click") == 0;
    g_free(from);
}

static GMimeMessage *parse(const char *data, size_t len)
{
    static bool ready;
    if (!ready) {
        g_mime_init();
        ready = true;
    }
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(data, len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    return message;
}

void sim_mail_read(const char *data, size_t len, struct sim_mail *out)
{
    const char *blank = strstr(data, "\r\n\r\n");
    size_t head = blank != NULL ? (size_t)(blank - data) + 2 : len;
    GMimeMessage *message = parse(data, len);

    *out = (struct sim_mail){ .headers = mem_strndup(data, head) };
    out->fault = find_fault(out->headers);
    out->text = mem_strdup("");
    if (message != NULL) {
        take_headers(out, message);
        take_bodies(out, message);
        g_object_unref(message);
    } else {
        out->subject = mem_strdup("");
        out->from = mem_strdup("");
        out->message_id = mem_strdup("");
    }
}

void sim_mail_clear(struct sim_mail *m)
{
    free(m->subject);
    free(m->from);
    free(m->message_id);
    free(m->text);
    free(m->html);
    free(m->unsubscribe);
    free(m->headers);
    *m = (struct sim_mail){ 0 };
}
