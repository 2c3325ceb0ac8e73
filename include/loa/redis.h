/*
 * redis - asynchronous commands with deadlines over one server, Sentinel or Cluster (hiredis inside, seen
 * nowhere else). All commands issued in one turn of the loop leave in one write.
 *
 * Every command carries the partition it touches; its keys all have that partition's hash tag, so in Cluster
 * mode the command goes to the master that owns the slot. Commands of one partition are executed in the order
 * they were issued, except while Cluster moves its slot.
 *
 * A completion runs exactly once, later, from the loop (only redis_free() completes at once): LOA_OK with a
 * value; LOA_UNAVAILABLE: link lost, or the server said LOADING, MISCONF, OOM, READONLY, CLUSTERDOWN …
 * (nothing is known about whether a write happened unless there is a value: then the server refused it);
 * LOA_TIMEOUT: no answer, nothing is known; LOA_INVALID: any other error answer. The value of an error answer
 * is the error: redis_is_error(), redis_str().
 *
 * After a timeout the connection is dropped and made anew, and what else was under way on it completes as
 * LOA_UNAVAILABLE. The connection heals by itself, with growing pauses up to 2 s between attempts.
 *
 * Do not block on it (XREAD BLOCK …): everything shares one connection per server. A caller that must, opens
 * its own with redis_new() and a longer deadline.
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

/* url: unix:///path  redis://[user:pass@]host[:port]  sentinel://[user:pass@]h:p,h:p/name
 * cluster://[user:pass@]h:p,h:p  with %XX in user and password; unix://user:pass@/path works too. Login is
 * for the servers, sentinels are asked without. Starts connecting at once. `deadline_ms` holds for every
 * command and for connecting. LOA_INVALID or LOA_TOO_BIG for a bad url. */
enum loa_status redis_new(struct loop *l, const char *url, int64_t deadline_ms, struct redis **out);
void redis_free(struct redis *r); /* completes everything with LOA_CANCELLED first; NULL is fine */
/* From now on a command completes with LOA_OK only when so many replicas hold what was written (one WAIT for
 * all commands of a turn); LOA_UNAVAILABLE when they do not within half the deadline: then it is written on
 * the master at least. 0, the default: the master's word is enough. */
void redis_wait_replicas(struct redis *r, unsigned replicas);
/* NULL is a connection that is gone: never ready, refuses with LOA_UNAVAILABLE.
 * Connected to the (master) server, in Cluster mode to all masters of a complete slot map. Commands may still
 * work for some partitions when not. */
bool redis_ready(const struct redis *r);
/* Do all partitions lie on one server? Then one script may work on several of them. */
bool redis_is_one_server(const struct redis *r);
const char *redis_error(const struct redis *r); /* why it is not ready; "" when it is */
typedef void redis_state_fn(void *ctx, bool ready);
void redis_on_state(struct redis *r, redis_state_fn *fn, void *ctx); /* on each change; several may listen */
unsigned redis_pending(const struct redis *r);

/* argv strings are copied; argv_len NULL: they end with NUL. Refused with LOA_BUSY over REDIS_PENDING_MAX
 * commands or 64 MiB the server has not taken yet, LOA_TOO_BIG for a command over 64 MiB, LOA_UNAVAILABLE
 * while there is no link; then `done` is never called. `partition` picks the node in Cluster mode; -1: any
 * node (a command with a key still finds its way, by a detour). */
#define REDIS_PENDING_MAX 65536
enum loa_status redis_command(struct redis *r, int partition, int argc, const char *const *argv,
                              const size_t *argv_len, redis_done_fn *done, void *ctx);
enum loa_status redis_commandf(struct redis *r, int partition, redis_done_fn *done, void *ctx,
                               const char *fmt, ...); /* hiredis formats: %s %b %d %lld */

/* The hash tag of a partition as it stands in keys: "{p07}". */
#define REDIS_TAG_BYTES 16
const char *redis_partition_tag(int partition, char out[REDIS_TAG_BYTES]); /* returns out */
unsigned redis_partition_slot(int partition);                              /* its Cluster slot */

/* A channel that wakes us: SUBSCRIBE on a connection of its own, kept through reconnects until redis_free().
 * Each time the subscription begins (anew), `fn` also gets one empty message: some may have been missed. */
typedef void redis_message_fn(void *ctx, const char *channel, const char *data, size_t len);
#define REDIS_CHANNELS_MAX 256
enum loa_status redis_subscribe(struct redis *r, const char *channel, redis_message_fn *fn, void *ctx);

#endif
