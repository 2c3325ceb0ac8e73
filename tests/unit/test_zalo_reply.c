/* Answers of the Zalo platform: what they say, and what that means for a message. */
#include "check.h"
#include "loa/zalo_reply.h"
#include <string.h>

static struct outcome_table *codes;

static int load(void **state)
{
    (void)state;
    return outcome_table_load(check_path("channels/zalo/codes.tsv"), NULL, &codes) == LOA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    outcome_table_free(codes);
    return 0;
}

static void outcomes(void **state)
{
    static const struct {
        const char *label;
        enum zalo_host host;
        int status;
        const char *body;
        enum outcome_class class;
        const char *code, *provider_id;
    } cases[] = {
        { "ZBS accepted", ZALO_ZBS, 200,
          "{\"error\":0,\"message\":\"Success\",\"data\":{\"msg_id\":\"z1\",\"sent_time\":\"1795000000000\"}}",
          OUTCOME_ACCEPTED, "zbs:0", "z1" },
        { "OA accepted", ZALO_OA, 200, "{\"error\":0,\"data\":{\"message_id\":\"a1\",\"user_id\":\"7\"}}",
          OUTCOME_ACCEPTED, "oa:0", "a1" },
        { "code as a string", ZALO_ZBS, 200, "{\"error\":\"-118\",\"message\":\"x\"}",
          OUTCOME_RECIPIENT_INVALID, "zbs:-118", "" },
        { "id as a number", ZALO_ZBS, 200, "{\"error\":0,\"data\":{\"msg_id\":12345}}", OUTCOME_ACCEPTED,
          "zbs:0", "12345" },
        { "an id too big to be exact is left out", ZALO_ZBS, 200,
          "{\"error\":0,\"data\":{\"msg_id\":12345678901234567890}}", OUTCOME_ACCEPTED, "zbs:0", "" },
        { "accepted without data", ZALO_ZBS, 200, "{\"error\":0}", OUTCOME_ACCEPTED, "zbs:0", "" },
        { "wrong field", ZALO_OA, 200, "{\"error\":-201,\"message\":\"template_data is invalid\"}",
          OUTCOME_CONTENT_REJECTED, "oa:-201", "" },
        { "the wrong field is the user", ZALO_OA, 200, "{\"error\":-201,\"message\":\"user_id is invalid\"}",
          OUTCOME_RECIPIENT_INVALID, "oa:-201 user_id", "" },
        { "right not given", ZALO_OA, 200, "{\"error\":-223,\"message\":\"OA has not authorized\"}",
          OUTCOME_SENDER_REJECTED, "oa:-223", "" },
        { "quota by the same code", ZALO_OA, 200, "{\"error\":-223,\"message\":\"Article Quota reached\"}",
          OUTCOME_THROTTLED, "oa:-223 quota", "" },
        { "code with another HTTP status", ZALO_OA, 401, "{\"error\":-216,\"message\":\"token\"}",
          OUTCOME_AUTH, "oa:-216", "" },
        { "nobody has classified this one", ZALO_OA, 200, "{\"error\":-999}", OUTCOME_TRANSIENT, "oa:-999",
          "" },
        { "not JSON although 200", ZALO_OA, 200, "<html>", OUTCOME_UNCERTAIN, "http:unreadable", "" },
        { "JSON without a verdict", ZALO_OA, 200, "{\"message\":\"ok\"}", OUTCOME_UNCERTAIN,
          "http:unreadable", "" },
        { "a list", ZALO_OA, 200, "[0]", OUTCOME_UNCERTAIN, "http:unreadable", "" },
        { "empty", ZALO_OA, 200, "", OUTCOME_UNCERTAIN, "http:unreadable", "" },
        { "bad gateway: may have passed it on", ZALO_ZBS, 502, "<html>", OUTCOME_UNCERTAIN, "http:502", "" },
        { "a gateway's own number", ZALO_ZBS, 522, "", OUTCOME_UNCERTAIN, "http:522", "" },
        { "closed for now", ZALO_ZBS, 503, "", OUTCOME_TRANSIENT, "http:503", "" },
        { "slow down", ZALO_ZBS, 429, "", OUTCOME_THROTTLED, "http:429", "" },
        { "wrong address", ZALO_ZBS, 404, "not found", OUTCOME_SENDER_REJECTED, "http:404", "" },
        { "success with a failure's status is no success", ZALO_ZBS, 500, "{\"error\":0}", OUTCOME_UNCERTAIN,
          "http:500", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zalo_reply r;
        struct outcome o;
        zalo_reply_parse(&r, cases[i].host, cases[i].status, cases[i].body, strlen(cases[i].body));
        bool known = zalo_reply_outcome(codes, &r, &o);
        check_str(cases[i].label, outcome_class_word(o.class), outcome_class_word(cases[i].class));
        check_str(cases[i].label, o.code, cases[i].code);
        check_str(cases[i].label, o.provider_id, cases[i].provider_id);
        check_int(cases[i].label, known, strcmp(cases[i].code, "oa:-999") != 0);
        zalo_reply_clear(&r);
    }
}

static void wires(void **state)
{
    static const struct {
        const char *label;
        enum wire_result wire;
        enum outcome_class class;
        const char *code;
    } cases[] = {
        { "never left", WIRE_NOT_SENT, OUTCOME_TRANSIENT, "wire:not_sent" },
        { "no answer: may have been taken", WIRE_UNKNOWN, OUTCOME_UNCERTAIN, "wire:timeout" },
        { "stopped by us", WIRE_CANCELLED, OUTCOME_UNCERTAIN, "wire:stopped" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct http_answer a = { .result = cases[i].wire };
        struct zalo_reply r;
        struct outcome o;
        zalo_reply_read(&r, ZALO_ZBS, &a);
        check_true(cases[i].label, zalo_reply_outcome(codes, &r, &o));
        check_str(cases[i].label, outcome_class_word(o.class), outcome_class_word(cases[i].class));
        check_str(cases[i].label, o.code, cases[i].code);
        check_true(cases[i].label, !zalo_reply_ok(&r));
        zalo_reply_clear(&r);
    }
}

static void details(void **state)
{
    static const struct {
        const char *label;
        enum zalo_host host;
        const char *body;
        int64_t sent_ms, left, total;
        const char *quota_type;
    } cases[] = {
        { "ZBS: all strings", ZALO_ZBS,
          "{\"error\":0,\"data\":{\"msg_id\":\"z\",\"sent_time\":\"1795000000000\",\"sending_mode\":\"1\",\"quota\":{"
          "\"dailyQuota\":\"20000\",\"remainingQuota\":\"3\"}}}",
          1795000000000, 3, 20000, "" },
        { "ZBS: numbers", ZALO_ZBS,
          "{\"error\":0,\"data\":{\"sent_time\":1795000000000,\"quota\":{\"dailyQuota\":20000,\"remainingQuota\":3}}}",
          1795000000000, 3, 20000, "" },
        { "no quota", ZALO_ZBS, "{\"error\":0,\"data\":{\"msg_id\":\"z\"}}", 0, -1, -1, "" },
        { "quota null", ZALO_ZBS, "{\"error\":0,\"data\":{\"quota\":null}}", 0, -1, -1, "" },
        { "sent_time outside data", ZALO_OA,
          "{\"error\":0,\"sent_time\":\"1795000000001\",\"data\":{\"message_id\":\"a\",\"quota\":{\"quota_type\":"
          "\"reply\",\"remain\":\"8\",\"total\":8}}}",
          1795000000001, 8, 8, "reply" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zalo_reply r;
        struct zalo_sent sent;
        zalo_reply_parse(&r, cases[i].host, 200, cases[i].body, strlen(cases[i].body));
        zalo_reply_sent(&r, &sent);
        check_int(cases[i].label, sent.sent_ms, cases[i].sent_ms);
        check_int(cases[i].label, sent.quota_left, cases[i].left);
        check_int(cases[i].label, sent.quota_total, cases[i].total);
        check_str(cases[i].label, sent.quota_type, cases[i].quota_type);
        zalo_reply_clear(&r);
    }
}

static void tokens(void **state)
{
    static const struct {
        const char *label;
        enum zalo_host host;
        const char *body;
        bool dead, doubt;
    } cases[] = {
        { "-216 on the OA host", ZALO_OA, "{\"error\":-216}", true, false },
        { "-216 on the ZBS host", ZALO_ZBS, "{\"error\":-216}", true, false },
        { "-220", ZALO_OA, "{\"error\":-220}", true, false },
        { "-124 on the ZBS host", ZALO_ZBS, "{\"error\":-124}", true, false },
        { "-124 on the OA host is nothing we know", ZALO_OA, "{\"error\":-124}", false, false },
        { "a parameter too long", ZALO_ZBS, "{\"error\":-1121}", false, true },
        { "success", ZALO_ZBS, "{\"error\":0}", false, false },
        { "nothing", ZALO_ZBS, "", false, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zalo_reply r;
        zalo_reply_parse(&r, cases[i].host, 200, cases[i].body, strlen(cases[i].body));
        check_int(cases[i].label, zalo_reply_token_dead(&r), cases[i].dead);
        check_int(cases[i].label, zalo_reply_doubts_template(&r), cases[i].doubt);
        zalo_reply_clear(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes),
        cmocka_unit_test(wires),
        cmocka_unit_test(details),
        cmocka_unit_test(tokens),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
