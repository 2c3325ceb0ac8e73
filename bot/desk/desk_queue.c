/* What the page of the desk shows beside a conversation: who waits where, who is there. */
#include "desk_inside.h"
#include "loa/clock.h"
#include <stdio.h>
#include <string.h>

#define PUSH_MS      5
#define PUSH_BUSY_MS 200
#define PEOPLE_BYTES (DESK_OUT_MAX - 2048)

static void add_open(struct buf *b, const struct service *s, const struct desk *d)
{
    int64_t now = clock_wall_ms(), opens = calendar_next_opening(policy_calendar(s->policy), d->unit, now);
    buf_printf(b, ",\"open\":%s", opens == now ? "true" : "false");
    if (opens != now)
        json_number(b, "opens", opens);
}

/* ---- one queue ---- */

static void add_item(struct buf *b, const struct service *s, const struct board_item *it)
{
    buf_printf(b, "{\"cid\":\"%s\",\"mode\":\"%s\"", it->cid, it->talking ? "talk" : "wait");
    json_text(b, "channel", it->channel);
    json_number(b, "since", it->waiting_ms);
    if (it->talking)
        json_number(b, "taken", it->talking_ms);
    else
        json_number(b, "due", it->due_ms);
    json_text(b, "reason", it->reason);
    json_text(b, "reason_vi", words_say(s->words, "handover", it->reason, NULL));
    json_number(b, "escalated", it->escalated);
    json_text(b, "officer", it->officer);
    json_text(b, "officer_name", it->officer_name);
    json_text(b, "first", it->first);
    buf_printf(b, ",\"proven\":%s}", it->proven ? "true" : "false");
}

static void queue_json(const struct service *s, const struct desk *d, struct buf *b)
{
    const struct board_item *it;
    buf_str(b, "{\"type\":\"queue\"");
    json_text(b, "desk", d->id);
    add_open(b, s, d);
    json_number(b, "waiting", board_waiting(s->board, d->id));
    json_number(b, "oldest", board_oldest_ms(s->board, d->id));
    buf_str(b, ",\"items\":[");
    for (unsigned i = 0; i < BOARD_SHOWN_MAX && (it = board_item_at(s->board, d->id, i)) != NULL; i++) {
        buf_str(b, i > 0 ? "," : "");
        add_item(b, s, it);
    }
    buf_str(b, "]}");
}

/* ---- people ---- */

static void add_words(struct buf *b, const char *list)
{
    const char *comma = "";
    buf_char(b, '[');
    for (size_t n; *list != '\0'; list += n) {
        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (n > 0) {
            buf_str(b, comma);
            buf_json_string(b, list, n);
            comma = ",";
        }
    }
    buf_char(b, ']');
}

static void add_person(struct buf *b, const struct service *s, const struct board_person *who)
{
    buf_str(b, "{\"login\":");
    buf_json_string(b, who->login, strlen(who->login));
    json_text(b, "name", who->name);
    buf_str(b, ",\"desks\":");
    add_words(b, who->desks);
    json_number(b, "talks", board_talks(s->board, who->login));
    buf_printf(b, ",\"on_duty\":%s}", roster_on_duty(s->roster, who->login) ? "true" : "false");
}

static void people_json(const struct service *s, struct buf *b)
{
    const struct board_person *who;
    const char *comma = "";
    buf_str(b, "{\"type\":\"people\",\"items\":[");
    for (unsigned i = 0; (who = board_person_at(s->board, i)) != NULL && b->len < PEOPLE_BYTES; i++)
        if (who->here) {
            buf_str(b, comma);
            add_person(b, s, who);
            comma = ",";
        }
    buf_str(b, "]}");
}

/* ---- urgent words ---- */

static bool alarmed_before(const struct page *p, const char *cid)
{
    for (unsigned i = 0; i < ALARMS_MAX; i++)
        if (strcmp(p->alarmed[i], cid) == 0)
            return true;
    return false;
}

static void sound_alarms(struct page *p, const char *desk)
{
    const struct service *s = p->hub->service;
    const struct board_item *it;
    for (unsigned i = 0; (it = board_item_at(s->board, desk, i)) != NULL; i++) {
        if (strcmp(it->reason, "urgent") != 0 || alarmed_before(p, it->cid))
            continue;
        struct buf b = BUF_INIT(1024);
        snprintf(p->alarmed[p->alarms++ % ALARMS_MAX], CRYPTO_KEY_HEX, "%s", it->cid);
        buf_printf(&b, "{\"type\":\"alarm\",\"cid\":\"%s\"", it->cid);
        json_text(&b, "text_vi", words_say(s->words, "desk", "urgent", NULL));
        buf_str(&b, "}");
        page_say(p, &b);
        buf_clear(&b);
    }
}

/* ---- what is to be sent ---- */

/* One after the other, no faster than the socket takes them: a lead sees many desks. */
static void push(void *ctx)
{
    struct page *p = ctx;
    const struct service *s = p->hub->service;
    const struct desk *d = NULL;
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    unsigned i = 0;
    while (i < 64 && (p->dirty >> i & 1) == 0)
        i++;
    if (i < 64 && (d = desk_at(s->desks, i)) != NULL)
        queue_json(s, d, &b);
    else if (p->people_dirty)
        people_json(s, &b);
    enum loa_status st = b.len > 0 ? page_try(p, &b) : LOA_OK;
    if (st != LOA_BUSY && i < 64) {
        p->dirty &= ~(UINT64_C(1) << i);
        if (d != NULL)
            sound_alarms(p, d->id);
    } else if (st != LOA_BUSY)
        p->people_dirty = false;
    if (p->dirty != 0 || p->people_dirty)
        timer_start(&p->push, s->loop, st == LOA_BUSY ? PUSH_BUSY_MS : PUSH_MS, push, p);
    buf_clear(&b);
}

void queue_changed(struct page *p, const char *desk)
{
    const struct service *s = p->hub->service;
    const struct desk *d;
    if (desk[0] == '\0')
        p->people_dirty = true;
    for (unsigned i = 0; i < 64 && (d = desk_at(s->desks, i)) != NULL; i++)
        if (strcmp(d->id, desk) == 0 && may_see_desk(&p->who, desk))
            p->dirty |= UINT64_C(1) << i;
    if ((p->dirty != 0 || p->people_dirty) && !timer_running(&p->push))
        timer_start(&p->push, s->loop, PUSH_MS, push, p);
}

/* ---- the beginning ---- */

static void add_you(struct buf *b, const struct staff_member *w)
{
    struct buf roles = BUF_INIT(256);
    roles_print(w->roles, &roles);
    buf_str(b, ",\"you\":{\"login\":");
    buf_json_string(b, w->login, strlen(w->login));
    json_text(b, "name", w->name);
    buf_str(b, ",\"roles\":");
    add_words(b, buf_cstr(&roles));
    buf_str(b, ",\"desks\":");
    add_words(b, w->desks);
    buf_str(b, "}");
    buf_clear(&roles);
}

static void add_desks(struct buf *b, const struct page *p)
{
    const struct service *s = p->hub->service;
    const struct desk *d;
    const char *comma = "";
    buf_str(b, ",\"desks\":[");
    for (unsigned i = 0; (d = desk_at(s->desks, i)) != NULL; i++) {
        buf_printf(b, "%s{\"id\":\"%s\"", comma, d->id);
        json_text(b, "name", d->name);
        json_text(b, "escalate_to", d->escalate_to);
        buf_printf(b, ",\"yours\":%s", may_see_desk(&p->who, d->id) ? "true" : "false");
        add_open(b, s, d);
        buf_str(b, "}");
        comma = ",";
    }
    buf_str(b, "]");
}

void queue_hello(struct page *p)
{
    const struct service *s = p->hub->service;
    const struct desk *d;
    struct buf b = BUF_INIT(DESK_OUT_MAX);
    buf_str(&b, "{\"type\":\"hello\"");
    add_you(&b, &p->who);
    add_desks(&b, p);
    json_number(&b, "now", clock_wall_ms());
    json_number(&b, "reply_max", DESK_TEXT_LETTERS);
    buf_str(&b, "}");
    page_say(p, &b);
    buf_clear(&b);
    for (unsigned i = 0; (d = desk_at(s->desks, i)) != NULL; i++)
        queue_changed(p, d->id);
    queue_changed(p, "");
}
