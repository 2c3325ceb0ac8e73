/* The Zalo driver against a strict platform on loopback: messages, receipts, templates, limits, ends. */
#include "check.h"
#include "loa/clock.h"
#include "loa/zalo.h"
#include "zalo_platform.h"
#include <stdio.h>
#include <string.h>

#define FIRST_PAIR "access_token = ACCESS_0\nrefresh_token = REFRESH_0\n"
#define USER       "1111111111111111111"
#define SENDS_MAX  16

static struct loop *loop;
static struct http_client *http;
static struct zalo_platform platform;
static struct vault vault;
static struct process proc;

static struct sent { /* what came of one send */
    bool done;
    unsigned times;
    struct outcome o;
} sent[SENDS_MAX];
static unsigned sent_count;

/* ---- surroundings ---- */

static bool store_saved(void *ctx)
{
    (void)ctx;
    return vault.saves > 0;
}

static void open_with(const char *settings)
{
    proc.owner = true;
    process_start(&proc, &platform, http, &vault, settings);
    turn_until(loop, store_saved, NULL, "first pair is kept");
}

static int setup(void **state)
{
    (void)state;
    loop = loop_new();
    http = http_client_new(loop);
    zalo_platform_start(&platform, loop);
    vault = (struct vault){ .loop = loop };
    memset(&proc, 0, sizeof proc);
    memset(sent, 0, sizeof sent);
    sent_count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (proc.state != NULL)
        process_stop(&proc);
    check_str("the platform has no complaint", buf_cstr(&platform.faults), "");
    zalo_platform_stop(&platform);
    http_client_free(http);
    turn(loop, 20);
    vault_clear(&vault);
    loop_free(loop);
    clock_thaw();
    for (unsigned i = 0; i < sent_count; i++)
        check_int("told exactly once", sent[i].times, 1);
    return 0;
}

static void keep(void *ctx, const struct outcome *o)
{
    struct sent *s = ctx;
    s->o = *o;
    s->done = true;
    s->times++;
}

static bool all_told(void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < sent_count; i++)
        if (!sent[i].done)
            return false;
    return true;
}

struct letter {
    enum way way;
    const char *address, *body, *template_id, *data, *ref;
};

static enum loa_status start(const struct letter *l)
{
    struct text t;
    struct send s = { .way = l->way, .address = l->address, .text = &t, .attempt = 1 };

    text_message_init(&t);
    buf_str(&t.body, l->body);
    buf_str(&t.data, l->data);
    snprintf(t.template_id, sizeof t.template_id, "%s", l->template_id != NULL ? l->template_id : "");
    snprintf(s.ref, sizeof s.ref, "%s", l->ref != NULL ? l->ref : "hs7a101");
    enum loa_status st = zalo_channel.send(proc.state, &s, keep, &sent[sent_count]);
    if (st == LOA_OK)
        check_true("not told inside the call", !sent[sent_count++].done);
    text_message_clear(&t);
    return st;
}

static const struct outcome *post(const struct letter *l)
{
    check_int("started", start(l), LOA_OK);
    turn_until(loop, all_told, NULL, "answer");
    return &sent[sent_count - 1].o;
}

static const struct letter reply_text = { .way = WAY_ZALO_CS, .address = USER, .body = "Xin chào" };
static const struct letter by_user = {
    .way = WAY_ZALO_UID, .address = USER, .template_id = "512345", .data = "{\"ho_ten\":\"B\"}"
};
static const struct letter by_phone = {
    .way = WAY_ZALO_ZBS, .address = "84912345678", .template_id = "512345", .data = "{\"ho_ten\":\"B\"}"
};

/* ---- messages ---- */

static void every_way_is_accepted(void **state)
{
    static const struct {
        const char *label;
        const struct letter *letter;
        const char *path, *provider_id;
    } cases[] = {
        { "text", &reply_text, "/oa/v3.0/oa/message/cs", "a1" },
        { "template by user id", &by_user, "/oa/v3.0/oa/message/template", "a2" },
        { "template by phone", &by_phone, "/zbs/message/template", "z3" },
    };
    (void)state;
    open_with(FIRST_PAIR);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct outcome *o = post(cases[i].letter);
        check_str(cases[i].label, outcome_class_word(o->class), "accepted");
        check_str(cases[i].label, o->provider_id, cases[i].provider_id);
        check_int(cases[i].label, platform.sends, (long long)i + 1);
        check_true(cases[i].label, !zalo_channel.dedupes(proc.state, cases[i].letter->way));
    }
}

static void answers_become_outcomes(void **state)
{
    static const struct {
        const char *label;
        const struct letter *letter;
        const char *answer;
        enum outcome_class class;
        enum outcome_scope scope;
        const char *code;
    } cases[] = {
        { "no Zalo on this phone", &by_phone, "{\"error\":-118,\"message\":\"x\"}", OUTCOME_RECIPIENT_INVALID,
          SCOPE_MESSAGE, "zbs:-118" },
        { "daily limit", &by_phone, "{\"error\":-144,\"message\":\"x\"}", OUTCOME_THROTTLED, SCOPE_WAY,
          "zbs:-144" },
        { "night", &by_phone, "{\"error\":-133,\"message\":\"x\"}", OUTCOME_THROTTLED, SCOPE_TEMPLATE,
          "zbs:-133" },
        { "7 days over", &reply_text, "{\"error\":-230,\"message\":\"x\"}", OUTCOME_RECIPIENT_REFUSED,
          SCOPE_MESSAGE, "oa:-230" },
        { "template is not for user ids", &by_user, "{\"error\":-249,\"message\":\"x\"}",
          OUTCOME_CONTENT_REJECTED, SCOPE_MESSAGE, "oa:-249" },
        { "out of money", &by_phone, "{\"error\":-137,\"message\":\"x\"}", OUTCOME_BALANCE, SCOPE_WAY,
          "zbs:-137" },
    };
    (void)state;
    open_with(FIRST_PAIR);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        platform.send_answer = cases[i].answer;
        const struct outcome *o = post(cases[i].letter);
        check_str(cases[i].label, outcome_class_word(o->class), outcome_class_word(cases[i].class));
        check_int(cases[i].label, o->scope, cases[i].scope);
        check_str(cases[i].label, o->code, cases[i].code);
        check_int(cases[i].label, platform.sends, (long long)i + 1);
    }
    platform.send_answer = NULL;
    const struct outcome *o = post(&by_phone);
    check_str("after -249 the same template goes by phone", outcome_class_word(o->class), "accepted");
    check_true("with our reference", strstr(buf_cstr(&platform.body), "\"tracking_id\":\"hs7a101\"") != NULL);
}

static void unknown_code_is_told_to_staff(void **state)
{
    (void)state;
    open_with(FIRST_PAIR);
    platform.send_answer = "{\"error\":-7777,\"message\":\"x\"}";
    const struct outcome *o = post(&by_phone);
    check_str("tried again", outcome_class_word(o->class), "transient");
    check_int("two tries", o->max_tries, 2);
    check_str("staff", proc.alert_code, "zalo_unmapped_zbs:-7777");
    check_true("which code", strstr(proc.alert_text, "(zbs:-7777)") != NULL);
}

static void no_answer_is_uncertain(void **state)
{
    static const char receipt[] =
        "{\"app_id\":\"9\",\"sender\":{\"id\":\"2222222222222222222\"},\"recipient\":{\"id\":\"84912345678\"},\"event_"
        "name\":\"user_received_message\",\"message\":{\"msg_id\":\"z1\",\"tracking_id\":\"hs7a101\",\"delivery_time\":"
        "\"1795000000400\"},\"timestamp\":\"1795000000500\"}";
    struct channel_events ev = { 0 };
    struct webhook w = { .method = "POST", .body = receipt, .body_len = sizeof receipt - 1 };
    (void)state;
    open_with(FIRST_PAIR "timeout_ms = 200\n");
    platform.hold = true;
    const struct outcome *o = post(&by_phone);
    check_str("nobody knows", outcome_class_word(o->class), "uncertain");
    check_str("code", o->code, "wire:timeout");
    turn(loop, 50);
    check_int("the driver does not send again", platform.sends, 1);
    check_int("receipt", zalo_channel.parse(proc.state, &w, &ev), LOA_OK);
    check_str("by our reference", ev.item[0].ref, "hs7a101");
    check_str("delivered", channel_event_word(ev.item[0].kind), "delivered");
    check_int("when the phone had it", ev.item[0].at_ms, 1795000000400);
    channel_events_clear(&ev);
}

static void nobody_there_is_transient(void **state)
{
    (void)state;
    open_with(FIRST_PAIR "zbs_url = http://127.0.0.1:1\n");
    const struct outcome *o = post(&by_phone);
    check_str("provably not sent", outcome_class_word(o->class), "transient");
    check_str("code", o->code, "wire:not_sent");
}

static void the_window_is_bounded(void **state)
{
    (void)state;
    open_with(FIRST_PAIR "in_flight = 2\n");
    platform.hold = true;
    check_int("one", start(&by_phone), LOA_OK);
    check_int("two", start(&by_phone), LOA_OK);
    check_int("three is too many", start(&by_phone), LOA_BUSY);
    process_stop(&proc);
    check_true("closing tells everybody", all_told(NULL));
    check_str("what was under way is uncertain", outcome_class_word(sent[0].o.class), "uncertain");
}

static void closing_tells_local_refusals(void **state)
{
    (void)state;
    open_with(FIRST_PAIR);
    struct letter bad = by_phone;
    bad.address = "0912";
    check_int("started", start(&bad), LOA_OK);
    process_stop(&proc);
    check_str("told", sent[0].o.code, "local:phone");
}

static void refused_without_a_call(void **state)
{
    static const struct {
        const char *label;
        struct letter letter;
        const char *code, *class;
    } cases[] = {
        { "bad phone",
          { .way = WAY_ZALO_ZBS, .address = "0912", .template_id = "5", .data = "{\"a\":\"b\"}" },
          "local:phone",
          "recipient_invalid" },
        { "empty text",
          { .way = WAY_ZALO_CS, .address = USER, .body = "" },
          "local:text_empty",
          "content_rejected" },
        { "buttons that are no JSON",
          { .way = WAY_ZALO_CS, .address = USER, .body = "A", .data = "[{" },
          "local:buttons",
          "content_rejected" },
        { "no template id",
          { .way = WAY_ZALO_UID, .address = USER, .data = "{\"a\":\"b\"}" },
          "local:template_id",
          "content_rejected" },
        { "no template data",
          { .way = WAY_ZALO_UID, .address = USER, .template_id = "5" },
          "local:template_data",
          "content_rejected" },
    };
    (void)state;
    open_with(FIRST_PAIR);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct outcome *o = post(&cases[i].letter);
        check_str(cases[i].label, o->code, cases[i].code);
        check_str(cases[i].label, outcome_class_word(o->class), cases[i].class);
        check_int(cases[i].label, o->cost_vnd, 0);
    }
    check_int("nothing left", platform.sends, 0);
}

/* ---- approved templates ---- */

static bool template_asked(void *ctx)
{
    (void)ctx;
    return platform.infos > 0;
}

#define NFD_NAME "Nguye\xcc\x82\xcc\x83n Thi\xcc\xa3 Hoa\xcc\x80ng Anh"

static const char info_json[] =
    "{\"error\":0,\"data\":{\"templateId\":512345,\"listParams\":[{\"name\":\"ho_ten\",\"require\":true,\"maxLength\":20,"
    "\"minLength\":1,\"acceptNull\":false},{\"name\":\"ma\",\"require\":false,\"maxLength\":30,\"acceptNull\":true}],"
    "\"price_sdt\":\"800\",\"price_uid\":\"560\"}}";

static void parameters_are_checked_first(void **state)
{
    struct letter l = by_phone;
    (void)state;
    open_with(FIRST_PAIR);
    platform.info_answer = info_json;
    const struct outcome *o = post(&by_phone);
    check_int("price not known yet", o->cost_vnd, -1);
    turn_until(loop, template_asked, NULL, "the platform is asked about the template");
    turn(loop, 50);

    l.address = "0912 345 678";
    l.data = "{\"ho_ten\":\"" NFD_NAME "\"}";
    o = post(&l);
    check_str("20 letters fit, however they were written", outcome_class_word(o->class), "accepted");
    check_int("price by phone", o->cost_vnd, 800);
    check_true(
        "composed, phone normalised",
        strstr(
            buf_cstr(&platform.body),
            "\"phone\":\"84912345678\",\"template_id\":\"512345\",\"template_data\":{\"ho_ten\":\"Nguyễn Thị "
            "Hoàng Anh\"}") != NULL);

    unsigned before = platform.sends;
    l.data = "{\"ho_ten\":\"B\",\"ma\":\"1234567890123456789012345678901\"}";
    o = post(&l);
    check_str("31 where 30 fit", o->code, "local:param_too_long");
    check_true("which parameter", strstr(o->sentence_vi, ": ma.") != NULL);
    check_int("no call", platform.sends, before);
    check_int("asked once", platform.infos, 1);
    o = post(&by_user);
    check_int("price by user id", o->cost_vnd, 560);
}

static void events_and_answers_make_doubt(void **state)
{
    static const char changed[] =
        "{\"oa_id\":\"2222222222222222222\",\"event_name\":\"change_template_status\","
        "\"template_id\":\"512345\",\"status\":{\"new_status\":\"ENABLE\"},\"timestamp\":\"1\"}";
    struct webhook w = { .method = "POST", .body = changed, .body_len = sizeof changed - 1 };
    struct channel_events ev = { 0 };
    struct letter l = by_phone;
    (void)state;
    open_with(FIRST_PAIR);
    platform.info_answer = info_json;
    post(&by_phone);
    turn_until(loop, template_asked, NULL, "asked");
    turn(loop, 50);
    l.data = "{\"ho_ten\":\"\"}";
    check_str("judged", post(&l)->code, "local:param_missing");
    zalo_channel.parse(proc.state, &w, &ev);
    channel_events_clear(&ev);
    check_str("changed: not judged", post(&l)->code, "zbs:0");
}

static void hashed_phone_and_proof(void **state)
{
    (void)state;
    platform.want_proof = true;
    open_with(FIRST_PAIR "appsecret_proof = yes\nhash_phone = yes\n");
    struct letter l = by_phone;
    l.address = "84987654321";
    check_str("accepted", outcome_class_word(post(&l)->class), "accepted");
    check_true("the hash",
               strstr(buf_cstr(&platform.body),
                      "116ce31ae9170769b075a11dedca1198f41d30318334919fb90917e9c617b438") != NULL);
    check_true("not the number", strstr(buf_cstr(&platform.body), "84987654321") == NULL);
}

static void development_mode(void **state)
{
    (void)state;
    open_with(FIRST_PAIR "mode = development\n");
    post(&by_phone);
    check_true("mode", strstr(buf_cstr(&platform.body), "\"mode\":\"development\"") != NULL);
}

/* ---- limits ---- */

static void quota_as_strings(void **state)
{
    (void)state;
    open_with(FIRST_PAIR);
    platform.send_answer =
        "{\"error\":0,\"data\":{\"msg_id\":\"z\",\"quota\":{\"dailyQuota\":\"20000\",\"remainingQuota\":"
        "\"3\"}}}";
    check_str("accepted", outcome_class_word(post(&by_phone)->class), "accepted");
    check_str("staff", proc.alert_code, "zalo_quota_low");
    post(&by_phone);
    check_int("once", proc.alerts, 1);
    platform.send_answer = "{\"error\":0,\"data\":{\"msg_id\":\"z\"}}";
    check_str("a missing quota is fine", outcome_class_word(post(&by_phone)->class), "accepted");
}

static void minute_limit_is_respected(void **state)
{
    (void)state;
    clock_freeze(1795000000000 + 20000); /* 20 s into a minute */
    open_with(FIRST_PAIR);
    platform.rate_left = "0";
    check_str("the last one", outcome_class_word(post(&reply_text)->class), "accepted");
    check_int("none left on this host", start(&reply_text), LOA_UNAVAILABLE);
    platform.rate_left = NULL;
    check_str("the other host goes on", outcome_class_word(post(&by_phone)->class), "accepted");
    clock_advance(60000);
    check_str("next minute", outcome_class_word(post(&reply_text)->class), "accepted");
}

/* ---- questions ---- */

static struct channel_event polled;
static unsigned polled_count;
static bool polled_done;

static void keep_events(void *ctx, const struct channel_events *ev)
{
    (void)ctx;
    polled_count = ev->count;
    if (ev->count > 0)
        polled = ev->item[0];
    polled_done = true;
}

static bool is_true(void *ctx)
{
    return *(bool *)ctx;
}

static void status_by_id(void **state)
{
    static const struct {
        const char *label, *answer, *kind; /* kind NULL: nothing is known */
        int64_t at_ms;
    } cases[] = {
        { "delivered",
          "{\"error\":0,\"data\":{\"delivery_time\":\"1795000000400\",\"message\":\"x\",\"status\":1}}",
          "delivered", 1795000000400 },
        { "under way", "{\"error\":0,\"data\":{\"status\":\"0\"}}", "progress", 0 },
        { "no such message", "{\"error\":0,\"data\":{\"status\":-1}}", "failed", 0 },
        { "an error tells nothing", "{\"error\":-107,\"message\":\"x\"}", NULL, 0 },
    };
    (void)state;
    open_with(FIRST_PAIR);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        platform.status_answer = cases[i].answer;
        polled_done = false;
        check_int(cases[i].label,
                  zalo_channel.poll(proc.state, WAY_ZALO_ZBS, "z1", "hs7a101", keep_events, NULL), LOA_OK);
        turn_until(loop, is_true, &polled_done, cases[i].label);
        check_int(cases[i].label, polled_count, cases[i].kind != NULL);
        if (cases[i].kind == NULL)
            continue;
        check_str(cases[i].label, channel_event_word(polled.kind), cases[i].kind);
        check_str(cases[i].label, polled.ref, "hs7a101");
        check_str(cases[i].label, polled.provider_id, "z1");
        check_int(cases[i].label, polled.at_ms, cases[i].at_ms);
    }
    check_str("path", platform.path, "/zbs/message/status?message_id=z1");
    check_int("no id", zalo_channel.poll(proc.state, WAY_ZALO_ZBS, "", "r", keep_events, NULL),
              LOA_NOT_FOUND);
    check_int("not for texts", zalo_channel.poll(proc.state, WAY_ZALO_CS, "a1", "r", keep_events, NULL),
              LOA_NOT_FOUND);
}

static struct zalo_user met;
static bool met_known, met_done;

static void keep_user(void *ctx, const struct zalo_user *u)
{
    (void)ctx;
    met_known = u != NULL;
    if (u != NULL)
        met = *u;
    met_done = true;
}

static void who_is_it(void **state)
{
    (void)state;
    open_with(FIRST_PAIR);
    platform.user_answer =
        "{\"error\":0,\"data\":{\"user_id\":\"1\",\"display_name\":\"Trần Thị B\",\"user_is_follower\":true,\"user_last_"
        "interaction_date\":\"20/11/2026\",\"shared_info\":{\"name\":\"B\",\"phone\":84912345678}}}";
    check_int("asked", zalo_user_ask(proc.state, USER, keep_user, NULL), LOA_OK);
    turn_until(loop, is_true, &met_done, "user");
    check_true("known", met_known);
    check_str("name", met.name, "Trần Thị B");
    check_str("phone", met.phone, "84912345678");
    check_true("follower", met.follower);
    check_str("last seen", met.last_interaction, "20/11/2026");
    platform.user_answer = NULL;
    met_done = false;
    zalo_user_ask(proc.state, USER, keep_user, NULL);
    turn_until(loop, is_true, &met_done, "user");
    check_true("not told", !met_known);
}

static bool looked(void *ctx)
{
    return platform.looks >= *(unsigned *)ctx;
}

static bool alerted(void *ctx)
{
    return strcmp(proc.alert_code, ctx) == 0;
}

static void the_oa_is_looked_after(void **state)
{
    unsigned want = 1;
    (void)state;
    clock_freeze(1795000000000); /* 18/11/2026 */
    open_with(FIRST_PAIR);
    platform.getoa_answer =
        "{\"error\":0,\"data\":{\"oaid\":\"2222222222222222222\",\"is_verified\":true,\"package_valid_"
        "through_date\":\"31/12/2026\"}}";
    platform.quality_answer =
        "{\"error\":0,\"data\":{\"oaCurrentQuality\":\"HIGH\",\"oa7dayQuality\":\"HIGH\"}}";
    platform.quota_answer = "{\"error\":0,\"data\":{\"dailyQuota\":20000,\"remainingQuota\":20000}}";
    clock_advance(30000);
    turn_until(loop, looked, &want, "look at start");
    turn(loop, 50);
    check_int("all is well", proc.alerts, 0);

    static const struct {
        const char *label, *getoa, *quality, *quota, *alert;
    } cases[] = {
        { "another OA", "{\"error\":0,\"data\":{\"oaid\":\"3\",\"is_verified\":true}}", NULL, NULL,
          "zalo_wrong_oa" },
        { "not verified", "{\"error\":0,\"data\":{\"is_verified\":false}}", NULL, NULL, "zalo_unverified" },
        { "package ends", "{\"error\":0,\"data\":{\"package_valid_through_date\":\"30/11/2026\"}}", NULL,
          NULL, "zalo_package_ends" },
        { "low quality", NULL, "{\"error\":0,\"data\":{\"oaCurrentQuality\":\"LOW\"}}", NULL,
          "zalo_quality_low" },
        { "low quota", NULL, NULL,
          "{\"error\":0,\"data\":{\"dailyQuota\":\"1000\",\"remainingQuota\":\"99\"}}", "zalo_quota_low" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char code[64];
        platform.getoa_answer = cases[i].getoa;
        platform.quality_answer = cases[i].quality;
        platform.quota_answer = cases[i].quota;
        snprintf(code, sizeof code, "%s", cases[i].alert);
        clock_advance(24 * 3600 * 1000 + 31000);
        turn_until(loop, alerted, code, cases[i].label);
    }
}

/* ---- webhooks through the driver ---- */

static const char *signature_header(const void *ctx, const char *name)
{
    return strcasecmp(name, "X-ZEvent-Signature") == 0 ? ctx : NULL;
}

static void webhooks(void **state)
{
    static const char body[] =
        "{\"app_id\":\"1234567890123456789\",\"sender\":{\"id\":\"1111111111111111111\"},\"recipient\":{\"id\":"
        "\"2222222222222222222\"},\"event_name\":\"user_send_text\",\"message\":{\"text\":\"Xin chào\",\"msg_id\":"
        "\"m-001\"},\"timestamp\":\"1700000000000\"}";
    struct webhook w = {
        .method = "POST",
        .body = body,
        .body_len = sizeof body - 1,
        .header = signature_header,
        .header_ctx = "mac=32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b",
        .now_ms = 1700000000000 + 3600 * 1000,
    };
    struct channel_events ev = { 0 };
    (void)state;
    open_with(FIRST_PAIR);
    check_int("right, an hour late", zalo_channel.verify(proc.state, &w), LOA_OK);
    check_int("one event", zalo_channel.parse(proc.state, &w, &ev), LOA_OK);
    check_str("text", ev.item[0].text, "Xin chào");
    channel_events_clear(&ev);
    w.header_ctx = NULL;
    check_int("unsigned", zalo_channel.verify(proc.state, &w), LOA_DENIED);
    w.body = "{}";
    w.body_len = 2;
    check_int("probe", zalo_channel.verify(proc.state, &w), LOA_OK);
    check_int("without effect", zalo_channel.parse(proc.state, &w, &ev), LOA_OK);
    check_int("no events", ev.count, 0);
}

/* ---- settings ---- */

static void settings_are_checked(void **state)
{
    static const struct {
        const char *label, *ini, *pointer; /* NULL: nothing to complain about */
    } cases[] = {
        { "complete", "[zalo]\napp_id = 1\napp_secret = a\noa_id = 2\noa_secret_key = b\n", NULL },
        { "switched off", "[zalo]\nenabled = no\napp_id = 1\n", NULL },
        { "not used", "", NULL },
        { "no app", "[zalo]\napp_secret = a\noa_id = 2\noa_secret_key = b\n", "[zalo] app_id" },
        { "one secret for both", "[zalo]\napp_id = 1\napp_secret = a\noa_id = 2\noa_secret_key = a\n",
          "[zalo] oa_secret_key" },
        { "no OA", "[zalo]\napp_id = 1\napp_secret = a\noa_secret_key = b\n", "[zalo] oa_id" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errors *err = errors_new();
        struct config *cf = NULL;
        check_int(cases[i].label, config_parse("t", cases[i].ini, strlen(cases[i].ini), err, &cf), LOA_OK);
        zalo_channel.check(cf, check_path("channels"), err);
        check_str(cases[i].label, err->count > 0 ? err->item[0].pointer : NULL, cases[i].pointer);
        errors_free(err);
        config_free(cf);
    }
}

static void opening_needs_settings(void **state)
{
    static const struct {
        const char *label, *ini;
        enum loa_status want;
    } cases[] = {
        { "not used", "", LOA_NOT_FOUND },
        { "half a configuration", "[zalo]\napp_id = 1\n", LOA_INVALID },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config *cf = NULL;
        config_parse("t", cases[i].ini, strlen(cases[i].ini), NULL, &cf);
        struct channel_env env = { .config = cf, .data_dir = check_path("channels") };
        void *opened = NULL;
        check_int(cases[i].label, zalo_channel.open(&env, NULL, &opened), cases[i].want);
        config_free(cf);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_way_is_accepted),
        TEST(answers_become_outcomes),
        TEST(unknown_code_is_told_to_staff),
        TEST(no_answer_is_uncertain),
        TEST(nobody_there_is_transient),
        TEST(the_window_is_bounded),
        TEST(closing_tells_local_refusals),
        TEST(refused_without_a_call),
        TEST(parameters_are_checked_first),
        TEST(events_and_answers_make_doubt),
        TEST(hashed_phone_and_proof),
        TEST(development_mode),
        TEST(quota_as_strings),
        TEST(minute_limit_is_respected),
        TEST(status_by_id),
        TEST(who_is_it),
        TEST(the_oa_is_looked_after),
        TEST(webhooks),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(opening_needs_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
