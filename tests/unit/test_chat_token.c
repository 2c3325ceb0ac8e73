/* Tokens of anonymous visitors of the chat: each is its own conversation, and none can be made up. */
#include "check.h"
#include "loa/chat.h"
#include "loa/citizen.h"
#include <stdio.h>
#include <string.h>

static struct crypto *open_key(const char *name)
{
    char path[256];
    struct crypto *c = NULL;
    snprintf(path, sizeof path, "%s/%s", check_tmpdir(), name);
    check_int("key", crypto_open(path, &c), LOA_OK);
    return c;
}

static void a_token_names_one_conversation(void **state)
{
    (void)state;
    struct crypto *c = open_key("a"), *other = open_key("b");
    char token[CHAT_TOKEN_SIZE], second[CHAT_TOKEN_SIZE];
    char cid[CRYPTO_KEY_HEX], again[CRYPTO_KEY_HEX] = "", another[CRYPTO_KEY_HEX];
    chat_token_new(c, token, cid);
    chat_token_new(c, second, another);
    check_int("cid", (long long)strlen(cid), CRYPTO_KEY_HEX - 1);
    check_true("no two are alike", strcmp(token, second) != 0 && strcmp(cid, another) != 0);
    check_true("good", chat_token_check(c, token, again));
    check_str("the same conversation", again, cid);
    check_true("another key made it", !chat_token_check(other, token, again));
    check_true("the conversation is not in the token", strstr(token, cid) == NULL);
    crypto_close(c);
    crypto_close(other);
}

static void nothing_in_it_can_be_changed(void **state)
{
    (void)state;
    struct crypto *c = open_key("a");
    char token[CHAT_TOKEN_SIZE], cid[CRYPTO_KEY_HEX], got[CRYPTO_KEY_HEX] = "untouched";
    chat_token_new(c, token, cid);
    for (size_t i = 0; token[i] != '\0'; i++) {
        char was = token[i];
        token[i] = was == '0' ? '1' : '0';
        check_true("one letter changed", !chat_token_check(c, token, got));
        token[i] = was;
    }
    check_str("nothing was written", got, "untouched");
    token[strlen(token) - 1] = '\0';
    check_true("one letter short", !chat_token_check(c, token, got));
    crypto_close(c);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "",
                                         "w1.",
                                         "w1",
                                         "x",
                                         "w1..",
                                         "null",
                                         "{}",
                                         "w1.00000000000000000000000000000000."
                                         "0000000000000000000000000000000000000000" };
    struct crypto *c = open_key("a");
    char cid[CRYPTO_KEY_HEX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_true(cases[i], !chat_token_check(c, cases[i], cid));
    check_true("10 kB", !chat_token_check(c, check_repeat("w1.", 3000), cid));
    crypto_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_names_one_conversation),
        cmocka_unit_test(nothing_in_it_can_be_changed),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
