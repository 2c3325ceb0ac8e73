#include "loa/zalo.h"
#include "link.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/phone.h"
#include "loa/zalo_template.h"
#include "loa/zalo_webhook.h"
#include "standing.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DENIED_LOG_EVERY_MS 60000

struct sending;

struct zalo {
    struct channel_env env;
    struct zalo_webhook_keys keys;
    struct zalo_phone_options phone_options;
    struct outcome_table *codes;
    struct zalo_oauth *oauth;
    struct zalo_link *link;
    struct zalo_standing *standing;
    struct zalo_templates *templates;
    struct sending *refused; /* refused by ourselves, not told yet */
    unsigned in_flight, in_flight_max;
    int64_t denied_logged_ms;
};

/* ---- sending ---- */

struct sending {
    struct zalo *zalo;
    enum way way;
    char template_id[40];
    send_done_fn *done;
    void *ctx;
    /* only when refused by ourselves */
    struct outcome outcome;
    struct timer later;
    struct sending *next;
};

static struct sending *sending_new(struct zalo *z, const struct send *s, send_done_fn *done, void *ctx)
{
    struct sending *p = mem_alloc(sizeof *p);
    p->zalo = z;
    p->way = s->way;
    snprintf(p->template_id, sizeof p->template_id, "%s", s->text->template_id);
    p->done = done;
    p->ctx = ctx;
    return p;
}

static void unmapped(struct zalo *z, const char *code)
{
    struct outcome told;
    char alert_code[48], sentence[sizeof told.sentence_vi + 32];

    metric_add(M_UNMAPPED_CODES, "zalo", NULL, 1);
    log_warn("zalo_unmapped_code", "code", code);
    outcome_from_table(z->codes, "standing", "unmapped", &told);
    snprintf(alert_code, sizeof alert_code, "zalo_unmapped_%s", code);
    snprintf(sentence, sizeof sentence, "%s (%s)", told.sentence_vi, code);
    if (z->env.alert != NULL)
        z->env.alert(z->env.alert_ctx, alert_code, sentence);
}

static void accepted(struct sending *p, const struct zalo_reply *r, struct outcome *o)
{
    struct zalo_sent sent;
    zalo_reply_sent(r, &sent);
    if (p->way == WAY_ZALO_CS)
        o->cost_vnd = strcmp(sent.quota_type, "reply") == 0 ? 0 : -1;
    else
        o->cost_vnd = zalo_templates_price(p->zalo->templates, p->template_id, p->way);
    if (p->way == WAY_ZALO_ZBS)
        zalo_standing_quota(p->zalo->standing, sent.quota_left, sent.quota_total);
}

static void answered(void *ctx, const struct zalo_reply *r)
{
    struct sending *p = ctx;
    struct zalo *z = p->zalo;
    struct outcome o;

    if (!zalo_reply_outcome(z->codes, r, &o))
        unmapped(z, o.code);
    if (zalo_reply_doubts_template(r))
        zalo_templates_doubt(z->templates, p->template_id);
    if (o.class == OUTCOME_ACCEPTED)
        accepted(p, r, &o);
    z->in_flight--;
    p->done(p->ctx, &o);
    free(p);
}

static void end_refused(struct zalo *z, struct sending *p)
{
    struct sending **at = &z->refused;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    timer_stop(&p->later);
    z->in_flight--;
    p->done(p->ctx, &p->outcome);
    free(p);
}

static void tell_refused(void *ctx)
{
    struct sending *p = ctx;
    end_refused(p->zalo, p);
}

/* The platform would refuse it: so do we, without a call, and name the parameter if it is one. */
static void refuse(struct zalo *z, struct sending *p, const char *fault, const char *param)
{
    struct outcome *o = &p->outcome;
    size_t used;

    outcome_from_table(z->codes, "local", fault, o);
    o->cost_vnd = 0;
    used = strlen(o->sentence_vi);
    if (param[0] != '\0' && used + strlen(param) + 4 < sizeof o->sentence_vi)
        snprintf(o->sentence_vi + used, sizeof o->sentence_vi - used, ": %s.", param);
    p->next = z->refused;
    z->refused = p;
    z->in_flight++;
    timer_start(&p->later, z->env.loop, 0, tell_refused, p);
}

static cJSON *parse_data(const struct text *t)
{
    return t->data.len > 0 ? zalo_json_nfc(buf_cstr(&t->data), t->data.len) : NULL;
}

/* Fills `r`, or returns the word of what is wrong and in `param` where. */
static const char *build(struct zalo *z, const struct send *s, struct zalo_request *r, char *param,
                         size_t size)
{
    const struct text *t = s->text;
    cJSON *data = parse_data(t);
    const char *fault = NULL;

    param[0] = '\0';
    if (s->way == WAY_ZALO_CS) {
        fault = t->data.len > 0 && data == NULL
                    ? "buttons"
                    : zalo_request_text(r, s->address, buf_cstr(&t->body), t->body.len, data);
    } else {
        fault = s->way == WAY_ZALO_UID ? zalo_request_uid_template(r, s->address, t->template_id, data)
                                       : zalo_request_phone_template(r, s->address, t->template_id, data,
                                                                     s->ref, &z->phone_options);
        if (fault == NULL)
            fault = zalo_templates_fault(z->templates, t->template_id, data, param, size);
    }
    cJSON_Delete(data);
    return fault;
}

/* ---- what the approved templates look like ---- */

struct lesson {
    struct zalo *zalo;
    char template_id[40];
};

static void learned(void *ctx, const struct zalo_reply *r)
{
    struct lesson *l = ctx;
    if (zalo_reply_ok(r) &&
        zalo_templates_learn(l->zalo->templates, l->template_id, r->data, clock_wall_ms()) == LOA_OK)
        log_info("zalo_template_learned", "template", l->template_id);
    free(l);
}

static void learn_template(struct zalo *z, const char *id)
{
    struct zalo_request r;
    if (!zalo_templates_ask(z->templates, id, clock_wall_ms()))
        return;
    struct lesson *l = mem_alloc(sizeof *l);
    l->zalo = z;
    snprintf(l->template_id, sizeof l->template_id, "%s", id);
    zalo_request_init(&r);
    zalo_request_template_info(&r, id);
    if (zalo_link_call(z->link, &r, learned, l) != LOA_OK)
        free(l);
    zalo_request_clear(&r);
}

static enum loa_status zalo_send(void *state, const struct send *s, send_done_fn *done, void *ctx)
{
    struct zalo *z = state;
    struct zalo_request r;
    char param[64];
    enum loa_status st = LOA_OK;

    assert(way_channel(s->way) == CH_ZALO);
    if (z->in_flight >= z->in_flight_max)
        return LOA_BUSY;
    struct sending *p = sending_new(z, s, done, ctx);
    zalo_request_init(&r);
    const char *fault = build(z, s, &r, param, sizeof param);
    if (fault != NULL) {
        refuse(z, p, fault, param);
    } else if ((st = zalo_link_call(z->link, &r, answered, p)) == LOA_OK) {
        z->in_flight++;
        if (s->way != WAY_ZALO_CS)
            learn_template(z, s->text->template_id);
    } else {
        free(p);
    }
    zalo_request_clear(&r);
    return st;
}

static bool zalo_dedupes(void *state, enum way way)
{
    (void)state, (void)way;
    return false; /* no page of the platform promises it, not even for tracking_id */
}

/* ---- asking what became of a message ---- */

struct question {
    struct zalo *zalo;
    char provider_id[80], ref[40];
    void (*done)(void *ctx, const struct channel_events *ev);
    void *ctx;
};

static void read_status(const struct question *q, const struct zalo_reply *r, struct channel_events *out)
{
    int64_t status;
    if (!zalo_reply_ok(r) || !json_int(r->data, "status", &status))
        return;
    struct channel_event *e = channel_events_add(out);
    e->kind = status == 1 ? CE_DELIVERED : status == 0 ? CE_PROGRESS : CE_FAILED;
    e->channel = CH_ZALO;
    snprintf(e->name, sizeof e->name, "message_status");
    snprintf(e->provider_id, sizeof e->provider_id, "%s", q->provider_id);
    snprintf(e->ref, sizeof e->ref, "%s", q->ref);
    if (status == 1)
        json_int(r->data, "delivery_time", &e->at_ms);
    if (e->kind == CE_FAILED)
        outcome_from_table(q->zalo->codes, "zbs", "status -1", &e->outcome);
    char key[128];
    int n = snprintf(key, sizeof key, "message_status %s %lld", q->provider_id, (long long)status);
    crypto_hash_hex(key, (size_t)n, e->dedupe, sizeof e->dedupe - 1);
}

static void heard_status(void *ctx, const struct zalo_reply *r)
{
    struct question *q = ctx;
    struct channel_events events = { 0 };
    read_status(q, r, &events);
    q->done(q->ctx, &events);
    channel_events_clear(&events);
    free(q);
}

static enum loa_status zalo_poll(void *state, enum way way, const char *provider_id, const char *ref,
                                 void (*done)(void *ctx, const struct channel_events *ev), void *ctx)
{
    struct zalo *z = state;
    struct zalo_request r;

    if (way != WAY_ZALO_ZBS || provider_id == NULL || provider_id[0] == '\0')
        return LOA_NOT_FOUND; /* only phone templates can be asked about, and only by the platform's id */
    struct question *q = mem_alloc(sizeof *q);
    q->zalo = z;
    snprintf(q->provider_id, sizeof q->provider_id, "%s", provider_id);
    snprintf(q->ref, sizeof q->ref, "%s", ref != NULL ? ref : "");
    q->done = done;
    q->ctx = ctx;
    zalo_request_init(&r);
    zalo_request_status(&r, provider_id);
    enum loa_status st = zalo_link_call(z->link, &r, heard_status, q);
    zalo_request_clear(&r);
    if (st != LOA_OK)
        free(q);
    return st;
}

/* ---- who is it? ---- */

struct acquaintance {
    zalo_user_fn *done;
    void *ctx;
};

static void read_user(const cJSON *data, struct zalo_user *u)
{
    const cJSON *shared = json_get(data, "shared_info");
    int64_t digits;
    char phone[24] = "";

    memset(u, 0, sizeof *u);
    snprintf(u->name, sizeof u->name, "%s", json_str_or(data, "display_name", ""));
    u->follower = json_bool_or(data, "user_is_follower", false);
    snprintf(u->last_interaction, sizeof u->last_interaction, "%s",
             json_str_or(data, "user_last_interaction_date", ""));
    if (json_int(shared, "phone", &digits))
        snprintf(phone, sizeof phone, "%lld", (long long)digits);
    snprintf(u->phone, sizeof u->phone, "%s", phone_parse(json_str_or(shared, "phone", phone)).e164);
}

static void heard_user(void *ctx, const struct zalo_reply *r)
{
    struct acquaintance *a = ctx;
    struct zalo_user u;
    if (zalo_reply_ok(r))
        read_user(r->data, &u);
    a->done(a->ctx, zalo_reply_ok(r) ? &u : NULL);
    free(a);
}

enum loa_status zalo_user_ask(void *state, const char *user_id, zalo_user_fn *done, void *ctx)
{
    struct zalo *z = state;
    struct zalo_request r;
    struct acquaintance *a = mem_alloc(sizeof *a);

    a->done = done;
    a->ctx = ctx;
    zalo_request_init(&r);
    zalo_request_user_detail(&r, user_id);
    enum loa_status st = zalo_link_call(z->link, &r, heard_user, a);
    zalo_request_clear(&r);
    if (st != LOA_OK)
        free(a);
    return st;
}

/* ---- webhooks ---- */

static enum loa_status zalo_verify(void *state, const struct webhook *w)
{
    struct zalo *z = state;
    const char *why;
    enum loa_status st = zalo_webhook_verify(&z->keys, w, &why);
    if (st != LOA_OK && w->now_ms - z->denied_logged_ms >= DENIED_LOG_EVERY_MS) {
        z->denied_logged_ms = w->now_ms; /* anybody can post: they must not fill the log */
        log_warn("zalo_webhook_denied", "why", why);
    }
    return st;
}

static enum loa_status zalo_parse(void *state, const struct webhook *w, struct channel_events *out)
{
    struct zalo *z = state;
    unsigned before = out->count;
    enum loa_status st = zalo_webhook_parse(w, out);
    for (unsigned i = before; i < out->count; i++)
        if (strncmp(out->item[i].name, "change_template_", 16) == 0)
            zalo_templates_doubt(z->templates, out->item[i].subject);
    return st;
}

/* ---- settings, life ---- */

static const char *setting(const struct config *cf, const char *key)
{
    return config_str(cf, "zalo", key);
}

static void fault(struct errors *err, const char *key, const char *code, const char *en, const char *vi)
{
    char place[48];
    snprintf(place, sizeof place, "[zalo] %s", key);
    errors_add(err, place, code, en, vi);
}

static enum loa_status load_codes(const char *data_dir, struct errors *err, struct outcome_table **out)
{
    char path[512];
    snprintf(path, sizeof path, "%s/zalo/codes.tsv", data_dir);
    return outcome_table_load(path, err, out);
}

/* Nothing of an account is set: this place does not use Zalo. */
static bool unused(const struct config *cf)
{
    return setting(cf, "app_id")[0] == '\0' && setting(cf, "app_secret")[0] == '\0' &&
           setting(cf, "oa_id")[0] == '\0' && setting(cf, "oa_secret_key")[0] == '\0';
}

static bool settings_complete(const struct config *cf, struct errors *err)
{
    static const struct {
        const char *key, *en, *vi;
    } needed[] = {
        { "app_id", "write the app's id, from developers.zalo.me",
          "hãy ghi mã ứng dụng, lấy tại developers.zalo.me" },
        { "app_secret", "write the app's secret key: the tokens are renewed with it",
          "hãy ghi khóa bí mật của ứng dụng, dùng để gia hạn token" },
        { "oa_secret_key",
          "write the OA Secret Key of the console's Webhook page: events are checked with it",
          "hãy ghi OA Secret Key ở trang Webhook, dùng để kiểm tra sự kiện" },
    };
    bool complete = true;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (setting(cf, needed[i].key)[0] != '\0')
            continue;
        fault(err, needed[i].key, "missing", needed[i].en, needed[i].vi);
        complete = false;
    }
    return complete;
}

static void zalo_check(const struct config *cf, const char *data_dir, struct errors *err)
{
    struct outcome_table *codes = NULL;

    load_codes(data_dir, err, &codes);
    outcome_table_free(codes);
    if (!config_bool(cf, "zalo", "enabled") || unused(cf))
        return;
    if (settings_complete(cf, err) && strcmp(setting(cf, "app_secret"), setting(cf, "oa_secret_key")) == 0)
        fault(err, "oa_secret_key", "same_secret",
              "this is the app's secret; the OA Secret Key is another one, on the console's Webhook page",
              "đây là khóa của ứng dụng; OA Secret Key là khóa khác, lấy ở trang Webhook");
    if (setting(cf, "oa_id")[0] == '\0')
        fault(err, "oa_id", "missing", "write the id of the Official Account", "hãy ghi mã Official Account");
}

static void keep_webhook_keys(struct zalo *z, const struct config *cf)
{
    z->keys = (struct zalo_webhook_keys){
        .app_id = setting(cf, "app_id"),
        .oa_secret_key = setting(cf, "oa_secret_key"),
        .oa_id = setting(cf, "oa_id"),
        .app_secret = setting(cf, "app_secret"),
    };
}

static void start(struct zalo *z, const struct config *cf)
{
    const struct zalo_oauth_settings oauth = {
        .oauth_url = setting(cf, "oauth_url"),
        .app_id = setting(cf, "app_id"),
        .app_secret = setting(cf, "app_secret"),
        .access_token = setting(cf, "access_token"),
        .refresh_token = setting(cf, "refresh_token"),
    };
    const struct zalo_link_settings link = {
        .url = { [ZALO_OA] = setting(cf, "oa_url"), [ZALO_ZBS] = setting(cf, "zbs_url") },
        .app_secret = config_bool(cf, "zalo", "appsecret_proof") ? setting(cf, "app_secret") : NULL,
        .timeout_ms = config_int(cf, "zalo", "timeout_ms"),
    };
    z->phone_options.hashed = config_bool(cf, "zalo", "hash_phone");
    z->phone_options.development = strcmp(setting(cf, "mode"), "development") == 0;
    z->in_flight_max = (unsigned)config_int(cf, "zalo", "in_flight");
    z->templates = zalo_templates_new();
    z->oauth = zalo_oauth_new(&z->env, &oauth, z->codes);
    z->link = zalo_link_new(&z->env, z->oauth, &link);
    z->standing = zalo_standing_new(&z->env, z->link, z->oauth, z->codes, setting(cf, "oa_id"));
}

static enum loa_status zalo_open(const struct channel_env *env, struct errors *err, void **state)
{
    struct outcome_table *codes = NULL;

    if (unused(env->config))
        return LOA_NOT_FOUND;
    if (!settings_complete(env->config, err))
        return LOA_INVALID;
    enum loa_status st = load_codes(env->data_dir, err, &codes);
    if (st != LOA_OK)
        return st;
    struct zalo *z = mem_alloc(sizeof *z);
    z->env = *env;
    z->codes = codes;
    keep_webhook_keys(z, env->config);
    start(z, env->config);
    *state = z;
    return LOA_OK;
}

static void zalo_close(void *state)
{
    struct zalo *z = state;
    if (z == NULL)
        return;
    while (z->refused != NULL)
        end_refused(z, z->refused);
    zalo_link_free(z->link);
    zalo_standing_free(z->standing);
    zalo_oauth_free(z->oauth);
    zalo_templates_free(z->templates);
    outcome_table_free(z->codes);
    free(z);
}

const struct channel_ops zalo_channel = {
    .channel = CH_ZALO,
    .open = zalo_open,
    .close = zalo_close,
    .send = zalo_send,
    .poll = zalo_poll,
    .verify = zalo_verify,
    .parse = zalo_parse,
    .dedupes = zalo_dedupes,
    .check = zalo_check,
};
