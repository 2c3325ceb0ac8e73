/*
 * loop - the one event loop of the process (libuv inside, seen nowhere else but in the adapters that
 * receive loop_native()). Nothing that runs on it may block; what must block goes to loop_work().
 *
 * One turn: I/O callbacks, deferred calls, due timers, deferred calls, turn-end hooks, frees, sleep.
 *
 * A struct timer is embedded in its owner and costs nothing while stopped. Timers fire in deadline order,
 * never inside timer_start(). Deadlines use clock_mono_ms().
 */
#ifndef LOA_LOOP_H
#define LOA_LOOP_H

#include "loa/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
typedef void loop_fn(void *ctx);

struct loop *loop_new(void);        /* ignores SIGPIPE in this process */
void loop_free(struct loop *l);     /* after loop_run returned; closes what is left, runs pending frees */
void loop_run(struct loop *l);      /* until loop_stop() */
void loop_run_once(struct loop *l); /* one turn, waits for an event: for tests and command-line tools */
void loop_stop(struct loop *l);
void *loop_native(struct loop *l); /* uv_loop_t *, for the files that adapt a library to it */

/* ---- timers ---- */
struct timer {
    struct loop *loop; /* NULL while stopped */
    int64_t due_ms;
    uint64_t seq;
    size_t index;
    loop_fn *fn;
    void *ctx;
};
void timer_start(struct timer *t, struct loop *l, int64_t after_ms, loop_fn *fn,
                 void *ctx);      /* restarts a running one */
void timer_stop(struct timer *t); /* harmless when stopped */
static inline bool timer_running(const struct timer *t)
{
    return t->loop != NULL;
}

/* ---- later in this or the next turn ---- */
void loop_defer(struct loop *l, loop_fn *fn, void *ctx); /* runs once, next turn at the latest, in order */
void loop_free_later(struct loop *l, void *p, void (*free_fn)(void *)); /* after all callbacks of this turn */
/* Runs `fn` at the end of every turn, before the loop sleeps: flush points. Kept until the loop is freed. */
void loop_on_turn_end(struct loop *l, loop_fn *fn, void *ctx);
/* Runs `fn` once at the end of this turn, after all of the above and whatever they started, before the frees:
 * the place to send in one write what was queued during the turn. */
void loop_at_turn_end(struct loop *l, loop_fn *fn, void *ctx);

/* ---- signals, work, processes ---- */
typedef void loop_signal_fn(void *ctx, int signo);
enum loa_status loop_on_signal(struct loop *l, int signo, loop_signal_fn *fn, void *ctx);

/* Runs `work` in a thread of a small pool, then `done` on the loop. `work` must touch only ctx. */
enum loa_status loop_work(struct loop *l, void (*work)(void *ctx), loop_fn *done, void *ctx);

struct child;
typedef void child_exit_fn(void *ctx, int exit_status, int term_signal);
/* argv[0] is looked up in PATH: LOA_NOT_FOUND when it is not there, LOA_IO when it cannot be started. stdout
 * and stderr go to `log_fd`, or are inherited when -1; no other descriptor is. The child gets SIGTERM should
 * this process die (PR_SET_PDEATHSIG). `on_exit` runs once; child_forget() is due in or after it. */
enum loa_status child_start(struct loop *l, const char *const argv[], int log_fd, child_exit_fn *on_exit,
                            void *ctx, struct child **out);
int child_pid(const struct child *c);
void child_signal(struct child *c, int signo);
void child_forget(struct child *c); /* no more callbacks; frees c once the process is gone */

#endif
