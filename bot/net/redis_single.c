/* One server at a time: a fixed one, or the master Sentinel names. A lost link is made anew after a pause. */
#include "redis_inside.h"
#include "loa/mem.h"
#include <stdlib.h>

struct single {
    struct redis *redis;
    struct sentinel *sentinel; /* NULL for a fixed server */
    struct redis_address address;
    struct redis_link *link; /* NULL between attempts */
    struct timer retry;
    unsigned attempts; /* since the link was last up */
    bool stopped;      /* perhaps by a completion or listener in the middle of the below */
};

static void single_up(void *ctx);
static void single_down(void *ctx, const char *why);
static const struct link_events single_events = { .up = single_up, .down = single_down };

static void single_connect(void *ctx)
{
    struct single *s = ctx;

    if (s->link != NULL || s->stopped)
        return;
    struct link_options o = redis_link_options(s->redis, &s->address, s->attempts);
    o.must_be_master = s->sentinel != NULL;
    s->link = redis_link_open(&o, &single_events, s);
}

static void single_up(void *ctx)
{
    struct single *s = ctx;
    s->attempts = 0;
    redis_changed(s->redis, NULL);
}

static void single_retry(void *ctx)
{
    struct single *s = ctx;

    if (s->sentinel != NULL)
        sentinel_ask(s->sentinel);
    else
        single_connect(s);
}

static void single_down(void *ctx, const char *why)
{
    struct single *s = ctx;

    s->link = NULL;
    timer_start(&s->retry, redis_loop(s->redis), redis_backoff_ms(s->attempts++), single_retry, s);
    redis_changed(s->redis, why);
}

static void drop_link(struct single *s, const char *why)
{
    struct redis_link *k = s->link;

    s->link = NULL;
    redis_changed(s->redis, why);
    redis_link_close(k, LOA_UNAVAILABLE);
}

static void master_known(void *ctx, const struct redis_address *master)
{
    struct single *s = ctx;

    if (s->link != NULL && !redis_address_equal(&s->address, master))
        drop_link(s, "the master changed");
    s->address = *master;
    timer_stop(&s->retry);
    single_connect(s);
}

static void *single_start(struct redis *r)
{
    struct single *s = mem_alloc(sizeof *s);
    const struct redis_url *url = redis_url_of(r);

    s->redis = r;
    if (url->mode == REDIS_MODE_SENTINEL) {
        s->sentinel = sentinel_new(r, master_known, s);
    } else {
        s->address = url->server[0];
        single_connect(s);
    }
    return s;
}

static void single_stop(void *way, enum loa_status st)
{
    struct single *s = way;

    s->stopped = true;
    timer_stop(&s->retry);
    sentinel_free(s->sentinel);
    redis_link_close(s->link, st);
    loop_free_later(redis_loop(s->redis), s, free);
}

static struct redis_link *single_link_for(void *way, int partition)
{
    struct single *s = way;

    (void)partition;
    return redis_link_up(s->link) ? s->link : NULL;
}

static bool single_ready(const void *way)
{
    return redis_link_up(((const struct single *)way)->link);
}

static bool single_address(const void *way, struct redis_address *out)
{
    const struct single *s = way;

    if (!redis_link_up(s->link))
        return false;
    *out = s->address;
    return true;
}

static void leave_replica(void *ctx)
{
    struct single *s = ctx;

    if (s->link == NULL)
        return;
    timer_start(&s->retry, redis_loop(s->redis), redis_backoff_ms(s->attempts++), single_retry, s);
    drop_link(s, "the master became a replica");
}

/* A master that turned into a replica keeps our connection: leave it, once this reply is dealt with. */
static bool single_error(void *way, struct redis_command *c, const struct redis_value *v)
{
    struct single *s = way;

    if (s->sentinel != NULL && s->link == c->link && redis_says(v, "READONLY") && !timer_running(&s->retry))
        timer_start(&s->retry, redis_loop(s->redis), 0, leave_replica, s);
    return false;
}

const struct redis_ways redis_single_ways = {
    .start = single_start,
    .stop = single_stop,
    .link_for = single_link_for,
    .ready = single_ready,
    .address = single_address,
    .error = single_error,
};
