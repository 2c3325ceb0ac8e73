/*
 * loop_inside - what loop.c, timer.c and child.c share. Nobody else includes it.
 */
#ifndef LOA_LOOP_INSIDE_H
#define LOA_LOOP_INSIDE_H

#include "loa/loop.h"
#include <uv.h>

struct call {
    loop_fn *fn;
    void *ctx;
};

struct call_list {
    struct call *item;
    size_t len, cap;
};

struct timer_heap {
    struct timer **item; /* item[0] is due first */
    size_t len, cap;
    uint64_t next_seq;
};

struct loop {
    uv_loop_t uv;
    uv_timer_t alarm;     /* wakes the loop for the earliest timer */
    uv_prepare_t prepare; /* the end of a turn */
    uv_check_t check;     /* right after the I/O callbacks */
    uv_idle_t no_sleep;   /* while active the loop polls without waiting */

    struct timer_heap timers;
    struct call_list deferred, turn_end_hooks, turn_end_once, frees;
    struct signal_watch *signals;
    struct child *children;
    bool watches_children;
    bool single_turn;
};

/* Fires what is due; false when nothing was. */
bool timers_run_due(struct loop *l);
/* Milliseconds until the next timer is due, 0 when it is already, -1 without timers. */
int64_t timers_next_ms(const struct loop *l);
/* Stops all timers, so that their owners may still call timer_stop() afterwards. */
void timers_clear(struct loop *l);

void children_clear(struct loop *l); /* frees the records; the processes get their SIGTERM from the kernel */

#endif
