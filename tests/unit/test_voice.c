#include "check.h"
#include "loa/case_number.h"
#include "loa/feedback_rules.h"
#include "loa/personal.h"
#include "loa/survey.h"
#include "loa/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct policy *policy;
static struct feedback_rules *rules;

/* ---- personal ---- */

static void what_tells_who_somebody_is_is_masked(void **state)
{
    (void)state;
    static const struct {
        const char *label, *in, *want;
    } cases[] = {
        { "phone", "gọi 0912345678 nhé", "gọi [số điện thoại] nhé" },
        { "phone with spaces", "0912 345 678", "[số điện thoại]" },
        { "phone sloppily", "0912 . 345 - 678", "[số điện thoại]" },
        { "phone with country code", "+84 912 345 678.", "[số điện thoại]." },
        { "phone with fixed spaces",
          "0912\xc2\xa0"
          "345\xc2\xa0"
          "678",
          "[số điện thoại]" },
        { "phone with a typographic dash",
          "0912\xe2\x80\x93"
          "345\xe2\x80\x93"
          "678",
          "[số điện thoại]" },
        { "phone stuck to a word", "sđt0912345678", "sđt[số điện thoại]" },
        { "landline", "0239 3891 999", "[số điện thoại]" },
        { "identity card", "cccd 042099001234 của tôi", "cccd [số giấy tờ] của tôi" },
        { "identity card in groups", "042 099 001 234", "[số giấy tờ]" },
        { "old identity card", "CMND 183456789", "CMND [số giấy tờ]" },
        { "passport", "hộ chiếu B1234567", "hộ chiếu [số giấy tờ]" },
        { "dossier code, new order", "H27.18.01-251120-0102", "[mã hồ sơ]" },
        { "dossier code, old order", "mã 000.00.00.H27-261123-0001?", "mã [mã hồ sơ]?" },
        { "dossier code in words", "h27 261123 0001", "[mã hồ sơ]" },
        { "e-mail", "thư lan.tran+1@example.com.vn.", "thư [thư điện tử]." },
        { "account number", "tk 1903456789012", "tk [dãy số]" },
        { "several", "0912345678, lan@a.vn", "[số điện thoại], [thư điện tử]" },
        { "money stays", "1.500.000.000 đồng", "1.500.000.000 đồng" },
        { "two sums stay", "150.000 - 200.000 đồng", "150.000 - 200.000 đồng" },
        { "date stays", "ngày 23/11/2026 lúc 08:15", "ngày 23/11/2026 lúc 08:15" },
        { "law stays", "Nghị định 61/2018/NĐ-CP, Điều 12", "Nghị định 61/2018/NĐ-CP, Điều 12" },
        { "hotline stays", "tổng đài 18001096 hoặc 1900 1009", "tổng đài 18001096 hoặc 1900 1009" },
        { "years stay", "từ 2024 2025", "từ 2024 2025" },
        { "procedure code stays", "thủ tục 2.000815", "thủ tục 2.000815" },
        { "at sign alone", "a @ b", "a @ b" },
        { "empty", "", "" },
        { "mask of a mask", "[số điện thoại] [mã hồ sơ]", "[số điện thoại] [mã hồ sơ]" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = BUF_INIT(4096), again = BUF_INIT(4096);
        personal_mask(&out, cases[i].in, strlen(cases[i].in));
        check_str(cases[i].label, buf_cstr(&out), cases[i].want);
        personal_mask(&again, buf_cstr(&out), out.len);
        check_str(cases[i].label, buf_cstr(&again), cases[i].want);
        buf_clear(&out);
        buf_clear(&again);
    }
}

static void faults_say_where(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    check_int("none", personal_check("Nộp tại bộ phận một cửa.", "/answer", err), 0);
    check_int("two", personal_check("Gọi chị Hà 0912345678 hoặc ha@x.vn", "/answer", err), 2);
    check_int("faults", err->total, 2);
    check_str("where", err->item[0].pointer, "/answer");
    check_str("code", err->item[0].code, "personal_data");
    check_str("letter", err->item[0].detail, "phone at letter 12");
    check_true("does not repeat it", strstr(err->item[0].detail_vi, "0912345678") == NULL);
    errors_free(err);
}

/* ---- numbers ---- */

static void numbers_can_be_read_out(void **state)
{
    (void)state;
    struct case_number n = { "PA", 26, 1 }, found;
    char text[CASE_NUMBER_SIZE], said[64];
    case_number_print(&n, text);
    check_int("length", strlen(text), 12);
    static const char *const forms[] = {
        "%s", "mã %s ạ", "(%s)", "%s.", "xem giúp %s ngày 23", "%s%s", NULL
    };
    for (unsigned i = 0; forms[i + 1] != NULL; i++) {
        snprintf(said, sizeof said, "%.10s", forms[i]);
        struct buf b = BUF_INIT(200);
        const char *at = strstr(forms[i], "%s");
        buf_add(&b, forms[i], (size_t)(at - forms[i]));
        buf_str(&b, text);
        buf_str(&b, at + 2);
        check_true(said, case_number_find(buf_cstr(&b), &found));
        check_int(said, (long long)found.serial, 1);
        buf_clear(&b);
    }
    char sloppy[64];
    snprintf(sloppy, sizeof sloppy, "pa %.2s %.4s %.1s", text + 3, text + 6, text + 11);
    check_true(sloppy, case_number_find(sloppy, &found));
    snprintf(sloppy, sizeof sloppy, "Pa%.2s%.4s%.1s", text + 3, text + 6, text + 11);
    check_true(sloppy, case_number_find(sloppy, &found));
}

static void wrong_numbers_are_noticed(void **state)
{
    (void)state;
    struct case_number n = { "PA", 26, 4711 }, found;
    char text[CASE_NUMBER_SIZE], bad[CASE_NUMBER_SIZE];
    case_number_print(&n, text);
    for (size_t i = 3; text[i] != '\0'; i++)
        for (char d = '0'; text[i] != '-' && d <= '9'; d++) {
            snprintf(bad, sizeof bad, "%s", text);
            bad[i] = d;
            check_int(bad, case_number_find(bad, &found), d == text[i]);
        }
    snprintf(bad, sizeof bad, "%s", text);
    bad[6] = text[7], bad[7] = text[6];
    check_true("two digits swapped", !case_number_find(bad, &found));
    snprintf(bad, sizeof bad, "HD%s", text + 2);
    check_true("the other kind", !case_number_find(bad, &found));
    static const char *const no[] = {
        "", "PA", "PA-26", "pa 26 0001", "spa-26-0001-1x", "nhà PA26", "tôi khai 26-0001-7"
    };
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        check_true(no[i], !case_number_find(no[i], &found));
    check_true("meant to be one", case_number_mistyped("số PA-26-0001-0 đâu", bad) ||
                                      case_number_mistyped("số PA-26-0001-1 đâu", bad));
    check_true("a good one", !case_number_mistyped(text, bad));
    check_true("a contract", !case_number_mistyped("hd 2500000, HD-2026-01", bad));
    check_true("endless", !case_number_find(check_repeat("PA-26-", 2000), &found));
}

static void a_number_tells_its_partition(void **state)
{
    (void)state;
    static const char *const ids[] = { "PA-26-17", "HD-26-4711|answer|3" };
    static const char *const bad[] = { "",        "PA-26-",    "PA-26-0",          "PA-2-17",
                                       "PA26-17", "PA-26-17x", "PA-26-12345678901" };
    struct case_number back;
    char id[CASE_ID_SIZE];
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        check_true(ids[i], case_number_from_id(ids[i], &back));
        case_number_id(&back, id);
        check_int(ids[i], strncmp(id, ids[i], strlen(id)), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_true(bad[i], !case_number_from_id(bad[i], &back));
    for (unsigned p = 0; p < 16; p++)
        for (unsigned nth = 1; nth < 4; nth++) {
            struct case_number n = { "PA", 26, (nth - 1) * 16 + p + 1 };
            check_int("partition", case_number_partition(&n, 16), p);
        }
}

/* ---- rules ---- */

static void folded(const char *s, struct buf *out)
{
    text_fold(out, s, strlen(s));
}

static void beginnings_are_recognised(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum feedback_start want;
        bool enough;
    } cases[] = {
        { "phản ánh", FEEDBACK_REPORT, false },
        { "Tôi muốn phản ánh", FEEDBACK_REPORT, false },
        { "toi muon phan anh thai do cua can bo o phuong Thanh Sen quat mang dan", FEEDBACK_REPORT, true },
        { "cho tôi gửi phản ánh với", FEEDBACK_REPORT, false },
        { "khiếu nại thái độ", FEEDBACK_REPORT, false },
        { "anh cán bộ đó cửa quyền quá, bắt đi lại nhiều lần", FEEDBACK_REPORT, true },
        { "thủ tục khiếu nại đất đai thế nào", FEEDBACK_NONE, true },
        { "khiếu nại là gì", FEEDBACK_NONE, false },
        { "tôi muốn khiếu nại quyết định của phường", FEEDBACK_NONE, true },
        { "khiếu nại và tố cáo khác nhau thế nào", FEEDBACK_NONE, true },
        { "làm giấy khai sinh cần gì", FEEDBACK_NONE, false },
        { "phản ánh thì bao lâu có kết quả", FEEDBACK_NONE, true },
        { "tôi muốn gửi câu hỏi cho sở tư pháp", FEEDBACK_QUESTION, true },
        { "gửi câu hỏi", FEEDBACK_QUESTION, false },
        { "", FEEDBACK_NONE, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf f = BUF_INIT(4096);
        folded(cases[i].text, &f);
        check_int(cases[i].text, feedback_starts(rules, buf_cstr(&f)), cases[i].want);
        if (cases[i].want == FEEDBACK_REPORT)
            check_int(cases[i].text, feedback_says_enough(rules, buf_cstr(&f)), cases[i].enough);
        buf_clear(&f);
    }
}

static void kinds_replies_and_units(void **state)
{
    (void)state;
    static const struct {
        const char *text, *kind;
    } kinds[] = {
        { "cán bộ quát mắng dân", "attitude" },       { "hồ sơ của tôi trễ hẹn mãi không xong", "late" },
        { "gợi ý đưa tiền bồi dưỡng", "harassment" }, { "cổng dịch vụ công không nộp được", "system" },
        { "biểu mẫu quá rườm rà", "procedure" },      { "đèn đường hỏng", "other" },
    };
    static const struct {
        const char *text;
        enum feedback_reply want;
    } replies[] = { { "Gửi đi", REPLY_YES },           { "dạ", REPLY_YES },        { "thôi", REPLY_NO },
                    { "Không gửi", REPLY_NO },         { "sửa lại", REPLY_AGAIN }, { "không rõ", REPLY_SKIP },
                    { "hôm qua tôi đến", REPLY_OTHER } };
    static const struct {
        const char *text, *unit;
    } units[] = { { "cán bộ UBND phường Thành Sen hách dịch", "xa-18073" },
                  { "o phuong thanh sen chieu qua", "xa-18073" },
                  { "ở Sở Tư pháp tỉnh Hà Tĩnh", "ha-tinh-so-tu-phap" },
                  { "ở đâu đó 42 nhà", NULL },
                  { "", NULL } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct buf f = BUF_INIT(4096);
        folded(kinds[i].text, &f);
        check_str(kinds[i].text, feedback_kind_of(rules, FEEDBACK_REPORT, buf_cstr(&f))->id, kinds[i].kind);
        check_str(kinds[i].text, feedback_kind_of(rules, FEEDBACK_QUESTION, buf_cstr(&f))->id, "question");
        buf_clear(&f);
    }
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        struct buf f = BUF_INIT(4096);
        folded(replies[i].text, &f);
        check_int(replies[i].text, feedback_reply_of(rules, buf_cstr(&f)), replies[i].want);
        buf_clear(&f);
    }
    int64_t now = local_to_ms(2026, 11, 23, 9, 0, 0);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const struct unit_info *u = feedback_unit_in(policy, units[i].text, now);
        check_str(units[i].text, u != NULL ? u->id : NULL, units[i].unit);
    }
}

static void officers_see_their_units(void **state)
{
    (void)state;
    static const struct {
        const char *label, *unit, *list;
        bool want;
    } cases[] = {
        { "no list is all", "xa-18073", "", true },
        { "itself", "xa-18073", "xa-18073", true },
        { "one of several", "xa-18073", "xa-18100, xa-18073", true },
        { "below", "xa-18073", "H27", true },
        { "not above", "H27", "xa-18073", false },
        { "beside", "xa-18073", "xa-18100", false },
        { "part of a name", "xa-18073", "xa-1807", false },
        { "unknown", "nowhere", "H27", false },
        { "by its national code", "H27.18.01", "H27", true },
        { "by its code of the old order", "000.18.H27", "H27", true },
        { "another province", "G12.18.01", "H27", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_int(cases[i].label, feedback_unit_within(policy, cases[i].unit, cases[i].list, 0),
                  cases[i].want);
}

static void limits_are_working_days(void **state)
{
    (void)state;
    static const struct {
        const char *label, *kind;
        int day, hour; /* of November 2026; the 23rd is a Monday */
        const char *forward, *forward_warn, *answer;
    } cases[] = {
        { "Monday", "attitude", 23, 9, "30/11/2026", "27/11/2026", "07/12/2026" },
        { "Friday evening", "question", 27, 20, "04/12/2026", "03/12/2026", "04/12/2026" },
        { "Saturday", "system", 28, 10, "04/12/2026", "03/12/2026", "04/12/2026" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct feedback_deadlines d;
        char day[16];
        feedback_deadlines(rules, feedback_kind_find(rules, cases[i].kind), policy_calendar(policy),
                           local_to_ms(2026, 11, cases[i].day, cases[i].hour, 0, 0), &d);
        date_print_vi(d.forward_ms, day);
        check_str(cases[i].label, day, cases[i].forward);
        date_print_vi(d.forward_warn_ms, day);
        check_str(cases[i].label, day, cases[i].forward_warn);
        date_print_vi(d.answer_ms, day);
        check_str(cases[i].label, day, cases[i].answer);
        check_true("warned before", d.forward_warn_ms < d.forward_ms && d.answer_warn_ms < d.answer_ms);
    }
}

static void faulty_rules_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *label, *text;
    } cases[] = {
        { "unknown key",
          "[kind.question]\nname_vi = a\nanswer_days = 5\n[kind.other]\nname_vi = b\nanswer_days = 5\n[start]\nx = y\n" },
        { "no limit", "[kind.question]\nname_vi = a\n[kind.other]\nname_vi = b\nanswer_days = 5\n" },
        { "no other", "[kind.question]\nname_vi = a\nanswer_days = 5\n" },
        { "days out of range",
          "[kind.question]\nname_vi = a\nanswer_days = 0\n[kind.other]\nname_vi = b\nanswer_days = 5\n" },
        { "empty", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errors *err = errors_new();
        struct feedback_rules *r = NULL;
        char dir[512];
        snprintf(dir, sizeof dir, "%s", check_file("feedback.ini", cases[i].text));
        *strrchr(dir, '/') = '\0';
        check_int(cases[i].label, feedback_rules_load(dir, err, &r), LOA_INVALID);
        check_true(cases[i].label, err->total > 0);
        errors_free(err);
    }
}

static void months_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        long want;
    } cases[] = { { "2026-11", 202611 }, { "2026-00", 0 },  { "2026-13", 0 }, { "2026-1", 0 },
                  { "202611", 0 },       { "2026-11-", 0 }, { "", 0 },        { " 026-11", 0 },
                  { "+026-11", 0 },      { "2026/11", 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        long got = 0;
        check_int(cases[i].text, date_parse_month(cases[i].text, &got) ? got : 0, cases[i].want);
    }
}

/* ---- survey ---- */

static void tokens_name_a_notification_and_nothing_else(void **state)
{
    (void)state;
    static const char nid[] = "070123456789abcdef0123";
    char path[256], out[NOTICE_ID_SIZE];
    struct crypto *c = NULL, *other = NULL;
    struct buf token = BUF_INIT(64);
    snprintf(path, sizeof path, "%s/a", check_tmpdir());
    check_int("key", crypto_open(path, &c), LOA_OK);
    snprintf(path, sizeof path, "%s/b", check_tmpdir());
    check_int("key", crypto_open(path, &other), LOA_OK);
    survey_token(c, nid, &token);
    check_true("short enough for a message", token.len <= 28);
    check_int("read", survey_token_read(c, buf_cstr(&token), out), LOA_OK);
    check_str("whose", out, nid);
    check_int("another key", survey_token_read(other, buf_cstr(&token), out), LOA_INVALID);
    for (size_t i = 0; i + 1 < token.len; i++) {
        char was = token.data[i];
        token.data[i] = was == 'A' ? 'B' : 'A';
        check_int("one letter changed", survey_token_read(c, token.data, out), LOA_INVALID);
        token.data[i] = was;
    }
    static const char *const bad[] = { "", "x", "!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAA" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_int(bad[i], survey_token_read(c, bad[i], out), LOA_INVALID);
    check_int("long", survey_token_read(c, check_repeat("A", 4000), out), LOA_INVALID);
    buf_clear(&token);
    crypto_close(c);
    crypto_close(other);
}

static void invitations_follow_rules_and_wishes(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    struct survey_rules *r = NULL;
    struct crypto *c = NULL;
    char path[256];
    snprintf(path, sizeof path, "%s/invite", check_tmpdir());
    check_int("key", crypto_open(path, &c), LOA_OK);
    check_int("rules", survey_rules_load(check_path("templates/policy"), err, &r), LOA_OK);
    static const struct {
        const char *label, *kind, *no;
        bool want;
    } cases[] = {
        { "result handed over", "returned", "", true },
        { "refusal", "refused", "", true },
        { "on the way", "processing", "", false },
        { "part of a word", "return", "", false },
        { "no kind", "", "", false },
        { "said no to surveys", "returned", "t_survey=-1;", false },
        { "said no to something else", "returned", "t_campaign=-1;o_sms=-1;", true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct params p;
        struct notice n = { .nid = "070123456789abcdef0123" };
        struct citizen who = { .known = true };
        snprintf(n.kind, sizeof n.kind, "%s", cases[i].kind);
        snprintf(who.no, sizeof who.no, "%s", cases[i].no);
        params_init(&p);
        check_int(cases[i].label, survey_param(&p, r, c, "https://loa.tinh.gov.vn", &n, &who), cases[i].want);
        const char *link = params_get(&p, "survey_link");
        check_int(cases[i].label, link != NULL, cases[i].want);
        check_true("short", link == NULL || strlen(link) <= 60);
        params_clear(&p);
    }
    free(r);
    crypto_close(c);
    errors_free(err);
}

static void shares_have_their_margin(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        struct survey_counts in;
        long long n, satisfied;
        double share, low, high;
    } cases[] = {
        { "nobody", { 10, { 0 } }, 0, 0, 0, 0, 0 },
        { "one", { 0, { 0, 0, 0, 0, 0, 1 } }, 1, 1, 1, 0.2065, 1 },
        { "half of ten", { 0, { 0, 2, 2, 1, 2, 3 } }, 10, 5, 0.5, 0.2366, 0.7634 },
        { "95 of 100", { 0, { 0, 1, 1, 3, 45, 50 } }, 100, 95, 0.95, 0.8882, 0.9785 },
        { "none of four", { 0, { 0, 4 } }, 4, 0, 0, 0, 0.4899 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct survey_figures f;
        survey_figures(&cases[i].in, &f);
        check_int(cases[i].label, f.n, cases[i].n);
        check_int(cases[i].label, f.satisfied, cases[i].satisfied);
        check_true(cases[i].label, fabs(f.share - cases[i].share) < 1e-4 &&
                                       fabs(f.low - cases[i].low) < 1e-4 &&
                                       fabs(f.high - cases[i].high) < 1e-4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_tells_who_somebody_is_is_masked),
        cmocka_unit_test(faults_say_where),
        cmocka_unit_test(numbers_can_be_read_out),
        cmocka_unit_test(wrong_numbers_are_noticed),
        cmocka_unit_test(a_number_tells_its_partition),
        cmocka_unit_test(beginnings_are_recognised),
        cmocka_unit_test(kinds_replies_and_units),
        cmocka_unit_test(officers_see_their_units),
        cmocka_unit_test(limits_are_working_days),
        cmocka_unit_test(faulty_rules_are_told),
        cmocka_unit_test(months_are_read_strictly),
        cmocka_unit_test(tokens_name_a_notification_and_nothing_else),
        cmocka_unit_test(invitations_follow_rules_and_wishes),
        cmocka_unit_test(shares_have_their_margin),
    };
    struct errors *err = errors_new();
    if (policy_load(check_path("templates/policy"), err, &policy) != LOA_OK ||
        feedback_rules_load(check_path("templates/policy"), err, &rules) != LOA_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    feedback_rules_free(rules);
    policy_free(policy);
    errors_free(err);
    return failed;
}
