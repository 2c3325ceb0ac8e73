/*
 * One-click unsubscribe (RFC 8058). The token is the whole right: no cookie, no login.
 *
 *   GET /u/{token}   a page with a button; nothing happens yet, since mail scanners follow links
 *   POST /u/{token}  List-Unsubscribe=One-Click: by the mail program, or by the page's button
 *
 * The page's parts are in templates/web/unsubscribe.html, each begun by a line "<!-- piece: NAME -->".
 */
#include "loa/api.h"
#include "loa/consent.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/unsubscribe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX_BYTES (32u << 10)
#define POST_MAX_BYTES 4096
#define PIECE_BEGINS   "<!-- piece: "
#define PAGE_POLICY                                                                                          \
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
#define ONE_CLICK_NAME  "List-Unsubscribe"
#define ONE_CLICK_VALUE "One-Click"

static void add_piece(struct buf *out, const char *file, const char *name)
{
    char mark[64];
    snprintf(mark, sizeof mark, PIECE_BEGINS "%s -->\n", name);
    const char *at = strstr(file, mark);
    if (at == NULL)
        return;
    at += strlen(mark);
    const char *end = strstr(at, PIECE_BEGINS);
    buf_add(out, at, end != NULL ? (size_t)(end - at) : strlen(at));
}

static void answer_page(struct api_call *c, int status, const char *piece)
{
    struct buf path = BUF_INIT(1024), file = BUF_INIT(PAGE_MAX_BYTES), page = BUF_INIT(PAGE_MAX_BYTES);
    buf_printf(&path, "%s/web/unsubscribe.html", config_str(c->service->config, "loa", "templates"));
    if (buf_read_file(&file, buf_cstr(&path)) != LOA_OK)
        log_error("page_missing", "page", "unsubscribe.html");
    add_piece(&page, buf_cstr(&file), "head");
    add_piece(&page, buf_cstr(&file), piece);
    add_piece(&page, buf_cstr(&file), "foot");
    http_reply_header(c->req, "Content-Security-Policy", PAGE_POLICY);
    http_reply_header(c->req, "Referrer-Policy", "no-referrer"); /* the address is the right to act */
    http_reply_header(c->req, "X-Robots-Tag", "noindex");
    http_reply(c->req, status, "text/html; charset=utf-8", buf_cstr(&page), page.len);
    free(c);
    buf_clear(&path);
    buf_clear(&file);
    buf_clear(&page);
}

static bool read_token(struct api_call *c, char ckey[CRYPTO_KEY_HEX], enum channel *ch)
{
    if (unsubscribe_read(c->service->crypto, http_request_param(c->req, "token"), ckey, ch) == LOA_OK)
        return true;
    answer_page(c, 404, "unknown");
    return false;
}

static void get_page(struct api_call *c)
{
    char ckey[CRYPTO_KEY_HEX];
    enum channel ch;
    if (read_token(c, ckey, &ch))
        answer_page(c, 200, "ask");
}

static void opted_out(void *ctx, enum loa_status st, const char *no)
{
    (void)no;
    struct api_call *c = ctx;
    if (st != LOA_OK)
        http_reply_header(c->req, "Retry-After", "5");
    answer_page(c, st == LOA_OK ? 200 : 503, st == LOA_OK ? "done" : "later");
}

static void post_click(struct api_call *c)
{
    char ckey[CRYPTO_KEY_HEX];
    enum channel ch;
    const char *body = http_request_body(c->req, NULL);
    if (!read_token(c, ckey, &ch))
        return;
    if (strstr(body, ONE_CLICK_NAME) == NULL || strstr(body, ONE_CLICK_VALUE) == NULL) {
        answer_page(c, 400, "ask");
        return;
    }
    char words[24];
    snprintf(words, sizeof words, "o_%s", channel_word(ch));
    const struct consent_change refuse = {
        .ckey = ckey, .words = words, .source = "email_link", .version = ""
    };
    enum loa_status st = consent_change(c->service->store, &refuse, opted_out, c);
    if (st != LOA_OK)
        opted_out(c, st, NULL);
}

void api_unsubscribe(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/u/{token}", 0, 0, get_page },
        { HTTP_POST, "/u/{token}", 0, POST_MAX_BYTES, post_click },
        { 0 },
    };
    api_routes(s, routes);
}
