/*
 * lease - which partitions this process owns, and with which epoch.
 *
 * A lease lasts LEASE_TTL_MS and is renewed four times in that time. Work is done only while it is held;
 * every writing script carries the epoch and is refused (LOA_STALE) once another process has taken over, so a
 * process that wakes after a pause can do no harm. Processes announce themselves every second and each takes
 * its fair share: what is free or expired first; who has more than its share hands the surplus back.
 */
#ifndef LOA_LEASE_H
#define LOA_LEASE_H

#include "loa/store.h"

#define LEASE_TTL_MS 2000

struct leases;
/* `taken` runs after a lease was won (read what the predecessor left), `lost` when it is gone for any reason.
 */
typedef void lease_fn(void *ctx, unsigned partition, int64_t epoch);

struct leases *leases_new(struct store *s, const char *process_id, lease_fn *taken, lease_fn *lost,
                          void *ctx);
void leases_start(struct leases *l);
bool lease_owned(const struct leases *l, unsigned partition);
int64_t lease_epoch(const struct leases *l, unsigned partition); /* 0 when not owned */
unsigned leases_count(const struct leases *l);
/* A script said LOA_STALE: forget the lease now, `lost` runs. */
void lease_lost(struct leases *l, unsigned partition);
/* Takes no new leases and hands back each one for which `idle` says so, until none is left; then `done`. */
void leases_hand_back(struct leases *l, bool (*idle)(void *ctx, unsigned partition), loop_fn *done,
                      void *ctx);
void leases_free(struct leases *l);

#endif
