/*
 * hooks - tells neighbouring systems every final result by signed requests (Standard Webhooks 1.0).
 *
 * For each registered hook (hook_record.h) and each partition this process owns, the ledger's entries after
 * the hook's place are posted one by one in order; the place moves only after a 2xx answer, so nothing is
 * skipped and whatever is repeated (lost answer, crash, take-over) carries the same webhook-id. The place
 * lies in that partition and moves under its lease.
 *
 *   POST url   webhook-id: p07-1790000000000-0   webhook-timestamp: s   webhook-signature: v1,…
 *   {"type":"message.delivered","timestamp":"…","data":{an entry as in GET /v1/feed}}
 *
 * Anything but 2xx is repeated after 5 s, doubling up to an hour, or after the Retry-After asked for. A hook
 * that fails for three days, or answers 410, is disabled and a person is told; registering its address again
 * goes on where it stopped. At most HOOK_IN_FLIGHT requests of this process are under way per hook.
 */
#ifndef LOA_HOOKS_H
#define LOA_HOOKS_H

#include "loa/http_client.h"
#include "loa/lease.h"

#define HOOK_IN_FLIGHT 4

struct hooks;
struct hooks_env {
    struct loop *loop;
    struct store *store;
    struct leases *leases;
    struct http_client *client;
    void (*alert)(void *ctx, const char *code, const char *sentence_vi);
    void *alert_ctx;
};
struct hooks *hooks_new(const struct hooks_env *env);
void hooks_start(struct hooks *h); /* once the store is open */
void hooks_pause(struct hooks *h); /* no new requests; those under way end */
bool hooks_idle(const struct hooks *h, unsigned partition);
void hooks_free(struct hooks *h); /* when nothing is under way any more */

#endif
