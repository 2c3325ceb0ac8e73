#include "loa/secrets.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX_BYTES 8192
#define WATCHERS_MAX     8

struct watcher {
    char name[40];
    loop_fn *fn;
    void *ctx;
};

struct secrets {
    struct store *store;
    const struct leases *leases;
    struct secret_store interface;
    struct watcher watcher[WATCHERS_MAX];
    unsigned watchers;
};

struct request {
    struct secrets *secrets;
    char name[40];
    void (*loaded)(void *, enum loa_status, const char *, size_t);
    void (*saved)(void *, enum loa_status);
    void *ctx;
};

static bool is_owner(void *ctx)
{
    const struct secrets *x = ctx;
    return x->leases != NULL && lease_owned(x->leases, 0);
}

static struct request *request_new(struct secrets *x, const char *name, void *ctx)
{
    struct request *r = mem_alloc(sizeof *r);
    r->secrets = x;
    r->ctx = ctx;
    snprintf(r->name, sizeof r->name, "%s", name);
    return r;
}

static void load_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct request *r = ctx;
    struct buf plain = BUF_INIT(SECRET_MAX_BYTES);
    char key[STORE_KEY_MAX];
    size_t n;
    const char *sealed = redis_str(v, &n);
    if (st == LOA_OK && redis_type(v) == REDIS_NIL)
        st = LOA_NOT_FOUND;
    if (st == LOA_OK)
        st = crypto_unseal(store_crypto(r->secrets->store), store_key(key, 0, "secret:%s", r->name), sealed,
                           n, &plain);
    r->loaded(r->ctx, st, buf_cstr(&plain), plain.len);
    buf_clear(&plain);
    free(r);
}

static enum loa_status load(void *ctx, const char *name,
                            void (*done)(void *, enum loa_status, const char *, size_t), void *done_ctx)
{
    struct secrets *x = ctx;
    struct request *r = request_new(x, name, done_ctx);
    r->loaded = done;
    struct args a;
    args_init(&a);
    args_key(&a, 0, "secret:%s", name);
    enum loa_status st = store_command(x->store, 0, "GET", &a, load_done, r);
    args_clear(&a);
    if (st != LOA_OK)
        free(r);
    return st;
}

static void save_done(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)v;
    struct request *r = ctx;
    r->saved(r->ctx, st);
    free(r);
}

static enum loa_status save(void *ctx, const char *name, const char *blob, size_t len,
                            void (*done)(void *, enum loa_status), void *done_ctx)
{
    struct secrets *x = ctx;
    if (!is_owner(x))
        return LOA_STALE;
    struct request *r = request_new(x, name, done_ctx);
    r->saved = done;
    char key[STORE_KEY_MAX];
    struct buf sealed = BUF_INIT(SECRET_MAX_BYTES);
    crypto_seal(store_crypto(x->store), store_key(key, 0, "secret:%s", name), blob, len, &sealed);
    struct args a;
    args_init(&a);
    args_key(&a, 0, "lease");
    args_key(&a, 0, "secret:%s", name);
    args_int(&a, lease_epoch(x->leases, 0));
    args_bin(&a, sealed.data, sealed.len);
    args_str(&a, name);
    enum loa_status st =
        buf_ok(&sealed) ? store_script(x->store, 0, "secret_save", &a, save_done, r) : LOA_TOO_BIG;
    args_clear(&a);
    buf_clear(&sealed);
    if (st != LOA_OK)
        free(r);
    return st;
}

static void on_change(void *ctx, const char *name, loop_fn *fn, void *fn_ctx)
{
    struct secrets *x = ctx;
    if (fn == NULL) { /* no longer listening */
        for (unsigned i = 0; i < x->watchers; i++)
            if (strcmp(x->watcher[i].name, name) == 0 && x->watcher[i].ctx == fn_ctx)
                x->watcher[i--] = x->watcher[--x->watchers];
        return;
    }
    if (x->watchers == WATCHERS_MAX)
        return;
    struct watcher *w = &x->watcher[x->watchers++];
    *w = (struct watcher){ .fn = fn, .ctx = fn_ctx };
    snprintf(w->name, sizeof w->name, "%s", name);
}

static void changed(void *ctx, const char *channel, const char *data, size_t len)
{
    (void)channel;
    struct secrets *x = ctx;
    for (unsigned i = 0; i < x->watchers; i++)
        if (len == 0 || /* the subscription began anew: anything may have changed */
            (strlen(x->watcher[i].name) == len && memcmp(x->watcher[i].name, data, len) == 0))
            x->watcher[i].fn(x->watcher[i].ctx);
}

struct secrets *secrets_new(struct store *s)
{
    struct secrets *x = mem_alloc(sizeof *x);
    x->store = s;
    x->interface = (struct secret_store){
        .ctx = x, .is_owner = is_owner, .load = load, .save = save, .on_change = on_change
    };
    if (redis_subscribe(store_redis(s), "loa:secret", changed, x) != LOA_OK)
        log_warn("secrets_not_watched");
    return x;
}

void secrets_set_leases(struct secrets *x, const struct leases *l)
{
    x->leases = l;
}

const struct secret_store *secrets_interface(struct secrets *x)
{
    return &x->interface;
}

void secrets_free(struct secrets *x)
{
    free(x);
}
