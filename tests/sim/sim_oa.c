/*
 * The Official Account host: replies to citizens (cs), templates by user id, look-ups.
 *
 * A reply needs an interaction: within 48 h it is free, up to 7 days it costs money and nobody says so, after
 * that -230; a citizen who never interacted, or stopped following, gives -213. Every call counts towards the
 * calls per minute; over the limit -32 and nothing happened.
 */
#include "sim_cards.h"
#include "sim_codes.h"
#include "sim_delivery.h"
#include "sim_oa_message.h"
#include "sim_providers.h"
#include "loa/calendar.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HOUR_MS          3600000LL
#define FREE_MS          (48 * HOUR_MS)
#define WINDOW_MS        (7 * 24 * HOUR_MS)
#define OA_OF_GOVERNMENT 4

void sim_oa_refuse(struct sim *s, struct sim_reply *r, const char *code)
{
    sim_zalo_refuse(s, r, "oa", code, NULL);
}

/* Counts the call and checks the token; false when the refusal is written. */
static bool enter(struct sim *s, const struct http_request *req, struct sim_reply *r)
{
    static const char *const access_codes[] = { [SIM_ACCESS_MISSING] = "-216",
                                                [SIM_ACCESS_WRONG] = "-216",
                                                [SIM_ACCESS_EXPIRED] = "-220",
                                                [SIM_ACCESS_NO_PROOF] = "-242" };
    bool in_time = sim_window_take(&s->oa_minute, sim_now_ms(s) / 60000, s->set.oa_per_minute);
    char number[24];

    snprintf(number, sizeof number, "%" PRId64, s->set.oa_per_minute);
    sim_reply_header(r, "X-RateLimit-Limit", number);
    snprintf(number, sizeof number, "%" PRId64, s->set.oa_per_minute - s->oa_minute.used);
    sim_reply_header(r, "X-RateLimit-Remain", number);
    if (!in_time) {
        sim_oa_refuse(s, r, "-32");
        return false;
    }
    enum sim_access access = sim_access_check(s, req);
    if (access != SIM_ACCESS_OK)
        sim_oa_refuse(s, r, access_codes[access]);
    return access == SIM_ACCESS_OK;
}

static const char *reach_error(const struct sim_person *who, int64_t now_ms)
{
    if (who->zalo == SIM_ZALO_INACTIVE || who->zalo == SIM_ZALO_BANNED)
        return "-227";
    if (who->refuses_oa)
        return "-244";
    if (who->last_interaction_ms == 0)
        return "-213";
    return now_ms - who->last_interaction_ms > WINDOW_MS ? "-230" : NULL;
}

static void add_quota(struct sim *s, cJSON *data, const char *type)
{
    cJSON *quota = cJSON_AddObjectToObject(data, "quota");

    cJSON_AddStringToObject(quota, "quota_type", type);
    cJSON_AddStringToObject(quota, "owner_type", "OA");
    cJSON_AddStringToObject(quota, "owner_id", s->opt.oa_id);
}

static void reply_sent(struct sim *s, struct sim_reply *r, uint32_t message, const char *quota_type)
{
    const struct sim_message *m = sim_ledger_get(&s->ledger, message);
    cJSON *data = cJSON_CreateObject();
    char id[SIM_ID_MAX], sent[24];

    sim_message_id(&s->ledger, message, m->way, id);
    snprintf(sent, sizeof sent, "%" PRId64, m->accepted_ms);
    cJSON_AddStringToObject(data, "message_id", id);
    cJSON_AddStringToObject(data, "user_id", m->address);
    cJSON_AddStringToObject(data, "sent_time", sent);
    add_quota(s, data, quota_type);
    sim_zalo_success(r, data);
}

/* ---- replies ---- */

static uint32_t take_reply(struct sim *s, uint32_t person, const char *uid, const struct sim_oa_message *m,
                           int price, struct sim_reply *r)
{
    struct buf detail = BUF_INIT(64 * 1024);
    cJSON *o = cJSON_CreateObject();

    if (m->buttons != NULL)
        cJSON_AddItemToObject(o, "buttons", cJSON_Duplicate(m->buttons, true));
    if (m->image_url != NULL)
        cJSON_AddStringToObject(o, "image", m->image_url);
    if (m->title != NULL)
        cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "asks_contact"), "subtitle", m->subtitle);
    json_print(o, &detail);
    cJSON_Delete(o);

    uint32_t message = sim_delivery_take(
        s,
        &(struct sim_taken){ .way = SIM_CS,
                             .person = person,
                             .address = uid,
                             .title = m->title,
                             .text = m->text[0] != '\0' || m->title == NULL ? m->text : m->title,
                             .detail = buf_cstr(&detail),
                             .price_vnd = price },
        r);
    buf_clear(&detail);
    return message;
}

static void send_reply(struct sim *s, const cJSON *body, struct sim_reply *r)
{
    const char *uid = json_str(json_get(body, "recipient"), "user_id");
    uint32_t person = uid != NULL ? sim_people_by_uid(&s->people, uid) : 0;
    struct sim_oa_message m;
    int64_t now_ms = sim_now_ms(s);

    if (person == 0) {
        sim_zalo_refuse(s, r, "oa", "-201", "user_id");
        return;
    }
    const struct sim_person *who = sim_people_get(&s->people, person);
    const char *code = sim_oa_message_check(json_get(body, "message"), &m);
    if (code == NULL)
        code = reach_error(who, now_ms);
    bool is_free = now_ms - who->last_interaction_ms <= FREE_MS;
    if (code == NULL && !is_free && !sim_charge(s, SIM_CS, s->set.cs_price_vnd))
        code = "-321";
    if (code != NULL) {
        sim_oa_refuse(s, r, code);
        return;
    }
    int price = is_free ? 0 : (int)s->set.cs_price_vnd;
    reply_sent(s, r, take_reply(s, person, uid, &m, price, r), is_free ? "reply" : "purchase_quota");
}

/* Runs `then` with the body of an authorised call, or writes the refusal. */
static void with_body(struct sim *s, const struct http_request *req, struct sim_reply *r,
                      void (*then)(struct sim *, const cJSON *, struct sim_reply *))
{
    bool empty;

    if (!enter(s, req, r))
        return;
    cJSON *body = sim_request_json(req, &empty);
    if (body == NULL)
        sim_zalo_refuse(s, r, "oa", "-201", "body");
    else
        then(s, body, r);
    cJSON_Delete(body);
}

void sim_oa_message(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    with_body(s, req, r, send_reply);
}

/* ---- templates by user id ---- */

static const char *template_error(struct sim *s, const struct sim_card *card, const cJSON *data,
                                  const char **field)
{
    const char *code = sim_card_check(card, data, field);

    if (code != NULL)
        return strcmp(code, "-1121") == 0 ? "-210" : "-201";
    *field = NULL;
    if (card->price_uid == 0)
        return "-249";
    if (sim_faults_template(&s->faults, card->id) != SIM_FAULT_NONE || strcmp(card->status, "ENABLE") != 0)
        return "-233";
    if (s->set.night_rule != 0 && strcmp(card->tag, "PROMOTION") == 0 && sim_is_night(sim_now_ms(s)))
        return "-234";
    return NULL;
}

static const char *uid_reach_error(const struct sim_person *who)
{
    if (who->zalo != SIM_ZALO_OK)
        return "-227";
    return who->refuses_oa || who->refuses_type ? "-244" : NULL;
}

static uint32_t take_template(struct sim *s, uint32_t person, const char *uid, const struct sim_card *card,
                              const cJSON *data, struct sim_reply *r)
{
    struct buf text = BUF_INIT(64 * 1024), detail = BUF_INIT(64 * 1024);

    sim_card_draw(card, data, &text, &detail);
    uint32_t message = sim_delivery_take(s,
                                         &(struct sim_taken){ .way = SIM_UID,
                                                              .person = person,
                                                              .address = uid,
                                                              .title = card->title,
                                                              .text = buf_cstr(&text),
                                                              .detail = buf_cstr(&detail),
                                                              .price_vnd = (int32_t)card->price_uid },
                                         r);
    buf_clear(&text);
    buf_clear(&detail);
    return message;
}

static void send_template(struct sim *s, const cJSON *body, struct sim_reply *r)
{
    const char *uid = json_str(body, "user_id"), *id = json_str(body, "template_id"), *field = NULL;
    uint32_t person = uid != NULL ? sim_people_by_uid(&s->people, uid) : 0;
    const struct sim_card *card = id != NULL ? sim_cards_find(s->cards, id) : NULL;
    const cJSON *data = json_get(body, "template_data");

    if (person == 0 || card == NULL) {
        sim_zalo_refuse(s, r, "oa", "-201", person == 0 ? "user_id" : "template_id");
        return;
    }
    const char *code = template_error(s, card, data, &field);
    if (code == NULL)
        code = uid_reach_error(sim_people_get(&s->people, person));
    if (code == NULL && !sim_charge(s, SIM_UID, card->price_uid))
        code = "-321";
    if (code != NULL)
        sim_zalo_refuse(s, r, "oa", code, strcmp(code, "-201") == 0 ? field : NULL);
    else
        reply_sent(s, r, take_template(s, person, uid, card, data, r), "purchase_quota");
}

void sim_oa_template(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    with_body(s, req, r, send_template);
}

/* Shut down on 2026-03-01; a program that still calls it must hear so. */
void sim_oa_gone(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    if (enter(s, req, r))
        sim_oa_refuse(s, r, "-240");
}

/* ---- look-ups ---- */

static void add_pair(cJSON *o, const char *name, int remain, int total)
{
    cJSON *pair = cJSON_AddObjectToObject(o, name);

    cJSON_AddNumberToObject(pair, "remain", remain);
    cJSON_AddNumberToObject(pair, "total", total);
}

static void user_quota(struct sim *s, const cJSON *body, struct sim_reply *r)
{
    const char *uid = json_str(body, "user_id");
    uint32_t person = uid != NULL ? sim_people_by_uid(&s->people, uid) : 0;
    char last[24];

    if (person == 0) {
        sim_zalo_refuse(s, r, "oa", "-201", "user_id");
        return;
    }
    cJSON *data = cJSON_CreateObject();
    snprintf(last, sizeof last, "%" PRId64, sim_people_get(&s->people, person)->last_interaction_ms);
    cJSON_AddStringToObject(data, "last_interaction", last);
    add_pair(data, "cs_reply", 8, 8);
    sim_zalo_success(r, data);
}

void sim_oa_quota(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    with_body(s, req, r, user_quota);
}

void sim_oa_account(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    if (!enter(s, req, r))
        return;
    cJSON *data = cJSON_CreateObject();
    uint32_t followers = 0;

    for (uint32_t i = 0; i < s->people.count; i++)
        followers += s->people.list[i].follows;
    cJSON_AddStringToObject(data, "oaid", s->opt.oa_id);
    cJSON_AddStringToObject(data, "name", s->opt.oa_name);
    cJSON_AddStringToObject(data, "oa_alias", "");
    cJSON_AddBoolToObject(data, "is_verified", true);
    cJSON_AddNumberToObject(data, "oa_type", OA_OF_GOVERNMENT);
    cJSON_AddNumberToObject(data, "num_follower", followers);
    cJSON_AddStringToObject(data, "package_name", "Growth");
    cJSON_AddStringToObject(data, "package_valid_through_date", "31/12/2027");
    cJSON_AddStringToObject(data, "linked_ZCA", "sim");
    sim_zalo_success(r, data);
}

static void user_detail(struct sim_reply *r, const struct sim_person *who)
{
    cJSON *data = cJSON_CreateObject();
    char date[16] = "", by_app[SIM_UID_MAX + 4];

    if (who->last_interaction_ms != 0)
        date_print_vi(who->last_interaction_ms, date);
    snprintf(by_app, sizeof by_app, "77%s", who->uid);
    cJSON_AddStringToObject(data, "user_id", who->uid);
    cJSON_AddStringToObject(data, "user_id_by_app", by_app);
    cJSON_AddStringToObject(data, "display_name", who->name != NULL ? who->name : "");
    cJSON_AddStringToObject(data, "user_alias", "");
    cJSON_AddBoolToObject(data, "user_is_follower", who->follows);
    cJSON_AddStringToObject(data, "user_last_interaction_date", date);
    cJSON_AddBoolToObject(data, "is_sensitive", false);
    cJSON_AddObjectToObject(data, "shared_info");
    sim_zalo_success(r, data);
}

/* GET with one parameter, a JSON object in the query: data={"user_id":"…"} */
void sim_oa_user(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    const char *query = http_request_query(req, "data");
    cJSON *o = NULL;

    if (!enter(s, req, r))
        return;
    json_parse(query != NULL ? query : "", query != NULL ? strlen(query) : 0, &o, NULL, 0);
    const char *uid = json_str(o, "user_id");
    uint32_t person = uid != NULL ? sim_people_by_uid(&s->people, uid) : 0;
    if (person == 0)
        sim_zalo_refuse(s, r, "oa", "-201", "user_id");
    else
        user_detail(r, sim_people_get(&s->people, person));
    cJSON_Delete(o);
}
