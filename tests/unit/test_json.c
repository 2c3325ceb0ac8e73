#include "check.h"
#include "loa/json.h"
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *label, *text;
    size_t len; /* 0: strlen */
    const char *why;
} parse_cases[] = {
    { "object", "{\"a\":[1,2.5e3,-0,true,null,\"\\u1ed3\"]}", 0, NULL },
    { "white space around", " \r\n\t{} \n", 0, NULL },
    { "byte order mark", "\xef\xbb\xbf{}", 0, NULL },
    { "a bare string", "\"x\"", 0, NULL },
    { "surrogate pair", "\"\\ud83d\\ude00\"", 0, NULL },
    { "empty", "", 0, "empty" },
    { "only blanks", "  ", 0, "missing or misplaced" },
    { "something after", "{} x", 0, "something follows" },
    { "two values", "1 2", 0, "something follows" },
    { "cut off", "{\"a\":", 0, "missing or misplaced" },
    { "open string", "{\"a", 0, "a string does not end" },
    { "trailing comma", "[1,]", 0, "missing or misplaced" },
    { "missing comma", "[1 2]", 0, "missing or misplaced" },
    { "single quotes", "{'a':1}", 0, "unexpected character" },
    { "comment", "/* */{}", 0, "unexpected character" },
    { "NaN", "[NaN]", 0, "unexpected character" },
    { "unknown word", "[nil]", 0, "missing or misplaced" },
    { "leading zero", "[01]", 0, "number" },
    { "bare point", "[1.]", 0, "number" },
    { "bare exponent", "[1e]", 0, "number" },
    { "lone minus", "[-]", 0, "number" },
    { "endless number", "[1111111111222222222233333333334444444444555555555566666666667]", 0, "too long" },
    { "NUL escape", "\"a\\u0000b\"", 0, "NUL" },
    { "NUL byte", "\"a\0b\"", 5, "UTF-8" },
    { "raw newline in a string", "\"a\nb\"", 0, "control" },
    { "bad escape", "\"\\x41\"", 0, "escape" },
    { "lone surrogate", "\"\\ud83d\"", 0, "missing or misplaced" },
    { "broken UTF-8", "\"\xc3\"", 0, "UTF-8" },
    { "overlong UTF-8", "\"\xc0\xaf\"", 0, "UTF-8" },
    { "UTF-8 surrogate", "\"\xed\xa0\x80\"", 0, "UTF-8" },
    { "vertical tab as blank", "{\v}", 0, "unexpected character" },
    { "too many closings", "{}]", 0, "bracket" },
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++) {
        const char *label = parse_cases[i].label, *text = parse_cases[i].text;
        size_t len = parse_cases[i].len ? parse_cases[i].len : strlen(text);
        char why[160] = "";
        cJSON *v = NULL;
        enum loa_status st = json_parse(text, len, &v, why, sizeof why);
        check_int(label, st, parse_cases[i].why ? LOA_INVALID : LOA_OK);
        check_true(label, (v != NULL) == (st == LOA_OK));
        if (parse_cases[i].why != NULL && strstr(why, parse_cases[i].why) == NULL)
            check_str(label, why, parse_cases[i].why);
        cJSON_Delete(v);
    }
}

static void test_depth(void **state)
{
    (void)state;
    for (unsigned depth = JSON_MAX_DEPTH; depth <= JSON_MAX_DEPTH + 1; depth++) {
        char text[2 * JSON_MAX_DEPTH + 3] = "";
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        cJSON *v = NULL;
        check_int("depth", json_parse(text, 2 * depth, &v, NULL, 0),
                  depth <= JSON_MAX_DEPTH ? LOA_OK : LOA_INVALID);
        cJSON_Delete(v);
    }
}

static void test_many_values(void **state)
{
    (void)state;
    size_t len = 2 * (size_t)JSON_MAX_VALUES + 3;
    char *text = malloc(len), why[160];
    memset(text, '0', len);
    for (size_t i = 2; i < len; i += 2)
        text[i] = ',';
    text[0] = '[';
    text[len - 1] = ']';
    cJSON *v = NULL;
    check_int("refused before the tree is built", json_parse(text, len, &v, why, sizeof why), LOA_INVALID);
    check_true("says so", strstr(why, "too many values") != NULL);
    free(text);
}

static void test_place(void **state)
{
    (void)state;
    char why[160];
    cJSON *v = NULL;
    json_parse("{\n \"a\": 01}", 11, &v, why, sizeof why);
    check_str("names the place", why, "not valid JSON: badly written number (line 2, byte 9 of it)");
}

static const struct {
    const char *label, *key;
    bool ok;
    int64_t want;
} int_cases[] = {
    { "number", "n", true, 42 },
    { "negative", "neg", true, -7 },
    { "digits", "s", true, 1234567 },
    { "fraction", "f", false, 0 },
    { "words", "w", false, 0 },
    { "huge double", "h", false, 0 },
    { "18 digits", "d18", true, 999999999999999999 },
    { "19 digits", "d19", false, 0 },
    { "absent", "none", false, 0 },
    { "boolean", "t", false, 0 },
    { "empty string", "e", false, 0 },
};

static const struct {
    const char *label, *key;
    bool fallback, want;
} bool_cases[] = {
    { "true", "t", false, true },         { "True in words", "T", false, true },
    { "one", "one", false, true },        { "zero in words", "zero", true, false },
    { "anything else", "w", true, true }, { "absent", "none", true, true },
};

static void test_reads(void **state)
{
    (void)state;
    const char *text =
        "{\"n\":42,\"neg\":-7,\"s\":\"1234567\",\"f\":1.5,\"w\":\"abc\",\"h\":1e300,\"e\":\"\","
        "\"d18\":\"999999999999999999\",\"d19\":\"9999999999999999999\",\"t\":true,"
        "\"T\":\"True\",\"one\":1,\"zero\":\"0\",\"n\":43}";
    cJSON *v = NULL;
    check_int("parses", json_parse(text, strlen(text), &v, NULL, 0), LOA_OK);
    for (size_t i = 0; i < sizeof int_cases / sizeof int_cases[0]; i++) {
        int64_t got = 0;
        check_int(int_cases[i].label, json_int(v, int_cases[i].key, &got), int_cases[i].ok);
        check_int(int_cases[i].label, got, int_cases[i].want);
    }
    for (size_t i = 0; i < sizeof bool_cases / sizeof bool_cases[0]; i++)
        check_int(bool_cases[i].label, json_bool_or(v, bool_cases[i].key, bool_cases[i].fallback),
                  bool_cases[i].want);
    check_str("string", json_str(v, "w"), "abc");
    check_str("not a string", json_str(v, "n"), NULL);
    check_str("fallback", json_str_or(v, "none", "x"), "x");
    check_str("names are case-sensitive", json_str(v, "W"), NULL);
    check_true("no object", json_get(json_get(v, "n"), "x") == NULL && json_get(NULL, "x") == NULL);
    cJSON_Delete(v);
}

static void test_print(void **state)
{
    (void)state;
    const char *text = "{\"a\":[1,2.5,true,null],\"b\":\"Hồ sơ \\\"x\\\"\\n\"}";
    cJSON *v = NULL;
    struct buf out = BUF_INIT(1000);
    check_int("parses", json_parse(text, strlen(text), &v, NULL, 0), LOA_OK);
    json_print(v, &out);
    check_str("compact, letters kept", buf_cstr(&out), text);
    buf_clear(&out);
    cJSON_Delete(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse), cmocka_unit_test(test_depth), cmocka_unit_test(test_many_values),
        cmocka_unit_test(test_place), cmocka_unit_test(test_reads), cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
