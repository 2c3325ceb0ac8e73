#include "loa/dossier_read.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct store *store;
    char code[DOSSIER_CODE_MAX];
    struct dossier_known known;
    dossier_read_fn *done;
    void *ctx;
};

static bool unseal(struct reading *r, const struct redis_value *sealed)
{
    char context[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(DOSSIER_EVENT_JSON_MAX);
    size_t n;
    const char *text = redis_str(sealed, &n);
    store_key(context, 0, "d:%s", r->code);
    bool good = n > 0 && crypto_unseal(store_crypto(r->store), context, text, n, &plain) == LOA_OK &&
                dossier_event_from_json(buf_cstr(&plain), plain.len, &r->known.event) == LOA_OK;
    buf_clear(&plain);
    return good;
}

static void read_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct reading *r = ctx;
    struct dossier_known *k = &r->known;
    const struct redis_value *status = redis_at(v, 0);
    if (st == LOA_OK) {
        k->found = redis_type(status) == REDIS_STR;
        k->status = k->found ? (int)redis_int(status) : -1;
        k->at_ms = redis_int(redis_at(v, 1));
        k->detailed = unseal(r, redis_at(v, 2));
        snprintf(k->followers, sizeof k->followers, "%s", redis_str(redis_at(v, 3), NULL));
    }
    r->done(r->ctx, st, k);
    free(r);
}

enum loa_status dossier_read(struct store *s, const char *code, dossier_read_fn *done, void *ctx)
{
    static const char *const field[] = { "st", "at", "sum", "fw" };
    struct reading *r = mem_alloc(sizeof *r);
    *r = (struct reading){ .store = s, .done = done, .ctx = ctx };
    snprintf(r->code, sizeof r->code, "%s", code);
    unsigned p = store_partition_of(s, code);
    struct args a;
    args_init(&a);
    args_key(&a, p, "d:%s", code);
    for (unsigned i = 0; i < sizeof field / sizeof field[0]; i++)
        args_str(&a, field[i]);
    enum loa_status st = store_command(s, p, "HMGET", &a, read_done, r);
    args_clear(&a);
    if (st != LOA_OK)
        free(r);
    return st;
}
