/*
 * standing - looks after the OA itself, in the process that owns it: is the token good and for the right OA,
 * is the OA verified, does its package end, what do citizens think of our messages, how much may be sent
 * today? Looks at start and once a day; and when nothing has been heard for a while it asks, so that a token
 * that died in silence is renewed before the next message. Tells staff through env->alert.
 */
#ifndef ZALO_STANDING_H
#define ZALO_STANDING_H

#include "link.h"

#define ZALO_STANDING_TICK_MS  30000
#define ZALO_STANDING_QUIET_MS (10 * 60 * INT64_C(1000)) /* nothing heard for so long: ask */
#define ZALO_STANDING_DAY_MS   (24 * 3600 * INT64_C(1000))
#define ZALO_PACKAGE_NOTICE_MS (14 * ZALO_STANDING_DAY_MS)

struct zalo_standing;
struct zalo_standing *zalo_standing_new(const struct channel_env *env, struct zalo_link *link,
                                        const struct zalo_oauth *oauth, const struct outcome_table *codes,
                                        const char *oa_id);
void zalo_standing_free(struct zalo_standing *s); /* after zalo_link_free() */

/* What an answer told of today's quota; -1 not told. Staff hear once when less than a tenth is left. */
void zalo_standing_quota(struct zalo_standing *s, int64_t left, int64_t total);

#endif
