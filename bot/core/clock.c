#include "loa/clock.h"
#include <stdbool.h>
#include <time.h>

static bool frozen;
static int64_t frozen_wall_ms, frozen_mono_us;

static int64_t read_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return frozen ? frozen_wall_ms : read_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_us(void)
{
    return frozen ? frozen_mono_us : read_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
    return clock_mono_us() / 1000;
}

void clock_freeze(int64_t wall_ms)
{
    frozen_mono_us = clock_mono_us();
    frozen_wall_ms = wall_ms;
    frozen = true;
}

void clock_advance(int64_t ms)
{
    frozen_wall_ms += ms;
    frozen_mono_us += ms * 1000;
}

void clock_thaw(void)
{
    frozen = false;
}
