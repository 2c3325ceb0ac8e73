/*
 * sim_faults - what goes wrong on purpose. A fault says whom it hits, how often and how many times; its own
 * seed decides which requests, so the same run breaks at the same places.
 *
 * {"provider":"zbs","fault":"slow","ms":3000,"rate":0.2,"count":50,"seed":1}
 * provider: cs uid zbs oauth info esms speedsms smtp, or zalo, sms, all.
 *
 *   one request          what happens to it
 *   slow                 taken, answered after `ms` (default 3000)
 *   silent               taken, never answered
 *   drop                 not taken, connection closed without an answer
 *   drop_after           taken, connection closed without an answer
 *   http500              not taken, 500 and a page instead of JSON (SMTP: 451 4.3.0)
 *   throttle             not taken, the provider's own "too many requests"
 *   error                not taken, error `code` ("-118", "146", "550 5.1.1"); SMTP `stage`: mail rcpt data
 * end
 *
 *   one message taken    what happens to it and to its receipts
 *   receipts_duplicate   told twice      receipts_early    told before the answer to the request
 *   receipts_late        `ms` later      receipts_reversed told in the wrong order
 *   receipts_never       delivered, never told             undelivered   lost on the way, told where it can
 * be
 *
 *   while it lasts
 *   balance_empty        no money        template_rejected, template_disabled   `template_id`, or every one
 *   token_revoked        the access token dies, once
 */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include "loa/errors.h"
#include "loa/json.h"
#include "sim_ledger.h"

enum sim_fault_kind {
    SIM_FAULT_NONE,
    SIM_FAULT_SLOW,
    SIM_FAULT_SILENT,
    SIM_FAULT_DROP,
    SIM_FAULT_DROP_AFTER,
    SIM_FAULT_HTTP500,
    SIM_FAULT_THROTTLE,
    SIM_FAULT_ERROR,
    SIM_FAULT_LAST_REQUEST = SIM_FAULT_ERROR,
    SIM_FAULT_RECEIPTS_DUPLICATE,
    SIM_FAULT_RECEIPTS_EARLY,
    SIM_FAULT_RECEIPTS_LATE,
    SIM_FAULT_RECEIPTS_REVERSED,
    SIM_FAULT_RECEIPTS_NEVER,
    SIM_FAULT_UNDELIVERED,
    SIM_FAULT_LAST_RECEIPT = SIM_FAULT_UNDELIVERED,
    SIM_FAULT_BALANCE_EMPTY,
    SIM_FAULT_TEMPLATE_REJECTED,
    SIM_FAULT_TEMPLATE_DISABLED,
    SIM_FAULT_TOKEN_REVOKED,
    SIM_FAULT_KINDS
};
const char *sim_fault_word(enum sim_fault_kind k);

struct sim_fault {
    uint32_t id;
    enum sim_fault_kind kind;
    unsigned ways; /* bits of enum sim_way */
    char code[24], stage[8], template_id[40];
    int64_t ms;
    double rate;
    int64_t left; /* how often it may still hit; -1: no end */
    uint64_t rng;
    uint32_t hits;
};

#define SIM_FAULTS_MAX 64
struct sim_faults {
    struct sim_fault list[SIM_FAULTS_MAX];
    unsigned count;
    uint32_t next_id;
    uint64_t seed; /* for faults that bring none */
};

/* The new fault, or NULL: `err` says why. */
const struct sim_fault *sim_faults_add(struct sim_faults *f, const cJSON *o, struct errors *err);
/* Removes by id, by bits of ways, or with 0 and 0 all; returns how many went. */
unsigned sim_faults_remove(struct sim_faults *f, uint32_t id, unsigned ways);
cJSON *sim_faults_json(const struct sim_faults *f);

/* What hits this request: the first active fault that fires, in the order they were set. NULL: none. */
const struct sim_fault *sim_faults_request(struct sim_faults *f, enum sim_way way);
struct sim_receipt_faults { /* those that hit one message */
    unsigned kinds;         /* a bit per kind: 1 << kind */
    int64_t late_ms;
    char code[24]; /* of an undelivered one; "" when the fault names none */
};
void sim_faults_receipts(struct sim_faults *f, enum sim_way way, struct sim_receipt_faults *out);
bool sim_faults_balance_empty(struct sim_faults *f, enum sim_way way);
/* SIM_FAULT_TEMPLATE_…, or SIM_FAULT_NONE. */
enum sim_fault_kind sim_faults_template(const struct sim_faults *f, const char *template_id);

#endif
