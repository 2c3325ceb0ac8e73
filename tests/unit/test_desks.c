#include "check.h"
#include "loa/handover.h"
#include <stdio.h>
#include <string.h>

static enum loa_status load(const char *ini, struct errors *err, struct desks **out)
{
    char dir[400];
    snprintf(dir, sizeof dir, "%s", check_file("desks.ini", ini));
    *strrchr(dir, '/') = '\0';
    return desks_load(dir, err, out);
}

static void test_shipped(void **state)
{
    (void)state;
    struct desks *d = NULL;
    struct errors *err = errors_new();
    check_int("loads", desks_load(check_path("templates/policy"), err, &d), LOA_OK);
    check_str("no fault", err->count > 0 ? err->item[0].detail : NULL, NULL);
    check_str("the default", desk_for_department(d, "")->id, "mot-cua");
    check_str("nobody's", desk_for_department(d, "Thuế tỉnh")->id, "mot-cua");
    check_str("by a part of the name",
              desk_for_department(d, "VĂN PHÒNG ĐĂNG KÝ ĐẤT ĐAI, phòng Kinh tế xã")->id, "dat-dai");
    check_str("found", desk_find(d, "ky-thuat")->name, "Bàn hỗ trợ kỹ thuật");
    check_true("unknown", desk_find(d, "khac") == NULL);
    unsigned n = 0;
    while (desk_at(d, n) != NULL)
        n++;
    check_int("desks", n, 4);
    check_str("the last one alerts", desk_find(d, "truong-ca")->escalate_to, "");
    desks_free(d);
    errors_free(err);
}

#define TIMES "answer_within=1m\nreply_within=1m\nsilence=1m\ngone=1m\nusual=1m\nwaiting_max=5\n"

static const struct {
    const char *label, *ini, *code;
} faults[] = {
    { "no default", "[a]\nname=A\n" TIMES, "missing" },
    { "two defaults", "[a]\nname=A\ndefault=yes\n" TIMES "[b]\nname=B\ndefault=yes\n" TIMES, "given_twice" },
    { "twice the same", "[a]\nname=A\ndefault=yes\n" TIMES "[a]\nname=A\n", "given_twice" },
    { "times missing", "[a]\nname=A\ndefault=yes\n", "missing" },
    { "no name", "[a]\ndefault=yes\n" TIMES, "missing" },
    { "escalates to nobody", "[a]\nname=A\ndefault=yes\nescalate_to=b\n" TIMES, "no_desk" },
    { "escalates in a circle",
      "[a]\nname=A\ndefault=yes\nescalate_to=b\n" TIMES "[b]\nname=B\nescalate_to=a\n" TIMES, "circle" },
    { "department without desk", "[a]\nname=A\ndefault=yes\n" TIMES "[departments]\nthuế = b\n", "no_desk" },
    { "bad duration", "[a]\nname=A\ndefault=yes\n" TIMES "gone=soon\n", "bad_value" },
    { "no time at all", "[a]\nname=A\ndefault=yes\n" TIMES "gone=0\n", "bad_value" },
    { "unknown key", "[a]\nname=A\ndefault=yes\ncolour=red\n" TIMES, "unknown_key" },
    { "bad id", "[Bàn]\nname=A\n", "bad_desk" },
    { "outside a section", "name=A\n[a]\nname=A\ndefault=yes\n" TIMES, "no_section" },
};

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct desks *d = NULL;
        struct errors *err = errors_new();
        check_int(faults[i].label, load(faults[i].ini, err, &d), LOA_INVALID);
        check_str(faults[i].label, err->item[0].code, faults[i].code);
        check_true(faults[i].label, d == NULL);
        errors_free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
