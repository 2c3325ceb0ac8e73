#include "check.h"
#include "loa/errors.h"

static void test_json(void **state)
{
    (void)state;
    struct errors *e = errors_new();
    struct buf out = BUF_INIT(4096);
    errors_json(e, &out);
    check_str("none", buf_cstr(&out), "[]");
    buf_reset(&out);
    errors_add(e, "/data/MaHoSo", "missing", "is \"missing\"", "thiếu mã hồ sơ");
    errors_addf(e, "a.tsv:3", "bad_date", "ngày sai", "%s is not a date", "31.2.");
    errors_json(e, &out);
    check_str("two", buf_cstr(&out),
              "[{\"pointer\":\"/data/MaHoSo\",\"code\":\"missing\",\"detail\":\"is \\\"missing\\\"\","
              "\"detail_vi\":\"thiếu mã hồ sơ\"},{\"pointer\":\"a.tsv:3\",\"code\":\"bad_date\","
              "\"detail\":\"31.2. is not a date\",\"detail_vi\":\"ngày sai\"}]");
    buf_clear(&out);
    errors_free(e);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct errors *e = errors_new();
    for (int i = 0; i < ERRORS_MAX + 5; i++)
        errors_addf(e, "/x", "bad", NULL, "fault %d", i);
    check_int("kept", e->count, ERRORS_MAX);
    check_int("seen", e->total, ERRORS_MAX + 5);
    check_str("the last kept", e->item[ERRORS_MAX - 1].detail, "fault 99");
    check_str("no Vietnamese given", e->item[0].detail_vi, "");
    errors_reset(e);
    check_int("reset", e->count + e->total, 0);
    errors_free(e);
}

static void test_null_list(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(16);
    errors_add(NULL, "/x", "bad", "x", "x");
    errors_addf(NULL, "/x", "bad", "x", "%d", 1);
    errors_reset(NULL);
    errors_free(NULL);
    errors_json(NULL, &out);
    check_str("no list", buf_cstr(&out), "[]");
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_null_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
