/*
 * What the page shows, as JSON: who there is, and one citizen's devices. The page asks every second with the
 * number of the last change it knows; when nothing changed the answer is that number alone.
 */
#include "sim_control.h"
#include "sim_outbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE_SHOWN  60
#define ENTRIES_SHOWN 200
#define PREVIEW_BYTES 160
#define MAIL_POLICY                                                                                          \
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "   \
    "img-src data:; form-action 'none'"

/* ---- who there is ---- */

struct people_list { /* the most lately active first */
    uint32_t number[PEOPLE_SHOWN];
    unsigned count;
};

static bool matches(const struct sim_person *who, const char *query)
{
    if (query == NULL || query[0] == '\0')
        return who->last_activity_ms != 0 || who->defined;
    return (who->name != NULL && strcasestr(who->name, query) != NULL) || strstr(who->phone, query) != NULL ||
           (who->email != NULL && strcasestr(who->email, query) != NULL);
}

static void insert_person(const struct sim *s, struct people_list *l, uint32_t number)
{
    int64_t active = sim_people_get(&s->people, number)->last_activity_ms;
    unsigned at = l->count;

    while (at > 0 && sim_people_get(&s->people, l->number[at - 1])->last_activity_ms < active)
        at--;
    if (at == PEOPLE_SHOWN)
        return;
    if (l->count < PEOPLE_SHOWN)
        l->count++;
    memmove(&l->number[at + 1], &l->number[at], (l->count - at - 1) * sizeof l->number[0]);
    l->number[at] = number;
}

/* The first words of the newest text on any device. */
static void add_preview(const struct sim *s, cJSON *o, uint32_t person)
{
    char text[PREVIEW_BYTES];

    for (uint32_t n = s->threads.next - 1; n >= s->threads.first && n != 0; n--) {
        const struct sim_entry *e = sim_threads_get(&s->threads, n);
        if (e->person != person)
            continue;
        struct buf words = BUF_INIT(2 * PREVIEW_BYTES);
        snprintf(text, sizeof text, "%s",
                 e->text[0] != '\0' && e->device != SIM_DEVICE_MAIL ? e->text : e->title);
        size_t len = strlen(text);
        while (len > 0 && ((unsigned char)text[len - 1] & 0xc0) == 0x80 && len == sizeof text - 1)
            len--; /* never half a letter */
        buf_add(&words, text, len);
        cJSON_AddStringToObject(o, "preview", buf_cstr(&words));
        cJSON_AddStringToObject(o, "device", sim_device_word(e->device));
        buf_clear(&words);
        return;
    }
}

static cJSON *person_json(const struct sim *s, uint32_t number)
{
    const struct sim_person *who = sim_people_get(&s->people, number);
    cJSON *o = sim_person_json(who);

    cJSON_AddNumberToObject(o, "id", number);
    cJSON_AddNumberToObject(o, "unseen", who->unseen);
    cJSON_AddNumberToObject(o, "last", (double)who->last_activity_ms);
    add_preview(s, o, number);
    return o;
}

static cJSON *people_json(const struct sim *s, const char *query)
{
    struct people_list l = { .count = 0 };
    cJSON *list = cJSON_CreateArray();

    for (uint32_t i = 1; i <= s->people.count; i++)
        if (matches(sim_people_get(&s->people, i), query))
            insert_person(s, &l, i);
    for (unsigned i = 0; i < l.count; i++)
        cJSON_AddItemToArray(list, person_json(s, l.number[i]));
    return list;
}

/* ---- one citizen's devices ---- */

static void add_message_state(const struct sim *s, cJSON *o, uint32_t seq)
{
    const struct sim_message *m = sim_ledger_get(&s->ledger, seq);

    if (m == NULL)
        return;
    cJSON_AddNumberToObject(o, "message", seq);
    cJSON_AddStringToObject(o, "way", sim_way_word(m->way));
    cJSON_AddNumberToObject(o, "accepted", (double)m->accepted_ms);
    cJSON_AddNumberToObject(o, "delivered", (double)m->delivered_ms);
    cJSON_AddNumberToObject(o, "seen", (double)m->seen_ms);
    cJSON_AddNumberToObject(o, "price", m->price_vnd);
    cJSON_AddNumberToObject(o, "parts", m->parts);
}

static cJSON *entry_json(const struct sim *s, const struct sim_entry *e)
{
    static const char *const kinds[] = { "message", "citizen", "note" };
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNumberToObject(o, "number", e->number);
    cJSON_AddStringToObject(o, "device", sim_device_word(e->device));
    cJSON_AddStringToObject(o, "kind", kinds[e->kind]);
    cJSON_AddNumberToObject(o, "at", (double)e->at_ms);
    cJSON_AddStringToObject(o, "title", e->title);
    cJSON_AddStringToObject(o, "text", e->text);
    if (e->detail != NULL)
        cJSON_AddItemToObject(o, "detail", cJSON_Parse(e->detail));
    add_message_state(s, o, e->message);
    return o;
}

static cJSON *entries_json(const struct sim *s, uint32_t person)
{
    cJSON *list = cJSON_CreateArray();
    unsigned left = ENTRIES_SHOWN;

    for (uint32_t n = s->threads.next; left > 0 && n > s->threads.first;) {
        const struct sim_entry *e = sim_threads_get(&s->threads, --n);
        if (e->person != person)
            continue;
        cJSON_InsertItemInArray(list, 0, entry_json(s, e));
        left--;
    }
    return list;
}

static cJSON *totals_json(const struct sim *s)
{
    const struct sim_totals *t = s->ledger.total;
    cJSON *o = cJSON_CreateObject();
    int64_t cost = 0;

    for (int way = 0; way < SIM_MESSAGE_WAYS; way++)
        cost += t[way].cost_vnd;
    cJSON_AddNumberToObject(o, "zalo", t[SIM_CS].delivered + t[SIM_UID].delivered + t[SIM_ZBS].delivered);
    cJSON_AddNumberToObject(o, "sms", t[SIM_ESMS].delivered + t[SIM_SPEEDSMS].delivered);
    cJSON_AddNumberToObject(o, "mail", t[SIM_SMTP].delivered);
    cJSON_AddNumberToObject(o, "cost", (double)cost);
    cJSON_AddNumberToObject(o, "callbacks_waiting", sim_outbox_counts(s->outbox).waiting);
    return o;
}

void sim_view(struct sim *s, struct http_request *req, const cJSON *body)
{
    const char *since = http_request_query(req, "since"), *number = http_request_query(req, "person");
    uint32_t person = number != NULL ? (uint32_t)strtoul(number, NULL, 10) : 0;
    cJSON *o = cJSON_CreateObject();

    (void)body;
    cJSON_AddNumberToObject(o, "changes", s->changes);
    if (since == NULL || strtoul(since, NULL, 10) != s->changes) {
        cJSON_AddNumberToObject(o, "now", (double)sim_now_ms(s));
        cJSON_AddStringToObject(o, "oa_name", s->opt.oa_name);
        cJSON_AddBoolToObject(o, "webhook", s->opt.webhook[0] != '\0');
        cJSON_AddItemToObject(o, "people", people_json(s, http_request_query(req, "q")));
        cJSON_AddItemToObject(o, "totals", totals_json(s));
        cJSON_AddItemToObject(o, "faults", sim_faults_json(&s->faults));
        if (sim_people_get(&s->people, person) != NULL) {
            cJSON *who = person_json(s, person);
            cJSON_AddItemToObject(who, "entries", entries_json(s, person));
            cJSON_AddItemToObject(o, "person", who);
        }
    }
    sim_control_reply(req, 200, o);
}

/* ---- a mail, in a frame of its own that may do nothing ---- */

/* Links open a new window; the rest of the mail is as it came. */
static void write_html(struct buf *out, const char *html)
{
    const char *head = strcasestr(html, "<head"), *end = head != NULL ? strchr(head, '>') : NULL;

    if (end == NULL) {
        buf_str(out, html);
        return;
    }
    buf_add(out, html, (size_t)(end + 1 - html));
    buf_str(out, "<base target=\"_blank\">");
    buf_str(out, end + 1);
}

static void write_plain(struct buf *out, const char *text)
{
    buf_str(out, "<!doctype html><html lang=\"vi\"><head><meta charset=\"utf-8\"><style>body{font:16px/1.5 "
                 "sans-serif;white-space:pre-wrap;overflow-wrap:anywhere;margin:16px}</style></head><body>");
    buf_html(out, text, strlen(text));
    buf_str(out, "</body></html>");
}

void sim_view_mail(struct sim *s, struct http_request *req, const cJSON *body)
{
    const struct sim_entry *e =
        sim_threads_get(&s->threads, (uint32_t)strtoul(http_request_param(req, "number"), NULL, 10));
    struct buf out = BUF_INIT(4u << 20);

    (void)body;
    if (e == NULL || e->device != SIM_DEVICE_MAIL) {
        sim_control_refuse(req, 404, "", "no such mail", "không còn thư này");
        return;
    }
    if (e->html != NULL)
        write_html(&out, e->html);
    else
        write_plain(&out, e->text);
    http_reply_header(req, "Content-Security-Policy", MAIL_POLICY);
    http_reply(req, 200, "text/html; charset=utf-8", buf_cstr(&out), out.len);
    buf_clear(&out);
}
