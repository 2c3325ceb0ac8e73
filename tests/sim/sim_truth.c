/*
 * What really happened, for tests that count: every message taken, and the totals.
 */
#include "sim_control.h"
#include "sim_outbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MAX 5000

static const char *provider_word(enum sim_way way)
{
    static const char *const words[] = { "zalo", "zalo", "zalo", "esms", "speedsms", "smtp" };
    return words[way];
}

static void add_time(cJSON *o, const char *name, int64_t ms)
{
    if (ms != 0)
        cJSON_AddNumberToObject(o, name, (double)ms);
    else
        cJSON_AddNullToObject(o, name);
}

static cJSON *message_json(const struct sim *s, uint32_t seq)
{
    const struct sim_message *m = sim_ledger_get(&s->ledger, seq);
    const struct sim_entry *e = sim_threads_of_message(&s->threads, seq);
    cJSON *o = cJSON_CreateObject();
    char id[SIM_ID_MAX];

    sim_message_id(&s->ledger, seq, m->way, id);
    cJSON_AddNumberToObject(o, "seq", seq);
    cJSON_AddStringToObject(o, "provider", provider_word(m->way));
    cJSON_AddStringToObject(o, "way", sim_way_word(m->way));
    cJSON_AddStringToObject(o, "address", m->address);
    cJSON_AddStringToObject(o, "ref", m->ref);
    cJSON_AddStringToObject(o, "id", id);
    add_time(o, "accepted_at", m->accepted_ms);
    add_time(o, "delivered_at", m->delivered_ms);
    add_time(o, "seen_at", m->seen_ms);
    cJSON_AddBoolToObject(o, "failed", m->failed);
    cJSON_AddNumberToObject(o, "price_vnd", m->price_vnd);
    cJSON_AddNumberToObject(o, "parts", m->parts);
    if (e != NULL) { /* the newest only */
        cJSON_AddStringToObject(o, "title", e->title);
        cJSON_AddStringToObject(o, "text", e->text);
        if (e->html != NULL)
            cJSON_AddStringToObject(o, "html", e->html);
        if (e->detail != NULL)
            cJSON_AddItemToObject(o, "detail", cJSON_Parse(e->detail));
    }
    return o;
}

static uint32_t number_query(const struct http_request *req, const char *name, uint32_t fallback)
{
    const char *text = http_request_query(req, name);
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : fallback;
}

/* {"messages":[…],"next":N}: ask again with after=N; an empty list is the end. */
void sim_truth_messages(struct sim *s, struct http_request *req, const cJSON *body)
{
    uint32_t seq = number_query(req, "after", 0), limit = number_query(req, "limit", 1000);
    const char *way = http_request_query(req, "way");
    unsigned ways = way != NULL ? sim_ways_from_word(way) : ~0u;
    cJSON *o = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(o, "messages");

    (void)body;
    if (limit > LIMIT_MAX)
        limit = LIMIT_MAX;
    while (limit > 0 && seq < s->ledger.count) {
        seq++;
        if ((ways & 1u << sim_ledger_get(&s->ledger, seq)->way) == 0)
            continue;
        cJSON_AddItemToArray(list, message_json(s, seq));
        limit--;
    }
    cJSON_AddNumberToObject(o, "next", seq);
    cJSON_AddNumberToObject(o, "total", s->ledger.count);
    sim_control_reply(req, 200, o);
}

static void add_totals(cJSON *o, const struct sim_totals *t)
{
    cJSON_AddNumberToObject(o, "messages", t->messages);
    cJSON_AddNumberToObject(o, "delivered", t->delivered);
    cJSON_AddNumberToObject(o, "seen", t->seen);
    cJSON_AddNumberToObject(o, "failed", t->failed);
    cJSON_AddNumberToObject(o, "distinct_refs", t->distinct_refs);
    cJSON_AddNumberToObject(o, "repeated_refs", t->repeated_refs);
    cJSON_AddNumberToObject(o, "repeated_content", t->repeated_contents);
    cJSON_AddNumberToObject(o, "cost_vnd", (double)t->cost_vnd);
}

static cJSON *way_json(const struct sim *s, enum sim_way way)
{
    const struct sim_counts *c = &s->counts[way];
    cJSON *o = cJSON_CreateObject(), *codes;

    cJSON_AddNumberToObject(o, "requests", c->requests);
    cJSON_AddNumberToObject(o, "accepted", c->accepted);
    cJSON_AddNumberToObject(o, "refused", c->refused);
    cJSON_AddNumberToObject(o, "duplicates_refused", c->duplicates);
    cJSON_AddNumberToObject(o, "unanswered", c->unanswered);
    codes = cJSON_AddObjectToObject(o, "codes");
    for (unsigned i = 0; i < SIM_CODES_COUNTED && c->refusal[i].count != 0; i++)
        cJSON_AddNumberToObject(codes, c->refusal[i].code, c->refusal[i].count);
    if (way < SIM_MESSAGE_WAYS)
        add_totals(o, &s->ledger.total[way]);
    return o;
}

/* All ways together. */
static cJSON *total_json(const struct sim *s)
{
    struct sim_totals sum = { 0 };
    cJSON *o = cJSON_CreateObject();

    for (int way = 0; way < SIM_MESSAGE_WAYS; way++) {
        const struct sim_totals *t = &s->ledger.total[way];
        sum.messages += t->messages;
        sum.delivered += t->delivered;
        sum.seen += t->seen;
        sum.failed += t->failed;
        sum.distinct_refs += t->distinct_refs;
        sum.repeated_refs += t->repeated_refs;
        sum.repeated_contents += t->repeated_contents;
        sum.cost_vnd += t->cost_vnd;
    }
    add_totals(o, &sum);
    return o;
}

void sim_truth_stats(struct sim *s, struct http_request *req, const cJSON *body)
{
    struct sim_outbox_counts c = sim_outbox_counts(s->outbox);
    cJSON *o = cJSON_CreateObject(), *part;

    (void)body;
    for (int way = 0; way < SIM_WAYS; way++)
        cJSON_AddItemToObject(o, sim_way_word(way), way_json(s, way));
    cJSON_AddItemToObject(o, "total", total_json(s));
    part = cJSON_AddObjectToObject(o, "callbacks");
    cJSON_AddNumberToObject(part, "posted", c.posted);
    cJSON_AddNumberToObject(part, "heard", c.heard);
    cJSON_AddNumberToObject(part, "retried", c.retried);
    cJSON_AddNumberToObject(part, "given_up", c.given_up);
    cJSON_AddNumberToObject(part, "waiting", c.waiting);
    part = cJSON_AddObjectToObject(o, "tokens");
    cJSON_AddNumberToObject(part, "refreshes", s->tokens.refreshes);
    cJSON_AddNumberToObject(part, "refused", s->tokens.refused);
    cJSON_AddNumberToObject(part, "expires_at", (double)s->tokens.expires_ms);
    cJSON_AddNumberToObject(o, "people", s->people.count);
    cJSON_AddNumberToObject(o, "started_at", (double)s->started_ms);
    sim_control_reply(req, 200, o);
}
