/* Writes a provider's request from the templates of its description. */
#include "loa/sms_provider.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define URL_MAX_BYTES    4096
#define BODY_MAX_BYTES   16384
#define HEADER_MAX_BYTES 2048
#define NAME_MAX_BYTES   32

static const char *const names[SMS_VALUE_COUNT] = {
    [SMS_API_KEY] = "api_key",
    [SMS_SECRET_KEY] = "secret_key",
    [SMS_USERNAME] = "username",
    [SMS_PASSWORD] = "password",
    [SMS_BRANDNAME] = "brandname",
    [SMS_TYPE] = "sms_type",
    [SMS_SANDBOX] = "sandbox",
    [SMS_PHONE] = "phone",
    [SMS_TEXT] = "text",
    [SMS_REF] = "ref",
    [SMS_UNICODE] = "unicode",
    [SMS_CODING] = "coding",
    [SMS_DCS] = "dcs",
    [SMS_CALLBACK] = "callback",
    [SMS_WEBHOOK] = "webhook",
    [SMS_ID] = "id",
};

enum escape { ESCAPE_NONE, ESCAPE_URL, ESCAPE_JSON };

/* The place after the next {{name}} of `s`, its text in `name`; NULL when there is none. */
static const char *next_name(const char *s, const char **before, char name[NAME_MAX_BYTES])
{
    const char *open = strstr(s, "{{");
    const char *close = open != NULL ? strstr(open, "}}") : NULL;
    if (close == NULL)
        return NULL;
    *before = open;
    snprintf(name, NAME_MAX_BYTES, "%.*s", (int)(close - open - 2), open + 2);
    return close + 2;
}

static int value_index(const char *name)
{
    for (int i = 0; i < SMS_VALUE_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

bool sms_template_fine(const char *template, char bad[32])
{
    const char *before;
    for (const char *s = template; (s = next_name(s, &before, bad)) != NULL;)
        if (value_index(bad) < 0)
            return false;
    return true;
}

static void add_escaped(struct buf *out, const char *value, enum escape escape)
{
    struct buf quoted = BUF_INIT(BODY_MAX_BYTES);
    switch (escape) {
    case ESCAPE_NONE:
        buf_str(out, value);
        return;
    case ESCAPE_URL:
        buf_url(out, value, strlen(value));
        return;
    case ESCAPE_JSON: /* the template has the quotes */
        buf_json_string(&quoted, value, strlen(value));
        if (buf_ok(&quoted))
            buf_add(out, quoted.data + 1, quoted.len - 2);
        else
            out->failed = true;
        buf_clear(&quoted);
    }
}

static void render(struct buf *out, const char *template, const struct sms_values *v, enum escape escape)
{
    const char *before, *after;
    char name[NAME_MAX_BYTES];
    while ((after = next_name(template, &before, name)) != NULL) {
        int i = value_index(name);
        assert(i >= 0); /* the description was checked when it was loaded */
        buf_add(out, template, (size_t)(before - template));
        add_escaped(out, v->value[i] != NULL ? v->value[i] : "", escape);
        template = after;
    }
    buf_str(out, template);
}

static enum escape body_escape(enum sms_content c)
{
    return c == SMS_CONTENT_JSON ? ESCAPE_JSON : c == SMS_CONTENT_FORM ? ESCAPE_URL : ESCAPE_NONE;
}

static const char *content_type(enum sms_content c)
{
    return c == SMS_CONTENT_JSON   ? "Content-Type: application/json"
           : c == SMS_CONTENT_FORM ? "Content-Type: application/x-www-form-urlencoded"
                                   : "Content-Type: text/plain; charset=UTF-8";
}

/* Renders the headers; false when one would hold a line break. */
static bool make_headers(const struct sms_provider *p, const struct sms_call *call,
                         const struct sms_values *v, struct sms_request *out)
{
    unsigned n = 0;
    if (call->body != NULL)
        out->headers[n++] = content_type(call->content);
    for (unsigned i = 0; i < p->headers.count; i++) {
        struct buf *line = &out->header[i];
        buf_printf(line, "%s: ", p->headers.item[i].name);
        size_t name_len = line->len;
        render(line, p->headers.item[i].value, v, ESCAPE_NONE);
        if (!buf_ok(line) || strpbrk(buf_cstr(line), "\r\n") != NULL)
            return false;
        if (line->len > name_len)
            out->headers[n++] = buf_cstr(line);
    }
    out->headers[n] = NULL;
    return true;
}

static void request_init(struct sms_request *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->url, URL_MAX_BYTES);
    buf_init(&r->body, BODY_MAX_BYTES);
    buf_init(&r->user, HEADER_MAX_BYTES);
    buf_init(&r->password, HEADER_MAX_BYTES);
    for (unsigned i = 0; i <= SMS_HEADERS_MAX; i++)
        buf_init(&r->header[i], HEADER_MAX_BYTES);
}

enum loa_status sms_request_make(const struct sms_provider *p, const struct sms_call *call, const char *base,
                                 const struct sms_values *v, struct sms_request *out)
{
    request_init(out);
    out->method = call->method;
    buf_str(&out->url, base);
    while (out->url.len > 0 && out->url.data[out->url.len - 1] == '/')
        out->url.data[--out->url.len] = '\0';
    render(&out->url, call->path, v, ESCAPE_URL);
    if (call->body != NULL)
        render(&out->body, call->body, v, body_escape(call->content));
    if (p->user != NULL)
        render(&out->user, p->user, v, ESCAPE_NONE);
    if (p->password != NULL)
        render(&out->password, p->password, v, ESCAPE_NONE);
    bool fine = make_headers(p, call, v, out) && buf_ok(&out->url) && buf_ok(&out->body) &&
                buf_ok(&out->user) && buf_ok(&out->password);
    if (!fine)
        sms_request_clear(out);
    return fine ? LOA_OK : LOA_INVALID;
}

static void wipe(struct buf *b)
{
    if (b->data != NULL)
        sodium_memzero(b->data, b->cap);
    buf_clear(b);
}

void sms_request_clear(struct sms_request *r)
{
    wipe(&r->url);
    wipe(&r->body);
    wipe(&r->user);
    wipe(&r->password);
    for (unsigned i = 0; i <= SMS_HEADERS_MAX; i++)
        wipe(&r->header[i]);
}

void sms_callback_make(const struct sms_provider *p, const struct sms_values *v, struct buf *out)
{
    const char *webhook = v->value[SMS_WEBHOOK];
    static const char prefix[] = "{{webhook}}";
    if (p->callback == NULL || webhook == NULL || *webhook == '\0')
        return;
    buf_str(out, webhook); /* an address already: not escaped again */
    render(out, p->callback + strlen(prefix), v, ESCAPE_URL);
}
