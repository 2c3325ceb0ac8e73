/*
 * zalo - what the Zalo driver offers beyond the contract of a channel (channel.h, `zalo_channel`).
 *
 * Ways: WAY_ZALO_CS a text within the reply window (free for 48 h after the citizen's last interaction; the
 * caller watches the window), WAY_ZALO_UID an approved template to a user id, WAY_ZALO_ZBS the same by phone.
 * Settings: section [zalo]; open() gives LOA_NOT_FOUND when no account is set at all. Codes:
 * channels/zalo/codes.tsv. For a text, `struct text`.data is empty, an array
 * of buttons, or the object of zalo_request_text().
 *
 * send() is refused with LOA_UNAVAILABLE while there is no usable token and for the rest of a minute in which
 * the platform allows no more calls; with LOA_BUSY over [zalo] in_flight. A message that met a dead token
 * ends as OUTCOME_AUTH with a wait of seconds: by then the token is renewed. A template whose parameters the
 * platform would refuse ends as OUTCOME_CONTENT_REJECTED without a call.
 */
#ifndef LOA_ZALO_H
#define LOA_ZALO_H

#include "loa/channel.h"

struct zalo_user { /* strings are "" when not told */
    char name[128];
    char phone[16]; /* "84…", only when the citizen shared it */
    bool follower;
    char last_interaction[16]; /* dd/MM/yyyy */
};
/* Who is behind a user id? `state` is the driver's. `user` is NULL when the platform does not tell. */
typedef void zalo_user_fn(void *ctx, const struct zalo_user *user);
enum loa_status zalo_user_ask(void *state, const char *user_id, zalo_user_fn *done, void *ctx);

#endif
