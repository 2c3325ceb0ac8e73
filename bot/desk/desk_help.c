/* What helps an officer to answer: approved answers, dossiers that were named, ready-made replies. */
#include "desk_inside.h"
#include "loa/canned.h"
#include "loa/clock.h"
#include "loa/dossier_code.h"
#include "loa/faq.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_READ       40
#define CARDS_MAX        5
#define CARD_MAX_BYTES   (DESK_OUT_MAX / CARDS_MAX)
#define ANSWER_MAX_BYTES 8192
#define QUESTION_LETTERS 500

/* ---- the words of a line ---- */

static cJSON *line_say(const struct chat_line *l)
{
    cJSON *say = NULL;
    return json_parse(l->say, l->say_len, &say, NULL, 0) == LOA_OK ? say : NULL;
}

/* ---- suggestions ---- */

static void add_suggestion(struct buf *b, struct faq *f, const char *unit, const struct faq_answer *a,
                           unsigned i)
{
    const struct faq_entry *e = faq_entry(f, a->entry[i]);
    struct buf text = BUF_INIT(ANSWER_MAX_BYTES);
    if (!faq_answer_text(f, a->entry[i], unit, &text)) {
        buf_clear(&text);
        return;
    }
    buf_str(b, b->data[b->len - 1] == '[' ? "{\"faq\":" : ",{\"faq\":");
    buf_json_string(b, e->id, strlen(e->id));
    json_text(b, "question", e->question);
    json_text(b, "answer", buf_cstr(&text));
    json_text(b, "source", e->source);
    json_text(b, "date", e->date);
    buf_printf(b, ",\"sure\":%.2f}",
               i == 0 ? a->sure : a->sure * a->score[i] / (a->score[0] > 0 ? a->score[0] : 1));
    buf_clear(&text);
}

static void suggest(struct page *p, const char *id, const char *question, const char *unit)
{
    struct faq *f = p->hub->service->faq;
    struct faq_answer a;
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    faq_ask(f, question, strlen(question), &a);
    json_text(&b, "question", question);
    buf_str(&b, ",\"items\":[");
    for (unsigned i = 0; i < a.entries && i < FAQ_RANKED_MAX; i++)
        add_suggestion(&b, f, unit, &a, i);
    buf_str(&b, "]");
    page_ok(p, id, buf_cstr(&b));
    buf_clear(&b);
}

static void last_question(void *ctx, enum loa_status st, const struct chat_view *v)
{
    struct ticket *t = ctx;
    struct page *p = ticket_page(t);
    struct buf question = BUF_INIT(4 * QUESTION_LETTERS + 4);
    for (unsigned i = st == LOA_OK ? v->lines : 0; i > 0 && question.len == 0; i--) {
        cJSON *say = v->line[i - 1].from == 'c' ? line_say(&v->line[i - 1]) : NULL;
        const char *text = json_str_or(say, "text", "");
        if (json_get(say, "kind") == NULL)
            text_truncate(&question, text, strlen(text), QUESTION_LETTERS);
        cJSON_Delete(say);
    }
    if (p == NULL)
        ;
    else if (st != LOA_OK)
        page_refuse_status(p, t->id, st);
    else if (!may_see_talk(&p->who, v))
        page_refuse(p, t->id, "gone", NULL);
    else
        suggest(p, t->id, buf_cstr(&question), chat_view_field(v, "un"));
    buf_clear(&question);
    free(t);
}

static void read_for(struct request *r, chat_view_fn *done)
{
    char cid[CRYPTO_KEY_HEX];
    if (!request_cid(r, cid))
        return;
    struct ticket *t = mem_alloc(sizeof *t);
    ticket_init(t, r);
    chat_read(r->page->hub->service->chat, cid, "", 0, LINES_READ, done, t);
}

void help_suggest(struct request *r)
{
    struct buf text = BUF_INIT(4096);
    if (request_str(r, "text")[0] == '\0')
        read_for(r, last_question);
    else if (request_text(r, "text", QUESTION_LETTERS, &text))
        suggest(r->page, r->id, buf_cstr(&text), "");
    buf_clear(&text);
}

/* ---- dossiers ---- */

static void card_found(void *ctx, enum loa_status st, const struct buf *json)
{
    struct ticket *t = ctx;
    struct page *p = ticket_page(t);
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    if (p != NULL && st == LOA_OK) {
        buf_str(&b, ",\"card\":");
        buf_add(&b, json->data, json->len);
        page_ok(p, t->id, buf_ok(&b) ? buf_cstr(&b) : ",\"card\":null");
    } else if (p != NULL) {
        page_refuse_status(p, t->id, st);
    }
    buf_clear(&b);
    free(t);
}

void help_dossier(struct request *r)
{
    struct dossier_code code;
    const char *text = request_str(r, "code");
    if (!dossier_code_find(text, strlen(text), clock_wall_ms(), &code)) {
        page_refuse(r->page, r->id, "bad_code", NULL);
        return;
    }
    struct ticket *t = mem_alloc(sizeof *t);
    ticket_init(t, r);
    dossier_view(r->page->hub->service, code.norm, card_found, t);
}

/* The cards of one conversation: gathered, then one answer. */
struct cards {
    struct ticket t;
    char code[CARDS_MAX][DOSSIER_CODE_MAX];
    struct buf card[CARDS_MAX];
    unsigned codes, waiting;
    bool proven;
};

struct card {
    struct cards *cards;
    unsigned i;
};

static void cards_leave(struct cards *c)
{
    if (--c->waiting > 0)
        return;
    struct page *p = ticket_page(&c->t);
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    buf_printf(&b, ",\"proven\":%s,\"items\":[", c->proven ? "true" : "false");
    for (unsigned i = 0; i < c->codes; i++) {
        buf_printf(&b, "%s{\"code\":\"%s\",\"card\":", i > 0 ? "," : "", c->code[i]);
        buf_str(&b, c->card[i].len > 0 ? buf_cstr(&c->card[i]) : "null");
        buf_str(&b, "}");
        buf_clear(&c->card[i]);
    }
    buf_str(&b, "]");
    if (p != NULL)
        page_ok(p, c->t.id, buf_cstr(&b));
    buf_clear(&b);
    free(c);
}

static void one_card(void *ctx, enum loa_status st, const struct buf *json)
{
    struct card *one = ctx;
    struct cards *c = one->cards;
    if (st == LOA_OK && json->len < CARD_MAX_BYTES) /* a longer story is asked for by its code */
        buf_add(&c->card[one->i], json->data, json->len);
    free(one);
    cards_leave(c);
}

static void add_code(struct cards *c, const char *norm)
{
    for (unsigned i = 0; i < c->codes; i++)
        if (strcmp(c->code[i], norm) == 0)
            return;
    if (c->codes == CARDS_MAX)
        return;
    snprintf(c->code[c->codes], DOSSIER_CODE_MAX, "%s", norm);
    buf_init(&c->card[c->codes++], CARD_MAX_BYTES);
}

/* Newest first: what is spoken of now. */
static void find_codes(struct cards *c, const struct chat_view *v)
{
    struct dossier_code code;
    for (unsigned i = v->lines; i > 0; i--) {
        char from = v->line[i - 1].from;
        cJSON *say = from == 'c' || from == 'o' ? line_say(&v->line[i - 1]) : NULL;
        const char *text = json_str_or(say, "text", "");
        if (dossier_code_find(text, strlen(text), clock_wall_ms(), &code))
            add_code(c, code.norm);
        cJSON_Delete(say);
    }
}

static void conversation_read(void *ctx, enum loa_status st, const struct chat_view *v)
{
    struct ticket *t = ctx;
    struct page *p = ticket_page(t);
    struct cards *c = mem_alloc(sizeof *c);
    c->t = *t;
    c->waiting = 1;
    if (p != NULL && st == LOA_OK && may_see_talk(&p->who, v)) {
        c->proven = chat_view_field(v, "wk")[0] != '\0' &&
                    strtoll(chat_view_field(v, "wu"), NULL, 10) > clock_wall_ms();
        find_codes(c, v);
    }
    for (unsigned i = 0; i < c->codes; i++) {
        struct card *one = mem_alloc(sizeof *one);
        *one = (struct card){ c, i };
        c->waiting++;
        dossier_view(t->hub->service, c->code[i], one_card, one);
    }
    cards_leave(c);
    free(t);
}

void help_dossiers(struct request *r)
{
    read_for(r, conversation_read);
}

/* ---- ready-made replies ---- */

struct canned_answer {
    struct buf *b;
    const struct page *page;
    const char *comma;
};

static void add_canned(void *ctx, const struct canned *c)
{
    struct canned_answer *a = ctx;
    if (c->desk[0] != '\0' && !may_see_desk(&a->page->who, c->desk))
        return;
    buf_printf(a->b, "%s{\"own\":%s", a->comma, c->own ? "true" : "false");
    json_text(a->b, "key", c->key);
    json_text(a->b, "title", c->title);
    json_text(a->b, "text", c->text);
    json_text(a->b, "desk", c->desk);
    buf_str(a->b, "}");
    a->comma = ",";
}

void help_canned_list(struct request *r)
{
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    struct canned_answer a = { &b, r->page, "" };
    buf_str(&b, ",\"items\":[");
    canned_each(r->page->hub->service->canned, add_canned, &a);
    buf_str(&b, "]");
    page_ok(r->page, r->id, buf_cstr(&b));
    buf_clear(&b);
}

struct put_ticket {
    struct ticket t;
    char key[CANNED_KEY_SIZE];
};

static void canned_stored(void *ctx, enum loa_status st)
{
    struct put_ticket *put = ctx;
    struct page *p = ticket_page(&put->t);
    struct buf b = BUF_INIT(256);
    json_text(&b, "key", put->key);
    if (p != NULL && st == LOA_OK)
        page_ok(p, put->t.id, buf_cstr(&b));
    else if (p != NULL)
        page_refuse_status(p, put->t.id, st);
    buf_clear(&b);
    free(put);
}

void help_canned_put(struct request *r)
{
    struct service *s = r->page->hub->service;
    struct buf title = BUF_INIT(1024), text = BUF_INIT(4 * DESK_TEXT_LETTERS);
    const char *key = request_str(r, "key"), *desk = request_str(r, "desk");
    bool known = desk[0] == '\0' || desk_find(s->desks, desk) != NULL;
    if (!known || strlen(key) >= CANNED_KEY_SIZE || strspn(key, "0123456789abcdef") != strlen(key)) {
        page_refuse(r->page, r->id, "bad_message", NULL);
    } else if (request_text(r, "title", 80, &title) && request_text(r, "text", DESK_TEXT_LETTERS, &text)) {
        struct put_ticket *put = mem_alloc(sizeof *put);
        ticket_init(&put->t, r);
        if (key[0] != '\0')
            snprintf(put->key, sizeof put->key, "%s", key);
        else
            request_made_id(r, put->key);
        struct canned c = {
            .key = put->key, .title = buf_cstr(&title), .text = buf_cstr(&text), .desk = desk
        };
        canned_put(s->canned, &c, canned_stored, put);
    }
    buf_clear(&title);
    buf_clear(&text);
}

void help_canned_drop(struct request *r)
{
    struct ticket *t = mem_alloc(sizeof *t);
    ticket_init(t, r);
    canned_drop(r->page->hub->service->canned, request_str(r, "key"), ticket_done, t);
}
