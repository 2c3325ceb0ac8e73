#include "loa/qa.h"
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/feedback_rules.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLIC_MAX    5000
#define FRESH_MS      2000
#define LIMIT_DEFAULT 20
#define LIMIT_MAX     100
#define FOLDED_MAX    (64u << 10)
#define CACHE_FOR     "public, max-age=30"

struct item {
    char id[24], unit[64];
    int64_t published_ms;
    char *question, *answer, *folded; /* folded: both, for searching */
};

struct qa {
    struct item *item; /* newest first */
    unsigned count;
    char version[24];
    int64_t looked_ms; /* monotonic; 0 never */
};

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

void qa_changed(struct qa *q)
{
    q->looked_ms = 0;
    q->version[0] = '\0';
}

void api_qa(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/qa", 0, 0, get_public },
        { 0 },
    };
    s->qa = mem_alloc(sizeof *s->qa);
    api_routes(s, routes);
}
