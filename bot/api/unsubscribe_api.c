/*
 * One-click unsubscribe (RFC 8058). The token is the whole right: no cookie, no login.
 *
 *   GET /u/{token}   a page with a button; nothing happens yet, since mail scanners follow links
 *   POST /u/{token}  List-Unsubscribe=One-Click: by the mail program, or by the page's button
 *
 * The page's parts are in templates/web/unsubscribe.html.
 */
#include "loa/api.h"
#include "loa/consent.h"
#include "loa/unsubscribe.h"
#include <stdio.h>
#include <string.h>

#define POST_MAX_BYTES  4096
#define ONE_CLICK_NAME  "List-Unsubscribe"
#define ONE_CLICK_VALUE "One-Click"

static void answer_page(struct api_call *c, int status, const char *piece)
{
    api_page(c, status, "unsubscribe.html", piece, "");
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
