#include "check.h"
#include "loa/clock.h"
#include "loa/pace.h"

static void test_pace(void **state)
{
    (void)state;
    struct pace p = { 0 };
    clock_freeze(1790000000000);
    pace_set(&p, 10);
    check_int("begins empty", pace_available(&p, 64), 0);
    clock_advance(1000);
    check_int("one second's worth", pace_available(&p, 64), 10);
    clock_advance(60000);
    check_int("and never more", pace_available(&p, 64), 10);
    pace_take(&p, 10);
    check_int("what one took nobody else gets", pace_available(&p, 64), 0);
    pace_give(&p, 7);
    check_int("unless it was not used", pace_available(&p, 64), 7);
    pace_give(&p, 100);
    check_int("the ceiling holds", pace_available(&p, 64), 10);
    pace_take(&p, 10);
    check_int("until the next", pace_wait_ms(&p), 101);
    pace_set(&p, 0);
    check_int("no rate, no limit", pace_available(&p, 64), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pace) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
