#include "check.h"
#include "loa/crypto.h"
#include "loa/hook_record.h"
#include <stdio.h>
#include <string.h>

static void signatures_are_those_of_the_standard(void **state)
{
    (void)state;
    static const char body[] = "{\"test\": 2432232314}"; /* the example of standardwebhooks.com */
    struct buf out = BUF_INIT(128);
    hook_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body,
              strlen(body), &out);
    check_str("signature", buf_cstr(&out), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    buf_clear(&out);
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool good;
    } cases[] = {
        { "https://dvc.tinh.vn/loa", true },
        { "https://dvc.tinh.vn:8443/a?b=c", true },
        { "http://dvc.tinh.vn/loa", false },
        { "http://127.0.0.1:9000/", true },
        { "http://localhost/x", true },
        { "http://[::1]:80/x", true },
        { "http://127.0.0.1.evil.vn/", false },
        { "http://localhost.evil.vn/", false },
        { "http://localhost@evil.vn/", false },
        { "https://a:b@dvc.tinh.vn/", false },
        { "ftp://127.0.0.1/", false },
        { "https://", false },
        { "https:///x", false },
        { "https://a b/", false },
        { "https://a/\r\nX: y", false },
        { "https://a/#x", false },
        { "http://127.0.0.1\\@evil.vn/", false },
        { "", false },
        { "http://[::1].evil.vn/", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_int(cases[i].url, hook_url_good(cases[i].url), cases[i].good);
}

static void secrets(void **state)
{
    (void)state;
    char made[HOOK_SECRET_SIZE], other[HOOK_SECRET_SIZE];
    hook_secret_make(made);
    hook_secret_make(other);
    check_true("a made one is good", hook_secret_good(made));
    check_true("two differ", strcmp(made, other) != 0);
    check_true("too short", !hook_secret_good("whsec_AAAA"));
    check_true("no prefix", !hook_secret_good(made + 6));
    check_true("not base64", !hook_secret_good("whsec_****************************************"));
    check_true("empty", !hook_secret_good("whsec_"));
}

static void a_record_survives_the_store(void **state)
{
    (void)state;
    char path[256];
    struct crypto *c = NULL;
    snprintf(path, sizeof path, "%s/master.key", check_tmpdir());
    check_int("key", crypto_open(path, &c), LOA_OK);
    struct hook_record h = { .url = "https://a.vn/\"x\"", .events = 5, .created_ms = 1790000000000 }, back;
    struct buf sealed = BUF_INIT(4096);
    hook_id_of(c, h.url, h.id);
    hook_secret_make(h.secret);
    hook_record_seal(c, &h, &sealed);
    check_true("the secret is not in clear",
               memmem(sealed.data, sealed.len, h.secret + 6, strlen(h.secret + 6)) == NULL);
    check_int("opens", hook_record_open(c, h.id, sealed.data, sealed.len, &back), LOA_OK);
    check_str("url", back.url, h.url);
    check_str("secret", back.secret, h.secret);
    check_int("events", back.events, 5);
    check_true("wants",
               hook_wants(&back, "delivered") && hook_wants(&back, "failed") && !hook_wants(&back, "seen"));
    check_int("not in another place", hook_record_open(c, "hk_other", sealed.data, sealed.len, &back),
              LOA_INVALID);
    buf_clear(&sealed);
    crypto_close(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_those_of_the_standard),
        cmocka_unit_test(addresses),
        cmocka_unit_test(secrets),
        cmocka_unit_test(a_record_survives_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
