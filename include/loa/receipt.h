/*
 * receipt - what providers tell us later: finds the message and moves it, tells the citizen's record about
 * touches of the Zalo OA, hands everything else to whoever asked for it.
 *
 * A receipt names our ref, or only the provider's id, which is looked up. The completion runs when all events
 * of the callback are durable: only then may the provider hear 200.
 */
#ifndef LOA_RECEIPT_H
#define LOA_RECEIPT_H

#include "loa/batch.h"
#include "loa/channel.h"

struct receipts;
struct receipts_env {
    struct store *store;
    /* a receipt may have started the next step of this partition's message */
    void (*wake)(void *ctx, unsigned partition);
    void *wake_ctx;
    /* events that are not receipts (citizen wrote, followed, shared a phone; template changes): must call
     * `done` once */
    void (*other)(void *ctx, const struct channel_event *e, void (*done)(void *done_ctx, enum loa_status st),
                  void *done_ctx);
    void *other_ctx;
};

struct receipts *receipts_new(const struct receipts_env *env);
void receipts_free(struct receipts *r);
typedef void receipts_done_fn(void *ctx, enum loa_status st);
/* The events are copied as far as needed. */
void receipts_apply(struct receipts *r, const struct channel_events *events, receipts_done_fn *done,
                    void *ctx);

#endif
