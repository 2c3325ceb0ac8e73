#include "loa/hooks.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/hook_record.h"
#include "loa/ledger_entry.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS        1000 /* how soon a new entry is seen */
#define REFRESH_MS     60000
#define POST_LIMIT_MS  10000
#define BACKOFF_MIN_MS 5000
#define BACKOFF_MAX_MS 3600000
#define GIVE_UP_MS     (3 * CALENDAR_DAY_MS)
#define ALL_READ       8  /* entries read at once by a hook that wants all messages */
#define FILTERED_READ  64 /* by one that does not */
#define BODY_MAX       16384
#define RUN_MAX        8 /* then another partition's turn */
#define HTTP_GONE      410

struct hook;

/* The entries of one partition on their way to one hook: one at a time, so that they arrive in order. */
struct lane {
    struct hook *hook;
    unsigned partition, failures;
    unsigned run; /* entries posted in a row */
    bool hot, busy;
    int64_t epoch;  /* of the lease under which this step runs */
    char entry[28]; /* stream id of the entry being posted */
    char taken[28]; /* entry the receiver took; the store has not confirmed it yet */
    struct timer pause;
};

struct hook {
    struct hooks *owner;
    struct hook_record record;
    unsigned in_flight, next;
    bool gone; /* deleted: freed with its last request */
    struct lane lane[PARTITIONS_MAX];
};

struct hooks {
    struct hooks_env env;
    struct hook *hook[HOOKS_MAX];
    unsigned count;
    unsigned busy[PARTITIONS_MAX];
    struct timer look, refresh;
    bool started, paused, loading;
};

static void pump(struct hook *h);
static void ask(struct lane *l);

/* ---- one step ends ---- */

static void hook_free_if_gone(struct hook *h)
{
    if (!h->gone || h->in_flight > 0)
        return;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        timer_stop(&h->lane[p].pause);
    loop_free_later(h->owner->env.loop, h, free);
}

static void lane_rest(struct lane *l)
{
    struct hook *h = l->hook;
    l->busy = false;
    h->in_flight--;
    h->owner->busy[l->partition]--;
    if (h->gone)
        hook_free_if_gone(h);
    else
        pump(h);
}

static void pause_over(void *ctx)
{
    struct lane *l = ctx;
    l->hot = true;
    pump(l->hook);
}

static void lane_pause(struct lane *l, int64_t ms)
{
    if (!l->hook->gone)
        timer_start(&l->pause, l->hook->owner->env.loop, ms, pause_over, l);
    lane_rest(l);
}

static void lane_stale(struct lane *l)
{
    lease_lost(l->hook->owner->env.leases, l->partition);
    l->hot = false;
    lane_rest(l);
}

/* ---- a failure ---- */

static void ignored(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)st, (void)v; /* asked again at the next failure */
}

static void disable(struct hook *h, int64_t now)
{
    struct hooks *x = h->owner;
    if (h->record.off_ms != 0 || h->gone)
        return;
    h->record.off_ms = now;
    struct buf code = BUF_INIT(64), what = BUF_INIT(240);
    buf_printf(&code, "hook:%s", h->record.id);
    buf_printf(
        &what,
        "Đã ngừng báo kết quả tới hệ thống %s: bên đó trả lời 410 hoặc lỗi quá 3 ngày. Sửa xong, hãy đăng ký lại.",
        h->record.id);
    x->env.alert(x->env.alert_ctx, buf_cstr(&code), buf_cstr(&what));
    log_error("hook_disabled", "hook", h->record.id);
    buf_reset(&code);
    buf_printf(&code, "off:%s", h->record.id);
    struct args a;
    args_init(&a);
    args_key(&a, 0, "hooks");
    args_str(&a, buf_cstr(&code));
    args_int(&a, now);
    enum loa_status st = store_command(x->env.store, 0, "HSET", &a, ignored, NULL);
    if (st == LOA_OK)
        st = redis_commandf(store_redis(x->env.store), -1, ignored, NULL, "PUBLISH " HOOK_CHANGED " x");
    if (st != LOA_OK)
        log_warn("hook_state_not_kept", "hook", h->record.id);
    args_clear(&a);
    buf_clear(&code);
    buf_clear(&what);
}

static void failure_kept(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct lane *l = ctx;
    int64_t now = clock_wall_ms();
    if (st == LOA_STALE) {
        lane_stale(l);
        return;
    }
    if (st == LOA_OK && redis_int(v) > 0 && now - redis_int(v) > GIVE_UP_MS)
        disable(l->hook, now);
    lane_rest(l);
}

static int64_t backoff_ms(const struct lane *l)
{
    int64_t ms = BACKOFF_MIN_MS;
    for (unsigned i = 1; i < l->failures && ms < BACKOFF_MAX_MS; i++)
        ms *= 2;
    ms = ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms;
    return ms + (int64_t)(crypto_random_u64() % (uint64_t)(ms / 8 + 1)); /* not all partitions at once */
}

static int64_t asked_wait_ms(const struct http_answer *a)
{
    const char *text = a->result == WIRE_ANSWERED ? http_answer_header(a, "retry-after") : NULL;
    long long s = text != NULL ? strtoll(text, NULL, 10) : 0;
    return s <= 0 ? 0 : s * 1000 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : s * 1000;
}

static void failed(struct lane *l, const struct http_answer *answer)
{
    struct hooks *x = l->hook->owner;
    int64_t wait = asked_wait_ms(answer);
    l->failures++;
    wait = wait > backoff_ms(l) ? wait : backoff_ms(l);
    log_warn("hook_failed", "hook", l->hook->record.id, "partition", log_num(l->partition), "status",
             log_num(answer->status), "failures", log_num(l->failures), "again_ms", log_num(wait));
    if (answer->result == WIRE_ANSWERED && answer->status == HTTP_GONE)
        disable(l->hook, clock_wall_ms());
    if (!l->hook->gone)
        timer_start(&l->pause, x->env.loop, wait, pause_over, l);
    struct args a;
    args_init(&a);
    args_key(&a, l->partition, "lease");
    args_key(&a, l->partition, "hk:%s", l->hook->record.id);
    args_int(&a, l->epoch);
    args_int(&a, clock_wall_ms());
    if (store_script(x->env.store, l->partition, "hook_failed", &a, failure_kept, l) != LOA_OK)
        lane_rest(l);
    args_clear(&a);
}

/* ---- one request ---- */

static void posted(void *ctx, const struct http_answer *answer)
{
    struct lane *l = ctx;
    if (answer->result == WIRE_CANCELLED) {
        lane_rest(l);
    } else if (answer->result == WIRE_ANSWERED && answer->status >= 200 && answer->status < 300) {
        l->failures = 0;
        snprintf(l->taken, sizeof l->taken, "%s", l->entry);
        ask(l);
    } else {
        failed(l, answer);
    }
}

static void event_json(const struct redis_value *fields, unsigned partition, const char *entry,
                       struct buf *out)
{
    char when[40];
    date_print_rfc3339(strtoll(entry, NULL, 10), when);
    cJSON *data = ledger_entry_json(partition, entry, fields);
    buf_printf(out, "{\"type\":\"message.%s\",\"timestamp\":\"%s\",\"data\":", json_str_or(data, "state", ""),
               when);
    json_print(data, out);
    buf_str(out, "}");
    cJSON_Delete(data);
}

static void post(struct lane *l, const struct redis_value *fields)
{
    struct hook *h = l->hook;
    char id[LEDGER_ENTRY_ID_SIZE], id_line[64], time_line[64];
    struct buf body = BUF_INIT(BODY_MAX), signature = BUF_INIT(128);
    int64_t now_s = clock_wall_ms() / 1000;
    ledger_entry_id(id, l->partition, l->entry);
    event_json(fields, l->partition, l->entry, &body);
    snprintf(id_line, sizeof id_line, "webhook-id: %s", id);
    snprintf(time_line, sizeof time_line, "webhook-timestamp: %lld", (long long)now_s);
    buf_str(&signature, "webhook-signature: ");
    hook_sign(h->record.secret, id, now_s, body.data, body.len, &signature);
    const char *const headers[] = { "Content-Type: application/json", id_line, time_line,
                                    buf_cstr(&signature), NULL };
    struct http_call call = { .method = "POST",
                              .url = h->record.url,
                              .headers = headers,
                              .body = body.data,
                              .body_len = body.len,
                              .timeout_ms = POST_LIMIT_MS };
    uint64_t call_id;
    enum loa_status st = http_client_call(h->owner->env.client, &call, posted, l, &call_id);
    if (st != LOA_OK) {
        log_warn("hook_not_started", "hook", h->record.id, "status", loa_status_word(st));
        lane_pause(l, BACKOFF_MIN_MS);
    }
    buf_clear(&body);
    buf_clear(&signature);
}

/* What the hook does not want counts as taken; the store hears of it with the next step. */
static void found(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct lane *l = ctx;
    struct hook *h = l->hook;
    size_t n = redis_count(v);
    if (st == LOA_STALE) {
        lane_stale(l);
        return;
    }
    if (st != LOA_OK || h->gone || h->record.off_ms != 0 || h->owner->paused) {
        if (st != LOA_OK)
            lane_pause(l, LOOK_MS);
        else
            lane_rest(l);
        return;
    }
    l->taken[0] = '\0';
    l->hot = n > 0;
    if (l->run == RUN_MAX) {
        lane_rest(l);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct redis_value *entry = redis_at(v, i), *fields = redis_at(entry, 1);
        snprintf(l->entry, sizeof l->entry, "%s", redis_str(redis_at(entry, 0), NULL));
        if (hook_wants(&h->record, redis_str(store_field(fields, "s"), NULL))) {
            l->run++;
            post(l, fields);
            return;
        }
        snprintf(l->taken, sizeof l->taken, "%s", l->entry);
    }
    lane_rest(l);
}

/* Tells what was taken and asks for what comes next. */
static void ask(struct lane *l)
{
    struct hooks *x = l->hook->owner;
    struct args a;
    args_init(&a);
    args_key(&a, l->partition, "lease");
    args_key(&a, l->partition, "hk:%s", l->hook->record.id);
    args_key(&a, l->partition, "led");
    args_int(&a, l->epoch);
    args_str(&a, l->taken);
    args_int(&a, l->hook->record.events == 0 ? ALL_READ : FILTERED_READ);
    if (store_script(x->env.store, l->partition, "hook_next", &a, found, l) != LOA_OK)
        lane_pause(l, LOOK_MS);
    args_clear(&a);
}

static void step(struct lane *l)
{
    struct hooks *x = l->hook->owner;
    int64_t epoch = lease_epoch(x->env.leases, l->partition);
    if (epoch != l->epoch)
        l->taken[0] = '\0'; /* another process may have gone on meanwhile: its place counts */
    l->epoch = epoch;
    l->hot = false;
    l->run = 0;
    l->busy = true;
    l->hook->in_flight++;
    x->busy[l->partition]++;
    ask(l);
}

/* Begins where the last round ended, so that a busy partition starves no other. */
static void pump(struct hook *h)
{
    struct hooks *x = h->owner;
    unsigned n = store_partitions(x->env.store);
    if (x->paused || h->gone || h->record.off_ms != 0)
        return;
    for (unsigned i = 0; i < n && h->in_flight < HOOK_IN_FLIGHT; i++) {
        struct lane *l = &h->lane[(h->next + i) % n];
        if (!l->hot || l->busy || timer_running(&l->pause) || !lease_owned(x->env.leases, l->partition))
            continue;
        h->next = (l->partition + 1) % n;
        step(l);
    }
}

static void look(void *ctx)
{
    struct hooks *x = ctx;
    if (x->paused)
        return;
    for (unsigned i = 0; i < x->count; i++) {
        for (unsigned p = 0; p < PARTITIONS_MAX; p++)
            x->hook[i]->lane[p].hot = true;
        pump(x->hook[i]);
    }
    timer_start(&x->look, x->env.loop, LOOK_MS, look, x);
}

/* ---- which hooks there are ---- */

static struct hook *hook_find(struct hooks *x, const char *id)
{
    for (unsigned i = 0; i < x->count; i++)
        if (strcmp(x->hook[i]->record.id, id) == 0)
            return x->hook[i];
    return NULL;
}

static void hook_add(struct hooks *x, const struct hook_record *r)
{
    if (x->count == HOOKS_MAX)
        return;
    struct hook *h = mem_alloc(sizeof *h);
    h->owner = x;
    h->record = *r;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
        h->lane[p].hook = h;
        h->lane[p].partition = p;
    }
    x->hook[x->count++] = h;
}

static bool is_listed(const struct hook_record *list, unsigned count, const char *id)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(list[i].id, id) == 0)
            return true;
    return false;
}

static void drop_unlisted(struct hooks *x, const struct hook_record *list, unsigned count)
{
    for (unsigned i = 0; i < x->count; i++) {
        struct hook *h = x->hook[i];
        if (is_listed(list, count, h->record.id))
            continue;
        x->hook[i--] = x->hook[--x->count];
        h->gone = true;
        hook_free_if_gone(h);
    }
}

/* Switched on again: what it waited for is forgotten. */
static void hook_change(struct hook *h, const struct hook_record *r)
{
    bool again = h->record.off_ms != 0 && r->off_ms == 0;
    h->record = *r;
    for (unsigned p = 0; again && p < PARTITIONS_MAX; p++) {
        timer_stop(&h->lane[p].pause);
        h->lane[p].failures = 0;
    }
}

static void loaded(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct hooks *x = ctx;
    x->loading = false;
    if (st != LOA_OK)
        return; /* the copy in memory stays; asked again soon */
    struct hook_record *list = mem_alloc(HOOKS_MAX * sizeof *list);
    unsigned count = hook_records_read(store_crypto(x->env.store), v, list, HOOKS_MAX);
    drop_unlisted(x, list, count);
    for (unsigned i = 0; i < count; i++) {
        struct hook *h = hook_find(x, list[i].id);
        if (h != NULL)
            hook_change(h, &list[i]);
        else
            hook_add(x, &list[i]);
    }
    free(list);
}

static void load(void *ctx)
{
    struct hooks *x = ctx;
    if (x->paused || !x->started)
        return;
    timer_start(&x->refresh, x->env.loop, REFRESH_MS, load, x);
    if (x->loading)
        return;
    struct args a;
    args_init(&a);
    args_key(&a, 0, "hooks");
    x->loading = store_command(x->env.store, 0, "HGETALL", &a, loaded, x) == LOA_OK;
    args_clear(&a);
    if (!x->loading)
        timer_start(&x->refresh, x->env.loop, LOOK_MS, load, x);
}

static void changed(void *ctx, const char *channel, const char *data, size_t len)
{
    (void)channel, (void)data, (void)len;
    load(ctx);
}

/* ---- life ---- */

struct hooks *hooks_new(const struct hooks_env *env)
{
    struct hooks *x = mem_alloc(sizeof *x);
    x->env = *env;
    return x;
}

void hooks_start(struct hooks *x)
{
    x->started = true;
    if (redis_subscribe(store_redis(x->env.store), HOOK_CHANGED, changed, x) != LOA_OK)
        log_warn("hooks_not_watched"); /* the timer still finds changes */
    load(x);
    look(x);
}

void hooks_pause(struct hooks *x)
{
    x->paused = true;
    timer_stop(&x->look);
    timer_stop(&x->refresh);
}

bool hooks_idle(const struct hooks *x, unsigned partition)
{
    return x->busy[partition] == 0;
}

void hooks_free(struct hooks *x)
{
    if (x == NULL)
        return;
    hooks_pause(x);
    for (unsigned i = 0; i < x->count; i++) {
        for (unsigned p = 0; p < PARTITIONS_MAX; p++)
            timer_stop(&x->hook[i]->lane[p].pause);
        free(x->hook[i]);
    }
    free(x);
}
