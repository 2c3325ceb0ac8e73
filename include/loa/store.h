/*
 * store - Redis as loa sees it: partitions, key names, scripts.
 *
 * Work is split into P partitions, fixed when a store is first used (loa:{p00}:meta). Every key of partition
 * 7 is "loa:{p07}:…": one hash slot, so every script touches one node in Cluster mode. A script is named by
 * its file bot/store/<name>.lua, which documents keys, arguments and answer; it is called by hash and loaded
 * again on NOSCRIPT.
 */
#ifndef LOA_STORE_H
#define LOA_STORE_H

#include "loa/crypto.h"
#include "loa/redis.h"

#define PARTITIONS_MAX 64
#define STORE_KEY_MAX  160

struct store;

/* `r` and `c` are borrowed. `partitions` is what the configuration asks for. */
struct store *store_new(struct loop *l, struct redis *r, const struct crypto *c, unsigned partitions);
void store_free(struct store *s);
/* The connection is about to go: from now on every call is refused with LOA_UNAVAILABLE. */
void store_detach(struct store *s);
/* Reads or writes the meta record. LOA_CONFLICT: the store was made with another number of partitions (see
 * store_partitions() for it); LOA_DENIED: it was sealed with another master key. Safe to call again after a
 * failure. */
void store_open(struct store *s, void (*done)(void *ctx, enum loa_status st), void *ctx);

unsigned store_partitions(const struct store *s);
unsigned store_partition_of(const struct store *s,
                            const char *text); /* of a dossier code, or any other string */
unsigned store_partition_of_citizen(const struct store *s, const char *ckey);
const struct crypto *store_crypto(const struct store *s);
struct redis *store_redis(const struct store *s);
struct loop *store_loop(const struct store *s);

/* "loa:{p07}:" + text */
const char *store_key(char out[STORE_KEY_MAX], unsigned partition, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- a command's arguments: a growing list, strings copied ---- */
struct args {
    struct buf bytes;
    size_t *offset, *length;
    unsigned count, room;
    unsigned keys; /* how many of them are keys (scripts only) */
};
void args_init(struct args *a);
void args_clear(struct args *a);
void args_reset(struct args *a);
void args_key(struct args *a, unsigned partition, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void args_str(struct args *a, const char *s); /* NULL as "" */
void args_bin(struct args *a, const void *p, size_t n);
void args_int(struct args *a, int64_t v);

/* Runs a script; all keys first, then the other arguments. Completion as in redis.h; LOA_STALE when the
 * script answered 'STALE' (the lease is no longer ours). The args may be cleared when this returns. */
enum loa_status store_script(struct store *s, unsigned partition, const char *script, struct args *a,
                             redis_done_fn *done, void *ctx);
/* Runs a plain command, e.g. "HGETALL" with one key. */
enum loa_status store_command(struct store *s, unsigned partition, const char *command, struct args *a,
                              redis_done_fn *done, void *ctx);

/* Field of a flat list reply (HGETALL, stream entry): its value, or NULL. */
const struct redis_value *store_field(const struct redis_value *list, const char *name);

#endif
