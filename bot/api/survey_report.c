/*
 * What citizens answered.
 *
 *   GET /v1/survey?unit=&from=2026-01&to=2026-12&public=1   n, distribution, share of 4 and 5 with its 95 %
 *                                                           interval; `public` leaves out small groups
 *   GET /desk/survey/comments?month=2026-11&unit=           what was written, without a name beside it
 */
#include "loa/clock.h"
#include "loa/feedback_rules.h"
#include "loa/mem.h"
#include "loa/staff.h"
#include "loa/survey.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX     2000
#define COMMENTS_SHOWN 1000

/* ---- figures ---- */

struct group {
    char name[64];
    struct survey_counts counts;
};
struct grouping { /* by one thing: unit, kind, procedure, channel */
    struct group *group;
    unsigned count;
};
enum { BY_UNIT, BY_KIND, BY_PROCEDURE, BY_CHANNEL, BY_COUNT };

struct report {
    struct api_call *call;
    unsigned waiting, least;
    long from, to; /* 202611 */
    char unit[64];
    bool failed;
    struct grouping by[BY_COUNT];
    struct survey_counts all;
};

static void report_free(struct report *r)
{
    for (unsigned i = 0; i < BY_COUNT; i++)
        free(r->by[i].group);
    free(r);
}

static struct survey_counts *counts_of(struct grouping *g, const char *name)
{
    for (unsigned i = 0; i < g->count; i++)
        if (strcmp(g->group[i].name, name) == 0)
            return &g->group[i].counts;
    if (g->count == GROUPS_MAX)
        return NULL;
    if (g->group == NULL)
        g->group = mem_alloc(GROUPS_MAX * sizeof *g->group);
    struct group *fresh = &g->group[g->count++];
    snprintf(fresh->name, sizeof fresh->name, "%s", name);
    return &fresh->counts;
}

static void count(struct survey_counts *c, char word, long long n)
{
    if (c != NULL && word == 'i')
        c->invited += n;
    else if (c != NULL && word >= '1' && word <= '0' + SURVEY_STEPS)
        c->score[word - '0'] += n;
}

/* "month|unit|kind|procedure|channel|word", parts may be empty. False: not of this form. */
static bool split_field(char *field, char *part[6])
{
    for (unsigned i = 0; i < 6; i++) {
        part[i] = field;
        field = strchr(field, '|');
        if ((field == NULL) != (i == 5))
            return false;
        if (field != NULL)
            *field++ = '\0';
    }
    return true;
}

static void take_field(struct report *r, const char *text, long long n)
{
    char copy[256], *part[6];
    snprintf(copy, sizeof copy, "%s", text);
    if (!split_field(copy, part) || strtol(part[0], NULL, 10) < r->from ||
        strtol(part[0], NULL, 10) > r->to ||
        !feedback_unit_within(r->call->service->policy, part[1], r->unit, clock_wall_ms()))
        return;
    count(&r->all, part[5][0], n);
    for (unsigned i = 0; i < BY_COUNT; i++)
        if (part[i + 1][0] != '\0') /* invitations have no channel */
            count(counts_of(&r->by[i], part[i + 1]), part[5][0], n);
}

static void add_share(cJSON *j, const char *name, double share)
{
    char text[16];
    snprintf(text, sizeof text, "%.4f", share);
    cJSON_AddRawToObject(j, name, text);
}

/* False: too few to be shown. */
static bool add_figures(const struct report *r, const struct survey_counts *c, cJSON *j)
{
    struct survey_figures f;
    survey_figures(c, &f);
    if (f.n < r->least)
        return false;
    if (c->invited > 0)
        cJSON_AddNumberToObject(j, "invited", (double)c->invited);
    cJSON_AddNumberToObject(j, "n", (double)f.n);
    cJSON *d = cJSON_AddObjectToObject(j, "distribution");
    for (unsigned i = 1; i <= SURVEY_STEPS; i++)
        cJSON_AddNumberToObject(d, (char[]){ (char)('0' + i), '\0' }, (double)c->score[i]);
    if (f.n == 0)
        return true;
    cJSON *s = cJSON_AddObjectToObject(j, "satisfied");
    cJSON_AddNumberToObject(s, "n", (double)f.satisfied);
    add_share(s, "share", f.share);
    add_share(s, "low", f.low);
    add_share(s, "high", f.high);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

static void add_groups(const struct report *r, const struct grouping *g, const char *list, const char *name,
                       cJSON *out)
{
    cJSON *items = cJSON_AddArrayToObject(out, list);
    if (g->count > 0)
        qsort(g->group, g->count, sizeof *g->group, by_name);
    for (unsigned i = 0; i < g->count; i++) {
        cJSON *j = cJSON_CreateObject();
        cJSON_AddStringToObject(j, name, g->group[i].name);
        const struct unit_info *u = strcmp(name, "unit") == 0 ? policy_unit(r->call->service->policy,
                                                                            g->group[i].name, clock_wall_ms())
                                                              : NULL;
        if (u != NULL)
            cJSON_AddStringToObject(j, "unit_name", u->name);
        if (add_figures(r, &g->group[i].counts, j))
            cJSON_AddItemToArray(items, j);
        else
            cJSON_Delete(j);
    }
}

static void report_answer(struct report *r)
{
    struct buf out = BUF_INIT(4u << 20);
    cJSON *j = cJSON_CreateObject(), *scale = cJSON_AddObjectToObject(j, "scale"),
          *words = cJSON_AddObjectToObject(scale, "words"), *total = cJSON_AddObjectToObject(j, "total");
    cJSON_AddNumberToObject(scale, "steps", SURVEY_STEPS);
    cJSON_AddNumberToObject(scale, "satisfied_from", SURVEY_SATISFIED);
    cJSON_AddStringToObject(scale, "interval", "95 %, Wilson");
    for (unsigned i = 1; i <= SURVEY_STEPS; i++)
        cJSON_AddStringToObject(words, (char[]){ (char)('0' + i), '\0' }, r->call->service->survey->step[i]);
    cJSON_AddNumberToObject(j, "hidden_below", r->least);
    add_figures(r, &r->all, total);
    add_groups(r, &r->by[BY_UNIT], "units", "unit", j);
    add_groups(r, &r->by[BY_KIND], "kinds", "kind", j);
    add_groups(r, &r->by[BY_PROCEDURE], "procedures", "procedure", j);
    add_groups(r, &r->by[BY_CHANNEL], "channels", "channel", j);
    json_print(j, &out);
    api_json(r->call, 200, &out);
    cJSON_Delete(j);
    buf_clear(&out);
}

static void report_leave(struct report *r)
{
    if (--r->waiting > 0)
        return;
    if (r->failed)
        api_problem_status(r->call, LOA_UNAVAILABLE);
    else
        report_answer(r);
    report_free(r);
}

static void part_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct report *r = ctx;
    r->failed |= st != LOA_OK;
    for (size_t i = 0; st == LOA_OK && i + 1 < redis_count(v); i += 2)
        take_field(r, redis_str(redis_at(v, i), NULL), redis_int(redis_at(v, i + 1)));
    report_leave(r);
}

/* A month of the query, or `fallback` when there is none. */
static bool month_of(const struct api_call *c, const char *name, long fallback, long *out)
{
    const char *text = http_request_query(c->req, name);
    *out = fallback;
    return text == NULL || text[0] == '\0' || date_parse_month(text, out);
}

static void bad_month(struct api_call *c)
{
    api_problem(c, 400, "bad_month", "Months look like 2026-11", "Tháng phải có dạng 2026-11.", NULL);
}

static void get_report(struct api_call *c)
{
    struct local_time now = local_from_ms(clock_wall_ms());
    const char *unit = http_request_query(c->req, "unit"), *open = http_request_query(c->req, "public");
    struct report *r = mem_alloc(sizeof *r);
    r->call = c;
    r->least = open != NULL && strcmp(open, "1") == 0 ? c->service->survey->public_least : 0;
    snprintf(r->unit, sizeof r->unit, "%s", unit != NULL ? unit : "");
    if (!month_of(c, "from", now.year * 100L + 1, &r->from) ||
        !month_of(c, "to", now.year * 100L + 12, &r->to)) {
        free(r);
        bad_month(c);
        return;
    }
    r->waiting = 1;
    for (unsigned p = 0; p < store_partitions(c->service->store); p++) {
        struct args a;
        args_init(&a);
        args_key(&a, p, "sv:n");
        r->waiting++;
        if (store_command(c->service->store, p, "HGETALL", &a, part_read, r) != LOA_OK) {
            r->waiting--;
            r->failed = true;
        }
        args_clear(&a);
    }
    report_leave(r);
}

/* ---- comments ---- */

struct comments {
    struct staff_call *call;
    unsigned waiting;
    bool failed;
    char unit[64];
    cJSON *list;
};

static void comments_leave(struct comments *l)
{
    if (--l->waiting > 0)
        return;
    struct buf out = BUF_INIT(8u << 20);
    buf_str(&out, "{\"items\":");
    json_print(l->list, &out);
    buf_char(&out, '}');
    if (l->failed)
        api_problem_status(l->call->call, LOA_UNAVAILABLE);
    else
        api_json(l->call->call, 200, &out);
    buf_clear(&out);
    cJSON_Delete(l->list);
    free(l);
}

/* "unit|kind|procedure|channel|score|" and the sealed comment. */
static void add_comment(struct comments *l, const char *value, size_t len)
{
    static const char *const names[] = { "unit", "kind", "procedure", "channel", "score" };
    const struct service *s = l->call->call->service;
    const char *end = value + len;
    cJSON *j = cJSON_CreateObject();
    struct buf text = BUF_INIT(SURVEY_COMMENT_MAX * 16);
    unsigned i = 0;
    for (const char *bar; i < 5 && (bar = memchr(value, '|', (size_t)(end - value))) != NULL;
         value = bar + 1) {
        char cell[64];
        snprintf(cell, sizeof cell, "%.*s", (int)(bar - value), value);
        cJSON_AddStringToObject(j, names[i++], cell);
    }
    const char *unit = json_str_or(j, "unit", "");
    bool shown = i == 5 && feedback_unit_within(s->policy, unit, l->call->who.units, clock_wall_ms()) &&
                 feedback_unit_within(s->policy, unit, l->unit, clock_wall_ms()) &&
                 cJSON_GetArraySize(l->list) < COMMENTS_SHOWN &&
                 crypto_unseal(s->crypto, "sv:c", value, (size_t)(end - value), &text) == LOA_OK;
    cJSON_AddStringToObject(j, "text", buf_cstr(&text));
    if (shown)
        cJSON_AddItemToArray(l->list, j);
    else
        cJSON_Delete(j);
    buf_clear(&text);
}

static void comments_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct comments *l = ctx;
    l->failed |= st != LOA_OK;
    for (size_t i = 0; st == LOA_OK && i < redis_count(v); i++) {
        size_t n;
        const char *value = redis_str(redis_at(v, i), &n);
        add_comment(l, value, n);
    }
    comments_leave(l);
}

static void get_comments(struct staff_call *c)
{
    struct local_time now = local_from_ms(clock_wall_ms());
    const char *unit = http_request_query(c->call->req, "unit");
    long month;
    if (!month_of(c->call, "month", now.year * 100L + now.month, &month)) {
        bad_month(c->call);
        return;
    }
    struct comments *l = mem_alloc(sizeof *l);
    *l = (struct comments){ .call = c, .waiting = 1, .list = cJSON_CreateArray() };
    snprintf(l->unit, sizeof l->unit, "%s", unit != NULL ? unit : "");
    for (unsigned p = 0; p < store_partitions(c->call->service->store); p++) {
        struct args a;
        args_init(&a);
        args_key(&a, p, "sv:c:%ld", month);
        l->waiting++;
        if (store_command(c->call->service->store, p, "HVALS", &a, comments_read, l) != LOA_OK) {
            l->waiting--;
            l->failed = true;
        }
        args_clear(&a);
    }
    comments_leave(l);
}

void api_survey_report(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/survey", SCOPE_REPORTS, 0, get_report },
        { 0 },
    };
    static const struct staff_route staff[] = {
        { HTTP_GET, "/desk/survey/comments", ROLE_LEAD | ROLE_EDITOR, 0, get_comments },
        { 0 },
    };
    api_routes(s, routes);
    staff_routes(s, staff);
}
