/* Following a dossier has two sides: the conversation stands in the dossier's record, and the code in the
 * conversation's list. The record is what the router reads; the list shows and undoes. */
#include "lookup_inside.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLLOWERS_MAX 5
#define FOLLOWED_MAX  20
#define KEEP_S        (400LL * 86400)

struct following {
    struct turn *turn;
    char code[DOSSIER_CODE_MAX];
    bool on;
};

static void end(struct following *f, const char *text)
{
    struct turn *t = f->turn;
    look_say_code(t, text, f->code);
    look_count(t, f->on ? "followed" : "unfollowed");
    free(f);
    turn_end(t);
}

static void failed(struct following *f, enum loa_status st)
{
    struct turn *t = f->turn;
    free(f);
    turn_fail(t, st);
}

static void listed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct following *f = ctx;
    (void)v;
    if (st == LOA_OK)
        end(f, f->on ? "lookup_followed" : "lookup_unfollowed");
    else
        failed(f, st);
}

static void entered(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct following *f = ctx;
    struct store *s = turn_service(f->turn)->store;
    char list[STORE_KEY_MAX];
    if (st == LOA_OK && redis_int(v) < 0) {
        end(f, redis_int(v) == -2 ? "lookup_follow_full" : "lookup_unknown");
        return;
    }
    unsigned p = store_partition_of_citizen(s, turn_cid(f->turn));
    store_key(list, p, "fo:%s", turn_cid(f->turn));
    struct args a;
    args_init(&a);
    args_key(&a, p, "led");
    args_int(&a, FOLLOWED_MAX);
    args_int(&a, KEEP_S);
    args_str(&a, list);
    args_str(&a, f->code);
    args_int(&a, f->on);
    if (st == LOA_OK)
        st = store_script(s, p, "codes", &a, listed, f);
    args_clear(&a);
    if (st != LOA_OK)
        failed(f, st);
}

static void enter(struct turn *t, const char *code, bool on)
{
    struct store *s = turn_service(t)->store;
    struct following *f = mem_alloc(sizeof *f);
    *f = (struct following){ .turn = t, .on = on };
    snprintf(f->code, sizeof f->code, "%s", code);
    unsigned p = store_partition_of(s, code);
    struct args a;
    args_init(&a);
    args_key(&a, p, "d:%s", code);
    args_str(&a, turn_cid(t));
    args_str(&a, turn_channel(t));
    args_int(&a, on);
    args_int(&a, FOLLOWERS_MAX);
    enum loa_status st = store_script(s, p, "follow", &a, entered, f);
    args_clear(&a);
    if (st != LOA_OK)
        failed(f, st);
}

void look_follow(struct look *l)
{
    struct turn *t = l->turn;
    enter(t, l->code, true);
    free(l);
}

/* Nobody needs to prove anything to hear no more. */
enum claim look_unfollow(struct turn *t, const char *code)
{
    enter(t, code, false);
    return CLAIM_LATER;
}
