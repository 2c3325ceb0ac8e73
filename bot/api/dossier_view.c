/*
 * GET /v1/dossiers/{MaHoSo}: the whole story. "Why did this citizen (not) get it?" is answered here, and on
 * the page of the desk.
 */
#include "loa/api.h"
#include "loa/calendar.h"
#include "loa/clock.h"
#include "loa/dossier_event.h"
#include "loa/mem.h"
#include "loa/story.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMELINE_MAX 100

struct line { /* one event of the timeline, see router.h */
    char entry[32], nid[NOTICE_ID_SIZE], kind[40], source[64], flags[16];
    long long entry_ms, at_ms, accepted_ms;
    int status;
    cJSON *notification;
};

struct view {
    struct service *service;
    dossier_view_fn *done;
    void *ctx;
    char code[DOSSIER_CODE_MAX];
    struct line line[TIMELINE_MAX];
    unsigned lines, waiting;
    int status;
    bool known, failed;
    struct dossier_event summary;
};

struct fetch {
    struct view *view;
    struct line *line;
};

static void add_time(cJSON *to, const char *name, int64_t ms)
{
    char text[40];
    if (ms <= 0)
        return;
    date_print_rfc3339(ms, text);
    cJSON_AddStringToObject(to, name, text);
}

static void add_text(cJSON *to, const char *name, const char *text)
{
    if (text[0] != '\0')
        cJSON_AddStringToObject(to, name, text);
}

static void add_flags(cJSON *to, const char *flags, const struct words *w)
{
    cJSON *list = cJSON_AddArrayToObject(to, "remarks");
    for (; *flags != '\0'; flags++) {
        char word[2] = { *flags, '\0' };
        cJSON_AddItemToArray(list, cJSON_CreateString(words_say(w, "flag", word, NULL)));
    }
}

static void add_line(cJSON *list, struct line *l, const struct service *s)
{
    const struct status_rule *rule = policy_status(s->policy, l->status);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddNumberToObject(item, "TrangThai", l->status);
    add_text(item, "TenTrangThai", rule ? rule->name_vi : "");
    add_time(item, "ThoiDiemXuLy", l->at_ms);
    add_time(item, "accepted_at", l->accepted_ms);
    add_text(item, "source", l->source);
    add_text(item, "kind", l->kind);
    add_flags(item, l->flags, s->words);
    if (l->notification != NULL)
        cJSON_AddItemToObject(item, "notification", l->notification);
    l->notification = NULL;
    cJSON_AddItemToArray(list, item);
}

static void answer(struct view *v)
{
    const struct service *s = v->service;
    const struct status_rule *rule = policy_status(s->policy, v->status);
    const struct dossier_event *e = &v->summary;
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "MaHoSo", v->code);
    if (v->known) {
        cJSON_AddNumberToObject(j, "TrangThai", v->status);
        add_text(j, "TenTrangThai", rule ? rule->name_vi : "");
        add_text(j, "next_vi", rule && rule->next_vi ? rule->next_vi : "");
        add_text(j, "MaTTHC", e->procedure_code);
        add_text(j, "TenTTHC", e->procedure);
        add_text(j, "unit_filed", e->unit_filed);
        add_text(j, "unit_handling", e->unit_handling);
        add_time(j, "NgayTiepNhan", e->received_ms);
        add_time(j, "NgayHenTra", e->due_ms);
    }
    cJSON *list = cJSON_AddArrayToObject(j, "timeline");
    for (unsigned i = 0; i < v->lines; i++)
        add_line(list, &v->line[i], s);
    struct buf out = BUF_INIT(1u << 20);
    json_print(j, &out);
    cJSON_Delete(j);
    v->done(v->ctx, LOA_OK, &out);
    buf_clear(&out);
}

static void leave(struct view *v)
{
    if (--v->waiting > 0)
        return;
    if (v->failed)
        v->done(v->ctx, LOA_UNAVAILABLE, NULL);
    else
        answer(v);
    for (unsigned i = 0; i < v->lines; i++)
        cJSON_Delete(v->line[i].notification);
    free(v);
}

static void notification_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct fetch *f = ctx;
    f->view->failed |= st != LOA_OK;
    if (st == LOA_OK)
        f->line->notification = story_of(f->line->nid, v, f->view->service->words);
    leave(f->view);
    free(f);
}

static void fetch_notification(struct view *v, struct line *l)
{
    struct store *s = v->service->store;
    unsigned p = (unsigned)(l->nid[0] - '0') * 10 + (unsigned)(l->nid[1] - '0');
    struct fetch *f = mem_alloc(sizeof *f);
    *f = (struct fetch){ v, l };
    struct args a;
    args_init(&a);
    args_key(&a, p, "n:%s", l->nid);
    if (store_command(s, p, "HGETALL", &a, notification_read, f) == LOA_OK)
        v->waiting++;
    else
        free(f);
    args_clear(&a);
}

/* The next "|" separated cell of a line, copied. */
static const char *cell(const char *at, char *out, size_t size)
{
    size_t n = strcspn(at, "|");
    snprintf(out, size, "%.*s", (int)n, at);
    return at + n + (at[n] == '|');
}

static void read_line(struct view *v, const char *entry, const char *text)
{
    if (v->lines == TIMELINE_MAX)
        return;
    struct line *l = &v->line[v->lines++];
    char number[24];
    snprintf(l->entry, sizeof l->entry, "%s", entry);
    l->entry_ms = strtoll(entry, NULL, 10);
    text = cell(text, number, sizeof number);
    l->status = (int)strtol(number, NULL, 10);
    text = cell(text, number, sizeof number);
    l->at_ms = strtoll(number, NULL, 10);
    text = cell(text, number, sizeof number);
    l->accepted_ms = strtoll(number, NULL, 10);
    text = cell(text, l->flags, sizeof l->flags);
    text = cell(text, l->nid, sizeof l->nid);
    text = cell(text, l->kind, sizeof l->kind);
    cell(text, l->source, sizeof l->source);
}

static int by_time(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return x->entry_ms < y->entry_ms ? -1 : x->entry_ms > y->entry_ms;
}

static void read_summary(struct view *v, const struct redis_value *sealed)
{
    struct buf plain = BUF_INIT(32768);
    char key[STORE_KEY_MAX];
    size_t n;
    const char *text = redis_str(sealed, &n);
    store_key(key, 0, "d:%s", v->code);
    v->known = n > 0 && crypto_unseal(v->service->crypto, key, text, n, &plain) == LOA_OK &&
               dossier_event_from_json(buf_cstr(&plain), plain.len, &v->summary) == LOA_OK;
    buf_clear(&plain);
}

static void dossier_read(void *ctx, enum loa_status st, const struct redis_value *record)
{
    struct view *v = ctx;
    if (st != LOA_OK || redis_count(record) == 0) {
        v->done(v->ctx, st != LOA_OK ? st : LOA_NOT_FOUND, NULL);
        free(v);
        return;
    }
    v->status = (int)redis_int(store_field(record, "st"));
    read_summary(v, store_field(record, "sum"));
    for (size_t i = 0; i + 1 < redis_count(record); i += 2) {
        const char *name = redis_str(redis_at(record, i), NULL);
        if (name[0] == 'v' && name[1] >= '0' && name[1] <= '9')
            read_line(v, name + 1, redis_str(redis_at(record, i + 1), NULL));
    }
    qsort(v->line, v->lines, sizeof v->line[0], by_time);
    v->waiting = 1;
    for (unsigned i = 0; i < v->lines; i++)
        if (v->line[i].nid[0] != '\0')
            fetch_notification(v, &v->line[i]);
    leave(v);
}

static void unread(void *ctx)
{
    dossier_read(ctx, LOA_UNAVAILABLE, NULL);
}

void dossier_view(struct service *s, const char *norm, dossier_view_fn *done, void *ctx)
{
    struct view *v = mem_alloc(sizeof *v);
    v->service = s;
    v->done = done;
    v->ctx = ctx;
    snprintf(v->code, sizeof v->code, "%s", norm);
    unsigned p = store_partition_of(s->store, norm);
    struct args a;
    args_init(&a);
    args_key(&a, p, "d:%s", norm);
    if (store_command(s->store, p, "HGETALL", &a, dossier_read, v) != LOA_OK)
        loop_defer(s->loop, unread, v);
    args_clear(&a);
}

static void answer_call(void *ctx, enum loa_status st, const struct buf *json)
{
    if (st == LOA_OK)
        api_json(ctx, 200, json);
    else
        api_problem_status(ctx, st);
}

static void get_dossier(struct api_call *c)
{
    struct dossier_code code;
    const char *text = http_request_param(c->req, "code");
    if (dossier_code_parse(text, strlen(text), clock_wall_ms(), &code, NULL) == LOA_OK)
        dossier_view(c->service, code.norm, answer_call, c);
    else
        api_problem(c, 400, "bad_code", "This is not a dossier code",
                    "Mã hồ sơ không đúng mẫu. Ví dụ: H27.01.02-250901-0007.", NULL);
}

void api_dossiers(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/dossiers/{code}", SCOPE_EVENTS | SCOPE_MESSAGES | SCOPE_REPORTS, 0, get_dossier },
        { 0 },
    };
    api_routes(s, routes);
}
