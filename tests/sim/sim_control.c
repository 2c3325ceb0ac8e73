#include "sim_control.h"
#include "sim_cards.h"
#include "sim_delivery.h"
#include "sim_events.h"
#include "sim_outbox.h"
#include "sim_providers.h"
#include "loa/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLY_MAX_BYTES (64u << 20)
#define BODY_MAX_BYTES  (16u << 20) /* a test may define all its citizens at once */

void sim_control_reply(struct http_request *req, int status, cJSON *o)
{
    struct buf b = BUF_INIT(REPLY_MAX_BYTES);

    json_print(o, &b);
    cJSON_Delete(o);
    http_reply(req, status, "application/json", buf_cstr(&b), b.len);
    buf_clear(&b);
}

static void reply_errors(struct http_request *req, int status, const struct errors *err)
{
    struct buf b = BUF_INIT(REPLY_MAX_BYTES);

    buf_str(&b, "{\"errors\":");
    errors_json(err, &b);
    buf_char(&b, '}');
    http_reply(req, status, "application/json", buf_cstr(&b), b.len);
    buf_clear(&b);
}

void sim_control_refuse(struct http_request *req, int status, const char *pointer, const char *why,
                        const char *why_vi)
{
    struct errors *err = errors_new();

    errors_add(err, pointer, "invalid", why, why_vi);
    reply_errors(req, status, err);
    errors_free(err);
}

static void reply_ok(struct http_request *req)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddBoolToObject(o, "ok", true);
    sim_control_reply(req, 200, o);
}

/* ---- faults ---- */

/* Tells the webhook what became of the templates a fault is about; `before` and `after` are their states. */
static void tell_templates(struct sim *s, const char *template_id, const char *before, const char *after)
{
    for (unsigned i = 0; i < sim_cards_count(s->cards); i++) {
        const struct sim_card *card = sim_cards_at(s->cards, i);
        if (template_id[0] == '\0' || strcmp(template_id, card->id) == 0)
            sim_event_template_status(s, card->id, before, after);
    }
}

static const char *state_by_fault(enum sim_fault_kind k)
{
    if (k == SIM_FAULT_TEMPLATE_DISABLED)
        return "DISABLE";
    return k == SIM_FAULT_TEMPLATE_REJECTED ? "REJECT" : NULL;
}

static void post_fault(struct sim *s, struct http_request *req, const cJSON *body)
{
    struct errors *err = errors_new();
    const struct sim_fault *f = sim_faults_add(&s->faults, body, err);

    if (f == NULL) {
        reply_errors(req, 422, err);
        errors_free(err);
        return;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "id", f->id);
    if (f->kind == SIM_FAULT_TOKEN_REVOKED) { /* done at once: nothing to keep */
        sim_tokens_revoke(s, strcmp(f->code, "refresh") == 0);
        sim_faults_remove(&s->faults, f->id, 0);
    } else if (state_by_fault(f->kind) != NULL) {
        tell_templates(s, f->template_id, "ENABLE", state_by_fault(f->kind));
    }
    s->changes++;
    sim_control_reply(req, 201, o);
    errors_free(err);
}

static void get_faults(struct sim *s, struct http_request *req, const cJSON *body)
{
    cJSON *o = cJSON_CreateObject();

    (void)body;
    cJSON_AddItemToObject(o, "faults", sim_faults_json(&s->faults));
    sim_control_reply(req, 200, o);
}

static void delete_faults(struct sim *s, struct http_request *req, const cJSON *body)
{
    const char *id = http_request_query(req, "id"), *word = http_request_query(req, "provider");
    unsigned ways = word != NULL ? sim_ways_from_word(word) : 0;
    struct sim_faults before = s->faults;
    cJSON *o;

    (void)body;
    if (word != NULL && ways == 0) {
        sim_control_refuse(req, 422, "/provider", "unknown", "không có nhà cung cấp này");
        return;
    }
    unsigned gone = sim_faults_remove(&s->faults, id != NULL ? (uint32_t)strtoul(id, NULL, 10) : 0, ways);
    for (unsigned i = 0; i < before.count; i++) {
        const struct sim_fault *f = &before.list[i];
        const char *state = state_by_fault(f->kind);
        if (state != NULL && sim_faults_template(&s->faults, f->template_id) == SIM_FAULT_NONE)
            tell_templates(s, f->template_id, state, "ENABLE");
    }
    s->changes++;
    o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "removed", gone);
    sim_control_reply(req, 200, o);
}

/* ---- people ---- */

static void post_users(struct sim *s, struct http_request *req, const cJSON *body)
{
    const cJSON *list =
        cJSON_IsObject(body) && json_get(body, "users") != NULL ? json_get(body, "users") : body;
    struct errors *err = errors_new();
    cJSON *o = cJSON_CreateObject(), *users = cJSON_AddArrayToObject(o, "users");
    const cJSON *one = cJSON_IsArray(list) ? list->child : list;

    for (; one != NULL; one = cJSON_IsArray(list) ? one->next : NULL) {
        uint32_t person = sim_people_define(&s->people, one, sim_now_ms(s), err);
        if (person != 0)
            cJSON_AddItemToArray(users, sim_person_json(sim_people_get(&s->people, person)));
    }
    s->changes++;
    sim_state_save(s);
    if (err->total > 0) {
        cJSON_Delete(o);
        reply_errors(req, 422, err);
    } else {
        sim_control_reply(req, 200, o);
    }
    errors_free(err);
}

static void get_users(struct sim *s, struct http_request *req, const cJSON *body)
{
    cJSON *o = cJSON_CreateObject(), *users = cJSON_AddArrayToObject(o, "users");

    (void)body;
    for (uint32_t i = 1; i <= s->people.count; i++)
        if (sim_people_get(&s->people, i)->defined)
            cJSON_AddItemToArray(users, sim_person_json(sim_people_get(&s->people, i)));
    sim_control_reply(req, 200, o);
}

/* ---- templates ---- */

static cJSON *card_json(const struct sim_card *card)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "template_id", card->id);
    cJSON_AddStringToObject(o, "title", card->title);
    cJSON_AddStringToObject(o, "status", card->status);
    cJSON_AddStringToObject(o, "quality", card->quality);
    cJSON_AddNumberToObject(o, "daily_quota", (double)card->daily_quota);
    return o;
}

static void post_template(struct sim *s, struct http_request *req, const cJSON *body)
{
    struct sim_card *card = sim_cards_find(s->cards, json_str_or(body, "template_id", ""));
    const char *status, *quality;
    int64_t quota;

    if (card == NULL) {
        sim_control_refuse(req, 404, "/template_id", "no such template", "không có mẫu tin này");
        return;
    }
    status = sim_card_status_word(json_str_or(body, "status", card->status));
    quality = sim_card_quality_word(json_str_or(body, "quality", card->quality));
    if (status == NULL || quality == NULL) {
        sim_control_refuse(req, 422, status == NULL ? "/status" : "/quality", "unknown word",
                           "giá trị không hợp lệ");
        return;
    }
    if (status != card->status)
        sim_event_template_status(s, card->id, card->status, status);
    if (quality != card->quality)
        sim_event_template_quality(s, card->id, quality);
    card->status = status;
    card->quality = quality;
    if (json_int(body, "daily_quota", &quota) && quota >= 0 && quota != card->daily_quota) {
        sim_event_template_quota(s, card->id, card->daily_quota, quota);
        card->daily_quota = quota;
    }
    sim_control_reply(req, 200, card_json(card));
}

static void get_templates(struct sim *s, struct http_request *req, const cJSON *body)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "templates");

    (void)body;
    for (unsigned i = 0; i < sim_cards_count(s->cards); i++)
        cJSON_AddItemToArray(list, card_json(sim_cards_at(s->cards, i)));
    sim_control_reply(req, 200, o);
}

/* ---- settings, reset ---- */

static void get_settings(struct sim *s, struct http_request *req, const cJSON *body)
{
    (void)body;
    sim_control_reply(req, 200, sim_settings_json(&s->set));
}

static void post_settings(struct sim *s, struct http_request *req, const cJSON *body)
{
    struct errors *err = errors_new();
    int64_t quota_before = s->set.daily_quota;

    if (sim_settings_change(&s->set, body, err) != LOA_OK) {
        reply_errors(req, 422, err);
    } else {
        if (s->set.daily_quota != quota_before)
            sim_event_daily_quota(s, quota_before, s->set.daily_quota);
        get_settings(s, req, body);
    }
    errors_free(err);
}

static void post_reset(struct sim *s, struct http_request *req, const cJSON *body)
{
    sim_delivery_free(s->delivery);
    s->delivery = sim_delivery_new(s);
    sim_outbox_forget(s->outbox);
    sim_ledger_clear(&s->ledger);
    sim_threads_clear(&s->threads);
    sim_threads_init(&s->threads);
    sim_faults_remove(&s->faults, 0, 0);
    memset(s->counts, 0, sizeof s->counts);
    s->oa_minute = s->speedsms_minute = s->zbs_day = (struct sim_window){ 0 };
    if (json_bool_or(body, "people", false))
        sim_people_clear(&s->people);
    for (uint32_t i = 1; i <= s->people.count; i++)
        sim_people_get(&s->people, i)->unseen = 0;
    s->changes++;
    reply_ok(req);
}

/* ---- routes ---- */

static const struct control_route {
    enum http_method method;
    const char *path;
    sim_control_fn *fn;
} routes[] = {
    { HTTP_POST, "/sim/faults", post_fault },
    { HTTP_GET, "/sim/faults", get_faults },
    { HTTP_DELETE, "/sim/faults", delete_faults },
    { HTTP_GET, "/sim/messages", sim_truth_messages },
    { HTTP_GET, "/sim/stats", sim_truth_stats },
    { HTTP_POST, "/sim/reset", post_reset },
    { HTTP_POST, "/sim/users", post_users },
    { HTTP_GET, "/sim/users", get_users },
    { HTTP_POST, "/sim/act", sim_act },
    { HTTP_POST, "/sim/templates", post_template },
    { HTTP_GET, "/sim/templates", get_templates },
    { HTTP_POST, "/sim/settings", post_settings },
    { HTTP_GET, "/sim/settings", get_settings },
    { HTTP_GET, "/sim/view", sim_view },
    { HTTP_GET, "/sim/mail/{number}", sim_view_mail },
};
#define ROUTES (sizeof routes / sizeof routes[0])

struct sim_bound_control { /* what http_server hands back to us */
    struct sim *sim;
    const struct control_route *route;
};

/* A page of another site must not pull our strings: its Origin differs from the Host it talks to. */
static bool from_elsewhere(const struct http_request *req)
{
    const char *origin = http_request_header(req, "origin"), *host = http_request_header(req, "host");
    const char *site = origin != NULL ? strstr(origin, "://") : NULL;

    return origin != NULL && (site == NULL || host == NULL || strcmp(site + 3, host) != 0);
}

static void handle(void *ctx, struct http_request *req)
{
    const struct sim_bound_control *b = ctx;
    size_t len;
    const char *text = http_request_body(req, &len);
    cJSON *body = NULL;

    if (from_elsewhere(req))
        sim_control_refuse(req, 403, "", "not from this page", "yêu cầu từ trang khác");
    else if (len > 0 && json_parse(text, len, &body, NULL, 0) != LOA_OK)
        sim_control_refuse(req, 400, "", "not JSON", "không phải JSON");
    else
        b->route->fn(b->sim, req, body);
    cJSON_Delete(body);
}

void sim_control_start(struct sim *s)
{
    s->controls = mem_alloc(ROUTES * sizeof *s->controls);
    for (size_t i = 0; i < ROUTES; i++) {
        s->controls[i] = (struct sim_bound_control){ s, &routes[i] };
        http_server_route(
            s->http,
            &(struct http_route){ .methods = routes[i].method,
                                  .pattern = routes[i].path,
                                  .handler = handle,
                                  .ctx = &s->controls[i],
                                  .max_body_bytes = routes[i].method == HTTP_POST ? BODY_MAX_BYTES : 0 });
    }
}
