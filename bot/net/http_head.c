/* The head of a request, RFC 9112, strictly: what two parsers might read differently is refused. */
#include "http_internal.h"
#include <string.h>
#include <strings.h>

static bool is_token(unsigned char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr(others, c) != NULL);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ---- where it ends ---- */

static bool ends_empty_line(const char *p, size_t newline)
{
    return p[newline - 1] == '\n' || (p[newline - 1] == '\r' && newline > 1 && p[newline - 2] == '\n');
}

size_t http_head_length(const char *p, size_t n, size_t *scanned, int *refuse)
{
    const size_t limit = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX;
    const char *newline;

    *refuse = 0;
    if (n > 0 && !is_token((unsigned char)p[0])) {
        *refuse = 400; /* TLS on a plain port, an old protocol: do not wait for more of it */
        return 0;
    }
    while (*scanned < limit && (newline = memchr(p + *scanned, '\n', limit - *scanned)) != NULL) {
        size_t at = (size_t)(newline - p);
        *scanned = at + 1;
        if (ends_empty_line(p, at))
            return at + 1;
    }
    *scanned = limit;
    if (limit >= HTTP_LINE_MAX && memchr(p, '\n', HTTP_LINE_MAX) == NULL)
        *refuse = 414;
    else if (limit == HTTP_HEAD_MAX)
        *refuse = 431;
    return 0;
}

/* ---- the request line ---- */

static enum http_method method_of(const char *word)
{
    static const struct {
        const char *word;
        enum http_method method;
    } known[] = { { "GET", HTTP_GET },       { "POST", HTTP_POST }, { "PUT", HTTP_PUT },
                  { "DELETE", HTTP_DELETE }, { "HEAD", HTTP_HEAD }, { "OPTIONS", HTTP_OPTIONS } };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(word, known[i].word) == 0)
            return known[i].method;
    return 0;
}

static int parse_version(const char *v, struct http_head *h)
{
    h->http_1_0 = strcmp(v, "HTTP/1.0") == 0;
    h->keep_alive = !h->http_1_0;
    if (h->http_1_0 || strcmp(v, "HTTP/1.1") == 0)
        return 0;
    return strncmp(v, "HTTP/", 5) == 0 ? 505 : 400;
}

static int parse_request_line(char *line, struct http_head *h)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

    if (version == NULL || target == line)
        return 400;
    *target++ = *version++ = '\0';
    for (const char *c = line; *c != '\0'; c++)
        if (!is_token((unsigned char)*c))
            return 400;
    for (const char *c = target; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '#')
            return 400;
    h->method = method_of(line);
    h->target = target;
    return *target == '\0' ? 400 : parse_version(version, h);
}

/* ---- header lines ---- */

static int parse_header_line(char *line, size_t len, struct http_head *h)
{
    char *colon = line, *end = line + len;

    for (; is_token((unsigned char)*colon); colon++)
        if (*colon >= 'A' && *colon <= 'Z')
            *colon += 'a' - 'A';
    if (colon == line || *colon != ':') /* also folded lines, and a blank before the colon */
        return 400;
    if (h->header_count == HTTP_HEADERS_MAX)
        return 431;
    char *value = colon + 1;
    while (is_blank(*value))
        value++;
    while (end > value && is_blank(end[-1]))
        end--;
    *colon = *end = '\0';
    for (const unsigned char *c = (unsigned char *)value; c < (unsigned char *)end; c++)
        if ((*c < ' ' && *c != '\t') || *c == 0x7f)
            return 400;
    h->header[h->header_count++] =
        (struct http_header){ .name = (uint16_t)(line - h->text), .value = (uint16_t)(value - h->text) };
    return 0;
}

/* Is `word` one of the comma-separated words of `list`? */
static bool list_has(const char *list, const char *word)
{
    const size_t n = strlen(word);

    for (const char *p = list; *p != '\0'; p += strcspn(p, ",")) {
        p += strspn(p, ", \t");
        if (strncasecmp(p, word, n) == 0 && p[n + strspn(p + n, " \t")] != '\0')
            if (p[n + strspn(p + n, " \t")] == ',')
                return true;
        if (strcasecmp(p, word) == 0)
            return true;
    }
    return false;
}

static int read_length(const char *value, struct http_head *h)
{
    uint64_t n = 0;
    size_t digits = strspn(value, "0123456789");

    if (h->has_length || digits == 0 || digits > 15 || value[digits] != '\0')
        return 400;
    for (const char *c = value; *c != '\0'; c++)
        n = n * 10 + (uint64_t)(*c - '0');
    h->content_length = n;
    h->has_length = true;
    return 0;
}

static bool host_is_sane(const char *host)
{
    for (const unsigned char *c = (const unsigned char *)host; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("/\\@?#<>\"^`{|}", *c) != NULL)
            return false;
    return true;
}

struct found {
    unsigned hosts;
    bool upgrade_named, websocket_named;
};

static int read_meaning(const char *name, const char *value, struct http_head *h, struct found *f)
{
    if (strcmp(name, "host") == 0) {
        f->hosts++;
        return host_is_sane(value) ? 0 : 400;
    }
    if (strcmp(name, "content-length") == 0)
        return read_length(value, h);
    if (strcmp(name, "transfer-encoding") == 0) {
        h->transfer_encoding = true;
    } else if (strcmp(name, "connection") == 0) {
        h->keep_alive = (h->keep_alive || list_has(value, "keep-alive")) && !list_has(value, "close");
        f->upgrade_named |= list_has(value, "upgrade");
    } else if (strcmp(name, "upgrade") == 0) {
        f->websocket_named |= list_has(value, "websocket"); /* h2c and others: we stay with HTTP/1.1 */
    } else if (strcmp(name, "expect") == 0) {
        h->expect_continue = strcasecmp(value, "100-continue") == 0;
        return h->expect_continue ? 0 : 417;
    }
    return 0;
}

static int read_meanings(struct http_head *h)
{
    struct found f = { 0 };
    int refuse = 0;

    for (unsigned i = 0; i < h->header_count && refuse == 0; i++)
        refuse = read_meaning(h->text + h->header[i].name, h->text + h->header[i].value, h, &f);
    if (refuse == 0 && (f.hosts > 1 || (f.hosts == 0 && !h->http_1_0)))
        refuse = 400;
    h->websocket = f.upgrade_named && f.websocket_named;
    return refuse;
}

int http_head_parse(char *text, size_t n, struct http_head *h)
{
    int refuse = 0;
    char *line = text, *newline;

    /* Field by field: clearing the table of headers would cost more than reading them. */
    h->text = text;
    h->header_count = 0;
    h->content_length = 0;
    h->has_length = h->transfer_encoding = h->expect_continue = h->websocket = false;
    text[n] = '\0';
    while (refuse == 0 && (newline = memchr(line, '\n', n - (size_t)(line - text))) != NULL) {
        size_t len = (size_t)(newline - line);
        if (len == 0 || line[len - 1] != '\r' || memchr(line, '\0', len) != NULL)
            return 400; /* a bare line feed ends lines for some and not for others */
        line[--len] = '\0';
        if (len == 0)
            return read_meanings(h);
        if (line != text)
            refuse = parse_header_line(line, len, h);
        else
            refuse = len > HTTP_LINE_MAX ? 414 : parse_request_line(line, h);
        line = newline + 1;
    }
    return refuse != 0 ? refuse : 400;
}

const char *http_head_get(const struct http_head *h, const char *name)
{
    for (unsigned i = 0; i < h->header_count; i++)
        if (strcasecmp(h->text + h->header[i].name, name) == 0)
            return h->text + h->header[i].value;
    return NULL;
}
