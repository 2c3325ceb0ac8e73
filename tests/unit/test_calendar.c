#include "check.h"
#include "loa/calendar.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "2026-11-23 15:00:01" -> ms. The tables below stay readable that way. */
static int64_t at(const char *s)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    sscanf(s, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
    return local_to_ms(year, month, day, hour, minute, second);
}

static void print_at(int64_t ms, char out[40])
{
    date_print_rfc3339(ms, out);
    out[10] = ' ';
    out[19] = '\0';
}

static struct calendar *shipped;

static int load_shipped(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    enum loa_status st = calendar_load(check_path("templates/policy"), err, &shipped);
    check_str("no fault", err->count > 0 ? err->item[0].detail : NULL, NULL);
    check_int("loads", st, LOA_OK);
    errors_free(err);
    return 0;
}

static int free_shipped(void **state)
{
    (void)state;
    calendar_free(shipped);
    return 0;
}

static const struct {
    const char *label, *day;
    bool works;
} working_cases[] = {
    { "a Monday", "2026-11-23", true },
    { "Saturday", "2026-11-21", false },
    { "Sunday", "2026-11-22", false },
    { "24/11 is not confirmed", "2026-11-24", true },
    { "Tết 2024 begins", "2024-02-08", false },
    { "the day before Tết 2024", "2024-02-07", true },
    { "Tết 2024, compensation", "2024-02-14", false },
    { "after Tết 2024", "2024-02-15", true },
    { "Tết 2026", "2026-02-20", false },
    { "after Tết 2026", "2026-02-23", true },
    { "Giỗ Tổ on a Sunday, compensated", "2026-04-27", false },
    { "swapped day off", "2024-04-29", false },
    { "make-up Saturday", "2024-05-04", true },
    { "make-up Saturday 2026", "2026-08-22", true },
    { "two days in September 2025", "2025-09-01", false },
    { "September 2024, compensation", "2024-09-03", false },
    { "1 May on a Saturday, compensated", "2027-05-03", false },
    { "1 January on a Saturday, compensated", "2028-01-03", false },
    { "30 April on a Sunday: 1 May is taken, so the 2nd", "2028-05-02", false },
    { "beyond the table", "2031-09-02", true },
};

static void test_working_days(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof working_cases / sizeof working_cases[0]; i++)
        check_int(working_cases[i].label, calendar_is_working_day(shipped, at(working_cases[i].day)),
                  working_cases[i].works);
    check_int("late in the day", calendar_is_working_day(shipped, at("2026-11-23 23:59:59")), true);
    check_int("known", calendar_knows_year(shipped, 2028), true);
    check_int("not known", calendar_knows_year(shipped, 2029) || calendar_knows_year(shipped, 2023), false);
}

/* Five days of Tết, eleven holidays in all, and every one on a weekend has its compensation. */
static void test_whole_years(void **state)
{
    (void)state;
    for (int year = 2024; year <= 2028; year++) {
        int off = 0;
        for (int64_t d = at("2024-01-01"); d <= local_to_ms(year, 12, 31, 0, 0, 0); d += CALENDAR_DAY_MS) {
            struct local_time t = local_from_ms(d);
            if (t.year == year)
                off += (t.weekday <= 5) - calendar_is_working_day(shipped, d);
        }
        check_int("weekdays lost to holidays", off, 11);
    }
}

static const struct {
    const char *label, *from;
    int n;
    const char *want;
} add_cases[] = {
    { "none", "2026-11-21 10:00:00", 0, "2026-11-21 10:00:00" },
    { "next day", "2026-11-23 10:00:00", 1, "2026-11-24 10:00:00" },
    { "over a weekend", "2026-11-20 16:30:05", 1, "2026-11-23 16:30:05" },
    { "five", "2026-11-23 10:00:00", 5, "2026-11-30 10:00:00" },
    { "from a Saturday", "2026-11-21 10:00:00", 1, "2026-11-23 10:00:00" },
    { "over Tết", "2026-02-13 10:00:00", 1, "2026-02-23 10:00:00" },
    { "onto a make-up Saturday", "2026-08-21 10:00:00", 1, "2026-08-22 10:00:00" },
    { "back", "2026-11-23 10:00:00", -1, "2026-11-20 10:00:00" },
    { "three back over Tết", "2026-02-24 10:00:00", -3, "2026-02-12 10:00:00" },
    { "back from a Sunday", "2026-11-22 10:00:00", -2, "2026-11-19 10:00:00" },
};

static void test_add(void **state)
{
    (void)state;
    char got[40];
    for (size_t i = 0; i < sizeof add_cases / sizeof add_cases[0]; i++) {
        print_at(calendar_add_working_days(shipped, at(add_cases[i].from), add_cases[i].n), got);
        check_str(add_cases[i].label, got, add_cases[i].want);
    }
    calendar_add_working_days(shipped, at("2026-11-23"), INT32_MAX);
    calendar_add_working_days(shipped, at("2026-11-23"), INT32_MIN);
}

#define SATURDAY_UNIT "TTPVHCC-MAU"

static const struct {
    const char *label, *unit, *now;
    bool open;
    const char *next;
} office_cases[] = {
    { "morning", NULL, "2026-11-23 08:00:00", true, "2026-11-23 08:00:00" },
    { "first second", NULL, "2026-11-23 07:30:00", true, "2026-11-23 07:30:00" },
    { "before opening", NULL, "2026-11-23 07:29:59", false, "2026-11-23 07:30:00" },
    { "last second of the morning", NULL, "2026-11-23 11:29:59", true, "2026-11-23 11:29:59" },
    { "lunch", NULL, "2026-11-23 11:45:00", false, "2026-11-23 13:30:00" },
    { "lunch begins", NULL, "2026-11-23 11:30:00", false, "2026-11-23 13:30:00" },
    { "closing time", NULL, "2026-11-23 17:00:00", false, "2026-11-24 07:30:00" },
    { "Friday evening", NULL, "2026-11-20 18:00:00", false, "2026-11-23 07:30:00" },
    { "Saturday", NULL, "2026-11-21 08:00:00", false, "2026-11-23 07:30:00" },
    { "Saturday where it opens", SATURDAY_UNIT, "2026-11-21 08:00:00", true, "2026-11-21 08:00:00" },
    { "Saturday afternoon where it opens", SATURDAY_UNIT, "2026-11-21 13:30:00", false,
      "2026-11-23 07:30:00" },
    { "Friday evening where Saturday opens", SATURDAY_UNIT, "2026-11-20 18:00:00", false,
      "2026-11-21 07:30:00" },
    { "unknown unit", "X", "2026-11-21 08:00:00", false, "2026-11-23 07:30:00" },
    { "eve of Tết", NULL, "2026-02-13 17:30:00", false, "2026-02-23 07:30:00" },
    { "a holiday on a Saturday closes that unit too", SATURDAY_UNIT, "2027-02-06 08:00:00", false,
      "2027-02-11 07:30:00" },
    { "make-up Saturday has Monday's hours", NULL, "2026-08-22 14:00:00", true, "2026-08-22 14:00:00" },
    { "make-up Saturday of a unit with short Saturdays", SATURDAY_UNIT, "2026-08-22 14:00:00", true,
      "2026-08-22 14:00:00" },
};

static void test_office(void **state)
{
    (void)state;
    char got[40];
    for (size_t i = 0; i < sizeof office_cases / sizeof office_cases[0]; i++) {
        int64_t now = at(office_cases[i].now);
        check_int(office_cases[i].label, calendar_office_open(shipped, office_cases[i].unit, now),
                  office_cases[i].open);
        print_at(calendar_next_opening(shipped, office_cases[i].unit, now), got);
        check_str(office_cases[i].label, got, office_cases[i].next);
    }
}

static const struct {
    const char *label, *unit, *taken, *want;
} intake_cases[] = {
    { "14:59:59 is today", NULL, "2026-11-23 14:59:59", "2026-11-23 14:59:59" },
    { "15:00:00 is today", NULL, "2026-11-23 15:00:00", "2026-11-23 15:00:00" },
    { "15:00:01 is tomorrow", NULL, "2026-11-23 15:00:01", "2026-11-24 07:30:00" },
    { "Friday 15:01 is Monday", NULL, "2026-11-20 15:01:00", "2026-11-23 07:30:00" },
    { "Friday 15:01 where Saturday opens: still the next working day", SATURDAY_UNIT, "2026-11-20 15:01:00",
      "2026-11-23 07:30:00" },
    { "the day before a holiday", NULL, "2026-02-13 15:30:00", "2026-02-23 07:30:00" },
    { "make-up Saturday before 15:00", NULL, "2026-08-22 14:00:00", "2026-08-22 14:00:00" },
    { "make-up Saturday after 15:00", NULL, "2026-08-22 15:00:01", "2026-08-24 07:30:00" },
    { "Friday after 15:00 before a make-up Saturday", NULL, "2026-08-21 15:00:01", "2026-08-22 07:30:00" },
    { "online at night", NULL, "2026-11-23 22:00:00", "2026-11-24 07:30:00" },
    { "online before opening", NULL, "2026-11-23 05:00:00", "2026-11-23 07:30:00" },
    { "online at lunch", NULL, "2026-11-23 12:00:00", "2026-11-23 13:30:00" },
    { "online on a Sunday morning", NULL, "2026-11-22 09:00:00", "2026-11-23 07:30:00" },
};

static void test_intake(void **state)
{
    (void)state;
    char got[40];
    for (size_t i = 0; i < sizeof intake_cases / sizeof intake_cases[0]; i++) {
        print_at(calendar_intake_start(shipped, intake_cases[i].unit, at(intake_cases[i].taken)), got);
        check_str(intake_cases[i].label, got, intake_cases[i].want);
    }
    /* "sau 15 giờ" is exact: a millisecond is after. */
    print_at(calendar_intake_start(shipped, NULL, at("2026-11-23 15:00:00") + 1), got);
    check_str("a millisecond", got, "2026-11-24 07:30:00");
}

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    fputs(text, f);
    fclose(f);
}

#define GOOD_DAYS  "2026-09-02\trest\tQuốc khánh\tluật\n"
#define GOOD_HOURS "[default]\nmon-fri = 07:30-11:30, 13:30-17:00\n"

/* Where the first fault is, and its code. */
static const struct {
    const char *label, *days, *hours, *place, *code;
} fault_cases[] = {
    { "good", GOOD_DAYS, GOOD_HOURS, NULL, NULL },
    { "unreal date", "\n2026-02-30\trest\tx\ty\n", GOOD_HOURS, "calendar.tsv:2", "bad_date" },
    { "unknown kind", "2026-02-20\tholiday\tx\ty\n", GOOD_HOURS, "calendar.tsv:1", "bad_kind" },
    { "no basis", "2026-02-20\trest\tx\n", GOOD_HOURS, "calendar.tsv:1", "bad_row" },
    { "empty basis", "2026-02-20\trest\tx\t-\n", GOOD_HOURS, "calendar.tsv:1", "no_basis" },
    { "make-up day on a Friday", "2026-02-20\twork\tx\ty\n", GOOD_HOURS, "calendar.tsv:1", "bad_weekday" },
    { "compensation on a Sunday", "2026-11-22\tcompensate\tx\ty\n", GOOD_HOURS, "calendar.tsv:1",
      "bad_weekday" },
    { "twice", GOOD_DAYS "# again\n" GOOD_DAYS, GOOD_HOURS, "calendar.tsv:3", "given_twice" },
    { "no default", GOOD_DAYS, "[other]\nmon-fri = 08:00-12:00\n", "hours.ini", "missing" },
    { "key without section", GOOD_DAYS, "mon = 08:00-12:00\n" GOOD_HOURS, "hours.ini:1", "no_section" },
    { "unknown weekday", GOOD_DAYS, GOOD_HOURS "t7 = 08:00-12:00\n", "hours.ini:3", "unknown_key" },
    { "backward range", GOOD_DAYS, GOOD_HOURS "fri-mon = 08:00-12:00\n", "hours.ini:3", "unknown_key" },
    { "half a range", GOOD_DAYS, GOOD_HOURS "sat- = 08:00-12:00\n", "hours.ini:3", "unknown_key" },
    { "hours backwards", GOOD_DAYS, GOOD_HOURS "sat = 12:00-08:00\n", "hours.ini:3", "bad_hours" },
    { "hours overlap", GOOD_DAYS, GOOD_HOURS "sat = 08:00-12:00, 11:00-13:00\n", "hours.ini:3", "bad_hours" },
    { "hour 25", GOOD_DAYS, GOOD_HOURS "sat = 08:00-25:00\n", "hours.ini:3", "bad_hours" },
    { "sloppy time", GOOD_DAYS, GOOD_HOURS "sat = 8:00-12:00\n", "hours.ini:3", "bad_hours" },
    { "rubbish after", GOOD_DAYS, GOOD_HOURS "sat = 08:00-12:00 x\n", "hours.ini:3", "bad_hours" },
    { "five spans", GOOD_DAYS,
      GOOD_HOURS "sat = 01:00-02:00,03:00-04:00,05:00-06:00,07:00-08:00,09:00-10:00\n", "hours.ini:3",
      "bad_hours" },
    { "closed all week", GOOD_DAYS, GOOD_HOURS "[x]\nsat = 08:00-12:00\n", "hours.ini:3", "never_open" },
    { "season of no set", GOOD_DAYS, GOOD_HOURS "[x:summer]\nmon = 08:00-12:00\n", "hours.ini:3", "no_set" },
    { "season without end order", GOOD_DAYS,
      GOOD_HOURS "[default:s]\nfrom = 2027-02-01\nto = 2027-01-01\nmon = 08:00-12:00\n", "hours.ini:3",
      "bad_date" },
    { "season's unreal day", GOOD_DAYS, GOOD_HOURS "[default:s]\nfrom = 2027-02-30\nmon = 08:00-12:00\n",
      "hours.ini:4", "bad_date" },
    { "dates on a base set", GOOD_DAYS, GOOD_HOURS "from = 2027-02-01\n", "hours.ini:3", "no_season" },
    { "unit of no set", GOOD_DAYS, GOOD_HOURS "[units]\nA = x\n", "hours.ini:4", "no_set" },
    { "unit twice", GOOD_DAYS, GOOD_HOURS "[units]\nA = default\nA = default\n", "hours.ini:5",
      "given_twice" },
    { "section twice", GOOD_DAYS, GOOD_HOURS GOOD_HOURS, "hours.ini:3", "given_twice" },
    { "unknown rule", GOOD_DAYS, GOOD_HOURS "[rules]\nintake = 15:00\n", "hours.ini:4", "unknown_key" },
    { "bad rule", GOOD_DAYS, GOOD_HOURS "[rules]\nintake_until = 3pm\n", "hours.ini:4", "bad_hours" },
};

static void test_faults(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    for (size_t i = 0; i < sizeof fault_cases / sizeof fault_cases[0]; i++) {
        const char *dir = check_tmpdir(), *label = fault_cases[i].label;
        write_file(dir, "calendar.tsv", fault_cases[i].days);
        write_file(dir, "hours.ini", fault_cases[i].hours);
        struct calendar *c = NULL;
        errors_reset(err);
        enum loa_status st = calendar_load(dir, err, &c);
        check_int(label, st, fault_cases[i].place ? LOA_INVALID : LOA_OK);
        check_true(label, (err->count > 0) == (fault_cases[i].place != NULL));
        if (err->count > 0) {
            check_str(label, strrchr(err->item[0].pointer, '/') + 1, fault_cases[i].place);
            check_str(label, err->item[0].code, fault_cases[i].code);
            check_true(label, err->item[0].detail[0] != '\0' && err->item[0].detail_vi[0] != '\0');
        }
        calendar_free(c);
    }
    struct calendar *c = NULL;
    check_int("no such directory", calendar_load("/nonexistent", err, &c), LOA_INVALID);
    errors_free(err);
}

static void test_seasons(void **state)
{
    (void)state;
    const char *dir = check_tmpdir();
    char got[40];
    struct calendar *c = NULL;
    write_file(dir, "calendar.tsv", "");
    write_file(dir, "hours.ini",
               "[rules]\nintake_until = 16:00\n[default:summer]\nfrom = 2027-04-16\nto = 2027-10-15\n"
               "mon-fri = 07:00-11:00, 13:00-16:30\n" GOOD_HOURS "[default:from-2028]\nfrom = 2028-01-01\n"
               "mon-fri = 08:00-17:00\n");
    check_int("loads", calendar_load(dir, NULL, &c), LOA_OK);
    check_true("summer", calendar_office_open(c, NULL, at("2027-04-16 07:00:00")));
    check_true("the day before", !calendar_office_open(c, NULL, at("2027-04-15 07:00:00")));
    check_true("last day", calendar_office_open(c, NULL, at("2027-10-15 07:00:00")));
    check_true("the day after", !calendar_office_open(c, NULL, at("2027-10-18 07:00:00")));
    check_true("without end", calendar_office_open(c, NULL, at("2035-01-01 12:00:00")));
    print_at(calendar_intake_start(c, NULL, at("2027-04-16 16:00:00")), got);
    check_str("another hour for the 15:00 rule", got, "2027-04-16 16:00:00");
    calendar_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_working_days), cmocka_unit_test(test_whole_years),
        cmocka_unit_test(test_add),          cmocka_unit_test(test_office),
        cmocka_unit_test(test_intake),       cmocka_unit_test(test_faults),
        cmocka_unit_test(test_seasons),
    };
    return cmocka_run_group_tests(tests, load_shipped, free_shipped);
}
