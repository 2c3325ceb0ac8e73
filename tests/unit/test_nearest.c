#include "check.h"
#include "loa/nearest.h"
#include <string.h>

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = { "MaHoSo", "MaTTHC", "NgayTra" };
    check_int("same", nearest_distance("abc", "abc"), 0);
    check_int("replace, insert, drop", nearest_distance("abcd", "xbce"), 2);
    check_int("empty", nearest_distance("", "abc"), 3);
    check_str("a slip", nearest_name("MaHoSO", names, 3), "MaHoSo");
    check_str("the first of two alike", nearest_name("Ma", names, 3), "MaHoSo");
    check_str("none to choose from", nearest_name("x", names, 0), NULL);
    char endless[1000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    check_int("bounded", nearest_distance(endless, endless), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_nearest) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
