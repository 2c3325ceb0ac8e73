/*
 * batch - many small writes of one loop turn become one script call per partition: they share the round trip,
 * the script's start and the fsync.
 *
 * Each item is a fixed number of arguments and gets its own part of the answer. Items leave at the end of the
 * turn, or when BATCH_ITEMS_MAX are together. Completions run once per item, later, from the loop, in the
 * order added.
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
/* Starts an item; the caller appends its arguments to the returned list at once. */
struct args *batch_item(struct batch *b, unsigned partition, batch_done_fn *done, void *ctx);

#endif
