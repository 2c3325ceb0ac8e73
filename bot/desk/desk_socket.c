/*
 * The desk, live: GET /desk/live (WebSocket; GET /desk is the same). For people of the office with one of the
 * roles officer, lead, editor: the socket is closed with 4401 when there is no living session or the page is
 * not ours, with 4403 when the person has none of the roles.
 *
 * A request is an object with "type" and "id" (1-40 of A-Z a-z 0-9 -, chosen by the page). It gets exactly
 * one answer with the same id:
 *     {"type":"ok","id", …}                    done, and durable where something was stored
 *     {"type":"refused","id","code","detail_vi"}    not done, and why; nothing was changed
 * A request whose answer did not come (connection lost) is sent again with the same id on the next
 * connection: it is done once. Codes: bad_message forbidden not_found gone taken not_yours changed conflict
 * exists not_empty not_here too_many too_big busy unavailable window_closed bad_code.
 * Times are Unix milliseconds; "cid" names a conversation. 20 requests a second are taken, a burst of 40;
 * more are refused with "busy". A message has at most 16 kB.
 *
 * ---- what comes by itself ----
 *   hello         {"you":{"login","name","roles":["officer",…],"desks":[id]},"now","reply_max":2000,
 *                 "desks":[{"id","name","open":bool,"opens","escalate_to","yours":bool}]}
 *                 first of all. opens: when the desk opens next, while it is closed; yours: this person sees
 *                 its queue (leads: all)
 *   queue         {"desk":id,"open","opens","waiting":n,"oldest","items":[item]}
 *                 of each desk at the beginning, and whole again when something in it changed: waiting ones
 *                 in the order they must be taken, then those who talk; at most 40, "waiting" counts all
 *       item      {"cid","mode":"wait"|"talk","channel":"web"|"zalo","since","due" or "taken","reason",
 *                 "reason_vi","escalated":n,"officer","officer_name","first","proven":bool}
 *                 first: the first words of the question
 *   people        {"items":[{"login","name","desks":[id],"talks":n,"on_duty":bool}]}   officers and leads
 *                 connected now
 *   conversation  news of a conversation this page has opened, see "open"
 *   typing        {"cid","who":"citizen"}   good for 5 s
 *   notice        {"n":number,"at","kind","text_vi","cid"}   for this person alone: a swap asked for or
 *                 decided, a shift that begins, a conversation passed on or taken away. Kept until
 *                 "notice_read"; unread ones come again with every connection
 *   alarm         {"cid","text_vi"}   urgent words in a conversation of these desks
 *   roster        {"desk","week"}   changed: ask again when it is shown; both empty: any
 *   canned, drafts   {}   changed likewise
 *
 * ---- conversations ---- (of the desks one sees, or one's own; what the bot and a citizen say is nobody's)
 *   open          {"cid","epoch":"","after":0}   begins to follow it, at most 8 at once; epoch and after
 *                 (last seq held) resume without a gap. ok, and then
 *       conversation {"cid","epoch","last":seq,"reload":bool,"state","lines":[{"seq","at","from","say"}]}
 *                 state: {"mode":"bot"|"wait"|"talk","channel","desk","officer","officer_name","since",
 *                 "due","reason","reason_vi","proven":bool,"proven_until","asked","free_until"}
 *                 asked: the citizen's last word; free_until: Zalo's answers cost nothing until then
 *                 from: c citizen, b bot, o officer, s system, n note; say: {"text","buttons",
 *                 "officer","client","unsent",…}. client: the id of the request that made the line, so the
 *                 page's own line has become durable; unsent: a word why it could not leave by Zalo
 *                 reload: drop what is shown, these are the newest lines. A state with mode "bot" is the
 *                 last that comes: the conversation is followed no longer
 *   leave         {"cid"}
 *   earlier       {"cid","before":seq}   ok {"lines"}: the 50 before it
 *   take          {"cid"}   refused "taken": detail_vi says by whom
 *   steal         {"cid"}   leads: takes it from a colleague, who gets a notice
 *   reply         {"cid","text"}   the holder alone, else "not_yours". ok: durable, delivered once.
 *                 "window_closed": Zalo's free time is over; with "paid":true it is sent all the same where
 *                 [chat] paid_reply allows it
 *   note          {"cid","text"}   for colleagues, never shown to the citizen
 *   back, close   {"cid"}   the bot takes over again; close: it thanks
 *   transfer      {"cid","desk":id}   to a desk's queue, at its old place
 *                 {"cid","to":login}   to a colleague who is connected
 *   typing        {"cid"}   no id, no answer; at most every 2 s
 *
 * ---- beside them ----
 *   dossiers      {"cid"}   ok {"proven","items":[{"code","card"}]}: dossiers named in the newest lines, at
 *                 most 5; card: as GET /v1/dossiers/{code}, null when unknown or too long
 *   dossier       {"code"}   ok {"card"}
 *   suggest       {"cid"} or {"text"}   ok {"question","items":[{"faq","question","answer","source","date",
 *                 "sure":0…1}]}: at most 3 for the citizen's last question, or for text
 *   canned_list   ok {"items":[{"key","title","text","desk","own":bool}]}; own: made here, can be changed
 *   canned_put    leads {"key":"" new,"title","text","desk":id or "" all}   ok {"key"}
 *   canned_drop   leads {"key"}
 *   draft_put     {"draft":"" new,"topic","question","variants":[text],"answer"}   ok {"draft"}: an entry of
 *                 the FAQ to be
 *   draft_list    ok {"items":[{"draft","topic","question","variants","answer","by","by_name","at",
 *                 "state":"draft"|"live"}]}, newest first
 *   draft_publish leads, editors {"draft","at"}   works in all processes at once; at: of the draft that was
 * read, else "changed"; "conflict": the FAQ refuses it draft_drop    {"draft"}   leads, editors; who wrote it
 * while it is a draft. A live one leaves the FAQ
 *
 * ---- roster ---- (a week is named by its Monday, "2026-11-23")
 *   roster_get    {"desk","week"}   ok {"desk","week","shifts":[{"shift","login","name","from","to",
 *                 "present":minutes,"first","swap":{"swap","by","with","for"} or absent}]}
 *   shift_put     leads {"desk","week","shift":"" new,"login","name","from","to"}   ok {"shift"}; "conflict":
 *                 this person is on duty elsewhere then
 *   shift_drop    leads {"desk","week","shift"}
 *   roster_copy   leads {"desk","week"}   the shifts of the week before, into an empty week
 *   swap_ask      {"desk","week","shift","with":login,"for":shift or ""}   my shift for one of theirs in the
 *                 same week, or given away; ok {"swap"}
 *   swap_answer   {"desk","week","swap","yes":bool}   who was asked, or a lead; both are told
 *   swap_withdraw {"desk","week","swap"}
 *   notice_read   {"n"}   all up to n
 * GET /desk/roster.csv?desk=&week= gives the week as a table (BOM, semicolons: opens in Excel).
 */
#include "desk_inside.h"
#include "loa/canned.h"
#include "loa/chat_typing.h"
#include "loa/clock.h"
#include "loa/faq_own.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX_BYTES 16384
#define RATE_PER_S        20.0
#define BURST             40.0
#define PAGES_MAX         1000
#define WORDS_ROLES       (ROLE_OFFICER | ROLE_LEAD | ROLE_EDITOR)

/* ---- answers ---- */

static struct web_socket *socket_of(const struct page *p)
{
    return ws_find(p->hub->service->server, p->ws);
}

enum loa_status page_try(struct page *p, const struct buf *json)
{
    struct web_socket *ws = socket_of(p);
    if (ws == NULL)
        return LOA_CANCELLED;
    enum loa_status st = buf_ok(json) ? ws_send(ws, json->data, json->len, true) : LOA_TOO_BIG;
    if (st == LOA_TOO_BIG)
        log_error("desk_message_too_big"); /* lists are cut to fit: a bug */
    return st;
}

void page_say(struct page *p, const struct buf *json)
{
    struct web_socket *ws = socket_of(p);
    if (page_try(p, json) == LOA_BUSY)
        ws_close(ws, 1013, "slow"); /* it comes back and resumes */
}

void json_text(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    buf_json_string(b, value, strlen(value));
}

void json_number(struct buf *b, const char *name, long long value)
{
    buf_printf(b, ",\"%s\":%lld", name, value);
}

void page_ok(struct page *p, const char *id, const char *members)
{
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    buf_str(&b, "{\"type\":\"ok\"");
    json_text(&b, "id", id);
    buf_str(&b, members);
    buf_str(&b, "}");
    if (buf_ok(&b))
        page_say(p, &b);
    else
        page_refuse(p, id, "too_big", NULL);
    buf_clear(&b);
}

void page_refuse(struct page *p, const char *id, const char *code, const char *detail_vi)
{
    struct buf b = BUF_INIT(4096);
    if (detail_vi == NULL)
        detail_vi = words_say(p->hub->service->words, "desk", code, NULL);
    buf_str(&b, "{\"type\":\"refused\"");
    json_text(&b, "id", id);
    json_text(&b, "code", code);
    json_text(&b, "detail_vi", detail_vi);
    buf_str(&b, "}");
    page_say(p, &b);
    buf_clear(&b);
}

void page_refuse_status(struct page *p, const char *id, enum loa_status st)
{
    page_refuse(p, id, st == LOA_BUSY ? "busy" : st == LOA_NOT_FOUND ? "not_found" : "unavailable", NULL);
}

void ticket_init(struct ticket *t, const struct request *r)
{
    t->hub = r->page->hub;
    t->ws = r->page->ws;
    snprintf(t->id, sizeof t->id, "%s", r->id);
}

struct page *ticket_page(const struct ticket *t)
{
    struct page *p;
    HASH_FIND(hh, t->hub->pages, &t->ws, sizeof t->ws, p);
    return p;
}

void ticket_done(void *ctx, enum loa_status st)
{
    struct ticket *t = ctx;
    struct page *p = ticket_page(t);
    if (p != NULL && st == LOA_OK)
        page_ok(p, t->id, "");
    else if (p != NULL)
        page_refuse_status(p, t->id, st);
    free(t);
}

/* ---- reading requests ---- */

const char *request_str(const struct request *r, const char *name)
{
    return json_str_or(r->m, name, "");
}

int64_t request_int(const struct request *r, const char *name)
{
    int64_t n = 0;
    return json_int(r->m, name, &n) ? n : 0;
}

bool request_text(const struct request *r, const char *name, unsigned letters, struct buf *out)
{
    struct buf clean = BUF_INIT(MESSAGE_MAX_BYTES * 4);
    const char *s = request_str(r, name);
    text_clean(&clean, s, strlen(s), true);
    text_nfc(out, buf_cstr(&clean), clean.len);
    buf_clear(&clean);
    bool blank = strspn(buf_cstr(out), " \n") == out->len,
         fits = text_length(buf_cstr(out), out->len) <= letters;
    if (blank || !fits || !buf_ok(out))
        page_refuse(r->page, r->id, blank ? "bad_message" : "too_big", NULL);
    return !blank && fits && buf_ok(out);
}

void request_made_id(const struct request *r, char out[20])
{
    struct buf b = BUF_INIT(256);
    buf_printf(&b, "%s:%s", r->page->who.login, r->id);
    crypto_hash_hex(b.data, b.len, out, 16);
    buf_clear(&b);
}

bool request_cid(const struct request *r, char cid[CRYPTO_KEY_HEX])
{
    const char *s = request_str(r, "cid");
    bool good = strlen(s) == CRYPTO_KEY_HEX - 1 && strspn(s, "0123456789abcdef") == CRYPTO_KEY_HEX - 1;
    if (good)
        snprintf(cid, CRYPTO_KEY_HEX, "%s", s);
    else
        page_refuse(r->page, r->id, "bad_message", NULL);
    return good;
}

/* ---- rights ---- */

bool is_lead(const struct staff_member *w)
{
    return (w->roles & ROLE_LEAD) != 0;
}

bool is_editor(const struct staff_member *w)
{
    return (w->roles & (ROLE_LEAD | ROLE_EDITOR)) != 0;
}

bool may_see_desk(const struct staff_member *w, const char *desk)
{
    return is_lead(w) || ((w->roles & ROLE_OFFICER) != 0 && board_list_has(w->desks, desk));
}

/* ---- requests ---- */

static const struct {
    const char *type;
    unsigned roles;
    void (*handle)(struct request *r);
} requests[] = {
    { "open", ROLE_OFFICER | ROLE_LEAD, talk_open },
    { "leave", ROLE_OFFICER | ROLE_LEAD, talk_leave },
    { "earlier", ROLE_OFFICER | ROLE_LEAD, talk_earlier },
    { "take", ROLE_OFFICER | ROLE_LEAD, talk_take },
    { "steal", ROLE_LEAD, talk_steal },
    { "reply", ROLE_OFFICER | ROLE_LEAD, talk_reply },
    { "note", ROLE_OFFICER | ROLE_LEAD, talk_note },
    { "back", ROLE_OFFICER | ROLE_LEAD, talk_back },
    { "close", ROLE_OFFICER | ROLE_LEAD, talk_close },
    { "transfer", ROLE_OFFICER | ROLE_LEAD, talk_transfer },
    { "typing", ROLE_OFFICER | ROLE_LEAD, talk_typing },
    { "suggest", WORDS_ROLES, help_suggest },
    { "dossier", ROLE_OFFICER | ROLE_LEAD, help_dossier },
    { "dossiers", ROLE_OFFICER | ROLE_LEAD, help_dossiers },
    { "canned_list", WORDS_ROLES, help_canned_list },
    { "canned_put", ROLE_LEAD, help_canned_put },
    { "canned_drop", ROLE_LEAD, help_canned_drop },
    { "draft_put", WORDS_ROLES, draft_put },
    { "draft_list", WORDS_ROLES, draft_list },
    { "draft_publish", ROLE_LEAD | ROLE_EDITOR, draft_publish },
    { "draft_drop", WORDS_ROLES, draft_drop },
    { "roster_get", WORDS_ROLES, roster_get },
    { "shift_put", ROLE_LEAD, roster_shift_put },
    { "shift_drop", ROLE_LEAD, roster_shift_drop },
    { "roster_copy", ROLE_LEAD, roster_copy },
    { "swap_ask", ROLE_OFFICER | ROLE_LEAD, roster_swap_ask },
    { "swap_answer", ROLE_OFFICER | ROLE_LEAD, roster_swap_answer },
    { "swap_withdraw", ROLE_OFFICER | ROLE_LEAD, roster_swap_withdraw },
    { "notice_read", WORDS_ROLES, roster_notice_read },
};

static bool good_id(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n <= 40 &&
           strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static void handle(struct request *r)
{
    const char *type = request_str(r, "type");
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        if (strcmp(requests[i].type, type) == 0) {
            if ((r->page->who.roles & requests[i].roles) != 0)
                requests[i].handle(r);
            else
                page_refuse(r->page, r->id, "forbidden", NULL);
            return;
        }
    page_refuse(r->page, r->id, "bad_message", NULL);
}

static bool take_token(struct page *p)
{
    int64_t now = clock_mono_ms();
    p->tokens += (double)(now - p->tokens_ms) / 1000 * RATE_PER_S;
    p->tokens = p->tokens < BURST ? p->tokens : BURST;
    p->tokens_ms = now;
    if (p->tokens < 1)
        return false;
    p->tokens--;
    return true;
}

static void on_message(void *ctx, struct web_socket *ws, const char *data, size_t len, bool text)
{
    struct page *p = ctx;
    cJSON *m = NULL;
    if (!text || json_parse(data, len, &m, NULL, 0) != LOA_OK || !cJSON_IsObject(m)) {
        ws_close(ws, 1007, "bad_message");
        cJSON_Delete(m);
        return;
    }
    struct request r = { p, json_str_or(m, "id", ""), m };
    bool typing = strcmp(json_str_or(m, "type", ""), "typing") == 0;
    if (p->who.login[0] == '\0')
        ws_close(ws, 1008, "too_early"); /* "hello" comes first */
    else if (!typing && !good_id(r.id))
        ws_close(ws, 1007, "bad_message");
    else if (!take_token(p))
        page_refuse(p, r.id, "busy", NULL);
    else
        handle(&r);
    staff_socket_active(p->hub->service, p->ws);
    cJSON_Delete(m);
}

/* ---- opening and closing ---- */

/* A socket is accepted before it is known who opened it, and says nothing until then. */
struct arrival {
    struct hub *hub;
    uint64_t ws;
};

/* Who answers citizens stands on the board: a conversation passed to an editor would have nobody. */
static bool answers(const struct page *p)
{
    return (p->who.roles & (ROLE_OFFICER | ROLE_LEAD)) != 0;
}

static void arrive(struct page *p, const struct staff_member *who)
{
    struct board_person person = { .here = true };
    p->who = *who;
    text_copy(person.login, sizeof person.login, who->login);
    text_copy(person.name, sizeof person.name, who->name);
    text_copy(person.desks, sizeof person.desks, who->desks);
    if (answers(p))
        board_arrive(p->hub->service->board, &person);
    staff_guard_socket(p->hub->service, who, p->ws);
    queue_hello(p);
    roster_hello(p);
}

static void known(void *ctx, enum loa_status st, const struct staff_member *who)
{
    struct arrival *a = ctx;
    struct hub *h = a->hub;
    struct web_socket *ws = ws_find(h->service->server, a->ws);
    struct page *p;
    HASH_FIND(hh, h->pages, &a->ws, sizeof a->ws, p);
    free(a);
    if (ws == NULL || p == NULL)
        return;
    if (st == LOA_OK && (who->roles & WORDS_ROLES) != 0)
        arrive(p, who);
    else if (st == LOA_OK)
        ws_close(ws, 4403, "forbidden");
    else if (st == LOA_DENIED)
        ws_close(ws, STAFF_CLOSE_SESSION_OVER, "session_over");
    else
        ws_close(ws, 1013, "unavailable");
}

static void *on_open(void *ctx, struct http_request *handshake, struct web_socket *ws, int *refuse_status)
{
    struct hub *h = ctx;
    if (!h->service->store_open || h->service->stopping || HASH_COUNT(h->pages) >= PAGES_MAX) {
        *refuse_status = 503;
        return NULL;
    }
    struct page *p = mem_alloc(sizeof *p);
    struct arrival *a = mem_alloc(sizeof *a);
    p->hub = h;
    p->ws = ws_id(ws);
    p->tokens = BURST;
    p->tokens_ms = clock_mono_ms();
    HASH_ADD(hh, h->pages, ws, sizeof p->ws, p);
    *a = (struct arrival){ h, p->ws };
    staff_of_handshake(h->service, handshake, known, a);
    return p;
}

static void on_close(void *ctx, struct web_socket *ws)
{
    struct page *p = ctx;
    (void)ws;
    HASH_DEL(p->hub->pages, p);
    timer_stop(&p->push);
    if (answers(p))
        board_leave(p->hub->service->board, p->who.login);
    free(p);
}

/* ---- news for all pages ---- */

static void board_changed(void *ctx, const char *desk)
{
    struct hub *h = ctx;
    struct page *p, *next;
    HASH_ITER(hh, h->pages, p, next)
    {
        if (p->who.login[0] != '\0')
            queue_changed(p, desk);
    }
}

static void duty_changed(void *ctx)
{
    board_changed(ctx, "");
}

static void conversation_changed(void *ctx, const char *cid, long long last)
{
    talk_changed(ctx, cid, last);
}

static void somebody_types(void *ctx, const char *channel, const char *data, size_t len)
{
    char cid[CRYPTO_KEY_HEX], from;
    (void)channel;
    if (chat_typing_read(data, len, cid, &from) && from == 'c')
        talk_typed(ctx, cid);
}

static void say_to_all(struct hub *h, const char *json)
{
    struct page *p, *next;
    struct buf b = BUF_INIT(256);
    buf_str(&b, json);
    HASH_ITER(hh, h->pages, p, next)
    {
        if (p->who.login[0] != '\0')
            page_say(p, &b);
    }
    buf_clear(&b);
}

static void canned_changed(void *ctx)
{
    say_to_all(ctx, "{\"type\":\"canned\"}");
}

static void drafts_changed(void *ctx)
{
    say_to_all(ctx, "{\"type\":\"drafts\"}");
}

static void roster_changed(void *ctx, const char *desk, const char *week)
{
    struct buf b = BUF_INIT(256);
    buf_printf(&b, "{\"type\":\"roster\",\"desk\":\"%s\",\"week\":\"%s\"}", desk, week);
    say_to_all(ctx, buf_cstr(&b));
    buf_clear(&b);
}

static void notice_came(void *ctx, const char *login)
{
    struct hub *h = ctx;
    struct page *p, *next;
    HASH_ITER(hh, h->pages, p, next)
    {
        if (p->who.login[0] != '\0' && (login[0] == '\0' || strcmp(p->who.login, login) == 0))
            roster_hello(p);
    }
}

/* ---- life ---- */

void desk_live(struct service *s)
{
    board_on_change(s->board, board_changed, s->hub);
    chat_on_change(s->chat, conversation_changed, s->hub);
    canned_on_change(s->canned, canned_changed, s->hub);
    faq_own_on_change(s->faq_own, drafts_changed, s->hub);
    const struct roster_listener listener = {
        .changed = roster_changed, .notice = notice_came, .duty = duty_changed, .ctx = s->hub
    };
    roster_listen(s->roster, &listener);
    if (redis_subscribe(s->redis, CHAT_TYPING_CHANNEL, somebody_types, s->hub) != LOA_OK)
        log_error("desk_typing_not_live"); /* only with too many channels: nobody sees who types */
}

void api_desk(struct service *s)
{
    static const struct ws_handler handler = { on_open, on_message, on_close, MESSAGE_MAX_BYTES };
    struct hub *h = api_keep(s, sizeof *h);
    h->service = s;
    s->hub = h;
    struct http_route route = { .methods = HTTP_GET, .pattern = "/desk/live", .ctx = h, .ws = &handler };
    http_server_route(s->server, &route);
    route = (struct http_route){ .methods = HTTP_GET, .pattern = "/desk", .ctx = h, .ws = &handler };
    http_server_route(s->server, &route); /* beside the page, as the outside knows it */
    desk_roster_routes(s);
    api_desk_queue(s);
}
