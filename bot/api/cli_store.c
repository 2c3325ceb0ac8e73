#include "loa/cli_store.h"
#include "loa/log.h"
#include "loa/private_redis.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define OPEN_LIMIT_MS 15000

struct waiting {
    struct loop *loop;
    bool done, expired;
    enum loa_status st;
    cli_reply_fn *take;
    void *ctx;
};

static void expire(void *ctx)
{
    struct waiting *w = ctx;
    w->expired = true;
}

static bool wait_until(struct loop *l, const bool *flag, int64_t limit_ms)
{
    struct waiting w = { .loop = l };
    struct timer t = { 0 };
    timer_start(&t, l, limit_ms, expire, &w);
    while (!*flag && !w.expired)
        loop_run_once(l);
    timer_stop(&t);
    return *flag;
}

static void became_ready(void *ctx, bool ready)
{
    *(bool *)ctx = ready;
}

static void opened(void *ctx, enum loa_status st)
{
    struct waiting *w = ctx;
    w->st = st;
    w->done = true;
}

static void print_errors(const struct cli_store *c, const struct errors *err)
{
    for (unsigned i = 0; i < err->count; i++)
        fprintf(stderr, "%s: %s\n", err->item[i].pointer,
                c->english ? err->item[i].detail : err->item[i].detail_vi);
}

static bool load_config(struct cli_store *c, const char *path)
{
    struct errors *err = errors_new();
    enum loa_status st = config_load(path, err, &c->config);
    for (unsigned i = 0; i < err->count; i++)
        fprintf(stderr, "%s: %s\n", err->item[i].pointer,
                c->english ? err->item[i].detail : err->item[i].detail_vi);
    errors_free(err);
    return st == LOA_OK;
}

static bool open_key(struct cli_store *c)
{
    char path[1024];
    const char *file = config_str(c->config, "loa", "key_file"),
               *dir = config_str(c->config, "loa", "data_dir");
    snprintf(path, sizeof path, "%s/master.key", dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return false;
    return crypto_open(file[0] ? file : path, &c->crypto) == LOA_OK;
}

static void server_started(void *ctx, enum loa_status st)
{
    (void)ctx, (void)st; /* the connection finds out by itself */
}

/* A running service holds the private Redis: then its socket is ours to use too. */
static const char *redis_url(struct cli_store *c, char url[PRIVATE_REDIS_URL_MAX])
{
    const char *set = config_str(c->config, "redis", "url"), *dir = config_str(c->config, "loa", "data_dir");
    if (strcmp(set, "private") != 0)
        return set;
    struct errors *err = errors_new();
    enum loa_status st = private_redis_start(c->loop, dir, err, server_started, c, &c->server);
    if (st != LOA_OK && st != LOA_BUSY)
        print_errors(c, err);
    errors_free(err);
    return private_redis_url(dir, url) == LOA_OK ? url : "";
}

bool cli_store_open(struct cli_store *c, const char *config_path, bool english)
{
    char url[PRIVATE_REDIS_URL_MAX];
    bool ready = false;
    memset(c, 0, sizeof *c);
    c->english = english;
    log_set_level(LOG_LEVEL_ERROR);
    if (!load_config(c, config_path) || !open_key(c))
        return false;
    c->loop = loop_new();
    if (redis_new(c->loop, redis_url(c, url), config_int(c->config, "redis", "timeout_ms"), &c->redis) !=
        LOA_OK)
        return false;
    redis_wait_replicas(c->redis, (unsigned)config_int(c->config, "redis", "wait_replicas"));
    redis_on_state(c->redis, became_ready, &ready);
    ready = redis_ready(c->redis);
    struct waiting w = { .loop = c->loop };
    if (wait_until(c->loop, &ready, OPEN_LIMIT_MS)) {
        c->store =
            store_new(c->loop, c->redis, c->crypto, (unsigned)config_int(c->config, "loa", "partitions"));
        store_open(c->store, opened, &w);
        wait_until(c->loop, &w.done, OPEN_LIMIT_MS);
        if (w.done && (w.st == LOA_OK || w.st == LOA_CONFLICT))
            return true;
    }
    fputs(english ? "loa: cannot reach the store; is the configuration that of the service?\n"
                  : "loa: không mở được kho dữ liệu; hãy kiểm tra lại tệp cấu hình và dịch vụ Redis.\n",
          stderr);
    return false;
}

static void answered(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct waiting *w = ctx;
    w->st = st;
    w->done = true;
    if (st == LOA_OK && w->take != NULL)
        w->take(w->ctx, v);
}

/* One call of the store, and its answer. */
typedef enum loa_status call_fn(struct store *s, unsigned partition, const char *name, struct args *a,
                                redis_done_fn *done, void *ctx);

static enum loa_status call_and_wait(struct cli_store *c, call_fn *call, unsigned partition, const char *name,
                                     struct args *a, cli_reply_fn *take, void *ctx)
{
    struct waiting w = { .loop = c->loop, .take = take, .ctx = ctx };
    enum loa_status st = call(c->store, partition, name, a, answered, &w);
    if (st != LOA_OK)
        return st;
    return wait_until(c->loop, &w.done, OPEN_LIMIT_MS) ? w.st : LOA_TIMEOUT;
}

enum loa_status cli_store_command(struct cli_store *c, unsigned partition, const char *command,
                                  struct args *a, cli_reply_fn *take, void *ctx)
{
    return call_and_wait(c, store_command, partition, command, a, take, ctx);
}

enum loa_status cli_store_script(struct cli_store *c, unsigned partition, const char *script, struct args *a,
                                 cli_reply_fn *take, void *ctx)
{
    return call_and_wait(c, store_script, partition, script, a, take, ctx);
}

static void stopped(void *ctx)
{
    *(bool *)ctx = true;
}

void cli_store_close(struct cli_store *c)
{
    bool done = false;
    if (c->redis != NULL)
        redis_free(c->redis);
    store_free(c->store);
    if (c->server != NULL) {
        private_redis_stop(c->server, stopped, &done);
        wait_until(c->loop, &done, OPEN_LIMIT_MS);
        private_redis_free(c->server);
    }
    if (c->loop != NULL)
        loop_free(c->loop);
    crypto_close(c->crypto);
    config_free(c->config);
}
