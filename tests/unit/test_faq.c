/* The tables as they stand, the tiers, and the gates on the labelled questions. */
#include "check.h"
#include "loa/buf.h"
#include "loa/faq.h"
#include <stdio.h>
#include <string.h>

static struct faq *faq;

static int load(void **state)
{
    struct errors *err = errors_new();
    (void)state;
    enum loa_status st = faq_load(check_path("templates/faq"), err, &faq);
    for (unsigned i = 0; i < err->count; i++)
        fprintf(stderr, "%s: %s\n", err->item[i].pointer, err->item[i].detail);
    errors_free(err);
    return st == LOA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    faq_free(faq);
    return 0;
}

static void ask(const char *question, struct faq_answer *out)
{
    faq_ask(faq, question, strlen(question), out);
}

static void normal(const char *question, char out[FAQ_NORMAL_MAX])
{
    faq_normal(faq, question, strlen(question), out);
}

/* ---- reading ---- */

static void test_words(void **state)
{
    static const struct {
        const char *label, *in, *want;
    } cases[] = {
        { "diacritics fold, đ too", "Đăng ký khai sinh", "dang ki khai sinh" },
        { "decomposed letters are the same", "Đa\xcc\x86ng ky\xcc\x81", "dang ki" },
        { "shorthand", "hs của e tới đâu r", "ho so cua toi dau roi" },
        { "shorthand with đ", "đc k", "duoc khong" },
        { "a shorthand needs its own diacritics", "nộp thừa", "nop thua" },
        { "Telex left in the text", "ddawng nhaajp", "dang nhap" },
        { "Telex tone behind the vowel", "hoof sow", "ho so" },
        { "VNI left in the text", "ho62 so7", "ho so" },
        { "names keep their digits", "ct07 lop 1", "ct07 lop 1" },
        { "joined words", "khaisinh", "khai sinh" },
        { "stretched words", "lâu quáááá", "lau qua" },
        { "one spelling of i and y", "lí lịch, quí", "li lich quy" },
        { "Central words", "hồ sơ tới mô rồi", "ho so toi dau roi" },
        { "English words", "login", "dang nhap" },
        { "full-width letters", "\xef\xbc\xb1\xef\xbc\xb2", "qr" },
        { "zero-width and direction marks vanish",
          "kh\xe2\x80\x8b"
          "ai \xe2\x80\xaesinh",
          "khai sinh" },
        { "emoji and other scripts separate", "khai\xf0\x9f\x98\x80sinh \xe4\xbd\xa0\xe5\xa5\xbd",
          "khai sinh" },
        { "nothing", "", "" },
        { "only signs", "?!…", "" },
    };
    char out[FAQ_NORMAL_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        normal(cases[i].in, out);
        check_str(cases[i].label, out, cases[i].want);
    }
}

static void check_stable(const char *question)
{
    char once[FAQ_NORMAL_MAX], twice[FAQ_NORMAL_MAX];
    normal(question, once);
    normal(once, twice);
    check_str(question, twice, once);
}

struct lines {
    char *rest;
};

/* The question of the next line of a labelled file; NULL after the last. */
static char *next_question(struct lines *l)
{
    char *line = strsep(&l->rest, "\n");
    if (line == NULL || *line == '\0')
        return NULL;
    line[strcspn(line, "\t")] = '\0';
    return line;
}

static void test_reading_twice_changes_nothing(void **state)
{
    static const char *const files[] = { "tests/data/faq-dev.tsv", "tests/data/faq-heldout.tsv" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buf text = BUF_INIT(1 << 20);
        assert_int_equal(buf_read_file(&text, check_path(files[i])), LOA_OK);
        struct lines l = { text.data };
        for (char *q; (q = next_question(&l)) != NULL;)
            check_stable(q);
        buf_clear(&text);
    }
}

static void test_any_bytes(void **state)
{
    static const struct {
        const char *label, *in;
        size_t n;
    } cases[] = {
        { "empty", "", 0 },
        { "a NUL", "\0khai sinh", 10 },
        { "broken UTF-8", "khai\xff\xfe sinh \xe1\xbb", 15 },
        { "a mark without a letter", "\xcc\x81\xcc\x81", 4 },
        { "marks only on one letter", "a\xcc\x81\xcc\x80\xcc\x83\xcc\xa3", 9 },
    };
    struct faq_answer a;
    char out[FAQ_NORMAL_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        faq_ask(faq, cases[i].in, cases[i].n, &a);
        faq_normal(faq, cases[i].in, cases[i].n, out);
        check_true(cases[i].label, strlen(out) < FAQ_NORMAL_MAX);
    }
}

static void test_long_questions_end(void **state)
{
    static const char *const pieces[] = {
        "a", "đ", "nộp ", "ho so ", "dk ", "\xf0\x9f\x98\x80", "o\xcc\x82\xcc\x81 "
    };
    static char text[100000];
    struct faq_answer a;
    char out[FAQ_NORMAL_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t piece = strlen(pieces[i]);
        for (size_t at = 0; at + piece <= sizeof text; at += piece)
            memcpy(text + at, pieces[i], piece);
        faq_ask(faq, text, sizeof text, &a);
        faq_normal(faq, text, sizeof text, out);
        check_true(pieces[i], strlen(out) < FAQ_NORMAL_MAX);
    }
}

/* ---- tiers ---- */

static void test_tiers(void **state)
{
    static const struct {
        const char *label, *question;
        enum faq_tier tier;
        const char *id; /* NULL: any */
    } cases[] = {
        { "formal question", "Đăng ký khai sinh cho con cần giấy tờ gì?", FAQ_ANSWER, "dang-ky-khai-sinh" },
        { "without diacritics", "dang ky khai sinh cho con can giay to gi", FAQ_ANSWER, "dang-ky-khai-sinh" },
        { "shorthand", "mất cccd lm lại s ạ", FAQ_ANSWER, "can-cuoc" },
        { "urgent before the FAQ", "cháy nhà rồi, số tổng đài bao nhiêu", FAQ_URGENT, NULL },
        { "fire safety is not a fire", "thủ tục phòng cháy chữa cháy cho quán", FAQ_HANDOVER, NULL },
        { "a person in need", "tôi muốn chết", FAQ_URGENT, NULL },
        { "greeting", "chào buổi sáng ạ", FAQ_SMALLTALK, NULL },
        { "a greeting with a question is a question", "chào ad, mất căn cước làm lại ở đâu", FAQ_ANSWER,
          "can-cuoc" },
        { "another office", "làm hộ chiếu ở đâu", FAQ_HANDOVER, NULL },
        { "another office, without diacritics", "lam ho chieu o dau", FAQ_HANDOVER, NULL },
        { "a marriage with a foreigner", "đăng ký kết hôn với người Hàn Quốc", FAQ_HANDOVER, NULL },
        { "a code is no question", "1234567", FAQ_HANDOVER, NULL },
        { "nothing", "", FAQ_HANDOVER, NULL },
        { "another script", "\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97", FAQ_HANDOVER, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct faq_answer a;
        ask(cases[i].question, &a);
        check_int(cases[i].label, a.tier, cases[i].tier);
        if (cases[i].id != NULL)
            check_str(cases[i].label, faq_entry(faq, a.entry[0])->id, cases[i].id);
    }
}

static void test_departments(void **state)
{
    struct faq_answer a;
    (void)state;
    ask("xin giấy phép xây dựng nhà", &a);
    check_true("names the department", strstr(a.department, "Sở Xây dựng") != NULL);
    check_true("says something kind", *a.sentence != '\0');
    check_true("says which row", *a.rule != '\0');
}

static void test_reasons(void **state)
{
    struct faq_answer a;
    double sum = 0;
    (void)state;
    ask("mất sổ đỏ xin cấp lại", &a);
    check_true("there are reasons", a.reasons > 0);
    for (unsigned i = 0; i < a.reasons; i++) {
        check_true("in falling order", i == 0 || a.reason[i].share <= a.reason[i - 1].share);
        sum += a.reason[i].share;
    }
    check_true("parts of one whole", sum > 0 && sum <= 1.0001);
}

static void test_same_question_same_answer(void **state)
{
    struct faq_answer a, b;
    (void)state;
    ask("nop ho so online co duoc giam phi khong", &a);
    ask("hotline", &b);
    ask("nop ho so online co duoc giam phi khong", &b);
    assert_memory_equal(a.entry, b.entry, sizeof a.entry);
    assert_memory_equal(a.score, b.score, sizeof a.score);
}

static void test_answers_are_filled_in(void **state)
{
    (void)state;
    for (unsigned i = 0; i < faq_count(faq); i++) {
        const struct faq_entry *e = faq_entry(faq, i);
        check_true(e->id, strstr(e->answer, "{{") == NULL && *e->source != '\0' && *e->date != '\0');
        check_int(e->id, faq_find(faq, e->id), (int)i);
    }
}

/* ---- the gates ---- */

static void check_gates(const char *path)
{
    struct errors *err = errors_new();
    struct faq_figures g;
    struct buf out = BUF_INIT(1 << 20);
    assert_int_equal(faq_eval(faq, check_path(path), err, &g, &out), LOA_OK);
    print_message("%s\n%s", path, buf_cstr(&out));
    check_true("top1 >= .90", g.top1 >= .90);
    check_true("top3 >= .96", g.top3 >= .96);
    check_true("coverage >= .80", g.coverage >= .80);
    check_true("false_answer <= .03", g.false_answer <= .03);
    check_true("oos_recall >= .90", g.oos_recall >= .90);
    check_true("oos_precision >= .50", g.oos_precision >= .50);
    check_true("one_tap >= .93", g.one_tap >= .93);
    check_true("every style: top1 >= .80", g.worst_style_top1 >= .80);
    buf_clear(&out);
    errors_free(err);
}

static void test_gates(void **state)
{
    (void)state;
    check_gates("tests/data/faq-dev.tsv");
    check_gates("tests/data/faq-heldout.tsv");
    check_gates("tests/data/faq-open.tsv");
    check_gates("tests/data/faq-fresh.tsv");
    check_gates("tests/data/faq-blind.tsv"); /* nothing is fitted to it, nor written for it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_reading_twice_changes_nothing),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_long_questions_end),
        cmocka_unit_test(test_tiers),
        cmocka_unit_test(test_departments),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_same_question_same_answer),
        cmocka_unit_test(test_answers_are_filled_in),
        cmocka_unit_test(test_gates),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
