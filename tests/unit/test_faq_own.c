/* What staff add and change beside the delivered entries: own entries, values of a unit, last days. */
#include "check.h"
#include "loa/buf.h"
#include "loa/clock.h"
#include "loa/faq.h"
#include "loa/local_time.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const names[] = { "entries.json", "teencode.tsv",    "lexicon.tsv",   "fillers.tsv",
                                     "gate.ini",     "unsupported.tsv", "smalltalk.tsv", "urgent.tsv" };

/* The delivered tables with `units` behind variables.ini, under check_tmpdir()/faq; an empty directory own.
 */
static void copy_tables(const char *units)
{
    char path[512], relative[64];
    snprintf(path, sizeof path, "%s/faq", check_tmpdir());
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/own", check_tmpdir());
    mkdir(path, 0700);
    for (size_t i = 0; i <= sizeof names / sizeof *names; i++) {
        const char *name = i < sizeof names / sizeof *names ? names[i] : "variables.ini";
        struct buf text = BUF_INIT(1 << 20);
        snprintf(relative, sizeof relative, "templates/faq/%s", name);
        assert_int_equal(buf_read_file(&text, check_path(relative)), LOA_OK);
        if (strcmp(name, "variables.ini") == 0)
            buf_str(&text, units);
        snprintf(relative, sizeof relative, "faq/%s", name);
        check_file(relative, buf_cstr(&text));
        buf_clear(&text);
    }
}

static struct faq *load(struct errors *skipped)
{
    struct errors *err = errors_new();
    struct faq *f = NULL;
    char dir[512], own[512];
    snprintf(dir, sizeof dir, "%s/faq", check_tmpdir());
    snprintf(own, sizeof own, "%s/own", check_tmpdir());
    enum loa_status st = faq_load_with(dir, own, err, skipped, &f);
    for (unsigned i = 0; i < err->count; i++)
        print_message("%s: %s\n", err->item[i].pointer, err->item[i].detail);
    assert_int_equal(st, LOA_OK);
    errors_free(err);
    return f;
}

static void put_own(const char *name, const char *json)
{
    char relative[80];
    snprintf(relative, sizeof relative, "own/%s", name);
    check_file(relative, json);
}

static void remove_own(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/own/%s", check_tmpdir(), name);
    assert_int_equal(remove(path), 0);
}

static enum faq_tier tier_of(struct faq *f, const char *question, const char *id)
{
    struct faq_answer a;
    faq_ask(f, question, strlen(question), &a);
    assert_true(a.entries > 0);
    check_str(question, faq_entry(f, a.entry[0])->id, id);
    return a.tier;
}

#define BONSAI                                                                                               \
    "{\"id\":\"thi-cay-canh\",\"question\":\"Đăng ký dự thi cây cảnh ngày hội xã thế nào?\"," \
    "\"variants\":[\"ghi danh thi cây cảnh\"],\"answer\":\"Gọi {{hotline}}.\",\"source\":\"Thông báo của xã\""

static void test_own_entries(void **state)
{
    (void)state;
    copy_tables("");
    struct errors *skipped = errors_new();
    put_own("thi-cay-canh.json", BONSAI "}");
    put_own("ma-qr.json", "[{\"id\":\"ma-qr\",\"question\":\"Mã QR là gì?\",\"answer\":\"Câu của xã.\","
                          "\"source\":\"UBND xã\"}]");
    struct faq *f = load(skipped);
    check_int("nothing is skipped", skipped->count, 0);
    check_int("one more entry", faq_count(f), 74);
    check_int("the new entry answers", tier_of(f, "muon dang ky thi cay canh ngay hoi xa", "thi-cay-canh"),
              FAQ_ANSWER);
    check_str("the own answer is the one shown", faq_entry(f, (unsigned)faq_find(f, "ma-qr"))->answer,
              "Câu của xã.");
    faq_free(f);
    remove_own("thi-cay-canh.json");
    remove_own("ma-qr.json");
    errors_free(skipped);
}

static void test_own_faults_cost_only_themselves(void **state)
{
    static const struct {
        const char *label, *json;
    } cases[] = {
        { "no JSON", "{\"id\":" },
        { "nothing", "" },
        { "a number", "7" },
        { "no answer", "{\"id\":\"a\",\"question\":\"b\",\"source\":\"c\"}" },
        { "an unknown variable",
          "{\"id\":\"a\",\"question\":\"b\",\"answer\":\"{{khong_co}}\",\"source\":\"c\"}" },
        { "no such day", BONSAI ",\"expires\":\"31/12/2026\"}" },
        { "variants that are none",
          "{\"id\":\"a\",\"question\":\"b\",\"variants\":[5],\"answer\":\"c\",\"source\":\"d\"}" },
        { "bytes that are not UTF-8", "{\"id\":\"\xff\"}" },
    };
    (void)state;
    copy_tables("");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *skipped = errors_new();
        put_own("a.json", cases[i].json);
        put_own("b.json", "{\"id\":\"ma-qr\",\"question\":\"Mã QR là gì?\",\"answer\":\"Câu của xã.\","
                          "\"source\":\"UBND xã\"}");
        struct faq *f = load(skipped);
        check_true(cases[i].label, skipped->count > 0 && strstr(skipped->item[0].pointer, "a.json") != NULL);
        check_int(cases[i].label, faq_count(f), 73);
        check_str(cases[i].label, faq_entry(f, (unsigned)faq_find(f, "ma-qr"))->answer, "Câu của xã.");
        faq_free(f);
        errors_free(skipped);
    }
    remove_own("a.json");
    remove_own("b.json");
}

static void test_values_of_a_unit(void **state)
{
    (void)state;
    copy_tables("\n[xa-mau]\nhotline = 0239 1111 222\n");
    struct faq *f = load(NULL);
    unsigned i = (unsigned)faq_find(f, "tong-dai-ho-tro");
    struct buf text = BUF_INIT(8192);
    check_true("room enough", faq_answer_text(f, i, "xa-mau", &text));
    check_true("the unit's number", strstr(buf_cstr(&text), "0239 1111 222") != NULL);
    check_true("else the province's", strstr(buf_cstr(&text), "18001096") != NULL);
    buf_reset(&text);
    faq_answer_text(f, i, "xa-khac", &text);
    check_str("an unknown unit", buf_cstr(&text), faq_entry(f, i)->answer);
    buf_reset(&text);
    faq_answer_text(f, i, NULL, &text);
    check_str("no unit", buf_cstr(&text), faq_entry(f, i)->answer);
    buf_clear(&text);
    faq_free(f);
}

static void test_unit_values_need_a_common_one(void **state)
{
    (void)state;
    copy_tables("\n[xa-mau]\nhot_line = 1\n");
    struct errors *err = errors_new();
    char dir[512];
    snprintf(dir, sizeof dir, "%s/faq", check_tmpdir());
    check_int("a name only a unit has", faq_check(dir, NULL, err, NULL), 0);
    check_true("is told", err->count == 1 && strstr(err->item[0].pointer, "variables.ini:") != NULL);
    errors_free(err);
}

static void test_last_day(void **state)
{
    static const char question[] = "ghi danh thi cây cảnh";
    struct errors *err = errors_new(), *warnings = errors_new();
    char dir[512], own[512];
    struct faq_answer a;
    (void)state;
    copy_tables("");
    put_own("a.json", BONSAI ",\"expires\":\"2026-12-31\"}");
    snprintf(dir, sizeof dir, "%s/faq", check_tmpdir());
    snprintf(own, sizeof own, "%s/own", check_tmpdir());

    clock_freeze(local_to_ms(2026, 10, 1, 8, 0, 0));
    faq_check(dir, own, err, warnings);
    check_int("three months before: no warning", warnings->count, 0);
    clock_freeze(local_to_ms(2026, 12, 31, 23, 59, 0));
    faq_check(dir, own, err, warnings);
    check_int("on its last day: a warning", warnings->count, 1);
    check_int("not a fault", err->count, 0);

    struct faq *f = load(NULL);
    check_int("shown until midnight", tier_of(f, question, "thi-cay-canh"), FAQ_ANSWER);
    clock_advance(120000);
    faq_ask(f, question, strlen(question), &a);
    check_int("then staff answer", a.tier, FAQ_HANDOVER);
    check_true("and are told why", a.expired);
    check_true("nor is it a suggestion",
               a.entries == 0 || strcmp(faq_entry(f, a.entry[0])->id, "thi-cay-canh") != 0);
    clock_thaw();
    faq_free(f);
    remove_own("a.json");
    errors_free(err);
    errors_free(warnings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_entries),      cmocka_unit_test(test_own_faults_cost_only_themselves),
        cmocka_unit_test(test_values_of_a_unit), cmocka_unit_test(test_unit_values_need_a_common_one),
        cmocka_unit_test(test_last_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
