/*
 * breaker - stops a way, or one template of it, when sending can only fail: credentials, balance, approval,
 * or too many failures in a row. While open, messages wait or take the next step; a person is called once per
 * cause.
 *
 * After the pause one message goes as a probe; success closes the breaker, failure doubles the pause (to an
 * hour). A probe that nobody answers within BREAKER_PROBE_MS counts as not made, and the next one may go.
 */
#ifndef LOA_BREAKER_H
#define LOA_BREAKER_H

#include "loa/outcome.h"
#include <stdbool.h>

#define BREAKER_TEMPLATES_MAX 64
#define BREAKER_PROBE_MS      5000

struct breaker_entry {
    char template_id[40]; /* "" for the way itself */
    char cause[24];       /* the provider's code */
    int64_t until_ms;     /* monotonic; 0 closed */
    int64_t pause_ms;
    unsigned failures; /* transient ones in a row */
    bool probing;      /* until_ms is the end of the wait for a probe's answer */
};
struct breaker {
    struct breaker_entry way;
    struct breaker_entry item[BREAKER_TEMPLATES_MAX];
    unsigned count;
    int64_t first_pause_ms;
    unsigned failures_max;
};

void breaker_init(struct breaker *b, int64_t first_pause_ms, unsigned failures_max);
/* May the way send? While half open it allows one message. */
bool breaker_allows(struct breaker *b, unsigned *limit);
/* There was nothing to send after all: if that was to be the probe, the next message may be it at once. */
void breaker_not_used(struct breaker *b);
bool breaker_allows_template(struct breaker *b, const char *template_id);
/* Feeds one outcome. Returns true when this opened a breaker that was closed: the moment to call a person. */
bool breaker_feed(struct breaker *b, const char *template_id, const struct outcome *o);
int64_t breaker_open_ms(
    const struct breaker *b); /* how long the way stays closed to sending; 0 when open for business */

#endif
