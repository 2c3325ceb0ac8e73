#include "loa/notice.h"
#include "loa/clock.h"
#include "loa/json.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZALO_FREE_WINDOW_MS                                                                                  \
    (48LL * 3600 * 1000) /* docs.zaloplatforms.com: free for 48 h after the last touch */

struct planner {
    struct planner_env env;
    struct planner_taker taker; /* all NULL: messages wait in their lanes */
    struct batch *batch;
    unsigned wanted[PARTITIONS_MAX][WAY_COUNT]; /* messages of the next call that may leave at once */
    bool offered[PARTITIONS_MAX];
};

void notice_init(struct notice *n)
{
    memset(n, 0, sizeof *n);
    n->status = -1;
    n->allow_sms = n->allow_email = n->allow_zalo = -1;
    n->lane = LANE_NORMAL;
    params_init(&n->params);
}

void notice_clear(struct notice *n)
{
    params_clear(&n->params);
}

void notice_set_id(struct notice *n, const struct store *s, const char *ckey, const char *salt)
{
    struct buf b = BUF_INIT(1024);
    buf_printf(&b, "%s|%d|%s|%lld|%s|%s", n->code, n->status, n->kind, (long long)n->at_ms, ckey, salt);
    int at = snprintf(n->nid, sizeof n->nid, "%02u", store_partition_of_citizen(s, ckey));
    crypto_hash_hex(b.data, b.len, n->nid + at, 20);
    buf_clear(&b);
}

bool notice_id_partition(const char *nid, unsigned *partition)
{
    if (strlen(nid) != NOTICE_ID_SIZE - 1 || strspn(nid, "0123456789abcdef") != NOTICE_ID_SIZE - 1 ||
        nid[0] > '9' || nid[1] > '9')
        return false;
    *partition = (unsigned)(nid[0] - '0') * 10 + (unsigned)(nid[1] - '0');
    return *partition < PARTITIONS_MAX;
}

/* ---- which ways ---- */

struct draft { /* one notification being planned */
    struct buf plan, dues, skips, left_out;
    bool ready[WAY_COUNT]; /* begins at once */
    bool chain, portal;    /* a step of the chain has begun; the portal has it */
    const char *phone, *email;
};

static bool wanted(const struct notice *n, enum way w)
{
    if (n->only_ways == NULL)
        return true;
    for (const char *const *word = n->only_ways; *word != NULL; word++)
        if (strcmp(*word, way_word(w)) == 0 || strcmp(*word, channel_word(way_channel(w))) == 0)
            return true;
    return false;
}

/* A conversation goes on where it is; that the platform took the line is enough. */
static const struct plan_step chat_steps[] = { { .way = WAY_ZALO_CS, .wait_ms = 0 } };

static bool is_chat(const struct notice *n)
{
    return strcmp(n->kind, NOTICE_KIND_CHAT) == 0;
}

/* Why this way is no way at all for this citizen and this news; NULL when it is one. */
static const char *impossible(const struct planner *p, const struct notice *n, const struct citizen *c,
                              const struct draft *d, enum way w, int64_t now)
{
    if (!config_bool(p->env.config, channel_word(way_channel(w)), "enabled"))
        return "off";
    if (!wanted(n, w))
        return "not_asked";
    if (!is_chat(n) && !template_has(*p->env.templates, n->kind, w))
        return "no_template";
    if (way_channel(w) == CH_ZALO && n->organisation)
        return "organisation";
    switch (w) {
    case WAY_ZALO_CS:
        if (c->zalo[0] == '\0')
            return "no_account";
        return c->zalo_touch_ms + ZALO_FREE_WINDOW_MS > now ? NULL : "window_closed";
    case WAY_ZALO_UID:
        return c->zalo[0] != '\0' ? NULL : "no_account";
    case WAY_ZALO_ZBS:
    case WAY_SMS:
        return d->phone[0] != '\0' ? NULL : "no_phone";
    case WAY_EMAIL:
        return d->email[0] != '\0' ? NULL : "no_email";
    default:
        return NULL;
    }
}

/* Why the citizen must not get it this way although it would work; NULL when it is welcome. */
static const char *unwelcome(const struct planner *p, const struct notice *n, const struct citizen *c,
                             enum way w, int64_t now)
{
    enum channel ch = way_channel(w);
    if ((ch == CH_SMS && n->allow_sms == 0) || (ch == CH_EMAIL && n->allow_email == 0) ||
        (ch == CH_ZALO && n->allow_zalo == 0))
        return "no_consent";
    if (is_chat(n)) /* the citizen asked for it just now */
        return NULL;
    if (w == WAY_PORTAL && n->code[0] != '\0') /* where everything about a dossier can be read */
        return NULL;
    return citizen_refuses(c->no, policy_kind_rule(*p->env.policy, n->kind), w, now);
}

static void draft_step(struct planner *p, const struct notice *n, const struct citizen *c, struct draft *d,
                       const struct plan_step *step, int64_t now, unsigned *count)
{
    const struct policy *policy = *p->env.policy;
    const char *why = impossible(p, n, c, d, step->way, now);
    if (why != NULL) {
        if (strcmp(why, "off") != 0)
            buf_printf(&d->left_out, "%s=%s;", way_word(step->way), why);
        return;
    }
    buf_printf(&d->plan, "%s:%lld:%d;", way_word(step->way), (long long)step->wait_ms, step->alongside);
    int64_t not_before = policy_not_before(policy, step->way, n->lane, n->action, now);
    buf_printf(&d->dues, "%lld,", (long long)not_before);
    why = unwelcome(p, n, c, step->way, now);
    if (why != NULL)
        buf_printf(&d->skips, "%u=%s;", *count, why);
    bool begins = why == NULL && (step->alongside || !d->chain);
    d->ready[step->way] = begins && not_before <= now;
    d->chain |= begins && !step->alongside;
    d->portal |= step->way == WAY_PORTAL && why == NULL;
    ++*count;
}

/* ---- what is stored ---- */

static void header_json(const struct notice *n, const char *ckey, const char *left_out, struct buf *out)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "code", n->code);
    cJSON_AddStringToObject(j, "kind", n->kind);
    cJSON_AddNumberToObject(j, "status", n->status);
    cJSON_AddNumberToObject(j, "at", (double)n->at_ms);
    cJSON_AddStringToObject(j, "ckey", ckey);
    cJSON_AddStringToObject(j, "unit", n->unit);
    cJSON_AddStringToObject(j, "lane", lane_word(n->lane));
    cJSON_AddStringToObject(j, "source", n->source);
    cJSON_AddNumberToObject(j, "accepted", (double)n->accepted_ms);
    if (n->procedure[0] != '\0')
        cJSON_AddStringToObject(j, "procedure", n->procedure);
    if (left_out[0] != '\0')
        cJSON_AddStringToObject(j, "skip", left_out);
    json_print(j, out);
    cJSON_Delete(j);
}

static void body_json(const struct notice *n, const struct citizen *c, const struct draft *d, struct buf *out)
{
    buf_str(out, "{\"p\":");
    params_to_json(&n->params, out);
    buf_str(out, ",\"v\":[");
    for (unsigned i = 0; i < NOTICE_VARIANTS && n->variants[i] != NULL; i++) {
        buf_str(out, i ? "," : "");
        buf_json_string(out, n->variants[i], strlen(n->variants[i]));
    }
    buf_str(out, "],\"a\":{\"phone\":");
    buf_json_string(out, d->phone, strlen(d->phone));
    buf_str(out, ",\"email\":");
    buf_json_string(out, d->email, strlen(d->email));
    buf_str(out, ",\"zalo\":");
    buf_json_string(out, c->zalo, strlen(c->zalo));
    buf_str(out, "}}");
}

/* The portal's own text, sealed: {"title","body","buttons","code","kind","at"}. Empty when there is no portal
 * step. */
static void portal_sealed(struct planner *p, const struct notice *n, const struct citizen *c, struct buf *out)
{
    struct text t;
    char why[160], key[STORE_KEY_MAX];
    struct render_options opt = { .variants = n->variants };
    text_message_init(&t);
    if (template_render(*p->env.templates, n->kind, WAY_PORTAL, &opt, &n->params, &t, why, sizeof why) ==
        LOA_OK) {
        struct buf j = BUF_INIT(NOTICE_BODY_MAX);
        buf_str(&j, "{\"title\":");
        buf_json_string(&j, buf_cstr(&t.subject), t.subject.len);
        buf_str(&j, ",\"body\":");
        buf_json_string(&j, buf_cstr(&t.body), t.body.len);
        if (t.data.len != 0) { /* a JSON array already: [{"title","url"}] */
            buf_str(&j, ",\"buttons\":");
            buf_add(&j, t.data.data, t.data.len);
        }
        buf_printf(&j, ",\"code\":\"%s\",\"kind\":\"%s\",\"status\":%d,\"at\":%lld}", n->code, n->kind,
                   n->status, (long long)n->at_ms);
        crypto_seal(store_crypto(p->env.store), store_key(key, 0, "ib:%s", c->ckey), j.data, j.len, out);
        buf_clear(&j);
    } else {
        metric_add(M_TEMPLATE_ERRORS, NULL, NULL, 1);
        log_error("portal_text_failed", "kind", n->kind, "why", why);
    }
    text_message_clear(&t);
}

/* ---- the call ---- */

struct planning {
    struct planner *planner;
    unsigned partition;
    bool ready[WAY_COUNT];
    notice_done_fn *done;
    void *ctx;
};

/* list of way, item (claim.lua), …: what the script took for us to send */
static void hand_over(struct planning *pl, const struct redis_value *list)
{
    const struct planner_taker *t = &pl->planner->taker;
    for (size_t i = 0; i + 1 < redis_count(list); i += 2) {
        int way = way_from_word(redis_str(redis_at(list, i), NULL));
        if (way < 0)
            continue;
        pl->ready[way] = false;
        t->taken(t->ctx, pl->partition, (enum way)way, redis_at(list, i + 1));
    }
}

static void planned(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct planning *pl = ctx;
    struct planner_env *env = &pl->planner->env;
    bool taken = st == LOA_OK && redis_type(v) == REDIS_ARRAY;
    if (taken)
        hand_over(pl, v);
    else if (st == LOA_OK && redis_int(v) < 0)
        st = LOA_BUSY;
    bool made = taken || (st == LOA_OK && redis_int(v) == 1);
    for (unsigned w = 0; made && w < WAY_COUNT; w++) {
        if (pl->ready[w] && w != WAY_PORTAL)
            env->wake(env->wake_ctx, pl->partition, (enum way)w);
    }
    pl->done(pl->ctx, st, made);
    free(pl);
}

struct offer { /* what one call may take */
    struct planner *planner;
    bool in[PARTITIONS_MAX];
};

static void offer_over(void *ctx, enum loa_status st)
{
    struct offer *o = ctx;
    struct planner *p = o->planner;
    for (unsigned i = 0; i < PARTITIONS_MAX; i++) {
        if (!o->in[i])
            continue;
        p->offered[i] = false;
        p->taker.over(p->taker.ctx, i, st);
    }
    free(o);
}

/* A line of what may be taken in this partition, if anything is wanted there; see plan.lua. */
static void add_offer(struct planner *p, struct offer *o, unsigned partition, struct buf *text)
{
    struct buf line = BUF_INIT(1024);
    if (p->taker.offer != NULL && !p->offered[partition])
        p->taker.offer(p->taker.ctx, partition, p->wanted[partition], &line);
    if (line.len > 0) {
        buf_printf(text, "%02u %s\n", partition, buf_cstr(&line));
        o->in[partition] = p->offered[partition] = true;
    }
    memset(p->wanted[partition], 0, sizeof p->wanted[partition]);
    buf_clear(&line);
}

static enum loa_status plan_head(void *ctx, unsigned partition, struct args *a)
{
    struct planner *p = ctx;
    unsigned count = store_partitions(p->env.store);
    struct buf text = BUF_INIT(PARTITIONS_MAX * 1024);
    struct offer *o = mem_alloc(sizeof *o);
    assert(count > 0);
    o->planner = p;
    for (unsigned i = 0; i < count; i++)
        if (batch_together(p->batch, i, partition))
            add_offer(p, o, i, &text);
    args_key(a, partition, "led");
    args_int(a, clock_wall_ms());
    args_int(a, config_int(p->env.config, "loa", "waiting_max") / count);
    args_bin(a, text.data, text.len);
    batch_at_end(p->batch, offer_over, o);
    buf_clear(&text);
    return LOA_OK;
}

void planner_set_taker(struct planner *p, const struct planner_taker *t)
{
    p->taker = *t;
}

struct planner *planner_new(const struct planner_env *env)
{
    struct planner *p = mem_alloc(sizeof *p);
    p->env = *env;
    p->batch = batch_new(env->store, "plan", plan_head, p);
    batch_mix(p->batch);
    return p;
}

void planner_free(struct planner *p)
{
    if (p == NULL)
        return;
    batch_free(p->batch);
    free(p);
}

static void day_word(int64_t now, char out[16])
{
    struct local_time t = local_from_ms(now);
    snprintf(out, 16, "%04d%02d%02d", t.year, t.month, t.day);
}

static bool seal_body(struct planner *p, const struct notice *n, const struct citizen *c,
                      const struct draft *d, struct buf *out)
{
    char key[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(NOTICE_BODY_MAX);
    body_json(n, c, d, &plain);
    bool whole = buf_ok(&plain);
    if (whole)
        crypto_seal(store_crypto(p->env.store), store_key(key, 0, "n:%s", n->nid), plain.data, plain.len,
                    out);
    buf_clear(&plain);
    return whole;
}

static void too_big(void *ctx)
{
    planned(ctx, LOA_TOO_BIG, NULL);
}

void notice_plan(struct planner *p, const struct notice *n, const struct citizen *c, notice_done_fn *done,
                 void *ctx)
{
    const struct policy *policy = *p->env.policy;
    const struct plan plan = is_chat(n) ? (struct plan){ chat_steps, 1 } : policy_plan(policy, n->kind);
    int64_t now = clock_wall_ms();
    struct draft d = { BUF_INIT(1024), BUF_INIT(1024), BUF_INIT(1024), BUF_INIT(1024) };
    d.phone = n->phone[0] != '\0' ? n->phone : c->phone;
    d.email = n->email[0] != '\0' ? n->email : c->email;
    unsigned count = 0;
    for (unsigned i = 0; i < plan.count; i++)
        draft_step(p, n, c, &d, &plan.step[i], now, &count);

    struct planning *pl = mem_alloc(sizeof *pl);
    *pl = (struct planning){ .planner = p, .done = done, .ctx = ctx };
    pl->partition = store_partition_of_citizen(p->env.store, c->ckey);
    memcpy(pl->ready, d.ready, sizeof pl->ready);

    struct buf header = BUF_INIT(4096), portal = BUF_INIT(NOTICE_BODY_MAX + 64),
               body = BUF_INIT(NOTICE_BODY_MAX + 64);
    char day[16];
    day_word(now, day);
    header_json(n, c->ckey, buf_cstr(&d.left_out), &header);
    if (d.portal)
        portal_sealed(p, n, c, &portal);

    if (seal_body(p, n, c, &d, &body)) {
        struct args *a = batch_item(p->batch, pl->partition, planned, pl);
        for (unsigned w = 0; w < WAY_COUNT; w++)
            p->wanted[pl->partition][w] += d.ready[w] && w != WAY_PORTAL;
        args_str(a, n->nid);
        args_str(a, c->ckey);
        args_str(a, n->code[0] != '\0' ? n->code : "-");
        args_bin(a, header.data, header.len);
        args_bin(a, body.data, body.len);
        args_str(a, buf_cstr(&d.plan));
        args_str(a, lane_word(n->lane));
        args_int(a, n->expires_ms);
        args_int(a, n->action);
        args_str(a, buf_cstr(&d.dues));
        args_str(a, buf_cstr(&d.skips));
        args_int(a, n->action ? 0 : policy_limits(policy)->daily_cap);
        args_str(a, day);
        args_bin(a, portal.data, portal.len);
    } else {
        loop_defer(store_loop(p->env.store), too_big, pl);
    }
    buf_clear(&header);
    buf_clear(&body);
    buf_clear(&portal);
    buf_clear(&d.plan);
    buf_clear(&d.dues);
    buf_clear(&d.skips);
    buf_clear(&d.left_out);
}
