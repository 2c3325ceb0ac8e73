/*
 * batch - many small writes of one loop turn become one script call per partition: they share the round trip,
 * the script's start and the fsync.
 *
 * Each item is a fixed number of arguments and gets its own part of the answer. Items leave at the end of the
 * turn unless two calls are under way already, else as soon as one of them has been answered: the busier the
 * store, the more of them share a call. BATCH_ITEMS_MAX together leave at once. The calls run in order.
 *
 * A mixed batch puts items of many partitions into one call where one server holds them all: a script's start
 * is paid once instead of once per partition. Its script turns to the partition of each item by itself.
 * Completions run once per item, later, from the loop, in the order added.
 */
#ifndef LOA_BATCH_H
#define LOA_BATCH_H

#include "loa/store.h"

#define BATCH_ITEMS_MAX 128

struct batch;
/* The item's part of the answer list; NULL unless st is LOA_OK. */
typedef void batch_done_fn(void *ctx, enum loa_status st, const struct redis_value *item);
/* Adds keys and leading arguments of the script for this partition. LOA_STALE keeps the call from leaving. */
typedef enum loa_status batch_head_fn(void *ctx, unsigned partition, struct args *a);

struct batch *batch_new(struct store *s, const char *script, batch_head_fn *head, void *ctx);
void batch_free(struct batch *b);
/* May items of these two partitions be in one call? */
bool batch_together(const struct batch *b, unsigned partition, unsigned other);
/* To be said at once after batch_new(). The head then gets the partition of the first item. */
void batch_mix(struct batch *b);
/* From the head alone: `end` runs when the call now being made has ended, after its items. */
void batch_at_end(struct batch *b, void (*end)(void *ctx, enum loa_status st), void *ctx);
/* Starts an item; the caller appends its arguments to the returned list at once. */
struct args *batch_item(struct batch *b, unsigned partition, batch_done_fn *done, void *ctx);

#endif
