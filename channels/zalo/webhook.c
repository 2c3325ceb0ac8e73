#include "loa/zalo_webhook.h"
#include "loa/json.h"
#include "loa/phone.h"
#include "loa/text.h"
#include "loa/zalo_sign.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX_BYTES (256 * 1024)

/* ---- is it Zalo? ---- */

static bool is_probe(const struct webhook *w)
{
    size_t from = 0, to = w->body_len;

    if (strcmp(w->method, "POST") != 0)
        return true;
    while (from < to && strchr(" \t\r\n", w->body[from]) != NULL)
        from++;
    while (to > from && strchr(" \t\r\n", w->body[to - 1]) != NULL)
        to--;
    return to - from == 2 && memcmp(w->body + from, "{}", 2) == 0;
}

/* The text of a member that may be a string or a whole number. False when absent or not exact. */
static bool member_text(const cJSON *obj, const char *key, char *out, size_t size)
{
    const char *s = json_str(obj, key);
    int64_t n;
    if (s != NULL && strlen(s) < size)
        snprintf(out, size, "%s", s);
    else if (s == NULL && json_int(obj, key, &n))
        snprintf(out, size, "%" PRId64, n);
    else
        return false;
    return true;
}

static bool signed_by(const struct webhook *w, const char *header, const char *timestamp, const char *id,
                      const char *secret)
{
    char signature[ZALO_HEX];
    if (id == NULL || secret == NULL || secret[0] == '\0')
        return false;
    zalo_signature(id, w->body, w->body_len, timestamp, secret, signature);
    return zalo_signature_is(header, signature);
}

/* The usual mistakes with the two secrets, named for whoever reads the log. */
static const char *diagnose(const struct zalo_webhook_keys *k, const struct webhook *w, const char *header,
                            const char *timestamp)
{
    if (k->oa_secret_key[0] == '\0')
        return "oa_secret_key is not configured";
    if (signed_by(w, header, timestamp, k->app_id, k->app_secret))
        return "signed with the app secret instead of the OA secret key";
    if (signed_by(w, header, timestamp, k->oa_id, k->oa_secret_key))
        return "signed over oa_id instead of app_id";
    return "signature differs";
}

enum loa_status zalo_webhook_verify(const struct zalo_webhook_keys *keys, const struct webhook *w,
                                    const char **why)
{
    const char *header = w->header(w->header_ctx, "X-ZEvent-Signature"), *reason = NULL;
    cJSON *root = NULL;
    char timestamp[32];

    if (why != NULL)
        *why = NULL;
    if (is_probe(w))
        return LOA_OK;
    if (header == NULL)
        reason = "no signature header";
    else if (json_parse(w->body, w->body_len, &root, NULL, 0) != LOA_OK ||
             !member_text(root, "timestamp", timestamp, sizeof timestamp))
        reason = "no timestamp in the body";
    else if (!signed_by(w, header, timestamp, keys->app_id, keys->oa_secret_key))
        reason = diagnose(keys, w, header, timestamp);
    cJSON_Delete(root);
    if (why != NULL)
        *why = reason;
    return reason == NULL ? LOA_OK : LOA_DENIED;
}

/* ---- what happened? ---- */

enum side { CITIZEN_SENDS, OA_SENDS };

static const struct event_row {
    const char *name;
    enum channel_event_kind kind;
    enum side side; /* who stands in `sender`; receipts come in the name of the OA */
} event_rows[] = {
    { "user_send_text", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_image", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_link", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_audio", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_video", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_sticker", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_gif", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_location", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_business_card", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_send_file", CE_CITIZEN_TEXT, CITIZEN_SENDS },
    { "user_click_chatnow", CE_INTERACTION, CITIZEN_SENDS },
    { "user_received_message", CE_DELIVERED, OA_SENDS },
    { "user_seen_message", CE_SEEN, OA_SENDS },
    { "user_click_response_button", CE_SEEN, CITIZEN_SENDS },
    { "follow", CE_FOLLOW, CITIZEN_SENDS },
    { "unfollow", CE_UNFOLLOW, CITIZEN_SENDS },
    { "user_submit_info", CE_SHARED_INFO, CITIZEN_SENDS },
    { "user_withdraw", CE_WITHDRAW, CITIZEN_SENDS },
    { "user_feedback", CE_FEEDBACK, CITIZEN_SENDS },
    { "change_template_status", CE_TEMPLATE_STATUS, OA_SENDS },
    { "change_template_quality", CE_TEMPLATE_QUALITY, OA_SENDS },
    { "change_template_quota", CE_TEMPLATE_QUOTA, OA_SENDS },
    { "change_oa_daily_quota", CE_ACCOUNT_QUOTA, OA_SENDS },
};

static struct event_row event_row(const char *name)
{
    for (size_t i = 0; i < sizeof event_rows / sizeof event_rows[0]; i++)
        if (strcmp(event_rows[i].name, name) == 0)
            return event_rows[i];
    bool ours = strncmp(name, "oa_", 3) == 0;
    return (struct event_row){ name, ours ? CE_ECHO : CE_UNKNOWN, ours ? OA_SENDS : CITIZEN_SENDS };
}

/* NFC, cut between two letters. */
static void copy_text(char *out, size_t size, const char *s)
{
    struct buf nfc = BUF_INIT(TEXT_MAX_BYTES);
    size_t n;

    text_nfc(&nfc, s, strlen(s));
    n = nfc.len;
    if (n >= size)
        for (n = size - 1; n > 0 && ((unsigned char)nfc.data[n] & 0xC0) == 0x80;)
            n--;
    snprintf(out, size, "%.*s", (int)n, buf_cstr(&nfc));
    buf_clear(&nfc);
}

/* An id that does not fit is not one of ours: none is better than half. */
static void copy_id(char *out, size_t size, const char *s)
{
    snprintf(out, size, "%s", s != NULL && strlen(s) < size ? s : "");
}

struct story { /* one webhook while it is read */
    const struct webhook *w;
    const cJSON *root, *message;
    struct event_row row;
    const char *oa, *sender, *citizen;
    struct channel_events *out;
};

static const char *first_of(const char *a, const char *b, const char *c)
{
    return a != NULL ? a : b != NULL ? b : c != NULL ? c : "";
}

static void read_people(struct story *s)
{
    const char *from = json_str(json_get(s->root, "sender"), "id");
    const char *to = json_str(json_get(s->root, "recipient"), "id");
    const char *flat =
        first_of(json_str(json_get(s->root, "follower"), "id"), json_str(s->root, "user_id"), NULL);
    bool oa_sends = s->row.side == OA_SENDS;

    s->sender = first_of(from, flat, NULL);
    s->citizen = first_of(oa_sends ? to : from, flat, NULL);
    s->oa = first_of(json_str(s->root, "oa_id"), json_str(s->root, "oaId"), oa_sends ? from : to);
}

/* The same event always gives the same: by message where there is one, else by the whole body. */
static void dedupe_key(const struct story *s, struct channel_event *e)
{
    struct buf b = BUF_INIT(TEXT_MAX_BYTES + 512);
    bool by_message = e->provider_id[0] != '\0' && (e->kind == CE_CITIZEN_TEXT || e->kind == CE_INTERACTION ||
                                                    e->kind == CE_DELIVERED || e->kind == CE_SEEN);

    buf_printf(&b, "%s\n%s\n%s\n", e->name, s->oa, s->sender);
    if (by_message)
        buf_str(&b, e->provider_id);
    else
        buf_add(&b, s->w->body, s->w->body_len);
    if (buf_ok(&b))
        crypto_hash_hex(b.data, b.len, e->dedupe, sizeof e->dedupe - 1);
    else
        crypto_hash_hex(s->w->body, s->w->body_len, e->dedupe, sizeof e->dedupe - 1);
    buf_clear(&b);
}

/* A new event with what all kinds share; `msg_id` may be NULL. */
static struct channel_event *add(struct story *s, const char *msg_id)
{
    struct channel_event *e = channel_events_add(s->out);
    if (e == NULL)
        return NULL;
    e->kind = s->row.kind;
    e->channel = CH_ZALO;
    snprintf(e->name, sizeof e->name, "%s", s->row.name);
    copy_id(e->user, sizeof e->user, s->citizen);
    copy_id(e->provider_id, sizeof e->provider_id, msg_id);
    copy_id(e->ref, sizeof e->ref, json_str(s->message, "tracking_id"));
    json_int(s->root, "timestamp", &e->at_ms);
    return e;
}

/* ---- kinds that say more ---- */

static void read_attachment(const cJSON *message, struct channel_event *e)
{
    const cJSON *payload = json_get(cJSON_GetArrayItem(json_get(message, "attachments"), 0), "payload");
    const cJSON *place = json_get(payload, "coordinates");
    char lat[24], lon[24];

    if (member_text(place, "latitude", lat, sizeof lat) && member_text(place, "longitude", lon, sizeof lon))
        snprintf(e->text, sizeof e->text, "%s,%s", lat, lon);
    else
        copy_text(e->text, sizeof e->text, json_str_or(payload, "url", ""));
}

static void read_citizen_text(const struct story *s, struct channel_event *e)
{
    const char *text = json_str(s->message, "text");
    if (text != NULL && text[0] != '\0') {
        copy_text(e->text, sizeof e->text, text);
        return;
    }
    e->kind = CE_INTERACTION;
    read_attachment(s->message, e);
}

static void read_shared_info(const struct story *s, struct channel_event *e)
{
    const cJSON *info = json_get(s->root, "info");
    char given[32] = "";

    member_text(info, "phone", given, sizeof given);
    struct phone p = phone_parse(given);
    snprintf(e->phone, sizeof e->phone, "%s", p.e164);
    copy_text(e->text, sizeof e->text, json_str_or(info, "name", ""));
    if (p.kind == PHONE_BAD)
        e->kind = CE_INTERACTION;
}

static void read_feedback(const struct story *s, struct channel_event *e)
{
    struct buf all = BUF_INIT(TEXT_MAX_BYTES);
    const cJSON *remark;

    json_int(s->message, "rate", &e->number);
    json_int(s->message, "submit_time", &e->at_ms);
    buf_str(&all, json_str_or(s->message, "note", ""));
    cJSON_ArrayForEach(remark, json_get(s->message, "feedbacks"))
    {
        if (cJSON_IsString(remark))
            buf_printf(&all, "%s%s", all.len > 0 ? "; " : "", remark->valuestring);
    }
    copy_text(e->text, sizeof e->text, buf_cstr(&all));
    buf_clear(&all);
}

/* {"status":{"prev_status":…,"new_status":…}}, {"quality":"LOW"}, {"quota":{"new_value":500}}: the member
 * itself, or its part whose name begins with "new". */
static void read_new_value(const struct story *s, const char *key, struct channel_event *e)
{
    const cJSON *v = json_get(s->root, key), *part = cJSON_IsObject(v) ? v->child : NULL;
    while (part != NULL && strncmp(part->string, "new", 3) != 0)
        part = part->next;
    if (part != NULL)
        v = part;
    if (cJSON_IsString(v))
        copy_text(e->text, sizeof e->text, v->valuestring);
    if (json_int_value(v, &e->number))
        snprintf(e->text, sizeof e->text, "%" PRId64, e->number);
    member_text(s->root, "template_id", e->subject, sizeof e->subject);
}

static void read_template_status(const struct story *s, struct channel_event *e)
{
    read_new_value(s, "status", e);
    copy_text(e->outcome.sentence_vi, sizeof e->outcome.sentence_vi, json_str_or(s->root, "reason", ""));
}

static void read_kind(const struct story *s, struct channel_event *e)
{
    switch (e->kind) {
    case CE_CITIZEN_TEXT:
        read_citizen_text(s, e);
        break;
    case CE_DELIVERED:
        json_int(s->message, "delivery_time", &e->at_ms);
        break;
    case CE_SHARED_INFO:
        read_shared_info(s, e);
        break;
    case CE_FEEDBACK:
        read_feedback(s, e);
        break;
    case CE_TEMPLATE_STATUS:
        read_template_status(s, e);
        break;
    case CE_TEMPLATE_QUALITY:
        read_new_value(s, "quality", e);
        break;
    case CE_TEMPLATE_QUOTA:
    case CE_ACCOUNT_QUOTA:
        read_new_value(s, "quota", e);
        break;
    default:
        break;
    }
}

static void add_event(struct story *s, const char *msg_id)
{
    struct channel_event *e = add(s, msg_id);
    if (e == NULL)
        return;
    read_kind(s, e);
    dedupe_key(s, e);
}

static void tell(struct story *s)
{
    const cJSON *ids = json_get(s->message, "msg_ids"), *id;
    if (!cJSON_IsArray(ids) || ids->child == NULL) {
        char msg_id[80] = "";
        member_text(s->message, "msg_id", msg_id, sizeof msg_id);
        add_event(s, msg_id);
        return;
    }
    cJSON_ArrayForEach(id, ids)
    {
        if (cJSON_IsString(id))
            add_event(s, id->valuestring);
    }
}

enum loa_status zalo_webhook_parse(const struct webhook *w, struct channel_events *out)
{
    struct story s = { .w = w, .out = out };
    cJSON *root = NULL;

    if (is_probe(w))
        return LOA_OK;
    if (json_parse(w->body, w->body_len, &root, NULL, 0) != LOA_OK)
        return LOA_INVALID;
    const char *name = json_str(root, "event_name");
    if (name != NULL) {
        s.root = root;
        s.message = json_get(root, "message");
        s.row = event_row(name);
        read_people(&s);
        tell(&s);
    }
    cJSON_Delete(root);
    return LOA_OK;
}
