#include "check.h"
#include "sim/sim_faults.h"
#include <string.h>

static const struct sim_fault *add(struct sim_faults *f, const char *json)
{
    struct errors *err = errors_new();
    cJSON *o = cJSON_Parse(json);
    const struct sim_fault *x = sim_faults_add(f, o, err);

    cJSON_Delete(o);
    errors_free(err);
    return x;
}

static void only_sensible_faults(void **state)
{
    static const struct {
        const char *label, *json;
        bool taken;
    } cases[] = {
        { "slow",
          "{\"provider\":\"zbs\",\"fault\":\"slow\",\"ms\":3000,\"rate\":0.2,\"count\":50,\"seed\":1}",
          true },
        { "a group", "{\"provider\":\"zalo\",\"fault\":\"silent\"}", true },
        { "everybody", "{\"provider\":\"all\",\"fault\":\"http500\"}", true },
        { "error with its code", "{\"provider\":\"cs\",\"fault\":\"error\",\"code\":\"-32\"}", true },
        { "error without code", "{\"provider\":\"cs\",\"fault\":\"error\"}", false },
        { "no provider", "{\"fault\":\"slow\"}", false },
        { "no such fault", "{\"provider\":\"cs\",\"fault\":\"none\"}", false },
        { "rate 0", "{\"provider\":\"cs\",\"fault\":\"slow\",\"rate\":0}", false },
        { "rate as text", "{\"provider\":\"cs\",\"fault\":\"slow\",\"rate\":\"half\"}", false },
        { "count 0", "{\"provider\":\"cs\",\"fault\":\"slow\",\"count\":0}", false },
        { "an hour", "{\"provider\":\"cs\",\"fault\":\"slow\",\"ms\":3600000}", false },
        { "not even an object", "[]", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_faults f = { 0 };
        check_int(cases[i].label, add(&f, cases[i].json) != NULL, cases[i].taken);
    }
}

static void count_and_rate(void **state)
{
    struct sim_faults f = { 0 };
    unsigned hits = 0, again = 0;
    (void)state;
    add(&f, "{\"provider\":\"esms\",\"fault\":\"drop\",\"count\":3}");
    for (int i = 0; i < 10; i++)
        hits += sim_faults_request(&f, SIM_ESMS) != NULL;
    check_int("three times and no more", hits, 3);
    check_true("others are left alone", sim_faults_request(&f, SIM_ZBS) == NULL);
    check_int("removed by id", sim_faults_remove(&f, 1, 0), 1);

    for (int round = 0; round < 2; round++) {
        unsigned *n = round == 0 ? &hits : &again;
        *n = 0;
        sim_faults_remove(&f, 0, 0);
        add(&f, "{\"provider\":\"zbs\",\"fault\":\"slow\",\"rate\":0.25,\"seed\":42}");
        for (int i = 0; i < 4000; i++)
            *n += sim_faults_request(&f, SIM_ZBS) != NULL;
    }
    check_int("the same seed, the same course", hits, again);
    check_true("about a quarter", hits > 900 && hits < 1100);
}

static void receipts_add_up(void **state)
{
    struct sim_faults f = { 0 };
    struct sim_receipt_faults r;
    (void)state;
    add(&f, "{\"provider\":\"zalo\",\"fault\":\"receipts_duplicate\"}");
    add(&f, "{\"provider\":\"zbs\",\"fault\":\"receipts_late\",\"ms\":700}");
    add(&f, "{\"provider\":\"smtp\",\"fault\":\"undelivered\",\"code\":\"5.2.2\"}");
    sim_faults_receipts(&f, SIM_ZBS, &r);
    check_int("both", r.kinds, 1u << SIM_FAULT_RECEIPTS_DUPLICATE | 1u << SIM_FAULT_RECEIPTS_LATE);
    check_int("how late", r.late_ms, 700);
    sim_faults_receipts(&f, SIM_SMTP, &r);
    check_str("why", r.code, "5.2.2");
    check_true("a receipt fault hits no request", sim_faults_request(&f, SIM_ZBS) == NULL);
}

static void states_last(void **state)
{
    struct sim_faults f = { 0 };
    (void)state;
    add(&f, "{\"provider\":\"zalo\",\"fault\":\"template_disabled\",\"template_id\":\"7\"}");
    check_int("this template", sim_faults_template(&f, "7"), SIM_FAULT_TEMPLATE_DISABLED);
    check_int("not that one", sim_faults_template(&f, "8"), SIM_FAULT_NONE);
    add(&f, "{\"provider\":\"sms\",\"fault\":\"balance_empty\"}");
    check_true("no money for SMS", sim_faults_balance_empty(&f, SIM_SPEEDSMS));
    check_true("money for Zalo", !sim_faults_balance_empty(&f, SIM_ZBS));
    check_int("removed by provider", sim_faults_remove(&f, 0, sim_ways_from_word("sms")), 1);
    check_int("one is left", f.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_sensible_faults),
        cmocka_unit_test(count_and_rate),
        cmocka_unit_test(receipts_add_up),
        cmocka_unit_test(states_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
