/* The SMS driver against a scripted server: what leaves, what comes of it, what is refused before it leaves.
 */
#include "check.h"
#include "peers.h"
#include "loa/channel.h"
#include "loa/clock.h"
#include "loa/log.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ESMS_END   "\"CallbackUrl\":\"http://127.0.0.1:8080/webhooks/sms/esms/0123456789abcdef\"}"
#define ESMS_TAKEN "{\"CodeResult\":\"100\",\"SMSID\":\"abc100\"}"
#define ESMS_AGAIN "{\"CodeResult\":\"124\",\"SMSID\":\"abc100\"}"

/* A step of a script that answers 200 with this JSON. */
static const char *ok(const char *json)
{
    static char step[4][512];
    static unsigned next;
    char *s = step[next++ % 4];
    snprintf(s, sizeof step[0], ">HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(json), json);
    return s;
}

static char alerted[64];

static void alert(void *ctx, const char *code, const char *sentence_vi)
{
    (void)ctx;
    check_true("in words", sentence_vi[0] != '\0');
    snprintf(alerted, sizeof alerted, "%s", code);
}

struct rig {
    struct loop *loop;
    struct http_client *http;
    struct config *config;
    void *sms;
};

static struct config *configure(const char *provider, int port, const char *more)
{
    char text[1024];
    struct config *c = NULL;
    struct errors *err = errors_new();
    snprintf(text, sizeof text,
             "[sms]\nprovider = %s\nurl = http://127.0.0.1:%d\napi_key = KEYKEY\nsecret_key = SECSEC\n"
             "username = loa\npassword = PASSPASS\nbrandname = TTPVHCC\nwebhook_token = 0123456789abcdef\n%s",
             provider, port, more);
    if (config_parse("test", text, strlen(text), err, &c) != LOA_OK)
        fail_msg("%s", err->item[0].detail);
    errors_free(err);
    return c;
}

static struct rig rig_up(const char *provider, int port, const char *more)
{
    struct rig r = { .loop = loop_new(), .config = configure(provider, port, more) };
    struct errors *err = errors_new();
    r.http = http_client_new(r.loop);
    struct channel_env env = {
        .loop = r.loop, .http = r.http, .config = r.config, .data_dir = check_path("channels"), .alert = alert
    };
    if (sms_channel.open(&env, err, &r.sms) != LOA_OK)
        fail_msg("%s: %s", provider, err->count > 0 ? err->item[0].detail : "not opened");
    errors_free(err);
    return r;
}

static void rig_down(struct rig *r)
{
    sms_channel.close(r->sms);
    http_client_free(r->http);
    loop_free(r->loop);
    config_free(r->config);
}

struct sent {
    bool done;
    unsigned times;
    struct outcome o;
};

static void take(void *ctx, const struct outcome *o)
{
    struct sent *s = ctx;
    s->done = true;
    s->times++;
    s->o = *o;
}

static enum loa_status start(struct rig *r, const char *to, const char *body, struct sent *s)
{
    struct text text;
    text_message_init(&text);
    buf_str(&text.body, body);
    struct send send = { .way = WAY_SMS, .ref = "n1s1t1", .address = to, .text = &text, .attempt = 1 };
    enum loa_status st = sms_channel.send(r->sms, &send, take, s);
    check_true("never inside the call", !s->done);
    text_message_clear(&text);
    return st;
}

static struct outcome send_one(struct rig *r, const char *label, const char *to, const char *body)
{
    struct sent s = { 0 };
    check_int(label, start(r, to, body, &s), LOA_OK);
    check_wait(r->loop, &s.done, 8000, label);
    check_int("once", s.times, 1);
    return s.o;
}

static unsigned count_of(struct script_peer *peer, const char *text)
{
    struct buf heard = BUF_INIT(1 << 20);
    unsigned n = 0;
    script_peer_heard(peer, &heard);
    for (const char *p = buf_cstr(&heard); (p = strstr(p, text)) != NULL; p++)
        n++;
    buf_clear(&heard);
    return n;
}

static void test_accepted(void **state)
{
    struct script_peer *peer = script_peer_start(TALKS(TALK("<" ESMS_END, ok(ESMS_TAKEN), "@0")));
    struct rig r = rig_up("esms", script_peer_port(peer), "price_vnd = 400\n");
    (void)state;
    struct outcome o = send_one(&r, "accepted", "84912345678", "Hồ sơ đã duyệt");
    check_str("class", outcome_class_word(o.class), "accepted");
    check_str("their id", o.provider_id, "abc100");
    check_int("one part at the configured price", o.cost_vnd, 400);
    char long_text[200];
    memset(long_text, 'a', 161);
    long_text[161] = '\0';
    o = send_one(&r, "two parts", "84912345678", long_text);
    check_int("two parts cost twice", o.cost_vnd, 800);
    check_int("the national number", count_of(peer, "\"Phone\":\"0912345678\""), 2);
    check_int("without marks", count_of(peer, "\"Content\":\"Ho so da duyet\""), 1);
    check_int("our reference", count_of(peer, "\"RequestId\":\"n1s1t1\""), 2);
    rig_down(&r);
    script_peer_stop(peer);
}

/* The answer is lost after the provider took the message: one message all the same. */
static void test_lost_answer(void **state)
{
    struct script_peer *peer =
        script_peer_start(TALKS(TALK("<" ESMS_END), TALK("<" ESMS_END, ok(ESMS_AGAIN))));
    struct rig r = rig_up("esms", script_peer_port(peer), "");
    (void)state;
    struct outcome o = send_one(&r, "lost", "84912345678", "Ho so");
    check_str("nobody knows", outcome_class_word(o.class), "uncertain");
    check_true("but they know our reference", sms_channel.dedupes(r.sms, WAY_SMS));
    o = send_one(&r, "again", "84912345678", "Ho so");
    check_str("they had it", outcome_class_word(o.class), "duplicate");
    check_str("and tell the id", o.provider_id, "abc100");
    check_int("the driver itself never repeated", count_of(peer, "\"RequestId\":\"n1s1t1\""), 2);
    rig_down(&r);
    script_peer_stop(peer);
}

static void test_encodings(void **state)
{
    static const struct {
        const char *label, *more, *in, *want;
    } cases[] = {
        { "composed", "", "Hồ sơ đã duyệt",
          "\"Content\":\"Ho so da duyet\",\"Brandname\":\"TTPVHCC\",\"SmsType\":\"2\","
          "\"IsUnicode\":\"0\"" },
        { "decomposed", "", "Ho\xcc\x82\xcc\x80 so\xcc\x9b \xc4\x91\x61\xcc\x83 duye\xcc\xa3\xcc\x82t",
          "\"Content\":\"Ho so da duyet\"" },
        { "kept", "diacritics = keep\nsms_type = 8\n", "Ho\xcc\x82\xcc\x80 sơ",
          "\"Content\":\"Hồ sơ\",\"Brandname\":\"TTPVHCC\","
          "\"SmsType\":\"8\",\"IsUnicode\":\"1\"" },
        { "kept, but plain", "diacritics = keep\nsandbox = yes\n", "Ho so",
          "\"IsUnicode\":\"0\",\"Sandbox\":\"1\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct script_peer *peer = script_peer_start(TALKS(TALK("<" ESMS_END, ok(ESMS_TAKEN))));
        struct rig r = rig_up("esms", script_peer_port(peer), cases[i].more);
        struct outcome o = send_one(&r, cases[i].label, "84912345678", cases[i].in);
        check_str(cases[i].label, outcome_class_word(o.class), "accepted");
        check_int(cases[i].label, count_of(peer, cases[i].want), 1);
        rig_down(&r);
        script_peer_stop(peer);
    }
}

/* Refused before anything leaves. */
static void test_refused(void **state)
{
    static const struct {
        const char *label, *more, *to, *letter;
        unsigned times;
        const char *class, *code;
    } cases[] = {
        { "618 letters, four parts allowed", "max_parts = 4\n", "84912345678", "a", 618, "content_rejected",
          "loa:too_long" },
        { "three parts by default", "", "84912345678", "a", 460, "content_rejected", "loa:too_long" },
        { "202 with marks", "diacritics = keep\n", "84912345678", "đ", 202, "content_rejected",
          "loa:too_long" },
        { "more than ten parts", "max_parts = 10\n", "84912345678", "a", 1600, "content_rejected",
          "loa:too_long" },
        { "more than the buffer", "max_parts = 10\n", "84912345678", "a", 5000, "content_rejected",
          "loa:too_long" },
        { "empty", "", "84912345678", "", 1, "content_rejected", "loa:empty" },
        { "blank", "", "84912345678", " \n", 3, "content_rejected", "loa:empty" },
        { "no GSM letter", "", "84912345678", "😀", 1, "content_rejected", "loa:bad_letter" },
        { "a landline", "", "842412345678", "a", 1, "recipient_invalid", "loa:not_mobile" },
        { "a service number", "", "19001234", "a", 1, "recipient_invalid", "loa:not_mobile" },
        { "no number", "", "x", "a", 1, "recipient_invalid", "loa:not_mobile" },
    };
    struct script_peer *peer = script_peer_start(TALKS(TALK("~")));
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r = rig_up("esms", script_peer_port(peer), cases[i].more);
        struct outcome o =
            send_one(&r, cases[i].label, cases[i].to, check_repeat(cases[i].letter, cases[i].times));
        check_str(cases[i].label, outcome_class_word(o.class), cases[i].class);
        check_str(cases[i].label, o.code, cases[i].code);
        rig_down(&r);
    }
    check_int("nobody was called", script_peer_connections(peer), 0);
    script_peer_stop(peer);
}

static void test_throttled(void **state)
{
    static const struct {
        const char *label, *header;
        int64_t wait_ms;
    } cases[] = {
        { "seconds", "X-Rate-Limit-Reset: 17", 17000 },
        { "a moment in seconds", "X-Rate-Limit-Reset: 1800000020", 20000 },
        { "a moment in milliseconds", "X-Rate-Limit-Reset: 1800000005000", 5000 },
        { "the standard header", "Retry-After: 9", 9000 },
        { "an hour at most", "X-Rate-Limit-Reset: 99999", 3600000 },
        { "a moment gone by", "X-Rate-Limit-Reset: 1700000000", 60000 },
        { "nonsense", "X-Rate-Limit-Reset: soon", 60000 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char answer[256];
        snprintf(answer, sizeof answer,
                 ">HTTP/1.1 429 Too Many Requests\r\n%s\r\nContent-Length: 2\r\n\r\n{}", cases[i].header);
        struct script_peer *peer = script_peer_start(TALKS(TALK("<\"sender\":\"TTPVHCC\"}", answer)));
        struct rig r = rig_up("speedsms", script_peer_port(peer), "");
        clock_freeze(1800000000000);
        struct sent s = { 0 };
        check_int(cases[i].label, start(&r, "84912345678", "Ho so", &s), LOA_OK);
        while (!s.done)
            loop_run_once(r.loop);
        clock_thaw();
        check_str(cases[i].label, outcome_class_word(s.o.class), "throttled");
        check_int(cases[i].label, s.o.scope, SCOPE_WAY);
        check_int(cases[i].label, s.o.wait_ms, cases[i].wait_ms);
        rig_down(&r);
        script_peer_stop(peer);
    }
}

static void test_unknown_code(void **state)
{
    struct script_peer *peer = script_peer_start(TALKS(TALK("<" ESMS_END, ok("{\"CodeResult\":\"999\"}"))));
    struct rig r = rig_up("esms", script_peer_port(peer), "");
    (void)state;
    alerted[0] = '\0';
    struct outcome o = send_one(&r, "unknown", "84912345678", "Ho so");
    check_str("worth another try", outcome_class_word(o.class), "transient");
    check_int("or two", o.max_tries, 2);
    check_str("somebody is told", alerted, "sms_unknown_code");
    rig_down(&r);
    script_peer_stop(peer);
}

static void test_unreachable(void **state)
{
    struct rig r = rig_up("esms", free_port(), "");
    (void)state;
    struct outcome o = send_one(&r, "nobody listens", "84912345678", "Ho so");
    check_str("not sent", outcome_class_word(o.class), "transient");
    check_str("for sure", o.code, "net:not_sent");
    rig_down(&r);
}

static void test_window(void **state)
{
    struct script_peer *peer = script_peer_start(TALKS(TALK("~")));
    struct rig r = rig_up("esms", script_peer_port(peer), "in_flight = 2\n");
    struct sent a = { 0 }, b = { 0 }, c = { 0 };
    (void)state;
    check_int("first", start(&r, "84912345678", "Ho so", &a), LOA_OK);
    check_int("second", start(&r, "84912345678", "Ho so", &b), LOA_OK);
    check_int("no third", start(&r, "84912345678", "Ho so", &c), LOA_BUSY);
    rig_down(&r);
    check_int("closing completes the first", a.times, 1);
    check_str("as uncertain", outcome_class_word(a.o.class), "uncertain");
    check_int("and the second", b.times, 1);
    check_int("but not what never started", c.times, 0);
    script_peer_stop(peer);
}

/* ---- polls ---- */

struct polled {
    bool done;
    unsigned count;
    struct channel_event first;
};

static void take_events(void *ctx, const struct channel_events *ev)
{
    struct polled *p = ctx;
    p->done = true;
    p->count = ev->count;
    if (ev->count > 0)
        p->first = ev->item[0];
}

static void test_poll(void **state)
{
    static const char answer[] =
        "{\"CodeResponse\":\"100\",\"SMSID\":\"abc100\",\"SendFailed\":0,\"SendStatus\":5,"
        "\"SendSuccess\":1}";
    struct script_peer *peer = script_peer_start(TALKS(TALK("<\r\n\r\n", ok(answer)), TALK("<\r\n\r\n")));
    struct rig r = rig_up("esms", script_peer_port(peer), "");
    struct polled p = { 0 };
    (void)state;
    check_int("asked", sms_channel.poll(r.sms, WAY_SMS, "abc100", "n1s1t1", take_events, &p), LOA_OK);
    check_wait(r.loop, &p.done, 8000, "poll");
    check_int("one event", p.count, 1);
    check_str("delivered", channel_event_word(p.first.kind), "delivered");
    check_str("of our message", p.first.ref, "n1s1t1");
    check_int("by its id", count_of(peer, "GET /MainService.svc/json/GetSendStatus?RefId=abc100&"), 1);
    p = (struct polled){ 0 };
    check_int("asked again", sms_channel.poll(r.sms, WAY_SMS, "abc100", "n1s1t1", take_events, &p), LOA_OK);
    check_wait(r.loop, &p.done, 8000, "poll");
    check_int("no answer, no event", p.count, 0);
    check_int("without an id nobody can be asked",
              sms_channel.poll(r.sms, WAY_SMS, "", "n1s1t1", take_events, &p), LOA_NOT_FOUND);
    rig_down(&r);
    script_peer_stop(peer);
}

/* ---- callbacks ---- */

static const char *forwarded(const void *ctx, const char *name)
{
    return strcmp(name, "x-forwarded-for") == 0 ? ctx : NULL;
}

static void test_verify(void **state)
{
    static const struct {
        const char *label, *more, *token, *peer, *forwarded;
        enum loa_status want;
    } cases[] = {
        { "right", "", "0123456789abcdef", "203.0.113.7", NULL, LOA_OK },
        { "wrong", "", "0123456789abcdee", "203.0.113.7", NULL, LOA_DENIED },
        { "shorter", "", "0123456789abcde", "203.0.113.7", NULL, LOA_DENIED },
        { "empty", "", "", "203.0.113.7", NULL, LOA_DENIED },
        { "none", "", NULL, "203.0.113.7", NULL, LOA_DENIED },
        { "a listed caller", "webhook_ips = 203.0.113.0/24\n", "0123456789abcdef", "203.0.113.7", NULL,
          LOA_OK },
        { "a stranger", "webhook_ips = 203.0.113.0/24\n", "0123456789abcdef", "198.51.100.1", NULL,
          LOA_DENIED },
        { "through our proxy", "webhook_ips = 203.0.113.0/24\n", "0123456789abcdef", "127.0.0.1",
          "203.0.113.7", LOA_OK },
        { "a stranger through our proxy", "webhook_ips = 203.0.113.0/24\n", "0123456789abcdef", "127.0.0.1",
          "203.0.113.7, 198.51.100.1", LOA_DENIED },
        { "nobody knows who", "webhook_ips = 203.0.113.0/24\n", "0123456789abcdef", NULL, NULL, LOA_DENIED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r = rig_up("esms", 1, cases[i].more);
        struct webhook w = { .method = "GET",
                             .token = cases[i].token,
                             .peer = cases[i].peer,
                             .query = "",
                             .body = "",
                             .header = forwarded,
                             .header_ctx = cases[i].forwarded };
        check_int(cases[i].label, sms_channel.verify(r.sms, &w), cases[i].want);
        rig_down(&r);
    }
    struct rig r = rig_up("esms", 1, "webhook_ips = …\n");
    check_int("no token set: nobody gets in", config_set(r.config, "sms", "webhook_token", "", NULL), LOA_OK);
    struct webhook w = { .method = "GET", .token = "", .query = "", .body = "" };
    check_int("not even without one", sms_channel.verify(r.sms, &w), LOA_DENIED);
    rig_down(&r);
}

/* ---- opening ---- */

static void test_open(void **state)
{
    static const struct {
        const char *label, *text;
        enum loa_status want;
        const char *code;
    } cases[] = {
        { "no provider: SMS is off", "[sms]\n", LOA_NOT_FOUND, "" },
        { "switched off", "[sms]\nprovider = nobody\nenabled = no\n", LOA_NOT_FOUND, "" },
        { "unknown provider", "[sms]\nprovider = nobody\n", LOA_INVALID, "missing" },
        { "a key is missing", "[sms]\nprovider = esms\napi_key = a\nbrandname = A\n", LOA_INVALID,
          "missing" },
        { "bad brandname", "[sms]\nprovider = speedsms\napi_key = a\nbrandname = CONG DICH VU CONG\n",
          LOA_INVALID, "bad_brandname" },
        { "bad address list", "[sms]\nprovider = speedsms\napi_key = a\nwebhook_ips = 1.2.3\n", LOA_INVALID,
          "bad_ip" },
        { "bad type", "[sms]\nprovider = speedsms\napi_key = a\nsms_type = 2,\n", LOA_INVALID,
          "bad_sms_type" },
        { "fine", "[sms]\nprovider = speedsms\napi_key = a\n", LOA_OK, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        struct config *c = NULL;
        void *sms = NULL;
        check_int(cases[i].label, config_parse("test", cases[i].text, strlen(cases[i].text), err, &c),
                  LOA_OK);
        struct channel_env env = { .config = c, .data_dir = check_path("channels") };
        check_int(cases[i].label, sms_channel.open(&env, err, &sms), cases[i].want);
        check_str(cases[i].label, err->count > 0 ? err->item[0].code : "", cases[i].code);
        errors_reset(err);
        sms_channel.check(c, check_path("channels"), err);
        check_str("loa check says the same", err->count > 0 ? err->item[0].code : "", cases[i].code);
        sms_channel.close(sms);
        config_free(c);
        errors_free(err);
    }
}

/* An address copied from a manual, with some of the path in it. */
static void test_addresses(void **state)
{
    static const char *const tails[] = { "", "/", "/MainService.svc/json", "/MainService.svc/json/",
                                         "/MainService.svc/json/SendMultipleMessage_V4_post_json/" };
    (void)state;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct script_peer *peer = script_peer_start(TALKS(TALK("<" ESMS_END, ok(ESMS_TAKEN))));
        struct rig r = rig_up("esms", script_peer_port(peer), "");
        char url[200];
        rig_down(&r);
        snprintf(url, sizeof url, "http://127.0.0.1:%d%s", script_peer_port(peer), tails[i]);
        setenv("LOA_SMS_URL", url, 1);
        r = rig_up("esms", script_peer_port(peer), "");
        unsetenv("LOA_SMS_URL");
        send_one(&r, tails[i], "84912345678", "Ho so");
        check_int(tails[i],
                  count_of(peer, "POST /MainService.svc/json/SendMultipleMessage_V4_post_json/ HTTP"), 1);
        rig_down(&r);
        script_peer_stop(peer);
    }
}

/* ---- what was logged meanwhile ---- */

static int kept_stderr;
static char log_path[300];

static int log_to_file(void **state)
{
    (void)state;
    snprintf(log_path, sizeof log_path, "%s", check_file("log", ""));
    int fd = open(log_path, O_WRONLY | O_APPEND | O_CLOEXEC);
    kept_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
    log_set_level(LOG_LEVEL_DEBUG);
    return 0;
}

/* The last test: no key, number or text of all the others is in the log, at the most talkative level. */
static void test_nothing_told(void **state)
{
    static const char *const secrets[] = { "KEYKEY",      "SECSEC",     "PASSPASS", "0123456789abcdef",
                                           "84912345678", "0912345678", "Ho so" };
    struct buf log = BUF_INIT(1 << 20);
    (void)state;
    dup2(kept_stderr, STDERR_FILENO);
    check_int("the log", buf_read_file(&log, log_path), LOA_OK);
    fputs(buf_cstr(&log), stderr);
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        check_true(secrets[i], strstr(buf_cstr(&log), secrets[i]) == NULL);
    buf_clear(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),     cmocka_unit_test(test_lost_answer),
        cmocka_unit_test(test_encodings),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_throttled),    cmocka_unit_test(test_unknown_code),
        cmocka_unit_test(test_unreachable),  cmocka_unit_test(test_window),
        cmocka_unit_test(test_poll),         cmocka_unit_test(test_verify),
        cmocka_unit_test(test_open),         cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_nothing_told),
    };
    return cmocka_run_group_tests(tests, log_to_file, NULL);
}
