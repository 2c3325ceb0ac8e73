/*
 * One partition after the other: its months' cells are read, those that are asked for join the set of each
 * row they belong to, then the sets are counted and forgotten. What is in memory is one partition's part of
 * the answer.
 */
#include "loa/local_time.h"
#include "loa/mem.h"
#include "loa/reach.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define MONTHS_MAX 120
#define DEPTH_MAX  8 /* of the tree of units */
#define PARTS      5 /* day, state, unit, channel, kind */

enum level { SENT, DELIVERED, SEEN, LEVELS };

struct group { /* a row of the answer; its sets are those of the partition being read */
    char key[64];
    struct reach_set *set[LEVELS];
    uint64_t count[LEVELS];
    UT_hash_handle hh;
};

struct asking {
    struct store *store;
    const struct policy *const *policy;
    struct reach_query q;
    reach_done_fn *done;
    void *ctx;
    unsigned partition, waiting;
    int64_t month[MONTHS_MAX]; /* first day of each */
    unsigned months;
    struct group total, *group;
    enum loa_status st;
};

struct month_asked {
    struct asking *asking;
    int64_t first_day;
};

int reach_by_from_word(const char *w)
{
    static const char *const word[] = { "", "unit", "channel", "kind", "month", "day" };
    for (unsigned i = 0; i < sizeof word / sizeof word[0]; i++)
        if (strcmp(w, word[i]) == 0)
            return (int)i;
    return -1;
}

/* ---- sets of a row ---- */

static void group_add(struct group *g, enum level level, const struct reach_set *set)
{
    if (g->set[level] == NULL)
        g->set[level] = reach_set_new();
    reach_set_join(g->set[level], set);
}

/* Who has seen it was delivered to, and whom it was delivered to was sent to. */
static void group_count(struct group *g)
{
    struct reach_set *all = reach_set_new();
    for (unsigned level = LEVELS; level-- > 0;) {
        if (g->set[level] != NULL)
            reach_set_join(all, g->set[level]);
        g->count[level] += reach_set_count(all);
        reach_set_free(g->set[level]);
        g->set[level] = NULL;
    }
    reach_set_free(all);
}

static struct group *group_of(struct asking *a, const char *key)
{
    struct group *g = NULL;
    HASH_FIND_STR(a->group, key, g);
    if (g == NULL) {
        g = mem_alloc(sizeof *g);
        snprintf(g->key, sizeof g->key, "%s", key);
        HASH_ADD_STR(a->group, key, g);
    }
    return g;
}

/* ---- one cell ---- */

struct place { /* a unit and all above it, as they are on the last day asked for */
    const char *id[DEPTH_MAX];
    unsigned depth;
};

static struct place place_of(const struct asking *a, const char *unit)
{
    struct place p = { .depth = 0 };
    int64_t at_ms = local_midnight_ms(a->q.to_day + 1) - 1;
    const struct unit_info *u = policy_unit_then(*a->policy, unit, at_ms);
    if (u == NULL && unit[0] != '\0')
        p.id[p.depth++] = unit;
    for (; u != NULL && p.depth < DEPTH_MAX; u = policy_unit_then(*a->policy, u->parent, at_ms))
        p.id[p.depth++] = u->id;
    return p;
}

static bool place_has(const struct place *p, const char *unit)
{
    for (unsigned i = 0; i < p->depth; i++)
        if (strcmp(p->id[i], unit) == 0)
            return true;
    return false;
}

static int level_of(const char *state)
{
    static const char *const word[LEVELS] = { "sent", "delivered", "seen" };
    for (unsigned i = 0; i < LEVELS; i++)
        if (strcmp(state, word[i]) == 0)
            return (int)i;
    return -1;
}

static unsigned split(char *field, char *part[PARTS])
{
    unsigned n = 0;
    for (char *at = field; n < PARTS; at++) {
        part[n++] = at;
        at = strchr(at, '|');
        if (at == NULL)
            break;
        *at = '\0';
    }
    return n;
}

/* Whole months are answered by their "*" cells, the others by those of the days asked for. */
static bool day_wanted(const struct asking *a, int64_t first_day, int64_t last_day, const char *day)
{
    bool whole = a->q.from_day <= first_day && last_day <= a->q.to_day && a->q.by != REACH_BY_DAY;
    if (day[0] == '*')
        return whole;
    int64_t number = first_day + strtol(day, NULL, 10) - 1;
    return !whole && a->q.from_day <= number && number <= a->q.to_day;
}

static void add_rows(struct asking *a, int64_t first_day, char *const part[PARTS], const struct place *place,
                     enum level level, const struct reach_set *set)
{
    char date[16];
    struct local_time t = local_from_ms(local_midnight_ms(first_day));
    switch (a->q.by) {
    case REACH_BY_NOTHING:
        break;
    case REACH_BY_UNIT:
        for (unsigned i = 0; i < place->depth; i++)
            group_add(group_of(a, place->id[i]), level, set);
        break;
    case REACH_BY_CHANNEL:
        group_add(group_of(a, part[3]), level, set);
        break;
    case REACH_BY_KIND:
        group_add(group_of(a, part[4]), level, set);
        break;
    case REACH_BY_MONTH:
    case REACH_BY_DAY:
        snprintf(date, sizeof date, "%04u-%02u", (unsigned)t.year % 10000, (unsigned)t.month % 100);
        if (a->q.by == REACH_BY_DAY)
            snprintf(date + 7, sizeof date - 7, "-%.2s", part[0]);
        group_add(group_of(a, date), level, set);
        break;
    }
}

static void take_cell(struct asking *a, int64_t first_day, int64_t last_day, const struct redis_value *name,
                      const struct redis_value *value)
{
    char field[REACH_FIELD_MAX], *part[PARTS];
    size_t n;
    const char *bytes = redis_str(value, &n);
    snprintf(field, sizeof field, "%s", redis_str(name, NULL));
    if (split(field, part) != PARTS || !day_wanted(a, first_day, last_day, part[0]))
        return;
    int level = level_of(part[1]);
    struct place place = place_of(a, part[2]);
    if (level < 0 || (a->q.unit[0] != '\0' && !place_has(&place, a->q.unit)) ||
        (a->q.channel[0] != '\0' && strcmp(a->q.channel, part[3]) != 0) ||
        (a->q.kind[0] != '\0' && strcmp(a->q.kind, part[4]) != 0))
        return;
    struct reach_set *set = reach_set_new();
    if (reach_set_load(set, bytes, n) == LOA_OK) {
        group_add(&a->total, (enum level)level, set);
        add_rows(a, first_day, part, &place, (enum level)level, set);
    } else {
        a->st = LOA_INVALID;
    }
    reach_set_free(set);
}

/* ---- the answer ---- */

static struct reach_row row_of(const struct asking *a, const struct group *g)
{
    struct reach_row r = { .accepted = g->count[SENT],
                           .delivered = g->count[DELIVERED],
                           .seen = g->count[SEEN] };
    const struct unit_info *u = a->q.by == REACH_BY_UNIT ? policy_unit(*a->policy, g->key, 0) : NULL;
    snprintf(r.key, sizeof r.key, "%s", g->key);
    snprintf(r.name, sizeof r.name, "%s", u != NULL ? u->name : "");
    return r;
}

static int by_key(const struct group *a, const struct group *b)
{
    return strcmp(a->key, b->key);
}

static void finish(struct asking *a)
{
    struct reach_report *r = mem_alloc(sizeof *r);
    r->total = row_of(a, &a->total);
    r->row = mem_alloc((HASH_COUNT(a->group) + 1) * sizeof *r->row);
    HASH_SORT(a->group, by_key);
    struct group *g = a->group;
    HASH_CLEAR(hh, a->group);
    for (struct group *next; g != NULL; g = next) {
        next = g->hh.next;
        r->row[r->rows++] = row_of(a, g);
        free(g);
    }
    if (a->st != LOA_OK) {
        reach_report_free(r);
        r = NULL;
    }
    a->done(a->ctx, a->st, r);
    free(a);
}

void reach_report_free(struct reach_report *r)
{
    if (r != NULL)
        free(r->row);
    free(r);
}

/* ---- partition by partition ---- */

static void read_partition(void *ctx);

static void partition_ends(struct asking *a)
{
    struct group *g, *next;
    group_count(&a->total);
    HASH_ITER(hh, a->group, g, next) group_count(g);
    a->partition++;
    loop_defer(store_loop(a->store), read_partition, a);
}

static void month_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct month_asked *m = ctx;
    struct asking *a = m->asking;
    struct local_time t = local_from_ms(local_midnight_ms(m->first_day + 31));
    int64_t last_day = m->first_day + 31 - t.day;
    if (st != LOA_OK)
        a->st = st;
    for (size_t i = 0; st == LOA_OK && i + 1 < redis_count(v); i += 2)
        take_cell(a, m->first_day, last_day, redis_at(v, i), redis_at(v, i + 1));
    free(m);
    if (--a->waiting == 0)
        partition_ends(a);
}

static void ask_month(struct asking *a, int64_t first_day)
{
    struct month_asked *m = mem_alloc(sizeof *m);
    struct local_time t = local_from_ms(local_midnight_ms(first_day));
    *m = (struct month_asked){ a, first_day };
    struct args g;
    args_init(&g);
    args_key(&g, a->partition, "r:%04d-%02d", t.year, t.month);
    a->waiting++;
    enum loa_status st = store_command(a->store, a->partition, "HGETALL", &g, month_read, m);
    args_clear(&g);
    if (st != LOA_OK) {
        a->st = st;
        a->waiting--;
        free(m);
    }
}

static void read_partition(void *ctx)
{
    struct asking *a = ctx;
    if (a->st != LOA_OK || a->partition == store_partitions(a->store)) {
        finish(a);
        return;
    }
    for (unsigned i = 0; i < a->months && a->st == LOA_OK; i++)
        ask_month(a, a->month[i]);
    if (a->waiting == 0)
        finish(a);
}

void reach_ask(struct store *s, const struct policy *const *policy, const struct reach_query *q,
               reach_done_fn *done, void *ctx)
{
    struct asking *a = mem_alloc(sizeof *a);
    a->store = s;
    a->policy = policy;
    a->q = *q;
    a->done = done;
    a->ctx = ctx;
    struct local_time t = local_from_ms(local_midnight_ms(q->from_day));
    int64_t day = q->from_day - t.day + 1;
    while (day <= q->to_day && a->months < MONTHS_MAX) {
        a->month[a->months++] = day;
        day += 31;
        day -= local_from_ms(local_midnight_ms(day)).day - 1;
    }
    loop_defer(store_loop(s), read_partition, a);
}

/* ---- periods ---- */

static void months_of(int year, int first, int count, int64_t *from_day, int64_t *to_day)
{
    int next = first + count;
    *from_day = local_from_ms(local_to_ms(year, first, 1, 0, 0, 0)).day_number;
    *to_day =
        local_from_ms(local_to_ms(year + (next > 12), next > 12 ? next - 12 : next, 1, 0, 0, 0)).day_number -
        1;
}

/* Reads `count` digits at `s`; -1 when there are not that many. */
static int digits(const char *s, unsigned count)
{
    int n = 0;
    for (unsigned i = 0; i < count; i++) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        n = 10 * n + s[i] - '0';
    }
    return n;
}

/* "-Q4", "-H2", "-11" or "": which months of the year. */
static bool part_of_year(const char *s, int *first, int *count)
{
    size_t n = strlen(s);
    bool quarter = n == 3 && s[0] == '-' && s[1] == 'Q' && s[2] >= '1' && s[2] <= '4';
    bool half = n == 3 && s[0] == '-' && s[1] == 'H' && s[2] >= '1' && s[2] <= '2';
    bool month = n == 3 && s[0] == '-' && digits(s + 1, 2) >= 1 && digits(s + 1, 2) <= 12;
    *count = quarter ? 3 : half ? 6 : month ? 1 : 12;
    *first = month ? digits(s + 1, 2) : n == 3 ? *count * (s[2] - '1') + 1 : 1;
    return n == 0 || quarter || half || month;
}

bool reach_period(const char *text, int64_t *from_day, int64_t *to_day)
{
    int year = digits(text, 4), first, count;
    if (date_parse_day(text, from_day)) {
        *to_day = *from_day;
        return true;
    }
    if (year < 2000 || year > 2200 || !part_of_year(text + 4, &first, &count))
        return false;
    months_of(year, first, count, from_day, to_day);
    return true;
}
