#include "check.h"
#include "loa/unsubscribe.h"
#include <stdio.h>
#include <string.h>

static const char ckey[] = "0123456789abcdef0123456789abcdef01234567";

static struct crypto *open_key(const char *name)
{
    char path[256];
    struct crypto *c = NULL;
    snprintf(path, sizeof path, "%s/%s", check_tmpdir(), name);
    check_int("key", crypto_open(path, &c), LOA_OK);
    return c;
}

static void a_token_says_who_and_which_channel(void **state)
{
    (void)state;
    struct crypto *c = open_key("a"), *other = open_key("b");
    struct buf token = BUF_INIT(128);
    char who[CRYPTO_KEY_HEX] = "";
    enum channel ch = CH_PORTAL;
    unsubscribe_token(c, ckey, CH_EMAIL, &token);
    check_int("short enough for a mail", token.len, 44);
    check_int("read", unsubscribe_read(c, buf_cstr(&token), who, &ch), LOA_OK);
    check_str("who", who, ckey);
    check_int("channel", ch, CH_EMAIL);
    check_int("another key", unsubscribe_read(other, buf_cstr(&token), who, &ch), LOA_INVALID);
    for (size_t i = 0; i < token.len; i++) { /* the first bits of every letter count */
        char was = token.data[i];
        token.data[i] = was == 'A' ? 'B' : 'A';
        check_int("one letter changed", unsubscribe_read(c, token.data, who, &ch), LOA_INVALID);
        token.data[i] = was;
    }
    buf_clear(&token);
    crypto_close(c);
    crypto_close(other);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "", "x", "!!!!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
    struct crypto *c = open_key("a");
    char who[CRYPTO_KEY_HEX];
    enum channel ch;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_int(cases[i], unsubscribe_read(c, cases[i], who, &ch), LOA_INVALID);
    check_int("long", unsubscribe_read(c, check_repeat("A", 4000), who, &ch), LOA_INVALID);
    crypto_close(c);
}

static void only_optional_messages_offer_it(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        struct status_rule rule;
        bool offered;
    } cases[] = {
        { "optional", { .statutory = false, .action = false }, true },
        { "statutory", { .statutory = true }, false },
        { "asks for an action", { .action = true }, false },
    };
    struct crypto *c = open_key("a");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct params p;
        params_init(&p);
        unsubscribe_param(&p, &cases[i].rule, c, "https://loa.tinh.gov.vn", ckey);
        const char *link = params_get(&p, "unsubscribe_link");
        check_int(cases[i].label, link != NULL, cases[i].offered);
        check_true(cases[i].label, link == NULL || strncmp(link, "https://loa.tinh.gov.vn/u/", 26) == 0);
        params_clear(&p);
    }
    check_true("no rule", !unsubscribe_offered(NULL));
    crypto_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_says_who_and_which_channel),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(only_optional_messages_offer_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
