/* Faults in the tables people edit are told by file and line. */
#include "check.h"
#include "loa/buf.h"
#include "loa/faq.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const names[] = { "entries.json",    "variables.ini", "teencode.tsv",
                                     "lexicon.tsv",     "fillers.tsv",   "gate.ini",
                                     "unsupported.tsv", "smalltalk.tsv", "urgent.tsv" };

/* A copy of the real tables under check_tmpdir()/faq, with `extra` written behind `name`. */
static void copy_tables(const char *name, const char *extra)
{
    char path[512], relative[64];
    snprintf(path, sizeof path, "%s/faq", check_tmpdir());
    mkdir(path, 0700);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buf text = BUF_INIT(1 << 20);
        snprintf(relative, sizeof relative, "templates/faq/%s", names[i]);
        assert_int_equal(buf_read_file(&text, check_path(relative)), LOA_OK);
        if (strcmp(name, names[i]) == 0)
            buf_str(&text, extra);
        snprintf(relative, sizeof relative, "faq/%s", names[i]);
        check_file(relative, buf_cstr(&text));
        buf_clear(&text);
    }
}

static void test_faults(void **state)
{
    static const struct {
        const char *label, *name, *extra, *want;
    } cases[] = {
        { "as delivered", "", "", NULL },
        { "a shorthand twice", "teencode.tsv", "ko\tkhông\n", "teencode.tsv:" },
        { "a shorthand that is a word", "teencode.tsv", "ban\tbạn\n", "teencode.tsv:" },
        { "a phrase of two concepts", "lexicon.tsv", "KHAC\tsổ đỏ\n", "lexicon.tsv:" },
        { "a concept without phrases", "lexicon.tsv", "KHAC\n", "lexicon.tsv:" },
        { "a phrase too long", "fillers.tsv", "a1 a2 a3 a4 a5 a6 a7 a8 a9\n", "fillers.tsv:" },
        { "a rule that only forbids", "unsupported.tsv", "! một\tSở\tcâu\n", "unsupported.tsv:" },
        { "a link nobody confirmed", "unsupported.tsv", "cây cảnh\tSở\tXem https://example.vn\n",
          "unsupported.tsv:" },
        { "a number nobody confirmed", "urgent.tsv", "cây cảnh\t113\tGọi 0912345678\n", "urgent.tsv:" },
        { "a list nobody wrote", "unsupported.tsv", "cây cảnh ! @hoa\tSở\tcâu\n", "unsupported.tsv:" },
        { "a list twice", "urgent.tsv", "@giay_to\t-\tcây cảnh\n", "urgent.tsv:" },
        { "a list of lists", "unsupported.tsv", "@hoa\t-\t@cay|bông\n", "unsupported.tsv:" },
        { "a rule without a sentence", "urgent.tsv", "cháy\t114\n", "urgent.tsv:" },
        { "an unknown weight", "gate.ini", "x = 1\n", "gate.ini:" },
        { "a threshold out of range", "gate.ini", "answer = 2\n", "gate.ini:" },
        { "no JSON", "entries.json", "]", "entries.json" },
        { "a variable twice", "variables.ini", "hotline = 1\n", "variables.ini:" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        char dir[512];
        copy_tables(cases[i].name, cases[i].extra);
        snprintf(dir, sizeof dir, "%s/faq", check_tmpdir());
        unsigned entries = faq_check(dir, NULL, err, NULL);
        check_true(cases[i].label, (entries > 0) == (cases[i].want == NULL));
        if (cases[i].want != NULL)
            check_true(cases[i].label, err->count > 0 && strstr(err->item[0].pointer, cases[i].want) != NULL);
        errors_free(err);
    }
}

static void test_entries(void **state)
{
    static const struct {
        const char *label, *json, *line;
    } cases[] = {
        { "an answer with an unknown variable",
          "[\n{\"id\":\"a\",\"question\":\"b\",\"answer\":\"{{khong_co}}\",\"source\":\"c\"}]",
          "entries.json:2" },
        { "no answer", "[\n\n{\"id\":\"a\",\"question\":\"b\",\"source\":\"c\"}]", "entries.json:3" },
        { "no id", "[{}]", "entries.json" },
        { "nothing", "[]", "entries.json" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        char dir[512];
        copy_tables("", "");
        check_file("faq/entries.json", cases[i].json);
        snprintf(dir, sizeof dir, "%s/faq", check_tmpdir());
        check_int(cases[i].label, faq_check(dir, NULL, err, NULL), 0);
        check_true(cases[i].label, err->count > 0 && strstr(err->item[0].pointer, cases[i].line) != NULL);
        errors_free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_faults), cmocka_unit_test(test_entries) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
