/* The platform's code table: complete, readable, and right where it matters most. */
#include "check.h"
#include "loa/clock.h"
#include "loa/outcome.h"
#include "loa/text.h"
#include "loa/zalo_reply.h"
#include <stdio.h>
#include <string.h>

static struct outcome_table *codes;

static int load(void **state)
{
    struct errors *err = errors_new();
    (void)state;
    enum loa_status st = outcome_table_load(check_path("channels/zalo/codes.tsv"), err, &codes);
    for (unsigned i = 0; i < err->count; i++)
        print_message("%s: %s\n", err->item[i].pointer, err->item[i].detail);
    errors_free(err);
    return st == LOA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    outcome_table_free(codes);
    return 0;
}

/* Every code the platform documents, or that was seen on it. */
static const char *const oa_codes[] = {
    "0",    "-32",  "-100", "-200", "-201", "-204", "-205", "-209", "-210",  "-211",
    "-212", "-213", "-214", "-216", "-217", "-218", "-219", "-220", "-221",  "-223",
    "-224", "-227", "-230", "-232", "-233", "-234", "-235", "-237", "-238",  "-240",
    "-241", "-242", "-244", "-248", "-249", "-320", "-321", "-403", "-1340", "-1341",
};
static const char *const zbs_codes[] = {
    "0",     "-100",  "-101",  "-102", "-103",  "-104",  "-105",  "-106",  "-107", "-108",  "-109",
    "-1091", "-110",  "-111",  "-112", "-1121", "-1122", "-1123", "-1124", "-113", "-1131", "-114",
    "-115",  "-116",  "-117",  "-118", "-119",  "-120",  "-1201", "-1202", "-121", "-122",  "-123",
    "-124",  "-1241", "-125",  "-126", "-127",  "-128",  "-129",  "-130",  "-131", "-132",  "-133",
    "-134",  "-135",  "-1351", "-136", "-137",  "-138",  "-1381", "-139",  "-140", "-141",  "-142",
    "-143",  "-144",  "-1441", "-145", "-146",  "-147",  "-1471", "-1472", "-148", "-149",  "-1491",
    "-150",  "-151",  "-152",  "-153", "-158",  "-159",  "-160",  "-161",  "-162", "-216",  "-220",
};
static const char *const oauth_codes[] = { "-32", "-14002", "-14003", "-14012", "-14014", "-14024" };
/* Words the driver looks up by itself. */
static const char *const own_words[][2] = {
    { "oauth", "refused" },         { "oauth", "interrupted" },
    { "oauth", "expired" },         { "oauth", "absent" },
    { "oauth", "unsaved" },         { "oauth", "late" },
    { "wire", "not_sent" },         { "wire", "timeout" },
    { "wire", "stopped" },          { "http", "500" },
    { "http", "unreadable" },       { "local", "phone" },
    { "local", "user_id" },         { "local", "text_empty" },
    { "local", "text_too_long" },   { "local", "buttons" },
    { "local", "template_id" },     { "local", "template_data" },
    { "local", "param_missing" },   { "local", "param_too_long" },
    { "local", "param_too_short" }, { "local", "param_type" },
    { "local", "too_big" },         { "standing", "wrong_oa" },
    { "standing", "unverified" },   { "standing", "package_ends" },
    { "standing", "quality_low" },  { "standing", "quota_low" },
    { "standing", "unmapped" },     { "zbs", "status -1" },
    { "oa", "-201 user_id" },       { "oa", "-223 quota" },
};

static void has_row(const char *host, const char *code)
{
    struct outcome o;
    char label[64];
    snprintf(label, sizeof label, "%s %s", host, code);
    check_true(label, outcome_from_table(codes, host, code, &o));
    /* a sentence: begins with a letter, says something, and staff need not scroll */
    check_true(label, text_length(o.sentence_vi, strlen(o.sentence_vi)) >= 15);
}

static void complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof oa_codes / sizeof oa_codes[0]; i++)
        has_row("oa", oa_codes[i]);
    for (size_t i = 0; i < sizeof zbs_codes / sizeof zbs_codes[0]; i++)
        has_row("zbs", zbs_codes[i]);
    for (size_t i = 0; i < sizeof oauth_codes / sizeof oauth_codes[0]; i++)
        has_row("oauth", oauth_codes[i]);
    for (size_t i = 0; i < sizeof own_words / sizeof own_words[0]; i++)
        has_row(own_words[i][0], own_words[i][1]);
}

static void meanings(void **state)
{
    static const struct {
        const char *label, *host, *code;
        enum outcome_class class;
        enum outcome_scope scope;
        unsigned tries;
        int suppress_days;
    } cases[] = {
        { "accepted", "zbs", "0", OUTCOME_ACCEPTED, SCOPE_MESSAGE, 0, 0 },
        { "dead token on the OA host", "oa", "-216", OUTCOME_AUTH, SCOPE_MESSAGE, 2, 0 },
        { "dead token on the ZBS host", "zbs", "-124", OUTCOME_AUTH, SCOPE_MESSAGE, 2, 0 },
        { "no Zalo on this number", "zbs", "-118", OUTCOME_RECIPIENT_INVALID, SCOPE_MESSAGE, 1, 30 },
        { "night: this template waits", "zbs", "-133", OUTCOME_THROTTLED, SCOPE_TEMPLATE, 0, 0 },
        { "daily limit: the way waits", "zbs", "-144", OUTCOME_THROTTLED, SCOPE_WAY, 0, 0 },
        { "template not for user ids: next step", "oa", "-249", OUTCOME_CONTENT_REJECTED, SCOPE_MESSAGE, 1,
          0 },
        { "7 days without a word: next step", "oa", "-230", OUTCOME_RECIPIENT_REFUSED, SCOPE_MESSAGE, 1, 0 },
        { "-100 means an attachment on the OA host", "oa", "-100", OUTCOME_CONTENT_REJECTED, SCOPE_MESSAGE, 1,
          0 },
        { "-100 means try again on the ZBS host", "zbs", "-100", OUTCOME_TRANSIENT, SCOPE_MESSAGE, 3, 0 },
        { "refused by the citizen for good", "zbs", "-141", OUTCOME_RECIPIENT_REFUSED, SCOPE_MESSAGE, 1, -1 },
        { "money", "zbs", "-137", OUTCOME_BALANCE, SCOPE_WAY, 1, 0 },
        { "a template not approved", "zbs", "-131", OUTCOME_SENDER_REJECTED, SCOPE_TEMPLATE, 1, 0 },
        { "too many calls", "oa", "-32", OUTCOME_THROTTLED, SCOPE_WAY, 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome o;
        check_true(cases[i].label, outcome_from_table(codes, cases[i].host, cases[i].code, &o));
        check_str(cases[i].label, outcome_class_word(o.class), outcome_class_word(cases[i].class));
        check_int(cases[i].label, o.scope, cases[i].scope);
        check_int(cases[i].label, o.max_tries, cases[i].tries);
        check_int(cases[i].label, o.suppress_days, cases[i].suppress_days);
    }
}

/* 2026-11-23 23:10 in Vietnam. */
#define LATE_EVENING INT64_C(1795450200000)
#define HOUR         INT64_C(3600000)

static void waits(void **state)
{
    struct outcome o;
    (void)state;
    clock_freeze(LATE_EVENING);
    outcome_from_table(codes, "zbs", "-133", &o);
    check_true("a night refusal waits for 06:05", o.wait_ms >= 6 * HOUR + 55 * 60000);
    check_true("and not until noon", o.wait_ms < 8 * HOUR);
    outcome_from_table(codes, "zbs", "-144", &o);
    check_true("a day's limit waits for the next day", o.wait_ms >= 50 * 60000 && o.wait_ms < 8 * HOUR);
    outcome_from_table(codes, "zbs", "-1441", &o);
    check_true("a month's limit waits for the next month", o.wait_ms > 24 * HOUR);
    outcome_from_table(codes, "oa", "-216", &o);
    check_int("a dead token costs seconds", o.wait_ms, 3000);
    clock_thaw();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete),
        cmocka_unit_test(meanings),
        cmocka_unit_test(waits),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
