#include "loa/qa.h"
#include "loa/case_number.h"
#include "loa/clock.h"
#include "loa/feedback_rules.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/personal.h"
#include "loa/staff.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX      (32u << 10)
#define QUESTION_MAX  500  /* letters */
#define ANSWER_MAX    4000 /* letters */
#define PUBLIC_MAX    5000
#define LISTED_MAX    1000
#define FRESH_MS      2000
#define LIMIT_DEFAULT 20
#define LIMIT_MAX     100
#define FOLDED_MAX    (64u << 10)
#define ITEM_FIELDS   10
#define CACHE_FOR     "public, max-age=30"

struct item {
    char id[24], unit[64];
    int64_t published_ms;
    char *question, *answer, *folded; /* folded: both, for searching */
};

struct qa {
    struct service *s;
    struct item *item; /* newest first */
    unsigned count;
    char version[24];
    int64_t looked_ms; /* monotonic; 0 never */
};

/* ---- what is public, in memory ---- */

static void clear_items(struct qa *q)
{
    for (unsigned i = 0; i < q->count; i++) {
        free(q->item[i].question);
        free(q->item[i].answer);
        free(q->item[i].folded);
    }
    free(q->item);
    q->item = NULL;
    q->count = 0;
}

void qa_free(struct qa *q)
{
    if (q == NULL)
        return;
    clear_items(q);
    free(q);
}

/* id, state, question, answer, unit, author, approver, written, published, case */
static void take_item(struct qa *q, const struct redis_value *v)
{
    struct item *i = &q->item[q->count++];
    struct buf folded = BUF_INIT(FOLDED_MAX);
    snprintf(i->id, sizeof i->id, "%s", redis_str(redis_at(v, 0), NULL));
    i->question = mem_strdup(redis_str(redis_at(v, 2), NULL));
    i->answer = mem_strdup(redis_str(redis_at(v, 3), NULL));
    snprintf(i->unit, sizeof i->unit, "%s", redis_str(redis_at(v, 4), NULL));
    i->published_ms = redis_int(redis_at(v, 8));
    text_fold(&folded, i->question, strlen(i->question));
    buf_char(&folded, '\n');
    text_fold(&folded, i->answer, strlen(i->answer));
    i->folded = buf_take(&folded);
}

static void take_all(struct qa *q, const struct redis_value *v)
{
    const struct redis_value *list = redis_at(v, 1);
    clear_items(q);
    q->item = mem_alloc((redis_count(list) + 1) * sizeof *q->item);
    for (size_t i = 0; i < redis_count(list); i++)
        take_item(q, redis_at(list, i));
    snprintf(q->version, sizeof q->version, "%s", redis_str(redis_at(v, 0), NULL));
    q->looked_ms = clock_mono_ms();
}

static bool all_words(const char *folded, const char *words)
{
    char word[64];
    for (size_t n; *words != '\0'; words += n) {
        words += strspn(words, " ");
        n = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, words);
        if (n > 0 && strstr(folded, word) == NULL)
            return false;
    }
    return true;
}

static void item_json(const struct service *s, const struct item *i, cJSON *list)
{
    char when[40];
    const struct unit_info *u = policy_unit(s->policy, i->unit, clock_wall_ms());
    cJSON *j = cJSON_CreateObject();
    date_print_rfc3339(i->published_ms, when);
    cJSON_AddStringToObject(j, "id", i->id);
    cJSON_AddStringToObject(j, "question", i->question);
    cJSON_AddStringToObject(j, "answer", i->answer);
    cJSON_AddStringToObject(j, "unit", i->unit);
    cJSON_AddStringToObject(j, "unit_name", u != NULL ? u->name : i->unit);
    cJSON_AddStringToObject(j, "published", when);
    cJSON_AddItemToArray(list, j);
}

/* The place after the item a page ended with: the items are in the order of their times, so one that has been
 * taken back in between leaves its place behind. */
static unsigned place_after(const struct qa *q, const char *after)
{
    unsigned i = 0;
    if (after == NULL || after[0] == '\0')
        return 0;
    int64_t ms = strtoll(after, NULL, 10);
    const char *id = strchr(after, '~');
    for (; i < q->count && q->item[i].published_ms >= ms; i++)
        if (q->item[i].published_ms == ms && id != NULL && strcmp(q->item[i].id, id + 1) == 0)
            return i + 1;
    return i;
}

static unsigned limit_of(const struct http_request *r)
{
    const char *text = http_request_query(r, "limit");
    unsigned n = text != NULL ? (unsigned)strtoul(text, NULL, 10) : LIMIT_DEFAULT;
    return n == 0 || n > LIMIT_MAX ? LIMIT_MAX : n;
}

static void answer_public(struct api_call *c, const struct qa *q)
{
    const struct http_request *r = c->req;
    const char *unit = http_request_query(r, "unit"), *asked = http_request_query(r, "q");
    struct buf words = BUF_INIT(FOLDED_MAX), out = BUF_INIT(4u << 20);
    char etag[40], next[64] = "";
    cJSON *j = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(j, "items");
    unsigned limit = limit_of(r), shown = 0;
    if (asked != NULL)
        text_fold(&words, asked, strlen(asked));
    for (unsigned i = place_after(q, http_request_query(r, "after")); i < q->count; i++) {
        const struct item *it = &q->item[i];
        if (!feedback_unit_within(c->service->policy, it->unit, unit != NULL ? unit : "", clock_wall_ms()) ||
            !all_words(it->folded, buf_cstr(&words)))
            continue;
        if (shown == limit) {
            cJSON_AddStringToObject(j, "after", next);
            break;
        }
        item_json(c->service, it, list);
        snprintf(next, sizeof next, "%lld~%s", (long long)it->published_ms, it->id);
        shown++;
    }
    snprintf(etag, sizeof etag, "\"qa-%s\"", q->version);
    http_reply_header(c->req, "Cache-Control", CACHE_FOR);
    http_reply_header(c->req, "ETag", etag);
    http_reply_header(c->req, "Access-Control-Allow-Origin", "*"); /* public, for any page of the province */
    const char *have = http_request_header(r, "if-none-match");
    json_print(j, &out);
    if (have != NULL && strcmp(have, etag) == 0) {
        http_reply(c->req, 304, "application/json; charset=utf-8", "", 0);
        free(c);
    } else {
        api_json(c, 200, &out);
    }
    cJSON_Delete(j);
    buf_clear(&words);
    buf_clear(&out);
}

static void public_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    struct qa *q = c->service->qa;
    if (st == LOA_OK)
        take_all(q, v);
    if (st != LOA_OK && q->looked_ms == 0)
        api_problem_status(c, st);
    else
        answer_public(c, q); /* what was public a moment ago, rather than nothing */
}

static void read_public(struct api_call *c)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "qa:pub");
    args_int(&a, PUBLIC_MAX);
    args_str(&a, "published");
    if (store_script(c->service->store, 0, "qa_list", &a, public_read, c) != LOA_OK)
        public_read(c, LOA_UNAVAILABLE, NULL);
    args_clear(&a);
}

static void version_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    struct qa *q = c->service->qa;
    const char *version = redis_str(v, NULL);
    if (st == LOA_OK && strcmp(version[0] != '\0' ? version : "0", q->version) != 0) {
        read_public(c);
        return;
    }
    if (st == LOA_OK)
        q->looked_ms = clock_mono_ms();
    if (st != LOA_OK && q->looked_ms == 0)
        api_problem_status(c, st);
    else
        answer_public(c, q);
}

static void get_public(struct api_call *c)
{
    const struct qa *q = c->service->qa;
    if (q->looked_ms != 0 && clock_mono_ms() - q->looked_ms < FRESH_MS) {
        answer_public(c, q);
        return;
    }
    struct args a;
    args_init(&a);
    args_key(&a, 0, "qa:v");
    if (store_command(c->service->store, 0, "GET", &a, version_read, c) != LOA_OK)
        version_read(c, LOA_UNAVAILABLE, NULL);
    args_clear(&a);
}

/* ---- staff ---- */

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
        c->call->service->qa->looked_ms = 0; /* what this person did is seen at once */
        c->call->service->qa->version[0] = '\0';
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

void api_qa(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/qa", 0, 0, get_public },
        { 0 },
    };
    static const struct staff_route staff[] = {
        { HTTP_GET, "/desk/qa", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, 0, get_staff },
        { HTTP_POST, "/desk/qa", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_new },
        { HTTP_POST, "/desk/qa/{id}", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_change },
        { HTTP_POST, "/desk/qa/{id}/publish", ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_publish },
        { HTTP_POST, "/desk/qa/{id}/withdraw", ROLE_LEAD | ROLE_EDITOR, BODY_MAX, post_withdraw },
        { 0 },
    };
    s->qa = mem_alloc(sizeof *s->qa);
    s->qa->s = s;
    api_routes(s, routes);
    staff_routes(s, staff);
}
