/*
 * redis_server - real redis-server processes for tests, on a unix socket or a loopback port, with their files
 * in the test's temporary directory. They end with the test program.
 */
#ifndef TESTS_REDIS_SERVER_H
#define TESTS_REDIS_SERVER_H

#include "check.h"
#include "loa/loop.h"

struct redis;

struct redis_server {
    struct loop *loop;
    struct child *child;
    int pid;
    char dir[256];
    char url[320]; /* for redis_new() */
    int port;      /* 0: unix socket dir/redis.sock */
    bool gone;
};

/* Starts a server named `name` (its directory; starting the same name again continues on its files) and waits
 * until it accepts connections. `options`: "--name", "value" … NULL, or NULL; the basis is appendonly yes,
 * appendfsync always, no snapshots. `port` 0 for a unix socket. */
void redis_server_start(struct redis_server *s, struct loop *l, const char *name, int port,
                        const char *const *options);
void redis_server_signal(struct redis_server *s, int signo);
void redis_server_stop(struct redis_server *s, int signo); /* and waits for its end; harmless when stopped */

/* Connects and waits until redis_ready(); fails the test after 10 s. */
struct redis *redis_connected(struct loop *l, const char *url, int64_t deadline_ms);
/* Runs one command (as text, split at spaces) and waits for the answer. Returns it as text, valid until the
 * next call: strings as they are, numbers in decimal, arrays as [a b], nil as (nil); the word of the status
 * before anything but LOA_OK: "unavailable: OOM command not …". */
const char *redis_ask(struct loop *l, struct redis *r, int partition, const char *command);

#endif
