/* Known answers for the four computations of the Zalo platform. */
#include "check.h"
#include "loa/zalo_sign.h"
#include <string.h>

#define APP_ID    "1234567890123456789"
#define OA_SECRET "OA_SECRET_EXAMPLE_0001"

static const char text_body[] =
    "{\"app_id\":\"1234567890123456789\",\"sender\":{\"id\":\"1111111111111111111\"},\"recipient\":{\"id\":"
    "\"2222222222222222222\"},\"event_name\":\"user_send_text\",\"message\":{\"text\":\"Xin chào\",\"msg_id\":"
    "\"m-001\"},\"timestamp\":\"1700000000000\"}";
static const char escaped_body[] =
    "{\"app_id\":\"1234567890123456789\",\"sender\":{\"id\":\"1111111111111111111\"},\"recipient\":{\"id\":"
    "\"2222222222222222222\"},\"event_name\":\"user_send_text\",\"message\":{\"text\":\"Xin ch\\u00e0o\","
    "\"msg_id\":\"m-001\"},\"timestamp\":\"1700000000000\"}";
static const char quota_body[] =
    "{\"oaId\":\"2222222222222222222\",\"app_id\":\"1234567890123456789\",\"event_name\":\"change_oa_daily_"
    "quota\",\"quota\":{\"prev_value\":1000,\"new_value\":500},\"timestamp\":\"1700000000001\"}";

static void signatures(void **state)
{
    static const struct {
        const char *label, *body;
        size_t bytes;
        const char *timestamp, *want;
    } cases[] = {
        { "UTF-8 text", text_body, 217, "1700000000000",
          "32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b" },
        { "the same text escaped signs differently: raw bytes matter", escaped_body, 221, "1700000000000",
          "4e3af5c6a789294142e28a8fe5702979ef9a39490d0d77e98b316e7188a28024" },
        { "quota event", quota_body, 170, "1700000000001",
          "97ea9ab214b8cc979bd6aea6f3bb075d8fc48026a2332a246030c8fee4a334f6" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char got[ZALO_HEX];
        check_int(cases[i].label, (long long)strlen(cases[i].body), (long long)cases[i].bytes);
        zalo_signature(APP_ID, cases[i].body, strlen(cases[i].body), cases[i].timestamp, OA_SECRET, got);
        check_str(cases[i].label, got, cases[i].want);
    }
}

static void header_forms(void **state)
{
    static const char mac[ZALO_HEX] = "32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b";
    static const struct {
        const char *label, *header;
        bool want;
    } cases[] = {
        { "as on the wire", "mac=32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b", true },
        { "without prefix", "32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b", true },
        { "upper case", "MAC=32A97ED79EB215866195A226A1157E43B71364EEB7544BDABA395EDEDC44CC0B", true },
        { "last digit differs", "mac=32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0c",
          false },
        { "too short", "mac=32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0", false },
        { "too long", "mac=32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b0", false },
        { "prefix only", "mac=", false },
        { "empty", "", false },
        { "missing", NULL, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_int(cases[i].label, zalo_signature_is(cases[i].header, mac), cases[i].want);
}

static void small_hashes(void **state)
{
    char hex[ZALO_HEX], challenge[44];
    (void)state;
    zalo_hash_phone("84987654321", hex);
    check_str("hashed phone", hex, "116ce31ae9170769b075a11dedca1198f41d30318334919fb90917e9c617b438");
    zalo_pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge);
    check_str("PKCE challenge", challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    zalo_appsecret_proof("APP_SECRET_EXAMPLE", "ACCESS_TOKEN_EXAMPLE", hex);
    check_str("app secret proof", hex, "49c1202df03dc20d6cdc1b60e23386f8ea71888d41ed6b90776d180638ae8d0b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures),
        cmocka_unit_test(header_forms),
        cmocka_unit_test(small_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
