/*
 * redis - asynchronous commands with deadlines over one server, Sentinel or Cluster (hiredis inside, seen
 * nowhere else). All commands issued in one turn of the loop leave in one write.
 *
 * Every command carries the partition it touches; its keys all have that partition's hash tag, so in Cluster
 * mode the command goes to the master that owns the slot. A completion runs exactly once, later, from the
 * loop: LOA_OK with a value, LOA_UNAVAILABLE (link lost, LOADING, MISCONF, OOM, READONLY, CLUSTERDOWN:
 * nothing is known about whether a write happened unless the server answered), LOA_TIMEOUT, LOA_INVALID (any
 * other error answer; text in redis_error()). The connection heals by itself.
 */
#ifndef LOA_REDIS_H
#define LOA_REDIS_H

#include "loa/loop.h"
#include <stdint.h>

struct redis;
struct redis_value; /* a reply, borrowed inside the completion */

enum redis_type { REDIS_NIL, REDIS_INT, REDIS_STR, REDIS_ARRAY, REDIS_STATUS, REDIS_ERROR };
enum redis_type redis_type(const struct redis_value *v);         /* NULL gives REDIS_NIL */
long long redis_int(const struct redis_value *v);                /* also of a numeric string; 0 otherwise */
const char *redis_str(const struct redis_value *v, size_t *len); /* "" for nil; NUL-terminated */
size_t redis_count(const struct redis_value *v);
const struct redis_value *redis_at(const struct redis_value *v, size_t i); /* NULL past the end */
bool redis_is_error(const struct redis_value *v, const char *prefix);      /* e.g. "NOSCRIPT" */

typedef void redis_done_fn(void *ctx, enum loa_status st, const struct redis_value *v);

/* url: unix:///path  redis://[user:pass@]host:port  sentinel://h:p,h:p/name  cluster://h:p,h:p
 * Starts connecting at once. `deadline_ms` is the default for commands. LOA_INVALID for a bad url. */
enum loa_status redis_new(struct loop *l, const char *url, int64_t deadline_ms, struct redis **out);
void redis_free(struct redis *r); /* completes everything with LOA_CANCELLED first */
bool redis_ready(const struct redis *r);
typedef void redis_state_fn(void *ctx, bool ready);
void redis_on_state(struct redis *r, redis_state_fn *fn, void *ctx); /* called on each change */
unsigned redis_pending(const struct redis *r);

/* argv strings are copied. Refused with LOA_BUSY over REDIS_PENDING_MAX, LOA_UNAVAILABLE while there is no
 * link; then `done` is never called. `partition` picks the node in Cluster mode; -1: any node. */
#define REDIS_PENDING_MAX 65536
enum loa_status redis_command(struct redis *r, int partition, int argc, const char *const *argv,
                              const size_t *argv_len, redis_done_fn *done, void *ctx);
enum loa_status redis_commandf(struct redis *r, int partition, redis_done_fn *done, void *ctx,
                               const char *fmt, ...); /* hiredis formats: %s %b %d %lld */

/* A channel that wakes us: SUBSCRIBE on a connection of its own, kept through reconnects. */
typedef void redis_message_fn(void *ctx, const char *channel, const char *data, size_t len);
enum loa_status redis_subscribe(struct redis *r, const char *channel, redis_message_fn *fn, void *ctx);

#endif
