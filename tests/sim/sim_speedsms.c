/*
 * SpeedSMS: /index.php/sms/send, status, user info.
 *
 * HTTP Basic, the access token as user and the letter x as password; a wrong token is answered 404. 60 calls
 * a minute, then 429 with X-Rate-Limit-Reset. There is no reference of ours: a message sent twice arrives
 * twice. An answer "success" may still list a number under invalidPhone.
 */
#include "sim_codes.h"
#include "sim_delivery.h"
#include "sim_providers.h"
#include "loa/crypto.h"
#include "loa/phone.h"
#include "loa/sms_text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECEIVERS_MAX 100
#define BALANCE_SHOWN 100000000 /* what an account without end shows */

void sim_speedsms_refuse(struct sim *s, struct sim_reply *r, const char *code)
{
    cJSON *o = cJSON_CreateObject();
    char seconds[8];

    if (strcmp(code, "429") == 0) {
        snprintf(seconds, sizeof seconds, "%d", (int)(60 - sim_now_ms(s) / 1000 % 60));
        sim_reply_header(r, "X-Rate-Limit-Reset", seconds);
        r->status = 429;
    }
    cJSON_AddStringToObject(o, "status", "error");
    cJSON_AddStringToObject(o, "code", code);
    cJSON_AddStringToObject(o, "message", sim_codes_words(s->codes, "speedsms", code));
    snprintf(r->code, sizeof r->code, "%s", code);
    sim_reply_json(r, o);
}

static bool enter(struct sim *s, const struct http_request *req, struct sim_reply *r)
{
    const char *given = http_request_header(req, "authorization");
    struct buf want = BUF_INIT(1024);
    char pair[512];

    snprintf(pair, sizeof pair, "%s:x", s->opt.sms_key);
    buf_str(&want, "Basic ");
    crypto_base64(&want, pair, strlen(pair));
    bool right = given != NULL && strcmp(given, buf_cstr(&want)) == 0;
    buf_clear(&want);
    if (!right) {
        r->status = 404;
        snprintf(r->code, sizeof r->code, "404");
        sim_reply_json(r, cJSON_CreateObject());
        return false;
    }
    if (sim_window_take(&s->speedsms_minute, sim_now_ms(s) / 60000, s->set.speedsms_per_minute))
        return true;
    sim_speedsms_refuse(s, r, "429");
    return false;
}

static const char *send_error(const cJSON *body, struct sms_size *size)
{
    const cJSON *to = json_get(body, "to"), *n;
    const char *content = json_str(body, "content");
    int64_t type;

    if (!cJSON_IsArray(to) || cJSON_GetArraySize(to) == 0 || cJSON_GetArraySize(to) > RECEIVERS_MAX ||
        content == NULL || !json_int(body, "sms_type", &type) || type < 2 || type > 8)
        return "101";
    if (type == 3 && json_str_or(body, "sender", "")[0] == '\0')
        return "101";
    cJSON_ArrayForEach(n, to) if (!cJSON_IsString(n)) return "101";
    if (content[0] == '\0')
        return "101";
    return sms_measure(content, strlen(content), size) ? NULL : "113";
}

static uint32_t take(struct sim *s, const cJSON *body, const char *phone, const struct sms_size *size,
                     struct sim_reply *r)
{
    uint32_t person = sim_people_by_phone(&s->people, phone);

    return sim_delivery_take(s,
                             &(struct sim_taken){ .way = SIM_SPEEDSMS,
                                                  .person = person,
                                                  .address = phone,
                                                  .title = json_str_or(body, "sender", "Notify"),
                                                  .text = json_str(body, "content"),
                                                  .parts = size->parts,
                                                  .price_vnd = (int32_t)(size->parts * s->set.sms_price_vnd),
                                                  .lost = sim_people_get(&s->people, person)->sms_lost },
                             r);
}

static void send(struct sim *s, const cJSON *body, struct sim_reply *r)
{
    struct sms_size size = { 0 };
    const char *code = send_error(body, &size);
    const cJSON *to = json_get(body, "to"), *n;
    uint32_t first = 0, taken = 0;

    if (code == NULL &&
        !sim_charge(s, SIM_SPEEDSMS, cJSON_GetArraySize(to) * size.parts * s->set.sms_price_vnd))
        code = "300";
    if (code != NULL) {
        sim_speedsms_refuse(s, r, code);
        return;
    }
    cJSON *o = cJSON_CreateObject(), *data = cJSON_CreateObject(), *invalid = cJSON_CreateArray();
    cJSON_ArrayForEach(n, to)
    {
        struct phone phone = phone_parse(n->valuestring);
        if (phone.kind != PHONE_MOBILE || phone.migrated) {
            cJSON_AddItemToArray(invalid, cJSON_CreateString(n->valuestring));
            continue;
        }
        uint32_t message = take(s, body, phone.e164, &size, r);
        if (taken++ == 0)
            first = message;
    }
    char id[SIM_ID_MAX];
    sim_message_id(&s->ledger, first, SIM_SPEEDSMS, id);
    cJSON_AddStringToObject(o, "status", "success");
    cJSON_AddStringToObject(o, "code", "00");
    cJSON_AddNumberToObject(data, "tranId", strtod(id, NULL));
    cJSON_AddNumberToObject(data, "totalSMS", taken * size.parts);
    cJSON_AddNumberToObject(data, "totalPrice", (double)(taken * size.parts * s->set.sms_price_vnd));
    cJSON_AddItemToObject(data, "invalidPhone", invalid);
    cJSON_AddItemToObject(o, "data", data);
    r->accepted = taken > 0;
    if (taken == 0)
        snprintf(r->code, sizeof r->code, "invalidPhone");
    sim_reply_json(r, o);
}

void sim_speedsms_send(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    bool empty;

    if (!enter(s, req, r))
        return;
    cJSON *body = sim_request_json(req, &empty);
    if (body == NULL)
        sim_speedsms_refuse(s, r, "101");
    else
        send(s, body, r);
    cJSON_Delete(body);
}

void sim_speedsms_status(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    const char *id = http_request_param(req, "tran");
    const struct sim_message *m = sim_ledger_get(&s->ledger, sim_message_find(&s->ledger, SIM_SPEEDSMS, id));

    if (!enter(s, req, r))
        return;
    if (m == NULL) {
        sim_speedsms_refuse(s, r, "101");
        return;
    }
    cJSON *o = cJSON_CreateObject(), *row = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "status", "success");
    cJSON_AddStringToObject(o, "code", "00");
    cJSON_AddStringToObject(row, "phone", m->address);
    cJSON_AddNumberToObject(row, "status", m->failed ? 64 : m->delivered_ms != 0 ? 0 : 1);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(o, "data"), row);
    r->accepted = true;
    sim_reply_json(r, o);
}

void sim_speedsms_user(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    if (!enter(s, req, r))
        return;
    cJSON *o = cJSON_CreateObject(), *data = cJSON_AddObjectToObject(o, "data");
    double balance = s->set.balance_vnd >= 0 ? (double)s->set.balance_vnd : BALANCE_SHOWN;
    cJSON_AddStringToObject(o, "status", "success");
    cJSON_AddStringToObject(o, "code", "00");
    cJSON_AddStringToObject(data, "email", "sim@example.vn");
    cJSON_AddNumberToObject(data, "balance",
                            sim_faults_balance_empty(&s->faults, SIM_SPEEDSMS) ? 0 : balance);
    cJSON_AddStringToObject(data, "currency", "VND");
    r->accepted = true;
    sim_reply_json(r, o);
}
