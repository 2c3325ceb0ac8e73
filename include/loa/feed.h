/*
 * feed - every final result in order, for systems that cannot be called: GET /v1/feed?after=SEQ&limit=N.
 *
 * The ledger of each partition is a stream of its own, so SEQ is a cursor over all of them: opaque, "0" from
 * the start. Entries come in the order of time; nothing is ever skipped, whatever the clocks did, since each
 * partition has its own position.
 */
#ifndef LOA_FEED_H
#define LOA_FEED_H

#include "loa/store.h"

struct feed_cursor {
    unsigned count;
    char at[PARTITIONS_MAX][28]; /* stream id per partition, "0-0" from the start */
};

bool feed_cursor_parse(const char *text, unsigned partitions, struct feed_cursor *out);
void feed_cursor_print(const struct feed_cursor *c, struct buf *out);

#endif
