#include "loa/erase.h"
#include "loa/citizen.h"
#include "loa/clock.h"
#include "loa/dossier_read.h"
#include "loa/json.h"
#include "loa/mem.h"
#include "loa/proof.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX           16 /* identities of one citizen */
#define CODES_MAX          600
#define CONTACTS_MAX_BYTES 8192

struct erasing {
    struct store *store;
    char keep_cid[CRYPTO_KEY_HEX];
    char key[KEYS_MAX][CRYPTO_KEY_HEX];
    unsigned keys, reading;
    char code[CODES_MAX][DOSSIER_CODE_MAX];
    unsigned codes;
    struct {
        unsigned key;
        char code[DOSSIER_CODE_MAX];
    } followed[CODES_MAX];
    unsigned follows;
    unsigned waiting;
    enum loa_status st;
    void (*next)(struct erasing *e);
    citizen_erase_fn *done;
    void *ctx;
};

/* ---- steps that wait for each other ---- */

static void step(struct erasing *e, void (*next)(struct erasing *e))
{
    e->waiting = 1;
    e->next = next;
}

static void leave(struct erasing *e, enum loa_status st)
{
    if (st != LOA_OK)
        e->st = st;
    if (--e->waiting > 0)
        return;
    if (e->st == LOA_OK && e->next != NULL) {
        e->next(e);
        return;
    }
    e->done(e->ctx, e->st);
    free(e);
}

static void started(struct erasing *e, enum loa_status st)
{
    if (st == LOA_OK)
        e->waiting++;
    else
        e->st = st;
}

static void gone(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    leave(ctx, st);
}

static bool has_key(const struct erasing *e, const char *key)
{
    for (unsigned i = 0; i < e->keys; i++)
        if (strcmp(e->key[i], key) == 0)
            return true;
    return false;
}

static void add_key(struct erasing *e, const char *key)
{
    if (strlen(key) == CRYPTO_KEY_HEX - 1 && e->keys < KEYS_MAX && !has_key(e, key))
        snprintf(e->key[e->keys++], CRYPTO_KEY_HEX, "%s", key);
}

static void add_identity(struct erasing *e, const char *kind, const char *value)
{
    char identity[300], key[CRYPTO_KEY_HEX];
    if (value == NULL || value[0] == '\0')
        return;
    snprintf(identity, sizeof identity, "%s%s", kind, value);
    citizen_key(store_crypto(e->store), identity, key);
    add_key(e, key);
}

static void script(struct erasing *e, const char *key, const char *mode, const char *only,
                   redis_done_fn *done, void *ctx)
{
    unsigned p = store_partition_of_citizen(e->store, key);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", key);
    args_str(&a, key);
    args_int(&a, clock_wall_ms());
    args_str(&a, mode);
    args_str(&a, only);
    started(e, store_script(e->store, p, "erase", &a, done, ctx));
    args_clear(&a);
}

/* ---- the end: the records go ---- */

static void remove_records(struct erasing *e)
{
    step(e, NULL);
    for (unsigned i = 0; i < e->keys; i++)
        script(e, e->key[i], strcmp(e->key[i], e->keep_cid) == 0 ? "end_keep" : "end", "", gone, e);
    leave(e, LOA_OK);
}

/* ---- dossiers: the summary goes; what waits about it under the owner's other names is stopped first ---- */

struct clearing {
    struct erasing *erasing;
    const char *code;
};

static void drop_summary(struct erasing *e, const char *code)
{
    unsigned p = store_partition_of(e->store, code);
    struct args a;
    args_init(&a);
    args_key(&a, p, "d:%s", code);
    args_str(&a, "sum");
    started(e, store_command(e->store, p, "HDEL", &a, gone, e));
    args_clear(&a);
}

/* Of a dossier that names this citizen as its owner every identity is his; an agent's are not. */
static void stop_other_names(struct erasing *e, const struct dossier_event *d, const char *code)
{
    struct proof_identities list;
    char identity[300], key[PROOF_IDENTITIES_MAX][CRYPTO_KEY_HEX];
    bool his = false;
    proof_identities(d, &list);
    for (unsigned i = 0; i < list.count; i++) {
        snprintf(identity, sizeof identity, "%s:%s", list.item[i].kind, list.item[i].value);
        citizen_key(store_crypto(e->store), identity, key[i]);
        his = his || has_key(e, key[i]);
    }
    for (unsigned i = 0; his && !d->authorised && i < list.count; i++)
        if (!has_key(e, key[i]))
            script(e, key[i], "begin", code, gone, e);
}

static void dossier_known(void *ctx, enum loa_status st, const struct dossier_known *d)
{
    struct clearing *c = ctx;
    struct erasing *e = c->erasing;
    if (st == LOA_OK && d->detailed)
        stop_other_names(e, &d->event, c->code);
    if (st == LOA_OK)
        drop_summary(e, c->code);
    free(c);
    leave(e, st);
}

static void unfollow(struct erasing *e, unsigned i)
{
    const char *code = e->followed[i].code;
    unsigned p = store_partition_of(e->store, code);
    struct args a;
    args_init(&a);
    args_key(&a, p, "d:%s", code);
    args_str(&a, e->key[e->followed[i].key]);
    args_str(&a, "");
    args_int(&a, 0);
    args_int(&a, 0);
    started(e, store_script(e->store, p, "follow", &a, gone, e));
    args_clear(&a);
}

static void clear_dossiers(struct erasing *e)
{
    step(e, remove_records);
    for (unsigned i = 0; i < e->codes; i++) {
        struct clearing *c = mem_alloc(sizeof *c);
        *c = (struct clearing){ e, e->code[i] };
        enum loa_status st = dossier_read(e->store, c->code, dossier_known, c);
        started(e, st);
        if (st != LOA_OK)
            free(c);
    }
    for (unsigned i = 0; i < e->follows; i++)
        unfollow(e, i);
    leave(e, LOA_OK);
}

/* ---- what waits is stopped, and tells which dossiers are concerned ---- */

struct beginning {
    struct erasing *erasing;
    unsigned key;
};

static void add_code(struct erasing *e, const char *code)
{
    for (unsigned i = 0; i < e->codes; i++)
        if (strcmp(e->code[i], code) == 0)
            return;
    if (e->codes < CODES_MAX && strlen(code) < DOSSIER_CODE_MAX)
        snprintf(e->code[e->codes++], DOSSIER_CODE_MAX, "%s", code);
}

static void stopped(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct beginning *b = ctx;
    struct erasing *e = b->erasing;
    const struct redis_value *codes = redis_at(v, 0), *followed = redis_at(v, 1);
    for (size_t i = 0; st == LOA_OK && i < redis_count(codes); i++)
        add_code(e, redis_str(redis_at(codes, i), NULL));
    for (size_t i = 0; st == LOA_OK && i < redis_count(followed) && e->follows < CODES_MAX; i++) {
        e->followed[e->follows].key = b->key;
        snprintf(e->followed[e->follows++].code, DOSSIER_CODE_MAX, "%s",
                 redis_str(redis_at(followed, i), NULL));
    }
    free(b);
    leave(e, st);
}

static void stop_all(struct erasing *e)
{
    step(e, clear_dossiers);
    for (unsigned i = 0; i < e->keys; i++) {
        struct beginning *b = mem_alloc(sizeof *b);
        unsigned before = e->waiting;
        *b = (struct beginning){ e, i };
        script(e, e->key[i], "begin", "", stopped, b);
        if (e->waiting == before)
            free(b);
    }
    leave(e, LOA_OK);
}

/* ---- the beginning: which identities are this citizen's ---- */

static void read_record(struct erasing *e);

static void read_contacts(struct erasing *e, const char *key, const char *sealed, size_t n)
{
    char context[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(CONTACTS_MAX_BYTES);
    cJSON *j = NULL;
    const cJSON *item;
    citizen_context(context, key);
    if (n > 0 && crypto_unseal(store_crypto(e->store), context, sealed, n, &plain) == LOA_OK &&
        json_parse(buf_cstr(&plain), plain.len, &j, NULL, 0) == LOA_OK) {
        cJSON_ArrayForEach(item, json_get(j, "identities"))
        {
            add_identity(e, "", cJSON_GetStringValue(item));
        }
        add_identity(e, "phone:", json_str(j, "phone"));
    }
    cJSON_Delete(j);
    buf_clear(&plain);
}

static void read_account(struct erasing *e, const char *key, const char *sealed, size_t n)
{
    char context[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(64);
    citizen_context(context, key);
    if (n > 0 && crypto_unseal(store_crypto(e->store), context, sealed, n, &plain) == LOA_OK)
        add_identity(e, "zalo:", buf_cstr(&plain));
    buf_clear(&plain);
}

static void record_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct erasing *e = ctx;
    const char *key = e->key[e->reading];
    size_t n;
    if (st == LOA_OK) {
        add_key(e, redis_str(redis_at(v, 0), NULL));
        const char *sealed = redis_str(redis_at(v, 1), &n);
        read_contacts(e, key, sealed, n);
        sealed = redis_str(redis_at(v, 2), &n);
        read_account(e, key, sealed, n);
        e->reading++;
        e->next = e->reading < e->keys ? read_record : stop_all;
    }
    leave(e, st);
}

/* One record after the other: each may name more. */
static void read_record(struct erasing *e)
{
    static const char *const field[] = { "as", "s", "z" };
    const char *key = e->key[e->reading];
    unsigned p = store_partition_of_citizen(e->store, key);
    struct args a;
    step(e, read_record);
    args_init(&a);
    args_key(&a, p, "c:%s", key);
    for (unsigned i = 0; i < sizeof field / sizeof field[0]; i++)
        args_str(&a, field[i]);
    started(e, store_command(e->store, p, "HMGET", &a, record_read, e));
    args_clear(&a);
    leave(e, LOA_OK);
}

static void begin(void *ctx)
{
    read_record(ctx);
}

void citizen_erase(struct store *s, const char *ckey, const char *keep_cid, citizen_erase_fn *done, void *ctx)
{
    struct erasing *e = mem_alloc(sizeof *e);
    e->store = s;
    e->st = LOA_OK;
    e->done = done;
    e->ctx = ctx;
    snprintf(e->keep_cid, sizeof e->keep_cid, "%s", keep_cid);
    snprintf(e->key[0], sizeof e->key[0], "%s", ckey);
    e->keys = 1;
    loop_defer(store_loop(s), begin, e);
}
