/*
 * redis_inside - what the files bot/net/redis*.c share. Nobody else includes it.
 *
 *   redis.c          the public calls; commands and their completion
 *   redis_url.c      the text after `url =`
 *   redis_value.c    reading replies; which error answers mean "not now"
 *   redis_link.c     one connection to one server, from birth to its one death
 *   redis_single.c   keeps links to a fixed server, or one to the master Sentinel names
 *   redis_sentinel.c asks Sentinel who is master and hears of changes
 *   redis_cluster.c  one link per master, the slot map, MOVED and ASK
 *   redis_pubsub.c   the subscriptions, on a link of their own
 *
 * A link is never repaired: whoever owns it opens a new one. So there is no half-alive connection to reason
 * about, and replies cannot get out of step.
 */
#ifndef LOA_REDIS_INSIDE_H
#define LOA_REDIS_INSIDE_H

#include "loa/redis.h"

/* ---- addresses ---- */

#define REDIS_HOST_MAX    256
#define REDIS_UNIX_MAX    107 /* sun_path without its NUL */
#define REDIS_SERVERS_MAX 16

struct redis_address {
    char host[REDIS_HOST_MAX]; /* a path beginning with '/' is a unix socket */
    int port;
};

enum redis_mode { REDIS_MODE_SINGLE, REDIS_MODE_SENTINEL, REDIS_MODE_CLUSTER };

struct redis_url {
    enum redis_mode mode;
    struct redis_address server[REDIS_SERVERS_MAX];
    unsigned servers;
    char user[128], password[256]; /* for the servers, not for Sentinel; "" for none */
    char master[128];              /* the name Sentinel knows the master by */
};

enum loa_status redis_url_parse(const char *text, struct redis_url *out); /* LOA_INVALID, LOA_TOO_BIG */
bool redis_address_equal(const struct redis_address *a, const struct redis_address *b);
#define REDIS_ADDRESS_TEXT (REDIS_HOST_MAX + 10)
const char *redis_address_text(const struct redis_address *a, char out[REDIS_ADDRESS_TEXT]); /* returns out */

/* ---- values ---- */

/* LOA_OK, LOA_UNAVAILABLE for answers that mean "not now", LOA_INVALID for other errors. */
enum loa_status redis_verdict(const struct redis_value *v);
/* Is it this error, also when it was raised inside a script? */
bool redis_says(const struct redis_value *v, const char *word);
/* An address as servers tell it: host, a port. False when it is none. */
bool redis_address_set(struct redis_address *a, const char *host, size_t host_len, long long port);

/* ---- one connection ---- */

struct redis_link;
struct link_call;
typedef void link_reply_fn(struct link_call *call, enum loa_status st, const struct redis_value *v);

/* One command under way, embedded in its owner; `fn` runs exactly once, never inside redis_link_send(). */
struct link_call {
    struct link_call *next;
    link_reply_fn *fn;
    int64_t due_ms;
    bool held;   /* its answer waits for the replicas */
    void *reply; /* while it does */
};

struct link_events {
    void (*up)(void *ctx);
    void (*down)(void *ctx, const char *why); /* the link is gone; `why` lives only inside the call */
    void (*push)(void *ctx, const struct redis_value *v); /* what nobody asked for; NULL: that is a fault */
};

struct link_options {
    struct loop *loop;
    struct redis_address address;
    const char *user, *password; /* borrowed during redis_link_open() */
    bool must_be_master;
    int64_t deadline_ms;
    unsigned attempt; /* picks one of the addresses behind a host name */
};

#define REDIS_UNSENT_MAX_BYTES ((size_t)64 << 20) /* commands the server has not taken yet */
#define REDIS_REPLY_MAX_BYTES  ((size_t)64 << 20) /* one reply; a server that says more is none of ours */

/* Always gives a link; that it could not connect is told by `down`, later. */
struct redis_link *redis_link_open(const struct link_options *o, const struct link_events *ev, void *ctx);
/* Completes what is under way with `st`; no events any more. NULL is fine. */
void redis_link_close(struct redis_link *k, enum loa_status st);
bool redis_link_up(const struct redis_link *k);   /* false for NULL */
bool redis_link_full(const struct redis_link *k); /* over REDIS_UNSENT_MAX_BYTES */
/* Queues one formatted command; a link that is still connecting sends it later. */
void redis_link_send(struct redis_link *k, struct link_call *call, link_reply_fn *fn, const char *wire,
                     size_t len);
void redis_link_sendf(struct redis_link *k, struct link_call *call, link_reply_fn *fn, const char *fmt, ...);
/* The call just sent completes only once `replicas` copies hold what this connection has written so far, or
 * as LOA_UNAVAILABLE when they do not within half the deadline. 0: nothing changes. */
void redis_link_hold(struct redis_link *k, struct link_call *call, unsigned replicas);
/* Queues a command that is answered by pushes alone. */
void redis_link_post(struct redis_link *k, const char *fmt, ...);

/* Pause before try number `attempt` (0, 1, …) to reach a server: 50 ms doubling to 2 s, with jitter. */
int64_t redis_backoff_ms(unsigned attempt);

/* ---- one command of a caller ---- */

struct redis_command {
    struct link_call call, asking;
    struct redis_link *link; /* it went out on; valid while the reply is looked at */
    struct redis *redis;
    struct redis_command *prev, *next;
    redis_done_fn *done; /* NULL once it has run */
    void *ctx;
    unsigned redirects;
    char *wire; /* kept where it may have to be sent again */
    size_t wire_len;
};
void redis_command_send(struct redis_command *c, struct redis_link *k);

/* ---- the ways to find the server of a command ---- */

struct redis_ways {
    void *(*start)(struct redis *r);
    void (*stop)(void *way, enum loa_status st);
    struct redis_link *(*link_for)(void *way, int partition); /* NULL: none at the moment */
    bool (*ready)(const void *way);
    bool (*address)(const void *way, struct redis_address *out); /* of a server for subscriptions */
    /* Looks at an error answer before the caller does; true when it sent the command elsewhere. */
    bool (*error)(void *way, struct redis_command *c, const struct redis_value *v);
};
extern const struct redis_ways redis_single_ways, redis_cluster_ways;

struct loop *redis_loop(const struct redis *r);
const struct redis_url *redis_url_of(const struct redis *r);
struct link_options redis_link_options(const struct redis *r, const struct redis_address *a,
                                       unsigned attempt);
void redis_changed(struct redis *r, const char *why); /* a link came (NULL) or went */
bool redis_server_address(const struct redis *r, struct redis_address *out);

/* ---- Sentinel ---- */

struct sentinel;
/* Called whenever a sentinel names the master: the first time, after sentinel_ask(), at a switch. */
typedef void sentinel_master_fn(void *ctx, const struct redis_address *master);
struct sentinel *sentinel_new(struct redis *r, sentinel_master_fn *master, void *ctx);
void sentinel_ask(struct sentinel *s); /* the master it named did not do: ask the next one, soon */
void sentinel_free(struct sentinel *s);

/* ---- subscriptions ---- */

struct pubsub;
struct pubsub *pubsub_new(struct redis *r);
void pubsub_free(struct pubsub *p);
enum loa_status pubsub_add(struct pubsub *p, const char *channel, redis_message_fn *fn, void *ctx);
void pubsub_server_changed(struct pubsub *p);

#endif
