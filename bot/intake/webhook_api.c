/*
 * Provider callbacks: check that the provider sent it, let its channel translate it, make it durable, answer
 * 200. A wrong signature or token leaves no trace but a count.
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/log.h"
#include <stdlib.h>
#include <string.h>

#define WEBHOOK_MAX_BYTES (1u << 20)

static const char *header_of(const void *ctx, const char *name)
{
    return http_request_header(ctx, name);
}

static void stored(void *ctx, enum loa_status st)
{
    struct api_call *c = ctx;
    struct buf ok = BUF_INIT(32);
    if (st == LOA_OK) {
        buf_str(&ok, "{\"status\":\"ok\"}");
        api_json(c, 200, &ok);
    } else {
        api_problem_status(c, st); /* the provider sends it again */
    }
    buf_clear(&ok);
}

static void receive(struct api_call *c, enum channel ch)
{
    const struct channel_ops *ops = channel_ops_of(ch);
    void *state = c->service->channel[ch];
    const char *token = http_request_param(c->req, "token");
    const char *provider = http_request_param(c->req, "provider");
    struct webhook w = { .method = http_request_method(c->req) == HTTP_POST ? "POST" : "GET",
                         .token = token ? token : "",
                         .query = http_request_raw_query(c->req),
                         .peer = http_request_peer(c->req),
                         .header = header_of,
                         .header_ctx = c->req,
                         .now_ms = clock_wall_ms() };
    w.body = http_request_body(c->req, &w.body_len);
    bool other_provider =
        provider != NULL && strcmp(provider, config_str(c->service->config, "sms", "provider")) != 0;
    if (state == NULL || other_provider || ops->verify(state, &w) != LOA_OK) {
        log_warn("webhook_refused", "channel", channel_word(ch), "peer", http_request_peer(c->req));
        if (ch == CH_ZALO)
            api_problem(c, 403, "bad_signature", "The signature is wrong or missing", "Chữ ký không đúng.",
                        NULL);
        else
            api_problem_status(c, LOA_NOT_FOUND);
        return;
    }
    struct channel_events events = { 0 };
    enum loa_status st = ops->parse(state, &w, &events);
    if (st == LOA_OK)
        receipts_apply(c->service->receipts, &events, stored, c);
    else
        api_problem_status(c, LOA_INVALID);
    channel_events_clear(&events);
}

static void zalo_hook(struct api_call *c)
{
    receive(c, CH_ZALO);
}

static void sms_hook(struct api_call *c)
{
    receive(c, CH_SMS);
}

static void email_hook(struct api_call *c)
{
    receive(c, CH_EMAIL);
}

/* GET /zalo_verifier{code}.html proves to Zalo that the domain is ours. */
static void zalo_verifier(struct api_call *c)
{
    const char *code = http_request_param(c->req, "code");
    const char *ours = config_str(c->service->config, "zalo", "verifier");
    if (ours[0] == '\0' || code == NULL || strcmp(code, ours) != 0) {
        api_problem_status(c, LOA_NOT_FOUND);
        return;
    }
    struct buf page = BUF_INIT(1024);
    buf_str(&page, "<!doctype html><html><head><meta name=\"zalo-platform-site-verification\" content=\"");
    buf_html(&page, ours, strlen(ours));
    buf_str(&page, "\"></head><body>zalo</body></html>");
    http_reply(c->req, 200, "text/html; charset=utf-8", page.data, page.len);
    buf_clear(&page);
    free(c);
}

void api_webhooks(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_POST, "/webhooks/zalo", 0, WEBHOOK_MAX_BYTES, zalo_hook },
        { HTTP_GET, "/webhooks/zalo", 0, 0, zalo_hook },
        { HTTP_POST, "/webhooks/sms/{provider}/{token}", 0, WEBHOOK_MAX_BYTES, sms_hook },
        { HTTP_GET, "/webhooks/sms/{provider}/{token}", 0, 0, sms_hook },
        { HTTP_POST, "/webhooks/email/{token}", 0, WEBHOOK_MAX_BYTES, email_hook },
        { HTTP_GET, "/zalo_verifier{code}.html", 0, 0, zalo_verifier },
        { 0 },
    };
    api_routes(s, routes);
}
