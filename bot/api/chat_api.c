/*
 * The web chat: one conversation, on any number of pages.
 *
 *   GET /chat  (WebSocket)
 *     client: hello, say, tap, rate, typing: see chat_frame.h. hello comes first, within ten seconds.
 *     server: {"type":"ready","token":…,"epoch":…,"offset":last,"reload":…,"talk":…,"officer":…,
 *              "title":…,"open":…,"office":…,"welcome":{"from":"b","text":…,"buttons":[…]}}
 *                 token: a new visitor's, to be kept. reload: the page's lines are no good, here come the
 *                 newest. talk: bot, wait (somebody is being waited for) or officer. title: whose chat it is.
 *                 open, office: are people there now, and the sentence that says so. welcome: only for a
 *                 conversation without lines
 *             {"type":"line","seq":…,"at":ms,"from":"c|b|o|s","text":…,"buttons":[{"title","payload"|"url"|
 *              "phone"}],…}   every line after the page's offset; c citizen, b bot, o officer, s system
 *             {"type":"ack","id":…,"seq":…}        what was said is durable; 0: it has no line
 *             {"type":"slow","id":…,"wait_ms":…}   not taken: say it again then
 *             {"type":"state","epoch":…,"talk":…,"officer":…}
 *             {"type":"reload","epoch":…}          forget all lines, the newest follow
 *             {"type":"typing"}                    the officer types
 *             {"type":"error","code":…,"id":…,"text":…}   a sentence; after bad_token, bad_session,
 *                 session_expired, no_hello and too_fast it closes (1008)
 *
 * Who is it? A token of ours, an anonymous visitor; or a session token of the portal: then the citizen is
 * proven for as long as the token lives, and the socket lives no longer. A page resumes with the epoch and
 * the last number it has: it gets all after that, or an explicit reload. A line that this very page has said
 * comes as its ack alone.
 */
#include "loa/api.h"
#include "loa/chat.h"
#include "loa/chat_frame.h"
#include "loa/chat_texts.h"
#include "loa/chat_typing.h"
#include "loa/citizen.h"
#include "loa/clock.h"
#include "loa/local_time.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/pace.h"
#include "loa/session_token.h"
#include "loa/text.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define HELLO_LIMIT_MS    10000
#define LINES_AT_ONCE     50
#define LINE_MAX_BYTES    65536
#define FRAMES_PER_TURN   4 /* frames of a socket for each message a conversation may send */
#define BUSY_WAIT_MS      2000
#define EPOCH_BYTES       24
#define OFFICER_MAX_BYTES 40

/* All conversations that are open on some page here. */
struct door {
    struct service *service;
    struct talk *talks;
    unsigned per_s; /* messages of one conversation */
    bool listening;
};

struct talk { /* one conversation */
    char cid[CRYPTO_KEY_HEX];
    struct pace pace;
    struct viewer *viewers;
    UT_hash_handle hh;
};

/* One open socket. Kept small: thousands are idle. */
struct viewer {
    struct door *door;
    uint64_t ws;
    struct talk *talk; /* NULL until hello was read */
    struct viewer *next;
    long long offset, wanted; /* got so far; heard of */
    unsigned unacked;         /* says under way */
    bool greeted, asking;
    char mode, epoch[EPOCH_BYTES], officer[OFFICER_MAX_BYTES]; /* as the page was told */
    char who[CRYPTO_KEY_HEX];                                  /* "" not proven */
    char *unit;                                                /* NULL unknown */
    int64_t typing_ms;
    struct pace pace;   /* frames */
    struct timer limit; /* until hello, then until the session ends */
};

/* What is under way finds its socket by id: the viewer may be gone by then. */
struct errand {
    struct door *door;
    uint64_t ws;
    struct viewer *viewer; /* valid while the socket is found */
    char id[CHAT_FRAME_ID_MAX + 1];
    char token[CHAT_TOKEN_SIZE]; /* hello of a new visitor */
    bool hello;
};

/* A second's worth may come at once. */
static void begin_pace(struct pace *p, unsigned per_s)
{
    pace_set(p, per_s);
    pace_give(p, per_s);
}

static struct errand *errand_new(struct viewer *v)
{
    struct errand *e = mem_alloc(sizeof *e);
    e->door = v->door;
    e->ws = v->ws;
    e->viewer = v;
    return e;
}

/* The viewer, or NULL when its socket is gone. */
static struct viewer *errand_viewer(const struct errand *e)
{
    return ws_find(e->door->service->server, e->ws) != NULL ? e->viewer : NULL;
}

/* ---- what we say ---- */

static void send_text(struct viewer *v, const struct buf *text)
{
    struct web_socket *ws = ws_find(v->door->service->server, v->ws);
    if (ws != NULL && ws_send(ws, text->data, text->len, true) != LOA_OK)
        ws_close(ws, 1013, "slow"); /* it comes back with its offset and misses nothing */
}

static void hang_up(const struct viewer *v, int code, const char *reason)
{
    struct web_socket *ws = ws_find(v->door->service->server, v->ws);
    if (ws != NULL)
        ws_close(ws, code, reason);
}

static void add_member(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, ",\"%s\":", name);
    buf_json_string(out, value, strlen(value));
}

static void say_error(struct viewer *v, const char *code, const char *id)
{
    struct buf b = BUF_INIT(2048);
    buf_printf(&b, "{\"type\":\"error\",\"code\":\"%s\",\"id\":\"%s\"", code, id);
    add_member(&b, "text", words_say(v->door->service->words, "chat", code, NULL));
    buf_str(&b, "}");
    send_text(v, &b);
    buf_clear(&b);
}

static void dismiss(struct viewer *v, const char *code)
{
    say_error(v, code, "");
    hang_up(v, 1008, code);
}

static void say_slow(struct viewer *v, const char *id, int64_t wait_ms)
{
    struct buf b = BUF_INIT(256);
    buf_printf(&b, "{\"type\":\"slow\",\"id\":\"%s\",\"wait_ms\":%lld}", id, (long long)wait_ms);
    send_text(v, &b);
    buf_clear(&b);
}

static void say_ack(struct viewer *v, const char *id, long long seq)
{
    struct buf b = BUF_INIT(256);
    buf_printf(&b, "{\"type\":\"ack\",\"id\":\"%s\",\"seq\":%lld}", id, seq);
    send_text(v, &b);
    buf_clear(&b);
}

/* The log's text is our own JSON object: its members are passed on as they are. */
static void say_line(struct viewer *v, const struct chat_line *line)
{
    struct buf b = BUF_INIT(LINE_MAX_BYTES);
    buf_printf(&b, "{\"type\":\"line\",\"seq\":%lld,\"at\":%lld,\"from\":\"%c\"%s", line->seq,
               (long long)line->at_ms, line->from, line->say_len > 2 ? "," : "}");
    if (line->say_len > 2)
        buf_add(&b, line->say + 1, line->say_len - 1);
    if (buf_ok(&b))
        send_text(v, &b);
    buf_clear(&b);
}

static void add_buttons(struct buf *out, const struct chat_said *said)
{
    buf_str(out, ",\"buttons\":[");
    for (unsigned i = 0; i < said->buttons; i++) {
        const char *action = said->button[i].action;
        buf_str(out, i > 0 ? ",{\"title\":" : "{\"title\":");
        buf_json_string(out, said->button[i].title, strlen(said->button[i].title));
        if (strncmp(action, "tel:", 4) == 0)
            add_member(out, "phone", action + 4);
        else
            add_member(out, action[0] == '#' ? "payload" : "url", action);
        buf_str(out, "}");
    }
    buf_str(out, "]");
}

/* Appends ,"<name>":… and, where it has some, ,"buttons":[…]: one of our own texts. */
static void add_text(struct buf *out, const struct service *s, const char *name, const char *id,
                     const struct params *p)
{
    struct chat_said said;
    chat_said_init(&said);
    if (chat_texts_render(s->chat_texts, id, "web", p, &said) == LOA_OK) {
        add_member(out, name, buf_cstr(&said.text));
        if (said.buttons > 0)
            add_buttons(out, &said);
    }
    chat_said_clear(&said);
}

/* "at" and one of today, tomorrow, date: when the office opens. */
static void set_opening(struct params *p, int64_t opens_ms, int64_t now_ms)
{
    struct local_time at = local_from_ms(opens_ms);
    int64_t days = at.day_number - local_from_ms(now_ms).day_number;
    char text[16];
    snprintf(text, sizeof text, "%02d:%02d", at.hour, at.minute);
    params_set(p, "at", text);
    date_print_vi(opens_ms, text);
    params_set(p, days == 0 ? "today" : days == 1 ? "tomorrow" : "date", text);
}

static void add_office(struct buf *out, const struct viewer *v)
{
    const struct service *s = v->door->service;
    const struct calendar *cal = policy_calendar(s->policy);
    const int64_t now_ms = clock_wall_ms();
    const struct unit_info *unit = v->unit != NULL ? policy_unit(s->policy, v->unit, now_ms) : NULL;
    const bool open = calendar_office_open(cal, v->unit, now_ms);
    struct params p;
    params_init(&p);
    if (unit != NULL)
        params_set(&p, "unit", unit->name);
    if (!open)
        set_opening(&p, calendar_next_opening(cal, v->unit, now_ms), now_ms);
    add_text(out, s, "title", "web_title", &p);
    buf_printf(out, ",\"open\":%s", open ? "true" : "false");
    add_text(out, s, "office", open ? "web_open" : "web_closed", &p);
    params_clear(&p);
}

static void add_talk(struct buf *out, const struct viewer *v)
{
    add_member(out, "epoch", v->epoch);
    add_member(out, "talk", v->mode == 't' ? "officer" : v->mode == 'w' ? "wait" : "bot");
    add_member(out, "officer", v->officer);
}

static void say_ready(struct viewer *v, const struct chat_view *view, const char *token)
{
    struct buf b = BUF_INIT(LINE_MAX_BYTES);
    buf_printf(&b, "{\"type\":\"ready\",\"offset\":%lld,\"reload\":%s", view->last,
               view->reload ? "true" : "false");
    add_talk(&b, v);
    if (token[0] != '\0')
        add_member(&b, "token", token);
    add_office(&b, v);
    if (view->last == 0) {
        buf_str(&b, ",\"welcome\":{\"from\":\"b\"");
        add_text(&b, v->door->service, "text", "web_welcome", NULL);
        buf_str(&b, "}");
    }
    buf_str(&b, "}");
    send_text(v, &b);
    buf_clear(&b);
}

static void say_state(struct viewer *v, const char *type)
{
    struct buf b = BUF_INIT(512);
    buf_printf(&b, "{\"type\":\"%s\"", type);
    add_talk(&b, v);
    buf_str(&b, "}");
    send_text(v, &b);
    buf_clear(&b);
}

/* ---- reading the conversation ---- */

static void look(struct viewer *v);

/* Remembers who talks; true when the page does not know it yet. */
static bool note_state(struct viewer *v, const struct chat_view *view)
{
    const char *officer = view->mode[0] == 't' ? chat_view_field(view, "on") : "";
    if (v->mode == view->mode[0] && strcmp(v->epoch, view->epoch) == 0 && strcmp(v->officer, officer) == 0)
        return false;
    v->mode = view->mode[0];
    snprintf(v->epoch, sizeof v->epoch, "%s", view->epoch);
    text_copy(v->officer, sizeof v->officer, officer);
    return true;
}

static void say_lines(struct viewer *v, const struct chat_view *view)
{
    for (unsigned i = 0; i < view->lines; i++) {
        if (view->line[i].from != 'n')
            say_line(v, &view->line[i]);
        v->offset = view->line[i].seq;
    }
    if (view->lines < LINES_AT_ONCE)
        v->offset = view->last;
    else if (v->offset < view->last && v->wanted < view->last)
        v->wanted = view->last;
}

static void viewed(void *ctx, enum loa_status st, const struct chat_view *view)
{
    struct errand *e = ctx;
    struct viewer *v = errand_viewer(e);
    if (v != NULL)
        v->asking = false;
    if (v != NULL && st != LOA_OK) {
        hang_up(v, 1013, "unavailable");
    } else if (v != NULL) {
        bool news = note_state(v, view);
        if (e->hello)
            say_ready(v, view, e->token);
        else if (view->reload || news)
            say_state(v, view->reload ? "reload" : "state");
        say_lines(v, view);
        look(v);
    }
    free(e);
}

static void ask(struct viewer *v, struct errand *e)
{
    v->asking = true;
    v->wanted = 0;
    chat_read(v->door->service->chat, v->talk->cid, v->epoch, v->offset, LINES_AT_ONCE, viewed, e);
}

/* What this page says itself is not read back: its ack says where it stands, so reading waits for that. */
static void look(struct viewer *v)
{
    if (!v->asking && v->unacked == 0 && v->wanted > v->offset)
        ask(v, errand_new(v));
}

static void hear(struct viewer *v, long long last)
{
    if (last == 0)
        last = LLONG_MAX;
    if (v->wanted < last)
        v->wanted = last;
    look(v);
}

static void talk_hears(const struct talk *t, long long last)
{
    for (struct viewer *v = t->viewers; v != NULL; v = v->next)
        hear(v, last);
}

static void conversation_changed(void *ctx, const char *cid, long long last)
{
    struct door *d = ctx;
    struct talk *t, *next;
    if (cid[0] == '\0') {
        HASH_ITER(hh, d->talks, t, next)
        {
            talk_hears(t, 0);
        }
        return;
    }
    HASH_FIND_STR(d->talks, cid, t);
    if (t != NULL)
        talk_hears(t, last);
}

/* A page that stands right before these lines gets them at once. One that does not know the epoch yet reads.
 */
static void lines_said(void *ctx, const char *cid, const struct chat_line *line, unsigned lines)
{
    struct door *d = ctx;
    struct talk *t;
    HASH_FIND_STR(d->talks, cid, t);
    for (struct viewer *v = t != NULL ? t->viewers : NULL; v != NULL; v = v->next) {
        if (v->asking || v->unacked > 0 || v->epoch[0] == '\0' || v->offset + 1 != line[0].seq)
            continue;
        for (unsigned i = 0; i < lines; i++)
            if (line[i].from != 'n')
                say_line(v, &line[i]);
        v->offset = line[lines - 1].seq;
    }
}

static void somebody_types(void *ctx, const char *channel, const char *data, size_t len)
{
    struct door *d = ctx;
    struct talk *t = NULL;
    struct buf b = BUF_INIT(64);
    char cid[CRYPTO_KEY_HEX], from;
    (void)channel;
    if (!chat_typing_read(data, len, cid, &from) || from != 'o')
        return;
    buf_str(&b, "{\"type\":\"typing\"}");
    HASH_FIND_STR(d->talks, cid, t);
    for (struct viewer *v = t != NULL ? t->viewers : NULL; v != NULL; v = v->next)
        send_text(v, &b);
    buf_clear(&b);
}

/* ---- hello ---- */

static void join(struct viewer *v, const char *cid)
{
    struct door *d = v->door;
    struct talk *t;
    HASH_FIND_STR(d->talks, cid, t);
    if (t == NULL) {
        t = mem_alloc(sizeof *t);
        snprintf(t->cid, sizeof t->cid, "%s", cid);
        begin_pace(&t->pace, d->per_s);
        HASH_ADD_STR(d->talks, cid, t);
    }
    v->talk = t;
    v->asking = true; /* its first reading is about to begin */
    v->next = t->viewers;
    t->viewers = v;
}

static void leave(struct viewer *v)
{
    struct talk *t = v->talk;
    if (t == NULL)
        return;
    for (struct viewer **at = &t->viewers; *at != NULL; at = &(*at)->next) {
        if (*at == v) {
            *at = v->next;
            break;
        }
    }
    if (t->viewers == NULL) {
        HASH_DEL(v->door->talks, t);
        free(t);
    }
}

static void over(void *ctx)
{
    struct viewer *v = ctx;
    dismiss(v, v->greeted ? "session_expired" : "no_hello");
}

static void hello_visitor(struct viewer *v, const char *token)
{
    const struct crypto *k = v->door->service->crypto;
    struct errand *e = errand_new(v);
    char cid[CRYPTO_KEY_HEX];
    e->hello = true;
    if (token[0] == '\0') {
        chat_token_new(k, e->token, cid);
    } else if (!chat_token_check(k, token, cid)) {
        free(e);
        dismiss(v, "bad_token");
        return;
    }
    timer_stop(&v->limit);
    join(v, cid);
    ask(v, e);
}

static void citizen_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct errand *e = ctx;
    struct viewer *v = errand_viewer(e);
    if (v == NULL) {
        free(e);
    } else if (st != LOA_OK) {
        hang_up(v, 1013, "unavailable");
        free(e);
    } else {
        snprintf(v->who, sizeof v->who, "%s", c->ckey);
        ask(v, e);
    }
}

static void hello_citizen(struct viewer *v, const char *token)
{
    struct service *s = v->door->service;
    const char *secret = config_str(s->config, "portal", "session_secret");
    struct session session;
    char identity[300], cid[CRYPTO_KEY_HEX];
    if (session_token_verify(token, secret, clock_wall_ms(), &session) != LOA_OK ||
        citizen_identity(session.subject, identity) != LOA_OK) {
        dismiss(v, "bad_session");
        return;
    }
    citizen_key(s->crypto, identity, cid);
    timer_start(&v->limit, s->loop, session.expires_ms - clock_wall_ms(), over, v);
    join(v, cid);
    struct errand *e = errand_new(v);
    e->hello = true;
    if (citizen_load(s->store, cid, citizen_found, e) != LOA_OK) {
        free(e);
        hang_up(v, 1013, "unavailable");
    }
}

static void hello(struct viewer *v, const struct chat_frame *f)
{
    if (v->greeted) {
        say_error(v, "bad_hello", "");
        return;
    }
    v->greeted = true;
    v->offset = f->offset;
    text_copy(v->epoch, sizeof v->epoch, f->epoch);
    v->unit = f->unit[0] != '\0' ? mem_strdup(f->unit) : NULL;
    if (f->session[0] != '\0')
        hello_citizen(v, f->session);
    else
        hello_visitor(v, f->token);
}

/* ---- what the citizen says ---- */

static void accepted(void *ctx, enum loa_status st, const struct chat_accepted *a)
{
    struct errand *e = ctx;
    struct viewer *v = errand_viewer(e);
    if (v != NULL) {
        v->unacked--;
        if (st == LOA_OK) {
            say_ack(v, e->id, a->seq);
            if (a->seq == v->offset + 1)
                v->offset = a->seq;
        } else if (st == LOA_BUSY) {
            say_slow(v, e->id, BUSY_WAIT_MS);
        } else {
            say_error(v, "unavailable", e->id);
        }
        look(v);
    }
    free(e);
}

static void take(struct viewer *v, const struct chat_frame *f)
{
    static const enum chat_input_kind kinds[] = {
        [FRAME_SAY] = CHAT_TEXT, [FRAME_TAP] = CHAT_TAP, [FRAME_RATE] = CHAT_RATING
    };
    struct talk *t = v->talk;
    struct chat_input in = { .kind = kinds[f->kind],
                             .channel = "web",
                             .address = "",
                             .who = v->who,
                             .text = f->text,
                             .title = f->title,
                             .unit = v->unit,
                             .dedupe = f->id,
                             .at_ms = clock_wall_ms() };
    if (pace_available(&t->pace, 1) == 0) {
        say_slow(v, f->id, pace_wait_ms(&t->pace));
        return;
    }
    pace_take(&t->pace, 1);
    snprintf(in.cid, sizeof in.cid, "%s", t->cid);
    struct errand *e = errand_new(v);
    snprintf(e->id, sizeof e->id, "%s", f->id);
    v->unacked++;
    chat_receive(v->door->service->chat, &in, accepted, e);
}

/* Only where somebody may be looking. */
static void typing(struct viewer *v)
{
    const int64_t now_ms = clock_mono_ms();
    if (v->mode == 'b' || now_ms - v->typing_ms < CHAT_TYPING_REST_MS)
        return;
    v->typing_ms = now_ms;
    chat_typing_tell(v->door->service->redis, v->talk->cid, 'c');
}

static void obey(struct viewer *v, const struct chat_frame *f)
{
    if (f->kind == FRAME_HELLO)
        hello(v, f);
    else if (v->mode == '\0')
        say_error(v, "hello_first", f->id); /* or not yet "ready": who it is may still be unknown */
    else if (f->kind == FRAME_TYPING)
        typing(v);
    else
        take(v, f);
}

/* ---- sockets ---- */

static void on_message(void *ctx, struct web_socket *ws, const char *data, size_t len, bool text)
{
    struct viewer *v = ctx;
    struct chat_frame f = { .tree = NULL };
    (void)ws;
    if (pace_available(&v->pace, 1) == 0) {
        dismiss(v, "too_fast");
        return;
    }
    pace_take(&v->pace, 1);
    const char *wrong = text ? chat_frame_read(data, len, &f) : "bad_message";
    if (wrong != NULL)
        say_error(v, wrong, text ? f.id : "");
    else
        obey(v, &f);
    chat_frame_clear(&f);
}

/* The chat itself begins when the store is open, later than these routes. */
static void listen_once(struct door *d)
{
    if (d->listening)
        return;
    d->listening = true;
    chat_on_change(d->service->chat, conversation_changed, d);
    chat_on_said(d->service->chat, lines_said, d);
}

static void *on_open(void *ctx, struct http_request *handshake, struct web_socket *ws, int *refuse_status)
{
    struct door *d = ctx;
    if (!d->service->store_open || d->service->stopping) {
        *refuse_status = 503;
        return NULL;
    }
    if (!api_origin_allowed(d->service, handshake,
                            config_str(d->service->config, "chat", "allowed_origins"))) {
        *refuse_status = 403;
        return NULL;
    }
    listen_once(d);
    struct viewer *v = mem_alloc(sizeof *v);
    v->door = d;
    v->ws = ws_id(ws);
    begin_pace(&v->pace, d->per_s * FRAMES_PER_TURN);
    timer_start(&v->limit, d->service->loop, HELLO_LIMIT_MS, over, v);
    return v;
}

static void on_close(void *ctx, struct web_socket *ws)
{
    struct viewer *v = ctx;
    (void)ws;
    timer_stop(&v->limit);
    leave(v);
    free(v->unit);
    free(v);
}

void api_chat(struct service *s)
{
    static const struct ws_handler handler = { on_open, on_message, on_close, CHAT_FRAME_MAX_BYTES };
    struct door *d = api_keep(s, sizeof *d);
    d->service = s;
    d->per_s = (unsigned)config_int(s->config, "chat", "rate");
    struct http_route route = { .methods = HTTP_GET, .pattern = "/chat", .ctx = d, .ws = &handler };
    http_server_route(s->server, &route);
    if (redis_subscribe(s->redis, CHAT_TYPING_CHANNEL, somebody_types, d) != LOA_OK)
        log_error("chat_typing_not_live"); /* only with too many channels: nobody sees who types */
}
