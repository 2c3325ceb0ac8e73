/*
 * consent - what a citizen refuses and wants again, in the store: fields and words as in citizen.h.
 *
 * Takes effect for everything that has not left yet. Each change leaves an entry in the ledger stream: time,
 * citizen key, words, source, version of the phrases; never the text or the number it came from.
 */
#ifndef LOA_CONSENT_H
#define LOA_CONSENT_H

#include "loa/store.h"

struct consent_change {
    const char *ckey; /* of the main record */
    bool wants;
    const char *words;   /* "o_zalo t_campaign", see consent_words.h */
    const char *source;  /* "zalo", "web", "sms", "email_link" … */
    const char *version; /* of the table of phrases, "" where none was read */
};
/* `no`: what the citizen refuses now. LOA_OK means durable. Refused as in store.h. */
typedef void consent_done_fn(void *ctx, enum loa_status st, const char *no);
enum loa_status consent_change(struct store *s, const struct consent_change *c, consent_done_fn *done,
                               void *ctx);

/* The identity of `alias` turns out to be a second one of the citizen `main`: from now on its record points
 * there, and what was refused under it is refused by the citizen. */
typedef void consent_link_fn(void *ctx, enum loa_status st);
enum loa_status citizen_link(struct store *s, const char *alias, const char *main, consent_link_fn *done,
                             void *ctx);

#endif
