/*
 * Lines of a conversation that leave by Zalo: each is a notification of the kind "chat", sent as it is, in
 * the order of the conversation. Its id comes from the conversation, the number of the input and the place of
 * the line, so a turn that is computed again sends nothing twice.
 */
#include "chat_inside.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FREE_WINDOW_MS (48LL * 3600 * 1000)
#define PAID_WINDOW_MS (7LL * 24 * 3600 * 1000)
#define WORTH_MS       (24LL * 3600 * 1000) /* an answer a day late answers nothing any more */
#define EXTRAS_MAX     8192

struct sending {
    struct turn *turn;
    unsigned waiting;
    enum loa_status st;
    void (*done)(void *ctx, enum loa_status st);
    void *ctx;
};

bool turn_must_send(const struct turn *t)
{
    if (strcmp(t->channel, "zalo") != 0)
        return false;
    for (unsigned i = 0; i < t->lines; i++)
        if (t->line[i]->from != 'n')
            return true;
    return false;
}

static void leave(struct sending *s, enum loa_status st)
{
    if (st != LOA_OK)
        s->st = st;
    if (--s->waiting > 0)
        return;
    s->done(s->ctx, s->st);
    free(s);
}

static void planned(void *ctx, enum loa_status st, bool made)
{
    (void)made; /* the turn was computed before: it is on its way */
    leave(ctx, st);
}

/* ---- the buttons, as the OA API takes them ---- */

static void member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, "\"%s\":", name);
    buf_json_string(b, value, strlen(value));
}

static void button(struct buf *b, const char *title, const char *action)
{
    buf_char(b, '{');
    member(b, "title", title);
    if (action[0] == '#') {
        buf_str(b, ",\"type\":\"oa.query.hide\",");
        member(b, "payload", action);
    } else if (strncmp(action, "tel:", 4) == 0) {
        buf_str(b, ",\"type\":\"oa.open.phone\",\"payload\":{");
        member(b, "phone_code", action + 4);
        buf_char(b, '}');
    } else {
        buf_str(b, ",\"type\":\"oa.open.url\",\"payload\":{");
        member(b, "url", action);
        buf_char(b, '}');
    }
    buf_char(b, '}');
}

static void buttons(const struct chat_said *said, struct buf *b)
{
    for (unsigned i = 0; i < said->buttons; i++) {
        buf_char(b, i == 0 ? '[' : ',');
        button(b, said->button[i].title, said->button[i].action);
    }
    if (said->buttons > 0)
        buf_char(b, ']');
}

/* The form that asks for the phone number: title and subtitle are the two lines of the text "phone_form". */
static bool phone_form(const struct turn *t, struct buf *b)
{
    const struct service *s = t->chat->service;
    struct chat_said said;
    struct buf image = BUF_INIT(512);
    chat_said_init(&said);
    bool good = chat_texts_render(s->chat_texts, "phone_form", t->channel, NULL, &said) == LOA_OK;
    const char *text = buf_cstr(&said.text);
    size_t title = strcspn(text, "\n");
    buf_printf(&image, "%s/widget/phone.png", config_str(s->config, "loa", "public_url"));
    buf_str(b, "{\"request_user_info\":{\"title\":");
    buf_json_string(b, text, title);
    buf_char(b, ',');
    member(b, "subtitle", text[title] != '\0' ? text + title + 1 : "");
    buf_char(b, ',');
    member(b, "image_url", buf_cstr(&image));
    buf_str(b, "}}");
    buf_clear(&image);
    chat_said_clear(&said);
    return good;
}

/* ---- one message ---- */

static const char *why_not(const struct turn *t, int64_t now)
{
    const struct config *cf = t->chat->service->config;
    int64_t since = now - strtoll(turn_field(t, "la"), NULL, 10);
    if (turn_address(t)[0] == '\0' || !config_bool(cf, "zalo", "enabled"))
        return "no_account";
    if (since < FREE_WINDOW_MS)
        return NULL;
    return since < PAID_WINDOW_MS && config_bool(cf, "chat", "paid_reply") ? NULL : "window_closed";
}

const char *turn_unreached(const struct turn *t)
{
    return strcmp(t->channel, "zalo") == 0 ? why_not(t, clock_wall_ms()) : NULL;
}

static void plan(struct sending *s, unsigned part, struct line *l, const char *text, const struct buf *extras)
{
    struct turn *t = s->turn;
    const struct service *service = t->chat->service;
    static const char *const only[] = { "zalo_cs", NULL };
    int64_t now = clock_wall_ms();
    struct citizen c = { .known = true, .zalo_touch_ms = now }; /* the window was looked at before */
    struct notice n;
    char salt[48];
    notice_init(&n);
    snprintf(c.ckey, sizeof c.ckey, "%s", t->cid);
    snprintf(c.zalo, sizeof c.zalo, "%s", turn_address(t));
    snprintf(n.kind, sizeof n.kind, "%s", NOTICE_KIND_CHAT);
    snprintf(n.source, sizeof n.source, "chat");
    n.lane = LANE_URGENT;
    n.action = true;
    n.at_ms = turn_seq(t);
    n.accepted_ms = t->entry->at_ms;
    n.expires_ms = now + WORTH_MS;
    n.only_ways = only;
    params_set(&n.params, "text", text);
    if (extras->len > 0)
        params_set(&n.params, "extras", buf_cstr(extras));
    snprintf(salt, sizeof salt, "%u", part);
    notice_set_id(&n, service->store, c.ckey, salt);
    if (l != NULL)
        snprintf(l->nid, sizeof l->nid, "%s", n.nid);
    s->waiting++;
    notice_plan(service->planner, &n, &c, planned, s);
    notice_clear(&n);
}

static void send_line(struct sending *s, unsigned i)
{
    struct line *l = s->turn->line[i];
    struct buf extras = BUF_INIT(EXTRAS_MAX), form = BUF_INIT(EXTRAS_MAX);
    buttons(&l->said, &extras);
    plan(s, 2 * i, l, buf_cstr(&l->said.text), &extras);
    if (l->ask_phone && phone_form(s->turn, &form))
        plan(s, 2 * i + 1, NULL, "", &form);
    buf_clear(&extras);
    buf_clear(&form);
}

static void all_planned(void *ctx)
{
    leave(ctx, LOA_OK);
}

void turn_send(struct turn *t, void (*done)(void *ctx, enum loa_status st), void *ctx)
{
    struct sending *s = mem_alloc(sizeof *s);
    const char *why = why_not(t, clock_wall_ms());
    *s = (struct sending){ .turn = t, .waiting = 1, .st = LOA_OK, .done = done, .ctx = ctx };
    for (unsigned i = 0; i < t->lines; i++) {
        if (t->line[i]->from == 'n')
            continue;
        if (why != NULL)
            snprintf(t->line[i]->unsent, sizeof t->line[i]->unsent, "%s", why);
        else
            send_line(s, i);
    }
    loop_defer(t->chat->service->loop, all_planned, s);
}
