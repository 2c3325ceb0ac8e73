/*
 * metrics - counters, gauges and histograms, declared in one list in bot/core/metrics.c and printed as
 * Prometheus text (version 0.0.4). Labels come from a small closed set per metric (channel, class, lane,
 * stage, route): an unknown label value is counted under "other", so memory is bounded.
 */
#ifndef LOA_METRICS_H
#define LOA_METRICS_H

#include "loa/buf.h"
#include <stdint.h>

enum metric {
    M_HTTP_REQUESTS, /* counter   {code}     answers by status class 2xx 4xx 5xx */
    M_HTTP_SECONDS,  /* histogram {}         time to answer, seconds */
    M_WS_OPEN,       /* gauge     {}         open WebSockets */
    M_INTAKE_EVENTS, /* counter   {result}   accepted duplicate rejected unavailable */
    M_ROUTED,       /* counter   {result}   what the router decided: notify silent stale flagged no_contact */
    M_SEND_OUTCOME, /* counter   {channel,class} */
    M_SEND_SECONDS, /* histogram {channel}  request written to reply, seconds */
    M_HANDOVER_SECONDS,    /* histogram {channel}  accepted by us to request leaving, seconds */
    M_RECEIPTS,            /* counter   {channel,kind} delivered seen failed duplicate unknown */
    M_MESSAGE_FINAL,       /* counter   {channel,state} */
    M_UNMAPPED_CODES,      /* counter   {channel}  provider codes nobody has classified */
    M_LANE_DEPTH,          /* gauge     {channel,lane} */
    M_LANE_AGE_SECONDS,    /* gauge     {channel,lane} age of the oldest due message */
    M_BREAKER_OPEN,        /* gauge     {channel}  1 while open */
    M_LEASES,              /* gauge     {}         partitions owned by this process */
    M_REDIS_UP,            /* gauge     {} */
    M_REDIS_SECONDS,       /* histogram {}         command round trip, seconds */
    M_REDIS_PENDING,       /* gauge     {}         commands waiting for an answer */
    M_COST_VND,            /* counter   {channel} */
    M_LEDGER_ARCHIVED,     /* counter   {}         entries of the ledger that reached the disk */
    M_TEMPLATE_ERRORS,     /* counter   {}         messages that could not be rendered */
    M_CHAT_INPUTS,         /* counter   {result}   words of citizens: accepted duplicate unavailable */
    M_CHAT_TURNS,          /* counter   {channel,kind} inputs that have their answer */
    M_CHAT_ANSWER_SECONDS, /* histogram {channel}  citizen's word taken in to answer durable, seconds */
    M_CHAT_LOOKUPS, /* counter   {result}   of dossiers: full progress unknown slowed digits_wrong locked … */
    M_CHAT_EVENTS,      /* counter   {event}    what became of them: faq_answered faq_asked … */
    M_CHAT_ACTIVE,      /* gauge     {}         turns being worked on */
    M_DESK_WAITING,     /* gauge     {desk}     conversations that wait for an officer */
    M_DESK_AGE_SECONDS, /* gauge     {desk}     how long the first of them has waited */
    M_DESK_ACTS, /* counter   {act}      taken stolen passed back closed late unanswered left silent given_up
                  */
    M_DESK_FIRST_WORD_SECONDS, /* histogram {}  handed over to the first word of an officer, office hours only
                                */
    M_COUNT
};

/* `a` and `b` are label values in the order of the list above; NULL where the metric has none. */
void metric_add(enum metric m, const char *a, const char *b, double v);
void metric_set(enum metric m, const char *a, const char *b, double v);
void metric_observe(enum metric m, const char *a, double seconds);
void metrics_print(struct buf *out);

/* The words of the label "desk" are data: they come with desks.ini. Copied; from the sixteenth on desks count
 * under "other". */
void metrics_set_desks(const char *const *ids, unsigned count);

#endif
