/*
 * Cases of citizens at the desk.
 *
 *   GET  /desk/feedback?state=&unit=&after=&limit=   nearest limit first; state: open (the default),
 *                                                    received, working, answered, closed
 *   GET  /desk/feedback/{number}                     the story, the answer, the history
 *   POST /desk/feedback/{number}/{act}               take | forward {"unit","text"} | answer {"text"} |
 *                                                    close
 *
 * An officer sees and handles the cases of the units of his account and of everything below them.
 */
#include "loa/clock.h"
#include "loa/feedback.h"
#include "loa/mem.h"
#include "loa/staff.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX      (32u << 10)
#define LIMIT_MAX     200
#define LIMIT_DEFAULT 50
#define ANSWER_MAX    1500 /* letters: a chat message takes 2000 */
#define STATES_MAX    4
#define LIST_FIELDS   10

static const char *const states[STATES_MAX + 1] = { "received", "working", "answered", "closed", NULL };

static void add_time(cJSON *j, const char *name, int64_t ms)
{
    char text[40];
    date_print_rfc3339(ms, text);
    if (ms > 0)
        cJSON_AddStringToObject(j, name, text);
}

static void add_unit(cJSON *j, const struct service *s, const char *unit)
{
    const struct unit_info *u = policy_unit(s->policy, unit, clock_wall_ms());
    cJSON_AddStringToObject(j, "unit", unit);
    cJSON_AddStringToObject(j, "unit_name", u != NULL ? u->name : unit);
}

static void add_state(cJSON *j, const struct service *s, const char *state)
{
    cJSON_AddStringToObject(j, "state", state);
    cJSON_AddStringToObject(j, "state_vi", words_say(s->words, "feedback", state, NULL));
}

static bool is_open(const char *state)
{
    return strcmp(state, "received") == 0 || strcmp(state, "working") == 0;
}

static void answer_json(struct api_call *c, int status, const cJSON *j)
{
    struct buf out = BUF_INIT(4u << 20);
    json_print(j, &out);
    api_json(c, status, &out);
    buf_clear(&out);
}

/* ---- the list ---- */

struct row {
    char id[CASE_ID_SIZE];
    double score;
    cJSON *json;
};

struct listing {
    struct staff_call *call;
    unsigned waiting, limit, count, room;
    bool failed;
    char unit[64], score[32], after[CASE_ID_SIZE];
    struct row *row;
};

static int by_limit(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return strcmp(x->id, y->id);
}

static bool may_see(const struct staff_call *c, const char *unit)
{
    return feedback_unit_within(c->call->service->policy, unit, c->who.units, clock_wall_ms());
}

static void list_answer(struct listing *l)
{
    cJSON *j = cJSON_CreateObject(), *items = cJSON_AddArrayToObject(j, "items");
    unsigned n = l->count < l->limit ? l->count : l->limit;
    if (l->count > 0)
        qsort(l->row, l->count, sizeof *l->row, by_limit);
    for (unsigned i = 0; i < l->count; i++) {
        if (i < n)
            cJSON_AddItemToArray(items, l->row[i].json);
        else
            cJSON_Delete(l->row[i].json);
    }
    if (l->count > n) {
        char next[64];
        snprintf(next, sizeof next, "%.0f~%s", l->row[n - 1].score, l->row[n - 1].id);
        cJSON_AddStringToObject(j, "after", next);
    }
    answer_json(l->call->call, 200, j);
    cJSON_Delete(j);
}

static void list_leave(struct listing *l)
{
    if (--l->waiting > 0)
        return;
    if (l->failed) {
        for (unsigned i = 0; i < l->count; i++)
            cJSON_Delete(l->row[i].json);
        api_problem_status(l->call->call, LOA_UNAVAILABLE);
    } else {
        list_answer(l);
    }
    free(l->row);
    free(l);
}

/* item: id, score, state, unit, desk, kind, channel, at, forward by, answer by */
static cJSON *row_json(const struct service *s, const struct redis_value *item)
{
    const char *cell[LIST_FIELDS];
    struct case_number n = { 0 };
    char number[CASE_NUMBER_SIZE];
    for (unsigned i = 0; i < LIST_FIELDS; i++)
        cell[i] = redis_str(redis_at(item, i), NULL);
    if (!case_number_from_id(cell[0], &n))
        return NULL;
    case_number_print(&n, number);
    int64_t answer_by = redis_int(redis_at(item, 9)), forward_by = redis_int(redis_at(item, 8));
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "number", number);
    add_state(j, s, cell[2]);
    add_unit(j, s, cell[3]);
    cJSON_AddStringToObject(j, "desk", cell[4]);
    cJSON_AddStringToObject(j, "kind", cell[5]);
    cJSON_AddStringToObject(j, "kind_vi", feedback_kind_find(s->feedback, cell[5])->name_vi);
    cJSON_AddStringToObject(j, "channel", cell[6]);
    add_time(j, "at", redis_int(redis_at(item, 7)));
    if (strcmp(cell[2], "received") == 0)
        add_time(j, "forward_by", forward_by);
    if (is_open(cell[2]))
        add_time(j, "answer_by", answer_by);
    cJSON_AddBoolToObject(j, "late", is_open(cell[2]) && clock_wall_ms() > answer_by);
    return j;
}

static void part_listed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct listing *l = ctx;
    const struct service *s = l->call->call->service;
    l->failed |= st != LOA_OK;
    for (size_t i = 0; st == LOA_OK && i < redis_count(v); i++) {
        const struct redis_value *item = redis_at(v, i);
        const char *unit = redis_str(redis_at(item, 3), NULL);
        bool wanted =
            may_see(l->call, unit) && feedback_unit_within(s->policy, unit, l->unit, clock_wall_ms());
        cJSON *j = wanted ? row_json(s, item) : NULL;
        if (j == NULL)
            continue;
        if (l->count == l->room) {
            l->room = l->room ? 2 * l->room : 64;
            l->row = mem_resize(l->row, l->room * sizeof *l->row);
        }
        struct row *r = &l->row[l->count++];
        snprintf(r->id, sizeof r->id, "%s", redis_str(redis_at(item, 0), NULL));
        r->score = strtod(redis_str(redis_at(item, 1), NULL), NULL);
        r->json = j;
    }
    list_leave(l);
}

static void list_part(struct listing *l, unsigned p, const char *state)
{
    struct args a;
    args_init(&a);
    args_key(&a, p, "fb:w");
    args_str(&a, l->score);
    args_str(&a, l->after);
    args_int(&a, l->limit + 1);
    for (unsigned i = 0; states[i] != NULL; i++)
        if (strcmp(state, states[i]) == 0 || (strcmp(state, "open") == 0 && is_open(states[i])))
            args_str(&a, states[i]);
    l->waiting++;
    if (store_script(l->call->call->service->store, p, "feedback_list", &a, part_listed, l) != LOA_OK) {
        l->waiting--;
        l->failed = true;
    }
    args_clear(&a);
}

static bool known_state(const char *state)
{
    for (unsigned i = 0; states[i] != NULL; i++)
        if (strcmp(state, states[i]) == 0)
            return true;
    return strcmp(state, "open") == 0;
}

/* "1790000000000~PA-26-17": where the last page ended. */
static bool read_after(struct listing *l, const char *after)
{
    snprintf(l->score, sizeof l->score, "-inf");
    if (after == NULL || after[0] == '\0')
        return true;
    size_t digits = strspn(after, "0123456789");
    if (digits == 0 || digits > 15 || after[digits] != '~' || strlen(after + digits + 1) >= sizeof l->after)
        return false;
    snprintf(l->score, sizeof l->score, "%.*s", (int)digits, after);
    snprintf(l->after, sizeof l->after, "%s", after + digits + 1);
    return true;
}

static void get_list(struct staff_call *c)
{
    const struct http_request *req = c->call->req;
    const char *state = http_request_query(req, "state"), *limit = http_request_query(req, "limit"),
               *unit = http_request_query(req, "unit");
    struct listing *l = mem_alloc(sizeof *l);
    l->call = c;
    l->limit = limit != NULL ? (unsigned)strtoul(limit, NULL, 10) : LIMIT_DEFAULT;
    l->limit = l->limit == 0 || l->limit > LIMIT_MAX ? LIMIT_MAX : l->limit;
    snprintf(l->unit, sizeof l->unit, "%s", unit != NULL ? unit : "");
    state = state != NULL && state[0] != '\0' ? state : "open";
    if (!known_state(state) || !read_after(l, http_request_query(req, "after"))) {
        free(l);
        api_problem(c->call, 400, "bad_query", "Unknown state or cursor",
                    "Trạng thái hoặc con trỏ trang không đúng.", NULL);
        return;
    }
    l->waiting = 1;
    for (unsigned p = 0; p < store_partitions(c->call->service->store); p++)
        list_part(l, p, state);
    list_leave(l);
}

/* ---- one case ---- */

struct handling {
    struct staff_call *call;
    cJSON *shown; /* while the history is read */
    cJSON *body;
    char act[16], unit[64];
};

static void handling_free(struct handling *h)
{
    cJSON_Delete(h->shown);
    cJSON_Delete(h->body);
    free(h);
}

static void fail(struct handling *h, enum loa_status st)
{
    api_problem_status(h->call->call, st);
    handling_free(h);
}

static cJSON *case_json(const struct service *s, const struct feedback_case *c)
{
    char number[CASE_NUMBER_SIZE];
    cJSON *j = cJSON_CreateObject();
    case_number_print(&c->number, number);
    cJSON_AddStringToObject(j, "number", number);
    add_state(j, s, c->state);
    add_unit(j, s, c->unit);
    cJSON_AddStringToObject(j, "kind", c->kind);
    cJSON_AddStringToObject(j, "kind_vi", feedback_kind_find(s->feedback, c->kind)->name_vi);
    cJSON_AddStringToObject(j, "desk", c->desk);
    cJSON_AddStringToObject(j, "channel", c->channel);
    cJSON_AddStringToObject(j, "conversation", c->cid);
    cJSON_AddStringToObject(j, "officer", c->officer);
    add_time(j, "at", c->at_ms);
    add_time(j, "forward_by", c->forward_by_ms);
    add_time(j, "answer_by", c->answer_by_ms);
    cJSON_AddBoolToObject(j, "late", is_open(c->state) && clock_wall_ms() > c->answer_by_ms);
    cJSON_AddStringToObject(j, "about", c->about);
    cJSON_AddStringToObject(j, "text", c->text);
    cJSON_AddStringToObject(j, "note", c->note);
    cJSON_AddStringToObject(j, "answer", c->answer);
    return j;
}

/* "ms event who unit" */
static cJSON *history_line(const struct service *s, const char *line)
{
    char copy[256], *rest = NULL;
    text_copy(copy, sizeof copy, line);
    const char *ms = strtok_r(copy, " ", &rest), *event = strtok_r(NULL, " ", &rest),
               *who = strtok_r(NULL, " ", &rest), *unit = strtok_r(NULL, " ", &rest);
    if (who == NULL)
        return NULL;
    cJSON *j = cJSON_CreateObject();
    add_time(j, "at", strtoll(ms, NULL, 10));
    cJSON_AddStringToObject(j, "event", event);
    cJSON_AddStringToObject(j, "event_vi", words_say(s->words, "feedback", event, NULL));
    cJSON_AddStringToObject(j, "who", strcmp(who, "-") == 0 ? "" : who);
    add_unit(j, s, unit != NULL ? unit : "");
    return j;
}

static void history_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct handling *h = ctx;
    if (st != LOA_OK) {
        fail(h, st);
        return;
    }
    cJSON *list = cJSON_AddArrayToObject(h->shown, "history");
    for (size_t i = 0; i < redis_count(v); i++) {
        cJSON *line = history_line(h->call->call->service, redis_str(redis_at(v, i), NULL));
        if (line != NULL)
            cJSON_AddItemToArray(list, line);
    }
    answer_json(h->call->call, 200, h->shown);
    handling_free(h);
}

static void case_shown(void *ctx, enum loa_status st, const struct feedback_case *c)
{
    struct handling *h = ctx;
    struct service *s = h->call->call->service;
    if (st == LOA_OK && !may_see(h->call, c->unit))
        st = LOA_NOT_FOUND; /* whose case it is is nobody else's business */
    if (st != LOA_OK) {
        fail(h, st);
        return;
    }
    h->shown = case_json(s, c);
    unsigned p = case_number_partition(&c->number, store_partitions(s->store));
    struct args a;
    args_init(&a);
    args_key(&a, p, "fl:%s", c->id);
    args_int(&a, 0);
    args_int(&a, -1);
    st = store_command(s->store, p, "LRANGE", &a, history_read, h);
    args_clear(&a);
    if (st != LOA_OK)
        fail(h, st);
}

static void find_case(struct handling *h, feedback_case_fn *then)
{
    struct api_call *c = h->call->call;
    struct case_number n;
    enum loa_status st = LOA_NOT_FOUND;
    if (case_number_find(http_request_param(c->req, "number"), &n))
        st = feedback_find(c->service, &n, then, h);
    if (st != LOA_OK)
        fail(h, st);
}

static void get_case(struct staff_call *c)
{
    struct handling *h = mem_alloc(sizeof *h);
    h->call = c;
    find_case(h, case_shown);
}

/* ---- an act ---- */

static void acted(void *ctx, enum loa_status st, const char *state, bool again)
{
    struct handling *h = ctx;
    struct service *s = h->call->call->service;
    if (st == LOA_CONFLICT) {
        struct buf vi = BUF_INIT(256);
        buf_printf(&vi, "Việc này đang ở trạng thái \"%s\" nên không làm được nữa. Hãy tải lại trang.",
                   words_say(s->words, "feedback", state, NULL));
        api_problem(h->call->call, 409, "state", "The state does not allow it", buf_cstr(&vi), NULL);
        buf_clear(&vi);
        handling_free(h);
        return;
    }
    if (st != LOA_OK) {
        fail(h, st);
        return;
    }
    cJSON *j = cJSON_CreateObject();
    add_state(j, s, state);
    cJSON_AddBoolToObject(j, "again", again);
    answer_json(h->call->call, 200, j);
    cJSON_Delete(j);
    handling_free(h);
}

static void act_on(void *ctx, enum loa_status st, const struct feedback_case *c)
{
    struct handling *h = ctx;
    struct service *s = h->call->call->service;
    if (st == LOA_OK && !may_see(h->call, c->unit))
        st = LOA_NOT_FOUND;
    if (st == LOA_OK) {
        char number[CASE_NUMBER_SIZE];
        const struct feedback_action a = { .event = h->act,
                                           .who = h->call->who.login,
                                           .unit = h->unit,
                                           .text = json_str_or(h->body, "text", "") };
        case_number_print(&c->number, number);
        staff_act(s, h->act, h->call->who.login, number);
        st = feedback_act(s, c, &a, acted, h);
    }
    if (st != LOA_OK)
        fail(h, st);
}

static bool is_act(const char *word)
{
    static const char *const acts[] = { "take", "forward", "answer", "close" };
    for (unsigned i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(word, acts[i]) == 0)
            return true;
    return false;
}

static void check_body(struct handling *h, struct errors *err)
{
    const struct service *s = h->call->call->service;
    const char *text = json_str_or(h->body, "text", ""), *unit = json_str_or(h->body, "unit", "");
    if (text_length(text, strlen(text)) > ANSWER_MAX)
        errors_add(err, "/text", "too_long", "at most 1500 letters", "Nhiều nhất 1500 chữ.");
    if (strcmp(h->act, "answer") == 0 && strspn(text, " \n") == strlen(text))
        errors_add(err, "/text", "missing", "an answer needs a text", "Hãy viết câu trả lời.");
    if (strcmp(h->act, "forward") != 0)
        return;
    const struct unit_info *u = policy_unit(s->policy, unit, clock_wall_ms());
    if (u == NULL)
        errors_add(err, "/unit", "unknown_unit", "no such unit", "Không có đơn vị này trong danh mục.");
    else
        snprintf(h->unit, sizeof h->unit, "%s", u->id);
}

static void post_act(struct staff_call *c)
{
    const char *act = http_request_param(c->call->req, "act");
    size_t len;
    http_request_body(c->call->req, &len);
    if (!is_act(act)) {
        api_problem_status(c->call, LOA_NOT_FOUND);
        return;
    }
    cJSON *body = len > 0 ? api_body_json(c->call) : cJSON_CreateObject();
    if (body == NULL)
        return;
    struct handling *h = mem_alloc(sizeof *h);
    struct errors *err = errors_new();
    h->call = c;
    h->body = body;
    snprintf(h->act, sizeof h->act, "%s", act);
    check_body(h, err);
    if (err->total > 0) {
        api_problem(c->call, 400, "invalid", "The request breaks a rule", "Chưa hợp lệ, xem danh sách lỗi.",
                    err);
        handling_free(h);
    } else {
        find_case(h, act_on);
    }
    errors_free(err);
}

void api_feedback(struct service *s)
{
    static const struct staff_route staff[] = {
        { HTTP_GET, "/desk/feedback", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, 0, get_list },
        { HTTP_GET, "/desk/feedback/{number}", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, 0, get_case },
        { HTTP_POST, "/desk/feedback/{number}/{act}", ROLE_OFFICER | ROLE_LEAD, BODY_MAX, post_act },
        { 0 },
    };
    staff_routes(s, staff);
}
