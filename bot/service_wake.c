/*
 * Processes wake each other: who stored work for a partition tells its owner. A lost word costs little: the
 * owner looks by itself a few times a second.
 */
#include "loa/chat.h"
#include "loa/service.h"

#define WAKE_CHANNEL "loa:wake"

static void published(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)st, (void)v; /* a lost wake-up is found by the timers */
}

static void publish(struct service *s, char what, unsigned partition, unsigned way)
{
    enum loa_status st = redis_commandf(s->redis, -1, published, NULL, "PUBLISH " WAKE_CHANNEL " %s",
                                        (char[]){ what, (char)('!' + partition), (char)('!' + way), '\0' });
    (void)st;
}

void service_wake_router(void *ctx, unsigned partition)
{
    struct service *s = ctx;
    if (s->leases != NULL && lease_owned(s->leases, partition))
        router_wake(s->router, partition);
    else
        publish(s, 'r', partition, 0);
}

void service_wake_worker(void *ctx, unsigned partition, enum way way)
{
    struct service *s = ctx;
    if (s->leases != NULL && lease_owned(s->leases, partition))
        worker_wake(s->worker, partition, way);
    else
        publish(s, 'w', partition, way);
}

void service_wake_all_ways(void *ctx, unsigned partition)
{
    struct service *s = ctx;
    if (s->leases != NULL && lease_owned(s->leases, partition))
        worker_wake_all(s->worker, partition);
}

void service_wake_chat(struct service *s, unsigned partition)
{
    if (s->leases != NULL && lease_owned(s->leases, partition))
        chat_wake(s->chat, partition);
    else
        publish(s, 'c', partition, 0);
}

static void woken(void *ctx, const char *channel, const char *data, size_t len)
{
    struct service *s = ctx;
    (void)channel;
    unsigned partition = len == 3 ? (unsigned)(data[1] - '!') : PARTITIONS_MAX;
    if (partition >= store_partitions(s->store) || s->leases == NULL || !lease_owned(s->leases, partition))
        return;
    unsigned way = (unsigned)(data[2] - '!');
    if (data[0] == 'r')
        router_wake(s->router, partition);
    else if (data[0] == 'c')
        chat_wake(s->chat, partition);
    else if (way < WAY_COUNT)
        worker_wake(s->worker, partition, (enum way)way);
}

enum loa_status service_wake_listen(struct service *s)
{
    return redis_subscribe(s->redis, WAKE_CHANNEL, woken, s);
}
