#include "sim_events.h"
#include "sim_outbox.h"
#include "loa/crypto.h"
#include "loa/zalo_sign.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENT_MAX_BYTES (64 * 1024)

static cJSON *event(struct sim *s, const char *name)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "app_id", s->opt.app_id);
    cJSON_AddStringToObject(o, "event_name", name);
    return o;
}

static void add_party(cJSON *o, const char *role, const char *id)
{
    cJSON_AddStringToObject(cJSON_AddObjectToObject(o, role), "id", id);
}

static void add_ms(cJSON *o, const char *name, int64_t ms)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, ms);
    cJSON_AddStringToObject(o, name, text);
}

/* Signs, posts and frees the event. */
static void tell(struct sim *s, cJSON *o, const char *server)
{
    char timestamp[24], mac[ZALO_HEX], url[512], sign_header[128], server_header[64];
    struct buf body = BUF_INIT(EVENT_MAX_BYTES);

    snprintf(timestamp, sizeof timestamp, "%" PRId64, sim_now_ms(s));
    cJSON_AddStringToObject(o, "timestamp", timestamp);
    json_print(o, &body);
    cJSON_Delete(o);
    if (s->opt.webhook[0] != '\0' && buf_ok(&body)) {
        zalo_signature(s->opt.app_id, body.data, body.len, timestamp, s->opt.oa_secret_key, mac);
        snprintf(url, sizeof url, "%s/webhooks/zalo", s->opt.webhook);
        snprintf(sign_header, sizeof sign_header, "X-ZEvent-Signature: mac=%s", mac);
        snprintf(server_header, sizeof server_header, "x-zevent-server: %s", server);
        sim_outbox_post(s->outbox, &(struct sim_callback){ .method = "POST",
                                                           .url = url,
                                                           .body = body.data,
                                                           .body_len = body.len,
                                                           .header = { "Content-Type: application/json",
                                                                       "User-Agent: ZaloWebhook", sign_header,
                                                                       server_header },
                                                           .patience = SIM_PATIENCE_ZALO });
    }
    buf_clear(&body);
}

/* Adds the member "message" with the id of a message of the ledger, and returns it. */
static cJSON *add_message(struct sim *s, cJSON *o, uint32_t message)
{
    const struct sim_message *m = sim_ledger_get(&s->ledger, message);
    cJSON *about = cJSON_AddObjectToObject(o, "message");
    char id[SIM_ID_MAX];

    sim_message_id(&s->ledger, message, m->way, id);
    cJSON_AddStringToObject(about, "msg_id", id);
    if (m->way == SIM_ZBS)
        cJSON_AddStringToObject(about, "tracking_id", m->ref);
    return about;
}

#define OA_SERVER  "OA OpenAPI"
#define ZBS_SERVER "ZNS"

static const char *server_of(enum sim_way way)
{
    return way == SIM_CS ? OA_SERVER : ZBS_SERVER;
}

void sim_event_received(struct sim *s, uint32_t message, const char *hashed)
{
    const struct sim_message *m = sim_ledger_get(&s->ledger, message);
    cJSON *o = event(s, "user_received_message");

    add_party(o, "sender", s->opt.oa_id);
    add_party(o, "recipient", hashed[0] != '\0' ? hashed : m->address);
    add_ms(add_message(s, o, message), "delivery_time", m->delivered_ms);
    tell(s, o, server_of(m->way));
}

void sim_event_seen(struct sim *s, uint32_t message)
{
    const struct sim_message *m = sim_ledger_get(&s->ledger, message);
    cJSON *o = event(s, "user_seen_message");
    char id[SIM_ID_MAX];

    sim_message_id(&s->ledger, message, m->way, id);
    add_party(o, "sender", s->opt.oa_id);
    add_party(o, "recipient", m->address);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(cJSON_AddObjectToObject(o, "message"), "msg_ids"),
                         cJSON_CreateString(id));
    tell(s, o, OA_SERVER);
}

void sim_event_rated(struct sim *s, uint32_t message, int rate, const char *note)
{
    cJSON *o = event(s, "user_feedback"), *about = add_message(s, o, message);

    cJSON_AddStringToObject(o, "oa_id", s->opt.oa_id);
    cJSON_AddStringToObject(about, "rating_type", "csat");
    cJSON_AddStringToObject(about, "option", "five_emotions");
    cJSON_AddNumberToObject(about, "rate", rate);
    cJSON_AddStringToObject(about, "note", note);
    cJSON_AddArrayToObject(about, "feedbacks");
    add_ms(about, "submit_time", sim_now_ms(s));
    tell(s, o, ZBS_SERVER);
}

void sim_event_echo(struct sim *s, uint32_t message, const char *text)
{
    if (s->set.echo == 0)
        return;
    cJSON *o = event(s, "oa_send_text");
    add_party(o, "sender", s->opt.oa_id);
    add_party(o, "recipient", sim_ledger_get(&s->ledger, message)->address);
    cJSON_AddStringToObject(add_message(s, o, message), "text", text);
    tell(s, o, OA_SERVER);
}

/* An event from a citizen to the account. The app's own id of the citizen is the OA's id with a prefix. */
static cJSON *citizen_event(struct sim *s, const struct sim_person *who, const char *name)
{
    char by_app[SIM_UID_MAX + 4];
    cJSON *o = event(s, name);

    snprintf(by_app, sizeof by_app, "77%s", who->uid);
    cJSON_AddStringToObject(o, "user_id_by_app", by_app);
    return o;
}

void sim_event_text(struct sim *s, const struct sim_person *who, const char *text)
{
    cJSON *o = citizen_event(s, who, "user_send_text"), *about;
    char id[21];

    crypto_random_hex(id, 20); /* never one that was used before a restart */
    add_party(o, "sender", who->uid);
    add_party(o, "recipient", s->opt.oa_id);
    about = cJSON_AddObjectToObject(o, "message");
    cJSON_AddStringToObject(about, "msg_id", id);
    cJSON_AddStringToObject(about, "text", text);
    tell(s, o, OA_SERVER);
}

void sim_event_follow(struct sim *s, const struct sim_person *who, bool follows)
{
    cJSON *o = citizen_event(s, who, follows ? "follow" : "unfollow");

    cJSON_AddStringToObject(o, "oa_id", s->opt.oa_id);
    add_party(o, "follower", who->uid);
    cJSON_AddStringToObject(o, "source", "oa_profile");
    tell(s, o, OA_SERVER);
}

void sim_event_shared_info(struct sim *s, const struct sim_person *who)
{
    cJSON *o = citizen_event(s, who, "user_submit_info"), *info;

    add_party(o, "sender", who->uid);
    add_party(o, "recipient", s->opt.oa_id);
    info = cJSON_AddObjectToObject(o, "info");
    cJSON_AddStringToObject(info, "name", who->name != NULL ? who->name : "");
    cJSON_AddStringToObject(info, "phone", who->phone);
    cJSON_AddObjectToObject(info, "full_address");
    tell(s, o, OA_SERVER);
}

void sim_event_chat_opened(struct sim *s, const struct sim_person *who)
{
    cJSON *o = citizen_event(s, who, "user_click_chatnow");

    cJSON_AddStringToObject(o, "user_id", who->uid);
    cJSON_AddStringToObject(o, "oa_id", s->opt.oa_id);
    tell(s, o, OA_SERVER);
}

void sim_event_withdraw(struct sim *s, const struct sim_person *who)
{
    cJSON *o = citizen_event(s, who, "user_withdraw");

    cJSON_AddStringToObject(o, "user_id", who->uid);
    cJSON_AddStringToObject(o, "oa_id", s->opt.oa_id);
    tell(s, o, OA_SERVER);
}

void sim_event_template_status(struct sim *s, const char *template_id, const char *before, const char *after)
{
    cJSON *o = event(s, "change_template_status"), *status;

    cJSON_AddStringToObject(o, "oa_id", s->opt.oa_id);
    cJSON_AddStringToObject(o, "template_id", template_id);
    status = cJSON_AddObjectToObject(o, "status");
    cJSON_AddStringToObject(status, "prev_status", before);
    cJSON_AddStringToObject(status, "new_status", after);
    cJSON_AddStringToObject(o, "reason", "");
    tell(s, o, ZBS_SERVER);
}

void sim_event_template_quality(struct sim *s, const char *template_id, const char *quality)
{
    cJSON *o = event(s, "change_template_quality");

    cJSON_AddStringToObject(o, "oa_id", s->opt.oa_id);
    cJSON_AddStringToObject(o, "template_id", template_id);
    cJSON_AddStringToObject(o, "quality", quality);
    tell(s, o, ZBS_SERVER);
}

static void add_quota_change(cJSON *o, int64_t before, int64_t after)
{
    cJSON *quota = cJSON_AddObjectToObject(o, "quota");

    cJSON_AddNumberToObject(quota, "prev_value", (double)before);
    cJSON_AddNumberToObject(quota, "new_value", (double)after);
}

void sim_event_template_quota(struct sim *s, const char *template_id, int64_t before, int64_t after)
{
    cJSON *o = event(s, "change_template_quota");

    cJSON_AddStringToObject(o, "oa_id", s->opt.oa_id);
    cJSON_AddStringToObject(o, "template_id", template_id);
    add_quota_change(o, before, after);
    tell(s, o, ZBS_SERVER);
}

void sim_event_daily_quota(struct sim *s, int64_t before, int64_t after)
{
    cJSON *o = event(s, "change_oa_daily_quota");

    cJSON_AddStringToObject(o, "oaId", s->opt.oa_id); /* this event alone spells it so */
    add_quota_change(o, before, after);
    tell(s, o, ZBS_SERVER);
}
