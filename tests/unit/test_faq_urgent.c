/* What frightened people type is heard; what they ask about papers of old accidents is not taken for it. */
#include "check.h"
#include "loa/faq.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <string.h>

static struct faq *faq;

static int load(void **state)
{
    struct errors *err = errors_new();
    enum loa_status st = faq_load(check_path("templates/faq"), err, &faq);
    (void)state;
    errors_free(err);
    return st == LOA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    faq_free(faq);
    return 0;
}

struct tally {
    unsigned urgent, office, wrong;
};

static void one_case(void *ctx, const struct tsv_row *row)
{
    struct tally *t = ctx;
    bool urgent = strcmp(row->cell[1], "none") != 0;
    struct faq_answer a;
    faq_ask(faq, row->cell[0], strlen(row->cell[0]), &a);
    bool right = urgent ? a.tier == FAQ_URGENT && strcmp(a.department, row->cell[1]) == 0 &&
                              strstr(a.sentence, row->cell[1]) != NULL
                        : a.tier != FAQ_URGENT;
    *(urgent ? &t->urgent : &t->office) += 1;
    if (!right) {
        t->wrong++;
        print_message("%s:%u: \"%s\": tier %d, %s, by %.60s\n", row->path, row->line, row->cell[0], a.tier,
                      a.department, a.rule);
    }
}

static void test_table(void **state)
{
    struct tally t = { 0 };
    struct errors *err = errors_new();
    (void)state;
    assert_int_equal(tsv_read(check_path("tests/data/faq-urgent.tsv"), 2, 2, err, one_case, &t), LOA_OK);
    check_true("a hundred cries for help", t.urgent >= 100);
    check_true("a hundred matters of papers", t.office >= 100);
    check_int("wrong", t.wrong, 0);
    errors_free(err);
}

/* The same cry however it is typed. */
static void test_spellings(void **state)
{
    static const char *const cries[] = {
        "cháy nhà rồi",   "CHÁY NHÀ RỒI!!!",          "chay nha roi", "chaay nhaf rooif",
        "🔥🔥 cháy nhà 🔥🔥", "cha\xcc\x81y nha\xcc\x80", "chayy nha r",  "ad ơi cháy nhà em rồi làm ơn",
        "cháy\n\nnhà",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cries / sizeof *cries; i++) {
        struct faq_answer a;
        faq_ask(faq, cries[i], strlen(cries[i]), &a);
        check_int(cries[i], a.tier, FAQ_URGENT);
        check_str(cries[i], a.department, "114");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_table), cmocka_unit_test(test_spellings) };
    return cmocka_run_group_tests(tests, load, unload);
}
