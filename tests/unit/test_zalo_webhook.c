/* Webhooks of the Zalo platform: who may speak, and what each event becomes. */
#include "check.h"
#include "loa/zalo_sign.h"
#include "loa/zalo_webhook.h"
#include <stdio.h>
#include <string.h>

#define APP_ID    "1234567890123456789"
#define OA_SECRET "OA_SECRET_EXAMPLE_0001"

static const struct zalo_webhook_keys keys = { .app_id = APP_ID,
                                               .oa_secret_key = OA_SECRET,
                                               .oa_id = "2222222222222222222",
                                               .app_secret = "APP_SECRET_EXAMPLE" };

static const char text_body[] =
    "{\"app_id\":\"1234567890123456789\",\"sender\":{\"id\":\"1111111111111111111\"},\"recipient\":{\"id\":"
    "\"2222222222222222222\"},\"event_name\":\"user_send_text\",\"message\":{\"text\":\"Xin chào\",\"msg_id\":"
    "\"m-001\"},\"timestamp\":\"1700000000000\"}";
static const char quota_body[] =
    "{\"oaId\":\"2222222222222222222\",\"app_id\":\"1234567890123456789\",\"event_name\":\"change_oa_daily_"
    "quota\",\"quota\":{\"prev_value\":1000,\"new_value\":500},\"timestamp\":\"1700000000001\"}";

static const char *header(const void *ctx, const char *name)
{
    return strcasecmp(name, "X-ZEvent-Signature") == 0 ? ctx : NULL;
}

static struct webhook hook(const char *method, const char *body, const char *signature)
{
    return (struct webhook){ .method = method,
                             .token = "",
                             .query = "",
                             .body = body,
                             .body_len = strlen(body),
                             .header = header,
                             .header_ctx = signature };
}

static void signatures(void **state)
{
    static const struct {
        const char *label, *method, *body, *id, *secret, *timestamp; /* secret NULL: no header */
        enum loa_status want;
        const char *why;
    } cases[] = {
        { "right", "POST", text_body, APP_ID, OA_SECRET, "1700000000000", LOA_OK, NULL },
        { "quota event", "POST", quota_body, APP_ID, OA_SECRET, "1700000000001", LOA_OK, NULL },
        { "other timestamp", "POST", text_body, APP_ID, OA_SECRET, "1700000000001", LOA_DENIED,
          "signature differs" },
        { "app secret used", "POST", text_body, APP_ID, "APP_SECRET_EXAMPLE", "1700000000000", LOA_DENIED,
          "signed with the app secret instead of the OA secret key" },
        { "oa_id used", "POST", text_body, "2222222222222222222", OA_SECRET, "1700000000000", LOA_DENIED,
          "signed over oa_id instead of app_id" },
        { "no header", "POST", text_body, NULL, NULL, NULL, LOA_DENIED, "no signature header" },
        { "no timestamp", "POST", "{\"event_name\":\"follow\"}", APP_ID, OA_SECRET, "", LOA_DENIED,
          "no timestamp in the body" },
        { "not JSON", "POST", "follow", APP_ID, OA_SECRET, "", LOA_DENIED, "no timestamp in the body" },
        { "empty", "POST", "", APP_ID, OA_SECRET, "", LOA_DENIED, "no timestamp in the body" },
        { "unsigned probe", "POST", "{}", NULL, NULL, NULL, LOA_OK, NULL },
        { "probe with blanks", "POST", " {}\r\n", NULL, NULL, NULL, LOA_OK, NULL },
        { "GET", "GET", "", NULL, NULL, NULL, LOA_OK, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char mac[ZALO_HEX], value[80];
        const char *why = "";
        if (cases[i].secret != NULL) {
            zalo_signature(cases[i].id, cases[i].body, strlen(cases[i].body), cases[i].timestamp,
                           cases[i].secret, mac);
            snprintf(value, sizeof value, "mac=%s", mac);
        }
        struct webhook w = hook(cases[i].method, cases[i].body, cases[i].secret != NULL ? value : NULL);
        check_int(cases[i].label, zalo_webhook_verify(&keys, &w, &why), cases[i].want);
        check_str(cases[i].label, why, cases[i].why);
    }
}

static void every_byte_counts(void **state)
{
    static const char value[] = "mac=32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b";
    char body[sizeof text_body] = "";
    struct webhook w = hook("POST", body, value);
    (void)state;
    w.body_len = sizeof text_body - 1;
    for (size_t i = 0; i < w.body_len; i++) {
        memcpy(body, text_body, sizeof body);
        body[i] ^= 1;
        check_int("one byte changed", zalo_webhook_verify(&keys, &w, NULL), LOA_DENIED);
    }
    memcpy(body, text_body, sizeof body);
    check_int("none changed", zalo_webhook_verify(&keys, &w, NULL), LOA_OK);
    const struct zalo_webhook_keys unset = { .app_id = APP_ID, .oa_secret_key = "" };
    const char *why = NULL;
    check_int("no key, no trust", zalo_webhook_verify(&unset, &w, &why), LOA_DENIED);
    check_str("and says so", why, "oa_secret_key is not configured");
}

static void names(void **state)
{
    static const struct {
        const char *name;
        enum channel_event_kind kind;
    } cases[] = {
        { "user_send_text", CE_CITIZEN_TEXT },
        { "user_send_image", CE_CITIZEN_TEXT },
        { "user_send_link", CE_CITIZEN_TEXT },
        { "user_send_audio", CE_CITIZEN_TEXT },
        { "user_send_video", CE_CITIZEN_TEXT },
        { "user_send_sticker", CE_CITIZEN_TEXT },
        { "user_send_gif", CE_CITIZEN_TEXT },
        { "user_send_location", CE_CITIZEN_TEXT },
        { "user_send_business_card", CE_CITIZEN_TEXT },
        { "user_send_file", CE_CITIZEN_TEXT },
        { "user_click_chatnow", CE_INTERACTION },
        { "user_reacted_message", CE_UNKNOWN },
        { "oa_reacted_message", CE_ECHO },
        { "user_received_message", CE_DELIVERED },
        { "user_seen_message", CE_SEEN },
        { "oa_send_text", CE_ECHO },
        { "oa_send_image", CE_ECHO },
        { "oa_send_gif", CE_ECHO },
        { "oa_send_list", CE_ECHO },
        { "oa_send_file", CE_ECHO },
        { "oa_send_sticker", CE_ECHO },
        { "oa_send_template", CE_ECHO },
        { "follow", CE_FOLLOW },
        { "unfollow", CE_UNFOLLOW },
        { "user_submit_info", CE_SHARED_INFO },
        { "update_user_info", CE_UNKNOWN },
        { "add_user_to_tag", CE_UNKNOWN },
        { "remove_user_from_tag", CE_UNKNOWN },
        { "remove_tag", CE_UNKNOWN },
        { "user_withdraw", CE_WITHDRAW },
        { "widget_interaction_accepted", CE_UNKNOWN },
        { "widget_failed_to_sync_user_external_id", CE_UNKNOWN },
        { "anonymous_send_text", CE_UNKNOWN },
        { "anonymous_send_image", CE_UNKNOWN },
        { "anonymous_send_file", CE_UNKNOWN },
        { "anonymous_send_sticker", CE_UNKNOWN },
        { "oa_send_anonymous_text", CE_ECHO },
        { "user_send_group_text", CE_UNKNOWN },
        { "oa_send_group_text", CE_ECHO },
        { "create_group", CE_UNKNOWN },
        { "delete_group", CE_UNKNOWN },
        { "update_group_info", CE_UNKNOWN },
        { "add_group_admin", CE_UNKNOWN },
        { "remove_group_admin", CE_UNKNOWN },
        { "user_join_group", CE_UNKNOWN },
        { "user_out_group", CE_UNKNOWN },
        { "user_leave_group", CE_UNKNOWN },
        { "oa_send_consent", CE_ECHO },
        { "user_reply_consent", CE_UNKNOWN },
        { "user_call_oa", CE_UNKNOWN },
        { "shop_has_order", CE_UNKNOWN },
        { "user_asking_product", CE_UNKNOWN },
        { "extension_purchased", CE_UNKNOWN },
        { "user_feedback", CE_FEEDBACK },
        { "user_click_response_button", CE_SEEN },
        { "change_template_status", CE_TEMPLATE_STATUS },
        { "change_template_quality", CE_TEMPLATE_QUALITY },
        { "change_template_quota", CE_TEMPLATE_QUOTA },
        { "change_oa_template_tags", CE_UNKNOWN },
        { "change_oa_daily_quota", CE_ACCOUNT_QUOTA },
        { "event_journey_acknowledged", CE_UNKNOWN },
        { "event_journey_time_out", CE_UNKNOWN },
        { "a_name_of_next_year", CE_UNKNOWN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512];
        struct channel_events ev = { 0 };
        snprintf(body, sizeof body,
                 "{\"event_name\":\"%s\",\"sender\":{\"id\":\"1\"},\"recipient\":{\"id\":\"2\"},\"message\":{"
                 "\"msg_id\":\"m\",\"text\":\"x\"},\"info\":{\"phone\":\"84912345678\"},\"timestamp\":\"5\"}",
                 cases[i].name);
        struct webhook w = hook("POST", body, NULL);
        check_int(cases[i].name, zalo_webhook_parse(&w, &ev), LOA_OK);
        check_int(cases[i].name, ev.count, 1);
        check_str(cases[i].name, channel_event_word(ev.item[0].kind), channel_event_word(cases[i].kind));
        check_str(cases[i].name, ev.item[0].name, cases[i].name);
        check_int(cases[i].name, ev.item[0].at_ms, 5);
        channel_events_clear(&ev);
    }
}

static void shapes(void **state)
{
    static const struct {
        const char *label, *body;
        enum channel_event_kind kind;
        const char *user, *provider_id, *ref, *phone, *subject, *text;
        int64_t number, at_ms;
    } cases[] = {
        { "text", text_body, CE_CITIZEN_TEXT, "1111111111111111111", "m-001", "", "", "", "Xin chào", 0,
          1700000000000 },
        { "decomposed text",
          "{\"event_name\":\"user_send_text\",\"sender\":{\"id\":\"U1\"},\"message\":{\"text\":"
          "\"tra cu\\u031b\\u0301u\"}}",
          CE_CITIZEN_TEXT, "U1", "", "", "", "", "tra cứu", 0, 0 },
        { "picture",
          "{\"app_id\":\"9\",\"sender\":{\"id\":\"U1\"},\"recipient\":{\"id\":\"OA1\"},\"event_name\":\"user_send_"
          "image\",\"message\":{\"msg_id\":\"a2\",\"attachments\":[{\"type\":\"image\",\"payload\":{\"url\":"
          "\"https://x.zdn.vn/x.jpg\"}}]},\"timestamp\":\"1795000000001\"}",
          CE_INTERACTION, "U1", "a2", "", "", "", "https://x.zdn.vn/x.jpg", 0, 1795000000001 },
        { "place",
          "{\"sender\":{\"id\":\"U1\"},\"recipient\":{\"id\":\"OA1\"},\"event_name\":\"user_send_location\","
          "\"message\":{\"msg_id\":\"a3\",\"attachments\":[{\"type\":\"location\",\"payload\":{\"coordinates\":{"
          "\"latitude\":\"10.7\",\"longitude\":\"106.6\"}}}]},\"timestamp\":\"1795000000002\"}",
          CE_INTERACTION, "U1", "a3", "", "", "", "10.7,106.6", 0, 1795000000002 },
        { "follow",
          "{\"app_id\":\"9\",\"oa_id\":\"OA1\",\"follower\":{\"id\":\"U1\"},\"user_id_by_app\":\"77\",\"event_name\":"
          "\"follow\",\"source\":\"oa_profile\",\"timestamp\":\"1795000000003\"}",
          CE_FOLLOW, "U1", "", "", "", "", "", 0, 1795000000003 },
        { "touch",
          "{\"event_name\":\"user_click_chatnow\",\"user_id\":\"U1\",\"oa_id\":\"OA1\",\"timestamp\":\"7\"}",
          CE_INTERACTION, "U1", "", "", "", "", "", 0, 7 },
        { "shared phone",
          "{\"sender\":{\"id\":\"U1\"},\"recipient\":{\"id\":\"OA1\"},\"event_name\":\"user_submit_info\",\"info\":{"
          "\"name\":\"Trần Thị B\",\"phone\":\"84912345678\",\"user_dob\":\"30/10/1990\"},\"timestamp\":"
          "\"1795000000004\"}",
          CE_SHARED_INFO, "U1", "", "", "84912345678", "", "Trần Thị B", 0, 1795000000004 },
        { "shared phone, older form",
          "{\"sender\":{\"id\":\"U1\"},\"event_name\":\"user_submit_info\",\"info\":{\"address\":\"x\",\"phone\":"
          "84912345678,\"name\":\"B\"},\"timestamp\":\"4\"}",
          CE_SHARED_INFO, "U1", "", "", "84912345678", "", "B", 0, 4 },
        { "shared nothing",
          "{\"sender\":{\"id\":\"U1\"},\"event_name\":\"user_submit_info\",\"info\":{},"
          "\"timestamp\":\"4\"}",
          CE_INTERACTION, "U1", "", "", "", "", "", 0, 4 },
        { "receipt of a phone template",
          "{\"app_id\":\"9\",\"sender\":{\"id\":\"OA1\"},\"recipient\":{\"id\":\"84912345678\"},\"event_name\":\"user_"
          "received_message\",\"message\":{\"msg_id\":\"z1\",\"tracking_id\":\"hs7a101\",\"delivery_time\":"
          "\"1795000000400\"},\"timestamp\":\"1795000000500\"}",
          CE_DELIVERED, "84912345678", "z1", "hs7a101", "", "", "", 0, 1795000000400 },
        { "receipt of a reply",
          "{\"sender\":{\"id\":\"OA1\"},\"recipient\":{\"id\":\"U1\"},\"event_name\":\"user_received_message\","
          "\"message\":{\"msg_id\":\"b1\"},\"timestamp\":\"1795000000005\"}",
          CE_DELIVERED, "U1", "b1", "", "", "", "", 0, 1795000000005 },
        { "echo",
          "{\"sender\":{\"id\":\"OA1\"},\"recipient\":{\"id\":\"U1\"},\"event_name\":\"oa_send_text\",\"message\":{"
          "\"msg_id\":\"b9\",\"text\":\"Xin chào\"},\"timestamp\":\"6\"}",
          CE_ECHO, "U1", "b9", "", "", "", "", 0, 6 },
        { "template refused",
          "{\"app_id\":\"9\",\"oa_id\":\"OA1\",\"event_name\":\"change_template_status\",\"template_id\":\"512345\","
          "\"status\":{\"prev_status\":\"PENDING_REVIEW\",\"new_status\":\"REJECT\"},\"reason\":\"Sai logo\","
          "\"timestamp\":\"1795000000006\"}",
          CE_TEMPLATE_STATUS, "", "", "", "", "512345", "REJECT", 0, 1795000000006 },
        { "template id as a number",
          "{\"oa_id\":\"OA1\",\"event_name\":\"change_template_quality\",\"template_id\":512345,\"quality\":\"LOW\","
          "\"timestamp\":\"7\"}",
          CE_TEMPLATE_QUALITY, "", "", "", "", "512345", "LOW", 0, 7 },
        { "daily quota, oaId", quota_body, CE_ACCOUNT_QUOTA, "", "", "", "", "", "500", 500, 1700000000001 },
        { "rating",
          "{\"app_id\":\"9\",\"oa_id\":\"OA1\",\"event_name\":\"user_feedback\",\"message\":{\"msg_id\":\"z1\","
          "\"tracking_id\":\"hs7a101\",\"rating_type\":\"csat\",\"rate\":5,\"note\":\"Nhanh\",\"feedbacks\":[\"Tận "
          "tình\",\"Dễ hiểu\"],\"submit_time\":\"1795000000009\"},\"timestamp\":\"1795000000010\"}",
          CE_FEEDBACK, "", "z1", "hs7a101", "", "", "Nhanh; Tận tình; Dễ hiểu", 5, 1795000000009 },
        { "a reference that is not ours",
          "{\"event_name\":\"user_received_message\",\"message\":{\"tracking_id\":"
          "\"0123456789012345678901234567890123456789\"}}",
          CE_DELIVERED, "", "", "", "", "", "", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct channel_events ev = { 0 };
        struct webhook w = hook("POST", cases[i].body, NULL);
        check_int(cases[i].label, zalo_webhook_parse(&w, &ev), LOA_OK);
        check_int(cases[i].label, ev.count, 1);
        const struct channel_event *e = &ev.item[0];
        check_str(cases[i].label, channel_event_word(e->kind), channel_event_word(cases[i].kind));
        check_int(cases[i].label, e->channel, CH_ZALO);
        check_str(cases[i].label, e->user, cases[i].user);
        check_str(cases[i].label, e->provider_id, cases[i].provider_id);
        check_str(cases[i].label, e->ref, cases[i].ref);
        check_str(cases[i].label, e->phone, cases[i].phone);
        check_str(cases[i].label, e->subject, cases[i].subject);
        check_str(cases[i].label, e->text, cases[i].text);
        check_int(cases[i].label, e->number, cases[i].number);
        check_int(cases[i].label, e->at_ms, cases[i].at_ms);
        check_int(cases[i].label, (long long)strlen(e->dedupe), 40);
        channel_events_clear(&ev);
    }
}

static void several_seen(void **state)
{
    static const char body[] =
        "{\"app_id\":\"9\",\"sender\":{\"id\":\"OA1\"},\"recipient\":{\"id\":\"U1\"},\"event_name\":\"user_seen_"
        "message\",\"message\":{\"msg_ids\":[\"b1\",\"b2\",7,\"b3\"]},\"timestamp\":\"1795000000005\"}";
    struct channel_events ev = { 0 };
    struct webhook w = hook("POST", body, NULL);
    (void)state;
    zalo_webhook_parse(&w, &ev);
    check_int("one event per string id", ev.count, 3);
    for (unsigned i = 0; i < ev.count; i++)
        check_int("seen", ev.item[i].kind, CE_SEEN);
    check_str("first", ev.item[0].provider_id, "b1");
    check_str("last", ev.item[2].provider_id, "b3");
    check_true("told apart", strcmp(ev.item[0].dedupe, ev.item[1].dedupe) != 0);
    channel_events_clear(&ev);
}

static void no_events(void **state)
{
    static const struct {
        const char *label, *method, *body;
        enum loa_status want;
    } cases[] = {
        { "probe", "POST", "{}", LOA_OK },
        { "GET", "GET", "", LOA_OK },
        { "no name", "POST", "{\"a\":1}", LOA_OK },
        { "a name that is no string", "POST", "{\"event_name\":7}", LOA_OK },
        { "not JSON", "POST", "x", LOA_INVALID },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct channel_events ev = { 0 };
        struct webhook w = hook(cases[i].method, cases[i].body, NULL);
        check_int(cases[i].label, zalo_webhook_parse(&w, &ev), cases[i].want);
        check_int(cases[i].label, ev.count, 0);
        channel_events_clear(&ev);
    }
}

static void dedupe_of(const char *body, char out[41])
{
    struct channel_events ev = { 0 };
    struct webhook w = hook("POST", body, NULL);
    zalo_webhook_parse(&w, &ev);
    check_int("one event", ev.count, 1);
    snprintf(out, 41, "%s", ev.item[0].dedupe);
    channel_events_clear(&ev);
}

static void dedupe(void **state)
{
#define MESSAGE(name, oa, user, id, at)                                                                      \
    "{\"event_name\":\"" name "\",\"sender\":{\"id\":\"" user "\"},\"recipient\":{\"id\":\"" oa "\"},"       \
    "\"message\":{\"msg_id\":\"" id "\",\"text\":\"x\"},\"timestamp\":\"" at "\"}"
    static const struct {
        const char *label, *body;
        bool same;
    } cases[] = {
        { "repeat", MESSAGE("user_send_text", "2", "1", "m1", "5"), true },
        { "another message", MESSAGE("user_send_text", "2", "1", "m2", "5"), false },
        { "another sender", MESSAGE("user_send_text", "2", "3", "m1", "5"), false },
        { "another OA", MESSAGE("user_send_text", "4", "1", "m1", "5"), false },
        { "another event", MESSAGE("user_received_message", "2", "1", "m1", "5"), false },
    };
    char first[41], got[41];
    (void)state;
    dedupe_of(MESSAGE("user_send_text", "2", "1", "m1", "5"), first);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dedupe_of(cases[i].body, got);
        check_int(cases[i].label, strcmp(got, first) == 0, cases[i].same);
    }
    dedupe_of("{\"event_name\":\"follow\",\"follower\":{\"id\":\"1\"},\"timestamp\":\"5\"}", first);
    dedupe_of("{\"event_name\":\"follow\",\"follower\":{\"id\":\"1\"},\"timestamp\":\"5\"}", got);
    check_str("no message id: same body, same key", got, first);
    dedupe_of("{\"event_name\":\"follow\",\"follower\":{\"id\":\"1\"},\"timestamp\":\"6\"}", got);
    check_true("no message id: later follow, other key", strcmp(got, first) != 0);
}

static void long_text(void **state)
{
    static char body[16384];
    struct channel_events ev = { 0 };
    int n = snprintf(body, sizeof body, "{\"event_name\":\"user_send_text\",\"message\":{\"text\":\"a");
    (void)state;
    for (int i = 0; i < 2000; i++)
        n += snprintf(body + n, sizeof body - (size_t)n, "ễ");
    snprintf(body + n, sizeof body - (size_t)n, "\"}}");
    struct webhook w = hook("POST", body, NULL);
    zalo_webhook_parse(&w, &ev);
    check_int("cut at a letter", (long long)strlen(ev.item[0].text), 1 + 3 * 1399);
    channel_events_clear(&ev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures), cmocka_unit_test(every_byte_counts), cmocka_unit_test(names),
        cmocka_unit_test(shapes),     cmocka_unit_test(several_seen),      cmocka_unit_test(no_events),
        cmocka_unit_test(dedupe),     cmocka_unit_test(long_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
