#include "check.h"
#include "loa/email_verp.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DOMAIN "bounce.haiphong.gov.vn"

static struct crypto *keys(const char *name)
{
    struct crypto *c = NULL;
    char path[300];

    snprintf(path, sizeof path, "%s/%s", check_tmpdir(), name);
    check_int("key", crypto_open(path, &c), LOA_OK);
    return c;
}

static void round_trip(void **state)
{
    static const char *const refs[] = { "a", "07ab12cd34ef56ab78cd90s1t01",
                                        "012345678901234567890123456789012345678" };
    struct crypto *c = keys("one");

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char address[EMAIL_VERP_MAX], ref[40];
        check_int(refs[i], email_verp_make(c, refs[i], DOMAIN, address), LOA_OK);
        check_true("local part of at most 64", strchr(address, '@') - address <= 64);
        check_int(refs[i], email_verp_parse(c, address, DOMAIN, ref), LOA_OK);
        check_str(refs[i], ref, refs[i]);

        for (char *p = address; *p != '\0'; p++) /* as some mail systems write it */
            *p = (char)toupper((unsigned char)*p);
        check_int("in capitals", email_verp_parse(c, address, DOMAIN, ref), LOA_OK);
        check_str("in capitals", ref, refs[i]);
    }
    crypto_close(c);
}

static void bad_refs(void **state)
{
    static const char *const refs[] = { "",    "Abc",    "a b",
                                        "a@b", "a\r\nb", "0123456789012345678901234567890123456789" };
    struct crypto *c = keys("one");
    char address[EMAIL_VERP_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof refs / sizeof refs[0]; i++)
        check_int(refs[i], email_verp_make(c, refs[i], DOMAIN, address), LOA_INVALID);
    crypto_close(c);
}

static void forgeries(void **state)
{
    struct crypto *c = keys("one"), *other = keys("two");
    char address[EMAIL_VERP_MAX], ref[40] = "untouched";

    (void)state;
    email_verp_make(other, "abc123", DOMAIN, address);
    check_int("another key", email_verp_parse(c, address, DOMAIN, ref), LOA_DENIED);

    email_verp_make(c, "abc123", DOMAIN, address);
    for (size_t i = 2; address[i] != '@'; i++) {
        char right = address[i];
        address[i] = right == 'a' ? 'b' : 'a';
        check_int("one letter changed", email_verp_parse(c, address, DOMAIN, ref), LOA_DENIED);
        address[i] = right;
    }
    check_str("no ref comes out", ref, "untouched");
    crypto_close(c);
    crypto_close(other);
}

static void other_addresses(void **state)
{
    static const char *const addresses[] = {
        "",
        "b+",
        "b+@" DOMAIN,
        "b+0123456789abcdef@" DOMAIN,
        "abc@" DOMAIN,
        "b+abc0123456789abcdef@elsewhere.vn",
        "b+abc0123456789abcdef",
        "b+ab c0123456789abcdef@" DOMAIN,
        "b+a.bc0123456789abcdef@" DOMAIN,
        "b+0123456789012345678901234567890123456789012345678901234567890123456789@" DOMAIN,
        "b+abc0123456789abcdef@" DOMAIN "@" DOMAIN,
    };
    struct crypto *c = keys("one");
    char ref[40];

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        check_int(addresses[i], email_verp_parse(c, addresses[i], DOMAIN, ref), LOA_INVALID);
    crypto_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(bad_refs),
        cmocka_unit_test(forgeries),
        cmocka_unit_test(other_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
