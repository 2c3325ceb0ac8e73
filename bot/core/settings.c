#include "loa/settings.h"
#include "loa/nearest.h"
#include <assert.h>
#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

const struct settings_section settings_sections[] = {
    { "loa", "the service itself", "dịch vụ loa" },
    { "redis", "the store: queues, states, contacts", "kho lưu: hàng đợi, trạng thái, danh bạ" },
    { "zalo", "Zalo Official Account and ZBS templates", "Zalo OA và mẫu tin ZBS" },
    { "sms", "SMS by one provider", "tin nhắn SMS qua một nhà cung cấp" },
    { "email", "e-mail by a mail server nearby", "thư điện tử qua máy chủ thư" },
    { "ledger", "what became of every message, kept for reports",
      "sổ kết quả gửi tin, giữ lại để làm báo cáo" },
    { "portal", "notices on the public service portal", "thông báo trên Cổng dịch vụ công" },
    { "staff", "people of the office who log in", "cán bộ đăng nhập vào trang làm việc" },
    { "chat", "conversations with citizens, on Zalo and on web pages",
      "trò chuyện với người dân, trên Zalo và trên trang web" },
};
const unsigned settings_section_count = COUNT(settings_sections);

/* What every channel takes. */
#define CHANNEL_ROWS(name, rate, in_flight, timeout_ms, price_vnd)                                           \
    { name,                                                                                                  \
      "enabled",                                                                                             \
      SETTING_BOOL,                                                                                          \
      "yes",                                                                                                 \
      "Whether messages go out by this channel.",                                                            \
      "Có gửi tin qua kênh này hay không (yes | no)." },                                                     \
        { name,                                                                                              \
          "rate",                                                                                            \
          SETTING_RATE,                                                                                      \
          rate,                                                                                              \
          "Most messages per second.",                                                                       \
          "Số tin gửi nhiều nhất mỗi giây.",                                                                 \
          .min = 1,                                                                                          \
          .max = 100000 },                                                                                   \
        { name,                                                                                              \
          "in_flight",                                                                                       \
          SETTING_INT,                                                                                       \
          in_flight,                                                                                         \
          "Requests waiting for an answer at the same time.",                                                \
          "Số yêu cầu được chờ trả lời cùng một lúc.",                                                       \
          .min = 1,                                                                                          \
          .max = 10000 },                                                                                    \
        { name,                                                                                              \
          "timeout_ms",                                                                                      \
          SETTING_INT,                                                                                       \
          timeout_ms,                                                                                        \
          "How long to wait for an answer, milliseconds.",                                                   \
          "Thời gian chờ trả lời, tính bằng mili giây.",                                                     \
          .min = 100,                                                                                        \
          .max = 600000 },                                                                                   \
    {                                                                                                        \
        name, "price_vnd", SETTING_INT, price_vnd,                                                           \
            "Price of one message (SMS: of one part) in VND, for reports.",                                  \
            "Giá một tin (SMS: một phần tin), tính bằng đồng, dùng cho báo cáo.", .min = 0, .max = 1000000   \
    }

/* clang-format off: one setting, one paragraph */
const struct setting settings[] = {
    { "loa", "listen", SETTING_TEXT, "127.0.0.1:8080",
      "Addresses to listen on, separated by commas: host:port, [::1]:port or unix:/path.",
      "Địa chỉ nhận kết nối, nhiều địa chỉ cách nhau bằng dấu phẩy: máy:cổng, [::1]:cổng hoặc unix:/đường-dẫn." },
    { "loa", "public_url", SETTING_URL, "http://127.0.0.1:8080",
      "How citizens and providers reach this service from outside.",
      "Địa chỉ mà người dân và nhà cung cấp dùng để gọi tới dịch vụ này từ bên ngoài.",
      .choices = "http:// https://" },
    { "loa", "data_dir", SETTING_PATH, "var",
      "Where the private Redis, the master key and the ledger archive lie.",
      "Thư mục chứa Redis riêng, khóa chính và sổ lưu kết quả gửi tin." },
    { "loa", "templates", SETTING_PATH, "templates", "Folder of texts and tables.",
      "Thư mục chứa lời văn và các bảng dữ liệu." },
    { "loa", "channels_dir", SETTING_PATH, "channels", "Folder of provider descriptions and code tables.",
      "Thư mục chứa mô tả nhà cung cấp và bảng mã trả lời." },
    { "loa", "timezone", SETTING_WORD, "Asia/Ho_Chi_Minh", "Local time; Vietnam has one zone.",
      "Múi giờ; cả nước dùng chung một múi giờ.", .choices = "Asia/Ho_Chi_Minh" },
    { "loa", "roles", SETTING_WORDS, "api,worker,clock",
      "What this process does; several processes may share the work.",
      "Phần việc của tiến trình này; nhiều tiến trình có thể chia nhau.", .choices = "api worker clock" },
    { "loa", "partitions", SETTING_INT, "16",
      "Parts the work is split into; fixed once the store has been used.",
      "Số phần chia việc; không đổi được sau khi kho đã có dữ liệu.", .min = 1, .max = 64 },
    { "loa", "waiting_max", SETTING_INT, "500000",
      "Most events and most messages that may wait; beyond that intake answers 503.",
      "Số sự kiện và số tin được chờ nhiều nhất; quá mức này thì trả lời 503 để bên gửi gửi lại sau.",
      .min = 64, .max = 100000000 },
    { "loa", "tls_cert", SETTING_PATH, "", "Certificate chain in PEM for https; needs tls_key.",
      "Chứng thư (PEM) để phục vụ https; phải đi cùng tls_key." },
    { "loa", "tls_key", SETTING_PATH, "", "Private key in PEM for https; needs tls_cert.",
      "Khóa riêng (PEM) để phục vụ https; phải đi cùng tls_cert." },
    { "loa", "key_file", SETTING_PATH, "",
      "File of the master key; unset: data_dir/master.key. Back it up apart from Redis.",
      "Tệp khóa chính; để trống thì là data_dir/master.key. Hãy sao lưu ở nơi khác với Redis." },
    { "loa", "log_level", SETTING_WORD, "info", "Least level that is logged.",
      "Mức nhật ký thấp nhất được ghi.", .choices = "debug info warn error" },
    { "loa", "quiet_hours", SETTING_BOOL, "on",
      "Whether messages wait for the morning at night; off only for demos and training.",
      "Ban đêm tin có chờ đến sáng hay không; chỉ tắt (off) khi trình diễn hoặc tập huấn." },
    { "loa", "max_event_bytes", SETTING_BYTES, "16M", "Largest body of one request with dossier events.",
      "Kích thước lớn nhất của một lần gửi sự kiện hồ sơ.", .min = 4096, .max = 64 << 20 },
    { "loa", "max_connections", SETTING_INT, "10000", "Most connections open at the same time.",
      "Số kết nối được mở cùng một lúc.", .min = 16, .max = 1000000 },

    { "loa", "hotline", SETTING_TEXT, "", "Phone number of the support line, printed in messages.",
      "Số điện thoại hỗ trợ, in trong các tin gửi người dân." },

    { "redis", "url", SETTING_URL, "private",
      "private starts a redis-server of its own under data_dir; else unix:///path, redis://host:port, "
      "sentinel://h:p,h:p/name or cluster://h:p,h:p.",
      "private: loa tự chạy redis-server riêng trong data_dir; hoặc unix:///đường-dẫn, redis://máy:cổng, "
      "sentinel://h:p,h:p/tên, cluster://h:p,h:p.",
      .choices = "private unix:// redis:// sentinel:// cluster://" },
    { "redis", "allow_everysec", SETTING_BOOL, "no",
      "Accept a server that syncs once a second and may lose that second in a power cut.",
      "Chấp nhận Redis chỉ ghi đĩa mỗi giây một lần (mất điện có thể mất một giây dữ liệu)." },
    { "redis", "timeout_ms", SETTING_INT, "2000", "How long to wait for an answer, milliseconds.",
      "Thời gian chờ Redis trả lời, tính bằng mili giây.", .min = 50, .max = 60000 },
    { "redis", "wait_replicas", SETTING_INT, "0",
      "Copies that must hold a record before we say \"accepted\".",
      "Số bản sao phải có dữ liệu trước khi loa trả lời \"đã nhận\".", .min = 0, .max = 8 },

    { "zalo", "app_id", SETTING_TEXT, "", "Id of the Zalo app.", "Mã ứng dụng Zalo." },
    { "zalo", "app_secret", SETTING_SECRET, "", "Secret key of the app: renews the tokens.",
      "Khóa bí mật của ứng dụng, dùng để gia hạn token." },
    { "zalo", "oa_id", SETTING_TEXT, "", "Id of the Official Account.", "Mã Official Account." },
    { "zalo", "oa_secret_key", SETTING_SECRET, "", "OA Secret Key of the webhook page; not the app's secret.",
      "OA Secret Key ở trang Webhook; không phải khóa bí mật của ứng dụng." },
    { "zalo", "access_token", SETTING_SECRET, "",
      "First access token; afterwards loa keeps the rotating pair itself.",
      "Access token lần đầu; sau đó loa tự giữ và tự gia hạn." },
    { "zalo", "refresh_token", SETTING_SECRET, "", "First refresh token, good for one use.",
      "Refresh token lần đầu, chỉ dùng được một lần." },
    { "zalo", "oa_url", SETTING_URL, "https://openapi.zalo.me", "Address of the OA API.",
      "Địa chỉ API của OA.", .choices = "http:// https://" },
    { "zalo", "zbs_url", SETTING_URL, "https://business.openapi.zalo.me", "Address of the ZBS template API.",
      "Địa chỉ API gửi mẫu tin ZBS.", .choices = "http:// https://" },
    { "zalo", "oauth_url", SETTING_URL, "https://oauth.zaloapp.com", "Address that renews tokens.",
      "Địa chỉ gia hạn token.", .choices = "http:// https://" },
    { "zalo", "appsecret_proof", SETTING_BOOL, "no",
      "Send the appsecret_proof header; yes when the app demands it.",
      "Gửi kèm appsecret_proof; đặt yes nếu ứng dụng bắt buộc." },
    { "zalo", "hash_phone", SETTING_BOOL, "no", "Send phone numbers hashed (SHA-256) instead of plain.",
      "Gửi số điện thoại dưới dạng băm (SHA-256) thay vì số thật." },
    { "zalo", "mode", SETTING_WORD, "",
      "development sends templates only to administrators of the app; leave unset for citizens.",
      "development: chỉ gửi mẫu cho quản trị viên của ứng dụng; để trống khi gửi cho người dân.",
      .choices = "development" },
    { "zalo", "verifier", SETTING_TEXT, "",
      "CODE of the file zalo_verifierCODE.html that proves the domain is ours.",
      "Phần MÃ trong tên tệp zalo_verifierMÃ.html để Zalo xác minh tên miền." },
    CHANNEL_ROWS("zalo", "20/s", "32", "10000", "300"),

    { "sms", "provider", SETTING_TEXT, "",
      "Name of a description in channels/sms: esms, speedsms, kannel, vietguys … Unset: no SMS.",
      "Tên tệp mô tả trong channels/sms: esms, speedsms, kannel, vietguys … Để trống: không gửi SMS." },
    { "sms", "url", SETTING_URL, "", "Base address of the provider; unset: the one of the description.",
      "Địa chỉ gốc của nhà cung cấp; để trống thì theo tệp mô tả.", .choices = "http:// https://" },
    { "sms", "api_key", SETTING_SECRET, "", "API key or access token.", "ApiKey hoặc access token." },
    { "sms", "secret_key", SETTING_SECRET, "", "Secret key (eSMS).", "SecretKey (eSMS)." },
    { "sms", "username", SETTING_TEXT, "", "User name (Kannel, VietGuys).",
      "Tên đăng nhập (Kannel, VietGuys)." },
    { "sms", "password", SETTING_SECRET, "", "Password (Kannel, VietGuys).", "Mật khẩu (Kannel, VietGuys)." },
    { "sms", "brandname", SETTING_TEXT, "",
      "Registered sender name, at most 11 characters; channels/sms/brandnames.tsv may give units their own.",
      "Tên định danh đã đăng ký, tối đa 11 ký tự; từng đơn vị có thể dùng tên riêng trong "
      "channels/sms/brandnames.tsv." },
    { "sms", "diacritics", SETTING_WORD, "strip",
      "strip sends without diacritics (160 letters a part), keep with them (70).",
      "strip: gửi không dấu (160 chữ một phần tin); keep: giữ dấu (70 chữ).", .choices = "strip keep" },
    { "sms", "sms_type", SETTING_TEXT, "",
      "Kind of SMS in the provider's own numbering; unset: customer care.",
      "Loại tin theo cách đánh số của nhà cung cấp; để trống: chăm sóc khách hàng." },
    { "sms", "max_parts", SETTING_INT, "3", "Longest SMS in parts; a longer one is not sent.",
      "Số phần dài nhất của một SMS; dài hơn thì không gửi.", .min = 1, .max = 10 },
    { "sms", "sandbox", SETTING_BOOL, "no",
      "Let the provider check messages without sending them, where it can (eSMS).",
      "Chỉ nhờ nhà cung cấp kiểm tra, không gửi thật (eSMS hỗ trợ)." },
    { "sms", "webhook_token", SETTING_SECRET, "",
      "Secret last part of the report address /webhooks/sms/PROVIDER/TOKEN; at least 12 characters.",
      "Phần bí mật cuối địa chỉ nhận báo cáo /webhooks/sms/NHÀ-CUNG-CẤP/MÃ; ít nhất 12 ký tự." },
    { "sms", "webhook_ips", SETTING_TEXT, "",
      "Addresses reports may come from, as 203.0.113.0/24, separated by commas; unset: any.",
      "Những địa chỉ IP được gửi báo cáo, dạng 203.0.113.0/24, cách nhau bằng dấu phẩy; để trống: mọi nơi." },
    { "sms", "dlr_url_base", SETTING_URL, "", "Address of loa that reports are sent to; unset: public_url.",
      "Địa chỉ của loa để nhận báo cáo; để trống thì là public_url.", .choices = "http:// https://" },
    CHANNEL_ROWS("sms", "10/s", "16", "15000", "350"),

    { "email", "smtp_url", SETTING_URL, "smtp://127.0.0.1:25",
      "Mail server nearby; the path is the name we greet it with (EHLO).",
      "Máy chủ thư; phần đường dẫn là tên dùng khi chào (EHLO).", .choices = "smtp:// smtps://" },
    { "email", "from", SETTING_TEXT, "", "Sender as people see it: \"Name <address>\".",
      "Người gửi mà người dân nhìn thấy: \"Tên <địa chỉ>\"." },
    { "email", "reply_to", SETTING_TEXT, "", "Where answers go; unset: nowhere.",
      "Địa chỉ nhận thư trả lời; để trống: không có." },
    { "email", "bounce_domain", SETTING_TEXT, "", "Domain of the envelope sender that bounces come back to.",
      "Tên miền của địa chỉ nhận thư báo không gửi được." },
    { "email", "username", SETTING_TEXT, "", "User name at the mail server.", "Tên đăng nhập máy chủ thư." },
    { "email", "password", SETTING_SECRET, "", "Password at the mail server.", "Mật khẩu máy chủ thư." },
    { "email", "require_tls", SETTING_BOOL, "no", "Refuse to send without STARTTLS.",
      "Không gửi nếu không mã hóa được đường truyền (STARTTLS)." },
    { "email", "ca_file", SETTING_PATH, "",
      "Certificates that may vouch for the mail server; unset: those the system trusts.",
      "Tệp chứng thư gốc để xác thực máy chủ thư; để trống: dùng của hệ điều hành." },
    { "email", "webhook_token", SETTING_SECRET, "",
      "Secret last part of the bounce address /webhooks/email/TOKEN; at least 12 characters.",
      "Phần bí mật cuối địa chỉ nhận thư báo lỗi /webhooks/email/MÃ; ít nhất 12 ký tự." },
    { "email", "max_connections", SETTING_INT, "3", "Connections to the mail server.",
      "Số kết nối tới máy chủ thư.", .min = 1, .max = 100 },
    CHANNEL_ROWS("email", "50/s", "32", "60000", "0"),

    { "ledger", "archive", SETTING_BOOL, "yes", "Move the ledger from Redis to files under data_dir/ledger.",
      "Chuyển sổ kết quả từ Redis sang tệp trong data_dir/ledger." },
    { "ledger", "archive_every_s", SETTING_INT, "300", "How often, seconds.", "Bao lâu chuyển một lần, giây.",
      .min = 1, .max = 86400 },
    { "ledger", "redis_days", SETTING_INT, "3",
      "How long archived entries stay in Redis for GET /v1/feed and the callbacks, days.",
      "Số ngày giữ thêm trong Redis cho GET /v1/feed và các hệ thống nhận kết quả.", .min = 0, .max = 365 },
    { "ledger", "keep_days", SETTING_INT, "3653", "How long the files are kept, days.",
      "Số ngày giữ tệp sổ lưu.", .min = 31, .max = 36530 },

    { "portal", "session_secret", SETTING_SECRET, "",
      "Signs the portal's short-lived session tokens (JWT HS256); at least 16 characters.",
      "Khóa ký phiên đăng nhập ngắn hạn của Cổng (JWT HS256); ít nhất 16 ký tự." },
    { "portal", "keep_days", SETTING_INT, "365", "How long a notice stays in the citizen's inbox, days.",
      "Số ngày giữ thông báo trong hộp thư của người dân.", .min = 1, .max = 3650 },
    { "portal", "allowed_origins", SETTING_TEXT, "",
      "Web pages that may open the inbox, as https://host, separated by commas; unset: any page.",
      "Những trang web được nhúng hộp thư, dạng https://tên-miền, cách nhau bằng dấu phẩy; "
      "để trống: mọi trang." },
    CHANNEL_ROWS("portal", "1000/s", "256", "5000", "0"),

    { "staff", "idle_minutes", SETTING_INT, "30",
      "A session ends after so many minutes without doing anything.",
      "Số phút không thao tác thì phiên làm việc tự kết thúc.", .min = 1, .max = 720 },
    { "staff", "session_hours", SETTING_INT, "12", "Longest life of a session; then one logs in again.",
      "Thời gian dài nhất của một phiên làm việc (giờ); sau đó phải đăng nhập lại.", .min = 1, .max = 24 },

    { "chat", "keep_days", SETTING_INT, "90",
      "How long a conversation is kept after the citizen's last word, days.",
      "Số ngày giữ cuộc trò chuyện kể từ lần cuối người dân nhắn.", .min = 1, .max = 3650 },
    { "chat", "waiting_max", SETTING_INT, "20000",
      "Most words of citizens that may wait for an answer; beyond that they are asked to send again.",
      "Số tin của người dân được chờ trả lời nhiều nhất; quá mức này thì mời gửi lại sau.", .min = 64,
      .max = 10000000 },
    { "chat", "paid_reply", SETTING_BOOL, "no",
      "Whether an officer's answer may go out by Zalo after the free 48 hours, at the OA's price.",
      "Cán bộ có được trả lời qua Zalo sau 48 giờ miễn phí hay không (OA phải trả tiền)." },
    { "chat", "proof_tries", SETTING_INT, "3",
      "Times one conversation may give wrong last digits of a dossier before it has to wait.",
      "Số lần một cuộc trò chuyện được nhắn sai 4 số cuối của hồ sơ trước khi phải chờ.", .min = 1,
      .max = 100 },
    { "chat", "proof_tries_dossier", SETTING_INT, "6", "The same for one dossier, over all conversations.",
      "Cũng như trên, tính cho một hồ sơ, trên mọi cuộc trò chuyện.", .min = 1, .max = 1000 },
    { "chat", "lookup_misses", SETTING_INT, "5",
      "Unknown dossier codes one conversation may ask for before it has to wait.",
      "Số mã hồ sơ không có thật mà một cuộc trò chuyện được tra trước khi phải chờ.", .min = 1,
      .max = 1000 },
    { "chat", "lookup_views", SETTING_INT, "20",
      "Dossiers of others one conversation may look at before it has to wait.",
      "Số hồ sơ không phải của mình mà một cuộc trò chuyện được xem trước khi phải chờ.", .min = 1,
      .max = 10000 },
    { "chat", "guess_pause_s", SETTING_INT, "60",
      "The first such wait, seconds; each further guess doubles it, up to a day.",
      "Lần chờ đầu tiên (giây); mỗi lần đoán sai nữa thì chờ gấp đôi, lâu nhất một ngày.", .min = 1,
      .max = 86400 },
    { "chat", "guess_alert", SETTING_INT, "50",
      "Wrong guesses of codes or digits, over all conversations, after which staff are alerted.",
      "Số lần đoán sai mã hoặc số (tính chung mọi cuộc trò chuyện) thì báo động cho cán bộ.", .min = 1,
      .max = 1000000 },
    { "chat", "allowed_origins", SETTING_TEXT, "",
      "Web pages that may embed the chat, as https://host, separated by commas; unset: only loa's own.",
      "Những trang web được nhúng khung hỏi đáp, dạng https://tên-miền, cách nhau bằng dấu phẩy; "
      "để trống: chỉ trang của loa." },
    { "chat", "rate", SETTING_RATE, "5/s",
      "Messages one citizen may write; who is faster is asked to wait, and nothing is lost.",
      "Số tin một người được viết; ai nhanh hơn thì được nhắc chờ, không mất tin nào.", .min = 1,
      .max = 100000 },
};
/* clang-format on */
const unsigned settings_count = COUNT(settings);

int settings_find(const char *section, const char *key)
{
    for (unsigned i = 0; i < settings_count; i++) {
        const struct setting *s = &settings[i];
        /* Settings are read for every message: the first letter spares most comparisons. */
        if (s->key[0] == key[0] && strcmp(s->key, key) == 0 && strcmp(s->section, section) == 0)
            return (int)i;
    }
    return -1;
}

const char *settings_nearest_section(const char *section)
{
    const char *best = settings_sections[0].name;
    for (unsigned i = 1; i < settings_section_count; i++)
        if (nearest_distance(section, settings_sections[i].name) < nearest_distance(section, best))
            best = settings_sections[i].name;
    return best;
}

/* A key of the same section beats an equally near one elsewhere. */
const struct setting *settings_nearest(const char *section, const char *key)
{
    const struct setting *best = NULL;
    unsigned best_cost = 0;
    for (unsigned i = 0; i < settings_count; i++) {
        const struct setting *s = &settings[i];
        unsigned cost = 4 * nearest_distance(key, s->key);
        if (cost > 0 && strcmp(section, s->section) != 0)
            cost += 9;
        if (best == NULL || cost < best_cost) {
            best = s;
            best_cost = cost;
        }
    }
    assert(best != NULL);
    return best;
}
