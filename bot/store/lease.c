#include "loa/lease.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RENEW_MS  (LEASE_TTL_MS / 4)
#define CENSUS_MS 1000
/* We stop trusting a lease this long before the server would let another process have it. */
#define SAFETY_MS 300

struct held {
    struct leases *leases;
    unsigned partition;
    int64_t epoch;         /* 0: not ours */
    int64_t good_until_ms; /* monotonic */
    int64_t asked_ms;      /* monotonic, when the last request left */
    bool asking;
};

struct leases {
    struct store *store;
    char id[40];
    lease_fn *taken, *lost;
    void *ctx;
    struct held *held;
    unsigned count, processes;
    struct timer renew, census;
    bool stopping;
    bool (*idle)(void *ctx, unsigned partition);
    loop_fn *stopped;
    void *stopped_ctx;
};

static void renew_all(void *ctx);
static void take_census(void *ctx);

struct leases *leases_new(struct store *s, const char *process_id, lease_fn *taken, lease_fn *lost, void *ctx)
{
    struct leases *l = mem_alloc(sizeof *l);
    l->store = s;
    snprintf(l->id, sizeof l->id, "%s", process_id);
    l->taken = taken;
    l->lost = lost;
    l->ctx = ctx;
    l->processes = 1;
    l->held = mem_alloc(store_partitions(s) * sizeof *l->held);
    for (unsigned p = 0; p < store_partitions(s); p++)
        l->held[p] = (struct held){ .leases = l, .partition = p };
    return l;
}

void leases_free(struct leases *l)
{
    if (l == NULL)
        return;
    timer_stop(&l->renew);
    timer_stop(&l->census);
    free(l->held);
    free(l);
}

void leases_start(struct leases *l)
{
    timer_start(&l->census, store_loop(l->store), 0, take_census, l);
    timer_start(&l->renew, store_loop(l->store), 1, renew_all, l);
}

bool lease_owned(const struct leases *l, unsigned partition)
{
    const struct held *h = &l->held[partition];
    return h->epoch != 0 && clock_mono_ms() < h->good_until_ms;
}

int64_t lease_epoch(const struct leases *l, unsigned partition)
{
    return lease_owned(l, partition) ? l->held[partition].epoch : 0;
}

unsigned leases_count(const struct leases *l)
{
    return l->count;
}

static unsigned fair_share(const struct leases *l)
{
    return (store_partitions(l->store) + l->processes - 1) / l->processes;
}

static void forget(struct held *h)
{
    struct leases *l = h->leases;
    if (h->epoch == 0)
        return;
    int64_t epoch = h->epoch;
    h->epoch = 0;
    l->count--;
    metric_set(M_LEASES, NULL, NULL, l->count);
    l->lost(l->ctx, h->partition, epoch);
}

void lease_lost(struct leases *l, unsigned partition)
{
    forget(&l->held[partition]);
}

static void take_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct held *h = ctx;
    struct leases *l = h->leases;
    h->asking = false;
    if (st != LOA_OK)
        return; /* good_until_ms runs out by itself when the store stays away */
    int64_t epoch = redis_int(redis_at(v, 0));
    if (epoch == 0) {
        forget(h); /* somebody else has it */
        return;
    }
    if (h->epoch != 0 && h->epoch != epoch)
        forget(h);
    h->good_until_ms = h->asked_ms + LEASE_TTL_MS - SAFETY_MS;
    if (h->epoch == epoch)
        return;
    h->epoch = epoch;
    l->count++;
    metric_set(M_LEASES, NULL, NULL, l->count);
    log_debug("lease_taken", "partition", log_num(h->partition), "epoch", log_num(epoch));
    l->taken(l->ctx, h->partition, epoch);
}

static void ask(struct held *h, bool only_from_the_dead)
{
    struct leases *l = h->leases;
    struct args a;
    args_init(&a);
    args_key(&a, h->partition, "lease");
    args_str(&a, l->id);
    args_int(&a, LEASE_TTL_MS);
    args_int(&a, only_from_the_dead);
    h->asked_ms = clock_mono_ms();
    h->asking = store_script(l->store, h->partition, "lease_take", &a, take_done, h) == LOA_OK;
    args_clear(&a);
}

static void drop_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)st, (void)v; /* not handed back: it expires */
    struct held *h = ctx;
    h->asking = false;
}

static void drop(struct held *h)
{
    struct leases *l = h->leases;
    struct args a;
    args_init(&a);
    args_key(&a, h->partition, "lease");
    args_str(&a, l->id);
    args_int(&a, h->epoch);
    forget(h); /* first stop working, then tell the others */
    h->asking = store_script(l->store, h->partition, "lease_drop", &a, drop_done, h) == LOA_OK;
    args_clear(&a);
}

static void stop_when_empty(struct leases *l)
{
    for (unsigned p = 0; p < store_partitions(l->store); p++)
        if (l->held[p].epoch != 0 || l->held[p].asking)
            return;
    timer_stop(&l->renew);
    loop_fn *done = l->stopped;
    l->stopped = NULL;
    if (done != NULL)
        loop_defer(store_loop(l->store), done, l->stopped_ctx);
}

static void renew_one(struct held *h, unsigned *surplus)
{
    struct leases *l = h->leases;
    if (h->epoch != 0 && clock_mono_ms() >= h->good_until_ms) {
        log_warn("lease_expired", "partition", log_num(h->partition));
        forget(h);
    }
    if (h->epoch == 0) {
        if (!l->stopping)
            ask(h, l->count >= fair_share(l));
    } else if (l->stopping ? l->idle(l->stopped_ctx, h->partition) : *surplus > 0) {
        *surplus -= *surplus > 0;
        drop(h);
    } else {
        ask(h, false);
    }
}

/* Which partition to try first differs by process, so that two that start together do not race for each. */
static void renew_all(void *ctx)
{
    struct leases *l = ctx;
    unsigned n = store_partitions(l->store), share = fair_share(l),
             first = (unsigned)(crypto_spread(l->id) % n);
    unsigned surplus = l->count > share ? l->count - share : 0;
    timer_start(&l->renew, store_loop(l->store), RENEW_MS, renew_all, l);
    for (unsigned i = 0; i < n; i++) {
        struct held *h = &l->held[(first + i) % n];
        if (!h->asking)
            renew_one(h, &surplus);
    }
    if (l->stopping)
        stop_when_empty(l);
}

static void census_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct leases *l = ctx;
    if (st == LOA_OK && redis_int(v) > 0)
        l->processes = (unsigned)redis_int(v);
}

static void take_census(void *ctx)
{
    struct leases *l = ctx;
    struct args a;
    args_init(&a);
    args_key(&a, 0, "procs");
    args_str(&a, l->id);
    args_int(&a, 3 * CENSUS_MS);
    args_int(&a, l->stopping);
    enum loa_status st = store_script(l->store, 0, "census", &a, census_done, l);
    (void)st; /* no link: asked again in a second */
    args_clear(&a);
    if (!l->stopping)
        timer_start(&l->census, store_loop(l->store), CENSUS_MS, take_census, l);
}

void leases_hand_back(struct leases *l, bool (*idle)(void *ctx, unsigned partition), loop_fn *done, void *ctx)
{
    l->stopping = true;
    l->idle = idle;
    l->stopped = done;
    l->stopped_ctx = ctx;
    timer_stop(&l->census);
    take_census(l); /* signs off */
    timer_start(&l->renew, store_loop(l->store), 1, renew_all, l);
}
