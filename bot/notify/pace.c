#include "loa/pace.h"
#include "loa/clock.h"

void pace_set(struct pace *p, double per_s)
{
    if (p->per_s == per_s && p->last_us != 0)
        return;
    p->per_s = per_s;
    p->tokens = per_s < 1 ? 1 : p->tokens;
    p->last_us = clock_mono_us();
}

unsigned pace_available(struct pace *p, unsigned wanted)
{
    if (p->per_s <= 0)
        return wanted;
    int64_t now = clock_mono_us();
    double ceiling = p->per_s < 1 ? 1 : p->per_s;
    p->tokens += (double)(now - p->last_us) / 1e6 * p->per_s;
    p->tokens = p->tokens > ceiling ? ceiling : p->tokens;
    p->last_us = now;
    return p->tokens < wanted ? (unsigned)p->tokens : wanted;
}

void pace_take(struct pace *p, unsigned n)
{
    if (p->per_s > 0)
        p->tokens -= n;
}

void pace_give(struct pace *p, unsigned n)
{
    if (p->per_s > 0)
        p->tokens += n; /* pace_available() keeps the ceiling */
}

int64_t pace_wait_ms(const struct pace *p)
{
    if (p->per_s <= 0 || p->tokens >= 1)
        return 0;
    return (int64_t)((1 - p->tokens) / p->per_s * 1000) + 1;
}
