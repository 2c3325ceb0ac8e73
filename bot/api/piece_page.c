/*
 * Small pages for citizens, made of pieces of one file.
 */
#include "loa/api.h"
#include "loa/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX_BYTES (64u << 10)
#define PIECE_BEGINS   "<!-- piece: "
#define VALUE_MARK     "[[value]]"
#define PAGE_POLICY                                                                                          \
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"

/* Adds the piece, with `value`, escaped, in the place of each mark. */
static void add_piece(struct buf *out, const char *file, const char *name, const char *value)
{
    char mark[64];
    snprintf(mark, sizeof mark, PIECE_BEGINS "%s -->\n", name);
    const char *at = strstr(file, mark);
    if (at == NULL)
        return;
    at += strlen(mark);
    const char *end = strstr(at, PIECE_BEGINS);
    end = end != NULL ? end : at + strlen(at);
    for (const char *hole; (hole = strstr(at, VALUE_MARK)) != NULL && hole < end;
         at = hole + strlen(VALUE_MARK)) {
        buf_add(out, at, (size_t)(hole - at));
        buf_html(out, value, strlen(value));
    }
    buf_add(out, at, (size_t)(end - at));
}

void api_page(struct api_call *c, int status, const char *name, const char *piece, const char *value)
{
    struct buf path = BUF_INIT(1024), file = BUF_INIT(PAGE_MAX_BYTES), page = BUF_INIT(PAGE_MAX_BYTES);
    buf_printf(&path, "%s/web/%s", config_str(c->service->config, "loa", "templates"), name);
    if (buf_read_file(&file, buf_cstr(&path)) != LOA_OK)
        log_error("page_missing", "page", name);
    add_piece(&page, buf_cstr(&file), "head", value);
    for (size_t n; *piece != '\0'; piece += n + (piece[n] == ',')) {
        char one[40];
        n = strcspn(piece, ",");
        snprintf(one, sizeof one, "%.*s", (int)n, piece);
        add_piece(&page, buf_cstr(&file), one, value);
    }
    add_piece(&page, buf_cstr(&file), "foot", value);
    http_reply_header(c->req, "Content-Security-Policy", PAGE_POLICY);
    http_reply_header(c->req, "Referrer-Policy", "no-referrer"); /* the address is the right to act */
    http_reply_header(c->req, "X-Robots-Tag", "noindex");
    http_reply(c->req, status, "text/html; charset=utf-8", buf_cstr(&page), page.len);
    free(c);
    buf_clear(&path);
    buf_clear(&file);
    buf_clear(&page);
}
