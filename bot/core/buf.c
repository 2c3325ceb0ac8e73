#include "loa/buf.h"
#include "loa/mem.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 512 /* most texts of one message fit: no growing step by step */

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf)BUF_INIT(max_bytes);
}

void buf_clear(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max_bytes);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

/* Makes room for n more bytes and the NUL. Doubles, but never beyond the ceiling. */
static bool reserve(struct buf *b, size_t n)
{
    if (b->failed || n > b->max_bytes || b->len > b->max_bytes - n) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + n + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : FIRST_CAPACITY;
    while (cap < need)
        cap *= 2;
    if (cap > b->max_bytes + 1)
        cap = b->max_bytes + 1;
    b->data = mem_resize(b->data, cap);
    b->cap = cap;
    return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0 || !reserve(b, n))
        return;
    memcpy(b->data + b->len, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
    if (s != NULL)
        buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    char small[256];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    if (n < 0)
        b->failed = true;
    else if ((size_t)n < sizeof small)
        buf_add(b, small, (size_t)n);
    else if (reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

/* The two-character escape of JSON, 0 when the byte needs \u00xx. */
static char json_short_escape(unsigned char c)
{
    static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
    const char *at = memchr(from, c, sizeof from - 1);
    return at != NULL ? to[at - from] : '\0';
}

void buf_json_string(struct buf *b, const char *s, size_t n)
{
    buf_char(b, '"');
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_add(b, s + from, i - from);
        from = i + 1;
        char escape = json_short_escape(c);
        if (escape != '\0')
            buf_printf(b, "\\%c", escape);
        else
            buf_printf(b, "\\u%04x", c);
    }
    buf_add(b, s + from, n - from);
    buf_char(b, '"');
}

static const char *html_escape(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void buf_html(struct buf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *escape = html_escape(s[i]);
        if (escape != NULL)
            buf_str(b, escape);
        else
            buf_char(b, s[i]);
    }
}

void buf_url(struct buf *b, const char *s, size_t n)
{
    static const char upper[] = "0123456789ABCDEF";
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                     c == '.' || c == '_' || c == '~';
        char out[3] = { '%', upper[c >> 4], upper[c & 15] };
        if (plain)
            buf_char(b, (char)c);
        else
            buf_add(b, out, 3);
    }
}

void buf_hex(struct buf *b, const void *p, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    const unsigned char *u = p;
    for (size_t i = 0; i < n; i++) {
        char out[2] = { digit[u[i] >> 4], digit[u[i] & 15] };
        buf_add(b, out, 2);
    }
}

const char *buf_cstr(const struct buf *b)
{
    return b->data != NULL ? b->data : "";
}

char *buf_take(struct buf *b)
{
    char *p = b->data != NULL ? b->data : mem_strdup("");
    buf_init(b, b->max_bytes);
    return p;
}

enum loa_status buf_read_file(struct buf *b, const char *path)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return errno == ENOENT || errno == ENOTDIR ? LOA_NOT_FOUND : LOA_IO;
    char chunk[8192];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buf_add(b, chunk, n);
    bool bad = ferror(f) != 0;
    fclose(f);
    if (bad)
        return LOA_IO;
    return buf_ok(b) ? LOA_OK : LOA_TOO_BIG;
}
