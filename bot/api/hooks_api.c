/*
 * Signed callbacks (bot/report/hooks.c sends them).
 *
 *   POST /v1/hooks         {"url":"https://…","secret"?:"whsec_…","events"?:["message.delivered",…]}
 *                          201 with the secret, shown this once. The same address again: 200, the hook there
 *                          is changed and switched on, its place in the ledger stays.
 *   GET /v1/hooks          without secrets
 *   DELETE /v1/hooks/{id}
 */
#include "loa/api.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/hook_record.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOOK_BODY_MAX 8192

struct registering {
    struct api_call *call;
    struct hook_record hook;
    bool secret_given, known, failed;
    unsigned waiting;
};

static void published(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)st, (void)v; /* a lost one is found by the senders' timer */
}

static void tell_senders(struct service *s)
{
    if (redis_commandf(s->redis, -1, published, NULL, "PUBLISH " HOOK_CHANGED " x") != LOA_OK)
        log_debug("hooks_not_told");
}

static enum loa_status hash_command(struct service *s, const char *command, const char *field,
                                    const struct buf *value, redis_done_fn *done, void *ctx)
{
    struct args a;
    char off[HOOK_ID_SIZE + 4] = "";
    args_init(&a);
    args_key(&a, 0, "hooks");
    if (field != NULL) {
        args_str(&a, field);
        snprintf(off, sizeof off, "off:%s", field);
        if (value == NULL)
            args_str(&a, off); /* both fields go */
        else
            args_bin(&a, value->data, value->len);
    }
    if (value != NULL) { /* and it is on */
        args_str(&a, off);
        args_int(&a, 0);
    }
    enum loa_status st = store_command(s->store, 0, command, &a, done, ctx);
    args_clear(&a);
    return st;
}

/* ---- the answer's JSON ---- */

static cJSON *hook_json(const struct hook_record *h)
{
    char when[40];
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "id", h->id);
    cJSON_AddStringToObject(j, "url", h->url);
    cJSON *events = cJSON_AddArrayToObject(j, "events");
    for (unsigned i = 0; hook_event_word(i) != NULL; i++)
        if (h->events == 0 || (h->events & (1u << i)) != 0)
            cJSON_AddItemToArray(events, cJSON_CreateString(hook_event_word(i)));
    cJSON_AddStringToObject(j, "state", h->off_ms == 0 ? "active" : "disabled");
    if (h->off_ms != 0) {
        date_print_rfc3339(h->off_ms, when);
        cJSON_AddStringToObject(j, "disabled_since", when);
    }
    date_print_rfc3339(h->created_ms, when);
    cJSON_AddStringToObject(j, "created", when);
    return j;
}

/* ---- registering: read what is there, begin in every partition, then the record ---- */

static void registering_end(struct registering *r, enum loa_status st)
{
    struct buf out = BUF_INIT(HOOK_BODY_MAX);
    if (st != LOA_OK) {
        api_problem_status(r->call, st);
    } else {
        cJSON *j = hook_json(&r->hook);
        if (!r->known || r->secret_given)
            cJSON_AddStringToObject(j, "secret", r->hook.secret);
        json_print(j, &out);
        cJSON_Delete(j);
        api_json(r->call, r->known ? 200 : 201, &out);
    }
    buf_clear(&out);
    free(r);
}

static void hook_stored(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    struct registering *r = ctx;
    if (st == LOA_OK)
        tell_senders(r->call->service);
    registering_end(r, st);
}

static void begun_everywhere(struct registering *r)
{
    struct buf sealed = BUF_INIT(HOOK_BODY_MAX);
    hook_record_seal(r->call->service->crypto, &r->hook, &sealed);
    enum loa_status st = r->failed
                             ? LOA_UNAVAILABLE
                             : hash_command(r->call->service, "HSET", r->hook.id, &sealed, hook_stored, r);
    buf_clear(&sealed);
    if (st != LOA_OK)
        registering_end(r, st);
}

static void begun(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    struct registering *r = ctx;
    r->failed |= st != LOA_OK;
    if (--r->waiting == 0)
        begun_everywhere(r);
}

static void begin_everywhere(struct registering *r)
{
    struct store *s = r->call->service->store;
    r->waiting = 1;
    for (unsigned p = 0; p < store_partitions(s); p++) {
        struct args a;
        args_init(&a);
        args_key(&a, p, "hk:%s", r->hook.id);
        args_key(&a, p, "led");
        if (store_script(s, p, "hook_begin", &a, begun, r) == LOA_OK)
            r->waiting++;
        else
            r->failed = true;
        args_clear(&a);
    }
    begun(r, LOA_OK, NULL);
}

static void hooks_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct registering *r = ctx;
    if (st != LOA_OK) {
        registering_end(r, st);
        return;
    }
    struct hook_record *list = mem_alloc(HOOKS_MAX * sizeof *list);
    unsigned count = hook_records_read(r->call->service->crypto, v, list, HOOKS_MAX);
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(list[i].id, r->hook.id) == 0) {
            r->known = true;
            r->hook.created_ms = list[i].created_ms;
            if (!r->secret_given)
                memcpy(r->hook.secret, list[i].secret, sizeof r->hook.secret);
        }
    }
    free(list);
    if (!r->known && count == HOOKS_MAX) {
        api_problem(r->call, 409, "too_many", "At most 16 callbacks can be registered",
                    "Chỉ đăng ký được tối đa 16 địa chỉ. Hãy xóa địa chỉ không còn dùng.", NULL);
        free(r);
        return;
    }
    begin_everywhere(r);
}

static void read_url(struct registering *r, const cJSON *body, struct errors *err)
{
    const char *url = json_str(body, "url");
    if (url == NULL)
        errors_add(err, "/url", "missing", "where to?", "Thiếu địa chỉ nhận.");
    else if (!hook_url_good(url))
        errors_add(
            err, "/url", "bad_url", "use https://… (http only to this very machine), without user or #",
            "Địa chỉ phải bắt đầu bằng https:// (http:// chỉ dùng cho chính máy này), không kèm tài khoản.");
    else
        snprintf(r->hook.url, sizeof r->hook.url, "%s", url);
}

static void read_secret(struct registering *r, const cJSON *body, struct errors *err)
{
    const char *secret = json_str(body, "secret");
    r->secret_given = secret != NULL;
    if (secret == NULL)
        hook_secret_make(r->hook.secret);
    else if (!hook_secret_good(secret))
        errors_add(err, "/secret", "bad_secret",
                   "whsec_ and base64 of 24 to 64 bytes; leave it out to get one",
                   "Khóa phải là whsec_ và 24 đến 64 byte viết theo base64; bỏ trống thì hệ thống tự tạo.");
    else
        snprintf(r->hook.secret, sizeof r->hook.secret, "%s", secret);
}

static void read_events(struct registering *r, const cJSON *body, struct errors *err)
{
    const cJSON *item, *list = json_get(body, "events");
    if (list != NULL && !cJSON_IsArray(list))
        errors_add(err, "/events", "type", "must be a list of words", "Phải là một danh sách.");
    cJSON_ArrayForEach(item, list)
    {
        unsigned i = 0;
        while (hook_event_word(i) != NULL &&
               (!cJSON_IsString(item) || strcmp(hook_event_word(i), item->valuestring) != 0))
            i++;
        if (hook_event_word(i) != NULL)
            r->hook.events |= 1u << i;
        else
            errors_add(
                err, "/events", "unknown_event",
                "use message.delivered, .seen, .failed, .expired, .suppressed or .uncertain",
                "Sự kiện phải là message.delivered, .seen, .failed, .expired, .suppressed hoặc .uncertain.");
    }
}

static void post_hook(struct api_call *c)
{
    cJSON *body = api_body_json(c);
    if (body == NULL)
        return;
    struct registering *r = mem_alloc(sizeof *r);
    struct errors *err = errors_new();
    r->call = c;
    r->hook.created_ms = clock_wall_ms();
    read_url(r, body, err);
    read_secret(r, body, err);
    read_events(r, body, err);
    if (err->total > 0) {
        api_problem(c, 400, "invalid", "The callback breaks a rule",
                    "Đăng ký chưa hợp lệ, xem danh sách lỗi.", err);
        free(r);
    } else {
        hook_id_of(c->service->crypto, r->hook.url, r->hook.id);
        enum loa_status st = hash_command(c->service, "HGETALL", NULL, NULL, hooks_read, r);
        if (st != LOA_OK)
            registering_end(r, st);
    }
    cJSON_Delete(body);
    errors_free(err);
}

/* ---- listing ---- */

static void list_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    if (st != LOA_OK) {
        api_problem_status(c, st);
        return;
    }
    struct buf out = BUF_INIT(64u << 10);
    struct hook_record *list = mem_alloc(HOOKS_MAX * sizeof *list);
    unsigned count = hook_records_read(c->service->crypto, v, list, HOOKS_MAX);
    cJSON *j = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(j, "items");
    for (unsigned i = 0; i < count; i++)
        cJSON_AddItemToArray(items, hook_json(&list[i]));
    json_print(j, &out);
    api_json(c, 200, &out);
    cJSON_Delete(j);
    free(list);
    buf_clear(&out);
}

static void get_hooks(struct api_call *c)
{
    enum loa_status st = hash_command(c->service, "HGETALL", NULL, NULL, list_read, c);
    if (st != LOA_OK)
        api_problem_status(c, st);
}

/* ---- deleting: the record first, so that nobody sends any more, then its places ---- */

struct deleting {
    struct api_call *call;
    char id[HOOK_ID_SIZE];
    unsigned waiting;
    bool found, failed;
};

static void place_gone(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    struct deleting *d = ctx;
    d->failed |= st != LOA_OK;
    if (--d->waiting > 0)
        return;
    struct buf out = BUF_INIT(64);
    buf_str(&out, "{\"deleted\":true}");
    if (d->failed)
        api_problem_status(d->call, LOA_UNAVAILABLE); /* asked again it finishes what is left */
    else if (!d->found)
        api_problem_status(d->call, LOA_NOT_FOUND);
    else
        api_json(d->call, 200, &out);
    buf_clear(&out);
    free(d);
}

static void record_gone(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct deleting *d = ctx;
    struct store *s = d->call->service->store;
    d->found = redis_int(v) > 0;
    d->waiting = 1;
    for (unsigned p = 0; st == LOA_OK && p < store_partitions(s); p++) {
        struct args a;
        args_init(&a);
        args_key(&a, p, "hk:%s", d->id);
        if (store_command(s, p, "DEL", &a, place_gone, d) == LOA_OK)
            d->waiting++;
        else
            d->failed = true;
        args_clear(&a);
    }
    if (st == LOA_OK)
        tell_senders(d->call->service);
    place_gone(d, st, NULL);
}

static void delete_hook(struct api_call *c)
{
    const char *id = http_request_param(c->req, "id");
    if (strncmp(id, "hk_", 3) != 0 || strlen(id) >= HOOK_ID_SIZE) {
        api_problem_status(c, LOA_NOT_FOUND);
        return;
    }
    struct deleting *d = mem_alloc(sizeof *d);
    d->call = c;
    snprintf(d->id, sizeof d->id, "%s", id);
    enum loa_status st = hash_command(c->service, "HDEL", d->id, NULL, record_gone, d);
    if (st != LOA_OK) {
        api_problem_status(c, st);
        free(d);
    }
}

void api_hooks(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_POST, "/v1/hooks", SCOPE_ADMIN | SCOPE_MESSAGES, HOOK_BODY_MAX, post_hook },
        { HTTP_GET, "/v1/hooks", SCOPE_ADMIN | SCOPE_MESSAGES, 0, get_hooks },
        { HTTP_DELETE, "/v1/hooks/{id}", SCOPE_ADMIN | SCOPE_MESSAGES, 0, delete_hook },
        { 0 },
    };
    api_routes(s, routes);
}
