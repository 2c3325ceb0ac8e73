#include "loa/consent.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 512

/* ---- one change ---- */

struct changing {
    consent_done_fn *done;
    void *ctx;
};

static void changed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct changing *c = ctx;
    c->done(c->ctx, st, redis_str(v, NULL));
    free(c);
}

enum loa_status consent_change(struct store *s, const struct consent_change *change, consent_done_fn *done,
                               void *ctx)
{
    struct changing *c = mem_alloc(sizeof *c);
    *c = (struct changing){ done, ctx };
    unsigned p = store_partition_of_citizen(s, change->ckey);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", change->ckey);
    args_str(&a, change->ckey);
    args_int(&a, change->wants);
    args_str(&a, change->words);
    args_int(&a, clock_wall_ms());
    args_str(&a, change->source);
    args_str(&a, change->version);
    enum loa_status st = store_script(s, p, "consent", &a, changed, c);
    args_clear(&a);
    if (st != LOA_OK)
        free(c);
    return st;
}

/* ---- two identities become one: first the main record refuses, then the alias points to it ---- */

struct linking {
    struct store *store;
    char alias[CRYPTO_KEY_HEX], main[CRYPTO_KEY_HEX];
    consent_link_fn *done;
    void *ctx;
};

static void link_end(struct linking *l, enum loa_status st)
{
    l->done(l->ctx, st);
    free(l);
}

static void linked(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    link_end(ctx, st);
}

static void point(void *ctx, enum loa_status st, const char *no)
{
    (void)no;
    struct linking *l = ctx;
    unsigned p = store_partition_of_citizen(l->store, l->alias);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", l->alias);
    args_str(&a, l->main);
    if (st == LOA_OK)
        st = store_script(l->store, p, "alias", &a, linked, l);
    args_clear(&a);
    if (st != LOA_OK)
        link_end(l, st);
}

/* "zalo_cs=9;o_sms=-1;t_survey=-1;" -> "o_sms t_survey": what the citizen wanted, not what an address suffers
 * from. */
static void wishes(const char *no, char out[WORDS_MAX])
{
    size_t len = 0;
    out[0] = '\0';
    for (const char *at = no; *at != '\0'; at += strcspn(at, ";"), at += *at == ';') {
        int n = (int)strcspn(at, "=;");
        if ((at[0] == 'o' || at[0] == 't') && at[1] == '_' && len + (size_t)n + 2 < WORDS_MAX)
            len += (size_t)snprintf(out + len, WORDS_MAX - len, "%.*s ", n, at);
    }
}

static void refusals_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct linking *l = ctx;
    char words[WORDS_MAX];
    wishes(redis_str(v, NULL), words);
    if (st != LOA_OK || words[0] == '\0') {
        point(l, st, "");
        return;
    }
    st = consent_change(l->store, &(struct consent_change){ .ckey = l->main, .words = words, .source = "" },
                        point, l);
    if (st != LOA_OK)
        link_end(l, st);
}

enum loa_status citizen_link(struct store *s, const char *alias, const char *main, consent_link_fn *done,
                             void *ctx)
{
    struct linking *l = mem_alloc(sizeof *l);
    *l = (struct linking){ .store = s, .done = done, .ctx = ctx };
    snprintf(l->alias, sizeof l->alias, "%s", alias);
    snprintf(l->main, sizeof l->main, "%s", main);
    unsigned p = store_partition_of_citizen(s, alias);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", alias);
    args_str(&a, "no");
    enum loa_status st = store_command(s, p, "HGET", &a, refusals_read, l);
    args_clear(&a);
    if (st != LOA_OK)
        free(l);
    return st;
}
