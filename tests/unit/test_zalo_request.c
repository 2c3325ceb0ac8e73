/* The calls of the Zalo platform as they go on the wire. */
#include "check.h"
#include "loa/zalo_request.h"
#include <string.h>

#define NFD_NAME "Nguye\xcc\x82\xcc\x83n Thi\xcc\xa3 Hoa\xcc\x80ng Anh"
#define NFC_NAME "Nguyễn Thị Hoàng Anh"

static const char buttons_5[] =
    "[{\"title\":\"1\",\"type\":\"oa.query.hide\",\"payload\":\"#a\"},{\"title\":\"2\",\"type\":\"oa.query.show\","
    "\"payload\":\"#a\"},{\"title\":\"3\",\"type\":\"oa.open.url\",\"payload\":{\"url\":\"https://a.vn\"}},{"
    "\"title\":\"4\",\"type\":\"oa.open.sms\",\"payload\":{\"phone_code\":\"84912345678\",\"content\":\"x\"}},{"
    "\"title\":\"5\",\"type\":\"oa.open.phone\",\"payload\":{\"phone_code\":\"84912345678\"}}]";
static const char buttons_6[] =
    "[{\"title\":\"1\",\"type\":\"oa.query.hide\",\"payload\":\"#\"},{\"title\":\"2\",\"type\":\"oa.query.hide\","
    "\"payload\":\"#\"},{\"title\":\"3\",\"type\":\"oa.query.hide\",\"payload\":\"#\"},{\"title\":\"4\",\"type\":"
    "\"oa.query.hide\",\"payload\":\"#\"},{\"title\":\"5\",\"type\":\"oa.query.hide\",\"payload\":\"#\"},{"
    "\"title\":\"6\",\"type\":\"oa.query.hide\",\"payload\":\"#\"}]";

static void texts(void **state)
{
    static const struct {
        const char *label, *user, *text, *extras, *fault, *body;
    } cases[] = {
        { "plain", "1111111111111111111", "Xin chào", NULL, NULL,
          "{\"recipient\":{\"user_id\":\"1111111111111111111\"},\"message\":{\"text\":\"Xin chào\"}}" },
        { "decomposed letters become one", "77", NFD_NAME, NULL, NULL,
          "{\"recipient\":{\"user_id\":\"77\"},\"message\":{\"text\":\"" NFC_NAME "\"}}" },
        { "one button, without template_type", "77", "Chọn",
          "[{\"title\":\"Tra cứu\",\"type\":\"oa.query.hide\",\"payload\":\"#tc\"}]", NULL,
          "{\"recipient\":{\"user_id\":\"77\"},\"message\":{\"text\":\"Chọn\",\"attachment\":{\"type\":\"template\","
          "\"payload\":{\"buttons\":[{\"title\":\"Tra cứu\",\"type\":\"oa.query.hide\",\"payload\":\"#tc\"}]}}}}" },
        { "a quote", "77", "Vâng", "{\"quote_message_id\":\"m1\"}", NULL,
          "{\"recipient\":{\"user_id\":\"77\"},\"message\":{\"text\":\"Vâng\",\"quote_message_id\":\"m1\"}}" },
        { "no buttons is no attachment", "77", "A", "[]", NULL,
          "{\"recipient\":{\"user_id\":\"77\"},\"message\":{\"text\":\"A\"}}" },
        { "asking for the phone", "77", "",
          "{\"request_user_info\":{\"title\":\"T\",\"subtitle\":\"S\",\"image_url\":\"https://a.vn/i.png\"}}",
          NULL,
          "{\"recipient\":{\"user_id\":\"77\"},\"message\":{\"attachment\":{\"type\":\"template\",\"payload\":{"
          "\"template_type\":\"request_user_info\",\"elements\":[{\"title\":\"T\",\"subtitle\":\"S\",\"image_url\":"
          "\"https://a.vn/i.png\"}]}}}}" },
        { "no text", "77", "", NULL, "text_empty", NULL },
        { "no user", "", "A", NULL, "user_id", NULL },
        { "a name is no user id", "Trần Thị B", "A", NULL, "user_id", NULL },
        { "six buttons", "77", "A", buttons_6, "buttons", NULL },
        { "unknown kind of button", "77", "A", "[{\"title\":\"1\",\"type\":\"oa.fly\",\"payload\":\"#\"}]",
          "buttons", NULL },
        { "button without title", "77", "A",
          "[{\"title\":\"\",\"type\":\"oa.query.hide\",\"payload\":\"#\"}]", "buttons", NULL },
        { "url button with a string", "77", "A",
          "[{\"title\":\"1\",\"type\":\"oa.open.url\",\"payload\":\"https://a.vn\"}]", "buttons", NULL },
        { "query button with an object", "77", "A",
          "[{\"title\":\"1\",\"type\":\"oa.query.show\",\"payload\":{}}]", "buttons", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zalo_request r;
        cJSON *extras =
            cases[i].extras != NULL ? zalo_json_nfc(cases[i].extras, strlen(cases[i].extras)) : NULL;
        zalo_request_init(&r);
        check_str(cases[i].label,
                  zalo_request_text(&r, cases[i].user, cases[i].text, strlen(cases[i].text), extras),
                  cases[i].fault);
        if (cases[i].fault == NULL) {
            check_str(cases[i].label, buf_cstr(&r.body), cases[i].body);
            check_str(cases[i].label, buf_cstr(&r.path), "/v3.0/oa/message/cs");
            check_str(cases[i].label, r.method, "POST");
            check_int(cases[i].label, r.host, ZALO_OA);
        }
        zalo_request_clear(&r);
        cJSON_Delete(extras);
    }
}

static void text_limits(void **state)
{
    char text[3 * (ZALO_TEXT_MAX + 1)];
    struct zalo_request r;
    cJSON *five = zalo_json_nfc(buttons_5, strlen(buttons_5));
    (void)state;
    for (size_t i = 0; i <= ZALO_TEXT_MAX; i++)
        memcpy(text + 3 * i, "ễ", 3);
    zalo_request_init(&r);
    check_str("2000 letters of 3 bytes fit",
              zalo_request_text(&r, "77", text, (size_t)3 * ZALO_TEXT_MAX, NULL), NULL);
    check_str("2001 do not", zalo_request_text(&r, "77", text, sizeof text, NULL), "text_too_long");
    check_str("five buttons of all kinds", zalo_request_text(&r, "77", "A", 1, five), NULL);
    zalo_request_clear(&r);
    cJSON_Delete(five);
}

static void templates(void **state)
{
    static const char data_json[] = "{\"ho_ten\":\"" NFD_NAME "\",\"so\":7}";
    const struct zalo_phone_options plain = { 0 }, hashed = { .hashed = true },
                                    test = { .development = true };
    cJSON *data = zalo_json_nfc(data_json, strlen(data_json)), *none = zalo_json_nfc("{}", 2);
    struct zalo_request r;
    (void)state;
    zalo_request_init(&r);
    check_str("by user id", zalo_request_uid_template(&r, "1111", "512345", data), NULL);
    check_str("user id path", buf_cstr(&r.path), "/v3.0/oa/message/template");
    check_str("user id body", buf_cstr(&r.body),
              "{\"user_id\":\"1111\",\"template_id\":\"512345\",\"template_data\":{\"ho_ten\":\"" NFC_NAME
              "\",\"so\":7}}");
    check_int("user id host", r.host, ZALO_OA);

    check_str("by phone", zalo_request_phone_template(&r, "0912 345 678", "512345", data, "hs7a101", &plain),
              NULL);
    check_str("phone path", buf_cstr(&r.path), "/message/template");
    check_str(
        "phone body", buf_cstr(&r.body),
        "{\"phone\":\"84912345678\",\"template_id\":\"512345\",\"template_data\":{\"ho_ten\":\"" NFC_NAME
        "\",\"so\":7},\"tracking_id\":\"hs7a101\"}");
    check_int("phone host", r.host, ZALO_ZBS);

    zalo_request_phone_template(&r, "+84 987 654 321", "5", data, "t", &hashed);
    check_str("hashed path", buf_cstr(&r.path), "/message/template/hashphone");
    check_true("hash of the 84 form",
               strstr(buf_cstr(&r.body),
                      "{\"hash_phone\":"
                      "\"116ce31ae9170769b075a11dedca1198f41d30318334919fb90917e9c617b438\"") ==
                   buf_cstr(&r.body));
    zalo_request_phone_template(&r, "84987654321", "5", data, "t", &test);
    check_true("development",
               strstr(buf_cstr(&r.body), "\"tracking_id\":\"t\",\"mode\":\"development\"}") != NULL);

    check_str("bad phone", zalo_request_phone_template(&r, "0912", "5", data, "t", &plain), "phone");
    check_str("no template", zalo_request_phone_template(&r, "84987654321", "", data, "t", &plain),
              "template_id");
    check_str("no values", zalo_request_phone_template(&r, "84987654321", "5", none, "t", &plain),
              "template_data");
    check_str("unreadable values", zalo_request_uid_template(&r, "1", "5", NULL), "template_data");
    check_true("not JSON", zalo_json_nfc("{\"a\":", 5) == NULL);
    zalo_request_clear(&r);
    cJSON_Delete(data);
    cJSON_Delete(none);
}

static void questions(void **state)
{
    struct zalo_request r;
    (void)state;
    zalo_request_init(&r);
    zalo_request_status(&r, "a b&c");
    check_str("status", buf_cstr(&r.path), "/message/status?message_id=a%20b%26c");
    check_str("status method", r.method, "GET");
    check_int("no body", (long long)r.body.len, 0);
    zalo_request_template_info(&r, "512345");
    check_str("template", buf_cstr(&r.path), "/template/info/v2?template_id=512345");
    zalo_request_quota(&r);
    check_str("quota", buf_cstr(&r.path), "/message/quota");
    zalo_request_quality(&r);
    check_str("quality", buf_cstr(&r.path), "/quality");
    zalo_request_getoa(&r);
    check_str("oa", buf_cstr(&r.path), "/v2.0/oa/getoa");
    zalo_request_user_detail(&r, "77");
    check_str("user", buf_cstr(&r.path), "/v3.0/oa/user/detail?data=%7B%22user_id%22%3A%2277%22%7D");
    check_str("word of a host", zalo_host_word(r.host), "oa");
    zalo_request_clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),
        cmocka_unit_test(text_limits),
        cmocka_unit_test(templates),
        cmocka_unit_test(questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
