/*
 * One link to one sentinel at a time, which is asked for the master and then watched for +switch-master. When
 * it is lost or does not know, the next one is tried.
 */
#include "redis_inside.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sentinel {
    struct redis *redis;
    sentinel_master_fn *master;
    void *ctx;
    struct redis_link *link;
    struct link_call ask;
    struct timer retry;
    unsigned current;  /* of the url's servers */
    unsigned attempts; /* since one answered */
    bool ended;
};

static void sentinel_up(void *ctx);
static void sentinel_down(void *ctx, const char *why);
static void sentinel_push(void *ctx, const struct redis_value *v);
static const struct link_events sentinel_events = { sentinel_up, sentinel_down, sentinel_push };

static void sentinel_connect(void *ctx)
{
    struct sentinel *s = ctx;
    const struct redis_url *url = redis_url_of(s->redis);

    struct link_options o =
        redis_link_options(s->redis, &url->server[s->current % url->servers], s->attempts / url->servers);
    o.user = o.password = "";
    s->link = redis_link_open(&o, &sentinel_events, s);
}

/* The first round through all sentinels goes fast; the pauses grow from round to round. */
static void try_next(struct sentinel *s)
{
    unsigned round = s->attempts++ / redis_url_of(s->redis)->servers;

    s->current++;
    timer_start(&s->retry, redis_loop(s->redis), redis_backoff_ms(round), sentinel_connect, s);
}

static void sentinel_down(void *ctx, const char *why)
{
    struct sentinel *s = ctx;

    s->link = NULL;
    try_next(s);
    redis_changed(s->redis, why); /* heard only while there is no master */
}

static void drop_link(struct sentinel *s)
{
    struct redis_link *k = s->link;

    s->link = NULL;
    redis_link_close(k, LOA_CANCELLED);
}

static void asked(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    struct sentinel *s = (struct sentinel *)(void *)((char *)call - offsetof(struct sentinel, ask));
    struct redis_address a = { 0 };
    size_t len;

    if (st != LOA_OK || s->ended)
        return;
    const char *host = redis_str(redis_at(v, 0), &len);
    if (redis_address_set(&a, host, len, redis_int(redis_at(v, 1)))) {
        s->attempts = 0;
        s->master(s->ctx, &a);
    } else { /* it does not know this master */
        drop_link(s);
        try_next(s);
        redis_changed(s->redis, "the sentinel does not know this master");
    }
}

static void sentinel_up(void *ctx)
{
    struct sentinel *s = ctx;

    redis_link_sendf(s->link, &s->ask, asked, "SENTINEL get-master-addr-by-name %s",
                     redis_url_of(s->redis)->master);
    redis_link_post(s->link, "SUBSCRIBE +switch-master");
}

/* ["message", "+switch-master", "NAME OLD-HOST OLD-PORT NEW-HOST NEW-PORT"] */
static void sentinel_push(void *ctx, const struct redis_value *v)
{
    struct sentinel *s = ctx;
    struct redis_address a = { 0 };
    char text[1024], *word[5] = { 0 }, *save = NULL;

    if (strcmp(redis_str(redis_at(v, 0), NULL), "message") != 0)
        return;
    snprintf(text, sizeof text, "%s", redis_str(redis_at(v, 2), NULL));
    word[0] = strtok_r(text, " ", &save);
    for (int i = 1; i < 5 && word[i - 1] != NULL; i++)
        word[i] = strtok_r(NULL, " ", &save);
    if (word[4] != NULL && strcmp(word[0], redis_url_of(s->redis)->master) == 0 &&
        redis_address_set(&a, word[3], strlen(word[3]), strtol(word[4], NULL, 10)))
        s->master(s->ctx, &a);
}

struct sentinel *sentinel_new(struct redis *r, sentinel_master_fn *master, void *ctx)
{
    struct sentinel *s = mem_alloc(sizeof *s);

    *s = (struct sentinel){ .redis = r, .master = master, .ctx = ctx };
    sentinel_connect(s);
    return s;
}

void sentinel_ask(struct sentinel *s)
{
    if (s->link == NULL) /* already on its way to the next one */
        return;
    drop_link(s);
    s->current++;
    timer_start(&s->retry, redis_loop(s->redis), 0, sentinel_connect, s);
}

void sentinel_free(struct sentinel *s)
{
    if (s == NULL)
        return;
    s->ended = true;
    timer_stop(&s->retry);
    redis_link_close(s->link, LOA_CANCELLED);
    loop_free_later(redis_loop(s->redis), s, free);
}
