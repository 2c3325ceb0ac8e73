#include "check.h"
#include "loa/local_time.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *label, *rfc3339, *vi_time, *national;
    int weekday;
} instants[] = {
    { "epoch", "1970-01-01T07:00:00.000+07:00", "07:00 ngày 01/01/1970", "19700101070000", 4 },
    { "just before the epoch", "1970-01-01T06:59:59.999+07:00", "06:59 ngày 01/01/1970", "19700101065959",
      4 },
    { "local midnight", "2026-11-23T00:00:00.000+07:00", "00:00 ngày 23/11/2026", "20261123000000", 1 },
    { "leap day", "2024-02-29T23:59:59.000+07:00", "23:59 ngày 29/02/2024", "20240229235959", 4 },
    { "a century that leaps", "2000-02-29T12:00:00.000+07:00", "12:00 ngày 29/02/2000", "20000229120000", 2 },
    { "far past", "0001-01-01T00:00:00.000+07:00", "00:00 ngày 01/01/0001", "00010101000000", 1 },
    { "far future", "9999-12-31T23:59:59.000+07:00", "23:59 ngày 31/12/9999", "99991231235959", 5 },
};

static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
        int64_t ms = 0;
        char out[40], vi[32], national[16];
        check_true(instants[i].label, date_parse_rfc3339(instants[i].rfc3339, &ms));
        date_print_rfc3339(ms, out);
        check_str(instants[i].label, out, instants[i].rfc3339);
        date_print_vi_time(ms, vi);
        check_str(instants[i].label, vi, instants[i].vi_time);
        date_print_national(ms, national);
        check_str(instants[i].label, national, instants[i].national);
        check_int(instants[i].label, local_from_ms(ms).weekday, instants[i].weekday);
    }
}

/* Our own arithmetic against the C library's, two days in every month of five centuries. */
static void test_against_library(void **state)
{
    (void)state;
    setenv("TZ", "UTC0", 1);
    tzset();
    for (int year = 1700; year < 2200; year++)
        for (int month = 1; month <= 12; month++)
            for (int day = 1; day <= 28; day += 27) {
                struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 5 };
                int64_t ms = (int64_t)timegm(&tm) * 1000;
                check_int("to ms", local_to_ms(year, month, day, 12, 0, 0), ms);
                struct local_time t = local_from_ms(ms);
                check_int("year", t.year, year);
                check_int("month", t.month, month);
                check_int("day", t.day, day);
                check_int("hour", t.hour, 12);
                check_int("weekday", t.weekday % 7, tm.tm_wday);
                check_int("midnight", local_midnight_ms(t.day_number), ms - 12 * 3600000LL);
            }
}

static const struct {
    const char *label, *in, *want; /* want as national, NULL: refused */
} national_cases[] = {
    { "14 digits", "20261123153000", "20261123153000" },
    { "12 digits", "202611231530", "20261123153000" },
    { "8 digits", "20261123", "20261123000000" },
    { "10 digits", "2026112315", NULL },
    { "30 February", "20240230000000", NULL },
    { "29 February of a plain year", "20230229", NULL },
    { "month 13", "20241301", NULL },
    { "day 0", "20240100", NULL },
    { "year 0", "00000101", NULL },
    { "hour 24", "20240101240000", NULL },
    { "minute 60", "20240101126000", NULL },
    { "second 60", "20240101120060", NULL },
    { "letters", "2024010a", NULL },
    { "signs", "2024-01-01", NULL },
    { "sign in the hour", "20240101-10000", NULL },
    { "empty", "", NULL },
}, rfc3339_cases[] = {
    { "UTC", "2026-11-23T08:30:00Z", "20261123153000" },
    { "local", "2026-11-23T15:30:00+07:00", "20261123153000" },
    { "west", "2026-11-23T03:30:00-05:00", "20261123153000" },
    { "half-hour zone", "2026-11-23T14:00:00+05:30", "20261123153000" },
    { "fraction", "2026-11-23T08:30:00.123456789Z", "20261123153000" },
    { "small letters", "2026-11-23t08:30:00z", "20261123153000" },
    { "leap second", "2016-12-31T23:59:60Z", "20170101065959" },
    { "no zone", "2026-11-23T08:30:00", NULL },
    { "blank instead of T", "2026-11-23 08:30:00Z", NULL },
    { "no seconds", "2026-11-23T08:30Z", NULL },
    { "point without digits", "2026-11-23T08:30:00.Z", NULL },
    { "short zone", "2026-11-23T08:30:00+07", NULL },
    { "zone of 24 hours", "2026-11-23T08:30:00+24:00", NULL },
    { "something after", "2026-11-23T08:30:00Zx", NULL },
    { "unreal day", "2026-02-30T08:30:00Z", NULL },
    { "date only", "2026-11-23", NULL },
    { "empty", "", NULL },
};

static void check_parser(bool (*parse)(const char *, int64_t *), const char *label, const char *in,
                         const char *want)
{
    int64_t ms = 0;
    char out[16];
    bool ok = parse(in, &ms);
    date_print_national(ms, out);
    check_int(label, ok, want != NULL);
    if (ok)
        check_str(label, out, want);
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof national_cases / sizeof national_cases[0]; i++)
        check_parser(date_parse_national, national_cases[i].label, national_cases[i].in,
                     national_cases[i].want);
    for (size_t i = 0; i < sizeof rfc3339_cases / sizeof rfc3339_cases[0]; i++)
        check_parser(date_parse_rfc3339, rfc3339_cases[i].label, rfc3339_cases[i].in, rfc3339_cases[i].want);
    int64_t ms, day;
    date_parse_rfc3339("2026-11-23T08:30:00.1Z", &ms);
    check_int("tenths", ms % 1000, 100);
    check_true("day", date_parse_day("1970-01-02", &day) && day == 1);
    check_true("no day", !date_parse_day("1970-1-2", &day) && !date_parse_day("1970-01-02 ", &day));
}

static void test_print(void **state)
{
    (void)state;
    char out[40];
    date_print_vi(local_to_ms(2026, 1, 2, 0, 0, 0), out);
    check_str("day", out, "02/01/2026");
    date_print_rfc3339(INT64_MAX, out);
    date_print_rfc3339(INT64_MIN, out); /* no overflow, whatever is printed */
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_round_trip),
                                        cmocka_unit_test(test_against_library), cmocka_unit_test(test_parse),
                                        cmocka_unit_test(test_print) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
