/* ini, tsv and text_file: what people's editors leave behind, and faults with their line. */
#include "check.h"
#include "loa/ini.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <string.h>

static void collect_item(void *ctx, const struct ini_item *item)
{
    if (item->key == NULL)
        buf_printf(ctx, "[%s]", item->section);
    else
        buf_printf(ctx, "%u:%s.%s=%s|", item->line, item->section, item->key, item->value);
}

static void test_ini(void **state)
{
    static const struct {
        const char *label, *in, *want, *fault;
    } cases[] = {
        { "sections and keys", "[a]\nx = 1\n\n[b]\ny=2\n", "[a]2:a.x=1|[b]5:b.y=2|", NULL },
        { "comments", "# one\n; two\nx = 1 ; three\ny = 2 # four\n", "3:.x=1|4:.y=2|", NULL },
        { "a sign inside a value stays", "u = http://h/#a;b\n", "1:.u=http://h/#a;b|", NULL },
        { "quotes keep blanks and signs", "u = \" a ; b \"\n", "1:.u= a ; b |", NULL },
        { "empty value", "u =\n", "1:.u=|", NULL },
        { "byte order mark and CRLF", "\xef\xbb\xbf[a]\r\nx = 1\r\n", "[a]2:a.x=1|", NULL },
        { "decomposed letters are composed", "x = ho\xcc\x82\n", "1:.x=hô|", NULL },
        { "no equals sign", "[a]\nword\nx=1\n", "[a]3:a.x=1|", ":2" },
        { "section without end", "[a\n", "", ":1" },
        { "unclosed quote", "x = \"a\n", "", ":1" },
        { "not UTF-8", "[a]\nx = \xff\n", "", ":2" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        struct buf got = BUF_INIT(1024);
        enum loa_status st = ini_read(check_file("a.ini", cases[i].in), err, collect_item, &got);
        check_str(cases[i].label, buf_cstr(&got), cases[i].want);
        check_int(cases[i].label, st, cases[i].fault ? LOA_INVALID : LOA_OK);
        check_int(cases[i].label, err->count, cases[i].fault ? 1 : 0);
        if (cases[i].fault != NULL)
            check_str(cases[i].label, strrchr(err->item[0].pointer, ':'), cases[i].fault);
        buf_clear(&got);
        errors_free(err);
    }
}

static void test_values(void **state)
{
    static const struct {
        const char *in;
        int64_t want; /* -1: refused */
    } times[] = { { "0", 0 },   { "90s", 90000 }, { "15m", 900000 }, { "2h", 7200000 }, { "3d", 259200000 },
                  { "5ms", 5 }, { "15", -1 },     { "", -1 },        { "-1s", -1 },     { "2 h", -1 } };
    bool b;
    int64_t n;
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t got = -1;
        check_int(times[i].in, ini_duration_ms(times[i].in, &got), times[i].want >= 0);
        check_int(times[i].in, got, times[i].want);
    }
    check_true("có is yes", ini_bool("có", &b) && b);
    check_true("no is no", ini_bool("no", &b) && !b);
    check_true("maybe is neither", !ini_bool("maybe", &b));
    check_true("a whole number", ini_int("12", 0, 20, &n) && n == 12);
    check_true("out of range", !ini_int("21", 0, 20, &n));
    check_true("trailing letters", !ini_int("12x", 0, 20, &n));
}

static void collect_row(void *ctx, const struct tsv_row *row)
{
    buf_printf(ctx, "%u:%s,%s,%s|", row->line, row->cell[0], row->cell[1], row->cell[2]);
}

static void test_tsv(void **state)
{
    static const struct {
        const char *label, *in, *want;
        unsigned faults;
    } cases[] = {
        { "rows", "# head\na\tb\tc\n\nd\te\tf\n", "2:a,b,c|4:d,e,f|", 0 },
        { "a dash is empty, blanks do not count", "a\t - \tc \n", "1:a,,c|", 0 },
        { "missing cells are empty", "a\tb\n", "1:a,b,|", 0 },
        { "too few", "a\nb\tc\n", "2:b,c,|", 1 },
        { "too many", "a\tb\tc\td\n", "", 1 },
        { "CRLF, no end at the last line", "a\tb\tc\r\nd\te\tf", "1:a,b,c|2:d,e,f|", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        struct buf got = BUF_INIT(1024);
        enum loa_status st = tsv_read(check_file("a.tsv", cases[i].in), 2, 3, err, collect_row, &got);
        check_str(cases[i].label, buf_cstr(&got), cases[i].want);
        check_int(cases[i].label, err->count, cases[i].faults);
        check_int(cases[i].label, st, cases[i].faults ? LOA_INVALID : LOA_OK);
        buf_clear(&got);
        errors_free(err);
    }
}

static void test_missing_file(void **state)
{
    struct errors *err = errors_new();
    (void)state;
    check_int("missing", ini_read("/nowhere/x.ini", err, collect_item, NULL), LOA_NOT_FOUND);
    check_int("one fault", err->count, 1);
    check_str("names the file", err->item[0].pointer, "/nowhere/x.ini");
    errors_free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ini),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_tsv),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
