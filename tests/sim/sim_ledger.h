/*
 * sim_ledger - the truth: every message a simulated provider took, in order, and what became of it.
 *
 * About 150 bytes a message, so a run of some hundred thousand fits; the texts themselves are kept for the
 * newest only (sim_threads). Sequence numbers start at 1 and never change. Repeats are counted when a message
 * enters: the same reference twice on one way, the same words twice to one address.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "sim_map.h"
#include <stdbool.h>

enum sim_way { /* whom a request is for; the first SIM_MESSAGE_WAYS carry messages */
               SIM_CS,
               SIM_UID,
               SIM_ZBS,
               SIM_ESMS,
               SIM_SPEEDSMS,
               SIM_SMTP,
               SIM_MESSAGE_WAYS,
               SIM_OAUTH = SIM_MESSAGE_WAYS,
               SIM_INFO, /* look-ups: balance, status, template, account */
               SIM_WAYS
};
const char *sim_way_word(enum sim_way w); /* "cs" "uid" "zbs" "esms" "speedsms" "smtp" "oauth" "info" */
/* One bit per way; also the groups "zalo", "sms", "all". 0: unknown word. */
unsigned sim_ways_from_word(const char *w);

struct sim_message {
    int64_t accepted_ms, delivered_ms, seen_ms; /* wall; 0: not (yet) */
    char *address;                              /* as the provider was told it, e.g. "84912345678" */
    const char *ref; /* tracking_id, RequestId, Message-ID; "" when there is none */
    uint32_t person;
    int32_t price_vnd;
    uint8_t way, parts;
    bool failed; /* taken and then lost: the device never got it */
};

struct sim_totals {
    uint32_t messages, delivered, seen, failed;
    uint32_t distinct_refs, repeated_refs, repeated_contents;
    int64_t cost_vnd;
};

struct sim_ledger {
    struct sim_message **block;
    uint32_t count;
    uint32_t nonce; /* makes ids differ from run to run */
    struct sim_map refs, contents;
    struct sim_totals total[SIM_MESSAGE_WAYS];
};

void sim_ledger_init(struct sim_ledger *l, uint32_t nonce);
void sim_ledger_clear(struct sim_ledger *l);

struct sim_arrival {
    enum sim_way way;
    const char *address, *ref, *content; /* content is hashed, not kept */
    uint32_t person;
    int32_t price_vnd;
    unsigned parts;
    int64_t now_ms;
};
uint32_t sim_ledger_add(struct sim_ledger *l, const struct sim_arrival *a);   /* the sequence number */
struct sim_message *sim_ledger_get(const struct sim_ledger *l, uint32_t seq); /* NULL when unknown */
void sim_ledger_delivered(struct sim_ledger *l, uint32_t seq, int64_t now_ms);
void sim_ledger_seen(struct sim_ledger *l, uint32_t seq, int64_t now_ms);
void sim_ledger_failed(struct sim_ledger *l, uint32_t seq);
/* The latest message taken under this reference, 0 when there is none. */
uint32_t sim_ledger_find_ref(const struct sim_ledger *l, enum sim_way way, const char *ref);

/* The id the provider gives a message, in the form that provider uses, and back (0: not one of ours). */
#define SIM_ID_MAX 40
void sim_message_id(const struct sim_ledger *l, uint32_t seq, enum sim_way way, char out[SIM_ID_MAX]);
uint32_t sim_message_find(const struct sim_ledger *l, enum sim_way way, const char *id);

#endif
