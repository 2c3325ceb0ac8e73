/*
 * One server at a time: a fixed one, or the master Sentinel names. A lost link is made anew after a pause.
 *
 * A fixed server gets several links: in one turn of its loop Redis reads at most 16 kB from each connection
 * and then syncs once, so over a single link a busy store would take two or three messages per sync. A
 * partition always has the same link, which keeps its commands in order.
 */
#include "redis_inside.h"
#include "loa/mem.h"
#include <stdlib.h>

#define LINES_MAX 8

struct single;

struct line {
    struct single *single;
    struct redis_link *link; /* NULL between attempts */
    struct timer retry;
    unsigned attempts; /* since the link was last up */
};

struct single {
    struct redis *redis;
    struct sentinel *sentinel; /* NULL for a fixed server */
    struct redis_address address;
    struct line line[LINES_MAX];
    unsigned lines;
    bool stopped; /* perhaps by a completion or listener in the middle of the below */
};

static void line_up(void *ctx);
static void line_down(void *ctx, const char *why);
static const struct link_events line_events = { .up = line_up, .down = line_down };

static void line_connect(struct line *l)
{
    struct single *s = l->single;

    if (l->link != NULL || s->stopped)
        return;
    struct link_options o = redis_link_options(s->redis, &s->address, l->attempts);
    o.must_be_master = s->sentinel != NULL;
    l->link = redis_link_open(&o, &line_events, l);
}

/* The server is there: the other lines need not wait out their pauses. */
static void line_up(void *ctx)
{
    struct line *l = ctx;
    struct single *s = l->single;

    l->attempts = 0;
    for (unsigned i = 0; s->sentinel == NULL && i < s->lines; i++) {
        timer_stop(&s->line[i].retry);
        line_connect(&s->line[i]);
    }
    redis_changed(s->redis, NULL);
}

static void line_retry(void *ctx)
{
    struct line *l = ctx;

    if (l->single->sentinel != NULL)
        sentinel_ask(l->single->sentinel);
    else
        line_connect(l);
}

static void line_down(void *ctx, const char *why)
{
    struct line *l = ctx;
    struct redis *r = l->single->redis;

    l->link = NULL;
    timer_start(&l->retry, redis_loop(r), redis_backoff_ms(l->attempts++), line_retry, l);
    redis_changed(r, why);
}

static void drop_link(struct line *l, const char *why)
{
    struct redis_link *k = l->link;

    l->link = NULL;
    redis_changed(l->single->redis, why);
    redis_link_close(k, LOA_UNAVAILABLE);
}

static void master_known(void *ctx, const struct redis_address *master)
{
    struct single *s = ctx;
    struct line *l = &s->line[0];

    if (l->link != NULL && !redis_address_equal(&s->address, master))
        drop_link(l, "the master changed");
    s->address = *master;
    timer_stop(&l->retry);
    line_connect(l);
}

static void *single_start(struct redis *r)
{
    struct single *s = mem_alloc(sizeof *s);
    const struct redis_url *url = redis_url_of(r);

    s->redis = r;
    s->lines =
        url->mode == REDIS_MODE_SENTINEL ? 1 : LINES_MAX; /* each lost link asks Sentinel: one is enough */
    for (unsigned i = 0; i < s->lines; i++)
        s->line[i].single = s;
    if (url->mode == REDIS_MODE_SENTINEL) {
        s->sentinel = sentinel_new(r, master_known, s);
        return s;
    }
    s->address = url->server[0];
    for (unsigned i = 0; i < s->lines; i++)
        line_connect(&s->line[i]);
    return s;
}

static void single_stop(void *way, enum loa_status st)
{
    struct single *s = way;

    s->stopped = true;
    sentinel_free(s->sentinel);
    for (unsigned i = 0; i < s->lines; i++) {
        timer_stop(&s->line[i].retry);
        redis_link_close(s->line[i].link, st);
    }
    loop_free_later(redis_loop(s->redis), s, free);
}

static struct redis_link *single_link_for(void *way, int partition)
{
    struct single *s = way;
    struct redis_link *k = s->line[partition > 0 ? (unsigned)partition % s->lines : 0].link;

    return redis_link_up(k) ? k : NULL;
}

static bool single_ready(const void *way)
{
    const struct single *s = way;

    for (unsigned i = 0; i < s->lines; i++)
        if (!redis_link_up(s->line[i].link))
            return false;
    return true;
}

static bool single_address(const void *way, struct redis_address *out)
{
    const struct single *s = way;

    if (!single_ready(way))
        return false;
    *out = s->address;
    return true;
}

static void leave_replica(void *ctx)
{
    struct line *l = ctx;

    if (l->link == NULL)
        return;
    timer_start(&l->retry, redis_loop(l->single->redis), redis_backoff_ms(l->attempts++), line_retry, l);
    drop_link(l, "the master became a replica");
}

/* A master that turned into a replica keeps our connection: leave it, once this reply is dealt with. */
static bool single_error(void *way, struct redis_command *c, const struct redis_value *v)
{
    struct single *s = way;
    struct line *l = &s->line[0];

    if (s->sentinel != NULL && l->link == c->link && redis_says(v, "READONLY") && !timer_running(&l->retry))
        timer_start(&l->retry, redis_loop(s->redis), 0, leave_replica, l);
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
