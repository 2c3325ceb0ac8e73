#include "loa/receipt.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/worker.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct receipts {
    struct receipts_env env;
    struct batch *batch;
};

/* One callback: done when all its events are. */
struct group {
    struct receipts *receipts;
    unsigned waiting;
    enum loa_status st;
    receipts_done_fn *done;
    void *ctx;
};

struct single {
    struct group *group;
    enum channel channel;
    enum channel_event_kind kind;
    unsigned partition, step, attempt;
    char nid[NOTICE_ID_SIZE], code[24];
    int64_t at_ms, suppress_until_ms; /* the latter 0: no */
};

static void group_leave(struct group *g, enum loa_status st)
{
    if (st != LOA_OK)
        g->st = st;
    if (--g->waiting > 0)
        return;
    g->done(g->ctx, g->st);
    free(g);
}

static void group_leave_fn(void *ctx, enum loa_status st)
{
    group_leave(ctx, st);
}

static const char *event_word(enum channel_event_kind k)
{
    return k == CE_DELIVERED ? "delivered" : k == CE_SEEN ? "seen" : "lost";
}

static void count(const struct single *s, const char *what)
{
    metric_add(M_RECEIPTS, channel_word(s->channel), what, 1);
}

static void applied(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct single *s = ctx;
    char result[STATE_WORD_SIZE];
    bool more = told_state(redis_str(v, NULL), result);
    if (st == LOA_OK && result[0] == '\0') {
        count(s, "unknown");
    } else if (st == LOA_OK && strcmp(result, "same") == 0) {
        count(s, "duplicate");
    } else if (st == LOA_OK) {
        count(s, result);
        metric_add(M_MESSAGE_FINAL, channel_word(s->channel), result, 1);
        log_debug("receipt", "notification", s->nid, "result", result);
    }
    if (more)
        s->group->receipts->env.wake(s->group->receipts->env.wake_ctx, s->partition);
    group_leave(s->group, st);
    free(s);
}

static void apply(struct single *s)
{
    struct args *a = batch_item(s->group->receipts->batch, s->partition, applied, s);
    args_str(a, s->nid);
    args_int(a, s->step);
    args_str(a, event_word(s->kind));
    args_str(a, s->code);
    args_int(a, s->at_ms);
    if (s->attempt > 0)
        args_int(a, s->attempt);
    else
        args_str(a, "");
    if (s->suppress_until_ms != 0)
        args_int(a, s->suppress_until_ms);
    else
        args_str(a, "");
}

static void id_found(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct single *s = ctx;
    if (st == LOA_OK && ref_parse(redis_str(v, NULL), s->nid, &s->partition, &s->step, &s->attempt)) {
        apply(s);
        return;
    }
    if (st == LOA_OK)
        count(s, "unknown");
    group_leave(s->group, st);
    free(s);
}

static void look_up(struct single *s, const char *provider_id)
{
    struct store *st = s->group->receipts->env.store;
    unsigned p = store_partition_of(st, provider_id);
    struct args a;
    args_init(&a);
    args_key(&a, p, "x:%s:%s", channel_word(s->channel), provider_id);
    enum loa_status status = store_command(st, p, "GET", &a, id_found, s);
    args_clear(&a);
    if (status != LOA_OK) {
        group_leave(s->group, status);
        free(s);
    }
}

static void receipt(struct group *g, const struct channel_event *e)
{
    struct single *s = mem_alloc(sizeof *s);
    s->group = g;
    s->channel = e->channel;
    s->kind = e->kind;
    s->at_ms = e->at_ms;
    if (e->kind == CE_FAILED) {
        snprintf(s->code, sizeof s->code, "%s", e->outcome.code);
        s->suppress_until_ms = outcome_suppress_until_ms(&e->outcome, clock_wall_ms());
    }
    if (ref_parse(e->ref, s->nid, &s->partition, &s->step, &s->attempt) &&
        s->partition < store_partitions(g->receipts->env.store)) {
        apply(s);
    } else if (e->provider_id[0] != '\0') {
        look_up(s, e->provider_id);
    } else {
        count(s, "unknown");
        group_leave(g, LOA_OK);
        free(s);
    }
}

static void one_event(struct group *g, const struct channel_event *e)
{
    switch (e->kind) {
    case CE_DELIVERED:
    case CE_SEEN:
    case CE_FAILED:
        receipt(g, e);
        break;
    case CE_PROGRESS:
    case CE_ECHO:
        group_leave(g, LOA_OK);
        break;
    default:
        g->receipts->env.other(g->receipts->env.other_ctx, e, group_leave_fn, g);
    }
}

static void nothing_to_do(void *ctx)
{
    group_leave(ctx, LOA_OK);
}

void receipts_apply(struct receipts *r, const struct channel_events *events, receipts_done_fn *done,
                    void *ctx)
{
    struct group *g = mem_alloc(sizeof *g);
    *g =
        (struct group){ .receipts = r, .waiting = events->count + 1, .st = LOA_OK, .done = done, .ctx = ctx };
    /* `waiting` counts this function too, so g lives until nothing_to_do; the analyser cannot know.
     * NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    for (unsigned i = 0; i < events->count; i++)
        one_event(g, &events->item[i]);
    loop_defer(store_loop(r->env.store), nothing_to_do, g);
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
}

static enum loa_status head(void *ctx, unsigned partition, struct args *a)
{
    (void)ctx;
    args_key(a, partition, "led");
    args_int(a, clock_wall_ms());
    return LOA_OK;
}

struct receipts *receipts_new(const struct receipts_env *env)
{
    struct receipts *r = mem_alloc(sizeof *r);
    r->env = *env;
    r->batch = batch_new(env->store, "receipt", head, r);
    batch_mix(r->batch);
    return r;
}

void receipts_free(struct receipts *r)
{
    if (r == NULL)
        return;
    batch_free(r->batch);
    free(r);
}
