/* A binary heap ordered by (due, seq): equal deadlines fire in the order they were started. */
#include "loop_inside.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <assert.h>
#include <stdlib.h>

static bool earlier(const struct timer *a, const struct timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

static void put(struct timer_heap *h, struct timer *t, size_t i)
{
    h->item[i] = t;
    t->index = i;
}

static void sift_up(struct timer_heap *h, struct timer *t, size_t i)
{
    for (; i > 0 && earlier(t, h->item[(i - 1) / 2]); i = (i - 1) / 2)
        put(h, h->item[(i - 1) / 2], i);
    put(h, t, i);
}

static void sift_down(struct timer_heap *h, struct timer *t, size_t i)
{
    for (size_t child; (child = 2 * i + 1) < h->len; i = child) {
        if (child + 1 < h->len && earlier(h->item[child + 1], h->item[child]))
            child++;
        if (earlier(t, h->item[child]))
            break;
        put(h, h->item[child], i);
    }
    put(h, t, i);
}

void timer_start(struct timer *t, struct loop *l, int64_t after_ms, loop_fn *fn, void *ctx)
{
    struct timer_heap *h = &l->timers;

    assert(fn != NULL);
    timer_stop(t);
    if (h->len == h->cap) {
        h->cap = h->cap ? h->cap * 2 : 64;
        h->item = mem_resize(h->item, h->cap * sizeof *h->item);
    }
    *t = (struct timer){ .loop = l, .seq = h->next_seq++, .fn = fn, .ctx = ctx };
    t->due_ms = clock_mono_ms() + (after_ms > 0 ? after_ms : 0);
    h->len++;
    sift_up(h, t, h->len - 1);
}

void timer_stop(struct timer *t)
{
    if (t->loop == NULL)
        return;
    struct timer_heap *h = &t->loop->timers;
    struct timer *last = h->item[--h->len];
    size_t hole = t->index;

    t->loop = NULL;
    if (last == t)
        return;
    if (hole > 0 && earlier(last, h->item[(hole - 1) / 2]))
        sift_up(h, last, hole);
    else
        sift_down(h, last, hole);
}

bool timers_run_due(struct loop *l)
{
    struct timer_heap *h = &l->timers;
    const int64_t now = clock_mono_ms();
    const uint64_t started_from_now_on = h->next_seq; /* these wait for the next turn, or 0 ms would spin */
    bool ran = false;

    while (h->len > 0 && h->item[0]->due_ms <= now && h->item[0]->seq < started_from_now_on) {
        struct timer *t = h->item[0];
        timer_stop(t);
        t->fn(t->ctx); /* may restart or free t */
        ran = true;
    }
    return ran;
}

int64_t timers_next_ms(const struct loop *l)
{
    if (l->timers.len == 0)
        return -1;
    int64_t left = l->timers.item[0]->due_ms - clock_mono_ms();
    return left > 0 ? left : 0;
}

void timers_clear(struct loop *l)
{
    for (size_t i = 0; i < l->timers.len; i++)
        l->timers.item[i]->loop = NULL;
    free(l->timers.item);
    l->timers = (struct timer_heap){ 0 };
}
