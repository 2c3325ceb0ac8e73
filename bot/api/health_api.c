/*
 * /healthz: the process lives. /readyz: it can work. /metrics: Prometheus text. /openapi.json: the interface
 * as it runs.
 */
#include "loa/api.h"
#include "loa/metrics.h"
#include <stdlib.h>
#include <string.h>

static void healthz(struct api_call *c)
{
    struct buf out = BUF_INIT(64);
    buf_str(&out, "{\"status\":\"ok\"}");
    api_json(c, 200, &out);
    buf_clear(&out);
}

static bool works(const struct service *s)
{
    return s->store_open && redis_ready(s->redis) && !s->stopping &&
           (s->leases == NULL || leases_count(s->leases) > 0);
}

static void readyz(struct api_call *c)
{
    const struct service *s = c->service;
    struct buf out = BUF_INIT(1024);
    bool ready = works(s);
    buf_printf(&out, "{\"status\":\"%s\",\"redis\":%s,\"store\":%s,\"partitions\":%u,\"channels\":{",
               ready ? "ready" : "not_ready", redis_ready(s->redis) ? "true" : "false",
               s->store_open ? "true" : "false", s->leases ? leases_count(s->leases) : 0);
    for (unsigned ch = 0; ch < CH_COUNT; ch++)
        buf_printf(&out, "%s\"%s\":\"%s\"", ch ? "," : "", channel_word((enum channel)ch),
                   ch == CH_PORTAL || s->channel[ch] != NULL ? "on" : "off");
    buf_str(&out, "}}");
    if (!ready)
        http_reply_header(c->req, "Retry-After", "1");
    api_json(c, ready ? 200 : 503, &out);
    buf_clear(&out);
}

static void metrics(struct api_call *c)
{
    struct buf out = BUF_INIT(1u << 20);
    metrics_print(&out);
    http_reply(c->req, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
    buf_clear(&out);
    free(c);
}

static void openapi(struct api_call *c)
{
    struct buf out = BUF_INIT(1u << 20), path = BUF_INIT(1024);
    buf_printf(&path, "%s/web/openapi.json", config_str(c->service->config, "loa", "templates"));
    enum loa_status st = buf_read_file(&out, buf_cstr(&path));
    if (st == LOA_OK)
        api_json(c, 200, &out);
    else
        api_problem_status(c, LOA_NOT_FOUND);
    buf_clear(&out);
    buf_clear(&path);
}

void api_health(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/healthz", 0, 0, healthz },
        { HTTP_GET, "/readyz", 0, 0, readyz },
        { HTTP_GET, "/metrics", 0, 0, metrics },
        { HTTP_GET, "/openapi.json", 0, 0, openapi },
        { 0 },
    };
    api_routes(s, routes);
}
