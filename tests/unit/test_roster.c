#include "check.h"
#include "loa/board.h"
#include "loa/canned.h"
#include "loa/roster.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *label, *text;
    bool good;
} weeks[] = {
    { "a Monday", "2026-11-23", true },
    { "a Tuesday", "2026-11-24", false },
    { "a leap day", "2028-02-29", false },
    { "a Monday in a leap year", "2028-02-28", true },
    { "no such day", "2026-02-30", false },
    { "without dashes", "20261123", false },
    { "with more behind it", "2026-11-23x", false },
    { "nothing", "", false },
};

static void test_weeks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof weeks / sizeof weeks[0]; i++) {
        int64_t begins = 0;
        check_int(weeks[i].label, roster_week(weeks[i].text, &begins), weeks[i].good);
        if (weeks[i].good) {
            char again[ROSTER_WEEK_SIZE];
            roster_week_of(begins, again);
            check_str(weeks[i].label, again, weeks[i].text);
            roster_week_of(begins + 7 * CALENDAR_DAY_MS - 1, again);
            check_str(weeks[i].label, again, weeks[i].text);
        }
    }
    char week[ROSTER_WEEK_SIZE];
    roster_week_of(local_to_ms(2027, 1, 1, 9, 0, 0), week);
    check_str("over the turn of the year", week, "2026-12-28");
    roster_week_of(local_to_ms(2026, 11, 22, 23, 59, 59), week);
    check_str("late on Sunday", week, "2026-11-16");
}

static const struct {
    const char *label, *list, *word;
    bool has;
} lists[] = {
    { "the first", "mot-cua,dat-dai", "mot-cua", true },
    { "the last", "mot-cua,dat-dai", "dat-dai", true },
    { "after a blank", "mot-cua, dat-dai", "dat-dai", true },
    { "a part of one", "mot-cua,dat-dai", "mot", false },
    { "more than one", "mot-cua,dat-dai", "mot-cua,dat-dai", false },
    { "nothing in nothing", "", "", false },
    { "nothing in something", "mot-cua", "", false },
};

static void test_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        check_int(lists[i].label, board_list_has(lists[i].list, lists[i].word), lists[i].has);
}

static const struct {
    const char *label, *ini;
    enum loa_status want;
} files[] = {
    { "good", "[a]\ntitle = Chào\ntext = Chào anh/chị.\\nMời hỏi.\n", LOA_OK },
    { "empty", "", LOA_OK },
    { "without text", "[a]\ntitle = Chào\n", LOA_INVALID },
    { "twice the same", "[a]\ntitle = x\ntext = y\n[a]\ntitle = x\ntext = y\n", LOA_INVALID },
    { "unknown key", "[a]\ntitle = x\ntext = y\ncolour = red\n", LOA_INVALID },
    { "outside a section", "title = x\n", LOA_INVALID },
};

static void test_canned(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    struct canned_file *f = NULL;
    check_int("the shipped ones", canned_file_load(check_path("templates/policy"), err, &f), LOA_OK);
    canned_file_free(f);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char dir[400];
        snprintf(dir, sizeof dir, "%s", check_file("canned.ini", files[i].ini));
        *strrchr(dir, '/') = '\0';
        f = NULL;
        errors_reset(err);
        check_int(files[i].label, canned_file_load(dir, err, &f), files[i].want);
        check_int(files[i].label, err->total > 0, files[i].want != LOA_OK);
        canned_file_free(f);
    }
    errors_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weeks),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_canned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
