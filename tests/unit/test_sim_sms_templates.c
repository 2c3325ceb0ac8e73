#include "check.h"
#include "sim/sim_sms_templates.h"
#include <stdio.h>
#include <string.h>

static void patterns(void **state)
{
    static const struct {
        const char *label, *pattern, *content;
        bool fits;
    } cases[] = {
        { "to the letter", "Ho so da duyet", "Ho so da duyet", true },
        { "one letter more", "Ho so da duyet", "Ho so da duyet.", false },
        { "one place", "Ho so {P1,20} da duyet", "Ho so H29-0007 da duyet", true },
        { "nothing in the place", "Ho so {P1,20} da duyet", "Ho so  da duyet", false },
        { "too long for the place", "Ma {P1,3}.", "Ma 1234.", false },
        { "just fits", "Ma {P1,4}.", "Ma 1234.", true },
        { "letters, not bytes", "Tên {P1,3}.", "Tên ệểỗ.", true },
        { "the words around it may be in it", "{P1,20} den {P2,20}", "moi den den don", true },
        { "place at the end", "Han {P1,10}", "Han 27/11/2026", true },
        { "two places side by side", "{P1,2}{P2,2}", "abcd", true },
        { "braces that are no place", "{P1} {x}", "{P1} {x}", true },
        { "empty", "", "", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_int(cases[i].label, sim_sms_template_fits(cases[i].pattern, cases[i].content), cases[i].fits);
    char many[SIM_SMS_CONTENT_MAX + 2];
    memset(many, 'a', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    check_true("longer than any SMS", !sim_sms_template_fits("{P1,9999}", many));
}

static void file_of_templates(void **state)
{
    struct sim_sms_templates *t = NULL;
    struct errors *err = errors_new();
    char path[600];
    (void)state;
    snprintf(path, sizeof path, "%s/sms.txt", check_tmpdir());
    FILE *f = fopen(path, "w");
    fputs("# mẫu đã đăng ký\n\nTTHCC: {P1,30} da duyet\n  Xin chao  \n", f);
    fclose(f);
    check_int("loads", sim_sms_templates_load(path, err, &t), LOA_OK);
    check_true("the first", sim_sms_templates_fit(t, "TTHCC: H29 da duyet"));
    check_true("the second", sim_sms_templates_fit(t, "Xin chao"));
    check_true("neither", !sim_sms_templates_fit(t, "Khuyen mai"));
    check_true("no list: everything", sim_sms_templates_fit(NULL, "Khuyen mai"));
    check_int("no file", sim_sms_templates_load("/nonexistent", err, &t), LOA_NOT_FOUND);
    sim_sms_templates_free(t);
    errors_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(patterns), cmocka_unit_test(file_of_templates) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
