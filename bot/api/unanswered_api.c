#include "loa/csv.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/staff.h"
#include "loa/unanswered.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTIONS_MAX 60000
#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

/* One list being made: read from the store, opened and put together on another thread, answered. */
struct making {
    struct staff_call *call;
    const struct crypto *crypto;
    unsigned waiting, limit;
    bool failed, csv;
    int64_t monday;
    struct sealed {
        char *value;
        size_t len;
    } * sealed;
    unsigned count, room;
    cJSON **json; /* what was sealed */
    struct unanswered_question *question;
    struct unanswered_list list;
};

static bool one_at_a_time; /* it is the work of a second or more for a big week */

static void making_free(struct making *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        free(m->sealed[i].value);
        if (m->json != NULL)
            cJSON_Delete(m->json[i]);
    }
    free(m->sealed);
    free(m->json);
    free(m->question);
    unanswered_clear(&m->list);
    free(m);
    one_at_a_time = false;
}

/* ---- the answer ---- */

static const char *question_of(const struct service *s, const char *id)
{
    int i = faq_find(s->faq, id);
    return i >= 0 ? faq_entry(s->faq, (unsigned)i)->question : "";
}

static void week_word(int64_t monday, char out[16])
{
    char when[40];
    date_print_rfc3339(local_midnight_ms(monday), when);
    snprintf(out, 16, "%.10s", when);
}

static cJSON *group_json(const struct making *m, const struct unanswered_group *g)
{
    cJSON *j = cJSON_CreateObject(), *examples;
    cJSON_AddNumberToObject(j, "count", g->count);
    examples = cJSON_AddArrayToObject(j, "examples");
    for (unsigned i = 0; i < g->examples; i++)
        cJSON_AddItemToArray(examples, cJSON_CreateString(m->question[g->example[i]].shown));
    if (g->nearest[0] != '\0') {
        cJSON *near = cJSON_AddObjectToObject(j, "nearest");
        cJSON_AddStringToObject(near, "faq", g->nearest);
        cJSON_AddStringToObject(near, "question", question_of(m->call->call->service, g->nearest));
    }
    return j;
}

static void answer_json(struct making *m)
{
    struct buf out = BUF_INIT(4u << 20);
    char week[16];
    cJSON *j = cJSON_CreateObject(), *groups;
    week_word(m->monday, week);
    cJSON_AddStringToObject(j, "week", week);
    cJSON_AddNumberToObject(j, "questions", m->count);
    groups = cJSON_AddArrayToObject(j, "groups");
    for (unsigned i = 0; i < m->list.groups && i < m->limit; i++)
        cJSON_AddItemToArray(groups, group_json(m, &m->list.group[i]));
    cJSON_AddNumberToObject(j, "more", m->list.groups > m->limit ? m->list.groups - m->limit : 0);
    json_print(j, &out);
    api_json(m->call->call, 200, &out);
    cJSON_Delete(j);
    buf_clear(&out);
}

static void answer_csv(struct making *m)
{
    struct buf out = BUF_INIT(8u << 20);
    const struct service *s = m->call->call->service;
    char disposition[80], week[16];
    buf_str(
        &out,
        "\xef\xbb\xbf\"Số câu\";\"Câu hỏi 1\";\"Câu hỏi 2\";\"Câu hỏi 3\";\"Mục gần nhất\";\"Câu của mục\"\r\n");
    for (unsigned i = 0; i < m->list.groups && i < m->limit; i++) {
        const struct unanswered_group *g = &m->list.group[i];
        buf_printf(&out, "%u", g->count);
        for (unsigned k = 0; k < UNANSWERED_EXAMPLES; k++) {
            buf_char(&out, ';');
            csv_cell(&out, k < g->examples ? m->question[g->example[k]].shown : "");
        }
        buf_char(&out, ';');
        csv_cell(&out, g->nearest);
        buf_char(&out, ';');
        csv_cell(&out, question_of(s, g->nearest));
        buf_str(&out, "\r\n");
    }
    week_word(m->monday, week);
    snprintf(disposition, sizeof disposition, "attachment; filename=\"cau-hoi-%s.csv\"", week);
    http_reply_header(m->call->call->req, "Content-Disposition", disposition);
    http_reply(m->call->call->req, 200, "text/csv; charset=utf-8", buf_cstr(&out), out.len);
    free(m->call->call);
    buf_clear(&out);
}

static void put_together(void *ctx)
{
    struct making *m = ctx;
    if (m->csv)
        answer_csv(m);
    else
        answer_json(m);
    making_free(m);
}

/* ---- on another thread ---- */

static void work(void *ctx)
{
    struct making *m = ctx;
    unsigned n = 0;
    m->json = mem_alloc((m->count + 1) * sizeof *m->json);
    m->question = mem_alloc((m->count + 1) * sizeof *m->question);
    for (unsigned i = 0; i < m->count; i++) {
        struct buf plain = BUF_INIT(32768);
        if (crypto_unseal(m->crypto, "uq", m->sealed[i].value, m->sealed[i].len, &plain) == LOA_OK &&
            json_parse(buf_cstr(&plain), plain.len, &m->json[i], NULL, 0) == LOA_OK)
            m->question[n++] = (struct unanswered_question){ json_str_or(m->json[i], "t", ""),
                                                             json_str_or(m->json[i], "q", ""),
                                                             json_str_or(m->json[i], "n", "") };
        buf_clear(&plain);
    }
    unanswered_cluster(m->question, n, &m->list);
}

/* ---- reading ---- */

static void leave(struct making *m)
{
    if (--m->waiting > 0)
        return;
    struct service *s = m->call->call->service;
    if (!m->failed && loop_work(s->loop, work, put_together, m) == LOA_OK)
        return;
    api_problem_status(m->call->call, LOA_UNAVAILABLE);
    making_free(m);
}

static void part_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct making *m = ctx;
    m->failed |= st != LOA_OK;
    for (size_t i = 0; st == LOA_OK && i < redis_count(v) && m->count < QUESTIONS_MAX; i++) {
        size_t n;
        const char *value = redis_str(redis_at(v, i), &n);
        if (m->count == m->room) {
            m->room = m->room ? 2 * m->room : 256;
            m->sealed = mem_resize(m->sealed, m->room * sizeof *m->sealed);
        }
        m->sealed[m->count].value = mem_alloc(n + 1);
        memcpy(m->sealed[m->count].value, value, n);
        m->sealed[m->count++].len = n;
    }
    leave(m);
}

/* The Monday of the week asked for, or of this one. */
static bool read_week(const struct api_call *c, int64_t *monday)
{
    const char *week = http_request_query(c->req, "week");
    int64_t day = local_from_ms(clock_wall_ms()).day_number;
    if (week != NULL && week[0] != '\0' && !date_parse_day(week, &day))
        return false;
    *monday = day - (local_from_ms(local_midnight_ms(day)).weekday - 1);
    return true;
}

static void make(struct staff_call *c, bool csv)
{
    struct service *s = c->call->service;
    const char *limit = http_request_query(c->call->req, "limit");
    int64_t monday;
    if (!read_week(c->call, &monday)) {
        api_problem(c->call, 400, "bad_week", "A week is named by its Monday: 2026-11-23",
                    "Tuần ghi bằng ngày thứ Hai, ví dụ 2026-11-23.", NULL);
        return;
    }
    if (one_at_a_time) {
        api_problem_status(c->call, LOA_BUSY);
        return;
    }
    one_at_a_time = true;
    struct making *m = mem_alloc(sizeof *m);
    *m = (struct making){ .call = c, .crypto = s->crypto, .waiting = 1, .csv = csv, .monday = monday };
    m->limit = limit != NULL ? (unsigned)strtoul(limit, NULL, 10) : csv ? LIMIT_MAX : LIMIT_DEFAULT;
    m->limit = m->limit == 0 || m->limit > LIMIT_MAX ? LIMIT_MAX : m->limit;
    for (unsigned p = 0; p < store_partitions(s->store); p++) {
        struct args a;
        args_init(&a);
        args_key(&a, p, "uq:%lld", (long long)monday);
        m->waiting++;
        if (store_command(s->store, p, "HVALS", &a, part_read, m) != LOA_OK) {
            m->waiting--;
            m->failed = true;
        }
        args_clear(&a);
    }
    leave(m);
}

static void get_json(struct staff_call *c)
{
    make(c, false);
}

static void get_csv(struct staff_call *c)
{
    make(c, true);
}

void api_unanswered(struct service *s)
{
    static const struct staff_route staff[] = {
        { HTTP_GET, "/desk/unanswered", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, 0, get_json },
        { HTTP_GET, "/desk/unanswered.csv", ROLE_LEAD | ROLE_EDITOR, 0, get_csv },
        { 0 },
    };
    staff_routes(s, staff);
}
