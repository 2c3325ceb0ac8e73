#include "sim_exchange.h"
#include "sim_providers.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX       (64 * 1024)
#define SILENCE_MS     120000 /* longer than any client waits; then the connection goes */
#define HTML_ERROR_500 "<html><head><title>500 Internal Server Error</title></head><body></body></html>"

static const struct provider_route {
    enum http_method method;
    const char *path;
    enum sim_way way;
    sim_handler *handler;
    sim_refuse *refuse;
    const char *throttled; /* the provider's "too many requests" */
} routes[] = {
    { HTTP_POST, "/v4/oa/access_token", SIM_OAUTH, sim_oauth_token, sim_oauth_refuse, "-32" },

    { HTTP_POST, "/v3.0/oa/message/cs", SIM_CS, sim_oa_message, sim_oa_refuse, "-32" },
    { HTTP_POST, "/v3.0/oa/message/template", SIM_UID, sim_oa_template, sim_oa_refuse, "-32" },
    { HTTP_POST, "/v3.0/oa/message/transaction", SIM_INFO, sim_oa_gone, sim_oa_refuse, "-32" },
    { HTTP_POST, "/v3.0/oa/message/promotion", SIM_INFO, sim_oa_gone, sim_oa_refuse, "-32" },
    { HTTP_POST, "/v3.0/oa/quota/message", SIM_INFO, sim_oa_quota, sim_oa_refuse, "-32" },
    { HTTP_GET, "/v3.0/oa/user/detail", SIM_INFO, sim_oa_user, sim_oa_refuse, "-32" },
    { HTTP_GET, "/v2.0/oa/getoa", SIM_INFO, sim_oa_account, sim_oa_refuse, "-32" },

    { HTTP_POST, "/message/template", SIM_ZBS, sim_zbs_send, sim_zbs_refuse, "-32" },
    { HTTP_POST, "/message/template/hashphone", SIM_ZBS, sim_zbs_send_hash, sim_zbs_refuse, "-32" },
    { HTTP_GET, "/message/status", SIM_INFO, sim_zbs_status, sim_zbs_refuse, "-32" },
    { HTTP_GET, "/message/quota", SIM_INFO, sim_zbs_quota, sim_zbs_refuse, "-32" },
    { HTTP_GET, "/quality", SIM_INFO, sim_zbs_quality, sim_zbs_refuse, "-32" },
    { HTTP_GET, "/template/info/v2", SIM_INFO, sim_zbs_template, sim_zbs_refuse, "-32" },
    { HTTP_GET, "/template/all", SIM_INFO, sim_zbs_templates, sim_zbs_refuse, "-32" },

#define ESMS "/MainService.svc/json/"
    { HTTP_POST, ESMS "SendMultipleMessage_V4_post_json", SIM_ESMS, sim_esms_send, sim_esms_refuse, "163" },
    { HTTP_POST, ESMS "SendMultipleMessage_V4_post_json/", SIM_ESMS, sim_esms_send, sim_esms_refuse, "163" },
    { HTTP_GET, ESMS "GetSendStatus", SIM_INFO, sim_esms_status, sim_esms_refuse, "160" },
    { HTTP_POST, ESMS "GetBalance_json", SIM_INFO, sim_esms_balance, sim_esms_refuse, "160" },
#undef ESMS

    { HTTP_POST, "/index.php/sms/send", SIM_SPEEDSMS, sim_speedsms_send, sim_speedsms_refuse, "429" },
    { HTTP_GET, "/index.php/sms/status/{tran}", SIM_INFO, sim_speedsms_status, sim_speedsms_refuse, "429" },
    { HTTP_GET, "/index.php/user/info", SIM_INFO, sim_speedsms_user, sim_speedsms_refuse, "429" },
};
#define ROUTES (sizeof routes / sizeof routes[0])

struct sim_bound_route { /* what http_server hands back to us */
    struct sim *sim;
    const struct provider_route *route;
};

struct sim_held { /* an answer that is not sent yet, or never */
    struct sim_held *next, **at;
    struct http_request *req;
    struct sim_reply reply;
    struct timer timer;
    bool silent;
};

/* ---- counting ---- */

void sim_count_request(struct sim *s, enum sim_way way)
{
    s->counts[way].requests++;
}

void sim_count_refusal(struct sim *s, enum sim_way way, const char *code)
{
    struct sim_counts *c = &s->counts[way];
    unsigned i = 0;

    c->refused++;
    while (i < SIM_CODES_COUNTED - 1 && c->refusal[i].count != 0 && strcmp(c->refusal[i].code, code) != 0)
        i++;
    if (c->refusal[i].count++ == 0)
        snprintf(c->refusal[i].code, sizeof c->refusal[i].code, "%s", i < SIM_CODES_COUNTED - 1 ? code : "*");
}

static void count_reply(struct sim *s, enum sim_way way, const struct sim_reply *r)
{
    s->changes++;
    if (r->accepted)
        s->counts[way].accepted++;
    else if (r->duplicate)
        s->counts[way].duplicates++;
    else if (r->code[0] != '\0')
        sim_count_refusal(s, way, r->code);
}

/* ---- answering ---- */

void sim_reply_header(struct sim_reply *r, const char *name, const char *value)
{
    if (r->headers == sizeof r->header / sizeof r->header[0])
        return;
    r->header[r->headers].name = name;
    snprintf(r->header[r->headers++].value, sizeof r->header[0].value, "%s", value);
}

void sim_reply_json(struct sim_reply *r, cJSON *o)
{
    buf_reset(&r->body);
    json_print(o, &r->body);
    cJSON_Delete(o);
}

static void send_reply(struct http_request *req, struct sim_reply *r)
{
    for (unsigned i = 0; i < r->headers; i++)
        http_reply_header(req, r->header[i].name, r->header[i].value);
    http_reply(req, r->status, r->content_type, buf_cstr(&r->body), r->body.len);
    buf_clear(&r->body);
}

static void let_go(struct sim_held *h)
{
    timer_stop(&h->timer);
    if (h->silent)
        http_drop(h->req);
    else
        send_reply(h->req, &h->reply);
    buf_clear(&h->reply.body);
    free(h);
}

static void held_long_enough(void *ctx)
{
    struct sim_held *h = ctx;

    *h->at = h->next;
    if (h->next != NULL)
        h->next->at = h->at;
    let_go(h);
}

static void hold(struct sim *s, struct http_request *req, struct sim_reply *r, int64_t ms, bool silent)
{
    struct sim_held *h = mem_alloc(sizeof *h);

    h->req = req;
    h->reply = *r;
    h->silent = silent;
    h->next = s->held;
    h->at = &s->held;
    if (h->next != NULL)
        h->next->at = &h->next;
    s->held = h;
    timer_start(&h->timer, s->loop, ms, held_long_enough, h);
}

void sim_exchange_stop(struct sim *s)
{
    struct sim_held *next;

    for (struct sim_held *h = s->held; h != NULL; h = next) {
        next = h->next;
        let_go(h);
    }
    s->held = NULL;
}

static void answer(struct sim *s, struct http_request *req, struct sim_reply *r, const struct sim_fault *f)
{
    enum sim_fault_kind kind = f != NULL ? f->kind : SIM_FAULT_NONE;

    if (kind == SIM_FAULT_SILENT) {
        hold(s, req, r, SILENCE_MS, true);
    } else if (kind == SIM_FAULT_DROP_AFTER) {
        buf_clear(&r->body);
        http_drop(req);
    } else if (kind == SIM_FAULT_SLOW) {
        hold(s, req, r, r->delay_ms + f->ms, false);
    } else if (r->delay_ms > 0) {
        hold(s, req, r, r->delay_ms, false);
    } else {
        send_reply(req, r);
    }
}

/* The faults that take the handler's place; false when it should run. */
static bool refuse_by_fault(struct sim *s, const struct provider_route *route, struct sim_reply *r,
                            const struct sim_fault *f)
{
    enum sim_fault_kind kind = f != NULL ? f->kind : SIM_FAULT_NONE;

    if (kind == SIM_FAULT_HTTP500) {
        r->status = 500;
        r->content_type = "text/html";
        buf_str(&r->body, HTML_ERROR_500);
        snprintf(r->code, sizeof r->code, "http500");
        return true;
    }
    if (kind != SIM_FAULT_THROTTLE && kind != SIM_FAULT_ERROR)
        return false;
    route->refuse(s, r, kind == SIM_FAULT_THROTTLE ? route->throttled : f->code);
    return true;
}

static void handle(void *ctx, struct http_request *req)
{
    const struct sim_bound_route *b = ctx;
    struct sim *s = b->sim;
    const struct provider_route *route = b->route;
    struct sim_reply r = { .status = 200, .content_type = "application/json" };

    buf_init(&r.body, SIM_REPLY_MAX_BYTES);
    sim_count_request(s, route->way);
    const struct sim_fault *f = sim_faults_request(&s->faults, route->way);
    if (f != NULL && f->kind == SIM_FAULT_DROP) {
        s->counts[route->way].unanswered++;
        http_drop(req);
        return;
    }
    if (!refuse_by_fault(s, route, &r, f))
        route->handler(s, req, &r);
    count_reply(s, route->way, &r);
    if (f != NULL && (f->kind == SIM_FAULT_SILENT || f->kind == SIM_FAULT_DROP_AFTER))
        s->counts[route->way].unanswered++;
    answer(s, req, &r, f);
}

void sim_exchange_start(struct sim *s)
{
    s->bound = mem_alloc(ROUTES * sizeof *s->bound);
    for (size_t i = 0; i < ROUTES; i++) {
        s->bound[i] = (struct sim_bound_route){ s, &routes[i] };
        http_server_route(s->http, &(struct http_route){ .methods = routes[i].method,
                                                         .pattern = routes[i].path,
                                                         .handler = handle,
                                                         .ctx = &s->bound[i],
                                                         .max_body_bytes = BODY_MAX });
    }
}
