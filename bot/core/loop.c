#include "loop_inside.h"
#include "loa/mem.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>

/* ---- lists of calls ---- */

static void calls_add(struct call_list *list, loop_fn *fn, void *ctx)
{
    assert(fn != NULL);
    if (list->len == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 16;
        list->item = mem_resize(list->item, list->cap * sizeof *list->item);
    }
    list->item[list->len++] = (struct call){ .fn = fn, .ctx = ctx };
}

/* Runs what is in the list now; what these calls add stays for the next time. False when it was empty. */
static bool calls_run(struct call_list *list)
{
    struct call_list batch = *list;

    *list = (struct call_list){ 0 };
    for (size_t i = 0; i < batch.len; i++)
        batch.item[i].fn(batch.item[i].ctx);
    if (list->item != NULL) {
        free(batch.item);
    } else { /* keep the memory for the next batch */
        list->item = batch.item;
        list->cap = batch.cap;
    }
    return batch.len > 0;
}

static void calls_run_all(struct call_list *list)
{
    while (calls_run(list))
        ;
}

void loop_defer(struct loop *l, loop_fn *fn, void *ctx)
{
    calls_add(&l->deferred, fn, ctx);
}

void loop_free_later(struct loop *l, void *p, void (*free_fn)(void *))
{
    calls_add(&l->frees, free_fn, p);
}

void loop_on_turn_end(struct loop *l, loop_fn *fn, void *ctx)
{
    calls_add(&l->turn_end_hooks, fn, ctx);
}

void loop_at_turn_end(struct loop *l, loop_fn *fn, void *ctx)
{
    calls_add(&l->turn_end_once, fn, ctx);
}

/* ---- the turn ---- */

static void alarm_rang(uv_timer_t *t)
{
    (void)t; /* it only had to wake the loop: turn_end() looks for due timers */
}

static void no_sleep_turn(uv_idle_t *i)
{
    (void)i;
}

static void set_alarm(struct loop *l, bool hurry)
{
    int64_t next_ms = timers_next_ms(l);

    if (hurry || next_ms == 0) {
        uv_idle_start(&l->no_sleep, no_sleep_turn);
        return;
    }
    uv_idle_stop(&l->no_sleep);
    if (next_ms > 0)
        uv_timer_start(&l->alarm, alarm_rang, (uint64_t)next_ms, 0);
    else
        uv_timer_stop(&l->alarm);
}

static void after_io(uv_check_t *check)
{
    struct loop *l = check->data;
    calls_run(&l->deferred);
}

static void turn_end(uv_prepare_t *prepare)
{
    struct loop *l = prepare->data;

    bool ran = timers_run_due(l);
    ran |= calls_run(&l->deferred);
    for (size_t i = 0; i < l->turn_end_hooks.len; i++)
        l->turn_end_hooks.item[i].fn(l->turn_end_hooks.item[i].ctx);
    calls_run_all(&l->turn_end_once);
    calls_run_all(&l->frees);
    /* A single turn that did something is over; it must not wait for an event as well. */
    set_alarm(l, l->deferred.len > 0 || (ran && l->single_turn));
}

struct loop *loop_new(void)
{
    struct loop *l = mem_alloc(sizeof *l);

    signal(SIGPIPE, SIG_IGN); /* a peer that hangs up while we write is an error code, not our end */
    if (uv_loop_init(&l->uv) != 0)
        abort(); /* no descriptors left for epoll: nothing can work */
    uv_timer_init(&l->uv, &l->alarm);
    uv_idle_init(&l->uv, &l->no_sleep);
    /* libuv runs the hook started first last, so ours come after those of libraries on this loop. */
    uv_prepare_init(&l->uv, &l->prepare);
    uv_check_init(&l->uv, &l->check);
    l->prepare.data = l->check.data = l;
    uv_prepare_start(&l->prepare, turn_end);
    uv_check_start(&l->check, after_io);
    return l;
}

void loop_run(struct loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void loop_run_once(struct loop *l)
{
    l->single_turn = true;
    uv_run(&l->uv, UV_RUN_ONCE);
    l->single_turn = false;
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

void *loop_native(struct loop *l)
{
    return &l->uv;
}

/* ---- signals ---- */

struct signal_watch {
    uv_signal_t handle;
    loop_signal_fn *fn;
    void *ctx;
    struct signal_watch *next;
};

static void signal_came(uv_signal_t *handle, int signo)
{
    struct signal_watch *w = handle->data;
    w->fn(w->ctx, signo);
}

static void signal_closed(uv_handle_t *handle)
{
    free(handle->data);
}

enum loa_status loop_on_signal(struct loop *l, int signo, loop_signal_fn *fn, void *ctx)
{
    struct signal_watch *w = mem_alloc(sizeof *w);

    w->fn = fn;
    w->ctx = ctx;
    uv_signal_init(&l->uv, &w->handle);
    w->handle.data = w;
    if (uv_signal_start(&w->handle, signal_came, signo) != 0) {
        uv_close((uv_handle_t *)&w->handle, signal_closed);
        return LOA_INVALID;
    }
    w->next = l->signals;
    l->signals = w;
    return LOA_OK;
}

static void signals_clear(struct loop *l)
{
    for (struct signal_watch *w = l->signals, *next; w != NULL; w = next) {
        next = w->next;
        uv_close((uv_handle_t *)&w->handle, signal_closed);
    }
    l->signals = NULL;
}

/* ---- work in a thread ---- */

struct work {
    uv_work_t req;
    void (*work)(void *ctx);
    loop_fn *done;
    void *ctx;
};

static void work_run(uv_work_t *req)
{
    struct work *w = req->data;
    w->work(w->ctx);
}

static void work_done(uv_work_t *req, int status)
{
    struct work *w = req->data;

    (void)status; /* never cancelled */
    w->done(w->ctx);
    free(w);
}

enum loa_status loop_work(struct loop *l, void (*work)(void *ctx), loop_fn *done, void *ctx)
{
    struct work *w = mem_alloc(sizeof *w);

    *w = (struct work){ .work = work, .done = done, .ctx = ctx };
    w->req.data = w;
    if (uv_queue_work(&l->uv, &w->req, work_run, work_done) != 0) {
        free(w);
        return LOA_UNAVAILABLE;
    }
    return LOA_OK;
}

/* ---- the end ---- */

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    calls_run_all(&l->deferred);
    calls_run_all(&l->turn_end_once);
    timers_clear(l);
    signals_clear(l);
    uv_walk(&l->uv, close_handle, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT); /* close callbacks, and work still in a thread */

    calls_run_all(&l->deferred);
    calls_run_all(&l->turn_end_once);
    calls_run_all(&l->frees);
    timers_clear(l);
    children_clear(l);
    int left = uv_loop_close(&l->uv);
    assert(left == 0);
    (void)left;
    free(l->deferred.item);
    free(l->turn_end_hooks.item);
    free(l->turn_end_once.item);
    free(l->frees.item);
    free(l);
}
