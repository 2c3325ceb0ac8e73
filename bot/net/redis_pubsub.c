/*
 * Subscriptions on a link of their own: a subscribed connection takes no other commands. It is made anew when
 * it breaks, when the master changes, and when the server stays silent to our PINGs.
 */
#include "redis_inside.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

#define BEAT_MS 5000

struct channel {
    char *name;
    redis_message_fn *fn;
    void *ctx;
};

struct pubsub {
    struct redis *redis;
    struct channel channel[REDIS_CHANNELS_MAX];
    unsigned channels;
    struct redis_link *link;
    struct redis_address address; /* of the link */
    struct timer retry, beat;
    unsigned attempts;
    bool heard; /* anything since the last PING */
    bool ended;
};

static void pubsub_up(void *ctx);
static void pubsub_down(void *ctx, const char *why);
static void pubsub_push(void *ctx, const struct redis_value *v);
static const struct link_events pubsub_events = { pubsub_up, pubsub_down, pubsub_push };

static void pubsub_connect(void *ctx);

static void pubsub_retry(struct pubsub *p)
{
    timer_start(&p->retry, redis_loop(p->redis), redis_backoff_ms(p->attempts++), pubsub_connect, p);
}

static void pubsub_connect(void *ctx)
{
    struct pubsub *p = ctx;

    timer_stop(&p->retry);
    if (!redis_server_address(p->redis, &p->address)) {
        pubsub_retry(p);
        return;
    }
    struct link_options o = redis_link_options(p->redis, &p->address, p->attempts);
    p->link = redis_link_open(&o, &pubsub_events, p);
}

static void pubsub_down(void *ctx, const char *why)
{
    struct pubsub *p = ctx;

    (void)why; /* a server in trouble is told by the commands' link */
    p->link = NULL;
    timer_stop(&p->beat);
    pubsub_retry(p);
}

static void pubsub_beat(void *ctx)
{
    struct pubsub *p = ctx;

    if (!p->heard) {
        redis_link_close(p->link, LOA_UNAVAILABLE);
        pubsub_down(p, "silent");
        return;
    }
    p->heard = false;
    redis_link_post(p->link, "PING");
    timer_start(&p->beat, redis_loop(p->redis), BEAT_MS, pubsub_beat, p);
}

static void pubsub_up(void *ctx)
{
    struct pubsub *p = ctx;

    p->attempts = 0;
    p->heard = true;
    timer_start(&p->beat, redis_loop(p->redis), BEAT_MS, pubsub_beat, p);
    for (unsigned i = 0; i < p->channels; i++)
        redis_link_post(p->link, "SUBSCRIBE %s", p->channel[i].name);
}

static void deliver(struct pubsub *p, const char *name, const char *data, size_t len)
{
    for (unsigned i = 0; i < p->channels && !p->ended; i++)
        if (strcmp(p->channel[i].name, name) == 0)
            p->channel[i].fn(p->channel[i].ctx, name, data, len);
}

/* ["message", channel, data]  ["subscribe", channel, count]  ["pong", ""] */
static void pubsub_push(void *ctx, const struct redis_value *v)
{
    struct pubsub *p = ctx;
    const char *kind = redis_str(redis_at(v, 0), NULL), *name = redis_str(redis_at(v, 1), NULL);
    size_t len;

    p->heard = true;
    if (strcmp(kind, "message") == 0) {
        const char *data = redis_str(redis_at(v, 2), &len);
        deliver(p, name, data, len);
    } else if (strcmp(kind, "subscribe") == 0) {
        deliver(p, name, "", 0);
    } else if (redis_type(v) == REDIS_ERROR) {
        log_error("redis_subscribe_refused", "answer", redis_str(v, NULL));
    }
}

struct pubsub *pubsub_new(struct redis *r)
{
    struct pubsub *p = mem_alloc(sizeof *p);

    p->redis = r;
    pubsub_connect(p);
    return p;
}

static void pubsub_destroy(void *ctx)
{
    struct pubsub *p = ctx;

    for (unsigned i = 0; i < p->channels; i++)
        free(p->channel[i].name);
    free(p);
}

void pubsub_free(struct pubsub *p)
{
    if (p == NULL)
        return;
    p->ended = true;
    timer_stop(&p->retry);
    timer_stop(&p->beat);
    redis_link_close(p->link, LOA_CANCELLED);
    loop_free_later(redis_loop(p->redis), p, pubsub_destroy);
}

enum loa_status pubsub_add(struct pubsub *p, const char *channel, redis_message_fn *fn, void *ctx)
{
    if (p->channels == REDIS_CHANNELS_MAX)
        return LOA_BUSY;
    p->channel[p->channels++] = (struct channel){ .name = mem_strdup(channel), .fn = fn, .ctx = ctx };
    if (redis_link_up(p->link))
        redis_link_post(p->link, "SUBSCRIBE %s", channel);
    return LOA_OK;
}

void pubsub_server_changed(struct pubsub *p)
{
    struct redis_address now;
    bool any_server_will_do = redis_url_of(p->redis)->mode == REDIS_MODE_CLUSTER;

    if (p->link != NULL && (any_server_will_do || !redis_server_address(p->redis, &now) ||
                            redis_address_equal(&now, &p->address)))
        return;
    redis_link_close(p->link, LOA_UNAVAILABLE);
    timer_stop(&p->beat);
    p->link = NULL;
    pubsub_connect(p);
}
