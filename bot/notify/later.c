#include "loa/later.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS       200  /* how late a retry or a fallback may be */
#define STALE_LOOK_MS 5000 /* attempts whose answer never came although the process lives */
#define LOOK_LIMIT    200
#define RECOVER_LIMIT 500
#define MEASURE_EVERY 5 /* looks: once a second */

/* How many messages wait, and since when the longest due one does (0: none is due). */
struct lane_look {
    unsigned depth;
    int64_t since_ms;
};

struct part {
    struct later *later;
    unsigned partition;
    bool looking, recovering;
    bool inherits; /* the predecessor's attempts are still to be looked at */
    struct lane_look lane[CH_COUNT][LANE_COUNT];
};

struct later {
    struct later_env env;
    struct part part[PARTITIONS_MAX];
    struct timer look, stale;
    char safe_ways[64]; /* "sms;email;": where the provider tells a repeat by its ref */
    unsigned looks;
    bool paused;
};

/* ---- attempts that nobody will answer ---- */

static void recover(struct part *p);

struct recovery {
    struct part *part;
    int64_t epoch;
    bool all;
};

static void recovered(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct recovery *r = ctx;
    struct part *p = r->part;
    struct later *l = p->later;
    bool same_lease = lease_epoch(l->env.leases, p->partition) == r->epoch, all = r->all;
    bool more = redis_int(redis_at(v, 1)) == 1;
    long long n = redis_int(redis_at(v, 0));
    free(r);
    p->recovering = false;
    if (!same_lease)
        return;
    if (st == LOA_STALE)
        lease_lost(l->env.leases, p->partition);
    if (st != LOA_OK) /* looked for again by the timers */
        return;
    if (n > 0)
        log_warn("attempts_uncertain", "partition", log_num(p->partition), "count", log_num(n));
    if (more) {
        recover(p);
    } else if (all) {
        p->inherits = false;
        router_wake(l->env.router, p->partition);
        worker_hold(l->env.worker, p->partition, false);
    }
}

/* While the predecessor's attempts are not dealt with: all of them. Later: those past their answer time. */
static void recover(struct part *p)
{
    struct later *l = p->later;
    const struct limits *limits = policy_limits(*l->env.policy);
    int64_t now = clock_wall_ms();
    struct recovery *r = mem_alloc(sizeof *r);
    *r = (struct recovery){ p, lease_epoch(l->env.leases, p->partition), p->inherits };
    struct args a;
    args_init(&a);
    args_key(&a, p->partition, "lease");
    args_int(&a, r->epoch);
    args_int(&a, now);
    args_int(&a, now + limits->uncertain_wait_ms);
    args_int(&a, RECOVER_LIMIT);
    args_int(&a, p->inherits);
    args_str(&a, l->safe_ways);
    args_int(&a, now + limits->uncertain_safe_wait_ms);
    args_int(&a, now + NOTICE_CHAT_DOUBT_MS);
    p->recovering = store_script(l->env.store, p->partition, "recover", &a, recovered, r) == LOA_OK;
    args_clear(&a);
    if (!p->recovering)
        free(r);
}

void later_take_over(struct later *l, unsigned partition, int64_t epoch)
{
    (void)epoch;
    struct part *p = &l->part[partition];
    p->inherits = true;
    worker_hold(l->env.worker, partition, true); /* or its new attempts would be taken for inherited ones */
    if (!p->recovering)
        recover(p);
}

static void look_for_stale(void *ctx)
{
    struct later *l = ctx;
    for (unsigned p = 0; p < store_partitions(l->env.store) && !l->paused; p++)
        if (lease_owned(l->env.leases, p) && !l->part[p].recovering)
            recover(&l->part[p]);
    timer_start(&l->stale, l->env.loop, STALE_LOOK_MS, look_for_stale, l);
}

/* ---- what is due ---- */

static void polled_done(void *ctx, enum loa_status st)
{
    (void)ctx;
    if (st != LOA_OK)
        log_warn("poll_result_not_stored", "status", loa_status_word(st));
}

static void polled(void *ctx, const struct channel_events *ev)
{
    struct later *l = ctx;
    if (ev != NULL && ev->count > 0)
        receipts_apply(l->env.receipts, ev, polled_done, l);
}

/* item: nid, k, way, provider id, attempt */
static void poll(struct later *l, const struct redis_value *item)
{
    int way = way_from_word(redis_str(redis_at(item, 2), NULL));
    if (way < 0)
        return;
    enum channel ch = way_channel((enum way)way);
    const struct channel_ops *ops = channel_ops_of(ch);
    if (ops == NULL || ops->poll == NULL || l->env.channel[ch] == NULL)
        return;
    char ref[40];
    ref_make(ref, redis_str(redis_at(item, 0), NULL), (unsigned)redis_int(redis_at(item, 1)),
             (unsigned)redis_int(redis_at(item, 4)));
    enum loa_status st =
        ops->poll(l->env.channel[ch], (enum way)way, redis_str(redis_at(item, 3), NULL), ref, polled, l);
    if (st != LOA_OK)
        log_debug("poll_refused", "status",
                  loa_status_word(st)); /* the wait for a receipt goes on without it */
}

static void lane_add(struct lane_look *to, const struct lane_look *more)
{
    to->depth += more->depth;
    if (more->since_ms > 0 && (to->since_ms == 0 || more->since_ms < to->since_ms))
        to->since_ms = more->since_ms;
}

/* list of {way, lane, depth, not-before time of the first} */
static void read_lanes(struct part *p, const struct redis_value *lanes)
{
    memset(p->lane, 0, sizeof p->lane);
    for (size_t i = 0; i < redis_count(lanes); i++) {
        const struct redis_value *item = redis_at(lanes, i);
        int way = way_from_word(redis_str(redis_at(item, 0), NULL));
        int lane = lane_from_word(redis_str(redis_at(item, 1), NULL));
        struct lane_look one = { (unsigned)redis_int(redis_at(item, 2)), redis_int(redis_at(item, 3)) };
        if (way >= 0 && lane >= 0)
            lane_add(&p->lane[way_channel((enum way)way)][lane], &one);
    }
}

static void looked(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct part *p = ctx;
    struct later *l = p->later;
    p->looking = false;
    if (st == LOA_STALE)
        lease_lost(l->env.leases, p->partition);
    if (st != LOA_OK)
        return;
    const struct redis_value *polls = redis_at(v, 1), *ways = redis_at(v, 2);
    if (redis_int(redis_at(v, 0)) > 0)
        worker_wake_all(l->env.worker, p->partition);
    for (size_t i = 0; i < redis_count(polls); i++)
        poll(l, redis_at(polls, i));
    for (size_t i = 0; i < redis_count(ways); i++) {
        int way = way_from_word(redis_str(redis_at(ways, i), NULL));
        if (way >= 0)
            worker_look(l->env.worker, p->partition, (enum way)way);
    }
    if (redis_type(redis_at(v, 4)) == REDIS_ARRAY)
        read_lanes(p, redis_at(v, 4));
    if (redis_int(redis_at(v, 3)) > 0) /* a wake-up got lost between processes */
        router_wake(l->env.router, p->partition);
}

static void look(struct part *p, bool measure)
{
    struct later *l = p->later;
    const struct limits *limits = policy_limits(*l->env.policy);
    struct args a;
    args_init(&a);
    args_key(&a, p->partition, "lease");
    args_int(&a, lease_epoch(l->env.leases, p->partition));
    args_int(&a, clock_wall_ms());
    args_int(&a, LOOK_LIMIT);
    args_int(&a, limits->uncertain_repeat_action);
    args_str(&a, l->safe_ways);
    args_int(&a, measure);
    p->looking = store_script(l->env.store, p->partition, "due", &a, looked, p) == LOA_OK;
    args_clear(&a);
}

static void look_at(struct part *p, bool measure)
{
    struct later *l = p->later;
    if (!lease_owned(l->env.leases, p->partition)) {
        memset(p->lane, 0, sizeof p->lane); /* somebody else counts them */
        return;
    }
    if (p->recovering)
        return;
    if (p->inherits) /* the store hiccuped when the lease was won */
        recover(p);
    else if (!p->looking)
        look(p, measure);
}

/* The lanes of our partitions taken together. */
static void measured(const struct later *l)
{
    int64_t now = clock_wall_ms();
    for (unsigned ch = 0; ch < CH_COUNT; ch++)
        for (unsigned lane = 0; lane < LANE_COUNT; lane++) {
            struct lane_look sum = { 0 };
            for (unsigned p = 0; p < store_partitions(l->env.store); p++)
                lane_add(&sum, &l->part[p].lane[ch][lane]);
            double age_s = sum.since_ms > 0 && sum.since_ms < now ? (double)(now - sum.since_ms) / 1000 : 0;
            metric_set(M_LANE_DEPTH, channel_word((enum channel)ch), lane_word((enum lane)lane), sum.depth);
            metric_set(M_LANE_AGE_SECONDS, channel_word((enum channel)ch), lane_word((enum lane)lane), age_s);
        }
}

static void look_everywhere(void *ctx)
{
    struct later *l = ctx;
    bool measure = l->looks++ % MEASURE_EVERY == 0;
    for (unsigned p = 0; p < store_partitions(l->env.store) && !l->paused; p++)
        look_at(&l->part[p], measure);
    if (measure)
        measured(l);
    timer_start(&l->look, l->env.loop, LOOK_MS, look_everywhere, l);
}

/* ---- life ---- */

static void find_safe_ways(struct later *l)
{
    for (unsigned w = 0; w < WAY_COUNT; w++) {
        enum channel ch = way_channel((enum way)w);
        const struct channel_ops *ops = channel_ops_of(ch);
        if (ops == NULL || l->env.channel[ch] == NULL || !ops->dedupes(l->env.channel[ch], (enum way)w))
            continue;
        size_t n = strlen(l->safe_ways);
        snprintf(l->safe_ways + n, sizeof l->safe_ways - n, "%s;", way_word((enum way)w));
    }
}

struct later *later_new(const struct later_env *env)
{
    struct later *l = mem_alloc(sizeof *l);
    l->env = *env;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
        l->part[p].later = l;
        l->part[p].partition = p;
    }
    find_safe_ways(l);
    return l;
}

void later_free(struct later *l)
{
    if (l == NULL)
        return;
    timer_stop(&l->look);
    timer_stop(&l->stale);
    free(l);
}

void later_start(struct later *l)
{
    timer_start(&l->look, l->env.loop, LOOK_MS, look_everywhere, l);
    timer_start(&l->stale, l->env.loop, STALE_LOOK_MS, look_for_stale, l);
}

bool later_idle(const struct later *l, unsigned partition)
{
    return !l->part[partition].looking && !l->part[partition].recovering;
}

void later_pause(struct later *l)
{
    l->paused = true;
}
