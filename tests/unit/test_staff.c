/* Logins, roles, passwords, cookies, origins: the rules of the people who log in. */
#include "check.h"
#include "loa/crypto.h"
#include "loa/staff_rules.h"
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void test_roles(void **state)
{
    static const struct {
        const char *label, *words;
        unsigned want;
        const char *printed;
    } cases[] = {
        { "one", "officer", ROLE_OFFICER, "officer" },
        { "two, with a space", "lead, officer", ROLE_OFFICER | ROLE_LEAD, "officer,lead" },
        { "all", "officer,lead,editor,admin,author,approver,sender,viewer", 255,
          "officer,lead,editor,admin,author,approver,sender,viewer" },
        { "one unknown spoils all", "officer,king", 0, "" },
        { "half a word", "lea", 0, "" },
        { "none", "", 0, "" },
        { "commas", ",,", 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf out = BUF_INIT(200);
        check_int(cases[i].label, roles_from_words(cases[i].words), cases[i].want);
        roles_print(cases[i].want, &out);
        check_str(cases[i].label, buf_cstr(&out), cases[i].printed);
        buf_clear(&out);
    }
}

static void test_logins(void **state)
{
    static const struct {
        const char *label, *typed, *want;
    } cases[] = {
        { "plain", "lan.vo", "lan.vo" },
        { "capitals", "Lan_Vo-2", "lan_vo-2" },
        { "one letter", "a", NULL },
        { "empty", "", NULL },
        { "a digit first", "1lan", NULL },
        { "a colon, as in a cookie", "lan:x", NULL },
        { "a star, as in a key", "lan*", NULL },
        { "diacritics", "lân", NULL },
        { "a space", "lan vo", NULL },
        { "39 letters", "abcdefghijklmnopqrstuvwxyzabcdefghijklm",
          "abcdefghijklmnopqrstuvwxyzabcdefghijklm" },
        { "40 letters", "abcdefghijklmnopqrstuvwxyzabcdefghijklmn", NULL },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[STAFF_LOGIN_SIZE];
        bool good = staff_login_clean(cases[i].typed, out);
        check_str(cases[i].label, good ? out : NULL, cases[i].want);
    }
}

static void test_lists(void **state)
{
    static const struct {
        const char *label, *typed, *want;
    } cases[] = {
        { "two", "mot-cua, dat_dai", "mot-cua,dat_dai" },
        { "none", "", "" },
        { "as units are called", "H27", "H27" },
        { "empty ones", ",a,,b,", "a,b" },
        { "an odd sign", "a;b", NULL },
        { "too long", "abcdefghijklmnop", NULL },
        { "just fits", "abcdefghijklmno", "abcdefghijklmno" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[16];
        bool good = staff_list_clean(cases[i].typed, out, sizeof out);
        check_str(cases[i].label, good ? out : NULL, cases[i].want);
    }
}

static void test_passwords(void **state)
{
    static const struct {
        const char *label, *password;
        bool good;
    } cases[] = {
        { "a short sentence", "con cò bay lả", true },
        { "ten letters", "Tr3nD0ng#9", true },
        { "nine letters", "Tr3nD0ng#", false },
        { "nine letters of many bytes", "ởởửửừừợợệ", false },
        { "one of the commonest", "motcua@1234", false },
        { "the same in capitals", "MotCua@1234", false },
        { "the last line of the list", "matkhau123", false },
        { "the login in it", "xin-lan.vo-chao", false },
        { "ten times one letter", "aaaaaaaaaa", false },
        { "three letters", "abcabcabcabc", false },
        { "broken UTF-8", "abcdefghijkl\xff", false },
    };
    char long_one[PASSWORD_MAX_BYTES + 2];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_true(cases[i].label,
                   (password_fault(cases[i].password, "lan.vo", "1234567890\r\nmotcua@1234\n\nmatkhau123") ==
                    NULL) == cases[i].good);
    for (size_t i = 0; i <= PASSWORD_MAX_BYTES; i++)
        long_one[i] = (char)('a' + i % 20);
    long_one[PASSWORD_MAX_BYTES + 1] = '\0';
    check_true("too long", password_fault(long_one, "lan.vo", "") != NULL);
    long_one[PASSWORD_MAX_BYTES] = '\0';
    check_true("as long as can be", password_fault(long_one, "lan.vo", "") == NULL);
}

static void test_the_list_of_the_commonest(void **state)
{
    struct buf text = BUF_INIT(65536);
    (void)state;
    check_int("read", buf_read_file(&text, check_path("templates/policy/passwords.txt")), LOA_OK);
    check_true("Vietnamese ones too", password_fault("matkhau123456", "x", buf_cstr(&text)) != NULL);
    buf_clear(&text);
}

static void test_cookies(void **state)
{
    static const struct {
        const char *label, *header, *want;
    } cases[] = {
        { "alone", "loa=abc", "abc" },
        { "among others", "a=1; loa=abc; b=2", "abc" },
        { "no space", "a=1;loa=abc", "abc" },
        { "a longer name", "xloa=no; loax=no", NULL },
        { "its name in another's value", "a=loa=no", NULL },
        { "empty", "loa=", "" },
        { "no sign", "loa", NULL },
        { "nothing", "", NULL },
        { "no header", NULL, NULL },
        { "too long", "loa=123456789", NULL },
        { "the first of two", "loa=1; loa=2", "1" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[9];
        bool found = cookie_value(cases[i].header, "loa", out, sizeof out);
        check_str(cases[i].label, found ? out : NULL, cases[i].want);
    }
}

static void test_origins(void **state)
{
    static const struct {
        const char *label, *origin, *host, *public_url;
        bool want;
    } cases[] = {
        { "where the browser went", "http://127.0.0.1:8080", "127.0.0.1:8080", "https://loa.example.vn",
          true },
        { "the public address", "https://loa.example.vn", "inner:8080", "https://loa.example.vn", true },
        { "with a path", "https://loa.example.vn", "inner:8080", "https://loa.example.vn/x", true },
        { "capitals", "https://LOA.example.vn", "loa.example.vn", "", true },
        { "another host", "https://evil.example", "loa.example.vn", "https://loa.example.vn", false },
        { "ours as a beginning", "https://loa.example.vn.evil.example", "loa.example.vn",
          "https://loa.example.vn", false },
        { "another port", "https://loa.example.vn:444", "loa.example.vn", "https://loa.example.vn", false },
        { "another scheme of the public address", "http://loa.example.vn", "inner", "https://loa.example.vn",
          false },
        { "a sandboxed frame", "null", "loa.example.vn", "https://loa.example.vn", false },
        { "no host", "https://a.vn", NULL, "https://loa.example.vn", false },
        { "nothing", "", "loa.example.vn", "", false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_int(cases[i].label, origin_is_ours(cases[i].origin, cases[i].host, cases[i].public_url),
                  cases[i].want);
}

static void test_hashes(void **state)
{
    char one[CRYPTO_PASSWORD_HASH], two[CRYPTO_PASSWORD_HASH];
    struct crypto *c = NULL;
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s/key", check_tmpdir());
    check_int("open", crypto_open(path, &c), LOA_OK);
    check_true("made",
               crypto_password_hash("con cò bay lả", one) && crypto_password_hash("con cò bay lả", two));
    check_true("argon2id", strncmp(one, "$argon2id$", 10) == 0);
    check_true("never the same twice", strcmp(one, two) != 0);
    check_true("the right one", crypto_password_check(one, "con cò bay lả"));
    check_true("another", !crypto_password_check(one, "con cò bay la"));
    check_true("the empty one", !crypto_password_check(one, ""));
    check_true("nobody's", !crypto_password_check(NULL, "con cò bay lả") && !crypto_password_check("", ""));
    check_true("no hash at all", !crypto_password_check("nonsense", "nonsense"));
    crypto_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles),   cmocka_unit_test(test_logins),
        cmocka_unit_test(test_lists),   cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_cookies), cmocka_unit_test(test_the_list_of_the_commonest),
        cmocka_unit_test(test_origins), cmocka_unit_test(test_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
