/*
 * sim_delivery - the way of a message from "taken" to the device, and what the sender is told about it.
 *
 * A message reaches the device between delivery_min_ms and delivery_max_ms (which wins when it is less) after
 * it was taken, then the provider tells the sender its own way: Zalo by webhook, eSMS by GET to the
 * CallbackUrl of the request, SpeedSMS by POST to {--webhook}/webhooks/sms/speedsms/{--sms-token}; a mail
 * that cannot be delivered comes back as a bounce to {--webhook}/webhooks/email/{--email-token}. Faults bend
 * all of this.
 */
#ifndef SIM_DELIVERY_H
#define SIM_DELIVERY_H

#include "sim.h"

struct sim_reply;

struct sim_taken { /* one message a provider takes; strings are copied */
    enum sim_way way;
    uint32_t person;
    const char *address, *ref;
    const char *title, *text, *html,
        *detail;                          /* for the device, see sim_threads.h; the last two may be NULL */
    const char *callback_url;             /* eSMS; NULL otherwise */
    const char *hashed;                   /* ZBS to a hashed phone; NULL otherwise */
    const char *mail_from, *mail_headers; /* e-mail: where a bounce goes, what it quotes; or NULL */
    const char *bounce_status;            /* e-mail that comes back: "5.1.1"; NULL otherwise */
    unsigned parts;
    int32_t price_vnd;
    bool lost; /* never reaches the device; also by the fault "undelivered" */
};

struct sim_delivery *sim_delivery_new(struct sim *s);
void sim_delivery_free(struct sim_delivery *d);

/* Takes the message and returns its number in the ledger. When its receipt must overtake the answer, the
 * answer is delayed in `r`, which may be NULL. */
uint32_t sim_delivery_take(struct sim *s, const struct sim_taken *t, struct sim_reply *r);
/* The citizen opens a message on the device. */
void sim_delivery_open(struct sim *s, uint32_t message);

#endif
