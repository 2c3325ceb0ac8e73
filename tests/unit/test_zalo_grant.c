/* Answers of the token endpoint, and the record of the pair. */
#include "check.h"
#include "loa/zalo_oauth.h"
#include <string.h>

static void answers(void **state)
{
    static const struct {
        const char *label;
        int status;
        const char *body;
        enum zalo_grant grant;
        int64_t life_ms;
        const char *code;
    } cases[] = {
        { "life as a string", 200,
          "{\"access_token\":\"A2\",\"refresh_token\":\"R2\",\"expires_in\":\"90000\"}", ZALO_GRANTED,
          90000000, "" },
        { "life as a number", 200, "{\"access_token\":\"A2\",\"refresh_token\":\"R2\",\"expires_in\":90000}",
          ZALO_GRANTED, 90000000, "" },
        { "no life told", 200, "{\"access_token\":\"A2\",\"refresh_token\":\"R2\"}", ZALO_GRANTED,
          ZALO_TOKEN_LIFE_MS, "" },
        { "senseless life", 200, "{\"access_token\":\"A2\",\"refresh_token\":\"R2\",\"expires_in\":-5}",
          ZALO_GRANTED, ZALO_TOKEN_LIFE_MS, "" },
        { "refused with 200", 200,
          "{\"error_name\":\"Invalid refresh token\",\"error_description\":\"x\",\"ref_doc\":\"y\"}",
          ZALO_GRANT_REFUSED, 0, "Invalid refresh token" },
        { "refused by number", 400, "{\"error\":-14014,\"error_name\":\"Invalid refresh token\"}",
          ZALO_GRANT_REFUSED, 0, "-14014" },
        { "one token is no pair", 200, "{\"access_token\":\"A2\",\"expires_in\":\"90000\"}",
          ZALO_GRANT_REFUSED, 0, "" },
        { "empty token", 200, "{\"access_token\":\"\",\"refresh_token\":\"R2\"}", ZALO_GRANT_REFUSED, 0, "" },
        { "a token that would break a header", 200,
          "{\"access_token\":\"A\\r\\nx: y\",\"refresh_token\":\"R2\"}", ZALO_GRANT_REFUSED, 0, "" },
        { "too many calls", 200, "{\"error\":-32,\"message\":\"x\"}", ZALO_GRANT_LATER, 0, "-32" },
        { "too many calls by status", 429, "{\"error_name\":\"x\"}", ZALO_GRANT_LATER, 0, "x" },
        { "their trouble", 500, "{\"error\":-1}", ZALO_GRANT_LATER, 0, "-1" },
        { "a proxy's page", 200, "<html>login</html>", ZALO_GRANT_LATER, 0, "" },
        { "empty", 502, "", ZALO_GRANT_LATER, 0, "" },
        { "a list", 200, "[]", ZALO_GRANT_LATER, 0, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zalo_pair pair = { .access = "A1", .refresh = "R1", .life_ms = 1 };
        char code[64];
        enum zalo_grant got =
            zalo_grant_read(cases[i].status, cases[i].body, strlen(cases[i].body), &pair, code, sizeof code);
        check_int(cases[i].label, got, cases[i].grant);
        check_str(cases[i].label, code, cases[i].code);
        check_str(cases[i].label, pair.access, got == ZALO_GRANTED ? "A2" : "A1");
        check_str(cases[i].label, pair.refresh, got == ZALO_GRANTED ? "R2" : "R1");
        check_int(cases[i].label, pair.life_ms, got == ZALO_GRANTED ? cases[i].life_ms : 1);
    }
}

static void record(void **state)
{
    struct zalo_token_record in = { .pair = { .access = "A\"1", .refresh = "R1", .life_ms = 90000000 },
                                    .obtained_ms = 1795000000000,
                                    .generation = 7,
                                    .state = ZALO_TOKEN_REFRESHING,
                                    .since_ms = 1795000000001,
                                    .seed = { "0123456789abcdef", "fedcba9876543210" } },
                             out;
    struct buf text = BUF_INIT(8192);
    (void)state;
    zalo_token_record_print(&in, &text);
    memset(&out, 0, sizeof out);
    check_int("parses", zalo_token_record_parse(buf_cstr(&text), text.len, &out), LOA_OK);
    check_str("access", out.pair.access, in.pair.access);
    check_str("refresh", out.pair.refresh, in.pair.refresh);
    check_int("life", out.pair.life_ms, in.pair.life_ms);
    check_int("obtained", out.obtained_ms, in.obtained_ms);
    check_int("generation", out.generation, 7);
    check_int("state", out.state, ZALO_TOKEN_REFRESHING);
    check_int("since", out.since_ms, in.since_ms);
    check_str("seed", out.seed[0], in.seed[0]);
    check_str("older seed", out.seed[1], in.seed[1]);
    check_str("no more", out.seed[2], "");
    check_int("torn", zalo_token_record_parse(buf_cstr(&text), text.len - 3, &out), LOA_INVALID);
    check_int("something else", zalo_token_record_parse("{}", 2, &out), LOA_INVALID);
    buf_clear(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
