/* Delivery reports, citizens' messages and answers to polls -> events. */
#include "loa/sms_provider.h"
#include "loa/crypto.h"
#include "loa/json.h"
#include "loa/phone.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPOCH_MS 1000000000000LL

/* Keeps what an id is made of, so that nothing else gets into keys and logs. */
static void keep_token(char *s)
{
    char *to = s;
    for (; *s != '\0'; s++)
        if (*s > ' ' && *s < 0x7f)
            *to++ = *s;
    *to = '\0';
}

static void read_token(const struct sms_source *s, const char *paths, char *out, size_t out_size)
{
    sms_field(s, paths, out, out_size);
    keep_token(out);
}

static void read_phone(const struct sms_source *s, const char *paths, struct channel_event *e)
{
    char text[40];
    if (!sms_field(s, paths, text, sizeof text))
        return;
    struct phone phone = phone_parse(text);
    snprintf(e->phone, sizeof e->phone, "%s", phone.e164);
    snprintf(e->user, sizeof e->user, "%s", phone.e164);
}

static void read_time(const struct sms_source *s, const char *paths, struct channel_event *e)
{
    char text[24], *end;
    if (!sms_field(s, paths, text, sizeof text))
        return;
    long long n = strtoll(text, &end, 10);
    if (*end == '\0' && n > 0 && n < 100 * EPOCH_MS)
        e->at_ms = n >= EPOCH_MS ? n : n * 1000;
}

static void read_text(const struct sms_source *s, const char *paths, struct channel_event *e)
{
    char raw[4 * sizeof e->text];
    struct buf nfc = BUF_INIT(8 * sizeof e->text), clean = BUF_INIT(8 * sizeof e->text);
    sms_field(s, paths, raw, sizeof raw);
    text_nfc(&nfc, raw, strlen(raw));
    text_clean(&clean, buf_cstr(&nfc), nfc.len, true);
    size_t n = clean.len < sizeof e->text ? clean.len : sizeof e->text - 1;
    while (n > 0 && n < clean.len && ((unsigned char)clean.data[n] & 0xC0) == 0x80)
        n--; /* never cut inside a letter */
    memcpy(e->text, buf_cstr(&clean), n);
    e->text[n] = '\0';
    buf_clear(&nfc);
    buf_clear(&clean);
}

/* The same event always gives the same key: repeats are dropped by it, order does not matter. */
static void set_dedupe(const struct sms_provider *p, const char *status, struct channel_event *e)
{
    struct buf b = BUF_INIT(2 * SMS_BODY_MAX_BYTES);
    const char *own = e->ref[0] != '\0' ? e->ref : e->provider_id;
    buf_printf(&b, "sms %s %s %s %s %s %s", p->name, channel_event_word(e->kind), own, e->phone, status,
               e->text);
    if (e->kind == CE_CITIZEN_TEXT)
        buf_printf(&b, " %lld", (long long)e->at_ms);
    crypto_hash_hex(b.data, b.len, e->dedupe, 40);
    buf_clear(&b);
}

/* ---- states ---- */

/* Does "5", "1-63", "64-" or a word fit? `n` is the length of the rule without its counter. */
static bool status_fits(const char *rule, size_t n, const char *status)
{
    if (strlen(status) == n && memcmp(rule, status, n) == 0)
        return true;
    char *end, *status_end;
    long low = strtol(rule, &end, 10), value = strtol(status, &status_end, 10);
    if (end == rule || *end != '-' || status_end == status || *status_end != '\0')
        return false;
    const char *high = end + 1;
    bool open = high == rule + n;
    return value >= low && (open || value <= strtol(high, NULL, 10));
}

static bool rule_fits(const char *rule, const struct sms_source *s, const char *status)
{
    size_t n = strcspn(rule, "+");
    char counter[24];
    if (!status_fits(rule, n, status))
        return false;
    if (rule[n] == '\0')
        return true;
    return sms_field(s, rule + n + 1, counter, sizeof counter) && strtol(counter, NULL, 10) > 0;
}

static void set_state(const struct sms_provider *p, const struct sms_source *s, const char *status,
                      struct channel_event *e)
{
    static const char failed[] = "failed ";
    const char *state = "";
    for (unsigned i = 0; i < p->states.count && *state == '\0'; i++)
        if (rule_fits(p->states.item[i].name, s, status))
            state = p->states.item[i].value;
    if (strcmp(state, "delivered") == 0)
        e->kind = CE_DELIVERED;
    else if (strcmp(state, "progress") == 0)
        e->kind = CE_PROGRESS;
    else if (strncmp(state, failed, strlen(failed)) == 0) {
        e->kind = CE_FAILED;
        sms_provider_outcome(p, p->name, state + strlen(failed), &e->outcome);
    }
}

/* ---- one event ---- */

static bool view_applies(const struct sms_view *v, const struct sms_source *s)
{
    char got[64];
    if (v->when_field == NULL)
        return true;
    return sms_field(s, v->when_field, got, sizeof got) && strcmp(got, v->when_value) == 0;
}

static void add_report(const struct sms_provider *p, const struct sms_view *v, const struct sms_source *s,
                       const char *id, const char *ref, struct channel_events *out)
{
    struct channel_event *e = channel_events_add(out);
    char status[32];
    if (e == NULL)
        return;
    e->kind = CE_UNKNOWN;
    e->channel = CH_SMS;
    read_token(s, v->status, status, sizeof status);
    read_token(s, v->ref, e->ref, sizeof e->ref);
    read_token(s, v->id, e->provider_id, sizeof e->provider_id);
    if (e->ref[0] == '\0' && ref != NULL)
        snprintf(e->ref, sizeof e->ref, "%s", ref);
    if (e->provider_id[0] == '\0' && id != NULL)
        snprintf(e->provider_id, sizeof e->provider_id, "%s", id);
    read_phone(s, v->phone, e);
    read_time(s, v->at, e);
    snprintf(e->name, sizeof e->name, "status:%s", status);
    set_state(p, s, status, e);
    set_dedupe(p, status, e);
}

static void add_incoming(const struct sms_provider *p, const struct sms_source *s, struct channel_events *out)
{
    const struct sms_view *v = &p->incoming;
    struct channel_event *e = channel_events_add(out);
    if (e == NULL)
        return;
    e->kind = CE_CITIZEN_TEXT;
    e->channel = CH_SMS;
    snprintf(e->name, sizeof e->name, "incoming");
    read_token(s, v->id, e->provider_id, sizeof e->provider_id);
    read_phone(s, v->phone, e);
    read_time(s, v->at, e);
    read_text(s, v->text, e);
    set_dedupe(p, "", e);
}

/* Neither a report nor a message: kept as it came, so that someone may look at it. */
static void add_unknown(const struct sms_provider *p, const struct sms_source *s, struct channel_events *out)
{
    struct channel_event *e = channel_events_add(out);
    struct buf whole = BUF_INIT(SMS_BODY_MAX_BYTES);
    if (e == NULL)
        return;
    e->kind = CE_UNKNOWN;
    e->channel = CH_SMS;
    json_print(s->json, &whole);
    set_dedupe(p, buf_cstr(&whole), e);
    buf_clear(&whole);
}

static void add_event(const struct sms_provider *p, const struct sms_source *s, struct channel_events *out)
{
    if (p->incoming.text != NULL && view_applies(&p->incoming, s))
        add_incoming(p, s, out);
    else if (view_applies(&p->report, s))
        add_report(p, &p->report, s, NULL, NULL, out);
    else if (s->json != NULL)
        add_unknown(p, s, out);
}

/* ---- the outside ---- */

/* An array, or an object holding one under `list`, is many events; anything else is one. */
static const cJSON *events_of(const cJSON *json, const char *list)
{
    const cJSON *items = list != NULL ? sms_json_at(json, list, strlen(list)) : json;
    return cJSON_IsArray(items) ? items : NULL;
}

static enum loa_status parse_json(const struct sms_provider *p, const struct webhook *w,
                                  struct channel_events *out)
{
    cJSON *json = NULL;
    if (json_parse(w->body, w->body_len, &json, NULL, 0) != LOA_OK)
        return LOA_INVALID;
    const cJSON *item, *items = events_of(json, p->report.list);
    struct sms_source one = { .json = json };
    if (items == NULL && cJSON_IsObject(json))
        add_event(p, &one, out);
    cJSON_ArrayForEach(item, items)
    {
        struct sms_source s = { .json = item };
        if (cJSON_IsObject(item))
            add_event(p, &s, out);
    }
    enum loa_status st = items != NULL || cJSON_IsObject(json) ? LOA_OK : LOA_INVALID;
    cJSON_Delete(json);
    return st;
}

enum loa_status sms_report_parse(const struct sms_provider *p, const struct webhook *w,
                                 struct channel_events *out)
{
    if (strlen(w->query) > SMS_QUERY_MAX_BYTES || w->body_len > SMS_BODY_MAX_BYTES)
        return LOA_TOO_BIG;
    if (p->report_is_json)
        return parse_json(p, w, out);
    struct sms_source s = { .query = *w->query == '\0' && w->body != NULL ? w->body : w->query };
    char status[32];
    bool report = sms_field(&s, p->report.status, status, sizeof status);
    bool incoming = p->incoming.text != NULL && view_applies(&p->incoming, &s);
    if (!report && !incoming)
        return LOA_INVALID;
    add_event(p, &s, out);
    return LOA_OK;
}

void sms_poll_parse(const struct sms_provider *p, const struct http_answer *a, const char *id,
                    const char *ref, struct channel_events *out)
{
    cJSON *json = NULL;
    char code[24];
    if (a->result != WIRE_ANSWERED || json_parse(a->body, a->body_len, &json, NULL, 0) != LOA_OK)
        return;
    struct sms_source whole = { .json = json };
    const cJSON *item, *items = events_of(json, p->polled.list);
    if (sms_field(&whole, p->poll_code, code, sizeof code) && strcmp(code, p->poll_ok) == 0) {
        if (items == NULL && p->polled.list == NULL)
            add_report(p, &p->polled, &whole, id, ref, out);
        cJSON_ArrayForEach(item, items)
        {
            struct sms_source s = { .json = item };
            add_report(p, &p->polled, &s, id, ref, out);
        }
    }
    cJSON_Delete(json);
}
