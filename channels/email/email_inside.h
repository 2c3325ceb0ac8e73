/*
 * email_inside - the e-mail driver's state, shared by its files: email.c (life, settings), send.c (a message
 * to an SMTP transaction to an outcome), webhook.c (a bounce to events).
 */
#ifndef CHANNELS_EMAIL_INSIDE_H
#define CHANNELS_EMAIL_INSIDE_H

#include "loa/channel.h"
#include "loa/email_message.h"

struct email_send;

struct email {
    struct channel_env env;
    struct outcome_table *codes;
    struct email_mailbox from;
    char reply_to[MAIL_ADDRESS_MAX]; /* "" none */
    const char *smtp_url, *user, *password, *ca_file, *bounce_domain, *webhook_token;
    bool require_tls;
    unsigned max_connections, in_flight_max, in_flight;
    int64_t timeout_ms;
    struct email_send *sends; /* not answered yet */
};

/* Counts a code nobody has classified and calls a person. */
void email_unmapped(const struct email *e, const struct outcome *o);

enum loa_status email_send_start(struct email *e, const struct send *s, send_done_fn *done, void *ctx);
void email_send_abandon_all(struct email *e); /* each completes now, as uncertain */

enum loa_status email_webhook_verify(const struct email *e, const struct webhook *w);
enum loa_status email_webhook_parse(const struct email *e, const struct webhook *w,
                                    struct channel_events *out);

#endif
