#include "loa/router.h"
#include "loa/clock.h"
#include "loa/dossier_event.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/notice_params.h"
#include "loa/proof.h"
#include "loa/survey.h"
#include "loa/unsubscribe.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_EVENTS   64
#define RETRY_MS       200
#define DOSSIER_KEEP_S (400LL * 86400) /* a year's timeline and a little more */
#define CODES_MAX      10              /* dossiers remembered per identity */

/* One journal entry on its way through the router. */
struct job {
    struct round *round;
    char id[32], code[64];
    struct dossier_event event, known;
    bool was_known, readable, stale, unexpected;
    int known_status;
    int64_t known_at_ms, accepted_ms;
    char nid[NOTICE_ID_SIZE], kind[40];
    struct follower_news news;
    char unit[64]; /* of the invitation to a survey */
    bool no_contact, failed, dead, invited;
    struct citizen owner, contact; /* whom the news is for; who holds the number on the dossier */
    unsigned waiting;
    void (*next)(struct job *j); /* when nothing is waited for any more */
};

/* One batch of one partition: at most one event per dossier, so that each sees the one before it committed.
 */
struct round {
    struct router *router;
    unsigned partition, count, waiting;
    int64_t epoch;
    bool more, failed;
    struct job *job[BATCH_EVENTS];
};

struct part {
    struct router *router;
    unsigned partition;
    bool hot, running;
    struct timer retry;
};

struct router {
    struct router_env env;
    struct part part[PARTITIONS_MAX];
    struct batch *codes;
    bool paused;
};

static void start(struct part *p);

static void retry(void *ctx)
{
    struct part *p = ctx;
    p->hot = true;
    start(p);
}

static void round_end(struct round *r, enum loa_status st)
{
    struct part *p = &r->router->part[r->partition];
    p->running = false;
    if (st == LOA_STALE)
        lease_lost(r->router->env.leases, r->partition);
    else if (st != LOA_OK || r->failed)
        timer_start(&p->retry, r->router->env.loop, RETRY_MS, retry, p);
    else if (r->more)
        p->hot = true;
    for (unsigned i = 0; i < r->count; i++)
        free(r->job[i]);
    free(r);
    start(p);
}

/* ---- the last step: the dossiers' records move on ---- */

static void committed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    round_end(ctx, st);
}

static void timeline_line(const struct job *j, struct buf *out)
{
    const struct dossier_event *e = &j->event;
    if (!j->readable) {
        buf_str(out, "-1|0|0|x|||");
        return;
    }
    buf_printf(out, "%d|%lld|%lld|", e->status, (long long)e->at_ms, (long long)j->accepted_ms);
    buf_str(out, j->stale ? "s" : "");
    buf_str(out, j->unexpected ? "u" : "");
    buf_str(out, j->no_contact ? "n" : "");
    buf_str(out, j->kind[0] == '\0' ? "q" : "");
    buf_str(out, j->dead ? "d" : "");
    buf_str(out, e->flags & EVENT_DUE_BEFORE_RECEIPT ? "c" : "");
    buf_printf(out, "|%s|%s|%s", j->nid, j->kind, e->source);
}

static void add_commit(struct router *r, const struct job *j, struct args *a)
{
    struct buf line = BUF_INIT(512), plain = BUF_INIT(DOSSIER_EVENT_JSON_MAX),
               sealed = BUF_INIT(DOSSIER_EVENT_JSON_MAX + 64);
    char key[STORE_KEY_MAX];
    bool newest = j->readable && !j->stale;
    timeline_line(j, &line);
    if (newest) {
        dossier_event_to_json(&j->event, &plain);
        crypto_seal(store_crypto(r->env.store), store_key(key, 0, "d:%s", j->code), plain.data, plain.len,
                    &sealed);
    }
    args_str(a, j->id);
    args_str(a, j->code);
    if (newest)
        args_int(a, j->event.status);
    else
        args_str(a, "");
    args_int(a, j->event.at_ms);
    args_bin(a, sealed.data, sealed.len);
    args_bin(a, line.data, line.len);
    args_int(a, DOSSIER_KEEP_S);
    buf_clear(&line);
    buf_clear(&plain);
    buf_clear(&sealed);
}

static void commit(struct round *r)
{
    struct router *router = r->router;
    struct args a;
    args_init(&a);
    args_key(&a, r->partition, "lease");
    args_key(&a, r->partition, "in");
    args_int(&a, r->epoch);
    for (unsigned i = 0; i < r->count; i++) {
        if (r->job[i]->failed) /* its notice is not stored: the entry stays and comes again */
            r->failed = true;
        else
            add_commit(router, r->job[i], &a);
    }
    enum loa_status st = store_script(router->env.store, r->partition, "dossier", &a, committed, r);
    args_clear(&a);
    if (st != LOA_OK)
        round_end(r, st);
}

static void job_end(struct job *j)
{
    struct round *r = j->round;
    if (--r->waiting == 0)
        commit(r);
}

/* ---- the middle: who, what, how ---- */

static const char *filed_with(const struct dossier_event *e)
{
    return e->unit_handling[0] != '\0' ? e->unit_handling : e->unit_filed;
}

static void fill_notice(const struct job *j, const struct status_rule *rule, struct notice *n)
{
    const struct router_env *env = &j->round->router->env;
    const struct policy *policy = *env->policy;
    const struct dossier_event *e = &j->event;
    snprintf(n->code, sizeof n->code, "%s", j->code);
    snprintf(n->kind, sizeof n->kind, "%s", j->kind);
    snprintf(n->source, sizeof n->source, "%s", e->source);
    const struct unit_info *unit = policy_unit(policy, filed_with(e), e->at_ms);
    snprintf(n->unit, sizeof n->unit, "%s", unit ? unit->id : e->code.agency);
    n->status = e->status;
    n->at_ms = e->at_ms;
    n->accepted_ms = j->accepted_ms;
    n->lane = rule->lane;
    n->action = rule->action;
    n->organisation = e->applicant == APPLICANT_AGENCY;
    n->expires_ms = clock_wall_ms() + rule->expires_ms;
    snprintf(n->phone, sizeof n->phone, "%s", e->authorised ? e->agent_phone : e->phone);
    snprintf(n->email, sizeof n->email, "%s", e->authorised ? e->agent_email : e->email);
    n->allow_sms = e->allow_sms;
    n->allow_email = e->allow_email;
    n->allow_zalo = e->allow_zalo;
    struct notice_context c = { .kind = n->kind,
                                .public_url = config_str(env->config, "loa", "public_url"),
                                .hotline = config_str(env->config, "loa", "hotline"),
                                .unsubscribe_link = "",
                                .survey_link = "" };
    notice_params(e, policy, &c, &n->params);
    notice_variants(e, n->kind, n->variants, NOTICE_VARIANTS);
}

/* ---- steps of one job that wait for each other ---- */

static void job_wait(struct job *j, void (*next)(struct job *j))
{
    j->waiting = 1;
    j->next = next;
}

static void job_leave(struct job *j)
{
    if (--j->waiting == 0)
        j->next(j);
}

static void job_fault(struct job *j, enum loa_status st)
{
    if (st == LOA_INVALID || st == LOA_TOO_BIG) { /* no repeat would help: a person has to look */
        j->dead = true;
        log_error("notice_refused_by_store", "dossier", j->code, "status", loa_status_word(st));
    } else if (st != LOA_OK) {
        j->failed = true;
    }
}

/* ---- followers ---- */

static void follower_told(void *ctx, enum loa_status st)
{
    struct job *j = ctx;
    job_fault(j, st);
    if (st == LOA_OK)
        metric_add(M_ROUTED, "follower", NULL, 1);
    job_leave(j);
}

static void fill_for_follower(void *ctx, struct notice *n)
{
    const struct job *j = ctx;
    fill_notice(j, policy_kind_rule(*j->round->router->env.policy, j->kind), n);
}

static void tell_followers(struct job *j)
{
    enum loa_status st = LOA_OK;
    j->news.env = j->round->router->env.followers;
    j->news.fill = fill_for_follower;
    j->news.owner = &j->owner;
    j->news.contact = &j->contact;
    j->news.told = follower_told;
    j->news.ctx = j;
    j->waiting += followers_tell(&j->news, &st);
    job_fault(j, st);
}

/* ---- the owner ---- */

static void notice_stored(void *ctx, enum loa_status st, bool made)
{
    struct job *j = ctx;
    if (st == LOA_OK && made && j->invited)
        survey_invited(j->round->router->env.survey_counter, j->nid, j->unit, j->kind,
                       j->event.procedure_code);
    job_fault(j, st);
    if (st == LOA_OK)
        metric_add(M_ROUTED, made ? "notify" : "repeat", NULL, 1);
    job_leave(j);
}

/* The number on the dossier may be somebody's who talks to us by it: then the news may go to that Zalo
 * account, and what is refused there is refused. */
static void use_contact(struct citizen *owner, const struct citizen *contact)
{
    if (contact->ckey[0] == '\0' || strcmp(owner->ckey, contact->ckey) == 0)
        return;
    if (owner->zalo[0] == '\0' && contact->zalo[0] != '\0') {
        snprintf(owner->zalo, sizeof owner->zalo, "%s", contact->zalo);
        owner->zalo_touch_ms = contact->zalo_touch_ms;
        owner->zalo_follows = contact->zalo_follows;
    }
    size_t n = strlen(owner->no);
    if (n + strlen(contact->no) < sizeof owner->no)
        snprintf(owner->no + n, sizeof owner->no - n, "%s", contact->no);
}

/* The invitation to say how it was goes out with the news of the event itself. */
static void invite(struct job *j, struct notice *n)
{
    const struct router_env *env = &j->round->router->env;
    j->invited = survey_param(&n->params, *env->survey, store_crypto(env->store),
                              config_str(env->config, "loa", "public_url"), n, &j->owner);
    if (!j->invited)
        return;
    snprintf(j->unit, sizeof j->unit, "%s", n->unit);
    snprintf(n->procedure, sizeof n->procedure, "%s", j->event.procedure_code);
}

static void plan_owner(struct job *j, const struct status_rule *rule)
{
    struct router *r = j->round->router;
    struct notice n;
    notice_init(&n);
    fill_notice(j, rule, &n);
    unsubscribe_param(&n.params, rule, store_crypto(r->env.store),
                      config_str(r->env.config, "loa", "public_url"), j->owner.ckey);
    notice_set_id(&n, r->env.store, j->owner.ckey, "");
    snprintf(j->nid, sizeof j->nid, "%s", n.nid);
    use_contact(&j->owner, &j->contact);
    invite(j, &n);
    j->waiting++;
    notice_plan(r->env.planner, &n, &j->owner, notice_stored, j);
    notice_clear(&n);
}

static void plan_all(struct job *j)
{
    const struct status_rule *rule =
        j->kind[0] != '\0' ? policy_kind_rule(*j->round->router->env.policy, j->kind) : NULL;
    if (j->failed || j->dead || rule == NULL) {
        job_end(j);
        return;
    }
    job_wait(j, job_end);
    if (!j->no_contact)
        plan_owner(j, rule);
    tell_followers(j);
    job_leave(j);
}

/* The identity the news is for: an authorised person by phone or e-mail; else the owner by paper, phone or
 * e-mail. */
static bool identity_of(const struct dossier_event *e, char out[300])
{
    const char *phone = e->authorised ? e->agent_phone : e->phone;
    const char *email = e->authorised ? e->agent_email : e->email;
    size_t digits = strspn(e->owner_id, "0123456789");
    if (!e->authorised && digits >= 9 && e->owner_id[digits] == '\0')
        snprintf(out, 300, "cccd:%s", e->owner_id);
    else if (phone[0] != '\0')
        snprintf(out, 300, "phone:%s", phone);
    else if (email[0] != '\0')
        snprintf(out, 300, "email:%s", email);
    else
        return false;
    return true;
}

static bool is_unexpected(const struct job *j, const struct policy *p)
{
    const struct status_rule *before = j->was_known ? policy_status(p, j->known_status) : NULL;
    if (before == NULL || j->event.status == j->known_status)
        return false;
    return (before->expected & (1u << j->event.status)) == 0;
}

/* Decides what this event is; returns the kind of message it makes, or NULL for none. */
static const char *judge(struct job *j, const struct policy *p)
{
    struct dossier_event *e = &j->event;
    if (j->was_known)
        dossier_event_complete(e, &j->known);
    j->stale = j->was_known && e->at_ms < j->known_at_ms;
    j->unexpected = !j->stale && is_unexpected(j, p);
    if (j->stale) {
        metric_add(M_ROUTED, "stale", NULL, 1);
        return NULL;
    }
    if (j->unexpected) {
        metric_add(M_ROUTED, "flagged", NULL, 1);
        log_info("unexpected_transition", "dossier", j->code, "from", log_num(j->known_status), "to",
                 log_num(e->status));
    }
    const char *kind = notice_kind(e, j->was_known ? &j->known : NULL, p);
    if (kind == NULL)
        metric_add(M_ROUTED, "silent", NULL, 1);
    return kind;
}

static void citizen_read(struct job *j, enum loa_status st, const struct citizen *c, struct citizen *to)
{
    job_fault(j, st);
    if (st == LOA_OK)
        *to = *c;
    job_leave(j);
}

static void owner_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct job *j = ctx;
    citizen_read(j, st, c, &j->owner);
}

static void contact_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct job *j = ctx;
    citizen_read(j, st, c, &j->contact);
}

static void load_citizen(struct job *j, const char *ckey, citizen_fn *found)
{
    j->waiting++;
    enum loa_status st = citizen_load(j->round->router->env.store, ckey, found, j);
    if (st != LOA_OK) {
        j->failed = true;
        j->waiting--;
    }
}

static void load_citizens(struct job *j)
{
    const struct dossier_event *e = &j->event;
    const struct crypto *crypto = store_crypto(j->round->router->env.store);
    const char *phone = e->authorised ? e->agent_phone : e->phone;
    char identity[300], ckey[CRYPTO_KEY_HEX], contact[CRYPTO_KEY_HEX];
    if (!identity_of(e, identity)) {
        j->no_contact = true;
        metric_add(M_ROUTED, "no_contact", NULL, 1);
        return;
    }
    citizen_key(crypto, identity, ckey);
    load_citizen(j, ckey, owner_found);
    snprintf(identity, sizeof identity, "phone:%s", phone);
    citizen_key(crypto, identity, contact);
    if (phone[0] != '\0' && strcmp(ckey, contact) != 0)
        load_citizen(j, contact, contact_found);
}

/* ---- whose dossier it is: a short list per identity, so that a citizen can ask for "my dossiers" ---- */

static void code_listed(void *ctx, enum loa_status st, const struct redis_value *item)
{
    (void)item;
    struct job *j = ctx;
    job_fault(j, st);
    job_leave(j);
}

static void list_under(struct job *j, const char *ckey)
{
    struct router *r = j->round->router;
    char list[STORE_KEY_MAX];
    unsigned p = store_partition_of_citizen(r->env.store, ckey);
    j->waiting++;
    struct args *a = batch_item(r->codes, p, code_listed, j);
    args_str(a, store_key(list, p, "ds:%s", ckey));
    args_str(a, j->code);
    args_int(a, 1);
}

/* Only what this event says for the first time; whoever gets a notice has it in the inbox (dossiers_of.lua).
 */
static void list_dossier(struct job *j)
{
    struct proof_identities now, before = { .count = 0 };
    char identity[300], told[300] = "", ckey[CRYPTO_KEY_HEX];
    proof_identities(&j->event, &now);
    if (j->was_known)
        proof_identities(&j->known, &before);
    if (j->kind[0] != '\0')
        identity_of(&j->event, told);
    for (unsigned i = 0; i < now.count; i++) {
        snprintf(identity, sizeof identity, "%s:%s", now.item[i].kind, now.item[i].value);
        if (strcmp(identity, told) == 0 || proof_identity_in(&before, now.item[i].kind, now.item[i].value))
            continue;
        citizen_key(store_crypto(j->round->router->env.store), identity, ckey);
        list_under(j, ckey);
    }
}

static void job_run(struct job *j)
{
    const char *kind = j->readable ? judge(j, *j->round->router->env.policy) : NULL;
    snprintf(j->kind, sizeof j->kind, "%s", kind != NULL ? kind : "");
    job_wait(j, plan_all);
    if (j->readable && !j->stale)
        list_dossier(j);
    if (kind != NULL)
        load_citizens(j);
    job_leave(j);
}

/* ---- the first step: read the journal ---- */

static bool unseal_event(struct router *r, const char *context, const struct redis_value *v,
                         struct dossier_event *out)
{
    size_t n;
    const char *sealed = redis_str(v, &n);
    struct buf plain = BUF_INIT(DOSSIER_EVENT_JSON_MAX);
    bool good = n > 0 && crypto_unseal(store_crypto(r->env.store), context, sealed, n, &plain) == LOA_OK &&
                dossier_event_from_json(buf_cstr(&plain), plain.len, out) == LOA_OK;
    buf_clear(&plain);
    return good;
}

static bool in_round(const struct round *r, const char *code)
{
    for (unsigned i = 0; i < r->count; i++)
        if (strcmp(r->job[i]->code, code) == 0)
            return true;
    return false;
}

/* item: id, code, sealed event, accepted at, status, time, sealed summary, followers (take_events.lua) */
static void job_read(struct round *r, const struct redis_value *item)
{
    const char *code = redis_str(redis_at(item, 1), NULL);
    char key[STORE_KEY_MAX];
    if (in_round(r, code)) {
        r->more = true;
        return;
    }
    struct job *j = r->job[r->count++] = mem_alloc(sizeof *j);
    j->round = r;
    snprintf(j->id, sizeof j->id, "%s", redis_str(redis_at(item, 0), NULL));
    snprintf(j->code, sizeof j->code, "%s", code);
    j->accepted_ms = redis_int(redis_at(item, 3));
    j->readable = unseal_event(r->router, store_key(key, 0, "e:%s", code), redis_at(item, 2), &j->event);
    if (!j->readable)
        log_error("journal_entry_unreadable", "dossier", j->code, "entry", j->id);
    snprintf(j->news.list, sizeof j->news.list, "%s", redis_str(redis_at(item, 7), NULL));
    const char *status = redis_str(redis_at(item, 4), NULL);
    if (status[0] != '\0' &&
        unseal_event(r->router, store_key(key, 0, "d:%s", code), redis_at(item, 6), &j->known)) {
        j->was_known = true;
        j->known_status = (int)redis_int(redis_at(item, 4));
        j->known_at_ms = redis_int(redis_at(item, 5));
    }
}

static void events_taken(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct round *r = ctx;
    size_t n = redis_count(v);
    if (st != LOA_OK || n == 0) {
        round_end(r, st);
        return;
    }
    r->more = n >= BATCH_EVENTS;
    for (size_t i = 0; i < n && r->count < BATCH_EVENTS; i++)
        job_read(r, redis_at(v, i));
    r->waiting = r->count + 1;
    for (unsigned i = 0; i < r->count; i++)
        job_run(r->job[i]);
    if (--r->waiting == 0)
        commit(r);
}

static void start(struct part *p)
{
    struct router *router = p->router;
    if (!p->hot || p->running || router->paused || !lease_owned(router->env.leases, p->partition))
        return;
    p->hot = false;
    p->running = true;
    struct round *r = mem_alloc(sizeof *r);
    r->router = router;
    r->partition = p->partition;
    r->epoch = lease_epoch(router->env.leases, p->partition);
    struct args a;
    args_init(&a);
    args_key(&a, p->partition, "lease");
    args_key(&a, p->partition, "in");
    args_int(&a, r->epoch);
    args_str(&a, "-");
    args_int(&a, BATCH_EVENTS);
    enum loa_status st = store_script(router->env.store, p->partition, "take_events", &a, events_taken, r);
    args_clear(&a);
    if (st != LOA_OK)
        round_end(r, st);
}

void router_wake(struct router *r, unsigned partition)
{
    r->part[partition].hot = true;
    start(&r->part[partition]);
}

bool router_idle(const struct router *r, unsigned partition)
{
    return !r->part[partition].running;
}

void router_pause(struct router *r)
{
    r->paused = true;
}

static enum loa_status codes_head(void *ctx, unsigned partition, struct args *a)
{
    (void)ctx;
    args_key(a, partition, "led");
    args_int(a, CODES_MAX);
    args_int(a, DOSSIER_KEEP_S);
    return LOA_OK;
}

struct router *router_new(const struct router_env *env)
{
    struct router *r = mem_alloc(sizeof *r);
    r->env = *env;
    r->codes = batch_new(env->store, "codes", codes_head, r);
    batch_mix(r->codes);
    for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
        r->part[p].router = r;
        r->part[p].partition = p;
    }
    return r;
}

void router_free(struct router *r)
{
    if (r == NULL)
        return;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        timer_stop(&r->part[p].retry);
    batch_free(r->codes);
    free(r);
}
