#include "loa/tries.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdlib.h>

struct trying {
    tries_fn *done;
    void *ctx;
};

static void answered(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct trying *t = ctx;
    t->done(t->ctx, st, redis_int(redis_at(v, 0)) == 1, redis_int(redis_at(v, 1)),
            (unsigned)redis_int(redis_at(v, 2)));
    free(t);
}

static enum loa_status call(struct store *s, const struct tries *w, const char *what, tries_fn *done,
                            void *ctx)
{
    struct trying *t = mem_alloc(sizeof *t);
    *t = (struct trying){ done, ctx };
    unsigned p = store_partition_of(s, w->scope);
    struct args a;
    args_init(&a);
    args_key(&a, p, "t:%s", w->scope);
    args_int(&a, clock_wall_ms());
    args_str(&a, w->id);
    args_int(&a, w->free);
    args_int(&a, w->first_pause_ms);
    args_int(&a, w->longest_pause_ms);
    args_str(&a, what);
    enum loa_status st = store_script(s, p, "tries", &a, answered, t);
    args_clear(&a);
    if (st != LOA_OK)
        free(t);
    return st;
}

enum loa_status tries_take(struct store *s, const struct tries *t, tries_fn *done, void *ctx)
{
    return call(s, t, "guess", done, ctx);
}

enum loa_status tries_look(struct store *s, const struct tries *t, tries_fn *done, void *ctx)
{
    return call(s, t, "look", done, ctx);
}

enum loa_status tries_right(struct store *s, const struct tries *t, tries_fn *done, void *ctx)
{
    return call(s, t, "right", done, ctx);
}
