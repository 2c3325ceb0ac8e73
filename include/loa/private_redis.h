/*
 * private_redis - a redis-server of our own on a unix socket under data_dir, which loses nothing it confirmed
 * (settings: deploy/redis/private.conf).
 *
 * data_dir/lock makes sure that one loa owns the directory. The server dies with us: it gets SIGTERM even
 * when we are killed. One that is left over all the same, or still busy with its farewell, is stopped and
 * waited for before ours starts: two servers never write one append-only file (each holds a lock on
 * data_dir/redis/redis.log, its own output, for as long as it lives). A server that ends by itself is started
 * again, with pauses that grow to 5 s.
 */
#ifndef LOA_PRIVATE_REDIS_H
#define LOA_PRIVATE_REDIS_H

#include "loa/errors.h"
#include "loa/loop.h"

struct private_redis;
/* Runs once: LOA_OK when the server answers (its data is loaded, however long that takes); LOA_IO when it
 * ended three times before it ever did (redis.log says why) or another one would not go. */
typedef void private_redis_fn(void *ctx, enum loa_status st);

/* Makes data_dir and data_dir/redis where missing. Refused, with a sentence in `err` and no callback:
 * LOA_BUSY: another loa owns data_dir (its pid is told); LOA_NOT_FOUND: no redis-server in PATH; LOA_TOO_BIG:
 * the path is too long for a unix socket; LOA_IO. */
enum loa_status private_redis_start(struct loop *l, const char *data_dir, struct errors *err,
                                    private_redis_fn *ready, void *ctx, struct private_redis **out);

/* The url of data_dir's private server for redis_new(), running or not: also for a command that wants to
 * talk to the store of a loa that is already at work. LOA_TOO_BIG, LOA_NOT_FOUND (no such directory). */
#define PRIVATE_REDIS_URL_MAX 128
enum loa_status private_redis_url(const char *data_dir, char out[PRIVATE_REDIS_URL_MAX]);
int private_redis_pid(const struct private_redis *p); /* 0 while none runs */

/* Stops the server (SIGTERM; SIGKILL after 30 s) and runs `stopped` when it is gone; after this only
 * private_redis_free() may be called, in `stopped` or later. Close your own connections first. */
void private_redis_stop(struct private_redis *p, loop_fn *stopped, void *ctx);
void private_redis_free(struct private_redis *p); /* gives data_dir back; NULL is fine */

#endif
