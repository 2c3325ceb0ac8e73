#include "check.h"
#include "loa/phone.h"

static const struct {
    const char *label, *in, *want;
    enum phone_kind kind;
    bool migrated;
} cases[] = {
    { "national", "0912345678", "84912345678", PHONE_MOBILE, false },
    { "spaces and dots", " 0912.345 678 ", "84912345678", PHONE_MOBILE, false },
    { "dashes of all kinds", "0912–345‑678", "84912345678", PHONE_MOBILE, false },
    { "plus", "+84912345678", "84912345678", PHONE_MOBILE, false },
    { "plus with a trunk 0", "+84 (0)91 234 5678", "84912345678", PHONE_MOBILE, false },
    { "two zeros", "0084-912-345-678", "84912345678", PHONE_MOBILE, false },
    { "country code alone", "84912345678", "84912345678", PHONE_MOBILE, false },
    { "country code and trunk 0", "840912345678", "84912345678", PHONE_MOBILE, false },
    { "prefix 084 is not the country code", "0841234567", "84841234567", PHONE_MOBILE, false },
    { "full-width digits", "＋８４９１２３４５６７８", "84912345678", PHONE_MOBILE, false },
    { "hard space and zero width",
      "0912\u00a0"
      "345\u200b"
      "678",
      "84912345678", PHONE_MOBILE, false },
    { "newer prefixes", "0559123456", "84559123456", PHONE_MOBILE, false },
    { "old Viettel", "01681234567", "84381234567", PHONE_MOBILE, true },
    { "old Viettel, first of the range", "01621234567", "84321234567", PHONE_MOBILE, true },
    { "old MobiFone", "0120 123 4567", "84701234567", PHONE_MOBILE, true },
    { "old MobiFone 0121", "01211234567", "84791234567", PHONE_MOBILE, true },
    { "old MobiFone 0128", "01281234567", "84781234567", PHONE_MOBILE, true },
    { "old VinaPhone 0127", "01271234567", "84811234567", PHONE_MOBILE, true },
    { "old VinaPhone 0125", "+841251234567", "84851234567", PHONE_MOBILE, true },
    { "old Vietnamobile", "01861234567", "84561234567", PHONE_MOBILE, true },
    { "old Gmobile", "01991234567", "84591234567", PHONE_MOBILE, true },
    { "never given out", "01601234567", "", PHONE_BAD, false },
    { "Hanoi", "02412345678", "842412345678", PHONE_LANDLINE, false },
    { "Ho Chi Minh City", "(028) 3829 1234", "842838291234", PHONE_LANDLINE, false },
    { "Ministry of Public Security", "069 234 5678", "84692345678", PHONE_LANDLINE, false },
    { "ministry line", "0692345678", "84692345678", PHONE_LANDLINE, false },
    { "1900", "1900 1234", "8419001234", PHONE_SERVICE, false },
    { "1800, six digits", "1800123456", "841800123456", PHONE_SERVICE, false },
    { "1900 too short", "1900123", "", PHONE_BAD, false },
    { "emergency", "113", "", PHONE_BAD, false },
    { "identity number of 9 digits", "341234567", "", PHONE_BAD, false },
    { "identity number of 12 digits", "042099001234", "", PHONE_BAD, false },
    { "too short", "0912", "", PHONE_BAD, false },
    { "too long", "09123456789", "", PHONE_BAD, false },
    { "first digit no mobile has", "0412345678", "", PHONE_BAD, false },
    { "another country", "+66812345678", "", PHONE_BAD, false },
    { "another country with zeros", "0066812345678", "", PHONE_BAD, false },
    { "letters", "09l2345678", "", PHONE_BAD, false },
    { "two numbers", "0912345678, 0987654321", "", PHONE_BAD, false },
    { "plus inside", "09+12345678", "", PHONE_BAD, false },
    { "two plus", "++84912345678", "", PHONE_BAD, false },
    { "endless", "000000000000000000000000000000", "", PHONE_BAD, false },
    { "wrong bytes", "0912345678\xff", "", PHONE_BAD, false },
    { "empty", "", "", PHONE_BAD, false },
    { "none", NULL, "", PHONE_BAD, false },
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct phone p = phone_parse(cases[i].in);
        check_str(cases[i].label, p.e164, cases[i].want);
        check_int(cases[i].label, p.kind, cases[i].kind);
        check_int(cases[i].label, p.migrated, cases[i].migrated);
    }
}

static void test_print(void **state)
{
    (void)state;
    static const struct {
        const char *e164, *national, *masked;
    } print_cases[] = {
        { "84912345678", "0912345678", "+84*****678" },
        { "842412345678", "02412345678", "+84*****678" },
        { "8419001234", "19001234", "+84*****234" },
        { "", "", "*****" },
        { "0912345678", "0912345678", "*****" },
        { "84", "0", "*****" },
        { "84912345678901234567890", "091234567890123", "+84*****890" },
    };
    for (size_t i = 0; i < sizeof print_cases / sizeof print_cases[0]; i++) {
        char national[16], masked[24];
        phone_national(print_cases[i].e164, national);
        check_str("national", national, print_cases[i].national);
        phone_mask(print_cases[i].e164, masked);
        check_str("masked", masked, print_cases[i].masked);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_print) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
