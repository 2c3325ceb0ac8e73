/* outcome: the words, code tables and their faults, and the moments a row may ask to wait for. */
#include "check.h"
#include "loa/calendar.h"
#include "loa/channel.h"
#include "loa/clock.h"
#include "loa/metrics.h"
#include <string.h>

static const char good[] = "# host\tcode\tclass\tscope\twait\ttries\tsuppress_days\tsentence_vi\n"
                           "esms\t100\taccepted\tmessage\t0\t0\t0\tĐã nhận.\n"
                           "esms\t101\tauth\tway\t15m\t0\t0\tSai khóa.\n"
                           "esms\t99\trecipient_refused\t-\t-\t1\t-1\tSố bị chặn.\n"
                           "zbs\t-133\tthrottled\tmessage\tmorning\t3\t0\tBan đêm.\n"
                           "zbs\t-144\tthrottled\ttemplate\ttomorrow\t0\t0\tHết hạn mức ngày.\n"
                           "zbs\t-1441\tthrottled\tway\tmonth\t0\t30\tHết hạn mức tháng.\n";

static struct outcome_table *load_good(void)
{
    struct outcome_table *t = NULL;
    struct errors *err = errors_new();
    check_int("load", outcome_table_load(check_file("codes.tsv", good), err, &t), LOA_OK);
    check_int("faults", err->count, 0);
    errors_free(err);
    return t;
}

static void test_lookup(void **state)
{
    static const struct {
        const char *label, *host, *code;
        bool known;
        enum outcome_class class;
        enum outcome_scope scope;
        int64_t wait_ms;
        unsigned tries;
        int days;
        const char *full;
    } cases[] = {
        { "accepted", "esms", "100", true, OUTCOME_ACCEPTED, SCOPE_MESSAGE, 0, 0, 0, "esms:100" },
        { "stops the way", "esms", "101", true, OUTCOME_AUTH, SCOPE_WAY, 900000, 0, 0, "esms:101" },
        { "empty cells", "esms", "99", true, OUTCOME_RECIPIENT_REFUSED, SCOPE_MESSAGE, 0, 1, -1, "esms:99" },
        { "same code, other host", "zbs", "100", false, OUTCOME_TRANSIENT, SCOPE_MESSAGE, 0, 2, 0,
          "zbs:100" },
        { "unknown", "esms", "777", false, OUTCOME_TRANSIENT, SCOPE_MESSAGE, 0, 2, 0, "esms:777" },
        { "far too long", "esms", "12345678901234567890", false, OUTCOME_TRANSIENT, SCOPE_MESSAGE, 0, 2, 0,
          "esms:123456789012345678" },
    };
    struct outcome_table *t = load_good();
    (void)state;
    check_int("rows", outcome_table_size(t), 6);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome o;
        check_int(cases[i].label, outcome_from_table(t, cases[i].host, cases[i].code, &o), cases[i].known);
        check_int(cases[i].label, outcome_table_has(t, cases[i].host, cases[i].code), cases[i].known);
        check_int(cases[i].label, o.class, cases[i].class);
        check_int(cases[i].label, o.scope, cases[i].scope);
        check_int(cases[i].label, o.wait_ms, cases[i].wait_ms);
        check_int(cases[i].label, o.max_tries, cases[i].tries);
        check_int(cases[i].label, o.suppress_days, cases[i].days);
        check_int("the price is not known", o.cost_vnd, -1);
        check_str(cases[i].label, o.code, cases[i].full);
        check_true(cases[i].label, o.sentence_vi[0] != '\0');
    }
    outcome_table_free(t);
}

static void test_waits(void **state)
{
    static const struct {
        const char *label, *code;
        int now[5];  /* local: year month day hour minute */
        int from[5]; /* earliest */
        int jitter_minutes;
    } cases[] = {
        { "before the morning", "-133", { 2026, 11, 23, 2, 0 }, { 2026, 11, 23, 6, 5 }, 25 },
        { "in the evening", "-133", { 2026, 11, 23, 22, 30 }, { 2026, 11, 24, 6, 5 }, 25 },
        { "at the very minute", "-133", { 2026, 11, 23, 6, 5 }, { 2026, 11, 24, 6, 5 }, 25 },
        { "tomorrow", "-144", { 2026, 12, 31, 23, 59 }, { 2027, 1, 1, 0, 5 }, 0 },
        { "next month", "-1441", { 2026, 11, 23, 8, 0 }, { 2026, 12, 1, 0, 5 }, 0 },
        { "next year", "-1441", { 2026, 12, 1, 0, 0 }, { 2027, 1, 1, 0, 5 }, 0 },
    };
    struct outcome_table *t = load_good();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *n = cases[i].now, *f = cases[i].from;
        struct outcome o;
        int64_t now = local_to_ms(n[0], n[1], n[2], n[3], n[4], 0);
        int64_t from = local_to_ms(f[0], f[1], f[2], f[3], f[4], 0);
        clock_freeze(now);
        outcome_from_table(t, "zbs", cases[i].code, &o);
        int64_t late = now + o.wait_ms - from;
        if (late < 0 || late > (int64_t)cases[i].jitter_minutes * 60000)
            fail_msg("%s: %lld ms after the earliest moment", cases[i].label, (long long)late);
    }
    clock_thaw();
    outcome_table_free(t);
}

static void test_faults(void **state)
{
    static const struct {
        const char *label, *row, *want;
    } cases[] = {
        { "too few columns", "esms\t100\taccepted\n", "3 columns, expected 8 to 8 apart by TAB" },
        { "no code", "esms\t-\tauth\tway\t0\t0\t0\tx\n", "host and code take 1 to 15 characters each" },
        { "no sentence", "esms\t1\tauth\tway\t0\t0\t0\t-\n",
          "the last column is a sentence of under 240 bytes" },
        { "unknown class", "esms\t1\tgood\tway\t0\t0\t0\tx\n", "there is no outcome class \"good\"" },
        { "unknown scope", "esms\t1\tauth\tall\t0\t0\t0\tx\n",
          "scope \"all\": write message, template or way" },
        { "bad wait", "esms\t1\tauth\tway\tsoon\t0\t0\tx\n",
          "wait \"soon\": write 0, 90s, 15m, morning, tomorrow or month" },
        { "bad tries", "esms\t1\tauth\tway\t0\t99\t0\tx\n", "tries are 0 to 20, suppress_days -1 to 3650" },
        { "bad days", "esms\t1\tauth\tway\t0\t0\t-2\tx\n", "tries are 0 to 20, suppress_days -1 to 3650" },
        { "twice", "esms\t1\tauth\tway\t0\t0\t0\tx\nesms\t1\tauth\tway\t0\t0\t0\tx\n",
          "esms:1 already stands on line 1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outcome_table *t = NULL;
        struct errors *err = errors_new();
        check_int(cases[i].label, outcome_table_load(check_file("codes.tsv", cases[i].row), err, &t),
                  LOA_INVALID);
        check_int(cases[i].label, err->count, 1);
        check_str(cases[i].label, err->item[0].detail, cases[i].want);
        errors_free(err);
    }
}

static void test_words(void **state)
{
    struct buf before = BUF_INIT(1 << 20);
    (void)state;
    for (int c = 0; c < OUTCOME_CLASS_COUNT; c++) {
        check_int("class and back", outcome_class_from_word(outcome_class_word((enum outcome_class)c)), c);
        metric_add(M_SEND_OUTCOME, "sms", outcome_class_word((enum outcome_class)c), 1);
    }
    for (int c = 0; c < CH_COUNT; c++) {
        check_int("channel and back", channel_from_word(channel_word((enum channel)c)), c);
        metric_add(M_UNMAPPED_CODES, channel_word((enum channel)c), NULL, 1);
    }
    for (int w = 0; w < WAY_COUNT; w++) {
        check_int("way and back", way_from_word(way_word((enum way)w)), w);
        metric_set(M_BREAKER_OPEN, way_word((enum way)w), NULL, 1);
    }
    check_int("unknown words", outcome_class_from_word("x"), -1);
    check_int("unknown words", channel_from_word("x"), -1);
    check_int("unknown words", way_from_word("x"), -1);
    for (int k = 0; k < CE_KIND_COUNT; k++)
        check_true("events have words", channel_event_word((enum channel_event_kind)k) != NULL);
    metrics_print(&before);
    check_true("metrics know all these words", strstr(buf_cstr(&before), "\"other\"") == NULL);
    buf_clear(&before);
}

static void test_events(void **state)
{
    struct channel_events l = { 0 };
    (void)state;
    for (int i = 0; i < CHANNEL_EVENTS_MAX; i++) {
        struct channel_event *e = channel_events_add(&l);
        assert_non_null(e);
        check_int("zeroed", e->at_ms, 0);
        e->at_ms = i + 1;
    }
    check_int("kept", l.item[CHANNEL_EVENTS_MAX - 1].at_ms, CHANNEL_EVENTS_MAX);
    check_true("not yet cut", !l.truncated);
    check_true("full", channel_events_add(&l) == NULL);
    check_true("says so", l.truncated);
    channel_events_clear(&l);
    check_int("empty", l.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup), cmocka_unit_test(test_waits),  cmocka_unit_test(test_faults),
        cmocka_unit_test(test_words),  cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
