#include "check.h"
#include "loa/calendar.h"
#include "loa/dossier_code.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *label, *in, *why; /* why NULL: taken */
    const char *norm, *agency, *level1, *serial;
    int year, month, day;
} cases[] = {
    { "old order", "000.00.00.H06-240820-0001", NULL, "000.00.00.H06-240820-0001", "000.00.00.H06", "H06",
      "0001", 2024, 8, 20 },
    { "new order, blanks, small letters", " h27.01.02 - 250901 - 0007 ", NULL, "H27.01.02-250901-0007",
      "H27.01.02", "H27", "0007", 2025, 9, 1 },
    { "en dashes", "000.00.00.H06–240820–0001", NULL, "000.00.00.H06-240820-0001", "000.00.00.H06", "H06",
      "0001", 2024, 8, 20 },
    { "short old order", "38.98.H29-210519-0003", NULL, "38.98.H29-210519-0003", "38.98.H29", "H29", "0003",
      2021, 5, 19 },
    { "six-digit ministry serial", "H15.50-261008-180975", NULL, "H15.50-261008-180975", "H15.50", "H15",
      "180975", 2026, 10, 8 },
    { "five-digit fallback serial", "H55.242-250101-12345", NULL, "H55.242-250101-12345", "H55.242", "H55",
      "12345", 2025, 1, 1 },
    { "old order of a department", "000.00.01.H29-260310-0420", NULL, "000.00.01.H29-260310-0420",
      "000.00.01.H29", "H29", "0420", 2026, 3, 10 },
    { "four levels, new order", "H15.50.05.13-261008-0975", NULL, "H15.50.05.13-261008-0975", "H15.50.05.13",
      "H15", "0975", 2026, 10, 8 },
    { "level 1 alone", "G09-261008-0900123", NULL, "G09-261008-0900123", "G09", "G09", "0900123", 2026, 10,
      8 },
    { "two groups, old order", "98.H29-210519-0003", NULL, "98.H29-210519-0003", "98.H29", "H29", "0003",
      2021, 5, 19 },
    { "three groups of three", "123.456.789.H29-210519-0003", NULL, "123.456.789.H29-210519-0003",
      "123.456.789.H29", "H29", "0003", 2021, 5, 19 },
    { "quotes, hash, dot", "\"#H27.01.02-250901-0007.\"", NULL, "H27.01.02-250901-0007", "H27.01.02", "H27",
      "0007", 2025, 9, 1 },
    { "typographic quotes", "“H27.01.02-250901-0007”", NULL, "H27.01.02-250901-0007", "H27.01.02", "H27",
      "0007", 2025, 9, 1 },
    { "minus sign, hard hyphen", "H27.01.02−250901‑0007", NULL, "H27.01.02-250901-0007", "H27.01.02", "H27",
      "0007", 2025, 9, 1 },
    { "split over lines", "H27.01.02-250901-\r\n0007\n", NULL, "H27.01.02-250901-0007", "H27.01.02", "H27",
      "0007", 2025, 9, 1 },
    { "zero width and hard blank",
      "H27.01.02-\u200b250901-\u00a0"
      "0007",
      NULL, "H27.01.02-250901-0007", "H27.01.02", "H27", "0007", 2025, 9, 1 },
    { "today", "H27-261123-0001", NULL, "H27-261123-0001", "H27", "H27", "0001", 2026, 11, 23 },
    { "tomorrow: clocks differ", "H27-261124-0001", NULL, "H27-261124-0001", "H27", "H27", "0001", 2026, 11,
      24 },
    { "the day after", "H27-261125-0001", "future" },
    { "30 February", "000.00.00.H06-240230-0001", "date" },
    { "hint text", "H17.00-000000-0000", "date" },
    { "serial too short", "000.00.00.H06-240820-001", "shape" },
    { "serial too long", "000.00.00.H06-240820-00012345", "shape" },
    { "no first dash", "H06240820-0001", "shape" },
    { "no second dash", "H06-2408200001", "shape" },
    { "two dashes", "H06--240820-0001", "shape" },
    { "letter Z", "Z06-240820-0001", "shape" },
    { "two letters", "HH6-240820-0001", "shape" },
    { "no letter", "000.00.00-240820-0001", "shape" },
    { "letter in the middle", "00.H06.00-240820-0001", "shape" },
    { "first of three groups too short", "00.00.00.H06-240820-0001", "shape" },
    { "four groups before", "000.00.00.00.H06-240820-0001", "shape" },
    { "five groups after", "H06.1.2.3.4.5-240820-0001", "shape" },
    { "empty group", "000..00.H06-240820-0001", "shape" },
    { "O for 0", "H06-24O820-0001", "shape" },
    { "Arabic digits are not folded", "H06-٢٤٠٨٢٠-0001", "shape" },
    { "something after", "H06-240820-0001x", "shape" },
    { "underscores", "H06_240820_0001", "shape" },
    { "procedure code", "1.004227", "shape" },
    { "empty", "", "shape" },
    { "blanks", "   ", "shape" },
    { "wrong bytes", "H06-240820-0001\xff\xfe", NULL, "H06-240820-0001", "H06", "H06", "0001", 2024, 8, 20 },
};

static int64_t today(void)
{
    return local_to_ms(2026, 11, 23, 8, 0, 0);
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dossier_code c = { 0 };
        const char *why = "", *label = cases[i].label;
        enum loa_status st = dossier_code_parse(cases[i].in, strlen(cases[i].in), today(), &c, &why);
        check_str(label, why, cases[i].why);
        check_int(label, st, cases[i].why ? LOA_INVALID : LOA_OK);
        if (st != LOA_OK)
            continue;
        check_str(label, c.norm, cases[i].norm);
        check_str(label, c.agency, cases[i].agency);
        check_str(label, c.level1, cases[i].level1);
        check_str(label, c.serial, cases[i].serial);
        check_int(label, c.year, cases[i].year);
        check_int(label, c.month, cases[i].month);
        check_int(label, c.day, cases[i].day);
    }
}

static void test_parse_more(void **state)
{
    (void)state;
    struct dossier_code c;
    const char *why, *in = " h27.01.02 – 250901 – 0007. ";
    check_int("taken", dossier_code_parse(in, strlen(in), today(), &c, NULL), LOA_OK);
    check_str("as received, trimmed", c.received, "h27.01.02 – 250901 – 0007");
    char blanks[300];
    memset(blanks, ' ', sizeof blanks);
    dossier_code_parse(blanks, sizeof blanks, today(), &c, &why);
    check_str("endless", why, "too_long");
    /* Late evening in UTC is already the next day here. */
    int64_t at = local_to_ms(2026, 11, 24, 0, 30, 0);
    check_int("the local day decides", dossier_code_parse("H27-261125-0001", 15, at, &c, NULL), LOA_OK);
}

static const struct {
    const char *label, *text, *want; /* NULL: none */
} find_cases[] = {
    { "alone", "000.00.00.H06-240820-0001", "000.00.00.H06-240820-0001" },
    { "in a sentence", "Cho tôi hỏi hồ sơ H27.01.02-250901-0007 tới đâu rồi ạ?", "H27.01.02-250901-0007" },
    { "small letters, end of a sentence", "ma ho so h27.01.02-250901-0007.", "H27.01.02-250901-0007" },
    { "sticks to a word", "mãH27.01.02-250901-0007nhé", "H27.01.02-250901-0007" },
    { "in brackets", "(H27.01.02-250901-0007)", "H27.01.02-250901-0007" },
    { "after a colon", "MHS:H27.01.02-250901-0007,", "H27.01.02-250901-0007" },
    { "spoken with blanks", "mã hồ sơ là h27.01.02 250901 0007", "H27.01.02-250901-0007" },
    { "dictated without dots", "000 00 00 h06 240820 0001 ạ", "000.00.00.H06-240820-0001" },
    { "dictated without dots, new order", "h27 01 02 250901 0007", "H27.01.02-250901-0007" },
    { "blanks around the dashes", "H27.01.02 - 250901 - 0007", "H27.01.02-250901-0007" },
    { "blanks around the dots", "H27. 01. 02-250901-0007", "H27.01.02-250901-0007" },
    { "en dashes", "H27.01.02–250901–0007", "H27.01.02-250901-0007" },
    { "dots for dashes", "H27.01.02.250901.0007", "H27.01.02-250901-0007" },
    { "underscores", "H27.01.02_250901_0007", "H27.01.02-250901-0007" },
    { "slashes", "H27.01.02/250901/0007", "H27.01.02-250901-0007" },
    { "split at a dash", "H27.01.02-250901-\r\n0007", "H27.01.02-250901-0007" },
    { "split before a dash", "H27.01.02\n-250901-0007", "H27.01.02-250901-0007" },
    { "split in the date", "H27.01.02-2509\n01-0007", "H27.01.02-250901-0007" },
    { "split in the serial", "H27.01.02-250901-00\n07 ạ", "H27.01.02-250901-0007" },
    { "the next line is not the serial's", "H27.01.02-250901-0007\n123", "H27.01.02-250901-0007" },
    { "link", "https://dichvucong.gov.vn/tra-cuu?ma=000.00.00.H06-240820-0001&x=1",
      "000.00.00.H06-240820-0001" },
    { "link, coded dashes", "https://a.gov.vn/q?ma=H27.01.02%2D250901%2d0007", "H27.01.02-250901-0007" },
    { "link, coded en dashes", "https://a.gov.vn/H27.01.02%E2%80%93250901%E2%80%930007",
      "H27.01.02-250901-0007" },
    { "link, coded dots", "https://a.gov.vn/H27%2E01%2E02-250901-0007", "H27.01.02-250901-0007" },
    { "link, plus for blank", "https://a.gov.vn/?q=H27.01.02+250901+0007", "H27.01.02-250901-0007" },
    { "link, path goes on", "https://a.gov.vn/ho-so/H27.01.02-250901-0007/123456", "H27.01.02-250901-0007" },
    { "QR of the slip", "HS|H27.01.02-250901-0007|NGUYEN VAN A|250901", "H27.01.02-250901-0007" },
    { "longest of two", "H27-250901-0001 và 000.00.00.H06-240820-0001", "000.00.00.H06-240820-0001" },
    { "first of two alike", "H27-250901-0001 và H27-250901-0002", "H27-250901-0001" },
    { "longest, though sloppy", "H27-250901-0001, H27.01.02 250901 0007", "H27.01.02-250901-0007" },
    { "dictated agency, printed rest", "000 00 00 H06-240820-0001", "000.00.00.H06-240820-0001" },
    { "a number before it", "ngày 15 H27.01.02-250901-0007", "H27.01.02-250901-0007" },
    { "a number before a dictated one", "toi 15 h27 250901 0007", "H27-250901-0007" },
    { "numbered list", "1.000.00.00.H06-240820-0001", "000.00.00.H06-240820-0001" },
    { "numbered list, new order", "2.H27.01.02-250901-0007", "H27.01.02-250901-0007" },
    { "a wrong one, then a right one", "H27-250230-0001 sửa lại H27-250228-0001", "H27-250228-0001" },
    { "the letter stands apart", "h 29.25.01-250901-0007", "H29.25.01-250901-0007" },
    { "dots and dashes said", "h 29 chấm 25 chấm 01 gạch 250901 gạch ngang 0007", "H29.25.01-250901-0007" },
    { "said without marks", "ma ho so la h 29 cham 25 gach 250901 gach 0007 a", "H29.25-250901-0007" },
    { "every figure said",
      "hát hai bảy chấm không một gạch hai lăm không chín không một gạch không không không bảy",
      "H27.01-250901-0007" },
    { "tens said", "hát hai bảy gạch hai mươi lăm mười một hai mươi gạch không không mười tám",
      "H27-251120-0018" },
    { "old order said",
      "không không không chấm không không chấm không không chấm hát không sáu gạch 240820 gạch 0001",
      "000.00.00.H06-240820-0001" },
    { "said, groups apart", "h 27 chấm 01 250901 0007", "H27.01-250901-0007" },
    { "O for 0, l for 1", "H06-24O820-000l", "H06-240820-0001" },
    { "O in the letter group", "HO6-240820-0001", "H06-240820-0001" },
    { "commas for dots", "h27,01,02-250901-0007", "H27.01.02-250901-0007" },
    { "said, split over lines", "h 27 chấm 01\ngạch 250901\ngạch 0007", "H27.01-250901-0007" },
    { "a sum is no code", "phí là 240820 đồng, nộp hai bộ, h 29 ạ", NULL },
    { "hint text", "vd H17.00-000000-0000", NULL },
    { "too many digits in the first group", "1000.00.00.H06-240820-0001", NULL },
    { "one group too many", "00.000.00.00.H06-240820-0001", NULL },
    { "serial of eight digits", "H27-250901-00012345", NULL },
    { "in the far future", "H27-350901-0001", NULL },
    { "no dashes at all", "H27.01.022509010007", NULL },
    { "a word between", "H27.01.02 ngày 250901 0007", NULL },
    { "many blanks", "H27.01.02        250901      0007", "H27.01.02-250901-0007" },
    { "phone number", "gọi 0912345678 giúp", NULL },
    { "date and place", "Ngày 25/09/2001 tại P12, Q3", NULL },
    { "procedure code", "thủ tục 1.004227.000.00.00.H38", NULL },
    { "broken percent", "100% H27-250901-0001%", "H27-250901-0001" },
    { "empty", "", NULL },
};

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof find_cases / sizeof find_cases[0]; i++) {
        struct dossier_code c = { 0 };
        bool found = dossier_code_find(find_cases[i].text, strlen(find_cases[i].text), today(), &c);
        check_str(find_cases[i].label, found ? c.norm : NULL, find_cases[i].want);
    }
    struct dossier_code c;
    const char *link = "x?ma=H27.01.02%2D250901%2D0007&y";
    check_true("found", dossier_code_find(link, strlen(link), today(), &c));
    check_str("as received", c.received, "H27.01.02%2D250901%2D0007");
}

static const struct {
    const char *label, *text, *want;
} fault_cases[] = {
    { "30 February", "mã H06-240230-0001 ạ", "date" },
    { "in the far future", "H27-350901-0001", "future" },
    { "five figures in the date", "H27.01.02-25090-0007", "date_digits" },
    { "no serial", "H27.01.02-250901", "no_serial" },
    { "no serial, dash", "H27.01.02-250901-", "no_serial" },
    { "serial too short", "000.00.00.H06-240820-001", "serial_digits" },
    { "serial too long", "000.00.00.H06-240820-00012345", "serial_digits" },
    { "hint text", "vd H17.00-000000-0000", "date" },
    { "a room", "phòng A12-3", NULL },
    { "nothing like it", "hồ sơ của tôi đến đâu rồi", NULL },
    { "empty", "", NULL },
};

static void test_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fault_cases / sizeof fault_cases[0]; i++)
        check_str(fault_cases[i].label,
                  dossier_code_fault(fault_cases[i].text, strlen(fault_cases[i].text), today()),
                  fault_cases[i].want);
}

/* The worst text for the search: every place looks like a start. */
static void test_find_bounded(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        text[i] = "000.00.00.H06.01.02.03.04-240820 . "[i % 35];
    struct dossier_code c;
    check_true("none", !dossier_code_find(text, SIZE, today(), &c));
    free(text);
}

static void test_procedure(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool want;
    } codes[] = {
        { "1.004227", true },
        { "9.000815", true },
        { "1.011442.000.00.00.H38", true },
        { "2.000815.000.00.00.H55.02", true },
        { "0.004227", false },
        { "1.00422", false },
        { "1.0042277", false },
        { "1.004227.02", false },
        { "1.004227.H38", false },
        { "1.011442.000.00.00.Z38", false },
        { "1.011442.000.00.00.H38.", false },
        { "1.011442.000.00.00.H38.2", false },
        { "2.000815.000.00.00.H55.02.1", false },
        { " 1.004227", false },
        { "", false },
        { NULL, false },
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        check_int(codes[i].in ? codes[i].in : "none", procedure_code_valid(codes[i].in), codes[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_parse_more),   cmocka_unit_test(test_find),
        cmocka_unit_test(test_fault), cmocka_unit_test(test_find_bounded), cmocka_unit_test(test_procedure)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
