/*
 * eSMS: SendMultipleMessage_V4_post_json, GetSendStatus, GetBalance_json.
 *
 * Every member is a string. CodeResult 100 is "accepted" only; what became of the message comes by GET to the
 * CallbackUrl of the request. A RequestId is good for one message in 24 hours: the second gives 124 and the
 * SMSID of the first. What cannot even be read is answered {"error":"…"} without CodeResult.
 */
#include "sim_codes.h"
#include "sim_delivery.h"
#include "sim_providers.h"
#include "sim_sms_templates.h"
#include "loa/phone.h"
#include "loa/sms_text.h"
#include <stdio.h>
#include <string.h>

#define DAY_MS         86400000LL
#define REQUEST_ID_MAX 50
#define BALANCE_SHOWN  100000000 /* what an account without end shows */

void sim_esms_refuse(struct sim *s, struct sim_reply *r, const char *code)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "CodeResult", code);
    cJSON_AddNumberToObject(o, "CountRegenerate", 0);
    cJSON_AddStringToObject(o, "ErrorMessage", sim_codes_words(s->codes, "esms", code));
    snprintf(r->code, sizeof r->code, "%s", code);
    sim_reply_json(r, o);
}

static void refuse_unread(struct sim_reply *r, const char *why)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "error", why);
    snprintf(r->code, sizeof r->code, "error");
    sim_reply_json(r, o);
}

struct esms_send { /* "" where the member is absent */
    const char *api_key, *secret_key, *phone, *content, *brandname, *type, *unicode, *sandbox, *request_id,
        *callback_url;
    struct phone to;
    struct sms_size size;
};

/* False when one of the members is there but no string. */
static bool read_body(const cJSON *o, struct esms_send *e)
{
    const struct {
        const char *name, **place;
    } members[] = {
        { "ApiKey", &e->api_key },           { "SecretKey", &e->secret_key }, { "Phone", &e->phone },
        { "Content", &e->content },          { "Brandname", &e->brandname },  { "SmsType", &e->type },
        { "IsUnicode", &e->unicode },        { "Sandbox", &e->sandbox },      { "RequestId", &e->request_id },
        { "CallbackUrl", &e->callback_url },
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const cJSON *v = json_get(o, members[i].name);
        if (v != NULL && !cJSON_IsString(v))
            return false;
        *members[i].place = v != NULL ? v->valuestring : "";
    }
    return true;
}

static bool keys_are_right(struct sim *s, const char *api_key, const char *secret_key)
{
    return strcmp(api_key, s->opt.sms_key) == 0 && strcmp(secret_key, s->opt.sms_secret) == 0;
}

/* "0912345678", and "84912345678", which clients use too. */
static bool read_phone(struct esms_send *e)
{
    char national[16] = "";

    e->to = phone_parse(e->phone);
    if (e->to.kind == PHONE_BAD || e->to.kind == PHONE_SERVICE || e->to.migrated)
        return false;
    phone_national(e->to.e164, national);
    return e->to.kind == PHONE_MOBILE &&
           (strcmp(e->phone, national) == 0 || strcmp(e->phone, e->to.e164) == 0);
}

/* At most 11 letters, digits, - _ . and blanks, not digits only. */
static bool is_brandname(const char *b)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_. ";
    size_t n = strlen(b);

    return n > 0 && n <= 11 && strspn(b, allowed) == n && strspn(b, "0123456789") != n;
}

/* Without IsUnicode the text must be GSM-7: customer-care templates are registered without diacritics. */
static bool content_is_right(struct esms_send *e)
{
    size_t len = strlen(e->content);

    if (!sms_measure(e->content, len, &e->size) || e->size.parts == 0)
        return false;
    return !e->size.ucs2 || strcmp(e->unicode, "1") == 0;
}

static const char *send_error(struct sim *s, struct esms_send *e)
{
    if (!keys_are_right(s, e->api_key, e->secret_key))
        return "101";
    if (!read_phone(e))
        return "108";
    if (e->type[0] == '\0')
        return "300";
    if (strcmp(e->type, "2") != 0 && strcmp(e->type, "8") != 0)
        return "118";
    if (!is_brandname(e->brandname) ||
        (s->opt.brandname[0] != '\0' && strcasecmp(e->brandname, s->opt.brandname) != 0))
        return "104";
    return content_is_right(e) && sim_sms_templates_fit(s->sms_templates, e->content) ? NULL : "146";
}

/* The message this RequestId was used for in the last 24 hours, 0 when it is new. */
static uint32_t find_duplicate(struct sim *s, const char *request_id)
{
    uint32_t seq = request_id[0] != '\0' ? sim_ledger_find_ref(&s->ledger, SIM_ESMS, request_id) : 0;
    const struct sim_message *m = sim_ledger_get(&s->ledger, seq);

    return m != NULL && sim_now_ms(s) - m->accepted_ms < DAY_MS ? seq : 0;
}

static void reply_id(struct sim *s, struct sim_reply *r, uint32_t message, bool duplicate)
{
    cJSON *o = cJSON_CreateObject();
    char id[SIM_ID_MAX];

    sim_message_id(&s->ledger, message, SIM_ESMS, id);
    cJSON_AddStringToObject(o, "CodeResult", duplicate ? "124" : "100");
    cJSON_AddNumberToObject(o, "CountRegenerate", 0);
    if (duplicate) {
        cJSON_AddStringToObject(o, "ErrorMessage", sim_codes_words(s->codes, "esms", "124"));
        cJSON_AddStringToObject(o, "SendStatus", "5");
    }
    cJSON_AddStringToObject(o, "SMSID", id);
    r->accepted = !duplicate;
    r->duplicate = duplicate;
    sim_reply_json(r, o);
}

static uint32_t take(struct sim *s, const struct esms_send *e, int32_t price, struct sim_reply *r)
{
    uint32_t person = sim_people_by_phone(&s->people, e->to.e164);

    return sim_delivery_take(
        s,
        &(struct sim_taken){ .way = SIM_ESMS,
                             .person = person,
                             .address = e->to.e164,
                             .ref = e->request_id,
                             .title = e->brandname,
                             .text = e->content,
                             .callback_url = e->callback_url[0] != '\0' ? e->callback_url : NULL,
                             .parts = e->size.parts,
                             .price_vnd = price,
                             .lost = sim_people_get(&s->people, person)->sms_lost },
        r);
}

static void send(struct sim *s, struct esms_send *e, struct sim_reply *r)
{
    const char *code = send_error(s, e);

    if (code != NULL) {
        sim_esms_refuse(s, r, code);
        return;
    }
    if (strlen(e->request_id) > REQUEST_ID_MAX) {
        refuse_unread(r, "RequestId is longer than 50 characters");
        return;
    }
    uint32_t first = find_duplicate(s, e->request_id);
    if (first != 0) {
        reply_id(s, r, first, true);
        return;
    }
    int32_t price = (int32_t)(e->size.parts * s->set.sms_price_vnd);
    if (strcmp(e->sandbox, "1") == 0) { /* looked at, not stored, not charged, not delivered */
        cJSON *o = cJSON_Parse("{\"CodeResult\":\"100\",\"CountRegenerate\":0,\"SMSID\":\"sandbox\"}");
        r->accepted = true;
        sim_reply_json(r, o);
        return;
    }
    if (!sim_charge(s, SIM_ESMS, price)) {
        sim_esms_refuse(s, r, "103");
        return;
    }
    reply_id(s, r, take(s, e, price, r), false);
}

void sim_esms_send(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    struct esms_send e = { 0 };
    bool empty;
    cJSON *o = sim_request_json(req, &empty);

    if (o == NULL)
        refuse_unread(r, "The request body is not a JSON object");
    else if (!read_body(o, &e))
        refuse_unread(r, "Values must be strings");
    else
        send(s, &e, r);
    cJSON_Delete(o);
}

/* ---- look-ups: numbers here, strings in the callback ---- */

void sim_esms_status(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    const char *id = http_request_query(req, "RefId"), *key = http_request_query(req, "ApiKey");
    const char *secret = http_request_query(req, "SecretKey");
    cJSON *o = cJSON_CreateObject();
    bool known_keys = key != NULL && secret != NULL && keys_are_right(s, key, secret);
    uint32_t seq = known_keys && id != NULL ? sim_message_find(&s->ledger, SIM_ESMS, id) : 0;
    const struct sim_message *m = sim_ledger_get(&s->ledger, seq);

    if (m == NULL) {
        const char *code = known_keys ? "105" : "101";
        cJSON_AddStringToObject(o, "CodeResponse", code);
        cJSON_AddStringToObject(o, "ErrorMessage", sim_codes_words(s->codes, "esms", code));
        snprintf(r->code, sizeof r->code, "%s", code);
        sim_reply_json(r, o);
        return;
    }
    bool finished = m->failed || m->delivered_ms != 0;
    cJSON_AddStringToObject(o, "CodeResponse", "100");
    cJSON_AddStringToObject(o, "SMSID", id);
    cJSON_AddNumberToObject(o, "SendStatus", finished ? 5 : 7);
    cJSON_AddNumberToObject(o, "SendSuccess", m->delivered_ms != 0);
    cJSON_AddNumberToObject(o, "SendFailed", m->failed);
    cJSON_AddNumberToObject(o, "TotalPrice", m->price_vnd);
    cJSON_AddNumberToObject(o, "TotalReceiver", 1);
    cJSON_AddNumberToObject(o, "TotalSent", 1);
    r->accepted = true;
    sim_reply_json(r, o);
}

void sim_esms_balance(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    bool empty;
    cJSON *body = sim_request_json(req, &empty), *o = cJSON_CreateObject();
    bool right = keys_are_right(s, json_str_or(body, "ApiKey", ""), json_str_or(body, "SecretKey", ""));

    if (right) {
        double balance = s->set.balance_vnd >= 0 ? (double)s->set.balance_vnd : BALANCE_SHOWN;
        cJSON_AddNumberToObject(o, "Balance", sim_faults_balance_empty(&s->faults, SIM_ESMS) ? 0 : balance);
        cJSON_AddStringToObject(o, "UserID", "sim");
        r->accepted = true;
    } else {
        snprintf(r->code, sizeof r->code, "101");
    }
    cJSON_AddStringToObject(o, "CodeResponse", right ? "100" : "101");
    sim_reply_json(r, o);
    cJSON_Delete(body);
}
