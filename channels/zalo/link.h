/*
 * link - one authorised call to the Zalo platform, inside this folder only.
 *
 * Adds the token (bare, without "Bearer") and the proof where configured, reports a token the platform calls
 * dead, and stops before the platform's own limit: when an answer says that no call is left in this minute,
 * the host is left alone until the next.
 */
#ifndef ZALO_LINK_H
#define ZALO_LINK_H

#include "loa/zalo_oauth.h"
#include "loa/zalo_reply.h"

struct zalo_link;
struct zalo_link_settings { /* strings outlive the link */
    const char *url[ZALO_HOST_COUNT];
    const char *app_secret; /* NULL: no appsecret_proof */
    int64_t timeout_ms;
};
struct zalo_link *zalo_link_new(const struct channel_env *env, struct zalo_oauth *oauth,
                                const struct zalo_link_settings *set);
void zalo_link_free(struct zalo_link *l); /* completes every call with WIRE_CANCELLED first */

typedef void zalo_link_fn(void *ctx, const struct zalo_reply *reply);
/* LOA_UNAVAILABLE: no usable token, or no call left in this minute. Then `done` is never called; else once.
 */
enum loa_status zalo_link_call(struct zalo_link *l, const struct zalo_request *r, zalo_link_fn *done,
                               void *ctx);
/* Monotonic time of the last good answer; -1 never. */
int64_t zalo_link_last_good_ms(const struct zalo_link *l);

#endif
