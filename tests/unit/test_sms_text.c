#include "check.h"
#include "loa/sms_text.h"
#include "loa/text.h"
#include <string.h>

/* A text made of runs: `times` × `unit`, up to three of them. */
static const struct {
    const char *label;
    struct {
        unsigned times;
        const char *unit;
    } run[3];
    bool ucs2;
    unsigned units, parts;
    unsigned part[4];
} cases[] = {
    { "empty", { { 0, "" } }, false, 0, 0, { 0 } },
    { "160 letters", { { 160, "a" } }, false, 160, 1, { 160 } },
    { "161 letters", { { 161, "a" } }, false, 161, 2, { 153, 8 } },
    { "306 letters", { { 306, "a" } }, false, 306, 2, { 153, 153 } },
    { "307 letters", { { 307, "a" } }, false, 307, 3, { 153, 153, 1 } },
    { "618 letters: five parts", { { 618, "a" } }, false, 618, 5, { 153, 153, 153, 153 } },
    { "80 pairs fill one part", { { 80, "{" } }, false, 160, 1, { 160 } },
    { "an escape pair does not straddle",
      { { 152, "a" }, { 1, "{" }, { 10, "b" } },
      false,
      164,
      2,
      { 152, 12 } },
    { "euro is a pair", { { 1, "€" } }, false, 2, 1, { 2 } },
    { "form feed is a pair", { { 1, "\f" } }, false, 2, 1, { 2 } },
    { "signs of one septet",
      { { 1, "@£$¥_ÄÖÑÜ§¿äöñüà¡èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤\r\n" } },
      false,
      44,
      1,
      { 44 } },
    { "pairs", { { 1, "^{}\\[~]|" } }, false, 16, 1, { 16 } },
    { "backtick is not in the alphabet", { { 1, "a`" } }, true, 2, 1, { 2 } },
    { "tab is not in the alphabet", { { 1, "a\t" } }, true, 2, 1, { 2 } },
    { "70 letters đ", { { 70, "đ" } }, true, 70, 1, { 70 } },
    { "71 letters đ", { { 71, "đ" } }, true, 71, 2, { 67, 4 } },
    { "160 accented letters", { { 160, "ệ" } }, true, 160, 3, { 67, 67, 26 } },
    { "one accented letter among 159", { { 159, "a" }, { 1, "ệ" } }, true, 160, 3, { 67, 67, 26 } },
    { "a surrogate pair does not straddle",
      { { 66, "đ" }, { 1, "😀" }, { 10, "đ" } },
      true,
      78,
      2,
      { 66, 12 } },
    { "ten parts", { { 1530, "a" } }, false, 1530, 10, { 153, 153, 153, 153 } },
};

static void test_measure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text = BUF_INIT(10000);
        for (unsigned r = 0; r < 3; r++)
            for (unsigned n = 0; n < cases[i].run[r].times; n++)
                buf_str(&text, cases[i].run[r].unit);
        struct sms_size s;
        check_true(cases[i].label, sms_measure(buf_cstr(&text), text.len, &s));
        check_int(cases[i].label, s.ucs2, cases[i].ucs2);
        check_int(cases[i].label, s.units, cases[i].units);
        check_int(cases[i].label, s.parts, cases[i].parts);
        for (unsigned p = 0; p < 4; p++)
            check_int(cases[i].label, s.part_units[p], cases[i].part[p]);
        buf_clear(&text);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static char text[SMS_TEXT_MAX_BYTES + 1];
    memset(text, 'a', sizeof text);
    struct sms_size s;
    check_true("eleven parts", !sms_measure(text, 1531, &s));
    check_true("beyond any size", !sms_measure(text, sizeof text, &s));
    check_true("not UTF-8", !sms_measure("\xc4", 1, &s));
}

/* The 13 letters with marks that stay in one 160-character part are not what Vietnamese needs. */
static void test_vietnamese(void **state)
{
    (void)state;
    static const char *const forms[] = { "Hồ sơ đã duyệt",
                                         "Ho\u0302\u0300 so\u031b \u0111a\u0303 duye\u0323\u0302t" };
    for (size_t i = 0; i < 2; i++) {
        struct buf nfc = BUF_INIT(100), plain = BUF_INIT(100);
        struct sms_size s;
        text_nfc(&nfc, forms[i], strlen(forms[i]));
        check_true("with marks", sms_measure(buf_cstr(&nfc), nfc.len, &s));
        check_true("needs UCS-2", s.ucs2 && s.parts == 1 && s.units == 14);
        check_str("first to blame", s.first_bad, "ồ sơ đã duyệt");
        text_strip_marks(&plain, forms[i], strlen(forms[i]));
        check_true("without marks", sms_measure(buf_cstr(&plain), plain.len, &s));
        check_true("is GSM-7", !s.ucs2 && s.parts == 1 && s.units == 14 && s.first_bad == NULL);
        buf_clear(&nfc);
        buf_clear(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_vietnamese),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
