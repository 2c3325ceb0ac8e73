/*
 * What staff look at when something needs hands: alerts, dead letters, sending one again.
 *
 *   GET /v1/alerts?limit=          newest first
 *   GET /v1/dead?limit=            notifications that reached nobody after a failure, oldest first
 *   POST /v1/messages/{id}/resend  mend the cause first; the body is kept for a week
 */
#include "loa/api.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX       500
#define RESEND_LIFE_MS (3 * CALENDAR_DAY_MS)

static unsigned limit_of(const struct api_call *c)
{
    const char *text = http_request_query(c->req, "limit");
    unsigned long n = text ? strtoul(text, NULL, 10) : 100;
    return n == 0 || n > LIST_MAX ? LIST_MAX : (unsigned)n;
}

static void answer_list(struct api_call *c, cJSON *list)
{
    struct buf out = BUF_INIT(1u << 20);
    buf_str(&out, "{\"items\":");
    json_print(list, &out);
    buf_str(&out, "}");
    api_json(c, 200, &out);
    buf_clear(&out);
}

/* ---- alerts ---- */

static void alerts_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    if (st != LOA_OK) {
        api_problem_status(c, st);
        return;
    }
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < redis_count(v); i++) {
        const struct redis_value *entry = redis_at(v, i), *fields = redis_at(entry, 1);
        char when[40];
        cJSON *item = cJSON_CreateObject();
        date_print_rfc3339(strtoll(redis_str(redis_at(entry, 0), NULL), NULL, 10), when);
        cJSON_AddStringToObject(item, "at", when);
        cJSON_AddStringToObject(item, "code", redis_str(store_field(fields, "code"), NULL));
        cJSON_AddStringToObject(item, "text_vi", redis_str(store_field(fields, "text"), NULL));
        cJSON_AddItemToArray(list, item);
    }
    answer_list(c, list);
    cJSON_Delete(list);
}

static void get_alerts(struct api_call *c)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "alerts");
    args_str(&a, "+");
    args_str(&a, "-");
    args_str(&a, "COUNT");
    args_int(&a, limit_of(c));
    enum loa_status st = store_command(c->service->store, 0, "XREVRANGE", &a, alerts_read, c);
    args_clear(&a);
    if (st != LOA_OK)
        api_problem_status(c, st);
}

/* ---- dead letters ---- */

struct letters {
    struct api_call *call;
    unsigned waiting;
    bool failed;
    cJSON *list;
};

static void letters_leave(struct letters *l)
{
    if (--l->waiting > 0)
        return;
    if (l->failed)
        api_problem_status(l->call, LOA_UNAVAILABLE);
    else
        answer_list(l->call, l->list);
    cJSON_Delete(l->list);
    free(l);
}

static void letters_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct letters *l = ctx;
    l->failed |= st != LOA_OK;
    for (size_t i = 0; st == LOA_OK && i + 1 < redis_count(v); i += 2) {
        char when[40], link[80];
        const char *nid = redis_str(redis_at(v, i), NULL);
        cJSON *item = cJSON_CreateObject();
        date_print_rfc3339(redis_int(redis_at(v, i + 1)), when);
        snprintf(link, sizeof link, "/v1/messages/%s", nid);
        cJSON_AddStringToObject(item, "id", nid);
        cJSON_AddStringToObject(item, "since", when);
        cJSON_AddStringToObject(item, "story", link);
        cJSON_AddItemToArray(l->list, item);
    }
    letters_leave(l);
}

static void get_dead(struct api_call *c)
{
    struct letters *l = mem_alloc(sizeof *l);
    unsigned partitions = store_partitions(c->service->store), each = limit_of(c) / partitions + 1;
    *l = (struct letters){ .call = c, .waiting = partitions + 1, .list = cJSON_CreateArray() };
    for (unsigned p = 0; p < partitions; p++) {
        struct args a;
        args_init(&a);
        args_key(&a, p, "dead");
        args_int(&a, 0);
        args_int(&a, each);
        args_str(&a, "WITHSCORES");
        if (store_command(c->service->store, p, "ZRANGE", &a, letters_read, l) != LOA_OK) {
            l->failed = true;
            l->waiting--;
        }
        args_clear(&a);
    }
    letters_leave(l);
}

/* ---- sending again ---- */

static void resent(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    struct buf out = BUF_INIT(128);
    if (st != LOA_OK) {
        api_problem_status(c, st);
    } else if (redis_int(v) == 0) {
        api_problem(c, 409, "not_dead", "This message is not a dead letter (any more)",
                    "Tin này không nằm trong danh sách chưa gửi được, hoặc đã quá một tuần.", NULL);
    } else {
        buf_printf(&out, "{\"id\":\"%s\",\"queued\":%lld}", http_request_param(c->req, "id"), redis_int(v));
        api_json(c, 202, &out);
    }
    buf_clear(&out);
}

static void post_resend(struct api_call *c)
{
    const char *id = http_request_param(c->req, "id");
    unsigned p = PARTITIONS_MAX;
    if (!notice_id_partition(id, &p) || p >= store_partitions(c->service->store)) {
        api_problem_status(c, LOA_NOT_FOUND);
        return;
    }
    int64_t now = clock_wall_ms();
    struct args a;
    args_init(&a);
    args_key(&a, p, "led");
    args_int(&a, now);
    args_str(&a, id);
    args_int(&a, now + RESEND_LIFE_MS);
    enum loa_status st = store_script(c->service->store, p, "resend", &a, resent, c);
    args_clear(&a);
    if (st != LOA_OK)
        api_problem_status(c, st);
}

void api_staff(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/alerts", SCOPE_ADMIN | SCOPE_DESK, 0, get_alerts },
        { HTTP_GET, "/v1/dead", SCOPE_ADMIN | SCOPE_DESK | SCOPE_MESSAGES, 0, get_dead },
        { HTTP_POST, "/v1/messages/{id}/resend", SCOPE_MESSAGES, 1024, post_resend },
        { 0 },
    };
    api_routes(s, routes);
}
