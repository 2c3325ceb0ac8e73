/* The registry of approved templates: what the platform would refuse is refused before it is sent. */
#include "check.h"
#include "loa/zalo_request.h"
#include "loa/zalo_template.h"
#include <stdio.h>
#include <string.h>

#define NFD_NAME "Nguye\xcc\x82\xcc\x83n Thi\xcc\xa3 Hoa\xcc\x80ng Anh" /* 24 code points, 20 as NFC */

static const char info_json[] =
    "{\"templateId\":512345,\"status\":\"ENABLE\",\"listParams\":["
    "{\"name\":\"ho_ten\",\"require\":true,\"type\":\"STRING\",\"maxLength\":20,\"minLength\":0,\"acceptNull\":false},"
    "{\"name\":\"ma_ho_so\",\"require\":\"true\",\"maxLength\":\"30\",\"minLength\":\"3\",\"acceptNull\":false},"
    "{\"name\":\"ghi_chu\",\"require\":false,\"maxLength\":10,\"minLength\":0,\"acceptNull\":true}],"
    "\"timeout\":7200000,\"price\":\"800\",\"price_sdt\":\"800.0\",\"price_uid\":\"560\"}";

static struct zalo_templates *learned(void)
{
    struct zalo_templates *t = zalo_templates_new();
    cJSON *info = zalo_json_nfc(info_json, strlen(info_json));
    check_int("learn", zalo_templates_learn(t, "512345", info, 1000), LOA_OK);
    cJSON_Delete(info);
    return t;
}

static void faults(void **state)
{
    static const struct {
        const char *label, *data, *fault, *param;
    } cases[] = {
        { "all good", "{\"ho_ten\":\"B\",\"ma_ho_so\":\"H29\"}", NULL, "" },
        { "24 code points that are 20 letters", "{\"ho_ten\":\"" NFD_NAME "\",\"ma_ho_so\":\"H29\"}", NULL,
          "" },
        { "21 letters where 20 fit", "{\"ho_ten\":\"Nguyễn Thị Hoàng Anhh\",\"ma_ho_so\":\"H29\"}",
          "param_too_long", "ho_ten" },
        { "31 where 30 fit", "{\"ho_ten\":\"B\",\"ma_ho_so\":\"1234567890123456789012345678901\"}",
          "param_too_long", "ma_ho_so" },
        { "30 where 30 fit", "{\"ho_ten\":\"B\",\"ma_ho_so\":\"123456789012345678901234567890\"}", NULL, "" },
        { "too short", "{\"ho_ten\":\"B\",\"ma_ho_so\":\"H2\"}", "param_too_short", "ma_ho_so" },
        { "missing", "{\"ho_ten\":\"B\"}", "param_missing", "ma_ho_so" },
        { "empty is missing", "{\"ho_ten\":\"\",\"ma_ho_so\":\"H29\"}", "param_missing", "ho_ten" },
        { "null is missing", "{\"ho_ten\":null,\"ma_ho_so\":\"H29\"}", "param_missing", "ho_ten" },
        { "optional may be empty", "{\"ho_ten\":\"B\",\"ma_ho_so\":\"H29\",\"ghi_chu\":\"\"}", NULL, "" },
        { "optional has a limit too", "{\"ho_ten\":\"B\",\"ma_ho_so\":\"H29\",\"ghi_chu\":\"12345678901\"}",
          "param_too_long", "ghi_chu" },
        { "a number counts by its digits", "{\"ho_ten\":\"B\",\"ma_ho_so\":1234}", NULL, "" },
        { "an object is neither", "{\"ho_ten\":{},\"ma_ho_so\":\"H29\"}", "param_type", "ho_ten" },
    };
    struct zalo_templates *t = learned();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char param[64] = "";
        cJSON *data = zalo_json_nfc(cases[i].data, strlen(cases[i].data));
        check_str(cases[i].label, zalo_templates_fault(t, "512345", data, param, sizeof param),
                  cases[i].fault);
        check_str(cases[i].label, param, cases[i].param);
        check_str("unknown template is not judged", zalo_templates_fault(t, "999", data, param, sizeof param),
                  NULL);
        cJSON_Delete(data);
    }
    zalo_templates_free(t);
}

static void life(void **state)
{
    struct zalo_templates *t = learned();
    cJSON *bad = zalo_json_nfc("{\"ho_ten\":\"\"}", 13), *no_list = zalo_json_nfc("{\"templateId\":1}", 16);
    char param[64];
    (void)state;
    check_int("price by phone", zalo_templates_price(t, "512345", WAY_ZALO_ZBS), 800);
    check_int("price by user id", zalo_templates_price(t, "512345", WAY_ZALO_UID), 560);
    check_int("price unknown", zalo_templates_price(t, "1", WAY_ZALO_ZBS), -1);

    check_true("fresh: not asked", !zalo_templates_ask(t, "512345", 2000));
    check_true("an hour later: asked", zalo_templates_ask(t, "512345", 1000 + ZALO_TEMPLATE_FRESH_MS));
    check_true("once only", !zalo_templates_ask(t, "512345", 1001 + ZALO_TEMPLATE_FRESH_MS));
    check_true("still judged by the old meanwhile",
               zalo_templates_fault(t, "512345", bad, param, sizeof param) != NULL);

    zalo_templates_doubt(t, "512345");
    check_str("doubted: not judged", zalo_templates_fault(t, "512345", bad, param, sizeof param), NULL);
    check_true("asked again after a minute",
               zalo_templates_ask(t, "512345", 1000 + ZALO_TEMPLATE_FRESH_MS + ZALO_TEMPLATE_RETRY_MS));

    check_true("unknown: asked", zalo_templates_ask(t, "7", 5000));
    check_true("no answer yet: a minute's rest", !zalo_templates_ask(t, "7", 5001));
    check_int("an answer without parameters teaches nothing", zalo_templates_learn(t, "7", no_list, 1),
              LOA_INVALID);
    check_true("no id, no question", !zalo_templates_ask(t, "", 1));
    for (int i = 0; i < 2 * ZALO_TEMPLATES_MAX; i++) { /* memory is bounded */
        char id[16];
        snprintf(id, sizeof id, "t%d", i);
        check_true("room is made", zalo_templates_ask(t, id, 6000000 + i));
    }
    zalo_templates_free(t);
    cJSON_Delete(bad);
    cJSON_Delete(no_list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults),
        cmocka_unit_test(life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
