/*
 * What a citizen does: POST /sim/act {"act":…, and who: "uid", "phone", "email" or "person"}
 *
 *   text {"text"}   writes to the account; with "hidden" as a button does whose payload nobody sees
 *   follow, unfollow
 *   seen            opens everything, or {"message"}   rate {"message","rate":1-5,"note"}
 *   share_phone     gives the account the phone        chatnow   opens the chat
 *   refuse {"what":"type|oa","on":true}                withdraw  asks for erasure
 *   unsubscribe {"message"}   presses the one-click link of a mail; the answer tells its HTTP status
 */
#include "sim_control.h"
#include "sim_delivery.h"
#include "sim_events.h"
#include "loa/mem.h"
#include "loa/phone.h"
#include "loa/text.h"
#include <stdlib.h>
#include <string.h>

static uint32_t find_person(struct sim *s, const cJSON *body)
{
    const char *uid = json_str(body, "uid"), *phone = json_str(body, "phone"),
               *email = json_str(body, "email");
    int64_t number;

    if (json_int(body, "person", &number))
        return sim_people_get(&s->people, (uint32_t)number) != NULL ? (uint32_t)number : 0;
    if (uid != NULL)
        return sim_people_by_uid(&s->people, uid);
    if (phone != NULL) {
        struct phone p = phone_parse(phone);
        return p.kind == PHONE_MOBILE ? sim_people_by_phone(&s->people, p.e164) : 0;
    }
    return email != NULL ? sim_people_by_email(&s->people, email) : 0;
}

static void note(struct sim *s, uint32_t person, enum sim_entry_kind kind, const char *text)
{
    sim_threads_add(&s->threads, &(struct sim_entry){ .person = person,
                                                      .device = SIM_DEVICE_ZALO,
                                                      .kind = (uint8_t)kind,
                                                      .at_ms = sim_now_ms(s),
                                                      .title = NULL,
                                                      .text = (char *)text });
}

/* Each returns NULL, or the English reason why not. */
typedef const char *act_fn(struct sim *s, uint32_t person, const cJSON *body);

static const char *act_text(struct sim *s, uint32_t person, const cJSON *body)
{
    const char *text = json_str_or(body, "text", "");
    struct buf clean = BUF_INIT(64 * 1024);

    text_clean(&clean, text, strlen(text), true);
    bool fits = clean.len > 0 && buf_ok(&clean) && text_length(clean.data, clean.len) <= 2000;
    if (fits) {
        if (!json_bool_or(body, "hidden", false))
            note(s, person, SIM_ENTRY_CITIZEN, buf_cstr(&clean));
        sim_person_acted(s, person);
        sim_event_text(s, sim_people_get(&s->people, person), buf_cstr(&clean));
    }
    buf_clear(&clean);
    return fits ? NULL : "text: 1 to 2000 characters";
}

static const char *act_follow(struct sim *s, uint32_t person, const cJSON *body)
{
    (void)body;
    sim_people_get(&s->people, person)->follows = true;
    sim_person_acted(s, person);
    note(s, person, SIM_ENTRY_NOTE, "Đã quan tâm Official Account");
    sim_event_follow(s, sim_people_get(&s->people, person), true);
    return NULL;
}

static const char *act_unfollow(struct sim *s, uint32_t person, const cJSON *body)
{
    struct sim_person *who = sim_people_get(&s->people, person);

    (void)body;
    who->follows = false;
    who->last_interaction_ms = 0; /* the account may not write any more */
    note(s, person, SIM_ENTRY_NOTE, "Đã bỏ quan tâm Official Account");
    sim_event_follow(s, who, false);
    return NULL;
}

static const char *act_seen(struct sim *s, uint32_t person, const cJSON *body)
{
    int64_t message;

    if (json_int(body, "message", &message)) {
        sim_delivery_open(s, (uint32_t)message);
        return NULL;
    }
    const char *device = json_str(body, "device");
    for (uint32_t n = s->threads.first; n < s->threads.next; n++) {
        const struct sim_entry *e = sim_threads_get(&s->threads, n);
        if (e->person == person && e->message != 0 &&
            (device == NULL || strcmp(device, sim_device_word(e->device)) == 0))
            sim_delivery_open(s, e->message);
    }
    return NULL;
}

static const char *act_rate(struct sim *s, uint32_t person, const cJSON *body)
{
    int64_t message = 0, rate = 0;

    json_int(body, "message", &message);
    json_int(body, "rate", &rate);
    const struct sim_message *m = sim_ledger_get(&s->ledger, (uint32_t)message);
    if (m == NULL || m->person != person || (m->way != SIM_ZBS && m->way != SIM_UID))
        return "message: a template message of this citizen";
    if (rate < 1 || rate > 5)
        return "rate: 1 to 5";
    note(s, person, SIM_ENTRY_NOTE, "Đã gửi đánh giá");
    sim_event_rated(s, (uint32_t)message, (int)rate, json_str_or(body, "note", ""));
    return NULL;
}

static const char *act_share_phone(struct sim *s, uint32_t person, const cJSON *body)
{
    const struct sim_person *who = sim_people_get(&s->people, person);

    (void)body;
    if (who->phone[0] == '\0')
        return "this citizen has no phone to share";
    note(s, person, SIM_ENTRY_NOTE, "Đã chia sẻ số điện thoại");
    sim_person_acted(s, person);
    sim_event_shared_info(s, sim_people_get(&s->people, person));
    return NULL;
}

static const char *act_chatnow(struct sim *s, uint32_t person, const cJSON *body)
{
    (void)body;
    sim_person_acted(s, person);
    sim_event_chat_opened(s, sim_people_get(&s->people, person));
    return NULL;
}

static const char *act_withdraw(struct sim *s, uint32_t person, const cJSON *body)
{
    (void)body;
    note(s, person, SIM_ENTRY_NOTE, "Đã yêu cầu xóa dữ liệu");
    sim_event_withdraw(s, sim_people_get(&s->people, person));
    return NULL;
}

static const char *act_refuse(struct sim *s, uint32_t person, const cJSON *body)
{
    struct sim_person *who = sim_people_get(&s->people, person);
    const char *what = json_str_or(body, "what", "");
    bool on = json_bool_or(body, "on", true);

    if (strcmp(what, "type") == 0)
        who->refuses_type = on;
    else if (strcmp(what, "oa") == 0)
        who->refuses_oa = on;
    else
        return "what: type or oa";
    note(s, person, SIM_ENTRY_NOTE, on ? "Đã từ chối nhận thông báo" : "Đã nhận lại thông báo");
    return NULL;
}

/* ---- the one-click link: POST, as a mail program does it ---- */

static void unsubscribe_done(void *ctx, const struct http_answer *a)
{
    struct http_request *req = ctx;
    cJSON *o = cJSON_CreateObject();

    cJSON_AddBoolToObject(o, "ok", a->result == WIRE_ANSWERED && a->status < 300);
    cJSON_AddNumberToObject(o, "status", a->result == WIRE_ANSWERED ? a->status : 0);
    sim_control_reply(req, 200, o);
}

static void unsubscribe(struct sim *s, struct http_request *req, const cJSON *body)
{
    static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", NULL };
    static const char form[] = "List-Unsubscribe=One-Click";
    int64_t message = 0;

    json_int(body, "message", &message);
    const struct sim_entry *e = sim_threads_of_message(&s->threads, (uint32_t)message);
    cJSON *detail = e != NULL && e->detail != NULL ? cJSON_Parse(e->detail) : NULL;
    const char *url = json_str(detail, "unsubscribe");
    struct http_call call = { .method = "POST",
                              .url = url,
                              .headers = headers,
                              .body = form,
                              .body_len = sizeof form - 1,
                              .timeout_ms = 5000 };
    if (url == NULL)
        sim_control_refuse(req, 422, "/message", "a mail with a one-click link",
                           "thư này không có liên kết hủy nhận");
    else if (http_client_call(s->client, &call, unsubscribe_done, req, NULL) != LOA_OK)
        sim_control_refuse(req, 503, "", "cannot call now", "chưa gọi được, thử lại sau");
    cJSON_Delete(detail);
}

/* ---- which act ---- */

static const struct {
    const char *word;
    act_fn *fn;
    bool needs_zalo;
} acts[] = {
    { "text", act_text, true },         { "follow", act_follow, true },
    { "unfollow", act_unfollow, true }, { "seen", act_seen, false },
    { "rate", act_rate, true },         { "share_phone", act_share_phone, true },
    { "refuse", act_refuse, true },     { "chatnow", act_chatnow, true },
    { "withdraw", act_withdraw, true },
};

static const char *perform(struct sim *s, uint32_t person, const cJSON *body)
{
    const char *word = json_str_or(body, "act", "");

    if (person == 0)
        return "nobody known by this uid, phone or email";
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strcmp(word, acts[i].word) != 0)
            continue;
        if (acts[i].needs_zalo && sim_people_get(&s->people, person)->uid[0] == '\0')
            return "this citizen has no Zalo";
        return acts[i].fn(s, person, body);
    }
    return "act: unknown";
}

void sim_act(struct sim *s, struct http_request *req, const cJSON *body)
{
    if (strcmp(json_str_or(body, "act", ""), "unsubscribe") == 0) {
        unsubscribe(s, req, body);
        return;
    }
    uint32_t person = find_person(s, body);
    const char *why = perform(s, person, body);
    s->changes++;
    if (why != NULL) {
        sim_control_refuse(req, 422, "/act", why, "không thực hiện được");
        return;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddBoolToObject(o, "ok", true);
    sim_control_reply(req, 200, o);
}
