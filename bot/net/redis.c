#include "redis_inside.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listener {
    redis_state_fn *fn;
    void *ctx;
};

struct redis {
    struct loop *loop;
    struct redis_url url;
    int64_t deadline_ms;
    const struct redis_ways *ways;
    void *way;
    struct pubsub *pubsub; /* NULL until the first redis_subscribe() */
    struct redis_command *commands;
    unsigned pending;
    unsigned wait_replicas;
    bool ready, ending;
    char error[160];
    struct listener *listener;
    size_t listeners;
};

/* ---- commands ---- */

static void command_link(struct redis *r, struct redis_command *c)
{
    c->next = r->commands;
    if (c->next != NULL)
        c->next->prev = c;
    r->commands = c;
    r->pending++;
}

static void command_unlink(struct redis_command *c)
{
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->redis->commands = c->next;
    c->redis->pending--;
}

/* Reply, lost link and redis_free() race; one wins. */
static void command_finish(struct redis_command *c, enum loa_status st, const struct redis_value *v)
{
    redis_done_fn *done = c->done;

    if (done == NULL)
        return;
    c->done = NULL;
    command_unlink(c);
    done(c->ctx, st, v);
}

static void command_free(struct redis_command *c)
{
    free(c->wire);
    free(c);
}

static void command_answered(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    struct redis_command *c =
        (struct redis_command *)(void *)((char *)call - offsetof(struct redis_command, call));

    if (c->done != NULL && redis_type(v) == REDIS_ERROR) {
        struct redis *r = c->redis;
        if (r->ways->error(r->way, c, v))
            return;
        st = redis_verdict(v);
    }
    command_finish(c, st, v);
    command_free(c);
}

void redis_command_send(struct redis_command *c, struct redis_link *k)
{
    c->link = k;
    redis_link_send(k, &c->call, command_answered, c->wire, c->wire_len);
    redis_link_hold(k, &c->call, c->redis->wait_replicas);
}

/* Takes over `wire`. */
static enum loa_status start_command(struct redis *r, int partition, char *wire, size_t len,
                                     redis_done_fn *done, void *ctx)
{
    struct redis_link *k = r == NULL || r->ending ? NULL : r->ways->link_for(r->way, partition);
    enum loa_status st = LOA_OK;

    if (k == NULL)
        st = LOA_UNAVAILABLE;
    else if (len > REDIS_UNSENT_MAX_BYTES)
        st = LOA_TOO_BIG;
    else if (r->pending >= REDIS_PENDING_MAX || redis_link_full(k))
        st = LOA_BUSY;
    if (st != LOA_OK) {
        free(wire);
        return st;
    }
    struct redis_command *c = mem_alloc(sizeof *c);
    *c = (struct redis_command){ .redis = r, .done = done, .ctx = ctx, .wire = wire, .wire_len = len };
    command_link(r, c);
    redis_command_send(c, k);
    if (r->url.mode != REDIS_MODE_CLUSTER) { /* nobody will send it again */
        free(c->wire);
        c->wire = NULL;
    }
    return LOA_OK;
}

enum loa_status redis_command(struct redis *r, int partition, int argc, const char *const *argv,
                              const size_t *argv_len, redis_done_fn *done, void *ctx)
{
    char *wire = NULL;
    int len = redisFormatCommandArgv(&wire, argc, (const char **)(uintptr_t)argv, argv_len);

    return len < 0 ? LOA_TOO_BIG : start_command(r, partition, wire, (size_t)len, done, ctx);
}

enum loa_status redis_commandf(struct redis *r, int partition, redis_done_fn *done, void *ctx,
                               const char *fmt, ...)
{
    va_list ap;
    char *wire = NULL;

    va_start(ap, fmt);
    int len = redisvFormatCommand(&wire, fmt, ap);
    va_end(ap);
    return len < 0 ? LOA_INVALID : start_command(r, partition, wire, (size_t)len, done, ctx);
}

unsigned redis_pending(const struct redis *r)
{
    return r->pending;
}

/* ---- partitions ---- */

const char *redis_partition_tag(int partition, char out[REDIS_TAG_BYTES])
{
    snprintf(out, REDIS_TAG_BYTES, "{p%02d}", partition);
    return out;
}

/* CRC16 (XMODEM) of what stands between the braces, modulo 16384: the rule of Redis Cluster. */
unsigned redis_partition_slot(int partition)
{
    char tag[REDIS_TAG_BYTES];
    unsigned crc = 0;

    redis_partition_tag(partition, tag);
    for (const char *c = tag + 1; *c != '}'; c++) {
        crc ^= (unsigned)(unsigned char)*c << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return crc & 16383;
}

/* ---- state ---- */

bool redis_ready(const struct redis *r)
{
    return r != NULL && r->ready;
}

bool redis_is_one_server(const struct redis *r)
{
    return r != NULL && r->url.mode != REDIS_MODE_CLUSTER;
}

const char *redis_error(const struct redis *r)
{
    return r->ready ? "" : r->error;
}

void redis_on_state(struct redis *r, redis_state_fn *fn, void *ctx)
{
    r->listener = mem_resize(r->listener, (r->listeners + 1) * sizeof *r->listener);
    r->listener[r->listeners++] = (struct listener){ .fn = fn, .ctx = ctx };
}

static void log_state(const struct redis *r)
{
    char text[REDIS_ADDRESS_TEXT];
    struct redis_address a;

    if (!r->ready)
        log_warn("redis_down", "reason", r->error);
    else if (r->ways->address(r->way, &a))
        log_info("redis_up", "server", redis_address_text(&a, text));
}

void redis_changed(struct redis *r, const char *why)
{
    if (r->ending)
        return;
    bool ready = r->ways->ready(r->way);
    if (!ready && why != NULL)
        snprintf(r->error, sizeof r->error, "%s", why);
    if (ready && r->pubsub != NULL)
        pubsub_server_changed(r->pubsub);
    if (ready == r->ready)
        return;
    r->ready = ready;
    log_state(r);
    for (size_t i = 0; i < r->listeners && !r->ending; i++)
        r->listener[i].fn(r->listener[i].ctx, ready);
}

/* ---- life ---- */

enum loa_status redis_new(struct loop *l, const char *url, int64_t deadline_ms, struct redis **out)
{
    struct redis *r = mem_alloc(sizeof *r);
    enum loa_status st = deadline_ms > 0 ? redis_url_parse(url, &r->url) : LOA_INVALID;

    if (st != LOA_OK) {
        free(r);
        return st;
    }
    r->loop = l;
    r->deadline_ms = deadline_ms;
    r->ways = r->url.mode == REDIS_MODE_CLUSTER ? &redis_cluster_ways : &redis_single_ways;
    snprintf(r->error, sizeof r->error, "connecting");
    r->way = r->ways->start(r);
    *out = r;
    return LOA_OK;
}

void redis_wait_replicas(struct redis *r, unsigned replicas)
{
    r->wait_replicas = replicas;
}

static void redis_destroy(void *p)
{
    struct redis *r = p;
    explicit_bzero(r->url.password, sizeof r->url.password);
    free(r->listener);
    free(r);
}

/* Completions may still look at r, and the call may come out of one: the memory goes at the turn's end. */
void redis_free(struct redis *r)
{
    if (r == NULL || r->ending)
        return;
    r->ending = true;
    r->ready = false;
    snprintf(r->error, sizeof r->error, "closed");
    while (r->commands != NULL)
        command_finish(r->commands, LOA_CANCELLED, NULL);
    pubsub_free(r->pubsub);
    r->ways->stop(r->way, LOA_CANCELLED);
    loop_free_later(r->loop, r, redis_destroy);
}

enum loa_status redis_subscribe(struct redis *r, const char *channel, redis_message_fn *fn, void *ctx)
{
    if (r->ending)
        return LOA_UNAVAILABLE;
    if (r->pubsub == NULL)
        r->pubsub = pubsub_new(r);
    return pubsub_add(r->pubsub, channel, fn, ctx);
}

/* ---- for the ways ---- */

struct loop *redis_loop(const struct redis *r)
{
    return r->loop;
}

const struct redis_url *redis_url_of(const struct redis *r)
{
    return &r->url;
}

struct link_options redis_link_options(const struct redis *r, const struct redis_address *a, unsigned attempt)
{
    return (struct link_options){
        .loop = r->loop,
        .address = *a,
        .user = r->url.user,
        .password = r->url.password,
        .deadline_ms = r->deadline_ms,
        .attempt = attempt,
    };
}

bool redis_server_address(const struct redis *r, struct redis_address *out)
{
    return r->ways->address(r->way, out);
}
