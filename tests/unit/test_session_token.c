/* Session tokens of the portal: who is let in, and every old trick that must not work. */
#include "check.h"
#include "loa/buf.h"
#include "loa/session_token.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW_S  1790000000LL
#define HS256  "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

static void add_base64(struct buf *out, const void *data, size_t len)
{
    char text[8192];
    sodium_bin2base64(text, sizeof text, data, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_str(out, text);
}

/* head.claims.HMAC-SHA256, whatever the head says. */
static void make(struct buf *out, const char *head, const char *claims, const char *secret)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    add_base64(out, head, strlen(head));
    buf_str(out, ".");
    add_base64(out, claims, strlen(claims));
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)out->data, out->len);
    crypto_auth_hmacsha256_final(&state, mac);
    buf_str(out, ".");
    add_base64(out, mac, sizeof mac);
}

/* %lld in the claims stands for the end of the token, `life_s` from now. */
static const struct {
    const char *label, *head, *claims, *secret;
    long long life_s;
    const char *want; /* subject; NULL: refused */
} cases[] = {
    { "a citizen's number", HS256, "{\"sub\":\"cccd:042085000101\",\"exp\":%lld}", SECRET, 600,
      "cccd:042085000101" },
    { "a phone", HS256, "{\"sub\":\"phone:84912000101\",\"exp\":%lld}", SECRET, 3600, "phone:84912000101" },
    { "other claims do not matter", HS256, "{\"iss\":\"x\",\"sub\":\"cccd:1\",\"exp\":%lld,\"a\":[{}]}",
      SECRET, 60, "cccd:1" },
    { "ended 29 s ago by our clock", HS256, "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, -29, "cccd:1" },
    { "ended 30 s ago", HS256, "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, -30, NULL },
    { "longer than an hour", HS256, "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, 3631, NULL },
    { "for ever", HS256, "{\"sub\":\"cccd:1\",\"exp\":9223372036854775807}", SECRET, 0, NULL },
    { "ended before time began", HS256, "{\"sub\":\"cccd:1\",\"exp\":-9223372036854775808}", SECRET, 0,
      NULL },
    { "no end", HS256, "{\"sub\":\"cccd:1\"}", SECRET, 0, NULL },
    { "the end is a string", HS256, "{\"sub\":\"cccd:1\",\"exp\":\"1790000600\"}", SECRET, 0, NULL },
    { "the end is no whole number", HS256, "{\"sub\":\"cccd:1\",\"exp\":1790000600.5}", SECRET, 0, NULL },
    { "another secret", HS256, "{\"sub\":\"cccd:1\",\"exp\":%lld}", "fedcba9876543210fedcba9876543210", 600,
      NULL },
    { "alg none", "{\"alg\":\"none\"}", "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, 600, NULL },
    { "alg None", "{\"alg\":\"None\"}", "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, 600, NULL },
    { "alg RS256", "{\"alg\":\"RS256\"}", "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, 600, NULL },
    { "alg HS512 over our MAC", "{\"alg\":\"HS512\"}", "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, 600,
      NULL },
    { "no alg", "{\"typ\":\"JWT\"}", "{\"sub\":\"cccd:1\",\"exp\":%lld}", SECRET, 600, NULL },
    { "a mail address does not log in", HS256, "{\"sub\":\"email:a@example.vn\",\"exp\":%lld}", SECRET, 600,
      NULL },
    { "no kind", HS256, "{\"sub\":\"042085000101\",\"exp\":%lld}", SECRET, 600, NULL },
    { "no subject", HS256, "{\"exp\":%lld}", SECRET, 600, NULL },
    { "the subject is a number", HS256, "{\"sub\":42,\"exp\":%lld}", SECRET, 600, NULL },
    { "claims are a list", HS256, "[1]", SECRET, 0, NULL },
    { "claims are no JSON", HS256, "{\"sub\":", SECRET, 0, NULL },
};

static void test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf token = BUF_INIT(8192), claims = BUF_INIT(1024);
        struct session s = { 0 };
        const char *mark = strstr(cases[i].claims, "%lld");
        buf_add(&claims, cases[i].claims, mark ? (size_t)(mark - cases[i].claims) : strlen(cases[i].claims));
        if (mark != NULL)
            buf_printf(&claims, "%lld%s", NOW_S + cases[i].life_s, mark + 4);
        make(&token, cases[i].head, buf_cstr(&claims), cases[i].secret);
        enum loa_status st = session_token_verify(buf_cstr(&token), SECRET, NOW_S * 1000, &s);
        check_str(cases[i].label, st == LOA_OK ? s.subject : NULL, cases[i].want);
        if (st == LOA_OK)
            check_int(cases[i].label, s.expires_ms, (NOW_S + cases[i].life_s + 30) * 1000);
        buf_clear(&token);
        buf_clear(&claims);
    }
}

static void refused(const char *label, const char *token, const char *secret)
{
    struct session s;
    check_int(label, session_token_verify(token, secret, NOW_S * 1000, &s), LOA_DENIED);
}

static void test_broken(void **state)
{
    (void)state;
    struct buf good = BUF_INIT(8192), bad = BUF_INIT(8192);
    make(&good, HS256, "{\"sub\":\"cccd:1\",\"exp\":1790000600}", SECRET);
    refused("no secret is set", buf_cstr(&good), "");
    refused("empty", "", SECRET);
    refused("dots", "..", SECRET);
    refused("one part", "abc", SECRET);
    buf_add(&bad, good.data, (size_t)(strrchr(buf_cstr(&good), '.') - buf_cstr(&good) + 1));
    refused("the signature is cut off", buf_cstr(&bad), SECRET);
    bad.len = 0;
    buf_add(&bad, good.data, good.len);
    bad.data[bad.len / 2] = bad.data[bad.len / 2] == 'A' ? 'B' : 'A';
    refused("one letter changed", buf_cstr(&bad), SECRET);
    bad.len = 0;
    char claims[2200];
    snprintf(claims, sizeof claims, "{\"sub\":\"cccd:1\",\"exp\":1790000600,\"x\":\"%s\"}",
             check_repeat("a", 2000));
    make(&bad, HS256, claims, SECRET);
    refused("too long", buf_cstr(&bad), SECRET);
    buf_clear(&good);
    buf_clear(&bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_tokens), cmocka_unit_test(test_broken) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
