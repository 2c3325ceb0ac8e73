#include "loa/batch.h"
#include "loa/mem.h"
#include <stdlib.h>

#define CALLS_MAX    2 /* under way at a time: one is worked on while the next is on its way */
#define MIXED_GROUPS 4 /* and links: of each, Redis reads some 16 kB between two syncs */

struct item {
    batch_done_fn *done;
    void *ctx;
};

/* What is collected for one partition; handed to the call as a whole, then replaced. */
struct lot {
    struct batch *batch;
    unsigned group, partition; /* where it is collected; that of the first item */
    struct args args;
    void (*end)(void *ctx, enum loa_status st); /* NULL: nobody waits for the whole */
    void *end_ctx;
    unsigned count;
    struct item item[BATCH_ITEMS_MAX];
};

struct batch {
    struct store *store;
    const char *script;
    batch_head_fn *head;
    void *ctx;
    struct lot *lot[PARTITIONS_MAX];
    unsigned calls[PARTITIONS_MAX]; /* under way; both by group: a partition, or some of them */
    bool mixed;
    unsigned line;       /* where the links of a mixed batch begin */
    unsigned filled;     /* lots that are not empty */
    struct lot *leaving; /* whose head is being written */
};

static void lot_end(struct lot *lot, enum loa_status st, const struct redis_value *v)
{
    for (unsigned i = 0; i < lot->count; i++)
        lot->item[i].done(lot->item[i].ctx, st, st == LOA_OK ? redis_at(v, i) : NULL);
    if (lot->end != NULL)
        lot->end(lot->end_ctx, st);
    args_clear(&lot->args);
    free(lot);
}

static void lot_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct lot *lot = ctx;
    lot->batch->calls[lot->group]--;
    lot_end(lot, st, v);
}

/* A refused start still completes later, from the loop, like everything else. */
struct refusal {
    struct lot *lot;
    enum loa_status st;
};

static void refuse(void *ctx)
{
    struct refusal *r = ctx;
    lot_done(r->lot, r->st, NULL);
    free(r);
}

static unsigned group_of(const struct batch *b, unsigned partition)
{
    return b->mixed ? partition % MIXED_GROUPS : partition;
}

bool batch_together(const struct batch *b, unsigned partition, unsigned other)
{
    return group_of(b, partition) == group_of(b, other);
}

/* By whose link the calls of a group go: always the same, so they stay in order. */
static unsigned link_of(const struct batch *b, const struct lot *lot)
{
    return b->mixed ? (b->line + lot->group) % store_partitions(b->store) : lot->partition;
}

static void flush(struct batch *b, unsigned group)
{
    struct lot *lot = b->lot[group];
    if (lot == NULL)
        return;
    b->lot[group] = NULL;
    b->filled--;
    b->calls[group]++;
    struct args a;
    args_init(&a);
    b->leaving = lot;
    enum loa_status st = b->head(b->ctx, lot->partition, &a);
    for (unsigned i = 0; st == LOA_OK && i < lot->args.count; i++)
        args_bin(&a, lot->args.bytes.data + lot->args.offset[i], lot->args.length[i]);
    if (st == LOA_OK)
        st = store_script(b->store, link_of(b, lot), b->script, &a, lot_done, lot);
    args_clear(&a);
    if (st == LOA_OK)
        return;
    struct refusal *r = mem_alloc(sizeof *r);
    *r = (struct refusal){ lot, st };
    loop_defer(store_loop(b->store), refuse, r);
}

static void flush_all(void *ctx)
{
    struct batch *b = ctx;
    for (unsigned p = 0; b->filled > 0 && p < store_partitions(b->store); p++)
        if (b->calls[p] < CALLS_MAX)
            flush(b, p);
}

struct batch *batch_new(struct store *s, const char *script, batch_head_fn *head, void *ctx)
{
    struct batch *b = mem_alloc(sizeof *b);
    b->store = s;
    b->script = script;
    b->head = head;
    b->ctx = ctx;
    loop_on_turn_end(store_loop(s), flush_all, b);
    return b;
}

void batch_mix(struct batch *b)
{
    b->mixed = redis_is_one_server(store_redis(b->store));
    b->line = store_partition_of(b->store, b->script);
}

void batch_free(struct batch *b)
{
    if (b == NULL)
        return;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        if (b->lot[p] != NULL)
            lot_end(b->lot[p], LOA_CANCELLED, NULL);
    free(b);
}

void batch_at_end(struct batch *b, void (*end)(void *ctx, enum loa_status st), void *ctx)
{
    b->leaving->end = end;
    b->leaving->end_ctx = ctx;
}

struct args *batch_item(struct batch *b, unsigned partition, batch_done_fn *done, void *ctx)
{
    unsigned group = group_of(b, partition);
    struct lot *lot = b->lot[group];
    if (lot != NULL && lot->count == BATCH_ITEMS_MAX) {
        flush(b, group);
        lot = NULL;
    }
    if (lot == NULL) {
        lot = b->lot[group] = mem_alloc(sizeof *lot);
        lot->batch = b;
        lot->group = group;
        lot->partition = partition;
        args_init(&lot->args);
        b->filled++;
    }
    lot->item[lot->count++] = (struct item){ done, ctx };
    return &lot->args;
}
