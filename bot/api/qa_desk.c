/* Questions and answers at the desk: written by one person, published by another (qa.h). */
#include "loa/case_number.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/personal.h"
#include "loa/qa.h"
#include "loa/staff.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX     (32u << 10)
#define QUESTION_MAX 500  /* letters */
#define ANSWER_MAX   4000 /* letters */
#define LISTED_MAX   1000
#define ITEM_FIELDS  10

/* ---- the list ---- */

static void add_time(cJSON *j, const char *name, int64_t ms)
{
    char text[40];
    date_print_rfc3339(ms, text);
    if (ms > 0)
        cJSON_AddStringToObject(j, name, text);
}

static cJSON *staff_item(const struct service *s, const struct redis_value *v)
{
    static const char *const names[ITEM_FIELDS] = { "id", "state",       "question", "answer", "unit",
                                                    "by", "approved_by", NULL,       NULL,     "case" };
    cJSON *j = cJSON_CreateObject();
    for (unsigned i = 0; i < ITEM_FIELDS; i++)
        if (names[i] != NULL)
            cJSON_AddStringToObject(j, names[i], redis_str(redis_at(v, i), NULL));
    cJSON_AddStringToObject(j, "state_vi", words_say(s->words, "qa", json_str_or(j, "state", ""), NULL));
    const struct unit_info *u = policy_unit(s->policy, json_str_or(j, "unit", ""), clock_wall_ms());
    cJSON_AddStringToObject(j, "unit_name", u != NULL ? u->name : "");
    add_time(j, "at", redis_int(redis_at(v, 7)));
    add_time(j, "published", redis_int(redis_at(v, 8)));
    return j;
}

static void staff_listed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct staff_call *c = ctx;
    if (st != LOA_OK) {
        api_problem_status(c->call, st);
        return;
    }
    struct buf out = BUF_INIT(16u << 20);
    cJSON *j = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(j, "items");
    for (size_t i = 0; i < redis_count(redis_at(v, 1)); i++)
        cJSON_AddItemToArray(list, staff_item(c->call->service, redis_at(redis_at(v, 1), i)));
    json_print(j, &out);
    api_json(c->call, 200, &out);
    cJSON_Delete(j);
    buf_clear(&out);
}

static void get_staff(struct staff_call *c)
{
    const char *state = http_request_query(c->call->req, "state");
    struct args a;
    args_init(&a);
    args_key(&a, 0, "qa:all");
    args_int(&a, LISTED_MAX);
    args_str(&a, state);
    enum loa_status st = store_script(c->call->service->store, 0, "qa_list", &a, staff_listed, c);
    args_clear(&a);
    if (st != LOA_OK)
        api_problem_status(c->call, st);
}

static void answer_word(struct api_call *c, const char *name, const char *value)
{
    struct buf out = BUF_INIT(256);
    buf_printf(&out, "{\"%s\":\"%s\"}", name, value);
    api_json(c, 200, &out);
    buf_clear(&out);
}

static void refuse_state(struct api_call *c, const char *state)
{
    struct buf vi = BUF_INIT(256);
    buf_printf(&vi, "Mục này đang ở trạng thái \"%s\" nên không làm được việc này.",
               words_say(c->service->words, "qa", state, NULL));
    api_problem(c, 409, "state", "The state does not allow it", buf_cstr(&vi), NULL);
    buf_clear(&vi);
}

/* ---- writing ---- */

struct writing {
    char question[QUESTION_MAX * 4 + 4], answer[ANSWER_MAX * 4 + 4];
    char unit[64], number[CASE_NUMBER_SIZE];
};

static void read_text(const cJSON *body, const char *name, size_t max, char *out, size_t size,
                      struct errors *err)
{
    char pointer[32];
    struct buf clean = BUF_INIT(BODY_MAX * 2);
    const char *text = json_str_or(body, name, "");
    snprintf(pointer, sizeof pointer, "/%s", name);
    text_clean(&clean, text, strlen(text), true);
    if (strspn(buf_cstr(&clean), " \n") == clean.len)
        errors_add(err, pointer, "missing", "a text is needed", "Chưa có nội dung.");
    else if (text_length(buf_cstr(&clean), clean.len) > max)
        errors_addf(err, pointer, "too_long", "Nội dung quá dài.", "at most %zu letters", max);
    else
        personal_check(buf_cstr(&clean), pointer, err);
    text_copy(out, size, buf_cstr(&clean));
    buf_clear(&clean);
}

static void read_body(const struct service *s, const cJSON *body, struct writing *w, struct errors *err)
{
    struct case_number n;
    const char *unit = json_str_or(body, "unit", ""), *number = json_str_or(body, "case", "");
    const struct unit_info *u = policy_unit(s->policy, unit, clock_wall_ms());
    read_text(body, "question", QUESTION_MAX, w->question, sizeof w->question, err);
    read_text(body, "answer", ANSWER_MAX, w->answer, sizeof w->answer, err);
    if (unit[0] != '\0' && u == NULL)
        errors_add(err, "/unit", "unknown_unit", "no such unit", "Không có đơn vị này trong danh mục.");
    if (number[0] != '\0' && !case_number_find(number, &n))
        errors_add(err, "/case", "bad_number", "not the number of a case",
                   "Số phản ánh, câu hỏi không đúng.");
    else if (number[0] != '\0')
        case_number_print(&n, w->number);
    snprintf(w->unit, sizeof w->unit, "%s", u != NULL ? u->id : "");
}

static void written(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct staff_call *c = ctx;
    long long r = redis_int(redis_at(v, 0));
    if (st == LOA_OK && r < 0)
        st = LOA_NOT_FOUND;
    if (st != LOA_OK)
        api_problem_status(c->call, st);
    else if (r == 0)
        refuse_state(c->call, redis_str(redis_at(v, 1), NULL));
    else
        answer_word(c->call, "id", redis_str(redis_at(v, 1), NULL));
}

static void write_item(struct staff_call *c, const char *id, const struct writing *w)
{
    char hash[33];
    struct buf all = BUF_INIT(sizeof *w + 256);
    buf_printf(&all, "%s|%s|%s|%s|%s", c->who.login, w->question, w->answer, w->unit, w->number);
    crypto_hash_hex(all.data, all.len, hash, 32);
    buf_clear(&all);
    struct args a;
    args_init(&a);
    args_key(&a, 0, "qa:n");
    args_str(&a, id);
    args_str(&a, hash);
    args_str(&a, c->who.login);
    args_int(&a, clock_wall_ms());
    args_str(&a, w->question);
    args_str(&a, w->answer);
    args_str(&a, w->unit);
    args_str(&a, w->number);
    enum loa_status st = store_script(c->call->service->store, 0, "qa_put", &a, written, c);
    args_clear(&a);
    if (st != LOA_OK)
        api_problem_status(c->call, st);
}

static void put(struct staff_call *c, const char *id)
{
    cJSON *body = api_body_json(c->call);
    if (body == NULL)
        return;
    struct writing *w = mem_alloc(sizeof *w);
    struct errors *err = errors_new();
    read_body(c->call->service, body, w, err);
    if (err->total > 0)
        api_problem(c->call, 400, "invalid", "The text cannot be published like this",
                    "Chưa công khai được: xem danh sách lỗi.", err);
    else
        write_item(c, id, w);
    errors_free(err);
    free(w);
    cJSON_Delete(body);
}

static void post_new(struct staff_call *c)
{
    put(c, "");
}

static bool good_id(const char *id)
{
    return strncmp(id, "qa-", 3) == 0 && strspn(id + 3, "0123456789") == strlen(id + 3) && strlen(id) < 20;
}

static void post_change(struct staff_call *c)
{
    const char *id = http_request_param(c->call->req, "id");
    if (good_id(id))
        put(c, id);
    else
        api_problem_status(c->call, LOA_NOT_FOUND);
}

/* ---- publishing ---- */

static void moved(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct staff_call *c = ctx;
    long long r = redis_int(redis_at(v, 0));
    const char *state = redis_str(redis_at(v, 1), NULL);
    if (st == LOA_OK && r == -1)
        st = LOA_NOT_FOUND;
    if (st != LOA_OK) {
        api_problem_status(c->call, st);
    } else if (r == -2) {
        api_problem(c->call, 403, "same_person", "Somebody else has to publish it",
                    "Người soạn không tự duyệt: nhờ một người khác đọc lại và công khai.", NULL);
    } else if (r == 0) {
        refuse_state(c->call, state);
    } else {
        qa_changed(c->call->service->qa); /* what this person did is seen at once */
        answer_word(c->call, "state", state);
    }
}

static void move(struct staff_call *c, const char *event)
{
    const char *id = http_request_param(c->call->req, "id");
    if (!good_id(id)) {
        api_problem_status(c->call, LOA_NOT_FOUND);
        return;
    }
    staff_act(c->call->service, event, c->who.login, id);
    struct args a;
    args_init(&a);
    args_key(&a, 0, "qa:%s", id);
    args_str(&a, id);
    args_str(&a, event);
    args_str(&a, c->who.login);
    args_int(&a, clock_wall_ms());
    enum loa_status st = store_script(c->call->service->store, 0, "qa_move", &a, moved, c);
    args_clear(&a);
    if (st != LOA_OK)
        api_problem_status(c->call, st);
}

static void post_publish(struct staff_call *c)
{
    move(c, "publish");
}

static void post_withdraw(struct staff_call *c)
{
    move(c, "withdraw");
}

void api_qa_desk(struct service *s)
{
    static const struct staff_route staff[] = {
        { HTTP_GET, "/desk/qa", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, 0, get_staff },
        { HTTP_POST, "/desk/qa", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_new },
        { HTTP_POST, "/desk/qa/{id}", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_change },
        { HTTP_POST, "/desk/qa/{id}/publish", ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_publish },
        { HTTP_POST, "/desk/qa/{id}/withdraw", ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_withdraw },
        { 0 },
    };
    staff_routes(s, staff);
}
