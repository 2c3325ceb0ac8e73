/*
 * The ZBS host: templates by phone number, and what one may ask about them.
 *
 * Nothing here looks at tracking_id beyond its form: Zalo does not say that it refuses a second one, so a
 * message sent twice arrives twice. error 0 means accepted, not delivered. Quotas are told as strings.
 */
#include "sim_cards.h"
#include "sim_codes.h"
#include "sim_delivery.h"
#include "sim_providers.h"
#include "loa/phone.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACKING_MAX 48
#define TIMEOUT_MS   7200000

void sim_zbs_refuse(struct sim *s, struct sim_reply *r, const char *code)
{
    sim_zalo_refuse(s, r, "zbs", code, NULL);
}

static bool enter(struct sim *s, const struct http_request *req, struct sim_reply *r)
{
    enum sim_access access = sim_access_check(s, req);

    if (access == SIM_ACCESS_NO_PROOF)
        sim_zbs_refuse(s, r, "-1241");
    else if (access != SIM_ACCESS_OK)
        sim_zbs_refuse(s, r, "-124");
    return access == SIM_ACCESS_OK;
}

/* ---- sending ---- */

struct zbs_send {
    const char *phone, *hash, *tracking_id; /* one of phone and hash */
    char e164[16];
    uint32_t person;
    struct sim_card *card;
    const cJSON *data;
    const char *field; /* at fault, for the message */
};

/* "84" or "+84" and nine digits; other spellings are not documented and not taken. */
static const char *read_phone(struct sim *s, struct zbs_send *z)
{
    const char *p = z->phone;

    if (p == NULL)
        return "-108";
    p += p[0] == '+';
    struct phone phone = phone_parse(p);
    if (strlen(p) != 11 || phone.kind != PHONE_MOBILE || strcmp(phone.e164, p) != 0)
        return "-108";
    snprintf(z->e164, sizeof z->e164, "%s", phone.e164);
    z->person = sim_people_by_phone(&s->people, phone.e164);
    return NULL;
}

/* The hash of a phone nobody knows is a phone without Zalo. */
static const char *read_hash(struct sim *s, struct zbs_send *z)
{
    if (z->hash == NULL || strlen(z->hash) != 64 || z->hash[strspn(z->hash, "0123456789abcdef")] != '\0')
        return "-108";
    z->person = sim_people_by_phone_hash(&s->people, z->hash);
    if (z->person == 0)
        return "-118";
    snprintf(z->e164, sizeof z->e164, "%s", sim_people_get(&s->people, z->person)->phone);
    return NULL;
}

static const char *tracking_error(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t n = id != NULL ? strlen(id) : 0;

    return n == 0 || n > TRACKING_MAX || strspn(id, allowed) != n ? "-132" : NULL;
}

static const char *mode_error(const struct zbs_send *z, const cJSON *body)
{
    const cJSON *sending = json_get(body, "sending_mode");
    const char *mode = json_str_or(body, "sending_mode", "");

    if (json_get(body, "mode") != NULL)
        return "-127"; /* development mode: we are nobody's admin */
    if (sending == NULL || strcmp(mode, "1") == 0)
        return NULL;
    if (strcmp(mode, "3") != 0)
        return "-132";
    return strcmp(z->card->tag, "PROMOTION") == 0 ? "-161" : "-162";
}

static const char *template_error(struct sim *s, struct zbs_send *z)
{
    enum sim_fault_kind fault =
        z->card != NULL ? sim_faults_template(&s->faults, z->card->id) : SIM_FAULT_NONE;

    if (z->card == NULL)
        return "-109";
    if (fault == SIM_FAULT_TEMPLATE_DISABLED || strcmp(z->card->status, "DISABLE") == 0)
        return "-146";
    if (fault == SIM_FAULT_TEMPLATE_REJECTED || strcmp(z->card->status, "ENABLE") != 0)
        return "-131";
    return sim_card_check(z->card, z->data, &z->field);
}

static const char *person_error(const struct sim_person *who)
{
    static const char *const states[] = { [SIM_ZALO_OK] = NULL,
                                          [SIM_ZALO_NONE] = "-118",
                                          [SIM_ZALO_INACTIVE] = "-114",
                                          [SIM_ZALO_OLD_APP] = "-110",
                                          [SIM_ZALO_BANNED] = "-119" };
    if (states[who->zalo] != NULL)
        return states[who->zalo];
    if (who->refuses_oa)
        return "-141";
    return who->refuses_type ? "-139" : NULL;
}

/* What the account may still do today; takes its share of quota and money. */
static const char *account_error(struct sim *s, struct zbs_send *z)
{
    int64_t now_ms = sim_now_ms(s);

    if (s->set.night_rule != 0 && sim_is_night(now_ms))
        return "-133";
    if (z->card->daily_quota > 0 && !sim_window_take(&z->card->day, sim_day(now_ms), z->card->daily_quota))
        return "-147";
    if (!sim_window_take(&s->zbs_day, sim_day(now_ms), s->set.daily_quota))
        return "-144";
    return sim_charge(s, SIM_ZBS, z->card->price_phone) ? NULL : "-115";
}

static const char *send_error(struct sim *s, struct zbs_send *z, const cJSON *body, bool hashed)
{
    const char *code = hashed ? read_hash(s, z) : read_phone(s, z);

    if (code == NULL)
        code = template_error(s, z);
    if (code == NULL) {
        z->field = "tracking_id";
        code = tracking_error(z->tracking_id);
    }
    if (code == NULL) {
        z->field = "sending_mode";
        code = mode_error(z, body);
    }
    if (code == NULL)
        code = person_error(sim_people_get(&s->people, z->person));
    return code != NULL ? code : account_error(s, z);
}

static uint32_t take(struct sim *s, const struct zbs_send *z, struct sim_reply *r)
{
    struct buf text = BUF_INIT(64 * 1024), detail = BUF_INIT(64 * 1024);

    sim_card_draw(z->card, z->data, &text, &detail);
    uint32_t message = sim_delivery_take(s,
                                         &(struct sim_taken){ .way = SIM_ZBS,
                                                              .person = z->person,
                                                              .address = z->e164,
                                                              .ref = z->tracking_id,
                                                              .title = z->card->title,
                                                              .text = buf_cstr(&text),
                                                              .detail = buf_cstr(&detail),
                                                              .hashed = z->hash,
                                                              .price_vnd = (int32_t)z->card->price_phone },
                                         r);
    buf_clear(&text);
    buf_clear(&detail);
    return message;
}

static void add_count(cJSON *o, const char *name, int64_t n)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, n);
    cJSON_AddStringToObject(o, name, text);
}

static void reply_sent(struct sim *s, struct sim_reply *r, uint32_t message)
{
    cJSON *data = cJSON_CreateObject(), *quota;
    char id[SIM_ID_MAX];

    sim_message_id(&s->ledger, message, SIM_ZBS, id);
    cJSON_AddStringToObject(data, "msg_id", id);
    add_count(data, "sent_time", sim_ledger_get(&s->ledger, message)->accepted_ms);
    cJSON_AddStringToObject(data, "sending_mode", "1");
    quota = cJSON_AddObjectToObject(data, "quota");
    add_count(quota, "dailyQuota", s->set.daily_quota);
    add_count(quota, "remainingQuota", s->set.daily_quota - s->zbs_day.used);
    sim_zalo_success(r, data);
}

static void send(struct sim *s, const struct http_request *req, struct sim_reply *r, bool hashed)
{
    bool empty;

    if (!enter(s, req, r))
        return;
    cJSON *body = sim_request_json(req, &empty);
    if (body == NULL) {
        sim_zbs_refuse(s, r, empty ? "-121" : "-122");
        return;
    }
    const char *id = json_str(body, "template_id");
    struct zbs_send z = { .phone = json_str(body, "phone"),
                          .hash = hashed ? json_str(body, "hash_phone") : NULL,
                          .tracking_id = json_str(body, "tracking_id"),
                          .card = id != NULL ? sim_cards_find(s->cards, id) : NULL,
                          .data = json_get(body, "template_data") };
    const char *code = send_error(s, &z, body, hashed);
    if (code != NULL)
        sim_zalo_refuse(s, r, "zbs", code, strcmp(code, "-132") == 0 ? z.field : NULL);
    else
        reply_sent(s, r, take(s, &z, r));
    cJSON_Delete(body);
}

void sim_zbs_send(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    send(s, req, r, false);
}

void sim_zbs_send_hash(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    send(s, req, r, true);
}

/* ---- look-ups ---- */

void sim_zbs_status(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    const char *id = http_request_query(req, "message_id");

    if (!enter(s, req, r))
        return;
    if (id == NULL || id[0] == '\0') {
        sim_zbs_refuse(s, r, "-107");
        return;
    }
    const struct sim_message *m = sim_ledger_get(&s->ledger, sim_message_find(&s->ledger, SIM_ZBS, id));
    cJSON *data = cJSON_CreateObject();
    bool delivered = m != NULL && m->delivered_ms != 0;
    if (delivered)
        add_count(data, "delivery_time", m->delivered_ms);
    cJSON_AddStringToObject(data, "message",
                            m == NULL   ? "Message does not exist"
                            : delivered ? "Delivered"
                                        : "Sent to Zalo");
    cJSON_AddNumberToObject(data, "status", m == NULL ? -1 : delivered);
    sim_zalo_success(r, data);
}

void sim_zbs_quota(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    static const char *const promotion[] = { "dailyQuotaPromotion", "remainingQuotaPromotion",
                                             "monthlyPromotionQuota", "remainingMonthlyPromotionQuota",
                                             "estimatedNextMonthPromotionQuota" };
    if (!enter(s, req, r))
        return;
    bool today = s->zbs_day.number == sim_day(sim_now_ms(s));
    cJSON *data = cJSON_CreateObject();
    cJSON_AddNumberToObject(data, "dailyQuota", (double)s->set.daily_quota);
    cJSON_AddNumberToObject(data, "remainingQuota",
                            (double)(s->set.daily_quota - (today ? s->zbs_day.used : 0)));
    for (size_t i = 0; i < sizeof promotion / sizeof promotion[0]; i++)
        cJSON_AddNullToObject(data, promotion[i]);
    sim_zalo_success(r, data);
}

void sim_zbs_quality(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    if (!enter(s, req, r))
        return;
    cJSON *data = cJSON_CreateObject();
    cJSON_AddStringToObject(data, "oaCurrentQuality", "HIGH");
    cJSON_AddStringToObject(data, "oa7dayQuality", "HIGH");
    sim_zalo_success(r, data);
}

static const char *status_now(struct sim *s, const struct sim_card *card)
{
    switch (sim_faults_template(&s->faults, card->id)) {
    case SIM_FAULT_TEMPLATE_DISABLED:
        return "DISABLE";
    case SIM_FAULT_TEMPLATE_REJECTED:
        return "REJECT";
    default:
        return card->status;
    }
}

static cJSON *list_params(const struct sim_card *card)
{
    cJSON *list = cJSON_CreateArray();
    const cJSON *p;
    int64_t max = 30;

    cJSON_ArrayForEach(p, card->params)
    {
        cJSON *o = cJSON_CreateObject();
        bool required = json_bool_or(p, "require", true);
        json_int(p, "max_length", &max);
        cJSON_AddStringToObject(o, "name", json_str_or(p, "name", ""));
        cJSON_AddBoolToObject(o, "require", required);
        cJSON_AddItemToObject(o, "type", cJSON_Duplicate(json_get(p, "type"), false));
        cJSON_AddNumberToObject(o, "maxLength", (double)max);
        cJSON_AddNumberToObject(o, "minLength", 0);
        cJSON_AddBoolToObject(o, "acceptNull", !required);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

void sim_zbs_template(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    const char *id = http_request_query(req, "template_id");
    const struct sim_card *card = id != NULL ? sim_cards_find(s->cards, id) : NULL;
    int64_t timeout_ms = TIMEOUT_MS;

    if (!enter(s, req, r))
        return;
    if (card == NULL) {
        sim_zbs_refuse(s, r, "-109");
        return;
    }
    cJSON *data = cJSON_CreateObject();
    cJSON_AddStringToObject(data, "templateId", card->id);
    cJSON_AddStringToObject(data, "templateName", card->title);
    cJSON_AddStringToObject(data, "status", status_now(s, card));
    cJSON_AddItemToObject(data, "listParams", list_params(card));
    cJSON_AddItemToObject(data, "listButtons",
                          card->buttons != NULL ? cJSON_Duplicate(card->buttons, true) : cJSON_CreateArray());
    json_int(card->tree, "timeout_ms", &timeout_ms);
    cJSON_AddNumberToObject(data, "timeout", (double)timeout_ms);
    cJSON_AddStringToObject(data, "previewUrl", "");
    cJSON_AddStringToObject(data, "templateQuality", card->quality);
    cJSON_AddStringToObject(data, "templateTag", card->tag);
    add_count(data, "price", card->price_phone);
    add_count(data, "price_sdt", card->price_phone);
    add_count(data, "price_uid", card->price_uid);
    if (card->daily_quota > 0)
        add_count(data, "templateDailyQuota", card->daily_quota);
    sim_zalo_success(r, data);
}

/* The list writes ids as numbers, the single look-up as strings: Zalo mixes them, so must we. */
void sim_zbs_templates(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    const char *from = http_request_query(req, "offset"), *many = http_request_query(req, "limit");
    unsigned long offset = from != NULL ? strtoul(from, NULL, 10) : 0;
    unsigned long limit = many != NULL ? strtoul(many, NULL, 10) : 100;

    if (!enter(s, req, r))
        return;
    if (limit > 100) {
        sim_zalo_refuse(s, r, "zbs", "-132", "limit");
        return;
    }
    cJSON *data = cJSON_CreateArray();
    for (unsigned long i = offset; i < sim_cards_count(s->cards) && i - offset < limit; i++) {
        const struct sim_card *card = sim_cards_at(s->cards, (unsigned)i);
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "templateId", strtod(card->id, NULL));
        cJSON_AddStringToObject(o, "templateName", card->title);
        cJSON_AddStringToObject(o, "status", status_now(s, card));
        cJSON_AddStringToObject(o, "templateQuality", card->quality);
        cJSON_AddItemToArray(data, o);
    }
    sim_zalo_success(r, data);
}
