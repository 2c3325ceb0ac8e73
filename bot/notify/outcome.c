#include "loa/outcome.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/crypto.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS           8
#define ROWS_MAX          2000
#define TRIES_MAX         20
#define SUPPRESS_DAYS_MAX 3650
#define MORNING_JITTER_MS                                                                                    \
    (25 * 60 * 1000) /* what waited for the morning does not all leave in one minute                         \
                      */
#define UNKNOWN_TRIES 2

static const char *const class_words[OUTCOME_CLASS_COUNT] = {
    [OUTCOME_ACCEPTED] = "accepted",
    [OUTCOME_DUPLICATE] = "duplicate",
    [OUTCOME_RECIPIENT_INVALID] = "recipient_invalid",
    [OUTCOME_RECIPIENT_REFUSED] = "recipient_refused",
    [OUTCOME_CONTENT_REJECTED] = "content_rejected",
    [OUTCOME_SENDER_REJECTED] = "sender_rejected",
    [OUTCOME_AUTH] = "auth",
    [OUTCOME_BALANCE] = "balance",
    [OUTCOME_THROTTLED] = "throttled",
    [OUTCOME_TRANSIENT] = "transient",
    [OUTCOME_UNCERTAIN] = "uncertain",
};
static const char *const scope_words[] = { "message", "template", "way" };

enum wait_kind { WAIT_FIXED, WAIT_MORNING, WAIT_TOMORROW, WAIT_MONTH };
static const char *const wait_words[] = { NULL, "morning", "tomorrow", "month" };

struct row {
    char host[16], code[16];
    enum outcome_class class;
    enum outcome_scope scope;
    enum wait_kind wait;
    int64_t wait_ms; /* WAIT_FIXED */
    unsigned tries;
    int suppress_days;
    char *sentence_vi;
    unsigned line;
};

struct outcome_table {
    struct row *row; /* sorted by host and code once loaded */
    unsigned count;
};

static int word_index(const char *const *words, unsigned count, const char *w)
{
    for (unsigned i = 0; i < count; i++)
        if (words[i] != NULL && strcmp(words[i], w) == 0)
            return (int)i;
    return -1;
}

const char *outcome_class_word(enum outcome_class c)
{
    assert(c < OUTCOME_CLASS_COUNT);
    return class_words[c];
}

int outcome_class_from_word(const char *w)
{
    return word_index(class_words, OUTCOME_CLASS_COUNT, w);
}

void outcome_init(struct outcome *o, enum outcome_class c, const char *code, const char *sentence_vi)
{
    *o = (struct outcome){ .class = c, .cost_vnd = -1 };
    snprintf(o->code, sizeof o->code, "%s", code ? code : "");
    snprintf(o->sentence_vi, sizeof o->sentence_vi, "%s", sentence_vi ? sentence_vi : "");
}

int64_t outcome_suppress_until_ms(const struct outcome *o, int64_t now_ms)
{
    return o->suppress_days <= 0 ? o->suppress_days : now_ms + o->suppress_days * CALENDAR_DAY_MS;
}

/* ---- loading ---- */

struct loader {
    struct outcome_table *table;
    struct errors *err;
    bool faulty;
};

#define FAULT(l, r, ...)                                                                                     \
    do {                                                                                                     \
        (l)->faulty = true;                                                                                  \
        fault_at((l)->err, (r)->path, (r)->line, "bad_code_row", __VA_ARGS__);                               \
    } while (0)

static bool read_wait(const char *s, struct row *row)
{
    int word = word_index(wait_words, sizeof wait_words / sizeof *wait_words, s);
    if (word >= 0)
        row->wait = (enum wait_kind)word;
    return word >= 0 || *s == '\0' || ini_duration_ms(s, &row->wait_ms);
}

/* An empty cell is 0. */
static bool read_number(const char *s, int64_t min, int64_t max, int64_t *out)
{
    *out = 0;
    return *s == '\0' || ini_int(s, min, max, out);
}

static bool read_names(struct loader *l, const struct tsv_row *r, struct row *row)
{
    const char *host = r->cell[0], *code = r->cell[1], *sentence = r->cell[7];
    if (*host == '\0' || *code == '\0' || strlen(host) >= sizeof row->host ||
        strlen(code) >= sizeof row->code) {
        FAULT(l, r, "cột host và mã phải có từ 1 đến 15 ký tự", "host and code take 1 to 15 characters each");
        return false;
    }
    if (*sentence == '\0' || strlen(sentence) >= sizeof((struct outcome *)0)->sentence_vi) {
        FAULT(l, r, "cột cuối phải là một câu tiếng Việt dưới 240 byte",
              "the last column is a sentence of under 240 bytes");
        return false;
    }
    snprintf(row->host, sizeof row->host, "%s", host);
    snprintf(row->code, sizeof row->code, "%s", code);
    return true;
}

static bool read_words(struct loader *l, const struct tsv_row *r, struct row *row)
{
    int class = outcome_class_from_word(r->cell[2]);
    int scope = *r->cell[3] == '\0' ? SCOPE_MESSAGE : word_index(scope_words, 3, r->cell[3]);
    if (class < 0)
        FAULT(l, r, "không có loại kết quả \"%s\"", "there is no outcome class \"%s\"", r->cell[2]);
    else if (scope < 0)
        FAULT(l, r, "phạm vi \"%s\" phải là message, template hoặc way",
              "scope \"%s\": write message, template or way", r->cell[3]);
    row->class = (enum outcome_class) class;
    row->scope = (enum outcome_scope)scope;
    return class >= 0 && scope >= 0;
}

static bool read_numbers(struct loader *l, const struct tsv_row *r, struct row *row)
{
    int64_t tries, days;
    if (!read_wait(r->cell[4], row)) {
        FAULT(l, r, "thời gian chờ \"%s\": ghi 0, 90s, 15m, morning, tomorrow hoặc month",
              "wait \"%s\": write 0, 90s, 15m, morning, tomorrow or month", r->cell[4]);
        return false;
    }
    if (!read_number(r->cell[5], 0, TRIES_MAX, &tries) ||
        !read_number(r->cell[6], -1, SUPPRESS_DAYS_MAX, &days)) {
        FAULT(l, r, "số lần gửi từ 0 đến %d, số ngày ngừng gửi từ -1 đến %d",
              "tries are 0 to %d, suppress_days -1 to %d", TRIES_MAX, SUPPRESS_DAYS_MAX);
        return false;
    }
    row->tries = (unsigned)tries;
    row->suppress_days = (int)days;
    return true;
}

static void add_row(void *ctx, const struct tsv_row *r)
{
    struct loader *l = ctx;
    struct outcome_table *t = l->table;
    struct row row = { .line = r->line };
    if (!read_names(l, r, &row) || !read_words(l, r, &row) || !read_numbers(l, r, &row))
        return;
    if (t->count == ROWS_MAX) {
        FAULT(l, r, "bảng có quá %d dòng", "more than %d rows", ROWS_MAX);
        return;
    }
    row.sentence_vi = mem_strdup(r->cell[7]);
    t->row = mem_resize(t->row, (t->count + 1) * sizeof *t->row);
    t->row[t->count++] = row;
}

static int by_name(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int d = strcmp(x->host, y->host);
    return d != 0 ? d : strcmp(x->code, y->code);
}

static void sort_rows(struct loader *l, const char *path)
{
    struct outcome_table *t = l->table;
    if (t->count > 0)
        qsort(t->row, t->count, sizeof *t->row, by_name);
    for (unsigned i = 1; i < t->count; i++) {
        const struct row *a = &t->row[i - 1], *b = &t->row[i];
        struct tsv_row at = { .path = path, .line = a->line > b->line ? a->line : b->line };
        if (by_name(a, b) == 0)
            FAULT(l, &at, "mã %s:%s đã có ở dòng %u", "%s:%s already stands on line %u", a->host, a->code,
                  a->line < b->line ? a->line : b->line);
    }
}

enum loa_status outcome_table_load(const char *path, struct errors *err, struct outcome_table **out)
{
    struct loader l = { .table = mem_alloc(sizeof *l.table), .err = err };
    enum loa_status st = tsv_read(path, COLUMNS, COLUMNS, err, add_row, &l);
    sort_rows(&l, path);
    if (st == LOA_OK && l.faulty)
        st = LOA_INVALID;
    if (st == LOA_OK)
        *out = l.table;
    else
        outcome_table_free(l.table);
    return st;
}

void outcome_table_free(struct outcome_table *t)
{
    if (t == NULL)
        return;
    for (unsigned i = 0; i < t->count; i++)
        free(t->row[i].sentence_vi);
    free(t->row);
    free(t);
}

unsigned outcome_table_size(const struct outcome_table *t)
{
    return t->count;
}

/* ---- looking up ---- */

static const struct row *find_row(const struct outcome_table *t, const char *host, const char *code)
{
    struct row key = { 0 };
    if (t->count == 0 || strlen(host) >= sizeof key.host || strlen(code) >= sizeof key.code)
        return NULL;
    snprintf(key.host, sizeof key.host, "%s", host);
    snprintf(key.code, sizeof key.code, "%s", code);
    return bsearch(&key, t->row, t->count, sizeof *t->row, by_name);
}

bool outcome_table_has(const struct outcome_table *t, const char *host, const char *code)
{
    return find_row(t, host, code) != NULL;
}

/* From now to the moment a row speaks of, local time. */
static int64_t wait_from_now(const struct row *row)
{
    int64_t now = clock_wall_ms(), until;
    struct local_time t = local_from_ms(now);
    switch (row->wait) {
    case WAIT_MORNING:
        until = local_to_ms(t.year, t.month, t.day, 6, 5, 0);
        if (until <= now)
            until += CALENDAR_DAY_MS;
        until += (int64_t)(crypto_random_u64() % MORNING_JITTER_MS);
        return until - now;
    case WAIT_TOMORROW:
        return local_to_ms(t.year, t.month, t.day, 0, 5, 0) + CALENDAR_DAY_MS - now;
    case WAIT_MONTH:
        return local_to_ms(t.year + t.month / 12, t.month % 12 + 1, 1, 0, 5, 0) - now;
    case WAIT_FIXED:
        break;
    }
    return row->wait_ms;
}

bool outcome_from_table(const struct outcome_table *t, const char *host, const char *code, struct outcome *o)
{
    char full[sizeof o->code];
    const struct row *row = find_row(t, host, code);
    snprintf(full, sizeof full, "%s:%s", host, code);
    if (row == NULL) {
        outcome_init(
            o, OUTCOME_TRANSIENT, full,
            "Nhà cung cấp trả về mã chưa có trong bảng; loa sẽ thử lại, nhờ cán bộ kỹ thuật xem và bổ sung.");
        o->max_tries = UNKNOWN_TRIES;
        return false;
    }
    outcome_init(o, row->class, full, row->sentence_vi);
    o->scope = row->scope;
    o->wait_ms = wait_from_now(row);
    o->max_tries = row->tries;
    o->suppress_days = row->suppress_days;
    return true;
}
