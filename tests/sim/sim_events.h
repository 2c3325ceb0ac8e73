/*
 * sim_events - what Zalo tells the webhook, signed as Zalo signs it.
 *
 * POST {--webhook}/webhooks/zalo with `X-ZEvent-Signature: mac=<SHA-256(app_id + body + timestamp + OA secret
 * key)>` and `x-zevent-server` (ZNS for templates, OA OpenAPI for the rest). Ids and timestamps are strings.
 * Without --webhook nothing is told.
 */
#ifndef SIM_EVENTS_H
#define SIM_EVENTS_H

#include "sim.h"

/* Receipts of one message of the ledger. `hashed`: it was sent to a hashed phone, "" otherwise. */
void sim_event_received(struct sim *s, uint32_t message, const char *hashed);
void sim_event_seen(struct sim *s, uint32_t message);
void sim_event_rated(struct sim *s, uint32_t message, int rate, const char *note);
/* Our own text coming back. */
void sim_event_echo(struct sim *s, uint32_t message, const char *text);

/* What a citizen does; `who` has a Zalo id. */
void sim_event_text(struct sim *s, const struct sim_person *who, const char *text);
void sim_event_follow(struct sim *s, const struct sim_person *who, bool follows);
void sim_event_shared_info(struct sim *s, const struct sim_person *who);
void sim_event_chat_opened(struct sim *s, const struct sim_person *who);
void sim_event_withdraw(struct sim *s, const struct sim_person *who);

/* What Zalo decides about templates and the account. */
void sim_event_template_status(struct sim *s, const char *template_id, const char *before, const char *after);
void sim_event_template_quality(struct sim *s, const char *template_id, const char *quality);
void sim_event_template_quota(struct sim *s, const char *template_id, int64_t before, int64_t after);
void sim_event_daily_quota(struct sim *s, int64_t before, int64_t after);

#endif
