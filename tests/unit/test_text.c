#include "check.h"
#include "loa/text.h"
#include <string.h>

/* "Hồ sơ đã duyệt" with every mark as a character of its own, as Apple systems send it. */
#define NFD_DOSSIER "Ho\u0302\u0300 so\u031b \u0111a\u0303 duye\u0323\u0302t"
#define NFC_DOSSIER "Hồ sơ đã duyệt"

struct text_case {
    const char *label, *in, *want;
};

static void run(const struct text_case *c, size_t n, void (*fn)(struct buf *, const char *, size_t))
{
    for (size_t i = 0; i < n; i++) {
        struct buf out = BUF_INIT(10000);
        fn(&out, c[i].in, strlen(c[i].in));
        check_str(c[i].label, buf_cstr(&out), c[i].want);
        buf_clear(&out);
    }
}
#define RUN(cases, fn) run(cases, sizeof(cases) / sizeof((cases)[0]), fn)

static void test_nfc(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        { "decomposed", NFD_DOSSIER, NFC_DOSSIER },
        { "marks in another order", "duye\u0302\u0323t", "duyệt" },
        { "composed stays", NFC_DOSSIER, NFC_DOSSIER },
        { "wrong bytes",
          "a\xff"
          "b\xc3",
          "a\ufffdb\ufffd" },
        { "empty", "", "" },
    };
    RUN(cases, text_nfc);
}

static void test_strip(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        { "composed", NFC_DOSSIER, "Ho so da duyet" },
        { "decomposed", NFD_DOSSIER, "Ho so da duyet" },
        { "all vowels", "àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ",
          "aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiiiooooooooooooooooouuuuuuuuuuuyyyyyd" },
        { "capitals", "ĐẶNG THỊ ƯỚC ỔN ỨỲ", "DANG THI UOC ON UY" },
        { "the Icelandic letter some fonts use for Đ", "Ðơn ð", "Don d" },
        { "dashes", "a–b—c‑d−e", "a-b-c-d-e" },
        { "quotes", "‘a’ “b” «c» `d´", "'a' \"b\" \"c\" 'd'" },
        { "ellipsis, bullet", "chờ… • một", "cho... - mot" },
        { "money sign", "100.000₫", "100.000d" },
        { "hard and thin spaces",
          "a\u00a0b\u202f"
          "c\u3000"
          "d",
          "a b c d" },
        { "zero width",
          "a\u200b\u200d\ufeff"
          "b\u2060"
          "c",
          "abc" },
        { "bidi override",
          "a\u202e"
          "b",
          "ab" },
        { "full width", "ＨＳ１２", "HS12" },
        { "units", "30 m² ½ №5 37°C ≥ 1", "30 m2 1/2 No5 37oC >= 1" },
        { "no neighbour is kept", "a 中 😀", "a 中 😀" },
        { "wrong bytes stay visible", "a\xff", "a\ufffd" },
        { "lines stay", "a\r\nb", "a\r\nb" },
    };
    RUN(cases, text_strip_marks);
}

static void test_fold(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        { "lower, stripped, single spaces", "  Đăng\u00a0 Ký \n\tThường TRÚ ", "dang ky thuong tru" },
        { "decomposed", NFD_DOSSIER, "ho so da duyet" },
        { "only blanks", " \n ", "" },
        { "signs stay", "A–B, c?", "a-b, c?" },
        { "a lone accent", "\xcb\x99 a \xcb\x99", "a" },
        { "controls go",
          "a\x01\x7f"
          "b",
          "ab" },
    };
    RUN(cases, text_fold);
}

static void test_lower(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        { "Vietnamese", "ĐẶNG Ước", "đặng ước" },
        { "others stay", "12 中", "12 中" },
    };
    RUN(cases, text_lower);
}

static void clean_line(struct buf *out, const char *s, size_t n)
{
    text_clean(out, s, n, false);
}

static void clean_lines(struct buf *out, const char *s, size_t n)
{
    text_clean(out, s, n, true);
}

static void test_clean(void **state)
{
    (void)state;
    static const struct text_case one_line[] = {
        { "header injection", "Ông A\r\nBcc: x@y", "Ông A Bcc: x@y" },
        { "controls",
          "a\x01\x1b[31m\x7f"
          "b\xc2\x85"
          "c",
          "a[31mb c" },
        { "tab and hard space",
          "a\tb\u00a0"
          "c",
          "a b c" },
        { "bidi and zero width",
          "a\u202e"
          "b\u2066"
          "c\u200b"
          "d\u200f",
          "abcd" },
        { "line separator",
          "a\u2028"
          "b",
          "a b" },
        { "marks stay", NFD_DOSSIER, NFD_DOSSIER },
    };
    static const struct text_case lines[] = {
        { "every line end",
          "a\r\nb\rc\nd\u2029"
          "e",
          "a\nb\nc\nd\ne" },
        { "empty lines stay", "a\n\nb", "a\n\nb" },
    };
    RUN(one_line, clean_line);
    RUN(lines, clean_lines);
}

static void test_length_and_truncate(void **state)
{
    (void)state;
    static const struct {
        const char *label, *in;
        size_t max;
        const char *want;
    } cases[] = {
        { "fits", "Hồ sơ", 5, "Hồ sơ" },
        { "cut", "Hồ sơ đã", 6, "Hồ sơ…" },
        { "no blank before the sign", "Hồ sơ đã", 7, "Hồ sơ…" },
        { "nothing", "Hồ sơ", 0, "" },
        { "only the sign", "Hồ sơ", 1, "…" },
        { "never between a letter and its marks", "ho\u0302\u0300 s", 4, "h…" },
        { "empty", "", 3, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = BUF_INIT(1000);
        text_truncate(&out, cases[i].in, strlen(cases[i].in), cases[i].max);
        check_str(cases[i].label, buf_cstr(&out), cases[i].want);
        check_true(cases[i].label, text_length(buf_cstr(&out), out.len) <= cases[i].max);
        buf_clear(&out);
    }
    check_int("points", (long long)text_length(NFC_DOSSIER, strlen(NFC_DOSSIER)), 14);
}

static void test_copy(void **state)
{
    (void)state;
    char out[6];
    text_copy(out, sizeof out, "Hồ sơ");
    check_str("cut between letters", out, "Hồ ");
    text_copy(out, sizeof out, "abồ");
    check_str("fits to the byte", out, "abồ");
    text_copy(out, sizeof out, "abcồ");
    check_str("a letter that does not fit goes whole", out, "abc");
    text_copy(out, 1, "abc");
    check_str("no room", out, "");
}

static void test_mask_name(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        { "four words", "Nguyễn Thị Hoàng Anh", "Nguyễn T. H. A***" },
        { "two words", "Lê Ánh", "Lê Á***" },
        { "one word", "Ánh", "Á***" },
        { "blanks", "  Trần   Văn  Ổn ", "Trần V. Ổ***" },
        { "decomposed", "Nguye\u0302\u0303n Thi\u0323 A\u0301nh", "Nguyễn T. Á***" },
        { "empty", "", "" },
        { "only blanks", "  ", "" },
    };
    RUN(cases, text_mask_name);
}

static void test_money(void **state)
{
    (void)state;
    static const struct {
        int64_t vnd;
        const char *figures, *words;
    } cases[] = {
        { 0, "0 đồng", "không đồng" },
        { 5, "5 đồng", "năm đồng" },
        { 10, "10 đồng", "mười đồng" },
        { 11, "11 đồng", "mười một đồng" },
        { 14, "14 đồng", "mười bốn đồng" },
        { 15, "15 đồng", "mười lăm đồng" },
        { 20, "20 đồng", "hai mươi đồng" },
        { 21, "21 đồng", "hai mươi mốt đồng" },
        { 24, "24 đồng", "hai mươi tư đồng" },
        { 25, "25 đồng", "hai mươi lăm đồng" },
        { 101, "101 đồng", "một trăm linh một đồng" },
        { 104, "104 đồng", "một trăm linh bốn đồng" },
        { 110, "110 đồng", "một trăm mười đồng" },
        { 115, "115 đồng", "một trăm mười lăm đồng" },
        { 555, "555 đồng", "năm trăm năm mươi lăm đồng" },
        { 1000, "1.000 đồng", "một nghìn đồng" },
        { 1001, "1.001 đồng", "một nghìn không trăm linh một đồng" },
        { 1015, "1.015 đồng", "một nghìn không trăm mười lăm đồng" },
        { 20000, "20.000 đồng", "hai mươi nghìn đồng" },
        { 100000, "100.000 đồng", "một trăm nghìn đồng" },
        { 105000, "105.000 đồng", "một trăm linh năm nghìn đồng" },
        { 121000, "121.000 đồng", "một trăm hai mươi mốt nghìn đồng" },
        { 1000000, "1.000.000 đồng", "một triệu đồng" },
        { 1000005, "1.000.005 đồng", "một triệu không trăm linh năm đồng" },
        { 1050000, "1.050.000 đồng", "một triệu không trăm năm mươi nghìn đồng" },
        { 2345678, "2.345.678 đồng", "hai triệu ba trăm bốn mươi lăm nghìn sáu trăm bảy mươi tám đồng" },
        { 1000000000, "1.000.000.000 đồng", "một tỷ đồng" },
        { 1000500000, "1.000.500.000 đồng", "một tỷ năm trăm nghìn đồng" },
        { 1500000000000, "1.500.000.000.000 đồng", "một nghìn năm trăm tỷ đồng" },
        { 1000000000000, "1.000.000.000.000 đồng", "một nghìn tỷ đồng" },
        { 1005000000001, "1.005.000.000.001 đồng",
          "một nghìn không trăm linh năm tỷ không trăm linh một đồng" },
        { 999999999999999, "999.999.999.999.999 đồng",
          "chín trăm chín mươi chín nghìn chín trăm chín mươi chín tỷ chín trăm chín mươi chín triệu chín trăm "
          "chín mươi chín nghìn chín trăm chín mươi chín đồng" },
        { TEXT_MONEY_WORDS_MAX, "1.000.000.000.000.000 đồng", "1.000.000.000.000.000 đồng" },
        { -105000, "-105.000 đồng", "âm một trăm linh năm nghìn đồng" },
        { INT64_MIN, "-9.223.372.036.854.775.808 đồng", "-9.223.372.036.854.775.808 đồng" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = BUF_INIT(1000);
        text_money_vnd(&out, cases[i].vnd);
        check_str("figures", buf_cstr(&out), cases[i].figures);
        buf_reset(&out);
        text_money_words(&out, cases[i].vnd);
        check_str("words", buf_cstr(&out), cases[i].words);
        buf_clear(&out);
    }
}

static void test_is_utf8(void **state)
{
    (void)state;
    check_true("letters", text_is_utf8("đ", 2));
    check_true("nothing", text_is_utf8(NULL, 0));
    check_true("NUL", !text_is_utf8("a\0b", 3));
    check_true("cut letter", !text_is_utf8("\xc4", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nfc),       cmocka_unit_test(test_strip),
        cmocka_unit_test(test_fold),      cmocka_unit_test(test_lower),
        cmocka_unit_test(test_clean),     cmocka_unit_test(test_length_and_truncate),
        cmocka_unit_test(test_copy),      cmocka_unit_test(test_money),
        cmocka_unit_test(test_mask_name), cmocka_unit_test(test_is_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
