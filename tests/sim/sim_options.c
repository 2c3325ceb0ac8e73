#include "sim_options.h"
#include "loa/ini.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

static const struct option {
    const char *name, *value, *standard;
    size_t at;
    const char *help_vi, *help_en;
} options[] = {
#define AT(member) offsetof(struct sim_options, member)
    { "listen", "ĐỊA_CHỈ:CỔNG", "127.0.0.1:9090", AT(listen), "nơi nghe HTTP; cổng 0: tự chọn",
      "where to listen for HTTP; port 0 picks one" },
    { "smtp", "ĐỊA_CHỈ:CỔNG", "127.0.0.1:9025", AT(smtp), "nơi nhận thư (SMTP); cổng 0: tự chọn",
      "where to take mail (SMTP); port 0 picks one" },
    { "webhook", "URL", "", AT(webhook), "nơi gửi báo phát, tin của người dân (địa chỉ của loa)",
      "where receipts and citizens' words go (loa's address)" },
    { "app-id", "MÃ", "1234567890123456789", AT(app_id), "mã ứng dụng Zalo", "Zalo app id" },
    { "app-secret", "MÃ", "sim-app-secret", AT(app_secret), "khóa bí mật của ứng dụng", "app secret" },
    { "oa-id", "MÃ", "2222222222222222222", AT(oa_id), "mã Official Account", "Official Account id" },
    { "oa-secret-key", "MÃ", "sim-oa-secret-key", AT(oa_secret_key), "khóa ký webhook của OA",
      "OA secret key, signs webhooks" },
    { "oa-name", "TÊN", "Trung tâm Phục vụ hành chính công", AT(oa_name), "tên hiện trên máy người dân",
      "name shown to citizens" },
    { "access-token", "MÃ", "sim-access-token", AT(access_token), "mã truy cập đầu tiên",
      "first access token" },
    { "refresh-token", "MÃ", "sim-refresh-token", AT(refresh_token), "mã làm mới đầu tiên, dùng một lần",
      "first refresh token, good for one use" },
    { "sms-key", "MÃ", "sim-sms-key", AT(sms_key), "eSMS ApiKey, SpeedSMS access token",
      "eSMS ApiKey, SpeedSMS access token" },
    { "sms-secret", "MÃ", "sim-sms-secret", AT(sms_secret), "eSMS SecretKey", "eSMS SecretKey" },
    { "brandname", "TÊN", "", AT(brandname), "tên định danh được phép; trống: tên nào cũng được",
      "brandname allowed; empty: any" },
    { "sms-templates", "TỆP", "", AT(sms_templates),
      "các mẫu SMS đã đăng ký, mỗi dòng một mẫu với {P1,20}; trống: không kiểm",
      "registered SMS texts, one a line with {P1,20}; empty: any" },
    { "sms-token", "MÃ", "sim-sms-token", AT(sms_token), "mã trong địa chỉ nhận báo phát của SpeedSMS",
      "token in the address of SpeedSMS receipts" },
    { "email-token", "MÃ", "sim-email-token", AT(email_token), "mã trong địa chỉ nhận thư trả lại",
      "token in the address of bounced mail" },
    { "state", "TỆP", "", AT(state), "giữ mã truy cập và người dân qua lần chạy sau",
      "keeps tokens and citizens for the next start" },
    { "templates", "THƯ_MỤC", "templates/messages", AT(templates), "các mẫu tin ZBS (zalo_template.json)",
      "the ZBS templates (zalo_template.json)" },
    { "web", "THƯ_MỤC", "templates/web/sim", AT(web), "trang xem thử", "the page" },
    { "codes", "TỆP", "templates/sim/codes.tsv", AT(codes), "lời đi kèm mã lỗi", "words of the error codes" },
    { "seed", "SỐ", "1", AT(seed), "hạt giống ngẫu nhiên: cùng số, cùng diễn biến",
      "random seed: same number, same course" },
#undef AT
};
#define OPTIONS (sizeof options / sizeof options[0])

static const struct setting {
    const char *name;
    size_t at;
    int64_t standard, min, max;
    const char *help_vi, *help_en;
} settings[] = {
#define AT(member) #member, offsetof(struct sim_settings, member)
    { AT(delivery_min_ms), 300, 0, 600000, "tới máy người dân sớm nhất sau",
      "earliest arrival on the device" },
    { AT(delivery_max_ms), 1200, 0, 600000, "và muộn nhất sau", "latest arrival" },
    { AT(seen_percent), 0, 0, 100, "bao nhiêu phần trăm tự mở tin Zalo", "share of Zalo messages opened" },
    { AT(seen_after_ms), 2000, 0, 600000, "mở sau khi tới", "opened this long after arrival" },
    { AT(daily_quota), 20000, 0, 1000000000, "hạn mức tin ZBS mỗi ngày", "ZBS messages a day" },
    { AT(balance_vnd), -1, -1, 1000000000000, "số dư tài khoản, -1: không giới hạn",
      "balance of the accounts, -1: no end" },
    { AT(night_rule), 0, 0, 1, "cấm tin ZBS 22:00-06:00", "no ZBS from 22:00 to 06:00" },
    { AT(oa_per_minute), 4000, 0, 100000000, "số lần gọi OA mỗi phút", "OA calls a minute" },
    { AT(speedsms_per_minute), 60, 0, 100000000, "số lần gọi SpeedSMS mỗi phút", "SpeedSMS calls a minute" },
    { AT(token_life_s), 90000, 1, 10000000, "tuổi thọ mã truy cập", "life of an access token" },
    { AT(require_proof), 0, 0, 1, "đòi appsecret_proof", "demand appsecret_proof" },
    { AT(echo), 1, 0, 1, "báo lại tin OA tự gửi (oa_send_text)", "echo the account's own texts" },
    { AT(cs_price_vnd), 55, 0, 1000000, "giá một tin trả lời sau 48 giờ", "price of a reply after 48 h" },
    { AT(sms_price_vnd), 800, 0, 1000000, "giá một phần tin SMS", "price of one SMS part" },
    { AT(webhook_timeout_ms), 2000, 10, 60000, "đợi loa nhận webhook", "how long a webhook may take" },
    { AT(retry_factor), 1, 1, 100000, "gửi lại webhook nhanh gấp", "webhook retries come this much sooner" },
    { AT(clock_offset_ms), 0, -31536000000, 31536000000, "đồng hồ nhanh hơn thật",
      "clock ahead of the real one" },
#undef AT
};
#define SETTINGS (sizeof settings / sizeof settings[0])

static int64_t *setting_at(struct sim_settings *s, const struct setting *row)
{
    return (int64_t *)(void *)((char *)s + row->at);
}

static const struct setting *setting_find(const char *name, size_t len)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (strlen(settings[i].name) == len && memcmp(settings[i].name, name, len) == 0)
            return &settings[i];
    return NULL;
}

static void set_defaults(struct sim_options *o)
{
    *o = (struct sim_options){ 0 };
    for (size_t i = 0; i < OPTIONS; i++)
        *(const char **)(void *)((char *)o + options[i].at) = options[i].standard;
    for (size_t i = 0; i < SETTINGS; i++)
        *setting_at(&o->settings, &settings[i]) = settings[i].standard;
}

static bool read_setting(struct sim_settings *s, const char *text)
{
    const char *equals = strchr(text, '=');
    const struct setting *row = equals != NULL ? setting_find(text, (size_t)(equals - text)) : NULL;

    return row != NULL && ini_int(equals + 1, row->min, row->max, setting_at(s, row));
}

static bool read_option(struct sim_options *o, const char *name, size_t len, const char *value)
{
    if (len == 3 && memcmp(name, "set", 3) == 0)
        return read_setting(&o->settings, value);
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strlen(options[i].name) != len || memcmp(options[i].name, name, len) != 0)
            continue;
        *(const char **)(void *)((char *)o + options[i].at) = value;
        return true;
    }
    return false;
}

/* Options are --name=value or --name value. */
bool sim_options_read(struct sim_options *o, int argc, char **argv, struct buf *why)
{
    set_defaults(o);
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        size_t len = strcspn(word, "=");
        const char *value = word[len] == '=' ? word + len + 1 : NULL;

        if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            o->help = true;
            continue;
        }
        if (strcmp(word, "--allow-public") == 0) {
            o->allow_public = true;
            continue;
        }
        if (value == NULL && i + 1 < argc)
            value = argv[++i];
        if (strncmp(word, "--", 2) != 0 || value == NULL || !read_option(o, word + 2, len - 2, value)) {
            buf_str(why, word);
            return false;
        }
    }
    return true;
}

void sim_options_help(FILE *to, bool english)
{
    fputs(english ? "loa sim - plays Zalo, the SMS aggregators and a mail server on this machine\n\n"
                    "Usage: loa sim [OPTIONS]\n\n"
                    "Open the address of --listen in a browser to see what citizens receive.\n\nOptions:\n"
                  : "loa sim - đóng vai Zalo, tổng đài SMS và máy chủ thư ngay trên máy này\n\n"
                    "Cách dùng: loa sim [TÙY CHỌN]\n\n"
                    "Mở địa chỉ của --listen bằng trình duyệt để xem người dân nhận được gì.\n\nTùy chọn:\n",
          to);
    for (size_t i = 0; i < OPTIONS; i++)
        fprintf(to, "  --%s=%s\n        %s%s%s%s\n", options[i].name, english ? "…" : options[i].value,
                english ? options[i].help_en : options[i].help_vi, options[i].standard[0] != '\0' ? " [" : "",
                options[i].standard, options[i].standard[0] != '\0' ? "]" : "");
    fputs(english ? "  --allow-public\n        listen on addresses other machines can reach\n"
                    "  --set NAME=N\n        a setting, also POST /sim/settings while it runs:\n"
                  : "  --allow-public\n        cho phép nghe ở địa chỉ máy khác truy cập được\n"
                    "  --set TÊN=SỐ\n        một thiết lập, khi đang chạy thì POST /sim/settings:\n",
          to);
    for (size_t i = 0; i < SETTINGS; i++)
        fprintf(to, "        %-20s %s [%" PRId64 "]\n", settings[i].name,
                english ? settings[i].help_en : settings[i].help_vi, settings[i].standard);
}

enum loa_status sim_settings_change(struct sim_settings *s, const cJSON *o, struct errors *err)
{
    struct sim_settings changed = *s;
    unsigned before = err->total;
    const cJSON *item;

    cJSON_ArrayForEach(item, o)
    {
        const struct setting *row = setting_find(item->string, strlen(item->string));
        int64_t value;
        if (row == NULL)
            errors_addf(err, item->string, "unknown", "không có thiết lập này", "no such setting");
        else if (!json_int(o, row->name, &value) || value < row->min || value > row->max)
            errors_addf(err, item->string, "range", "giá trị ngoài khoảng cho phép",
                        "%" PRId64 " to %" PRId64, row->min, row->max);
        else
            *setting_at(&changed, row) = value;
    }
    if (err->total != before)
        return LOA_INVALID;
    *s = changed;
    return LOA_OK;
}

cJSON *sim_settings_json(const struct sim_settings *s)
{
    struct sim_settings copy = *s;
    cJSON *o = cJSON_CreateObject();

    for (size_t i = 0; i < SETTINGS; i++)
        cJSON_AddNumberToObject(o, settings[i].name, (double)*setting_at(&copy, &settings[i]));
    return o;
}
