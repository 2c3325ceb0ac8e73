/*
 * GET /v1/feedback?from=2026-01&to=2026-12   how many cases per unit, kind and state, by month of receipt
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/feedback.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNTED_MAX 4000 /* rows of a report */

struct counted {
    char unit[64], kind[32];
    cJSON *row;
};

struct counting {
    struct api_call *call;
    unsigned waiting, count;
    long from, to; /* 202601 */
    bool failed;
    struct counted *row;
};

static cJSON *counted_row(struct counting *n, const char *unit, const char *kind)
{
    for (unsigned i = 0; i < n->count; i++)
        if (strcmp(n->row[i].unit, unit) == 0 && strcmp(n->row[i].kind, kind) == 0)
            return n->row[i].row;
    if (n->count == COUNTED_MAX)
        return NULL;
    struct counted *c = &n->row[n->count++];
    snprintf(c->unit, sizeof c->unit, "%s", unit);
    snprintf(c->kind, sizeof c->kind, "%s", kind);
    c->row = cJSON_CreateObject();
    const struct unit_info *u = policy_unit(n->call->service->policy, unit, clock_wall_ms());
    cJSON_AddStringToObject(c->row, "unit", unit);
    cJSON_AddStringToObject(c->row, "unit_name", u != NULL ? u->name : unit);
    cJSON_AddStringToObject(c->row, "kind", kind);
    cJSON_AddStringToObject(c->row, "kind_vi", feedback_kind_find(n->call->service->feedback, kind)->name_vi);
    static const char *const words[] = { "taken",  "received",  "working", "answered",
                                         "closed", "forwarded", "on_time", "late" };
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        cJSON_AddNumberToObject(c->row, words[i], 0);
    return c->row;
}

/* "202611|unit|kind|word" */
static void add_count(struct counting *n, const char *field, long long value)
{
    char copy[160], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", field);
    const char *month = strtok_r(copy, "|", &rest), *unit = strtok_r(NULL, "|", &rest),
               *kind = strtok_r(NULL, "|", &rest), *word = strtok_r(NULL, "|", &rest);
    if (word == NULL || strtol(month, NULL, 10) < n->from || strtol(month, NULL, 10) > n->to)
        return;
    cJSON *row = counted_row(n, unit, kind),
          *cell = row != NULL ? cJSON_GetObjectItemCaseSensitive(row, word) : NULL;
    if (cell != NULL)
        cJSON_SetNumberValue(cell, cell->valuedouble + (double)value);
}

static void counting_leave(struct counting *n)
{
    if (--n->waiting > 0)
        return;
    struct buf out = BUF_INIT(4u << 20);
    cJSON *j = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(j, "items");
    for (unsigned i = 0; i < n->count; i++)
        cJSON_AddItemToArray(items, n->row[i].row);
    json_print(j, &out);
    if (n->failed)
        api_problem_status(n->call, LOA_UNAVAILABLE);
    else
        api_json(n->call, 200, &out);
    buf_clear(&out);
    cJSON_Delete(j);
    free(n->row);
    free(n);
}

static void part_counted(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct counting *n = ctx;
    n->failed |= st != LOA_OK;
    for (size_t i = 0; st == LOA_OK && i + 1 < redis_count(v); i += 2)
        add_count(n, redis_str(redis_at(v, i), NULL), redis_int(redis_at(v, i + 1)));
    counting_leave(n);
}

/* A month of the query, or `fallback` when there is none. */
static bool month_of(const struct api_call *c, const char *name, long fallback, long *out)
{
    const char *text = http_request_query(c->req, name);
    *out = fallback;
    return text == NULL || text[0] == '\0' || date_parse_month(text, out);
}

static void get_counts(struct api_call *c)
{
    struct local_time now = local_from_ms(clock_wall_ms());
    struct counting *n = mem_alloc(sizeof *n);
    n->call = c;
    if (!month_of(c, "from", now.year * 100L + 1, &n->from) ||
        !month_of(c, "to", now.year * 100L + 12, &n->to)) {
        free(n);
        api_problem(c, 400, "bad_month", "Months look like 2026-11", "Tháng phải có dạng 2026-11.", NULL);
        return;
    }
    n->row = mem_alloc(COUNTED_MAX * sizeof *n->row);
    n->waiting = 1;
    for (unsigned p = 0; p < store_partitions(c->service->store); p++) {
        struct args a;
        args_init(&a);
        args_key(&a, p, "fb:n");
        n->waiting++;
        if (store_command(c->service->store, p, "HGETALL", &a, part_counted, n) != LOA_OK) {
            n->waiting--;
            n->failed = true;
        }
        args_clear(&a);
    }
    counting_leave(n);
}

void api_feedback_report(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/feedback", SCOPE_REPORTS, 0, get_counts },
        { 0 },
    };
    api_routes(s, routes);
}
