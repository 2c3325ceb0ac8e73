/*
 * later - everything that happens because time passes: receipts that stay away, attempts without an answer,
 * polls, messages whose hour has come. All times lie in the store, so a restart forgets none.
 */
#ifndef LOA_LATER_H
#define LOA_LATER_H

#include "loa/lease.h"
#include "loa/receipt.h"
#include "loa/router.h"
#include "loa/worker.h"

struct later;
struct later_env {
    struct loop *loop;
    struct store *store;
    struct leases *leases;
    struct worker *worker;
    struct router *router;
    struct receipts *receipts;
    const struct policy *const *policy;
    void *channel[CH_COUNT];
};
struct later *later_new(const struct later_env *env);
void later_free(struct later *l);
void later_start(struct later *l);
/* A lease was won: what the predecessor left without an answer becomes uncertain, then the partition's work
 * begins. */
void later_take_over(struct later *l, unsigned partition, int64_t epoch);
bool later_idle(const struct later *l, unsigned partition);
void later_pause(struct later *l);

#endif
