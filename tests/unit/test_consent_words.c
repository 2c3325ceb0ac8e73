/* How people say that they want no more messages, and what they say that only sounds like it. */
#include "check.h"
#include "loa/citizen.h"
#include "loa/consent_words.h"
#include <stdio.h>
#include <string.h>

static struct policy *policy;
static struct consent_words *words;

static int load(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    enum loa_status st = policy_load(check_path("templates/policy"), err, &policy);
    if (st == LOA_OK)
        st = consent_words_load(check_path("templates/chat"), policy, err, &words);
    for (unsigned i = 0; i < err->count; i++)
        printf("%s: %s\n", err->item[i].pointer, err->item[i].detail);
    errors_free(err);
    return st == LOA_OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    consent_words_free(words);
    policy_free(policy);
    return 0;
}

static const char all_off[] = "t_dossier t_campaign t_survey";
static const char all_on[] = "t_dossier t_campaign t_survey o_zalo o_sms o_email";

static const struct {
    const char *text;
    enum wish wish;
    const char *record; /* NULL: none */
} cases[] = {
    /* the words that messages themselves name */
    { "HUY", WISH_STOP, all_off },
    { "DUNG", WISH_STOP, all_off },
    { "TC", WISH_STOP, all_off },
    { "STOP", WISH_STOP, all_off },
    { "huy", WISH_STOP, all_off },
    { "Hủy ạ", WISH_STOP, all_off },
    { "HUỶ.", WISH_STOP, all_off },
    { "dừng", WISH_STOP, all_off },
    { "HUY ZALO", WISH_STOP, "o_zalo" },
    { "DUNG SMS", WISH_STOP, "o_sms" },
    { "dung sms", WISH_UNSURE, "o_sms" },
    { "Dừng email", WISH_STOP, "o_email" },
    { "HUY ZALO SMS", WISH_STOP, "o_zalo o_sms" },
    { "HUY TIN TUYEN TRUYEN", WISH_STOP, "t_campaign" },
    { "huy quang cao sms", WISH_STOP, "t_campaign_sms" },
    { "HUY TAT CA", WISH_STOP, all_off },
    { "NHAN LAI", WISH_AGAIN, all_on },
    { "nhận lại", WISH_AGAIN, all_on },
    { "NHAN LAI ZALO", WISH_AGAIN, "o_zalo" },
    { "nhận lại tin khảo sát", WISH_AGAIN, "t_survey" },
    { "nhận lại quảng cáo qua zalo", WISH_AGAIN, "t_campaign_zalo t_campaign" },
    { "START", WISH_AGAIN, all_on },
    /* in one's own words */
    { "đừng nhắn tin quảng cáo cho tôi nữa", WISH_STOP, "t_campaign" },
    { "dung nhan tin quang cao cho toi nua", WISH_STOP, "t_campaign" },
    { "tôi không muốn nhận tin tuyên truyền", WISH_STOP, "t_campaign" },
    { "toi ko muon nhan tin tuyen truyen nua", WISH_STOP, "t_campaign" },
    { "k muốn nhận tn quảng cáo nữa đâu nha", WISH_STOP, "t_campaign" },
    { "Đừng gửi tin cho tôi nữa", WISH_STOP, all_off },
    { "đừng có gởi tin nhắn quài vậy", WISH_STOP, all_off },
    { "đừng nhắn zalo cho cháu nữa", WISH_STOP, "o_zalo" },
    { "thôi đừng nhắn vào điện thoại tôi nữa phiền quá", WISH_STOP, "o_sms" },
    { "ngừng gửi email cho tôi", WISH_STOP, "o_email" },
    { "tôi từ chối nhận khảo sát", WISH_STOP, "t_survey" },
    { "đừng mời đánh giá nữa, không gửi khảo sát nữa", WISH_STOP, "t_survey" },
    { "khỏi nhắn tin nữa nghe", WISH_STOP, all_off },
    { "không cần nhắn tin tiến độ hồ sơ cho tôi", WISH_STOP, "t_dossier" },
    { "tắt thông báo zalo", WISH_STOP, "o_zalo" },
    { "xin đừng làm phiền tôi", WISH_STOP, all_off },
    { "cho tôi nhận lại thông báo", WISH_AGAIN, all_on },
    { "tôi muốn nhận tin qua zalo", WISH_AGAIN, "o_zalo" },
    { "bật lại thông báo sms giúp tôi", WISH_AGAIN, "o_sms" },
    /* too short to be sure: "đúng", "dùng" */
    { "dung", WISH_UNSURE, all_off },
    { "dung a", WISH_UNSURE, all_off },
    { "toi dung zalo", WISH_UNSURE, "o_zalo" },
    /* about something else */
    { "đúng", WISH_NONE, NULL },
    { "đúng rồi ạ", WISH_NONE, NULL },
    { "dùng zalo được không", WISH_NONE, NULL },
    { "tôi dùng zalo", WISH_NONE, NULL },
    { "tôi không nhận được tin nhắn", WISH_NONE, NULL },
    { "toi khong nhan duoc tin nhan zalo", WISH_NONE, NULL },
    { "sao không gửi tin nhắn cho tôi", WISH_NONE, NULL },
    { "sao tôi không nhận được sms", WISH_NONE, NULL },
    { "chưa nhận được thông báo gì cả", WISH_NONE, NULL },
    { "hủy hồ sơ của tôi", WISH_NONE, NULL },
    { "tôi muốn huỷ hồ sơ H27.01.02-250901-0007", WISH_NONE, NULL },
    { "hủy đăng ký kết hôn", WISH_NONE, NULL },
    { "huy dang ky tam tru", WISH_NONE, NULL },
    { "dừng xử lý hồ sơ là sao", WISH_NONE, NULL },
    { "không muốn nhận kết quả tại nhà", WISH_NONE, NULL },
    { "tôi muốn nhận kết quả qua bưu điện", WISH_NONE, NULL },
    { "khi nào thì nhận lại giấy tờ", WISH_NONE, NULL },
    { "nhận lại bản gốc ở đâu", WISH_NONE, NULL },
    { "từ chối tiếp nhận hồ sơ thì làm sao", WISH_NONE, NULL },
    { "tôi muốn đánh giá cán bộ", WISH_NONE, NULL },
    { "làm thế nào để nhận tin nhắn", WISH_NONE, NULL },
    { "đề nghị hướng dẫn cách tắt thông báo", WISH_NONE, NULL },
    { "tat thong bao zalo the nao", WISH_NONE, NULL },
    { "bat thong bao zalo o dau", WISH_NONE, NULL },
    { "xin chào", WISH_NONE, NULL },
    { "tôi", WISH_NONE, NULL },
    { "", WISH_NONE, NULL },
    { "👍👍", WISH_NONE, NULL },
    { "\xff\xfe"
      "HUY",
      WISH_STOP, all_off },
};

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct consent_wish w = consent_parse(words, cases[i].text);
        struct buf record = BUF_INIT(512);
        check_int(cases[i].text, w.wish, cases[i].wish);
        if (w.wish != WISH_NONE)
            consent_record_words(&w, policy, &record);
        check_str(cases[i].text, w.wish != WISH_NONE ? buf_cstr(&record) : NULL, cases[i].record);
        buf_clear(&record);
    }
}

static void test_long(void **state)
{
    (void)state;
    static char text[200000];
    for (size_t i = 0; i + 4 < sizeof text; i += 4)
        memcpy(text + i, "huy ", 4);
    check_int("a page of it", consent_parse(words, text).wish, WISH_NONE);
}

static void test_file(void **state)
{
    (void)state;
    static const struct {
        const char *label, *content, *pointer;
    } bad[] = {
        { "unknown group", "go\tcommand\thủy\n", ":1" },
        { "unknown topic", "# x\ntopic\tweather\tmưa\n", ":2" },
        { "unknown channel", "channel\tfax\tfax\n", ":1" },
        { "no phrase", "stop\tcommand\thủy, ,\n", ":1" },
        { "too many words", "stop\tphrase\tmột hai ba bốn năm sáu bảy\n", ":1" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct errors *err = errors_new();
        struct consent_words *w = NULL;
        check_file("consent.tsv", bad[i].content);
        check_int(bad[i].label, consent_words_load(check_tmpdir(), policy, err, &w), LOA_INVALID);
        check_true(bad[i].label, err->count > 0 && strstr(err->item[0].pointer, bad[i].pointer) != NULL);
        errors_free(err);
    }
}

/* The record's words decide what may still leave. */
static void test_refuses(void **state)
{
    (void)state;
    static const struct topic campaign = { "campaign", "" };
    static const struct status_rule news = { .topic = &campaign },
                                    duty = { .topic = &campaign, .statutory = true },
                                    action = { .topic = &campaign, .action = true };
    static const struct {
        const char *label, *no;
        const struct status_rule *rule;
        enum way way;
        const char *want;
    } refusals[] = {
        { "nothing said", "", &news, WAY_SMS, NULL },
        { "the channel", "o_sms=-1;", &news, WAY_SMS, "opted_out" },
        { "the channel, although the law wants it", "o_sms=-1;", &duty, WAY_SMS, "opted_out" },
        { "another channel", "o_sms=-1;", &news, WAY_EMAIL, NULL },
        { "all ways of a channel", "o_zalo=-1;", &news, WAY_ZALO_ZBS, "opted_out" },
        { "the topic", "t_campaign=-1;", &news, WAY_EMAIL, "topic_refused" },
        { "the topic, but the law wants it", "t_campaign=-1;", &duty, WAY_EMAIL, NULL },
        { "the topic, but something is to be done", "t_campaign=-1;", &action, WAY_EMAIL, NULL },
        { "the topic on this channel", "t_campaign_sms=-1;", &news, WAY_SMS, "topic_refused" },
        { "the topic on another", "t_campaign_sms=-1;", &news, WAY_EMAIL, NULL },
        { "another topic", "t_survey=-1;", &news, WAY_EMAIL, NULL },
        { "a longer word", "t_campaigns=-1;o_smsx=-1;", &news, WAY_SMS, NULL },
        { "no rule: the channel counts", "o_sms=-1;t_campaign=-1;", NULL, WAY_SMS, "opted_out" },
        { "no rule: no topic", "t_campaign=-1;", NULL, WAY_SMS, NULL },
        { "rest until tomorrow", "sms=2000;", &news, WAY_SMS, "suppressed" },
        { "rest is over", "sms=500;", &news, WAY_SMS, NULL },
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        check_str(refusals[i].label, citizen_refuses(refusals[i].no, refusals[i].rule, refusals[i].way, 1000),
                  refusals[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_parse), cmocka_unit_test(test_long),
                                        cmocka_unit_test(test_file), cmocka_unit_test(test_refuses) };
    return cmocka_run_group_tests(tests, load, unload);
}
