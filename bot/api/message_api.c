/*
 * POST /v1/messages: one templated message to one citizen. GET /v1/messages/{id}: its life so far.
 *
 *   {"to":"phone:0912345678","template":"test","params":{"note":"…"},"channels":["sms"],"MaHoSo":"…","expires":"2026-11-24T…"}
 * The Idempotency-Key header makes a repeat harmless: it is part of the id; without one the content is.
 */
#include "loa/api.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/story.h"
#include "loa/unsubscribe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES (64u << 10)
#define DEFAULT_LIFE_MS   (3 * CALENDAR_DAY_MS)
#define CHANNELS_MAX      8

struct posting {
    struct api_call *call;
    struct notice notice;
    char identity[300], salt[160];
    const char *channels[CHANNELS_MAX + 1];
    cJSON *body; /* owns the strings of `channels` */
};

static void posting_free(struct posting *p)
{
    notice_clear(&p->notice);
    cJSON_Delete(p->body);
    free(p);
}

static void planned(void *ctx, enum loa_status st, bool made)
{
    struct posting *p = ctx;
    struct buf out = BUF_INIT(256);
    if (st == LOA_OK) {
        buf_printf(&out, "{\"id\":\"%s\",\"duplicate\":%s}", p->notice.nid, made ? "false" : "true");
        api_json(p->call, 202, &out);
    } else {
        api_problem_status(p->call, st);
    }
    buf_clear(&out);
    posting_free(p);
}

static void citizen_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct posting *p = ctx;
    if (st != LOA_OK) {
        api_problem_status(p->call, st);
        posting_free(p);
        return;
    }
    struct service *s = p->call->service;
    unsubscribe_param(&p->notice.params, policy_kind_rule(s->policy, p->notice.kind), s->crypto,
                      config_str(s->config, "loa", "public_url"), c->ckey);
    notice_set_id(&p->notice, s->store, c->ckey, p->salt);
    notice_plan(s->planner, &p->notice, c, planned, p);
}

static void read_params(struct posting *p, struct errors *err)
{
    const cJSON *params = json_get(p->body, "params"), *item;
    if (params != NULL && !cJSON_IsObject(params)) {
        errors_add(err, "/params", "type", "must be an object of strings",
                   "Phải là một đối tượng gồm các chuỗi.");
        return;
    }
    cJSON_ArrayForEach(item, params)
    {
        if (cJSON_IsString(item))
            params_set(&p->notice.params, item->string, item->valuestring);
        else
            errors_add(err, "/params", "type", "every parameter is a string",
                       "Mỗi tham số phải là một chuỗi.");
    }
}

static void read_channels(struct posting *p, struct errors *err)
{
    const cJSON *item, *list = json_get(p->body, "channels");
    unsigned n = 0;
    cJSON_ArrayForEach(item, list)
    {
        const char *word = cJSON_IsString(item) ? item->valuestring : "";
        if (channel_from_word(word) < 0 && way_from_word(word) < 0)
            errors_add(err, "/channels", "unknown_channel", "use portal, zalo, sms or email",
                       "Kênh phải là portal, zalo, sms hoặc email.");
        else if (n < CHANNELS_MAX)
            p->channels[n++] = word;
    }
    if (n > 0)
        p->notice.only_ways = p->channels;
}

static void read_target(struct posting *p, struct errors *err)
{
    const char *to = json_str(p->body, "to");
    if (to == NULL)
        errors_add(err, "/to", "missing", "who is it for?", "Thiếu người nhận.");
    else if (citizen_identity(to, p->identity) != LOA_OK)
        errors_add(err, "/to", "bad_identity", "use phone:…, email:…, cccd:…, tax:… or zalo:…",
                   "Người nhận phải có dạng phone:…, email:…, cccd:…, tax:… hoặc zalo:….");
    else if (strncmp(p->identity, "phone:", 6) == 0)
        snprintf(p->notice.phone, sizeof p->notice.phone, "%s", p->identity + 6);
    else if (strncmp(p->identity, "email:", 6) == 0)
        snprintf(p->notice.email, sizeof p->notice.email, "%s", p->identity + 6);
}

static void read_template(struct posting *p, struct errors *err)
{
    struct service *s = p->call->service;
    const char *kind = json_str(p->body, "template");
    if (kind == NULL || !template_kind_known(s->templates, kind)) {
        errors_add(err, "/template", kind ? "unknown_template" : "missing", "no such template",
                   "Không có mẫu tin này; xem danh sách bằng lệnh loa check --examples.");
        return;
    }
    snprintf(p->notice.kind, sizeof p->notice.kind, "%s", kind);
    const char *expires = json_str(p->body, "expires");
    p->notice.expires_ms = clock_wall_ms() + DEFAULT_LIFE_MS;
    if (expires != NULL && !date_parse_rfc3339(expires, &p->notice.expires_ms))
        errors_add(err, "/expires", "bad_date", "not an RFC 3339 time",
                   "Thời hạn phải theo dạng 2026-11-24T17:00:00+07:00.");
    const char *lane = json_str(p->body, "lane");
    if (lane != NULL && lane_from_word(lane) < 0)
        errors_add(err, "/lane", "unknown_lane", "use urgent, normal or bulk",
                   "Mức ưu tiên phải là urgent, normal hoặc bulk.");
    else if (lane != NULL)
        p->notice.lane = (enum lane)lane_from_word(lane);
}

static void read_code(struct posting *p, struct errors *err)
{
    const char *text = json_str(p->body, "MaHoSo");
    struct dossier_code code;
    if (text == NULL)
        return;
    if (dossier_code_parse(text, strlen(text), clock_wall_ms(), &code, NULL) != LOA_OK) {
        errors_add(err, "/MaHoSo", "bad_code", "not a dossier code", "Mã hồ sơ không đúng mẫu.");
        return;
    }
    snprintf(p->notice.code, sizeof p->notice.code, "%s", code.norm);
    params_set(&p->notice.params, "code", code.received);
}

/* The salt makes the id: the caller's key, or a hash of what was sent. */
static void make_salt(struct posting *p)
{
    const char *key = http_request_header(p->call->req, "idempotency-key");
    size_t n;
    const char *body = http_request_body(p->call->req, &n);
    if (key != NULL)
        snprintf(p->salt, sizeof p->salt, "key %.64s %.80s", p->call->caller, key);
    else
        crypto_hash_hex(body, n, p->salt, 40);
}

static void post_message(struct api_call *c)
{
    cJSON *body = api_body_json(c);
    if (body == NULL)
        return;
    struct posting *p = mem_alloc(sizeof *p);
    struct errors *err = errors_new();
    p->call = c;
    p->body = body;
    notice_init(&p->notice);
    p->notice.accepted_ms = clock_wall_ms();
    snprintf(p->notice.source, sizeof p->notice.source, "api:%.50s", c->caller);
    read_target(p, err);
    read_template(p, err);
    read_params(p, err);
    read_channels(p, err);
    read_code(p, err);
    template_check_params(c->service->templates, &p->notice.params, "/params", err);
    make_salt(p);
    enum loa_status st = LOA_INVALID;
    char ckey[CRYPTO_KEY_HEX];
    if (err->total > 0) {
        api_problem(c, 400, "invalid", "The message breaks a rule",
                    "Tin nhắn chưa hợp lệ, xem danh sách lỗi.", err);
    } else {
        citizen_key(c->service->crypto, p->identity, ckey);
        st = citizen_load(c->service->store, ckey, citizen_found, p);
        if (st != LOA_OK)
            api_problem_status(c, st);
    }
    errors_free(err);
    if (st != LOA_OK)
        posting_free(p);
}

static void message_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    struct buf out = BUF_INIT(256u << 10);
    cJSON *j = st == LOA_OK ? story_of(http_request_param(c->req, "id"), v, c->service->words) : NULL;
    if (j == NULL) {
        api_problem_status(c, st == LOA_OK ? LOA_NOT_FOUND : st);
    } else {
        json_print(j, &out);
        api_json(c, 200, &out);
    }
    cJSON_Delete(j);
    buf_clear(&out);
}

static void get_message(struct api_call *c)
{
    const char *id = http_request_param(c->req, "id");
    unsigned p = PARTITIONS_MAX;
    if (!notice_id_partition(id, &p)) {
        api_problem_status(c, LOA_NOT_FOUND);
        return;
    }
    struct args a;
    args_init(&a);
    args_key(&a, p, "n:%s", id);
    enum loa_status st = p < store_partitions(c->service->store)
                             ? store_command(c->service->store, p, "HGETALL", &a, message_read, c)
                             : LOA_NOT_FOUND;
    args_clear(&a);
    if (st != LOA_OK)
        api_problem_status(c, st);
}

void api_messages(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_POST, "/v1/messages", SCOPE_MESSAGES, MESSAGE_MAX_BYTES, post_message },
        { HTTP_GET, "/v1/messages/{id}", SCOPE_MESSAGES, 0, get_message },
        { 0 },
    };
    api_routes(s, routes);
}
