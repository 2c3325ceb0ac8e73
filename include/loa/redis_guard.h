/*
 * redis_guard - looks at a server that is not ours before we trust it with people's messages.
 *
 * Faults are settings that would lose what was confirmed: eviction, no append-only file, no or late fsync, a
 * replica, a version without what the scripts need, a Cluster behind a plain url. Each names the redis.conf
 * line to change. Notes are what an operator should know and may live with.
 */
#ifndef LOA_REDIS_GUARD_H
#define LOA_REDIS_GUARD_H

#include "loa/errors.h"
#include "loa/redis.h"

struct redis_guard_options {
    unsigned partitions; /* Cluster: the nodes that own these are looked at */
    bool cluster;        /* the url is cluster:// */
    bool allow_everysec; /* appendfsync everysec is a note, not a fault */
    unsigned wait_replicas;
};

/* LOA_OK: all nodes were asked, and are good when `faults` is empty; else the status of the command that
 * failed. Both lists are borrowed inside the call. Pointers of their items are setting names. */
typedef void redis_guard_fn(void *ctx, enum loa_status st, const struct errors *faults,
                            const struct errors *notes);

/* Runs on a connection that is redis_ready(). Refused like redis_command(). */
enum loa_status redis_guard(struct redis *r, const struct redis_guard_options *o, redis_guard_fn *done,
                            void *ctx);

#endif
