#include "loa/store.h"
#include "loa/mem.h"
#include "loa/script.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX_BYTES (64u << 20)

struct script {
    const struct script_source *source;
    char sha1[41];
};

struct store {
    struct loop *loop;
    struct redis *redis;
    const struct crypto *crypto;
    unsigned partitions;
    struct script *script;
};

/* ---- arguments ---- */

void args_init(struct args *a)
{
    memset(a, 0, sizeof *a);
    buf_init(&a->bytes, ARGS_MAX_BYTES);
}

void args_clear(struct args *a)
{
    buf_clear(&a->bytes);
    free(a->offset);
    free(a->length);
    args_init(a);
}

void args_reset(struct args *a)
{
    buf_reset(&a->bytes);
    a->count = a->keys = 0;
}

void args_bin(struct args *a, const void *p, size_t n)
{
    if (a->count == a->room) {
        a->room = a->room ? a->room * 2 : 32;
        a->offset = mem_resize(a->offset, a->room * sizeof *a->offset);
        a->length = mem_resize(a->length, a->room * sizeof *a->length);
    }
    a->offset[a->count] = a->bytes.len;
    a->length[a->count++] = n;
    buf_add(&a->bytes, p, n);
}

void args_str(struct args *a, const char *s)
{
    args_bin(a, s ? s : "", s ? strlen(s) : 0);
}

void args_int(struct args *a, int64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)v);
    args_bin(a, digits, (size_t)n);
}

static size_t key_format(char *out, unsigned partition, const char *fmt, va_list ap)
{
    int n = snprintf(out, STORE_KEY_MAX, "loa:{p%02u}:", partition);
    int m = vsnprintf(out + n, STORE_KEY_MAX - (size_t)n, fmt, ap);
    size_t len = (size_t)n + (size_t)m;
    return len < STORE_KEY_MAX ? len : STORE_KEY_MAX - 1;
}

void args_key(struct args *a, unsigned partition, const char *fmt, ...)
{
    char key[STORE_KEY_MAX];
    va_list ap;
    va_start(ap, fmt);
    size_t n = key_format(key, partition, fmt, ap);
    va_end(ap);
    args_bin(a, key, n);
    a->keys++;
}

const char *store_key(char out[STORE_KEY_MAX], unsigned partition, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    key_format(out, partition, fmt, ap);
    va_end(ap);
    return out;
}

/* ---- calls ---- */

/* One call on its way. Kept until its completion, so that NOSCRIPT can send it once more with the source. */
struct call {
    struct store *store;
    const struct script *script; /* NULL for a plain command */
    struct args args;
    unsigned partition;
    bool with_source;
    redis_done_fn *done;
    void *ctx;
};

static void call_free(struct call *c)
{
    args_clear(&c->args);
    free(c);
}

static enum loa_status call_send(struct call *c);

static void call_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct call *c = ctx;
    if (st == LOA_INVALID && c->script != NULL && !c->with_source && redis_is_error(v, "NOSCRIPT")) {
        c->with_source = true; /* the server restarted or another master took over */
        st = call_send(c);
        if (st == LOA_OK)
            return;
        v = NULL;
    }
    if (st == LOA_OK && redis_type(v) == REDIS_STR && strcmp(redis_str(v, NULL), "STALE") == 0)
        st = LOA_STALE;
    c->done(c->ctx, st, v);
    call_free(c);
}

static enum loa_status call_send(struct call *c)
{
    if (c->store->redis == NULL)
        return LOA_UNAVAILABLE;
    unsigned lead = c->script != NULL ? 3 : 1, total = lead + c->args.count;
    const char **argv = mem_alloc(total * sizeof *argv);
    size_t *len = mem_alloc(total * sizeof *len);
    char keys[12];
    if (c->script != NULL) {
        argv[0] = c->with_source ? "EVAL" : "EVALSHA";
        argv[1] = c->with_source ? c->script->source->text : c->script->sha1;
        snprintf(keys, sizeof keys, "%u", c->args.keys);
        argv[2] = keys;
        for (unsigned i = 0; i < lead; i++)
            len[i] = strlen(argv[i]);
        for (unsigned i = 0; i < c->args.count; i++) {
            argv[lead + i] = c->args.bytes.data + c->args.offset[i];
            len[lead + i] = c->args.length[i];
        }
    } else { /* the command's name was put first */
        total = c->args.count;
        for (unsigned i = 0; i < total; i++) {
            argv[i] = c->args.bytes.data + c->args.offset[i];
            len[i] = c->args.length[i];
        }
    }
    enum loa_status st =
        redis_command(c->store->redis, (int)c->partition, (int)total, argv, len, call_done, c);
    free(argv);
    free(len);
    return st;
}

static const struct script *script_find(const struct store *s, const char *name)
{
    for (unsigned i = 0; i < script_source_count; i++)
        if (strcmp(s->script[i].source->name, name) == 0)
            return &s->script[i];
    fprintf(stderr, "loa: no script %s\n", name);
    abort(); /* a misspelt name is a bug */
}

static struct call *call_new(struct store *s, unsigned partition, redis_done_fn *done, void *ctx)
{
    struct call *c = mem_alloc(sizeof *c);
    c->store = s;
    c->partition = partition;
    c->done = done;
    c->ctx = ctx;
    return c;
}

static enum loa_status call_start(struct call *c)
{
    enum loa_status st = buf_ok(&c->args.bytes) ? call_send(c) : LOA_TOO_BIG;
    if (st != LOA_OK)
        call_free(c);
    return st;
}

/* Takes the caller's arguments over instead of copying them; the caller's list is empty afterwards. */
static void args_move(struct args *to, struct args *from)
{
    *to = *from;
    args_init(from);
}

enum loa_status store_script(struct store *s, unsigned partition, const char *script, struct args *a,
                             redis_done_fn *done, void *ctx)
{
    struct call *c = call_new(s, partition, done, ctx);
    c->script = script_find(s, script);
    args_move(&c->args, a);
    return call_start(c);
}

enum loa_status store_command(struct store *s, unsigned partition, const char *command, struct args *a,
                              redis_done_fn *done, void *ctx)
{
    struct call *c = call_new(s, partition, done, ctx);
    args_init(&c->args);
    args_str(&c->args, command);
    for (unsigned i = 0; i < a->count; i++)
        args_bin(&c->args, a->bytes.data + a->offset[i], a->length[i]);
    return call_start(c);
}

const struct redis_value *store_field(const struct redis_value *list, const char *name)
{
    for (size_t i = 0; i + 1 < redis_count(list); i += 2)
        if (strcmp(redis_str(redis_at(list, i), NULL), name) == 0)
            return redis_at(list, i + 1);
    return NULL;
}

/* ---- life ---- */

struct store *store_new(struct loop *l, struct redis *r, const struct crypto *c, unsigned partitions)
{
    struct store *s = mem_alloc(sizeof *s);
    s->loop = l;
    s->redis = r;
    s->crypto = c;
    s->partitions = partitions;
    s->script = mem_alloc(script_source_count * sizeof *s->script);
    for (unsigned i = 0; i < script_source_count; i++)
        s->script[i].source = &script_sources[i];
    return s;
}

void store_free(struct store *s)
{
    if (s == NULL)
        return;
    free(s->script);
    free(s);
}

void store_detach(struct store *s)
{
    s->redis = NULL;
}

unsigned store_partitions(const struct store *s)
{
    return s->partitions;
}

const struct crypto *store_crypto(const struct store *s)
{
    return s->crypto;
}

struct redis *store_redis(const struct store *s)
{
    return s->redis;
}

struct loop *store_loop(const struct store *s)
{
    return s->loop;
}

unsigned store_partition_of(const struct store *s, const char *text)
{
    return (unsigned)(crypto_spread(text) % s->partitions);
}

unsigned store_partition_of_citizen(const struct store *s, const char *ckey)
{
    return store_partition_of(s, ckey);
}

/* store_open: load every script, then agree on the meta record. One step after the other. */
struct opening {
    struct store *store;
    unsigned next_script;
    void (*done)(void *ctx, enum loa_status st);
    void *ctx;
};

static void opening_end(struct opening *o, enum loa_status st)
{
    o->done(o->ctx, st);
    free(o);
}

/* A word only the right master key can make: a store opened with another key would look empty and be filled
 * twice. */
static void key_mark(const struct store *s, char out[33])
{
    crypto_mac_hex(s->crypto, "store-mark", "loa", 3, out, 32);
}

static void meta_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct opening *o = ctx;
    if (st == LOA_OK) {
        char mark[33];
        key_mark(o->store, mark);
        unsigned partitions = (unsigned)redis_int(redis_at(v, 0));
        if (strcmp(redis_str(redis_at(v, 1), NULL), mark) != 0)
            st = LOA_DENIED;
        else if (partitions != o->store->partitions)
            st = LOA_CONFLICT;
        if (partitions > 0 && partitions <= PARTITIONS_MAX)
            o->store->partitions = partitions;
    }
    opening_end(o, st);
}

static void opening_step(struct opening *o);

static void loaded(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct opening *o = ctx;
    if (st != LOA_OK) {
        opening_end(o, st);
        return;
    }
    struct script *script = &o->store->script[o->next_script++];
    snprintf(script->sha1, sizeof script->sha1, "%s", redis_str(v, NULL));
    opening_step(o);
}

static void opening_step(struct opening *o)
{
    struct store *s = o->store;
    struct args a;
    args_init(&a);
    enum loa_status st;
    if (o->next_script < script_source_count) {
        args_str(&a, "LOAD");
        args_str(&a, s->script[o->next_script].source->text);
        st = store_command(s, 0, "SCRIPT", &a, loaded, o);
    } else {
        char mark[33];
        key_mark(s, mark);
        args_key(&a, 0, "meta");
        args_int(&a, s->partitions);
        args_str(&a, mark);
        st = store_script(s, 0, "meta", &a, meta_done, o);
    }
    args_clear(&a);
    if (st != LOA_OK)
        opening_end(o, st);
}

void store_open(struct store *s, void (*done)(void *ctx, enum loa_status st), void *ctx)
{
    struct opening *o = mem_alloc(sizeof *o);
    o->store = s;
    o->done = done;
    o->ctx = ctx;
    opening_step(o);
}
