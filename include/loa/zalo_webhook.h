/*
 * zalo_webhook - what the Zalo platform tells us: is it really Zalo, and what happened?
 *
 * The platform signs the raw bytes of the body; nothing in it is believed before the signature fits, except
 * the member `timestamp`, which the signature needs. There is no nonce: repeats (30 s to an hour apart, same
 * body) are told apart by `dedupe`, and a late repeat is as good as the first. Saving the URL in the console
 * sends an unsigned `{}` or a GET: recognised, answered, without effect. No I/O here.
 *
 * Which event becomes what (bot code sees only the kind):
 *   user_send_*                   CE_CITIZEN_TEXT with its text; without text (picture, sticker, place …)
 *                                 CE_INTERACTION with the address of the first attachment or "lat,lon"
 *   user_click_chatnow            CE_INTERACTION
 *   user_received_message         CE_DELIVERED, by `ref` (phone templates) or provider_id
 *   user_seen_message             CE_SEEN, one event per message id
 *   user_click_response_button    CE_SEEN: who answers has seen it
 *   oa_…                          CE_ECHO
 *   follow, unfollow              CE_FOLLOW, CE_UNFOLLOW
 *   user_submit_info              CE_SHARED_INFO: phone, `text` the name; without a phone CE_INTERACTION
 *   user_withdraw                 CE_WITHDRAW
 *   user_feedback                 CE_FEEDBACK: `number` 1-5, `text` note and chosen remarks
 *   change_template_status        CE_TEMPLATE_STATUS: `subject` template, `text` new status, the reason in
 *                                 outcome.sentence_vi
 *   change_template_quality, change_template_quota, change_oa_daily_quota
 *                                 CE_TEMPLATE_QUALITY, CE_TEMPLATE_QUOTA, CE_ACCOUNT_QUOTA: `text` new value,
 *                                 `number` the same when it is one
 *   everything else (groups, anonymous, tags, calls, shop, journeys, new names)   CE_UNKNOWN
 */
#ifndef LOA_ZALO_WEBHOOK_H
#define LOA_ZALO_WEBHOOK_H

#include "loa/channel.h"

struct zalo_webhook_keys {
    const char *app_id, *oa_secret_key;
    const char *oa_id, *app_secret; /* only to say what is wrong with a signature */
};

/* LOA_OK also for a probe. LOA_DENIED: `why` (may be NULL) gets a reason in English for the log. */
enum loa_status zalo_webhook_verify(const struct zalo_webhook_keys *keys, const struct webhook *w,
                                    const char **why);

/* A probe gives no events. LOA_INVALID: not JSON. */
enum loa_status zalo_webhook_parse(const struct webhook *w, struct channel_events *out);

#endif
