#include "check.h"
#include "sim/sim_cards.h"
#include "sim/sim_people.h"
#include "loa/zalo_sign.h"
#include <stdio.h>
#include <string.h>

#define NOW 1795400000000LL

static uint32_t define(struct sim_people *p, const char *json)
{
    struct errors *err = errors_new();
    cJSON *o = cJSON_Parse(json);
    uint32_t number = sim_people_define(p, o, NOW, err);

    cJSON_Delete(o);
    errors_free(err);
    return number;
}

static void made_up_by_rule(void **state)
{
    struct sim_people p = { 0 };
    (void)state;
    uint32_t one = sim_people_by_phone(&p, "84912345678");
    char uid[SIM_UID_MAX];
    snprintf(uid, sizeof uid, "%s", sim_people_get(&p, one)->uid);
    check_int("the same phone", sim_people_by_phone(&p, "84912345678"), one);
    check_int("by Zalo id", sim_people_by_uid(&p, uid), one);
    check_int("a number ending in 9 has no Zalo",
              sim_people_get(&p, sim_people_by_phone(&p, "84912345679"))->zalo, SIM_ZALO_NONE);
    check_int("an invented Zalo id", sim_people_by_uid(&p, "1849125070114567883"), 0);
    check_int("nobody@", sim_people_get(&p, sim_people_by_email(&p, "nobody@x.vn"))->mailbox,
              SIM_MAILBOX_UNKNOWN);

    struct sim_people fresh = { 0 };
    check_true("a Zalo id is known before its phone was used", sim_people_by_uid(&fresh, uid) != 0);
    char hash[ZALO_HEX];
    zalo_hash_phone("84912345678", hash);
    check_int("by hashed phone", sim_people_by_phone_hash(&p, hash), one);
    zalo_hash_phone("+84912345678", hash);
    check_int("hash of another spelling", sim_people_by_phone_hash(&p, hash), 0);
    sim_people_clear(&fresh);
    sim_people_clear(&p);
}

static void defined_by_hand(void **state)
{
    struct sim_people p = { 0 };
    (void)state;
    uint32_t one = define(&p, "{\"phone\":\"0912 345 679\",\"name\":\"An\",\"zalo\":\"ok\",\"follows\":true,"
                              "\"optouts\":[\"type\"],\"email\":\"an@x.vn\"}");
    const struct sim_person *who = sim_people_get(&p, one);
    check_str("phone", who->phone, "84912345679");
    check_true("has Zalo in spite of the rule", who->zalo == SIM_ZALO_OK && who->uid[0] != '\0');
    check_true("following is an interaction", who->follows && who->last_interaction_ms == NOW);
    check_true("refuses this type", who->refuses_type && !who->refuses_oa);
    check_int("by mail", sim_people_by_email(&p, "an@x.vn"), one);
    check_int("changed, not added", define(&p, "{\"phone\":\"84912345679\",\"last_interaction_ago_s\":60}"),
              one);
    check_int("a minute ago", sim_people_get(&p, one)->last_interaction_ms, NOW - 60000);
    check_str("what is not said stays", sim_people_get(&p, one)->name, "An");
    check_int("with a Zalo id only",
              sim_people_by_uid(&p, sim_people_get(&p, define(&p, "{\"uid\":\"u1\"}"))->uid), 2);
    static const char *const bad[] = { "{}",
                                       "{\"phone\":\"123\"}",
                                       "{\"phone\":\"02438123456\"}",
                                       "{\"uid\":\"x\",\"zalo\":\"maybe\"}",
                                       "[]",
                                       "{\"uid\":\"x\",\"portal_url\":\"javascript:1\"}" };
    struct errors *err = errors_new();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cJSON *o = cJSON_Parse(bad[i]);
        errors_reset(err);
        sim_people_define(&p, o, NOW, err);
        check_true(bad[i], err->total > 0);
        cJSON_Delete(o);
    }
    errors_free(err);
    sim_people_clear(&p);
}

static const char card_text[] =
    "{\"template_id\":\"7\",\"title\":\"Chào <ten>\",\"price_sdt\":300,\"params\":["
    "{\"name\":\"ten\",\"type\":1,\"max_length\":30,\"require\":true},"
    "{\"name\":\"ngay\",\"type\":\"date\",\"require\":false},{\"name\":\"tien\",\"type\":14,\"require\":false}],"
    "\"rows\":[{\"label\":\"Ngày\",\"value\":\"<ngay>\"},{\"label\":\"Phí\",\"value\":\"<tien> đồng\"}],"
    "\"paragraphs\":[\"<ten> và <khac>\"]}";

static void cards_check_their_data(void **state)
{
    static const struct {
        const char *label, *data, *code;
    } cases[] = {
        { "all there", "{\"ten\":\"An\",\"ngay\":\"25/11/2026\",\"tien\":\"100000\"}", NULL },
        { "the optional may be missing", "{\"ten\":\"An\"}", NULL },
        { "hours and date", "{\"ten\":\"An\",\"ngay\":\"08:30 25/11/2026\"}", NULL },
        { "nothing", "{}", "-111" },
        { "not an object", "[]", "-112" },
        { "missing", "{\"ngay\":\"25/11/2026\"}", "-1122" },
        { "a number", "{\"ten\":5}", "-112" },
        { "31 letters", "{\"ten\":\"ăăăăăăăăăăăăăăăăăăăăăăăăăăăăăăă\"}", "-1121" },
        { "date in words", "{\"ten\":\"An\",\"ngay\":\"25 tháng 11\"}", "-1124" },
        { "money with dots", "{\"ten\":\"An\",\"tien\":\"100.000\"}", "-1124" },
        { "no money", "{\"ten\":\"An\",\"tien\":\"0\"}", "-1124" },
        { "a stranger", "{\"ten\":\"An\",\"khac\":\"x\"}", "-132" },
    };
    struct sim_card card = { 0 };
    cJSON *tree = cJSON_Parse(card_text);
    const char *name;
    (void)state;
    card.params = json_get(tree, "params");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cJSON *data = cJSON_Parse(cases[i].data);
        check_str(cases[i].label, sim_card_check(&card, data, &name), cases[i].code);
        cJSON_Delete(data);
    }
    check_str("no data", sim_card_check(&card, NULL, &name), "-111");
    cJSON_Delete(tree);
}

static void cards_are_drawn(void **state)
{
    struct buf text = BUF_INIT(4096), detail = BUF_INIT(4096);
    cJSON *tree = cJSON_Parse(card_text), *data = cJSON_Parse("{\"ten\":\"<b>An\",\"tien\":\"5\"}");
    struct sim_card card = { .title = json_str(tree, "title"),
                             .params = json_get(tree, "params"),
                             .rows = json_get(tree, "rows"),
                             .paragraphs = json_get(tree, "paragraphs") };
    (void)state;
    sim_card_draw(&card, data, &text, &detail);
    check_str("as a person reads it", buf_cstr(&text), "Chào <b>An\n<b>An và <khac>\nPhí: 5 đồng");
    check_str("for the page", buf_cstr(&detail),
              "{\"card\":{\"title\":\"Chào <b>An\",\"paragraphs\":[\"<b>An và <khac>\"],"
              "\"rows\":[{\"label\":\"Phí\",\"value\":\"5 đồng\"}],\"buttons\":[]}}");
    buf_clear(&text);
    buf_clear(&detail);
    cJSON_Delete(tree);
    cJSON_Delete(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_up_by_rule),
        cmocka_unit_test(defined_by_hand),
        cmocka_unit_test(cards_check_their_data),
        cmocka_unit_test(cards_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
