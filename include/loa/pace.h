/*
 * pace - how fast we may send: a token bucket in messages per second, holding at most one second's worth.
 * Rates are shared out over processes by the share of partitions each one owns, so no process asks another.
 */
#ifndef LOA_PACE_H
#define LOA_PACE_H

#include <stdint.h>

struct pace {
    double per_s; /* 0: unlimited */
    double tokens;
    int64_t last_us;
};

void pace_set(struct pace *p, double per_s);
unsigned pace_available(struct pace *p, unsigned wanted); /* how many of `wanted` may go now */
void pace_take(struct pace *p, unsigned n);
void pace_give(struct pace *p, unsigned n); /* taken, but not used */
int64_t pace_wait_ms(const struct pace *p); /* until the next token; 0 when there is one */

#endif
