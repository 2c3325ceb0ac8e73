#include "../check.h"
#include "loa/local_time.h"
#include "loa/reach.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_periods(void **state)
{
    (void)state;
    static const struct {
        const char *text, *first, *last; /* NULL: refused */
    } cases[] = {
        { "2026-11-23", "23/11/2026", "23/11/2026" },
        { "2026-11", "01/11/2026", "30/11/2026" },
        { "2026-12", "01/12/2026", "31/12/2026" },
        { "2028-02", "01/02/2028", "29/02/2028" },
        { "2026-Q1", "01/01/2026", "31/03/2026" },
        { "2026-Q4", "01/10/2026", "31/12/2026" },
        { "2026-H1", "01/01/2026", "30/06/2026" },
        { "2026-H2", "01/07/2026", "31/12/2026" },
        { "2026", "01/01/2026", "31/12/2026" },
        { "2026-Q5", NULL, NULL },
        { "2026-13", NULL, NULL },
        { "2026-1", NULL, NULL },
        { "2026-", NULL, NULL },
        { "2026-Q1x", NULL, NULL },
        { "26", NULL, NULL },
        { "", NULL, NULL },
        { "năm nay", NULL, NULL },
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t from = 0, to = 0;
        char first[16], last[16];
        bool good = reach_period(cases[i].text, &from, &to);
        check_int(cases[i].text, good, cases[i].first != NULL);
        if (!good)
            continue;
        date_print_vi(local_midnight_ms(from), first);
        date_print_vi(local_midnight_ms(to + 1) - 1, last);
        check_str(cases[i].text, first, cases[i].first);
        check_str(cases[i].text, last, cases[i].last);
    }
}

static void list_cell(void *ctx, const char *month, const char *field, struct reach_set *set)
{
    buf_printf(ctx, "%s %s=%llu\n", month, field, (unsigned long long)reach_set_count(set));
}

static void add(struct reach_cells *c, const char *json)
{
    cJSON *j = NULL;
    assert_int_equal(json_parse(json, strlen(json), &j, NULL, 0), LOA_OK);
    reach_cells_add(c, j);
    cJSON_Delete(j);
}

static void test_cells(void **state)
{
    (void)state;
    struct reach_cells *c = reach_cells_new();
    struct buf out = BUF_INIT(4096);
    /* 17:00 UTC is the next day in Việt Nam, and here the next month */
    add(c,
        "{\"person\":1,\"state\":\"delivered\",\"channel\":\"sms\",\"unit\":\"u\",\"kind\":\"ready\",\"time\":\"2026-11-30T16:59:59Z\"}");
    add(c,
        "{\"person\":1,\"state\":\"delivered\",\"channel\":\"sms\",\"unit\":\"u\",\"kind\":\"ready\",\"time\":\"2026-11-30T17:00:00Z\"}");
    add(c,
        "{\"person\":1,\"state\":\"delivered\",\"channel\":\"sms\",\"unit\":\"u\",\"kind\":\"ready\",\"time\":\"2026-11-30T16:00:00Z\"}");
    add(c,
        "{\"person\":2,\"state\":\"delivered\",\"channel\":\"portal\",\"unit\":\"u\",\"kind\":\"ready\",\"time\":\"2026-11-30T00:00:00Z\"}");
    add(c,
        "{\"person\":2,\"state\":\"failed\",\"channel\":\"sms\",\"unit\":\"u\",\"kind\":\"ready\",\"time\":\"2026-11-30T00:00:00Z\"}");
    add(c,
        "{\"state\":\"delivered\",\"channel\":\"sms\",\"unit\":\"u\",\"kind\":\"ready\",\"time\":\"2026-11-30T00:00:00Z\"}");
    add(c,
        "{\"kind\":\"chat\",\"event\":\"faq_answered\",\"channel\":\"web\",\"time\":\"2026-11-30T00:00:00Z\"}");
    reach_cells_each(c, list_cell, &out);
    check_str(
        "each person once per day and month; the portal's box is no arrival", buf_cstr(&out),
        "2026-11 *|delivered|u|sms|ready=1\n2026-11 *|sent|u|portal|ready=1\n2026-11 30|delivered|u|sms|ready=1\n"
        "2026-11 30|sent|u|portal|ready=1\n2026-12 *|delivered|u|sms|ready=1\n2026-12 01|delivered|u|sms|ready=1\n");
    buf_clear(&out);
    reach_cells_free(c);
}

/* Sets against a plain table of yes and no, saved and loaded in between as the archive does it. */
static void test_sets_against_a_table(void **state)
{
    (void)state;
    enum { PERSONS = 200000, ROUNDS = 40 };
    static bool table[PERSONS];
    struct buf saved = BUF_INIT(1u << 20);
    uint32_t random = 7;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct reach_set *s = reach_set_new();
        for (unsigned i = 0; i < 2000; i++) {
            random = random * 1664525u + 1013904223u;
            uint32_t person = (random >> 8) % (round % 2 ? PERSONS : 3000);
            table[person] = true;
            reach_set_add(s, person);
        }
        if (saved.len > 0)
            check_int("load", reach_set_load(s, saved.data, saved.len), LOA_OK);
        buf_reset(&saved);
        reach_set_save(s, &saved);
        unsigned long long want = 0;
        for (unsigned i = 0; i < PERSONS; i++)
            want += table[i];
        check_int("count", (long long)reach_set_count(s), (long long)want);
        reach_set_free(s);
    }
    struct reach_set *s = reach_set_new();
    check_int("a cut set is refused", reach_set_load(s, saved.data, saved.len / 2), LOA_INVALID);
    reach_set_free(s);
    buf_clear(&saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_periods),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_sets_against_a_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
