#include "loa/roster.h"
#include "loa/board.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEEK_MS     (7 * CALENDAR_DAY_MS)
#define ATTEND_MS   60000
#define REMIND_MS   (15 * 60000LL)
#define SHIFTS_MAX  1000
#define NOTICES_MAX 50
#define DUTY_MAX    500
#define DESKS_MAX   64

struct duty { /* on duty now, at one desk */
    char login[40];
};

struct desk_duty {
    struct roster *roster;
    char desk[36];
    struct duty *duty;
    unsigned count;
    bool asking;
};

struct roster {
    struct service *service;
    struct desk_duty desk[DESKS_MAX];
    struct timer attend;
    struct roster_listener listener;
};

/* ---- weeks ---- */

bool roster_week(const char *monday, int64_t *begins_ms)
{
    int64_t day;
    if (strlen(monday) != ROSTER_WEEK_SIZE - 1 || !date_parse_day(monday, &day))
        return false;
    *begins_ms = local_midnight_ms(day);
    return local_from_ms(*begins_ms).weekday == 1;
}

void roster_week_of(int64_t at_ms, char monday[ROSTER_WEEK_SIZE])
{
    struct local_time t = local_from_ms(at_ms);
    char day[40];
    date_print_rfc3339(local_midnight_ms(t.day_number - (t.weekday - 1)), day);
    snprintf(monday, ROSTER_WEEK_SIZE, "%.10s", day);
}

/* ---- reading a week ---- */

struct reading {
    roster_fn *done;
    void *ctx;
};

static const char *cell(const char *at, char *out, size_t size)
{
    size_t n = strcspn(at, "|");
    char part[160];
    snprintf(part, sizeof part, "%.*s", (int)(n < sizeof part ? n : sizeof part - 1), at);
    text_copy(out, size, part);
    return at + n + (at[n] == '|');
}

static const char *cell_int(const char *at, int64_t *out)
{
    char digits[24];
    at = cell(at, digits, sizeof digits);
    *out = strtoll(digits, NULL, 10);
    return at;
}

static struct roster_shift *shift_find(struct roster_shift *s, unsigned n, const char *id)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(s[i].id, id) == 0)
            return &s[i];
    return NULL;
}

static void read_shift(const char *id, const char *text, struct roster_shift *out)
{
    text_copy(out->id, sizeof out->id, id);
    text = cell(text, out->login, sizeof out->login);
    text = cell_int(text, &out->from_ms);
    text = cell_int(text, &out->to_ms);
    text_copy(out->name, sizeof out->name, text);
}

static void read_attendance(const char *text, struct roster_shift *s)
{
    int64_t last, minutes;
    text = cell_int(text, &s->first_ms);
    text = cell_int(text, &last);
    cell_int(text, &minutes);
    s->minutes = (unsigned)minutes;
}

static void read_swap(const char *id, const char *text, struct roster_shift *shift, unsigned n)
{
    char of[ROSTER_ID_SIZE], by[40];
    text = cell(text, of, sizeof of);
    struct roster_shift *s = shift_find(shift, n, of);
    if (s == NULL)
        return;
    text_copy(s->swap, sizeof s->swap, id);
    text = cell(text, by, sizeof by);
    text = cell(text, s->swap_with, sizeof s->swap_with);
    cell(text, s->swap_for, sizeof s->swap_for);
}

static int by_begin(const void *a, const void *b)
{
    const struct roster_shift *x = a, *y = b;
    if (x->from_ms != y->from_ms)
        return x->from_ms < y->from_ms ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void week_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct reading *r = ctx;
    size_t fields = st == LOA_OK ? redis_count(v) : 0;
    struct roster_shift *shift = mem_alloc((fields / 2 + 1) * sizeof *shift);
    unsigned n = 0;
    for (size_t i = 0; i + 1 < fields && n < SHIFTS_MAX; i += 2)
        if (strncmp(redis_str(redis_at(v, i), NULL), "h:", 2) == 0)
            read_shift(redis_str(redis_at(v, i), NULL) + 2, redis_str(redis_at(v, i + 1), NULL), &shift[n++]);
    for (size_t i = 0; i + 1 < fields; i += 2) {
        const char *name = redis_str(redis_at(v, i), NULL), *text = redis_str(redis_at(v, i + 1), NULL);
        struct roster_shift *s = strncmp(name, "a:", 2) == 0 ? shift_find(shift, n, name + 2) : NULL;
        if (s != NULL)
            read_attendance(text, s);
        if (strncmp(name, "s:", 2) == 0)
            read_swap(name + 2, text, shift, n);
    }
    qsort(shift, n, sizeof *shift, by_begin);
    r->done(r->ctx, st, shift, n);
    free(shift);
    free(r);
}

static void week_unread(void *ctx)
{
    week_read(ctx, LOA_UNAVAILABLE, NULL);
}

void roster_read(struct roster *r, const char *desk, const char *week, roster_fn *done, void *ctx)
{
    struct reading *reading = mem_alloc(sizeof *reading);
    *reading = (struct reading){ done, ctx };
    struct args a;
    args_init(&a);
    args_key(&a, 0, "ro:%s:%s", desk, week);
    if (store_command(r->service->store, 0, "HGETALL", &a, week_read, reading) != LOA_OK)
        loop_defer(r->service->loop, week_unread, reading);
    args_clear(&a);
}

/* ---- changing ---- */

struct changing {
    roster_word_fn *done;
    void *ctx;
};

static void word_said(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct changing *c = ctx;
    char number[24];
    const char *word = redis_str(v, NULL);
    if (redis_type(v) == REDIS_INT) {
        snprintf(number, sizeof number, "%lld", redis_int(v));
        word = number;
    }
    c->done(c->ctx, st, word);
    free(c);
}

static void word_unsaid(void *ctx)
{
    word_said(ctx, LOA_UNAVAILABLE, NULL);
}

static void run(struct roster *r, const char *script, struct args *a, roster_word_fn *done, void *ctx)
{
    struct changing *c = mem_alloc(sizeof *c);
    *c = (struct changing){ done, ctx };
    if (store_script(r->service->store, 0, script, a, word_said, c) != LOA_OK)
        loop_defer(r->service->loop, word_unsaid, c);
    args_clear(a);
}

/* This desk's week first, then the other desks': nobody is on duty at two desks at once. */
static void week_keys(const struct roster *r, const struct roster_change *c, struct args *a)
{
    const struct desk *d;
    args_init(a);
    args_key(a, 0, "ro:%s:%s", c->desk, c->week);
    for (unsigned i = 0; (d = desk_at(r->service->desks, i)) != NULL; i++)
        if (strcmp(d->id, c->desk) != 0)
            args_key(a, 0, "ro:%s:%s", d->id, c->week);
}

void roster_put(struct roster *r, const struct roster_change *c, const struct roster_shift *shift)
{
    struct args a;
    week_keys(r, c, &a);
    args_str(&a, shift->id);
    args_str(&a, shift->login);
    args_str(&a, shift->name);
    args_int(&a, shift->from_ms);
    args_int(&a, shift->to_ms);
    run(r, "roster_put", &a, c->done, c->ctx);
}

void roster_drop(struct roster *r, const struct roster_change *c, const char *shift)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "ro:%s:%s", c->desk, c->week);
    args_str(&a, shift);
    run(r, "roster_drop", &a, c->done, c->ctx);
}

void roster_copy_week(struct roster *r, const struct roster_change *c)
{
    char before[ROSTER_WEEK_SIZE];
    int64_t begins = 0;
    roster_week(c->week, &begins);
    roster_week_of(begins - WEEK_MS, before);
    struct args a;
    args_init(&a);
    args_key(&a, 0, "ro:%s:%s", c->desk, c->week);
    args_key(&a, 0, "ro:%s:%s", c->desk, before);
    args_int(&a, WEEK_MS);
    run(r, "roster_copy", &a, c->done, c->ctx);
}

/* Where and which week: what a notice about a swap says besides its sentence. */
static void add_detail(const struct roster *r, const struct roster_change *c, struct args *a)
{
    const struct desk *d = desk_find(r->service->desks, c->desk);
    struct buf b = BUF_INIT(512);
    char day[16];
    int64_t begins = 0;
    roster_week(c->week, &begins);
    date_print_vi(begins, day);
    buf_printf(&b, "%s, %s", d != NULL ? d->name : c->desk, day);
    args_str(a, buf_cstr(&b));
    buf_clear(&b);
}

void roster_ask(struct roster *r, const struct roster_change *c, const char *swap, const char *shift,
                const char *with, const char *back)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "ro:%s:%s", c->desk, c->week);
    args_int(&a, clock_wall_ms());
    args_str(&a, swap);
    args_str(&a, c->who);
    args_str(&a, with);
    args_str(&a, shift);
    args_str(&a, back);
    args_str(&a, "swap_asked");
    add_detail(r, c, &a);
    run(r, "roster_swap_ask", &a, c->done, c->ctx);
}

void roster_answer(struct roster *r, const struct roster_change *c, const char *swap,
                   enum roster_answer answer, const char *name)
{
    static const char *const words[] = { "yes", "no", "withdraw" };
    struct args a;
    week_keys(r, c, &a);
    args_int(&a, clock_wall_ms());
    args_str(&a, swap);
    args_str(&a, c->who);
    args_int(&a, c->lead);
    args_str(&a, words[answer]);
    args_str(&a, name);
    add_detail(r, c, &a);
    run(r, "roster_swap_end", &a, c->done, c->ctx);
}

/* ---- notices ---- */

static void told(void *ctx, enum loa_status st, const char *word)
{
    (void)ctx, (void)word;
    if (st != LOA_OK)
        log_warn("notice_not_kept", "status", loa_status_word(st));
}

void roster_tell(struct roster *r, const char *login, const char *kind, const char *detail, const char *cid)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "rn:%s", login);
    args_str(&a, login);
    args_int(&a, clock_wall_ms());
    args_str(&a, kind);
    args_str(&a, cid);
    args_str(&a, detail);
    run(r, "notice_add", &a, told, NULL);
}

struct notices {
    roster_notice_fn *done;
    void *ctx;
};

static void notices_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct notices *q = ctx;
    struct roster_notice notice[NOTICES_MAX];
    char kind[NOTICES_MAX][24], cid[NOTICES_MAX][CRYPTO_KEY_HEX];
    unsigned n = 0;
    for (; st == LOA_OK && n < redis_count(v) && n < NOTICES_MAX; n++) {
        int64_t number, at;
        const char *s = cell_int(redis_str(redis_at(v, n), NULL), &number);
        s = cell_int(s, &at);
        s = cell(s, kind[n], sizeof kind[n]);
        s = cell(s, cid[n], sizeof cid[n]);
        notice[n] = (struct roster_notice){ number, at, kind[n], cid[n], s };
    }
    q->done(q->ctx, st, notice, n);
    free(q);
}

static void notices_unread(void *ctx)
{
    notices_read(ctx, LOA_UNAVAILABLE, NULL);
}

void roster_notices(struct roster *r, const char *login, roster_notice_fn *done, void *ctx)
{
    struct notices *q = mem_alloc(sizeof *q);
    *q = (struct notices){ done, ctx };
    struct args a;
    args_init(&a);
    args_key(&a, 0, "rn:%s", login);
    args_int(&a, -NOTICES_MAX);
    args_int(&a, -1);
    if (store_command(r->service->store, 0, "LRANGE", &a, notices_read, q) != LOA_OK)
        loop_defer(r->service->loop, notices_unread, q);
    args_clear(&a);
}

void roster_notices_read(struct roster *r, const char *login, long long n, roster_word_fn *done, void *ctx)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "rn:%s", login);
    args_int(&a, n);
    run(r, "notice_read", &a, done, ctx);
}

/* ---- who is on duty now ---- */

bool roster_on_duty(const struct roster *r, const char *login)
{
    for (unsigned i = 0; i < DESKS_MAX; i++)
        for (unsigned k = 0; k < r->desk[i].count; k++)
            if (strcmp(r->desk[i].duty[k].login, login) == 0)
                return true;
    return false;
}

/* {how many were reminded, logins on duty} */
static void attended(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct desk_duty *d = ctx;
    const struct redis_value *logins = redis_at(v, 1);
    d->asking = false;
    if (st != LOA_OK)
        return;
    unsigned n = redis_count(logins) < DUTY_MAX ? (unsigned)redis_count(logins) : DUTY_MAX;
    bool same = n == d->count;
    for (unsigned i = 0; same && i < n; i++)
        same = strcmp(d->duty[i].login, redis_str(redis_at(logins, i), NULL)) == 0;
    if (same)
        return;
    d->count = n;
    d->duty = mem_resize(d->duty, (n + 1) * sizeof *d->duty);
    for (unsigned i = 0; i < n; i++)
        text_copy(d->duty[i].login, sizeof d->duty[i].login, redis_str(redis_at(logins, i), NULL));
    if (d->roster->listener.duty != NULL)
        d->roster->listener.duty(d->roster->listener.ctx);
}

static void attend(struct desk_duty *d, const struct desk *desk)
{
    struct service *s = d->roster->service;
    const struct board_person *who;
    char week[ROSTER_WEEK_SIZE];
    int64_t now = clock_wall_ms();
    roster_week_of(now, week);
    text_copy(d->desk, sizeof d->desk, desk->id);
    struct args a;
    args_init(&a);
    args_key(&a, 0, "ro:%s:%s", desk->id, week);
    args_int(&a, now);
    args_int(&a, REMIND_MS);
    args_str(&a, desk->name);
    for (unsigned i = 0; (who = board_person_at(s->board, i)) != NULL; i++)
        if (who->here)
            args_str(&a, who->login);
    d->asking = store_script(s->store, 0, "roster_attend", &a, attended, d) == LOA_OK;
    args_clear(&a);
}

static void attend_everywhere(void *ctx)
{
    struct roster *r = ctx;
    const struct desk *d;
    for (unsigned i = 0; i < DESKS_MAX && (d = desk_at(r->service->desks, i)) != NULL; i++)
        if (!r->desk[i].asking)
            attend(&r->desk[i], d);
    timer_start(&r->attend, r->service->loop, ATTEND_MS, attend_everywhere, r);
}

/* "desk:week"; empty: any. */
static void changed(void *ctx, const char *channel, const char *data, size_t len)
{
    struct roster *r = ctx;
    char desk[40] = "", week[ROSTER_WEEK_SIZE] = "";
    const char *colon = len > 0 ? memchr(data, ':', len) : NULL;
    (void)channel;
    if (colon != NULL) {
        snprintf(desk, sizeof desk, "%.*s", (int)(colon - data), data);
        snprintf(week, sizeof week, "%.*s", (int)(len - (size_t)(colon + 1 - data)), colon + 1);
    }
    if (timer_running(&r->attend))
        attend_everywhere(r);
    if (r->listener.changed != NULL)
        r->listener.changed(r->listener.ctx, desk, week);
}

static void notice_came(void *ctx, const char *channel, const char *data, size_t len)
{
    struct roster *r = ctx;
    char login[40];
    (void)channel;
    snprintf(login, sizeof login, "%.*s", (int)len, data);
    if (r->listener.notice != NULL)
        r->listener.notice(r->listener.ctx, login);
}

/* ---- life ---- */

void roster_listen(struct roster *r, const struct roster_listener *l)
{
    r->listener = *l;
}

struct roster *roster_new(struct service *s)
{
    struct roster *r = mem_alloc(sizeof *r);
    r->service = s;
    for (unsigned i = 0; i < DESKS_MAX; i++)
        r->desk[i].roster = r;
    if (redis_subscribe(s->redis, "loa:roster", changed, r) != LOA_OK ||
        redis_subscribe(s->redis, "loa:notice", notice_came, r) != LOA_OK)
        log_error("roster_not_live"); /* only with too many channels: pages learn of news when they ask */
    return r;
}

void roster_start(struct roster *r)
{
    attend_everywhere(r);
}

void roster_free(struct roster *r)
{
    if (r == NULL)
        return;
    timer_stop(&r->attend);
    for (unsigned i = 0; i < DESKS_MAX; i++)
        free(r->desk[i].duty);
    free(r);
}
