/*
 * Small rules several rooms share: the clock, periods with a limit, money, what an interaction is.
 */
#include "sim.h"
#include "loa/calendar.h"

int64_t sim_now_ms(const struct sim *s)
{
    return clock_wall_ms() + s->set.clock_offset_ms;
}

int64_t sim_day(int64_t wall_ms)
{
    return local_from_ms(wall_ms).day_number;
}

bool sim_is_night(int64_t wall_ms)
{
    int hour = local_from_ms(wall_ms).hour;
    return hour >= 22 || hour < 6;
}

bool sim_window_take(struct sim_window *w, int64_t number, int64_t limit)
{
    if (w->number != number)
        *w = (struct sim_window){ .number = number };
    if (w->used >= limit)
        return false;
    w->used++;
    return true;
}

void sim_person_acted(struct sim *s, uint32_t person)
{
    struct sim_person *who = sim_people_get(&s->people, person);
    who->last_interaction_ms = who->last_activity_ms = sim_now_ms(s);
}

bool sim_charge(struct sim *s, enum sim_way way, int64_t vnd)
{
    if (sim_faults_balance_empty(&s->faults, way))
        return false;
    if (s->set.balance_vnd < 0)
        return true;
    if (s->set.balance_vnd < vnd)
        return false;
    s->set.balance_vnd -= vnd;
    return true;
}
