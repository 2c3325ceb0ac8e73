#include "check.h"
#include "loa/mail_address.h"
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
    const char *label, *in, *want;
    bool smtputf8;
    const char *why; /* a word of it */
} cases[] = {
    { "plain", "dan.nguyen@example.vn", "dan.nguyen@example.vn", false, NULL },
    { "tag and case of the local part stay", "Dan+hoso@Example.VN", "Dan+hoso@example.vn", false, NULL },
    { "spaces around", "  a@example.vn ", "a@example.vn", false, NULL },
    { "Vietnamese domain", "ok@hồsơ.vn", "ok@xn--hs-3ya8001a.vn", false, NULL },
    { "the same decomposed", "ok@ho\u0302\u0300so\u031b.vn", "ok@xn--hs-3ya8001a.vn", false, NULL },
    { "already ASCII", "ok@xn--hs-3ya8001a.vn", "ok@xn--hs-3ya8001a.vn", false, NULL },
    { "Vietnamese local part", "nguyễn@x.vn", "nguyễn@x.vn", true, NULL },
    { "the same decomposed", "nguye\u0302\u0303n@x.vn", "nguyễn@x.vn", true, NULL },
    { "full-width dot in the domain", "a@example．vn", "a@example.vn", false, NULL },
    { "64 bytes before the @", A64 "@x.vn", A64 "@x.vn", false, NULL },
    { "65 bytes before the @", A64 "a@x.vn", "", false, "64" },
    { "label of 63", "a@" A63 ".vn", "a@" A63 ".vn", false, NULL },
    { "label of 64", "a@" A64 ".vn", "", false, "domain" },
    { "254 bytes", A64 "@" A63 "." A63 "." A63 ".vn", "", false, "" },
    { "SMTP injection", "b@x.vn>\r\nRCPT TO:<evil@x.vn", "", false, "control" },
    { "header injection", "b@x.vn\nBcc: evil@x.vn", "", false, "control" },
    { "line end after", "b@x.vn\n", "", false, "control" },
    { "tab", "b@x.vn\t", "", false, "control" },
    { "angle brackets", "<b@x.vn>", "", false, "before the @" },
    { "bracket after", "b@x.vn>", "", false, "host name" },
    { "two", "a@x.vn,b@x.vn", "", false, "more than one" },
    { "inner space", "a b@x.vn", "", false, "space" },
    { "hard space",
      "a\u00a0"
      "b@x.vn",
      "", false, "space" },
    { "bidi override",
      "a\u202e"
      "b@x.vn",
      "", false, "control" },
    { "zero width", "a\u200b@x.vn", "", false, "control" },
    { "C1 control", "a\xc2\x85@x.vn", "", false, "control" },
    { "wrong bytes", "a\xff@x.vn", "", false, "UTF-8" },
    { "quoted local part", "\"a b\"@x.vn", "", false, "space" },
    { "quotes", "\"a\"@x.vn", "", false, "not allowed" },
    { "source route", "@relay.vn:b@x.vn", "", false, "more than one" },
    { "percent route", "b%x.vn@relay.vn", "", false, "not allowed" },
    { "bang route", "relay!b@x.vn", "", false, "not allowed" },
    { "comment", "b(c)@x.vn", "", false, "not allowed" },
    { "address literal", "b@[127.0.0.1]", "", false, "host name" },
    { "bare number", "b@127.0.0.1", "", false, "host name" },
    { "no dot", "b@localhost", "", false, "host name" },
    { "dot at the end", "b@x.vn.", "", false, "host name" },
    { "dot at the start", "b@.x.vn", "", false, "host name" },
    { "two dots", "b@x..vn", "", false, "host name" },
    { "hyphen at the start", "b@-x.vn", "", false, "host name" },
    { "underscore", "b@a_b.vn", "", false, "host name" },
    { "a slash made by mapping", "b@℀.vn", "", false, "host name" },
    { "local dots", "a..b@x.vn", "", false, "dot" },
    { "leading dot", ".a@x.vn", "", false, "dot" },
    { "nothing before", "@x.vn", "", false, "nothing" },
    { "nothing after", "a@", "", false, "host name" },
    { "no @", "abc", "", false, "no @" },
    { "empty", "", "", false, "empty" },
    { "only spaces", "   ", "", false, "empty" },
};

static void check_all(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mail_address m = mail_address_parse(cases[i].in, strlen(cases[i].in));
        check_str(cases[i].label, m.address, cases[i].want);
        check_int(cases[i].label, m.needs_smtputf8, cases[i].smtputf8);
        check_int(cases[i].label, m.why != NULL, cases[i].why != NULL);
        if (m.why != NULL && strstr(m.why, cases[i].why) == NULL)
            check_str(cases[i].label, m.why, cases[i].why);
    }
}

static void test_parse(void **state)
{
    (void)state;
    setlocale(LC_ALL, "C");
    check_all();
    setlocale(LC_ALL, "C.UTF-8");
    check_all();
}

static void test_lengths(void **state)
{
    (void)state;
    char in[300];
    for (int spare = 0; spare <= 1; spare++) { /* 254 and 255 bytes */
        snprintf(in, sizeof in, "%s@%s.%s.%.*s.vn", A64, A63, A63, 58 + spare, A63);
        struct mail_address m = mail_address_parse(in, strlen(in));
        check_str("254 bytes fit, 255 do not", m.address, spare == 0 ? in : "");
    }
    struct mail_address m = mail_address_parse("a@x.vn\0b", 8);
    check_str("NUL", m.address, "");
    char *huge = malloc(1 << 20);
    memset(huge, 'a', 1 << 20);
    m = mail_address_parse(huge, 1 << 20);
    check_str("a megabyte", m.address, "");
    free(huge);
}

static void test_mask(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } masks[] = {
        { "nguyen@example.vn", "n***@example.vn" },
        { "đan@x.vn", "đ***@x.vn" },
        { "@x.vn", "***@x.vn" },
        { "abc", "***" },
        { "", "***" },
    };
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        char out[64];
        mail_address_mask(masks[i].in, out, sizeof out);
        check_str(masks[i].in, out, masks[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_lengths),
                                        cmocka_unit_test(test_mask) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
