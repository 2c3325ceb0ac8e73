#include "loa/intake.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PENDING_MAX 50000
#define MARK_DIGITS 14

struct intake {
    struct batch *batch;
    struct store *store;
    unsigned pending;
    int64_t waiting_max;
    void (*wake)(void *ctx, unsigned partition);
    void *wake_ctx;
};

struct appending {
    struct intake *intake;
    unsigned partition;
    intake_done_fn *done;
    void *ctx;
};

static enum loa_status head(void *ctx, unsigned partition, struct args *a)
{
    const struct intake *i = ctx;
    args_key(a, partition, "in");
    args_int(a, clock_wall_ms());
    args_int(a, i->waiting_max / store_partitions(i->store));
    return LOA_OK;
}

struct intake *intake_new(struct store *s, int64_t waiting_max, void (*wake)(void *ctx, unsigned partition),
                          void *wake_ctx)
{
    struct intake *i = mem_alloc(sizeof *i);
    i->store = s;
    i->waiting_max = waiting_max;
    i->wake = wake;
    i->wake_ctx = wake_ctx;
    i->batch = batch_new(s, "intake", head, i);
    batch_mix(i->batch);
    return i;
}

void intake_free(struct intake *i)
{
    if (i == NULL)
        return;
    batch_free(i->batch);
    free(i);
}

enum loa_status intake_ready(const struct intake *i)
{
    if (!redis_ready(store_redis(i->store)))
        return LOA_UNAVAILABLE;
    return i->pending < PENDING_MAX ? LOA_OK : LOA_BUSY;
}

static void appended(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct appending *a = ctx;
    const char *answer = redis_str(v, NULL);
    bool duplicate = strncmp(answer, "dup:", 4) == 0;
    char id[INTAKE_ID_SIZE] = "";
    if (st == LOA_OK && strcmp(answer, "full") == 0)
        st = LOA_BUSY;
    if (st == LOA_OK) {
        snprintf(id, sizeof id, "p%02u-%s", a->partition, duplicate ? answer + 4 : answer);
        metric_add(M_INTAKE_EVENTS, duplicate ? "duplicate" : "accepted", NULL, 1);
        if (!duplicate)
            a->intake->wake(a->intake->wake_ctx, a->partition);
    } else {
        metric_add(M_INTAKE_EVENTS, "unavailable", NULL, 1);
    }
    a->intake->pending--;
    a->done(a->ctx, st, id, duplicate);
    free(a);
}

/* Short marks instead of long keys: they live as fields of the dossier's own record, as long as it does. */
static void mark(char out[MARK_DIGITS + 1], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void mark(char out[MARK_DIGITS + 1], const char *fmt, ...)
{
    struct buf b = BUF_INIT(1024);
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    crypto_hash_hex(b.data, b.len, out, MARK_DIGITS);
    buf_clear(&b);
}

void intake_append(struct intake *i, const struct dossier_event *e, intake_done_fn *done, void *ctx)
{
    struct appending *ap = mem_alloc(sizeof *ap);
    *ap = (struct appending){ i, store_partition_of(i->store, e->code.norm), done, ctx };
    i->pending++;
    char id_mark[MARK_DIGITS + 1] = "", content_mark[MARK_DIGITS + 1], key[STORE_KEY_MAX];
    if (e->id[0] != '\0')
        mark(id_mark, "%s\n%s", e->source, e->id);
    mark(content_mark, "%s\n%d\n%lld", e->source, e->status, (long long)e->at_ms);

    struct buf plain = BUF_INIT(DOSSIER_EVENT_JSON_MAX), sealed = BUF_INIT(DOSSIER_EVENT_JSON_MAX + 64);
    dossier_event_to_json(e, &plain);
    crypto_seal(store_crypto(i->store), store_key(key, 0, "e:%s", e->code.norm), plain.data, plain.len,
                &sealed);
    struct args *a = batch_item(i->batch, ap->partition, appended, ap);
    args_str(a, store_key(key, ap->partition, "in"));
    args_str(a, e->code.norm);
    args_str(a, id_mark);
    args_str(a, content_mark);
    args_bin(a, sealed.data, sealed.len);
    buf_clear(&plain);
    buf_clear(&sealed);
}
