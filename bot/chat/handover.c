/* How a conversation comes to a desk. */
#include "loa/handover.h"
#include "chat_inside.h"
#include "loa/clock.h"
#include <stdio.h>
#include <string.h>

static void set_ms(struct turn *t, const char *field, int64_t ms)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)ms);
    turn_set(t, field, digits);
}

static void tell_promise(struct turn *t, const struct desk *d, const struct promise *p)
{
    struct params params;
    char from[24];
    params_init(&params);
    params_set(&params, "desk", d->name);
    snprintf(from, sizeof from, "%lld", (long long)p->from_ms);
    params_set(&params, "from", from);
    turn_say(t, p->now ? "handover_now" : "handover_later", &params);
    params_clear(&params);
}

void handover_begin(struct turn *t, const char *reason, const char *desk)
{
    const struct service *s = turn_service(t);
    const struct desk *d = desk != NULL ? desk_find(s->desks, desk) : NULL;
    struct handover_load load = { 0, 1 };
    struct promise p;
    int64_t now = clock_wall_ms();
    if (strcmp(turn_mode(t), "bot") != 0) {
        if (strcmp(turn_mode(t), "wait") == 0)
            turn_say(t, "handover_waiting", NULL);
        return;
    }
    d = d != NULL ? d : desk_for_department(s->desks, "");
    handover_promise(policy_calendar(s->policy), d, now, &load, &p);
    turn_set(t, "md", "wait");
    turn_set(t, "dk", d->id);
    turn_set(t, "hr", reason);
    set_ms(t, "hq", now);
    set_ms(t, "hp", p.due_ms);
    set_ms(t, "hw", p.due_ms);
    tell_promise(t, d, &p);
    turn_count(t, "handed_over", reason);
}
