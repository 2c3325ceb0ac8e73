/* Entries of the FAQ to be, on the page of the desk. */
#include "desk_inside.h"
#include "loa/clock.h"
#include "loa/faq_own.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTION_LETTERS 300
#define TOPIC_LETTERS    80
#define VARIANTS_MAX     30

struct draft_ticket {
    struct ticket t;
    char id[DRAFT_ID_SIZE];
};

static struct draft_ticket *draft_ticket_new(const struct request *r, const char *id)
{
    struct draft_ticket *d = mem_alloc(sizeof *d);
    ticket_init(&d->t, r);
    snprintf(d->id, sizeof d->id, "%s", id);
    return d;
}

static void done(void *ctx, enum loa_status st, const char *word, const char *why)
{
    struct draft_ticket *d = ctx;
    struct page *p = ticket_page(&d->t);
    struct buf b = BUF_INIT(128);
    json_text(&b, "draft", d->id);
    if (p == NULL)
        ;
    else if (st != LOA_OK)
        page_refuse_status(p, d->t.id, st);
    else if (strcmp(word, "ok") == 0)
        page_ok(p, d->t.id, buf_cstr(&b));
    else
        page_refuse(p, d->t.id, word, why[0] != '\0' ? why : NULL);
    buf_clear(&b);
    free(d);
}

static bool good_id(const struct request *r, const char *id)
{
    size_t n = strlen(id);
    if (n > 0 && n < DRAFT_ID_SIZE && strspn(id, "0123456789abcdef") == n)
        return true;
    page_refuse(r->page, r->id, "not_found", NULL);
    return false;
}

/* ---- writing ---- */

static bool add_text(struct request *r, cJSON *entry, const char *name, unsigned letters)
{
    struct buf text = BUF_INIT(4 * DESK_TEXT_LETTERS);
    bool good = request_text(r, name, letters, &text);
    if (good)
        cJSON_AddStringToObject(entry, name, buf_cstr(&text));
    buf_clear(&text);
    return good;
}

static bool add_variants(struct request *r, cJSON *entry)
{
    const cJSON *v, *given = json_get(r->m, "variants");
    cJSON *list = cJSON_AddArrayToObject(entry, "variants");
    cJSON_ArrayForEach(v, given)
    {
        struct request one = { r->page, r->id, v };
        cJSON *wrapped = cJSON_CreateObject(), *copy = cJSON_CreateObject();
        cJSON_AddStringToObject(wrapped, "v", cJSON_IsString(v) ? v->valuestring : "");
        one.m = wrapped;
        bool good = cJSON_GetArraySize(list) < VARIANTS_MAX && add_text(&one, copy, "v", QUESTION_LETTERS);
        if (good)
            cJSON_AddItemToArray(list, cJSON_DetachItemFromObject(copy, "v"));
        cJSON_Delete(wrapped);
        cJSON_Delete(copy);
        if (!good) {
            if (cJSON_GetArraySize(list) >= VARIANTS_MAX)
                page_refuse(r->page, r->id, "too_many", NULL);
            return false;
        }
    }
    return true;
}

void draft_put(struct request *r)
{
    struct page *p = r->page;
    char id[DRAFT_ID_SIZE];
    const char *given = request_str(r, "draft");
    if (given[0] == '\0')
        request_made_id(r, id);
    else if (good_id(r, given))
        snprintf(id, sizeof id, "%s", given);
    else
        return;
    cJSON *entry = cJSON_CreateObject();
    bool topic = request_str(r, "topic")[0] == '\0' || add_text(r, entry, "topic", TOPIC_LETTERS);
    if (topic && add_text(r, entry, "question", QUESTION_LETTERS) &&
        add_text(r, entry, "answer", DESK_TEXT_LETTERS) && add_variants(r, entry)) {
        cJSON_AddStringToObject(entry, "by_name", p->who.name);
        cJSON_AddNumberToObject(entry, "at", (double)clock_wall_ms());
        faq_own_put(p->hub->service->faq_own, id, entry, p->who.login, is_editor(&p->who), done,
                    draft_ticket_new(r, id));
    }
    cJSON_Delete(entry);
}

void draft_publish(struct request *r)
{
    const char *id = request_str(r, "draft");
    int64_t read_at = 0;
    json_int(r->m, "at", &read_at);
    if (good_id(r, id))
        faq_own_publish(r->page->hub->service->faq_own, id, read_at, r->page->who.login, done,
                        draft_ticket_new(r, id));
}

void draft_drop(struct request *r)
{
    const struct staff_member *who = &r->page->who;
    const char *id = request_str(r, "draft");
    if (good_id(r, id))
        faq_own_drop(r->page->hub->service->faq_own, id, who->login, is_editor(who), done,
                     draft_ticket_new(r, id));
}

/* ---- the list ---- */

static void add_draft(struct buf *b, const struct faq_draft *d)
{
    int64_t at = 0;
    json_int(d->entry, "at", &at);
    buf_printf(b, "{\"state\":\"%s\"", d->live ? "live" : "draft");
    json_text(b, "draft", d->id);
    json_text(b, "topic", json_str_or(d->entry, "topic", ""));
    json_text(b, "question", json_str_or(d->entry, "question", ""));
    buf_str(b, ",\"variants\":");
    json_print(json_get(d->entry, "variants"), b);
    json_text(b, "answer", json_str_or(d->entry, "answer", ""));
    json_text(b, "by", d->by);
    json_text(b, "by_name", json_str_or(d->entry, "by_name", ""));
    json_number(b, "at", at);
    buf_str(b, "}");
}

static void listed(void *ctx, enum loa_status st, const struct faq_draft *draft, unsigned count)
{
    struct ticket *t = ctx;
    struct page *p = ticket_page(t);
    struct buf b = BUF_INIT(DESK_OUT_MAX), one = BUF_INIT(DESK_OUT_MAX);
    buf_str(&b, ",\"items\":[");
    for (unsigned i = 0; i < count; i++) {
        buf_reset(&one);
        add_draft(&one, &draft[i]);
        if (b.len + one.len > DESK_OUT_MAX - 256)
            break; /* the newest ones that fit */
        buf_str(&b, i > 0 ? "," : "");
        buf_add(&b, one.data, one.len);
    }
    buf_str(&b, "]");
    if (p != NULL && st == LOA_OK)
        page_ok(p, t->id, buf_cstr(&b));
    else if (p != NULL)
        page_refuse_status(p, t->id, st);
    buf_clear(&b);
    buf_clear(&one);
    free(t);
}

void draft_list(struct request *r)
{
    struct ticket *t = mem_alloc(sizeof *t);
    ticket_init(t, r);
    faq_own_list(r->page->hub->service->faq_own, listed, t);
}
