/* Conversations on the page of the desk: reading along, and what an officer does with one. */
#include "desk_inside.h"
#include "loa/chat_typing.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_AT_ONCE  40
#define EARLIER_LINES  50
#define LINES_BYTES    40000
#define FREE_WINDOW_MS (48LL * 3600 * 1000)
#define TEXT_BYTES     (CHAT_TEXT_MAX_BYTES - 64) /* the page's id goes along */
#define PAID_MORE_MS   (5LL * 24 * 3600 * 1000)

/* ---- the conversation as JSON ---- */

static void add_ms(struct buf *b, const char *name, const char *digits)
{
    if (digits[0] != '\0')
        json_number(b, name, strtoll(digits, NULL, 10));
}

static void add_state(struct buf *b, const struct service *s, const struct chat_view *v)
{
    int64_t asked = strtoll(chat_view_field(v, "la"), NULL, 10);
    bool proven =
        chat_view_field(v, "wk")[0] != '\0' && strtoll(chat_view_field(v, "wu"), NULL, 10) > clock_wall_ms();
    const char *reason = chat_view_field(v, "hr");
    buf_printf(b, ",\"state\":{\"mode\":\"%s\"", v->mode);
    json_text(b, "channel", v->channel);
    json_text(b, "desk", chat_view_field(v, "dk"));
    json_text(b, "officer", chat_view_field(v, "of"));
    json_text(b, "officer_name", chat_view_field(v, "on"));
    add_ms(b, "since", chat_view_field(v, "hq"));
    add_ms(b, "due", chat_view_field(v, "hp"));
    json_text(b, "reason", reason);
    json_text(b, "reason_vi", words_say(s->words, "handover", reason, NULL));
    buf_printf(b, ",\"proven\":%s", proven ? "true" : "false");
    if (proven)
        add_ms(b, "proven_until", chat_view_field(v, "wu"));
    json_number(b, "asked", asked);
    if (strcmp(v->channel, "zalo") == 0)
        json_number(b, "free_until", asked + FREE_WINDOW_MS);
    buf_str(b, "}");
}

/* The newest lines that fit; true when older ones had to be left out. */
static bool add_lines(struct buf *b, const struct chat_view *v)
{
    unsigned first = v->lines;
    size_t bytes = 0;
    while (first > 0 && bytes + v->line[first - 1].say_len + 64 < LINES_BYTES)
        bytes += v->line[--first].say_len + 64;
    buf_str(b, ",\"lines\":[");
    for (unsigned i = first; i < v->lines; i++) {
        const struct chat_line *l = &v->line[i];
        buf_printf(b, "%s{\"seq\":%lld,\"at\":%lld,\"from\":\"%c\",\"say\":", i > first ? "," : "", l->seq,
                   (long long)l->at_ms, l->from);
        buf_add(b, l->say, l->say_len);
        buf_str(b, "}");
    }
    buf_str(b, "]");
    return first > 0;
}

/* ---- following ---- */

static struct opened *opened_find(struct page *p, const char *cid)
{
    for (unsigned i = 0; i < PAGE_OPEN_MAX; i++)
        if (strcmp(p->open[i].cid, cid) == 0)
            return &p->open[i];
    return NULL;
}

bool may_see_talk(const struct staff_member *w, const struct chat_view *v)
{
    bool mine = strcmp(chat_view_field(v, "of"), w->login) == 0;
    return strcmp(v->mode, "bot") != 0 && (mine || may_see_desk(w, chat_view_field(v, "dk")));
}

struct follow {
    struct ticket t; /* id "": not asked for by the page */
    char cid[CRYPTO_KEY_HEX];
    long long after;
    unsigned serial;
};

static void fetch(struct page *p, struct opened *o, const char *id);

static void say_conversation(struct page *p, struct opened *o, const struct chat_view *v, long long after,
                             bool seen)
{
    struct buf b = BUF_INIT(DESK_OUT_MAX), lines = BUF_INIT(DESK_OUT_MAX);
    bool cut = seen && add_lines(&lines, v);
    buf_str(&b, "{\"type\":\"conversation\"");
    json_text(&b, "cid", v->cid);
    json_text(&b, "epoch", v->epoch);
    json_number(&b, "last", v->last);
    buf_printf(&b, ",\"reload\":%s", v->reload || (cut && after > 0) ? "true" : "false");
    add_state(&b, p->hub->service, v);
    buf_str(&b, seen ? buf_cstr(&lines) : ",\"lines\":[]");
    buf_str(&b, "}");
    text_copy(o->epoch, sizeof o->epoch, v->epoch);
    o->last = v->last;
    o->free_until_ms =
        strcmp(v->channel, "zalo") == 0 ? strtoll(chat_view_field(v, "la"), NULL, 10) + FREE_WINDOW_MS : 0;
    page_say(p, &b);
    buf_clear(&b);
    buf_clear(&lines);
}

static void viewed(void *ctx, enum loa_status st, const struct chat_view *v)
{
    struct follow *f = ctx;
    struct page *p = ticket_page(&f->t);
    struct opened *o = p != NULL ? opened_find(p, f->cid) : NULL;
    bool asked = f->t.id[0] != '\0';
    if (o == NULL || o->serial != f->serial) {
        free(f); /* closed, or opened anew, meanwhile */
        return;
    }
    o->asking = false;
    bool seen = st == LOA_OK && may_see_talk(&p->who, v);
    if (asked && !seen) {
        o->cid[0] = '\0';
        if (st == LOA_OK)
            page_refuse(p, f->t.id, v->last > 0 ? "gone" : "not_found", NULL);
        else
            page_refuse_status(p, f->t.id, st);
    } else if (st == LOA_OK) {
        if (asked)
            page_ok(p, f->t.id, "");
        say_conversation(p, o, v, f->after, seen);
        if (!seen)
            o->cid[0] = '\0'; /* over: the last that is told of it is its state */
        else if (o->again || (v->lines == LINES_AT_ONCE && v->line[v->lines - 1].seq < v->last))
            fetch(p, o, "");
    } else {
        o->again = true; /* the next change, or the page's own question, brings it */
    }
    free(f);
}

static void fetch(struct page *p, struct opened *o, const char *id)
{
    struct follow *f = mem_alloc(sizeof *f);
    f->t = (struct ticket){ p->hub, p->ws, "" };
    snprintf(f->t.id, sizeof f->t.id, "%s", id);
    snprintf(f->cid, sizeof f->cid, "%s", o->cid);
    f->after = o->last;
    f->serial = o->serial;
    o->asking = true;
    o->again = false;
    chat_read(p->hub->service->chat, o->cid, o->epoch, o->last, LINES_AT_ONCE, viewed, f);
}

void talk_open(struct request *r)
{
    char cid[CRYPTO_KEY_HEX];
    struct page *p = r->page;
    if (!request_cid(r, cid))
        return;
    struct opened *o = opened_find(p, cid);
    if (o == NULL)
        o = opened_find(p, "");
    if (o == NULL) {
        page_refuse(p, r->id, "too_many", NULL);
        return;
    }
    int64_t after = request_int(r, "after");
    *o = (struct opened){ .last = after > 0 ? after : 0, .serial = ++p->openings };
    snprintf(o->cid, sizeof o->cid, "%s", cid);
    text_copy(o->epoch, sizeof o->epoch, request_str(r, "epoch"));
    fetch(p, o, r->id);
}

void talk_leave(struct request *r)
{
    char cid[CRYPTO_KEY_HEX];
    if (!request_cid(r, cid))
        return;
    struct opened *o = opened_find(r->page, cid);
    if (o != NULL)
        *o = (struct opened){ .last = 0 };
    page_ok(r->page, r->id, "");
}

void talk_changed(struct hub *h, const char *cid, long long last)
{
    struct page *p, *next;
    HASH_ITER(hh, h->pages, p, next)
    {
        for (unsigned i = 0; i < PAGE_OPEN_MAX; i++) {
            struct opened *o = &p->open[i];
            bool concerned = o->cid[0] != '\0' && (cid[0] == '\0' || strcmp(o->cid, cid) == 0);
            if (!concerned || (last > 0 && last <= o->last))
                continue;
            if (o->asking)
                o->again = true;
            else
                fetch(p, o, "");
        }
    }
}

void talk_typed(struct hub *h, const char *cid)
{
    struct page *p, *next;
    struct buf b = BUF_INIT(128);
    buf_printf(&b, "{\"type\":\"typing\",\"cid\":\"%s\",\"who\":\"citizen\"}", cid);
    HASH_ITER(hh, h->pages, p, next)
    {
        if (opened_find(p, cid) != NULL)
            page_say(p, &b);
    }
    buf_clear(&b);
}

/* ---- lines before those shown ---- */

static void earlier_read(void *ctx, enum loa_status st, const struct chat_view *v)
{
    struct follow *f = ctx;
    struct page *p = ticket_page(&f->t);
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    if (p != NULL && st == LOA_OK && may_see_talk(&p->who, v)) {
        struct chat_view before = *v;
        while (before.lines > 0 && before.line[before.lines - 1].seq >= f->after)
            before.lines--;
        add_lines(&b, &before);
        page_ok(p, f->t.id, buf_cstr(&b));
    } else if (p != NULL && st == LOA_OK) {
        page_refuse(p, f->t.id, "gone", NULL);
    } else if (p != NULL) {
        page_refuse_status(p, f->t.id, st);
    }
    buf_clear(&b);
    free(f);
}

void talk_earlier(struct request *r)
{
    char cid[CRYPTO_KEY_HEX];
    int64_t before = request_int(r, "before");
    if (!request_cid(r, cid))
        return;
    if (before <= 1) {
        page_ok(r->page, r->id, ",\"lines\":[]");
        return;
    }
    struct follow *f = mem_alloc(sizeof *f);
    ticket_init(&f->t, r);
    f->after = before;
    int64_t after = before - 1 - EARLIER_LINES;
    /* After 0 means the newest ones: then all are read, and those before it picked out. */
    chat_read(r->page->hub->service->chat, cid, "", after > 0 ? after : 0,
              after > 0 ? EARLIER_LINES : CHAT_LOG_MAX, earlier_read, f);
}

/* ---- acts ---- */

struct deed {
    struct ticket t;
    char cid[CRYPTO_KEY_HEX];
    char to[STAFF_LOGIN_SIZE]; /* the colleague it is given to, "" none */
};

static struct deed *deed_new(const struct request *r, const char *cid)
{
    struct deed *d = mem_alloc(sizeof *d);
    ticket_init(&d->t, r);
    snprintf(d->cid, sizeof d->cid, "%s", cid);
    return d;
}

static void tell_colleague(struct hub *h, const struct deed *d, const struct handover_done *r)
{
    const char *from = r->login;
    if (strcmp(r->word, "taken") == 0 && from[0] != '\0')
        roster_tell(h->service->roster, from, "stolen", NULL, d->cid);
    if (strcmp(r->word, "passed") == 0 && d->to[0] != '\0')
        roster_tell(h->service->roster, d->to, "passed", NULL, d->cid);
}

static void refuse_other(struct page *p, const char *id, const struct handover_done *r, bool words)
{
    struct buf detail = BUF_INIT(512);
    buf_printf(&detail, "%s: %s.", words_say(p->hub->service->words, "desk", "taken", NULL),
               r->name[0] != '\0' ? r->name : r->login);
    page_refuse(p, id, words ? "not_yours" : "taken", buf_cstr(&detail));
    buf_clear(&detail);
}

static void deed_end(void *ctx, enum loa_status st, const struct handover_done *r, bool words)
{
    struct deed *d = ctx;
    struct page *p = ticket_page(&d->t);
    if (st == LOA_OK)
        tell_colleague(d->t.hub, d, r);
    if (p == NULL)
        ;
    else if (st != LOA_OK)
        page_refuse_status(p, d->t.id, st);
    else if (strcmp(r->word, "other") == 0)
        refuse_other(p, d->t.id, r, words);
    else if (strcmp(r->word, "gone") == 0)
        page_refuse(p, d->t.id, "gone", NULL);
    else
        page_ok(p, d->t.id, "");
    free(d);
}

static void deed_done(void *ctx, enum loa_status st, const struct handover_done *r)
{
    deed_end(ctx, st, r, false);
}

static void words_done(void *ctx, enum loa_status st, const struct handover_done *r)
{
    deed_end(ctx, st, r, true);
}

static struct handover_officer officer_of(const struct page *p)
{
    return (struct handover_officer){ p->who.login, p->who.name, p->who.desks, is_lead(&p->who) };
}

/* Acting needs to have it open. The right to see it may not have been looked at yet: the acts look again. */
static bool request_opened(const struct request *r, char cid[CRYPTO_KEY_HEX])
{
    if (!request_cid(r, cid))
        return false;
    if (opened_find(r->page, cid) != NULL)
        return true;
    page_refuse(r->page, r->id, "not_found", NULL);
    return false;
}

static void take(struct request *r, bool steal)
{
    char cid[CRYPTO_KEY_HEX];
    struct handover_officer who = officer_of(r->page);
    if (request_opened(r, cid))
        handover_take(r->page->hub->service, cid, &who, steal, deed_done, deed_new(r, cid));
}

void talk_take(struct request *r)
{
    take(r, false);
}

void talk_steal(struct request *r)
{
    take(r, true);
}

/* After Zalo's free time an answer costs money, or cannot leave at all: the officer decides, knowing it. */
static bool may_send(const struct request *r, const char *cid)
{
    const struct opened *o = opened_find(r->page, cid);
    if (o->free_until_ms == 0 || clock_wall_ms() < o->free_until_ms)
        return true;
    return json_bool_or(r->m, "paid", false) && clock_wall_ms() < o->free_until_ms + PAID_MORE_MS &&
           config_bool(r->page->hub->service->config, "chat", "paid_reply");
}

static void words(struct request *r, bool note)
{
    char cid[CRYPTO_KEY_HEX];
    struct handover_officer who = officer_of(r->page);
    struct service *s = r->page->hub->service;
    struct buf text = BUF_INIT(4 * CHAT_TEXT_MAX_BYTES);
    if (request_opened(r, cid) && request_text(r, "text", DESK_TEXT_LETTERS, &text)) {
        if (text.len > TEXT_BYTES)
            page_refuse(r->page, r->id, "too_big", NULL);
        else if (!note && !may_send(r, cid))
            page_refuse(r->page, r->id, "window_closed", NULL);
        else if (note)
            handover_note(s, cid, &who, r->id, buf_cstr(&text), words_done, deed_new(r, cid));
        else
            handover_say(s, cid, &who, r->id, buf_cstr(&text), words_done, deed_new(r, cid));
    }
    buf_clear(&text);
}

void talk_reply(struct request *r)
{
    words(r, false);
}

void talk_note(struct request *r)
{
    words(r, true);
}

static void pass(struct request *r, enum handover_to to, const struct handover_officer *colleague,
                 const struct desk *desk)
{
    char cid[CRYPTO_KEY_HEX];
    struct handover_officer who = officer_of(r->page);
    if (!request_opened(r, cid))
        return;
    struct deed *d = deed_new(r, cid);
    if (colleague != NULL)
        text_copy(d->to, sizeof d->to, colleague->login);
    handover_pass(r->page->hub->service, cid, &who, to, colleague, desk, deed_done, d);
}

void talk_back(struct request *r)
{
    pass(r, HANDOVER_BACK, NULL, NULL);
}

void talk_close(struct request *r)
{
    pass(r, HANDOVER_CLOSE, NULL, NULL);
}

void talk_transfer(struct request *r)
{
    const struct service *s = r->page->hub->service;
    const struct desk *desk = desk_find(s->desks, request_str(r, "desk"));
    const struct board_person *to = board_person(s->board, request_str(r, "to"));
    if (desk != NULL) {
        pass(r, HANDOVER_DESK, NULL, desk);
    } else if (to != NULL && to->here) {
        struct handover_officer colleague = { to->login, to->name, to->desks, false };
        pass(r, HANDOVER_COLLEAGUE, &colleague, NULL);
    } else {
        page_refuse(r->page, r->id, "not_here", NULL);
    }
}

void talk_typing(struct request *r)
{
    struct page *p = r->page;
    char cid[CRYPTO_KEY_HEX];
    int64_t now = clock_mono_ms();
    if (now - p->typing_ms < CHAT_TYPING_REST_MS || !request_cid(r, cid) || opened_find(p, cid) == NULL)
        return;
    p->typing_ms = now;
    chat_typing_tell(p->hub->service->redis, cid, 'o');
}
