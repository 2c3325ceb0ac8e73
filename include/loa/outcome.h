/*
 * outcome - what the outside world answered to one attempt: a class everybody acts on, the provider's own
 * code untouched, one Vietnamese sentence for staff, and what it asks of us.
 *
 * Provider codes live in tables (channels/<channel>/codes.tsv), one row per code:
 *   host <TAB> code <TAB> class <TAB> scope <TAB> wait <TAB> tries <TAB> suppress_days <TAB> sentence_vi
 * scope: message | template | way  (what a sender_rejected/auth/balance/throttled answer stops)
 * wait:  0 | 90s | 15m | morning (06:05 + jitter) | tomorrow (00:05) | month
 * tries: how many attempts altogether this code is worth before the next channel takes over; 0: policy
 * default
 * suppress_days: how long this address is left alone on this way; 0 none, -1 until the citizen says otherwise
 * A code that is in no table is `transient` with two tries; the driver counts it in M_UNMAPPED_CODES and
 * alerts staff once.
 */
#ifndef LOA_OUTCOME_H
#define LOA_OUTCOME_H

#include "loa/errors.h"
#include <stdbool.h>
#include <stdint.h>

enum outcome_class {
    OUTCOME_ACCEPTED,
    OUTCOME_DUPLICATE, /* the provider had it already: as good as accepted */
    OUTCOME_RECIPIENT_INVALID,
    OUTCOME_RECIPIENT_REFUSED,
    OUTCOME_CONTENT_REJECTED,
    OUTCOME_SENDER_REJECTED,
    OUTCOME_AUTH,
    OUTCOME_BALANCE,
    OUTCOME_THROTTLED,
    OUTCOME_TRANSIENT,
    OUTCOME_UNCERTAIN, /* the provider may or may not have taken it */
    OUTCOME_CLASS_COUNT
};
enum outcome_scope { SCOPE_MESSAGE, SCOPE_TEMPLATE, SCOPE_WAY };

struct outcome {
    enum outcome_class class;
    enum outcome_scope scope;
    char code[24]; /* the provider's own, e.g. "zbs:-118", "smtp:550 5.1.1", "http:503", "timeout" */
    char sentence_vi[240];
    char provider_id[80]; /* msg_id, SMSID, queue id …; "" when none */
    int64_t wait_ms;      /* not before this long from now; 0: our own backoff */
    unsigned max_tries;   /* 0: policy default */
    int suppress_days;
    int64_t cost_vnd; /* -1: unknown, use the configured price */
};

const char *outcome_class_word(enum outcome_class c); /* "recipient_invalid" */
int outcome_class_from_word(const char *w);           /* -1 unknown */
void outcome_init(struct outcome *o, enum outcome_class c, const char *code, const char *sentence_vi);
/* Until when the address is left alone: -1 until the citizen says otherwise, 0 not at all. */
int64_t outcome_suppress_until_ms(const struct outcome *o, int64_t now_ms);

/* ---- code tables ---- */
struct outcome_table;
/* Reads one codes.tsv; faults as file:line in `err`. */
enum loa_status outcome_table_load(const char *path, struct errors *err, struct outcome_table **out);
void outcome_table_free(struct outcome_table *t);
/* Fills `o` from the row (host, code); `o->code` becomes "host:code". For an unknown code: transient, two
 * tries, and returns false. */
bool outcome_from_table(const struct outcome_table *t, const char *host, const char *code, struct outcome *o);
bool outcome_table_has(const struct outcome_table *t, const char *host, const char *code);
unsigned outcome_table_size(const struct outcome_table *t);

#endif
