/*
 * POST /v1/faq/reload (admin): texts and tables become live in all processes, as by SIGHUP. Nothing changes
 * when one of them has a fault: 422 names each as file:line. The other processes hear of it on a channel and
 * read the same files; one whose files differ and are not good keeps what it has, and logs it.
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/faq.h"
#include "loa/log.h"
#include <string.h>

#define CHANNEL "loa:reload"

static void heard(void *ctx, const char *channel, const char *data, size_t len)
{
    struct service *s = ctx;
    (void)channel;
    if (len == 0 || strcmp(data, s->process_id) == 0) /* the subscription began, or our own word */
        return;
    struct errors *err = errors_new();
    if (service_reload(s, err) != LOA_OK)
        log_error("reload_refused", "faults", log_num(err->total), "first",
                  err->count > 0 ? err->item[0].pointer : "");
    errors_free(err);
}

static void told(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    struct buf out = BUF_INIT(200);
    if (st != LOA_OK) {
        api_problem_status(c, st); /* live here, but the others have not heard: ask again */
        return;
    }
    buf_printf(&out, "{\"reloaded\":true,\"faq_entries\":%u,\"processes\":%lld}", faq_count(c->service->faq),
               redis_int(v));
    api_json(c, 200, &out);
    buf_clear(&out);
}

static void post_reload(struct api_call *c)
{
    struct service *s = c->service;
    struct errors *err = errors_new();
    enum loa_status st = service_reload(s, err);
    if (st != LOA_OK)
        api_problem(c, 422, "faulty_texts", "The texts have faults; the old ones stay",
                    "Lời văn hoặc bảng có lỗi nên chưa thay; bản đang dùng giữ nguyên.", err);
    else if ((st = redis_commandf(s->redis, -1, told, c, "PUBLISH " CHANNEL " %s", s->process_id)) != LOA_OK)
        api_problem_status(c, st);
    errors_free(err);
}

void api_reload(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_POST, "/v1/faq/reload", SCOPE_ADMIN, 4096, post_reload },
        { 0 },
    };
    api_routes(s, routes);
    if (redis_subscribe(s->redis, CHANNEL, heard, s) != LOA_OK)
        log_error("reload_not_heard"); /* only with too many channels: SIGHUP still works */
}
