#include "loa/worker.h"
#include "loa/breaker.h"
#include "loa/clock.h"
#include "loa/json.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/pace.h"
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAIM_MAX          64
#define UNKNOWN            UINT_MAX
#define STORE_RETRY_MS     200
#define BUSY_RETRY_MS      100
#define NO_TOKEN_WAIT_MS   2000
#define ANSWER_SLACK_MS    5000
#define POLL_FIRST_MIN_MS  30000
#define POLL_FIRST_MAX_MS  1800000
#define PROVIDER_ID_KEEP_S (3 * 86400)

struct claim;

struct lane_set { /* one way */
    enum way way;
    struct breaker breaker;
    struct pace pace;
    unsigned window, in_flight;     /* at the provider */
    unsigned recording;             /* answered, not yet in the store */
    struct timer pause;             /* until the next token */
    unsigned ready[PARTITIONS_MAX]; /* how many may wait in the lanes, as far as we heard; UNKNOWN: look */
    bool claiming[PARTITIONS_MAX];
    struct claim *offer[PARTITIONS_MAX]; /* the claim a plan makes for us, until it has ended */
    unsigned next;                       /* partition to begin with, so that none starves */
};

struct worker {
    struct worker_env env;
    struct lane_set set[WAY_COUNT];
    unsigned busy[PARTITIONS_MAX];
    bool held[PARTITIONS_MAX];
    int64_t claims; /* serial number of the last one */
    struct batch *outcomes;
    bool paused, pump_wanted;
};

/* One claimed message on its way out. */
struct sending {
    struct worker *worker;
    struct lane_set *set;
    unsigned partition, step, attempt;
    unsigned try; /* the how-manieth attempt, since a person sent it again if one did */
    char nid[NOTICE_ID_SIZE], ckey[CRYPTO_KEY_HEX];
    char address[256], unit[64], kind[40], template_id[40];
    int64_t accepted_ms, expires_ms, started_us;
    int64_t wait_ms; /* for a receipt */
    unsigned sms_parts;
    bool has_next, urgent, action, chat;
    struct timer retry;
    /* what will be recorded */
    const char *event;
    struct outcome outcome;
    int64_t again_at_ms, wait_until_ms, poll_at_ms;
};

static void pump(void *ctx);

static void want_pump(struct worker *w)
{
    if (w->pump_wanted)
        return;
    w->pump_wanted = true;
    loop_defer(w->env.loop, pump, w);
}

/* ---- the end of an attempt: into the store, however long that takes ---- */

static void record(struct sending *s);

static void record_again(void *ctx)
{
    record(ctx);
}

bool told_state(const char *answer, char state[STATE_WORD_SIZE])
{
    size_t n = strcspn(answer, "+");
    snprintf(state, STATE_WORD_SIZE, "%.*s", (int)n, answer);
    return answer[n] == '+';
}

static void sending_end(struct sending *s, bool more)
{
    struct worker *w = s->worker;
    s->set->recording--;
    w->busy[s->partition]--;
    if (more)
        worker_wake_all(w, s->partition); /* the next step, or the citizen's next message */
    free(s);
    want_pump(w);
}

static void recorded(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct sending *s = ctx;
    char state[STATE_WORD_SIZE];
    if (st != LOA_OK && st != LOA_CANCELLED) {
        timer_start(&s->retry, s->worker->env.loop, STORE_RETRY_MS, record_again, s);
        return;
    }
    bool more = told_state(redis_str(v, NULL), state);
    if (strcmp(state, "failed") == 0 || strcmp(state, "suppressed") == 0)
        metric_add(M_MESSAGE_FINAL, channel_word(way_channel(s->set->way)), state, 1);
    sending_end(s, more);
}

static int64_t price_of(const struct sending *s)
{
    if (s->outcome.cost_vnd >= 0)
        return s->outcome.cost_vnd;
    if (s->outcome.class != OUTCOME_ACCEPTED)
        return 0;
    int64_t price = config_int(s->worker->env.config, channel_word(way_channel(s->set->way)), "price_vnd");
    return s->set->way == WAY_ZALO_CS ? 0 : price * (s->sms_parts ? s->sms_parts : 1);
}

/* The provider is done with it, or never saw it: its place in the window is free. */
static void answered(struct sending *s)
{
    s->set->in_flight--;
    s->set->recording++;
    want_pump(s->worker);
    record(s);
}

static void record(struct sending *s)
{
    struct args *a = batch_item(s->worker->outcomes, s->partition, recorded, s);
    char suppress[64] = "";
    int64_t until_ms = outcome_suppress_until_ms(&s->outcome, clock_wall_ms());
    if (until_ms != 0)
        snprintf(suppress, sizeof suppress, "%s=%lld", way_word(s->set->way), (long long)until_ms);
    args_str(a, s->nid);
    args_int(a, s->step);
    args_int(a, s->attempt);
    args_str(a, s->event);
    args_str(a, s->outcome.code);
    args_str(a, s->outcome.provider_id);
    args_int(a, price_of(s));
    args_int(a, s->again_at_ms);
    args_int(a, s->wait_until_ms);
    args_int(a, s->poll_at_ms);
    args_str(a, suppress);
}

/* Receipts of some ways name only the provider's id: remember whose it is, under a hash of that id. */
static void provider_id_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)v;
    if (st != LOA_OK)
        log_warn("provider_id_not_kept", "status", loa_status_word(st));
}

static void remember_provider_id(struct sending *s)
{
    struct store *st = s->worker->env.store;
    unsigned p = store_partition_of(st, s->outcome.provider_id);
    char where[40];
    ref_make(where, s->nid, s->step, s->attempt);
    struct args a;
    args_init(&a);
    args_key(&a, p, "x:%s:%s", channel_word(way_channel(s->set->way)), s->outcome.provider_id);
    args_str(&a, where);
    args_str(&a, "EX");
    args_int(&a, PROVIDER_ID_KEEP_S);
    if (store_command(st, p, "SET", &a, provider_id_done, NULL) != LOA_OK)
        provider_id_done(NULL, LOA_UNAVAILABLE, NULL);
    args_clear(&a);
}

/* ---- what an outcome means ---- */

static int64_t backoff_ms(const struct sending *s)
{
    const struct limits *l = policy_limits(*s->worker->env.policy);
    int64_t ms = l->backoff_first_ms;
    for (unsigned i = 1; i < s->try && ms < l->backoff_max_ms; i++)
        ms *= 2;
    ms = ms > l->backoff_max_ms ? l->backoff_max_ms : ms;
    return ms +
           (int64_t)(crypto_random_u64() % (uint64_t)(ms / 4 + 1)); /* jitter: no herd at the same instant */
}

/* A way that is blocked: what is urgent takes the next step, the rest waits for it. */
static void decide_blocked(struct sending *s, int64_t now)
{
    const struct limits *l = policy_limits(*s->worker->env.policy);
    unsigned tries = s->outcome.max_tries ? s->outcome.max_tries : l->tries;
    bool soon = s->outcome.wait_ms > 0 && s->outcome.wait_ms <= 5000;
    if (s->has_next && !soon && (s->urgent || s->try >= tries)) {
        s->event = "refused";
        return;
    }
    int64_t open_ms = breaker_open_ms(&s->set->breaker);
    int64_t wait = s->outcome.wait_ms > 0 ? s->outcome.wait_ms : backoff_ms(s);
    s->event = "again";
    s->again_at_ms = now + (wait > open_ms ? wait : open_ms);
}

static void decide(struct sending *s)
{
    const struct limits *l = policy_limits(*s->worker->env.policy);
    const struct channel_ops *ops = channel_ops_of(way_channel(s->set->way));
    int64_t now = clock_wall_ms();
    unsigned tries = s->outcome.max_tries ? s->outcome.max_tries : l->tries;
    switch (s->outcome.class) {
    case OUTCOME_ACCEPTED:
    case OUTCOME_DUPLICATE:
        s->event = "accepted";
        s->wait_until_ms = now + s->wait_ms;
        if (ops->poll != NULL && s->outcome.provider_id[0] != '\0' && s->wait_ms > 0) {
            int64_t after = s->wait_ms / 3;
            after = after < POLL_FIRST_MIN_MS ? POLL_FIRST_MIN_MS : after;
            s->poll_at_ms = now + (after > POLL_FIRST_MAX_MS ? POLL_FIRST_MAX_MS : after);
        }
        break;
    case OUTCOME_RECIPIENT_INVALID:
    case OUTCOME_RECIPIENT_REFUSED:
    case OUTCOME_CONTENT_REJECTED:
        s->event = "refused";
        break;
    case OUTCOME_SENDER_REJECTED:
    case OUTCOME_AUTH:
    case OUTCOME_BALANCE:
    case OUTCOME_THROTTLED:
        decide_blocked(s, now);
        break;
    case OUTCOME_UNCERTAIN:
        s->event = "unknown";
        s->wait_until_ms = s->chat ? now + NOTICE_CHAT_DOUBT_MS
                                   : now + (ops->dedupes(s->worker->env.channel[ops->channel], s->set->way)
                                                ? l->uncertain_safe_wait_ms
                                                : l->uncertain_wait_ms);
        break;
    default:
        s->event = s->try >= tries ? "refused" : "again";
        s->again_at_ms = now + (s->outcome.wait_ms > 0 ? s->outcome.wait_ms : backoff_ms(s));
    }
}

static void log_result(const struct sending *s)
{
    const char *channel = channel_word(way_channel(s->set->way));
    double send_s = (double)(clock_mono_us() - s->started_us) / 1e6;
    metric_add(M_SEND_OUTCOME, channel, outcome_class_word(s->outcome.class), 1);
    metric_observe(M_SEND_SECONDS, channel, send_s);
    if (s->outcome.class == OUTCOME_ACCEPTED)
        metric_add(M_COST_VND, channel, NULL, (double)price_of(s));
    enum log_level level = s->outcome.class == OUTCOME_ACCEPTED || s->outcome.class == OUTCOME_DUPLICATE
                               ? LOG_LEVEL_INFO
                               : LOG_LEVEL_WARN;
    if (level < log_get_level())
        return;
    char step[4], attempt[8], ms[24];
    snprintf(step, sizeof step, "%u", s->step % 10);
    snprintf(attempt, sizeof attempt, "%u", s->attempt % 1000);
    snprintf(ms, sizeof ms, "%.1f", send_s * 1000);
    log_event(level, "send_result", "notification", s->nid, "step", step, "way", way_word(s->set->way), "try",
              attempt, "kind", s->kind, "to",
              way_channel(s->set->way) == CH_EMAIL ? log_addr(s->address) : log_phone(s->address), "result",
              outcome_class_word(s->outcome.class), "code", s->outcome.code, "next", s->event, "send_ms", ms,
              NULL);
}

static void send_done(void *ctx, const struct outcome *o)
{
    struct sending *s = ctx;
    s->outcome = *o;
    if (breaker_feed(&s->set->breaker, s->template_id, o)) {
        char code[64];
        snprintf(code, sizeof code, "%s:%s", way_word(s->set->way), o->code);
        metric_set(M_BREAKER_OPEN, channel_word(way_channel(s->set->way)), NULL, 1);
        s->worker->env.alert(s->worker->env.alert_ctx, code, o->sentence_vi);
    } else if (breaker_open_ms(&s->set->breaker) == 0) {
        metric_set(M_BREAKER_OPEN, channel_word(way_channel(s->set->way)), NULL, 0);
    }
    decide(s);
    log_result(s);
    bool known_by_id = s->set->way == WAY_ZALO_CS || s->set->way == WAY_ZALO_UID;
    if (known_by_id && s->outcome.class == OUTCOME_ACCEPTED && s->outcome.provider_id[0] != '\0')
        remember_provider_id(s);
    answered(s);
}

/* ---- the beginning of an attempt ---- */

static void give_up(struct sending *s, const char *event, enum outcome_class class, const char *code,
                    int64_t again_after_ms)
{
    outcome_init(&s->outcome, class, code, "");
    s->outcome.cost_vnd = 0;
    s->event = event;
    s->again_at_ms = clock_wall_ms() + again_after_ms;
    answered(s);
}

static const char *address_of(const cJSON *body, enum way way)
{
    const cJSON *a = json_get(body, "a");
    switch (way) {
    case WAY_ZALO_CS:
    case WAY_ZALO_UID:
        return json_str_or(a, "zalo", "");
    case WAY_EMAIL:
        return json_str_or(a, "email", "");
    default:
        return json_str_or(a, "phone", "");
    }
}

/* A line of a conversation goes as it is. */
static bool render_chat(const cJSON *body, struct text *text)
{
    const cJSON *p = json_get(body, "p");
    buf_str(&text->body, json_str_or(p, "text", ""));
    buf_str(&text->data, json_str_or(p, "extras", ""));
    snprintf(text->kind, sizeof text->kind, "%s", NOTICE_KIND_CHAT);
    return buf_ok(&text->body) && buf_ok(&text->data);
}

static bool render(struct sending *s, const cJSON *body, struct text *text, char *why, size_t why_size)
{
    if (s->chat)
        return render_chat(body, text);
    struct params p;
    const char *variants[NOTICE_VARIANTS + 1] = { NULL };
    unsigned count = 0;
    const cJSON *v;
    cJSON_ArrayForEach(v, json_get(body, "v"))
    {
        if (count < NOTICE_VARIANTS && cJSON_IsString(v))
            variants[count++] = v->valuestring;
    }
    params_init(&p);
    const cJSON *item;
    cJSON_ArrayForEach(item, json_get(body, "p"))
    {
        if (cJSON_IsString(item))
            params_set(&p, item->string, item->valuestring);
    }
    struct render_options opt = {
        .variants = variants,
        .sms_keep_marks = strcmp(config_str(s->worker->env.config, "sms", "diacritics"), "keep") == 0,
    };
    enum loa_status st =
        template_render(*s->worker->env.templates, s->kind, s->set->way, &opt, &p, text, why, why_size);
    params_clear(&p);
    return st == LOA_OK;
}

static void dispatch(struct sending *s, const struct text *text, bool repeat)
{
    struct send send = { .way = s->set->way,
                         .address = s->address,
                         .text = text,
                         .attempt = s->attempt,
                         .repeat = repeat,
                         .deadline_ms = s->expires_ms,
                         .unit = s->unit };
    enum channel ch = way_channel(s->set->way);
    ref_make(send.ref, s->nid, s->step, s->attempt);
    snprintf(s->template_id, sizeof s->template_id, "%s", text->template_id);
    s->sms_parts = text->sms_parts;
    if (!breaker_allows_template(&s->set->breaker, text->template_id)) {
        give_up(s, s->has_next ? "refused" : "unsent", OUTCOME_SENDER_REJECTED, "template_blocked", 60000);
        return;
    }
    s->started_us = clock_mono_us();
    if (s->attempt == 1 && s->accepted_ms > 0)
        metric_observe(M_HANDOVER_SECONDS, channel_word(ch),
                       (double)(clock_wall_ms() - s->accepted_ms) / 1000);
    enum loa_status st = channel_ops_of(ch)->send(s->worker->env.channel[ch], &send, send_done, s);
    if (st != LOA_OK)
        give_up(s, "unsent", OUTCOME_TRANSIENT, loa_status_word(st),
                st == LOA_UNAVAILABLE ? NO_TOKEN_WAIT_MS : BUSY_RETRY_MS);
}

static void send_body(struct sending *s, const cJSON *body, const char *no, bool repeat)
{
    const struct status_rule *rule = policy_kind_rule(*s->worker->env.policy, s->kind);
    const char *refused = s->chat ? NULL : citizen_refuses(no, rule, s->set->way, clock_wall_ms());
    if (refused != NULL) {
        give_up(s, "cut", OUTCOME_RECIPIENT_REFUSED, refused, 0);
        return;
    }
    struct text text;
    char why[160] = "";
    text_message_init(&text);
    snprintf(s->address, sizeof s->address, "%s", address_of(body, s->set->way));
    if (render(s, body, &text, why, sizeof why)) {
        dispatch(s, &text, repeat);
    } else {
        metric_add(M_TEMPLATE_ERRORS, NULL, NULL, 1);
        log_error("render_failed", "kind", s->kind, "way", way_word(s->set->way), "why", why);
        give_up(s, "refused", OUTCOME_CONTENT_REJECTED, "template", 0);
    }
    text_message_clear(&text);
}

/* plan: "way:wait:beside;…" */
static void read_plan(struct sending *s, const char *plan)
{
    unsigned k = 0;
    for (const char *at = plan; *at != '\0'; k++) {
        const char *wait = strchr(at, ':'), *end = strchr(at, ';');
        if (wait == NULL || end == NULL)
            return;
        bool beside = end[-1] == '1';
        if (k == s->step)
            s->wait_ms = strtoll(wait + 1, NULL, 10);
        else if (k > s->step && !beside)
            s->has_next = true;
        at = end + 1;
    }
}

static void read_header(struct sending *s, const char *text, size_t n)
{
    cJSON *h = NULL;
    if (json_parse(text, n, &h, NULL, 0) == LOA_OK) {
        snprintf(s->kind, sizeof s->kind, "%s", json_str_or(h, "kind", ""));
        snprintf(s->unit, sizeof s->unit, "%s", json_str_or(h, "unit", ""));
        json_int(h, "accepted", &s->accepted_ms);
        s->urgent = strcmp(json_str_or(h, "lane", ""), "urgent") == 0;
        s->chat = strcmp(s->kind, NOTICE_KIND_CHAT) == 0;
    }
    cJSON_Delete(h);
}

/* item: nid, k, attempt, repeat, header, sealed body, expires, plan, ckey, no, zw, zf, try (claim.lua) */
static void begin(struct worker *w, struct lane_set *set, unsigned partition, const struct redis_value *item)
{
    struct sending *s = mem_alloc(sizeof *s);
    size_t n;
    s->worker = w;
    s->set = set;
    s->partition = partition;
    snprintf(s->nid, sizeof s->nid, "%s", redis_str(redis_at(item, 0), NULL));
    s->step = (unsigned)redis_int(redis_at(item, 1));
    s->attempt = (unsigned)redis_int(redis_at(item, 2));
    s->try = (unsigned)redis_int(redis_at(item, 12));
    s->expires_ms = redis_int(redis_at(item, 6));
    read_plan(s, redis_str(redis_at(item, 7), NULL));
    const char *header = redis_str(redis_at(item, 4), &n);
    read_header(s, header, n);
    set->in_flight++;
    w->busy[partition]++;

    struct buf plain = BUF_INIT(NOTICE_BODY_MAX);
    char key[STORE_KEY_MAX];
    cJSON *body = NULL;
    const char *sealed = redis_str(redis_at(item, 5), &n);
    store_key(key, 0, "n:%s", s->nid);
    if (crypto_unseal(store_crypto(w->env.store), key, sealed, n, &plain) == LOA_OK &&
        json_parse(buf_cstr(&plain), plain.len, &body, NULL, 0) == LOA_OK)
        send_body(s, body, redis_str(redis_at(item, 9), NULL), redis_int(redis_at(item, 3)) == 1);
    else
        give_up(s, "refused", OUTCOME_CONTENT_REJECTED, "body_unreadable", 0);
    cJSON_Delete(body);
    buf_clear(&plain);
}

/* ---- claiming ---- */

struct claim {
    struct worker *worker;
    struct lane_set *set;
    unsigned partition, limit, taken;
    int64_t epoch, serial;
    bool divert, probe, by_plan;
    bool over;  /* answered; perhaps to be given back */
    bool looks; /* without knowing how many there are */
    struct timer retry;
};

/* The store keeps the last claim of each claimer. */
static const char *claimer(const struct claim *c, char out[64])
{
    snprintf(out, 64, "%s%s", c->worker->env.process_id, c->by_plan ? "+" : "");
    return out;
}

static void claim_end(struct claim *c)
{
    struct worker *w = c->worker;
    if (c->by_plan)
        c->set->offer[c->partition] = NULL;
    else
        c->set->claiming[c->partition] = false;
    c->set->in_flight -= c->limit;
    w->busy[c->partition]--;
    pace_give(&c->set->pace, c->limit - c->taken);
    if (c->probe && c->taken == 0)
        breaker_not_used(&c->set->breaker);
    free(c);
    want_pump(w);
}

/* The store may have given us messages without our hearing of it, or so late that they are no longer ours to
 * send. Only we know that nothing of them left: without this word they would count as uncertain. */
static void give_back(void *ctx);

static void given_back(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct claim *c = ctx;
    bool gone = st == LOA_CANCELLED || st == LOA_INVALID;
    if (st != LOA_OK && !gone) {
        timer_start(&c->retry, c->worker->env.loop, STORE_RETRY_MS, give_back, c);
        return;
    }
    if (redis_int(v) > 0)
        log_warn("claim_given_back", "partition", log_num(c->partition), "way", way_word(c->set->way),
                 "count", log_num(redis_int(v)));
    c->set->ready[c->partition] = UNKNOWN;
    claim_end(c);
}

static void give_back(void *ctx)
{
    struct claim *c = ctx;
    struct worker *w = c->worker;
    char name[64];
    struct args a;
    args_init(&a);
    args_key(&a, c->partition, "led");
    args_int(&a, clock_wall_ms());
    args_str(&a, way_word(c->set->way));
    args_str(&a, claimer(c, name));
    args_int(&a, c->serial);
    if (store_script(w->env.store, c->partition, "unclaim", &a, given_back, c) != LOA_OK)
        timer_start(&c->retry, w->env.loop, STORE_RETRY_MS, give_back, c);
    args_clear(&a);
}

/* Still ours to send? The lease may have gone while the store was busy. */
static bool is_ours(const struct claim *c)
{
    return lease_epoch(c->worker->env.leases, c->partition) == c->epoch;
}

static void claim_answered(struct claim *c, enum loa_status st)
{
    c->over = true;
    if (st == LOA_STALE)
        lease_lost(c->worker->env.leases, c->partition);
    bool taken_in_vain = st == LOA_OK ? !is_ours(c) : st != LOA_STALE && st != LOA_CANCELLED;
    if (taken_in_vain && !c->divert)
        give_back(c);
    else
        claim_end(c);
}

static void claimed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct claim *c = ctx;
    struct worker *w = c->worker;
    if (st == LOA_OK && c->divert) {
        if (redis_int(v) > 0) /* the next step is another way */
            worker_wake_all(w, c->partition);
    } else if (st == LOA_OK && is_ours(c)) {
        c->taken = (unsigned)redis_count(v);
        if (c->taken == c->limit && c->looks)
            c->set->ready[c->partition] = UNKNOWN; /* there may be more */
        for (size_t i = 0; i < c->taken; i++)
            begin(w, c->set, c->partition, redis_at(v, i));
    }
    claim_answered(c, st);
}

static void claim_refused(void *ctx)
{
    claim_end(ctx);
}

static struct claim *claim_new(struct worker *w, struct lane_set *set, unsigned partition, unsigned limit)
{
    struct claim *c = mem_alloc(sizeof *c);
    c->worker = w;
    c->set = set;
    c->partition = partition;
    c->limit = limit;
    c->epoch = lease_epoch(w->env.leases, partition);
    c->serial = ++w->claims;
    c->probe = set->breaker.way.probing;
    set->in_flight += limit; /* reserved until we know how many there are */
    w->busy[partition]++;
    pace_take(&set->pace, limit);
    return c;
}

static int64_t answer_by(const struct worker *w, const struct lane_set *set)
{
    int64_t timeout = config_int(w->env.config, channel_word(way_channel(set->way)), "timeout_ms");
    return clock_wall_ms() + 2 * timeout + ANSWER_SLACK_MS;
}

static void claim(struct worker *w, struct lane_set *set, unsigned partition, unsigned limit, bool divert)
{
    struct claim *c = claim_new(w, set, partition, limit);
    c->divert = divert;
    c->probe &= !divert;
    c->looks = set->ready[partition] == UNKNOWN;
    set->ready[partition] -= c->looks ? UNKNOWN : limit; /* what wakes us during the claim comes on top */
    set->claiming[partition] = true;
    char name[64];
    struct args a;
    args_init(&a);
    args_key(&a, partition, "lease");
    args_int(&a, c->epoch);
    args_int(&a, clock_wall_ms());
    args_str(&a, way_word(set->way));
    args_int(&a, limit);
    args_int(&a, answer_by(w, set));
    args_str(&a, divert ? "divert" : "send");
    args_str(&a, claimer(c, name));
    args_int(&a, c->serial);
    if (store_script(w->env.store, partition, "claim", &a, claimed, c) != LOA_OK)
        loop_defer(w->env.loop, claim_refused, c); /* `later` wakes us again when the store is back */
    args_clear(&a);
}

static void pause_over(void *ctx)
{
    want_pump(ctx);
}

/* How many may be claimed now, all limits considered. */
static unsigned room(struct worker *w, struct lane_set *set)
{
    unsigned room = set->window > set->in_flight ? set->window - set->in_flight : 0;
    room = room > CLAIM_MAX ? CLAIM_MAX : room;
    room = set->recording < set->window ? room : 0; /* the store does not keep up, or is away */
    double rate = (double)config_int(w->env.config, channel_word(way_channel(set->way)), "rate");
    unsigned owned = leases_count(w->env.leases);
    pace_set(&set->pace, rate * owned / store_partitions(w->env.store));
    unsigned allowed = pace_available(&set->pace, room);
    if (allowed == 0 && room > 0 && !timer_running(&set->pause))
        timer_start(&set->pause, w->env.loop, pace_wait_ms(&set->pace), pause_over, w);
    return allowed;
}

static void pump_way(struct worker *w, struct lane_set *set)
{
    unsigned n = store_partitions(w->env.store);
    assert(n > 0);
    for (unsigned i = 0; i < n; i++) {
        unsigned p = (set->next + i) % n;
        if (set->ready[p] == 0 || set->claiming[p] || w->held[p] || !lease_owned(w->env.leases, p))
            continue;
        unsigned limit = room(w, set);
        if (limit == 0) {
            set->next = p;
            return;
        }
        limit = set->ready[p] < limit ? set->ready[p] : limit;
        bool free_way = breaker_allows(&set->breaker, &limit);
        claim(w, set, p, limit, !free_way);
    }
    set->next = (set->next + 1) % n;
}

static void pump(void *ctx)
{
    struct worker *w = ctx;
    w->pump_wanted = false;
    for (unsigned way = 0; way < WAY_COUNT && !w->paused; way++)
        if (w->env.channel[way_channel((enum way)way)] != NULL)
            pump_way(w, &w->set[way]);
}

/* ---- what a plan may take for us (plan.lua) ---- */

static void offer(void *ctx, unsigned partition, const unsigned wanted[WAY_COUNT], struct buf *out)
{
    struct worker *w = ctx;
    char name[64];
    if (w->paused || w->held[partition] || !lease_owned(w->env.leases, partition))
        return;
    for (unsigned i = 0; i < WAY_COUNT; i++) {
        struct lane_set *set = &w->set[i];
        if (wanted[i] == 0 || set->offer[partition] != NULL || w->env.channel[way_channel(set->way)] == NULL)
            continue;
        unsigned limit = room(w, set);
        limit = wanted[i] < limit ? wanted[i] : limit;
        if (limit == 0 || !breaker_allows(&set->breaker, &limit))
            continue;
        struct claim *c = set->offer[partition] = claim_new(w, set, partition, limit);
        c->by_plan = true;
        if (out->len == 0)
            buf_printf(out, "%lld %s ", (long long)c->epoch, claimer(c, name));
        buf_printf(out, "%s:%u:%lld:%lld;", way_word(set->way), limit, (long long)answer_by(w, set),
                   (long long)c->serial);
    }
}

static void taken(void *ctx, unsigned partition, enum way way, const struct redis_value *item)
{
    struct worker *w = ctx;
    struct claim *c = w->set[way].offer[partition];
    if (c == NULL || !is_ours(c))
        return;
    c->taken++;
    begin(w, c->set, partition, item);
}

static void offers_over(void *ctx, unsigned partition, enum loa_status st)
{
    struct worker *w = ctx;
    for (unsigned i = 0; i < WAY_COUNT; i++) {
        struct claim *c = w->set[i].offer[partition];
        if (c != NULL && !c->over)
            claim_answered(c, st);
    }
}

/* ---- life ---- */

static enum loa_status outcome_head(void *ctx, unsigned partition, struct args *a)
{
    (void)ctx;
    args_key(a, partition, "led");
    args_int(a, clock_wall_ms());
    return LOA_OK;
}

struct worker *worker_new(const struct worker_env *env)
{
    struct worker *w = mem_alloc(sizeof *w);
    w->env = *env;
    const struct limits *l = policy_limits(*env->policy);
    for (unsigned i = 0; i < WAY_COUNT; i++) {
        w->set[i].way = (enum way)i;
        breaker_init(&w->set[i].breaker, l->breaker_open_ms, l->breaker_failures);
        const char *section = channel_word(way_channel((enum way)i));
        w->set[i].window = way_channel((enum way)i) == CH_PORTAL
                               ? 0
                               : (unsigned)config_int(env->config, section, "in_flight");
    }
    w->outcomes = batch_new(env->store, "outcome", outcome_head, w);
    batch_mix(w->outcomes);
    planner_set_taker(env->planner, &(struct planner_taker){ offer, taken, offers_over, w });
    return w;
}

void worker_free(struct worker *w)
{
    if (w == NULL)
        return;
    for (unsigned i = 0; i < WAY_COUNT; i++)
        timer_stop(&w->set[i].pause);
    planner_set_taker(w->env.planner, &(struct planner_taker){ 0 });
    batch_free(w->outcomes);
    free(w);
}

void worker_wake(struct worker *w, unsigned partition, enum way way)
{
    unsigned *ready = &w->set[way].ready[partition];
    *ready += *ready != UNKNOWN;
    want_pump(w);
}

void worker_look(struct worker *w, unsigned partition, enum way way)
{
    w->set[way].ready[partition] = UNKNOWN;
    want_pump(w);
}

void worker_wake_all(struct worker *w, unsigned partition)
{
    for (unsigned i = 0; i < WAY_COUNT; i++)
        w->set[i].ready[partition] = UNKNOWN;
    want_pump(w);
}

void worker_hold(struct worker *w, unsigned partition, bool hold)
{
    w->held[partition] = hold;
    if (!hold)
        worker_wake_all(w, partition);
}

bool worker_idle(const struct worker *w, unsigned partition)
{
    return w->busy[partition] == 0;
}

void worker_pause(struct worker *w)
{
    w->paused = true;
}
