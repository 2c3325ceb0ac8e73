/*
 * POST /v1/dossier-events and the province system's own sync calls: each item is checked, made durable, and
 * answered for itself. The answer leaves when the store has spoken about all of them.
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/cloudevents.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/sync_envelope.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX_BYTES (8u << 20)
#define LISTED_MAX       1000 /* ids and rejections spelled out in one answer; all are counted */

/* ---- CloudEvents ---- */

struct delivery { /* one request */
    struct api_call *call;
    unsigned waiting, accepted, duplicates, rejected, listed;
    bool failed;
    struct buf ids, rejections;
};

static void delivery_answer(struct delivery *d)
{
    struct buf out = BUF_INIT(ANSWER_MAX_BYTES);
    if (d->failed) {
        api_problem_status(d->call,
                           LOA_UNAVAILABLE); /* sent again as a whole: what is stored counts as duplicate */
    } else {
        buf_printf(&out, "{\"accepted\":%u,\"duplicates\":%u,\"rejected\":[", d->accepted, d->duplicates);
        buf_add(&out, d->rejections.data, d->rejections.len);
        buf_str(&out, "],\"ids\":[");
        buf_add(&out, d->ids.data, d->ids.len);
        buf_str(&out, "]}");
        api_json(d->call, 202, &out);
    }
    buf_clear(&out);
}

static void delivery_leave(struct delivery *d)
{
    if (--d->waiting > 0)
        return;
    delivery_answer(d);
    buf_clear(&d->ids);
    buf_clear(&d->rejections);
    free(d);
}

static void event_stored(void *ctx, enum loa_status st, const char *event_id, bool duplicate)
{
    struct delivery *d = ctx;
    d->failed |= st != LOA_OK;
    if (st == LOA_OK) {
        d->accepted += !duplicate;
        d->duplicates += duplicate;
        if (d->listed++ < LISTED_MAX)
            buf_printf(&d->ids, "%s\"%s\"", d->ids.len ? "," : "", event_id);
    }
    delivery_leave(d);
}

static void reject(struct delivery *d, unsigned index, const char *id, const struct errors *err)
{
    metric_add(M_INTAKE_EVENTS, "rejected", NULL, 1);
    if (d->rejected++ >= LISTED_MAX)
        return;
    buf_printf(&d->rejections, "%s{\"index\":%u,\"id\":", d->rejections.len ? "," : "", index);
    buf_json_string(&d->rejections, id, strlen(id));
    buf_str(&d->rejections, ",\"errors\":");
    errors_json(err, &d->rejections);
    buf_char(&d->rejections, '}');
}

static bool parse_event(const struct cloudevent *ce, struct dossier_event *e, struct errors *err)
{
    if (!ce->ok)
        return false;
    struct dossier_context ctx = { .now_ms = clock_wall_ms(),
                                   .source = ce->source,
                                   .id = ce->id,
                                   .subject = ce->subject[0] ? ce->subject : NULL,
                                   .time_ms = ce->time_ms,
                                   .strict = true,
                                   .pointer = ce->pointer };
    return dossier_event_parse(ce->data, &ctx, e, err) == LOA_OK;
}

static const char *header_of(const void *ctx, const char *name)
{
    return http_request_header(ctx, name);
}

static void store_events(struct api_call *c, struct cloudevents *list, struct errors *err)
{
    struct delivery *d = mem_alloc(sizeof *d);
    struct cloudevent ce;
    struct dossier_event e;
    d->call = c;
    d->waiting = 1;
    buf_init(&d->ids, ANSWER_MAX_BYTES);
    buf_init(&d->rejections, ANSWER_MAX_BYTES / 2);
    while (errors_reset(err), cloudevents_next(list, &ce, err)) {
        if (parse_event(&ce, &e, err)) {
            d->waiting++;
            intake_append(c->service->intake, &e, event_stored, d);
        } else {
            reject(d, ce.index, ce.id, err);
        }
    }
    delivery_leave(d);
}

static bool not_ready(struct api_call *c)
{
    if (c->service->store_open && intake_ready(c->service->intake) == LOA_OK)
        return false;
    api_problem_status(c, LOA_UNAVAILABLE);
    return true;
}

static void post_events(struct api_call *c)
{
    if (not_ready(c))
        return;
    struct cloudevents list = { 0 };
    struct errors *err = errors_new();
    struct cloudevents_request rq = { .content_type = http_request_header(c->req, "content-type"),
                                      .header = header_of,
                                      .header_ctx = c->req };
    rq.body = http_request_body(c->req, &rq.len);
    enum loa_status st = cloudevents_open(&rq, &list, err);
    if (st == LOA_OK)
        store_events(c, &list, err);
    else if (st == LOA_TOO_BIG)
        api_problem_status(c, st);
    else
        api_problem(c, 400, err->count ? err->item[0].code : "invalid",
                    "The body cannot be read as CloudEvents",
                    "Nội dung gửi lên không đúng chuẩn CloudEvents, xem danh sách lỗi.", err);
    cloudevents_clear(&list);
    errors_free(err);
}

/* ---- the province system's sync ---- */

struct sync {
    struct api_call *call;
    unsigned waiting, count, next;
    struct sync_result *result;
};

struct sync_item {
    struct sync *sync;
    unsigned index;
};

static void sync_leave(struct sync *s)
{
    if (--s->waiting > 0)
        return;
    struct buf out = BUF_INIT(ANSWER_MAX_BYTES);
    sync_answer(s->result, s->count, &out);
    api_json(s->call, 200, &out);
    buf_clear(&out);
    free(s->result);
    free(s);
}

static void sync_stored(void *ctx, enum loa_status st, const char *event_id, bool duplicate)
{
    struct sync_item *i = ctx;
    struct sync_result *r = &i->sync->result[i->index];
    (void)event_id;
    r->error_code = st == LOA_OK ? SYNC_ACCEPTED : SYNC_TRY_AGAIN;
    snprintf(r->message, sizeof r->message, "%s",
             st != LOA_OK ? "Chưa ghi nhận được, vui lòng gửi lại"
             : duplicate  ? "Đã nhận trước đó"
                          : "Đã nhận");
    sync_leave(i->sync);
    free(i);
}

static void sync_one(struct sync *s, const struct sync_envelope *env, const cJSON *item, const char *pointer,
                     bool progress, struct errors *err)
{
    struct sync_result *r = &s->result[s->next];
    struct dossier_context ctx = {
        .now_ms = clock_wall_ms(), .source = env->source, .id = "", .progress = progress, .pointer = pointer
    };
    struct dossier_event e;
    sync_item_code(item, r->code);
    errors_reset(err);
    if (dossier_event_parse(item, &ctx, &e, err) != LOA_OK) {
        metric_add(M_INTAKE_EVENTS, "rejected", NULL, 1);
        r->error_code = SYNC_REFUSED;
        sync_fault_message(err, r->message);
    } else {
        struct sync_item *i = mem_alloc(sizeof *i);
        *i = (struct sync_item){ s, s->next };
        s->waiting++;
        intake_append(s->call->service->intake, &e, sync_stored, i);
    }
    s->next++;
}

static void sync_failed(struct api_call *c, int status, const char *error_code, const char *message)
{
    struct buf out = BUF_INIT(4096);
    sync_answer_failed(error_code, message, &out);
    if (status == 503)
        http_reply_header(c->req, "Retry-After", "5");
    api_json(c, status, &out);
    buf_clear(&out);
}

static void post_sync(struct api_call *c, bool progress)
{
    if (!c->service->store_open || intake_ready(c->service->intake) != LOA_OK) {
        sync_failed(c, 503, SYNC_TRY_AGAIN, "Hệ thống tạm thời chưa ghi nhận được, vui lòng gửi lại");
        return;
    }
    size_t n;
    const char *body = http_request_body(c->req, &n);
    struct sync_envelope env = { 0 };
    struct errors *err = errors_new();
    enum loa_status st = sync_envelope_open(body, n, http_request_query(c->req, "MaDinhDanhDV"),
                                            http_request_query(c->req, "isUpdating"), &env, err);
    if (st != LOA_OK) {
        char message[SYNC_MESSAGE_SIZE];
        sync_fault_message(err, message);
        sync_failed(c, st == LOA_TOO_BIG ? 413 : 400, SYNC_BAD, message);
    } else {
        struct sync *s = mem_alloc(sizeof *s);
        s->call = c;
        s->count = env.count;
        s->waiting = 1;
        s->result = mem_alloc((env.count + 1) * sizeof *s->result);
        char pointer[32];
        const cJSON *item;
        while (s->next < s->count && (item = sync_envelope_next(&env, pointer)) != NULL)
            sync_one(s, &env, item, pointer, progress, err);
        sync_leave(s);
    }
    sync_envelope_clear(&env);
    errors_free(err);
}

static void post_dossiers(struct api_call *c)
{
    post_sync(c, false);
}

static void post_progress(struct api_call *c)
{
    post_sync(c, true);
}

void api_dossier_events(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_POST, "/v1/dossier-events", SCOPE_EVENTS, CLOUDEVENTS_MAX_BYTES, post_events },
        { HTTP_POST, "/sync/DongBoHoSoMC", SCOPE_EVENTS, SYNC_MAX_BYTES, post_dossiers },
        { HTTP_POST, "/sync/CapNhatTienDoHoSoMC", SCOPE_EVENTS, SYNC_MAX_BYTES, post_progress },
        { 0 },
    };
    api_routes(s, routes);
}
