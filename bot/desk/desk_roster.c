/* The roster on the page of the desk, notices for one officer, and the week as a table. */
#include "desk_inside.h"
#include "loa/clock.h"
#include "loa/csv.h"
#include "loa/mem.h"
#include "loa/roster.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WEEK_MS       (7 * CALENDAR_DAY_MS)
#define SHIFT_MAX_MS  (24LL * 3600 * 1000)
#define CSV_MAX_BYTES (1u << 20)

/* ---- requests about one week ---- */

struct week_ticket {
    struct ticket t;
    char desk[36], week[ROSTER_WEEK_SIZE];
    char given[ROSTER_ID_SIZE]; /* id of what is made, for the answer; "" none */
    const char *given_as;
};

static bool request_week(const struct request *r, struct roster_change *c, int64_t *begins_ms)
{
    const struct service *s = r->page->hub->service;
    *c = (struct roster_change){ .desk = request_str(r, "desk"),
                                 .week = request_str(r, "week"),
                                 .who = r->page->who.login,
                                 .lead = is_lead(&r->page->who) };
    if (desk_find(s->desks, c->desk) != NULL && roster_week(c->week, begins_ms))
        return true;
    page_refuse(r->page, r->id, "bad_message", NULL);
    return false;
}

static struct week_ticket *week_ticket_new(const struct request *r, const struct roster_change *c)
{
    struct week_ticket *w = mem_alloc(sizeof *w);
    ticket_init(&w->t, r);
    text_copy(w->desk, sizeof w->desk, c->desk);
    text_copy(w->week, sizeof w->week, c->week);
    return w;
}

static void changed(void *ctx, enum loa_status st, const char *word)
{
    struct week_ticket *w = ctx;
    struct page *p = ticket_page(&w->t);
    struct buf b = BUF_INIT(256);
    if (w->given_as != NULL)
        json_text(&b, w->given_as, w->given);
    if (p == NULL)
        ;
    else if (st != LOA_OK)
        page_refuse_status(p, w->t.id, st);
    else if (strcmp(word, "ok") == 0)
        page_ok(p, w->t.id, buf_cstr(&b));
    else
        page_refuse(p, w->t.id, strcmp(word, "full") == 0 ? "too_many" : word, NULL);
    buf_clear(&b);
    free(w);
}

static bool good_shift_id(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n < ROSTER_ID_SIZE && strspn(id, "0123456789abcdef") == n;
}

/* ---- shifts ---- */

void roster_shift_put(struct request *r)
{
    struct roster_change c;
    struct roster_shift s = { .from_ms = request_int(r, "from"), .to_ms = request_int(r, "to") };
    struct buf name = BUF_INIT(1024);
    int64_t begins;
    const char *id = request_str(r, "shift");
    if (!request_week(r, &c, &begins) || !request_text(r, "name", 100, &name)) {
        buf_clear(&name);
        return;
    }
    for (char *bar = name.data; (bar = strchr(bar, '|')) != NULL;)
        *bar = '/';
    text_copy(s.name, sizeof s.name, buf_cstr(&name));
    if (id[0] == '\0')
        request_made_id(r, s.id);
    else
        text_copy(s.id, sizeof s.id, id);
    bool good = staff_login_clean(request_str(r, "login"), s.login) && good_shift_id(s.id) &&
                s.from_ms >= begins && s.from_ms < begins + WEEK_MS && s.to_ms > s.from_ms &&
                s.to_ms - s.from_ms <= SHIFT_MAX_MS;
    if (good) {
        struct week_ticket *w = week_ticket_new(r, &c);
        w->given_as = "shift";
        text_copy(w->given, sizeof w->given, s.id);
        c.done = changed;
        c.ctx = w;
        roster_put(r->page->hub->service->roster, &c, &s);
    } else {
        page_refuse(r->page, r->id, "bad_message", NULL);
    }
    buf_clear(&name);
}

static void dropped(void *ctx, enum loa_status st, const char *word)
{
    (void)word; /* what is gone already is as good */
    ticket_done(ctx, st);
}

void roster_shift_drop(struct request *r)
{
    struct roster_change c;
    int64_t begins;
    if (!request_week(r, &c, &begins))
        return;
    struct ticket *t = mem_alloc(sizeof *t);
    ticket_init(t, r);
    c.done = dropped;
    c.ctx = t;
    roster_drop(r->page->hub->service->roster, &c, request_str(r, "shift"));
}

static void copied(void *ctx, enum loa_status st, const char *word)
{
    struct ticket *t = ctx;
    struct page *p = ticket_page(t);
    struct buf b = BUF_INIT(64);
    json_number(&b, "shifts", strtoll(word, NULL, 10));
    if (p != NULL && st == LOA_OK && word[0] == '-')
        page_refuse(p, t->id, "not_empty", NULL);
    else if (p != NULL && st == LOA_OK)
        page_ok(p, t->id, buf_cstr(&b));
    else if (p != NULL)
        page_refuse_status(p, t->id, st);
    buf_clear(&b);
    free(t);
}

void roster_copy(struct request *r)
{
    struct roster_change c;
    int64_t begins;
    if (!request_week(r, &c, &begins))
        return;
    struct ticket *t = mem_alloc(sizeof *t);
    ticket_init(t, r);
    c.done = copied;
    c.ctx = t;
    roster_copy_week(r->page->hub->service->roster, &c);
}

/* ---- swaps ---- */

void roster_swap_ask(struct request *r)
{
    struct roster_change c;
    int64_t begins;
    char with[STAFF_LOGIN_SIZE];
    const char *shift = request_str(r, "shift"), *back = request_str(r, "for");
    if (!request_week(r, &c, &begins))
        return;
    if (!staff_login_clean(request_str(r, "with"), with) || !good_shift_id(shift) ||
        (back[0] != '\0' && !good_shift_id(back))) {
        page_refuse(r->page, r->id, "bad_message", NULL);
        return;
    }
    struct week_ticket *w = week_ticket_new(r, &c);
    w->given_as = "swap";
    request_made_id(r, w->given);
    c.done = changed;
    c.ctx = w;
    roster_ask(r->page->hub->service->roster, &c, w->given, shift, with, back);
}

static void answer_swap(struct request *r, enum roster_answer a)
{
    struct roster_change c;
    int64_t begins;
    if (!request_week(r, &c, &begins))
        return;
    c.done = changed;
    c.ctx = week_ticket_new(r, &c);
    roster_answer(r->page->hub->service->roster, &c, request_str(r, "swap"), a, r->page->who.name);
}

void roster_swap_answer(struct request *r)
{
    answer_swap(r, json_bool_or(r->m, "yes", false) ? ROSTER_YES : ROSTER_NO);
}

void roster_swap_withdraw(struct request *r)
{
    answer_swap(r, ROSTER_WITHDRAW);
}

/* ---- a week ---- */

static void add_shift(struct buf *b, const struct roster_shift *s)
{
    buf_printf(b, "{\"shift\":\"%s\"", s->id);
    json_text(b, "login", s->login);
    json_text(b, "name", s->name);
    json_number(b, "from", s->from_ms);
    json_number(b, "to", s->to_ms);
    json_number(b, "present", s->minutes);
    json_number(b, "first", s->first_ms);
    if (s->swap[0] != '\0') {
        buf_printf(b, ",\"swap\":{\"swap\":\"%s\"", s->swap);
        json_text(b, "by", s->login);
        json_text(b, "with", s->swap_with);
        json_text(b, "for", s->swap_for);
        buf_str(b, "}");
    }
    buf_str(b, "}");
}

static void week_found(void *ctx, enum loa_status st, const struct roster_shift *shift, unsigned count)
{
    struct week_ticket *w = ctx;
    struct page *p = ticket_page(&w->t);
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    json_text(&b, "desk", w->desk);
    json_text(&b, "week", w->week);
    buf_str(&b, ",\"shifts\":[");
    for (unsigned i = 0; i < count; i++) {
        buf_str(&b, i > 0 ? "," : "");
        add_shift(&b, &shift[i]);
    }
    buf_str(&b, "]");
    if (p != NULL && st == LOA_OK && buf_ok(&b))
        page_ok(p, w->t.id, buf_cstr(&b));
    else if (p != NULL)
        page_refuse(p, w->t.id, st == LOA_OK ? "too_big" : "unavailable", NULL);
    buf_clear(&b);
    free(w);
}

void roster_get(struct request *r)
{
    struct roster_change c;
    int64_t begins;
    if (request_week(r, &c, &begins))
        roster_read(r->page->hub->service->roster, c.desk, c.week, week_found, week_ticket_new(r, &c));
}

/* ---- notices ---- */

static void say_notice(struct page *p, const struct roster_notice *n)
{
    struct buf b = BUF_INIT(2048), text = BUF_INIT(1024);
    buf_str(&text, words_say(p->hub->service->words, "notice", n->kind, NULL));
    if (n->detail[0] != '\0')
        buf_printf(&text, " (%s)", n->detail);
    buf_str(&b, "{\"type\":\"notice\"");
    json_number(&b, "n", n->n);
    json_number(&b, "at", n->at_ms);
    json_text(&b, "kind", n->kind);
    json_text(&b, "cid", n->cid);
    json_text(&b, "text_vi", buf_cstr(&text));
    buf_str(&b, "}");
    page_say(p, &b);
    buf_clear(&b);
    buf_clear(&text);
}

static void notices_found(void *ctx, enum loa_status st, const struct roster_notice *notice, unsigned count)
{
    struct ticket *t = ctx;
    struct page *p = ticket_page(t);
    for (unsigned i = 0; p != NULL && st == LOA_OK && i < count; i++)
        if (notice[i].n > p->notices_said) {
            p->notices_said = notice[i].n;
            say_notice(p, &notice[i]);
        }
    free(t);
}

void roster_hello(struct page *p)
{
    struct ticket *t = mem_alloc(sizeof *t);
    *t = (struct ticket){ p->hub, p->ws, "" };
    roster_notices(p->hub->service->roster, p->who.login, notices_found, t);
}

void roster_notice_read(struct request *r)
{
    struct ticket *t = mem_alloc(sizeof *t);
    ticket_init(t, r);
    roster_notices_read(r->page->hub->service->roster, r->page->who.login, request_int(r, "n"), dropped, t);
}

/* ---- the week as a table ---- */

static void add_time(struct buf *b, int64_t ms)
{
    char text[32];
    date_print_vi_time(ms, text);
    csv_cell(b, text);
}

static void answer_csv(struct api_call *c, const struct buf *csv)
{
    http_reply_header(c->req, "Content-Disposition", "attachment; filename=\"lich-truc.csv\"");
    api_reply(c, 200, "text/csv; charset=utf-8", csv);
}

static void exported(void *ctx, enum loa_status st, const struct roster_shift *shift, unsigned count)
{
    struct staff_call *c = ctx;
    struct buf b = BUF_INIT(CSV_MAX_BYTES);
    buf_str(&b, "\xEF\xBB\xBF"
                "Tên đăng nhập;Họ và tên;Từ;Đến;Có mặt từ;Số phút có mặt\r\n");
    for (unsigned i = 0; i < count; i++) {
        const struct roster_shift *s = &shift[i];
        csv_cell(&b, s->login);
        buf_char(&b, ';');
        csv_cell(&b, s->name);
        buf_char(&b, ';');
        add_time(&b, s->from_ms);
        buf_char(&b, ';');
        add_time(&b, s->to_ms);
        buf_char(&b, ';');
        if (s->first_ms > 0)
            add_time(&b, s->first_ms);
        buf_printf(&b, ";%u\r\n", s->minutes);
    }
    if (st == LOA_OK)
        answer_csv(c->call, &b);
    else
        api_problem_status(c->call, st);
    buf_clear(&b);
}

static void get_csv(struct staff_call *c)
{
    const struct service *s = c->call->service;
    const char *desk = http_request_query(c->call->req, "desk"),
               *week = http_request_query(c->call->req, "week");
    int64_t begins;
    if (desk == NULL || desk_find(s->desks, desk) == NULL || week == NULL || !roster_week(week, &begins)) {
        api_problem(c->call, 400, "bad_week", "A desk and a Monday are needed",
                    "Hãy chọn bàn trực và ngày thứ Hai đầu tuần, ví dụ week=2026-11-23.", NULL);
        return;
    }
    roster_read(s->roster, desk, week, exported, c);
}

void desk_roster_routes(struct service *s)
{
    static const struct staff_route routes[] = {
        { HTTP_GET, "/desk/roster.csv", ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR, 0, get_csv },
        { 0 },
    };
    staff_routes(s, routes);
}
