/* The provider descriptions as they are shipped, and the three parsers they drive: request, reply, report. */
#include "check.h"
#include "loa/ip_list.h"
#include "loa/phone.h"
#include "loa/sms_brand.h"
#include "loa/sms_provider.h"
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct sms_provider *load(const char *name)
{
    struct sms_provider *p = NULL;
    struct errors *err = errors_new();
    if (sms_provider_load(check_path("channels"), name, err, &p) != LOA_OK)
        fail_msg("%s: %s %s", name, err->count ? err->item[0].pointer : "",
                 err->count ? err->item[0].detail : "");
    check_int(name, err->count, 0);
    errors_free(err);
    return p;
}

/* Every description in the folder, so that one added later is checked too. */
static void test_shipped(void **state)
{
    static const struct {
        const char *name;
        bool national, dedupes, polls;
    } known[] = {
        { "esms", true, true, true },
        { "speedsms", false, false, true },
        { "kannel", false, false, false },
        { "vietguys", false, false, false },
    };
    unsigned found = 0;
    DIR *d = opendir(check_path("channels/sms"));
    (void)state;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char *dot = strrchr(e->d_name, '.');
        if (dot == NULL || strcmp(dot, ".ini") != 0)
            continue;
        *dot = '\0';
        sms_provider_free(load(e->d_name));
        found++;
    }
    closedir(d);
    check_true("all were found", found >= sizeof known / sizeof *known);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct sms_provider *p = load(known[i].name);
        check_int(known[i].name, p->national_phone, known[i].national);
        check_int(known[i].name, p->dedupes, known[i].dedupes);
        check_int(known[i].name, p->poll.path != NULL, known[i].polls);
        sms_provider_free(p);
    }
}

static void test_faults(void **state)
{
    static const char good[] =
        "[provider]\nurl = http://h\n[send]\nmethod = POST\npath = /p\n[reply]\ncode = c\n"
        "[report]\nstatus = s\nid = i\n[states]\n1 = delivered\n";
    static const struct {
        const char *label, *more, *want;
    } cases[] = {
        { "fine", "", "" },
        { "an unknown key", "[send]\nbodie = x\n",
          "x.ini:14 a provider description has no key [send] bodie" },
        { "an unknown place", "[send]\nbody = {\"a\":\"{{phon}}\"}\n",
          "x.ini:14 there is no {{phon}} to insert" },
        { "an unknown place in a header", "[headers]\nX-A = {{who}}\n",
          "x.ini:14 there is no {{who}} to insert" },
        { "not JSON", "[send]\nbody = {\"a\":{{text}}\n", "x.ini [send] body is not JSON" },
        { "a number without quotes is JSON", "[send]\nbody = {\"a\":{{sms_type}}}\n", "" },
        { "given twice", "[reply]\ncode = d\n", "x.ini:14 [reply] code is given twice" },
        { "an unknown word", "[send]\ntype = xml\n", "x.ini [send] type: write json or form, text" },
        { "an unknown state", "[states]\n2 = lost\n",
          "x.ini:14 2: write delivered, progress or failed CODE" },
        { "a callback elsewhere", "[send]\ncallback = http://h/\n",
          "x.ini [send] callback = {{webhook}}… is missing" },
        { "incoming without a sign", "[incoming]\ntext = t\n", "x.ini [incoming] when is missing" },
        { "half a poll", "[poll]\npath = /q\n", "x.ini [poll] method, code, ok, status is missing" },
        { "a bad condition", "[report]\nwhen = type\n", "x.ini [report] when: write field=value" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        struct sms_provider *p = NULL;
        char text[1024], got[300] = "";
        int n = snprintf(text, sizeof text, "%s%s", good, cases[i].more);
        enum loa_status st = sms_provider_parse("x.ini", text, (size_t)n, err, &p);
        if (err->count > 0)
            snprintf(got, sizeof got, "%s %s", err->item[0].pointer, err->item[0].detail);
        got[strlen(cases[i].want) < sizeof got ? strlen(cases[i].want) : 0] =
            *cases[i].want != '\0' ? '\0' : got[0];
        check_str(cases[i].label, got, cases[i].want);
        check_int(cases[i].label, st, *cases[i].want == '\0' ? LOA_OK : LOA_INVALID);
        if (st == LOA_OK)
            sms_provider_free(p);
        errors_free(err);
    }
    struct errors *err = errors_new();
    struct sms_provider *p = NULL;
    check_int("no way out of the folder", sms_provider_load(check_path("channels"), "../zalo", err, &p),
              LOA_INVALID);
    errors_reset(err);
    check_int("no such provider", sms_provider_load(check_path("channels"), "nobody", err, &p), LOA_INVALID);
    errors_free(err);
}

/* ---- requests ---- */

static const struct sms_values sample = { .value = { [SMS_API_KEY] = "KEY",
                                                     [SMS_SECRET_KEY] = "SEC",
                                                     [SMS_USERNAME] = "us er",
                                                     [SMS_PASSWORD] = "p&w",
                                                     [SMS_BRANDNAME] = "TTPVHCC",
                                                     [SMS_TYPE] = "2",
                                                     [SMS_SANDBOX] = "0",
                                                     [SMS_PHONE] = "84912345678",
                                                     [SMS_TEXT] = "Ho so \"H29\" & xong\n100%",
                                                     [SMS_REF] = "n1s1t1",
                                                     [SMS_UNICODE] = "0",
                                                     [SMS_CODING] = "0",
                                                     [SMS_DCS] = "0",
                                                     [SMS_CALLBACK] = "http://loa/cb?a=%d",
                                                     [SMS_ID] = "77/8" } };

static void print_request(const struct sms_request *r, struct buf *out)
{
    buf_reset(out);
    buf_printf(out, "%s %s", r->method, buf_cstr(&r->url));
    for (unsigned i = 0; r->headers[i] != NULL; i++)
        buf_printf(out, "|%s", r->headers[i]);
    if (r->user.len > 0)
        buf_printf(out, "|basic %s:%s", buf_cstr(&r->user), buf_cstr(&r->password));
    if (r->body.len > 0)
        buf_printf(out, "|%s", buf_cstr(&r->body));
}

static void test_requests(void **state)
{
    static const struct {
        const char *name, *want;
        bool poll;
    } cases[] = {
        { "esms",
          "POST http://h:1/x/MainService.svc/json/SendMultipleMessage_V4_post_json/"
          "|Content-Type: application/json"
          "|{\"ApiKey\":\"KEY\",\"SecretKey\":\"SEC\",\"Phone\":\"84912345678\","
          "\"Content\":\"Ho so \\\"H29\\\" & xong\\n100%\",\"Brandname\":\"TTPVHCC\",\"SmsType\":\"2\","
          "\"IsUnicode\":\"0\",\"Sandbox\":\"0\",\"RequestId\":\"n1s1t1\","
          "\"CallbackUrl\":\"http://loa/cb?a=%d\"}",
          false },
        { "esms", "GET http://h:1/x/MainService.svc/json/GetSendStatus?RefId=77%2F8&ApiKey=KEY&SecretKey=SEC",
          true },
        { "speedsms",
          "POST http://h:1/x/index.php/sms/send|Content-Type: application/json|basic KEY:x"
          "|{\"to\":[\"84912345678\"],\"content\":\"Ho so \\\"H29\\\" & xong\\n100%\",\"sms_type\":2,"
          "\"sender\":\"TTPVHCC\"}",
          false },
        { "speedsms", "GET http://h:1/x/index.php/sms/status/77%2F8|basic KEY:x", true },
        { "kannel",
          "POST http://h:1/x/cgi-bin/sendsms|Content-Type: text/plain; charset=UTF-8"
          "|X-Kannel-Username: us er|X-Kannel-Password: p&w|X-Kannel-From: TTPVHCC"
          "|X-Kannel-To: 84912345678|X-Kannel-Coding: 0|X-Kannel-DLR-Mask: 31"
          "|X-Kannel-DLR-Url: http://loa/cb?a=%d|Ho so \"H29\" & xong\n100%",
          false },
        { "vietguys",
          "POST http://h:1/x/api/index.php|Content-Type: application/x-www-form-urlencoded"
          "|u=us%20er&pwd=p%26w&from=TTPVHCC&phone=84912345678&sms=Ho%20so%20%22H29%22%20%26%20xong"
          "%0A100%25&bid=n1s1t1&type=0&json=1",
          false },
    };
    struct buf got = BUF_INIT(8192);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sms_provider *p = load(cases[i].name);
        struct sms_request r;
        check_int(cases[i].name,
                  sms_request_make(p, cases[i].poll ? &p->poll : &p->send, "http://h:1/x/", &sample, &r),
                  LOA_OK);
        print_request(&r, &got);
        check_str(cases[i].name, buf_cstr(&got), cases[i].want);
        sms_request_clear(&r);
        sms_provider_free(p);
    }
    buf_clear(&got);
}

static void test_request_limits(void **state)
{
    struct sms_provider *p = load("kannel");
    struct sms_values v = sample;
    struct sms_request r;
    static char huge[20000];
    (void)state;
    v.value[SMS_BRANDNAME] = "A\r\nX-Kannel-To: 84900000000";
    check_int("a header is one line", sms_request_make(p, &p->send, "http://h", &v, &r), LOA_INVALID);
    v = sample;
    memset(huge, 'a', sizeof huge - 1);
    v.value[SMS_TEXT] = huge;
    check_int("a text has a ceiling", sms_request_make(p, &p->send, "http://h", &v, &r), LOA_INVALID);
    v = sample;
    v.value[SMS_CALLBACK] = "";
    check_int("an empty header is left out", sms_request_make(p, &p->send, "http://h", &v, &r), LOA_OK);
    for (unsigned i = 0; r.headers[i] != NULL; i++)
        check_true("no report address", strstr(r.headers[i], "DLR-Url") == NULL);
    sms_request_clear(&r);

    struct buf callback = BUF_INIT(1024);
    sms_callback_make(p, &v, &callback);
    check_str("no webhook, no callback", buf_cstr(&callback), "");
    v.value[SMS_WEBHOOK] = "https://loa/webhooks/sms/kannel/t0ken";
    sms_callback_make(p, &v, &callback);
    check_str("the reference travels in the callback", buf_cstr(&callback),
              "https://loa/webhooks/sms/kannel/t0ken?ref=n1s1t1&status=%d&mid=%F&phone=%p&at=%T");
    buf_clear(&callback);
    sms_provider_free(p);
}

/* ---- replies ---- */

static void test_replies(void **state)
{
    static const struct {
        const char *label, *provider;
        int status;
        const char *body;
        enum outcome_class class;
        const char *code, *id;
        bool known;
    } cases[] = {
        { "esms takes it", "esms", 200,
          "{\"CodeResult\":\"100\",\"CountRegenerate\":0,\"SMSID\":\"abc-100\"}", OUTCOME_ACCEPTED,
          "esms:100", "abc-100", true },
        { "esms had it already", "esms", 200,
          "{\"CodeResult\":\"124\",\"SMSID\":\"abc-100\",\"SendStatus\":5}", OUTCOME_DUPLICATE, "esms:124",
          "abc-100", true },
        { "esms, the code as a number", "esms", 200, "{\"CodeResult\":100,\"SMSID\":\"x\"}", OUTCOME_ACCEPTED,
          "esms:100", "x", true },
        { "esms, bad keys", "esms", 200, "{\"CodeResult\":\"101\",\"ErrorMessage\":\"Authorize Failed\"}",
          OUTCOME_AUTH, "esms:101", "", true },
        { "esms, no money", "esms", 200, "{\"CodeResult\":\"103\"}", OUTCOME_BALANCE, "esms:103", "", true },
        { "esms, wrong template", "esms", 200, "{\"CodeResult\":\"146\"}", OUTCOME_CONTENT_REJECTED,
          "esms:146", "", true },
        { "esms, operator not registered", "esms", 200, "{\"CodeResult\":\"177\"}", OUTCOME_SENDER_REJECTED,
          "esms:177", "", true },
        { "esms, blocked number", "esms", 200, "{\"CodeResult\":\"99\"}", OUTCOME_RECIPIENT_REFUSED,
          "esms:99", "", true },
        { "esms, bare error", "esms", 200, "{\"error\":\"something\"}", OUTCOME_TRANSIENT, "esms:error", "",
          true },
        { "esms, a code nobody knows", "esms", 200, "{\"CodeResult\":\"555\"}", OUTCOME_TRANSIENT, "esms:555",
          "", false },
        { "esms, 5xx may have been taken", "esms", 500, "<html>", OUTCOME_UNCERTAIN, "http:500", "", true },
        { "esms, a page instead of JSON", "esms", 200, "<html>ok</html>", OUTCOME_UNCERTAIN, "net:bad_answer",
          "", true },
        { "esms, an empty answer", "esms", 200, "", OUTCOME_UNCERTAIN, "net:bad_answer", "", true },
        { "esms, JSON of another kind", "esms", 200, "[1,2]", OUTCOME_UNCERTAIN, "net:bad_answer", "", true },
        { "speedsms takes it", "speedsms", 200,
          "{\"status\":\"success\",\"code\":\"00\",\"data\":{\"tranId\":123456789012,\"totalSMS\":1,\"totalPrice\":250,"
          "\"invalidPhone\":[]}}",
          OUTCOME_ACCEPTED, "speedsms:00", "123456789012", true },
        { "speedsms calls our number invalid", "speedsms", 200,
          "{\"status\":\"success\",\"code\":\"00\",\"data\":{\"tranId\":1,\"invalidPhone\":[\"0912345678\"]}}",
          OUTCOME_RECIPIENT_INVALID, "speedsms:invalidPhone", "1", true },
        { "speedsms calls another number invalid", "speedsms", 200,
          "{\"status\":\"success\",\"code\":\"00\",\"data\":{\"tranId\":1,\"invalidPhone\":[\"84999999999\"]}}",
          OUTCOME_ACCEPTED, "speedsms:00", "1", true },
        { "speedsms, invalid beside an error", "speedsms", 200,
          "{\"status\":\"error\",\"code\":\"105\",\"invalidPhone\":[\"84912345678\"]}",
          OUTCOME_RECIPIENT_INVALID, "speedsms:invalidPhone", "", true },
        { "speedsms, account blocked", "speedsms", 200, "{\"status\":\"error\",\"code\":\"008\"}",
          OUTCOME_AUTH, "speedsms:008", "", true },
        { "speedsms, internal", "speedsms", 500, "{\"status\":\"error\",\"code\":\"500\"}", OUTCOME_TRANSIENT,
          "speedsms:500", "", true },
        { "speedsms, wrong token", "speedsms", 404, "not found", OUTCOME_AUTH, "http:404", "", true },
        { "speedsms, too fast", "speedsms", 429, "{\"message\":\"Too Many Requests\"}", OUTCOME_THROTTLED,
          "http:429", "", true },
        { "kannel takes it", "kannel", 202, "0: Accepted for delivery", OUTCOME_ACCEPTED, "kannel:0", "",
          true },
        { "kannel queues it", "kannel", 202, "3: Queued for later delivery", OUTCOME_ACCEPTED, "kannel:3", "",
          true },
        { "kannel, wrong password", "kannel", 403, "Authorization failed for sendsms", OUTCOME_AUTH,
          "kannel:auth", "", true },
        { "kannel, no route", "kannel", 403, "Not routable. Do not try again.", OUTCOME_SENDER_REJECTED,
          "kannel:noroute", "", true },
        { "kannel, a list denies the number", "kannel", 403,
          "Number(s) has/have been denied by white- and/or black-lists.", OUTCOME_RECIPIENT_REFUSED,
          "kannel:denied", "", true },
        { "kannel, bad request", "kannel", 400, "Missing receiver number, rejected", OUTCOME_CONTENT_REJECTED,
          "http:400", "", true },
        { "kannel, no such path", "kannel", 404, "", OUTCOME_AUTH, "http:404", "", true },
        { "kannel, busy", "kannel", 503, "Temporal failure, try again later.", OUTCOME_TRANSIENT,
          "kannel:busy", "", true },
        { "kannel, busy in other words", "kannel", 503, "", OUTCOME_TRANSIENT, "http:503", "", true },
        { "kannel, another 2xx", "kannel", 200, "Sent", OUTCOME_UNCERTAIN, "net:bad_answer", "", true },
        { "vietguys takes it", "vietguys", 200, "{\"error\":0,\"log_id\":\"v77\"}", OUTCOME_ACCEPTED,
          "vietguys:0", "v77", true },
        { "vietguys, the other id", "vietguys", 200, "{\"error\":\"0\",\"msgid\":\"m1\",\"log_id\":\"v77\"}",
          OUTCOME_ACCEPTED, "vietguys:0", "m1", true },
        { "vietguys, plain text", "vietguys", 200, "-3", OUTCOME_UNCERTAIN, "net:bad_answer", "", true },
        { "vietguys, a code nobody knows", "vietguys", 200, "{\"error\":-12,\"message\":\"x\"}",
          OUTCOME_TRANSIENT, "vietguys:-12", "", false },
        { "any, redirected", "esms", 302, "", OUTCOME_AUTH, "http:302", "", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sms_provider *p = load(cases[i].provider);
        struct http_answer a = { .result = WIRE_ANSWERED,
                                 .status = cases[i].status,
                                 .body = cases[i].body,
                                 .body_len = strlen(cases[i].body) };
        struct outcome o;
        bool known = false;
        sms_reply_classify(p, &a, "84912345678", 0, &known, &o);
        check_str(cases[i].label, outcome_class_word(o.class), outcome_class_word(cases[i].class));
        check_str(cases[i].label, o.code, cases[i].code);
        check_str(cases[i].label, o.provider_id, cases[i].id);
        check_int(cases[i].label, known, cases[i].known);
        check_true("staff are told something", o.sentence_vi[0] != '\0');
        sms_provider_free(p);
    }
}

static void test_wire(void **state)
{
    static const struct {
        const char *label;
        enum wire_result result;
        enum outcome_class class;
        const char *code;
    } cases[] = {
        { "nothing left", WIRE_NOT_SENT, OUTCOME_TRANSIENT, "net:not_sent" },
        { "nothing came back", WIRE_UNKNOWN, OUTCOME_UNCERTAIN, "net:no_answer" },
        { "we gave up", WIRE_CANCELLED, OUTCOME_UNCERTAIN, "net:cancelled" },
    };
    struct sms_provider *p = load("kannel");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_answer a = { .result = cases[i].result, .body = "", .error = "x" };
        struct outcome o;
        bool known;
        sms_reply_classify(p, &a, "84912345678", 0, &known, &o);
        check_str(cases[i].label, outcome_class_word(o.class), outcome_class_word(cases[i].class));
        check_str(cases[i].label, o.code, cases[i].code);
    }
    sms_provider_free(p);
}

static void test_cost(void **state)
{
    static const char body[] = "{\"code\":\"00\",\"data\":{\"tranId\":1,\"totalPrice\":249.6}}";
    struct sms_provider *p = load("speedsms");
    struct http_answer a = { .result = WIRE_ANSWERED, .status = 200, .body = body, .body_len = strlen(body) };
    struct outcome o;
    bool known;
    (void)state;
    sms_reply_classify(p, &a, "84912345678", 0, &known, &o);
    check_int("the price they told", o.cost_vnd, 250);
    sms_provider_free(p);
}

/* ---- reports ---- */

static struct channel_events parse(const struct sms_provider *p, const char *query, const char *body,
                                   enum loa_status want, const char *label)
{
    struct channel_events ev = { 0 };
    struct webhook w = { .method = body ? "POST" : "GET",
                         .token = "",
                         .query = query ? query : "",
                         .body = body ? body : "",
                         .body_len = body ? strlen(body) : 0 };
    check_int(label, sms_report_parse(p, &w, &ev), want);
    return ev;
}

static void test_reports(void **state)
{
    static const struct {
        const char *label, *provider, *query, *body;
        const char *kind, *ref, *id, *phone, *code;
    } cases[] = {
        { "esms, finished and failed is not delivered", "esms",
          "SMSID=a-1&SendFailed=1&SendStatus=5&SendSuccess=0&TotalPrice=850&TotalReceiver=1&TotalSent=1&RequestId=n1s1t1"
          "&TypeId=2&telcoid=1&phonenumber=0912345678",
          NULL, "failed", "n1s1t1", "a-1", "84912345678", "esms:report5" },
        { "esms, finished and delivered", "esms",
          "SMSID=a-1&SendFailed=0&SendStatus=5&SendSuccess=1&RequestId=", NULL, "delivered", "", "a-1", "",
          "" },
        { "esms, finished without a count", "esms", "SMSID=a-1&SendStatus=5", NULL, "progress", "", "a-1", "",
          "" },
        { "esms, rejected", "esms", "SMSID=a-1&SendStatus=4", NULL, "failed", "", "a-1", "", "esms:report4" },
        { "esms, on its way", "esms", "SMSID=a-1&SendStatus=7&SendSuccess=0&SendFailed=0", NULL, "progress",
          "", "a-1", "", "" },
        { "esms, a status nobody knows", "esms", "SMSID=a-1&SendStatus=9", NULL, "unknown", "", "a-1", "",
          "" },
        { "esms, escaped", "esms", "SMSID=a%2D1&SendStatus=7&phonenumber=%2B84912345678", NULL, "progress",
          "", "a-1", "84912345678", "" },
        { "esms, as a form", "esms", NULL, "SMSID=a-1&SendStatus=5&SendSuccess=1", "delivered", "", "a-1", "",
          "" },
        { "kannel, delivered", "kannel", "ref=n1s1t1&status=1&mid=9F&phone=84912345678&at=1763800000", NULL,
          "delivered", "n1s1t1", "9F", "84912345678", "" },
        { "kannel, taken by the operator", "kannel", "ref=n1s1t1&status=8&mid=9F&phone=84912345678", NULL,
          "progress", "n1s1t1", "9F", "84912345678", "" },
        { "kannel, queued", "kannel", "ref=n1s1t1&status=4&mid=", NULL, "progress", "n1s1t1", "", "", "" },
        { "kannel, not delivered", "kannel", "ref=n1s1t1&status=2&mid=9F", NULL, "failed", "n1s1t1", "9F", "",
          "kannel:dlr2" },
        { "kannel, refused", "kannel", "ref=n1s1t1&status=16&mid=9F", NULL, "failed", "n1s1t1", "9F", "",
          "kannel:dlr16" },
        { "kannel, a citizen writes", "kannel",
          "mo=1&phone=%2B84912345678&text=Xin+ch%C3%A0o&at=1763800000&id=7", NULL, "citizen_text", "", "7",
          "84912345678", "" },
        { "speedsms, delivered", "speedsms", NULL,
          "{\"type\":\"report\",\"tranId\":77,\"phone\":\"84912345678\",\"status\":0}", "delivered", "", "77",
          "84912345678", "" },
        { "speedsms, the status as text", "speedsms", NULL,
          "{\"type\":\"report\",\"tranId\":\"77\",\"status\":\"0\"}", "delivered", "", "77", "", "" },
        { "speedsms, still trying", "speedsms", NULL, "{\"type\":\"report\",\"tranId\":77,\"status\":63}",
          "progress", "", "77", "", "" },
        { "speedsms, failed", "speedsms", NULL, "{\"type\":\"report\",\"tranId\":77,\"status\":64}", "failed",
          "", "77", "", "speedsms:report64" },
        { "speedsms, failed far out", "speedsms", NULL, "{\"type\":\"report\",\"tranId\":77,\"status\":255}",
          "failed", "", "77", "", "speedsms:report64" },
        { "speedsms, a citizen writes", "speedsms", NULL,
          "{\"type\":\"incoming\",\"phone\":\"0912345678\",\"content\":\"Cảm ơn\"}", "citizen_text", "", "",
          "84912345678", "" },
        { "speedsms, something new", "speedsms", NULL, "{\"type\":\"balance\",\"value\":1}", "unknown", "",
          "", "", "" },
        { "vietguys, delivered", "vietguys", NULL,
          "{\"data\":{\"message_id\":\"v7\",\"status\":\"delivered\"}}", "delivered", "", "v7", "", "" },
        { "vietguys, sent is not final", "vietguys", NULL,
          "{\"data\":{\"message_id\":\"v7\",\"status\":\"sent\"}}", "progress", "", "v7", "", "" },
        { "vietguys, failed", "vietguys", NULL, "{\"data\":{\"message_id\":\"v7\",\"status\":\"fail\"}}",
          "failed", "", "v7", "", "vietguys:fail" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sms_provider *p = load(cases[i].provider);
        struct channel_events ev = parse(p, cases[i].query, cases[i].body, LOA_OK, cases[i].label);
        check_int(cases[i].label, ev.count, 1);
        check_str(cases[i].label, channel_event_word(ev.item[0].kind), cases[i].kind);
        check_str(cases[i].label, ev.item[0].ref, cases[i].ref);
        check_str(cases[i].label, ev.item[0].provider_id, cases[i].id);
        check_str(cases[i].label, ev.item[0].phone, cases[i].phone);
        check_str(cases[i].label, ev.item[0].outcome.code, cases[i].code);
        check_int("40 digits", (long long)strlen(ev.item[0].dedupe), 40);
        channel_events_clear(&ev);
        sms_provider_free(p);
    }
}

static void test_report_details(void **state)
{
    struct sms_provider *p = load("kannel");
    struct channel_events ev = parse(p, "ref=n1&status=1&at=1763800000", NULL, LOA_OK, "at");
    (void)state;
    check_int("seconds become milliseconds", ev.item[0].at_ms, 1763800000000LL);
    check_int("the channel", ev.item[0].channel, CH_SMS);
    check_str("their name", ev.item[0].name, "status:1");
    channel_events_clear(&ev);
    ev = parse(p, "mo=1&phone=84912345678&text=Xin+ch%C3%A0o%00%01", NULL, LOA_OK, "text");
    check_str("the text is cleaned", ev.item[0].text, "Xin chào");
    channel_events_clear(&ev);
    sms_provider_free(p);

    p = load("speedsms");
    ev = parse(
        p, NULL,
        "[{\"type\":\"report\",\"tranId\":1,\"status\":0},{\"type\":\"report\",\"tranId\":2,\"status\":64},7]",
        LOA_OK, "a list");
    check_int("many in one", ev.count, 2);
    check_str("in order", ev.item[1].provider_id, "2");
    channel_events_clear(&ev);
    sms_provider_free(p);
}

/* The same report again has the same key, another state or message another one. */
static void test_dedupe(void **state)
{
    static const char *const queries[] = { "ref=n1&status=1&mid=9F", "ref=n1&status=8&mid=9F",
                                           "ref=n1&status=1&mid=9F", "ref=n2&status=1&mid=9F" };
    struct sms_provider *p = load("kannel");
    char key[4][41];
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct channel_events ev = parse(p, queries[i], NULL, LOA_OK, queries[i]);
        memcpy(key[i], ev.item[0].dedupe, sizeof key[i]);
        channel_events_clear(&ev);
    }
    check_str("again", key[2], key[0]);
    check_true("another state", strcmp(key[1], key[0]) != 0);
    check_true("another message", strcmp(key[3], key[0]) != 0);
    sms_provider_free(p);
}

static void test_bad_reports(void **state)
{
    static char huge[1024 * 1024 + 1];
    static const struct {
        const char *label, *provider, *query, *body;
        enum loa_status want;
    } cases[] = {
        { "no query", "kannel", "", NULL, LOA_INVALID },
        { "another query", "kannel", "a=b&c", NULL, LOA_INVALID },
        { "1 MB of query", "kannel", huge, NULL, LOA_TOO_BIG },
        { "1 MB of body", "speedsms", NULL, huge, LOA_TOO_BIG },
        { "not JSON", "speedsms", NULL, "status=1", LOA_INVALID },
        { "half of JSON", "speedsms", NULL, "{\"type\":\"report\"", LOA_INVALID },
        { "a bare number", "speedsms", NULL, "1", LOA_INVALID },
        { "no body", "speedsms", NULL, NULL, LOA_INVALID },
    };
    (void)state;
    memset(huge, 'a', sizeof huge - 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sms_provider *p = load(cases[i].provider);
        struct channel_events ev = parse(p, cases[i].query, cases[i].body, cases[i].want, cases[i].label);
        check_int(cases[i].label, ev.count, 0);
        channel_events_clear(&ev);
        sms_provider_free(p);
    }
}

static void test_polls(void **state)
{
    static const struct {
        const char *label, *provider, *body;
        int status;
        const char *want; /* kind of the event, "" for none */
    } cases[] = {
        { "esms, delivered, counters are numbers", "esms",
          "{\"CodeResponse\":\"100\",\"SMSID\":\"a-1\",\"SendFailed\":0,\"SendStatus\":5,\"SendSuccess\":1}",
          200, "delivered" },
        { "esms, failed", "esms",
          "{\"CodeResponse\":\"100\",\"SMSID\":\"a-1\",\"SendFailed\":1,\"SendStatus\":5,\"SendSuccess\":0}",
          200, "failed" },
        { "esms, not found yet", "esms", "{\"CodeResponse\":\"105\",\"SMSID\":\"a-1\"}", 200, "" },
        { "esms, down", "esms", "<html>", 502, "" },
        { "speedsms, delivered", "speedsms",
          "{\"status\":\"success\",\"code\":\"00\",\"data\":[{\"phone\":\"84912345678\",\"status\":0}]}", 200,
          "delivered" },
        { "speedsms, nothing", "speedsms", "{\"status\":\"success\",\"code\":\"00\",\"data\":[]}", 200, "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sms_provider *p = load(cases[i].provider);
        struct channel_events ev = { 0 };
        struct http_answer a = { .result = WIRE_ANSWERED,
                                 .status = cases[i].status,
                                 .body = cases[i].body,
                                 .body_len = strlen(cases[i].body) };
        sms_poll_parse(p, &a, "a-1", "n1s1t1", &ev);
        check_int(cases[i].label, ev.count, *cases[i].want != '\0');
        if (ev.count > 0) {
            check_str(cases[i].label, channel_event_word(ev.item[0].kind), cases[i].want);
            check_str("what was asked for", ev.item[0].provider_id, "a-1");
            check_str("and its reference", ev.item[0].ref, "n1s1t1");
        }
        channel_events_clear(&ev);
        sms_provider_free(p);
    }
}

/* ---- brandnames, addresses ---- */

static void test_brands(void **state)
{
    static const struct {
        const char *label, *name;
        bool valid;
    } names[] = {
        { "letters", "TTPVHCC", true },        { "all kinds", "A-1_b. c", true },
        { "eleven", "ABCDEFGHIJK", true },     { "twelve", "ABCDEFGHIJKL", false },
        { "digits alone", "19001234", false }, { "empty", "", false },
        { "a mark", "CỔNG", false },           { "a sign", "A&B", false },
    };
    static const struct {
        const char *label, *unit, *want;
    } units[] = {
        { "its own", "H29.15", "QUAN15" },
        { "its parent's", "H29.15.3", "QUAN15" },
        { "its grandparent's", "H29.16.4", "TINH29" },
        { "nobody's", "H30.1", "FALLBACK" },
        { "a longer name is no child", "H29.155", "TINH29" },
        { "none", NULL, "FALLBACK" },
        { "empty", "", "FALLBACK" },
    };
    char dir[300], path[400];
    struct sms_brands *b = NULL;
    struct errors *err = errors_new();
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        check_int(names[i].label, sms_brand_valid(names[i].name), names[i].valid);
    snprintf(dir, sizeof dir, "%s/sms", check_tmpdir());
    mkdir(dir, 0755);
    check_int("no table is fine", sms_brands_load(check_tmpdir(), err, &b), LOA_OK);
    check_str("and holds nothing", sms_brand_of(b, "H29.15", "FALLBACK"), "FALLBACK");
    sms_brands_free(b);
    snprintf(path, sizeof path, "%s/brandnames.tsv", dir);
    FILE *f = fopen(path, "w");
    fputs("# unit\tbrandname\nH29\tTINH29\nH29.15\tQUAN15\n", f);
    fclose(f);
    check_int("a table", sms_brands_load(check_tmpdir(), err, &b), LOA_OK);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        check_str(units[i].label, sms_brand_of(b, units[i].unit, "FALLBACK"), units[i].want);
    sms_brands_free(b);
    f = fopen(path, "w");
    fputs("H29\tTINH29\nH29\tAGAIN\nH30\t12345\n", f);
    fclose(f);
    check_int("a bad table", sms_brands_load(check_tmpdir(), err, &b), LOA_INVALID);
    check_int("names each fault", err->count, 2);
    errors_free(err);
}

static void test_ip_list(void **state)
{
    static const struct {
        const char *label, *list, *ip;
        bool want;
    } cases[] = {
        { "one address", "203.0.113.7", "203.0.113.7", true },
        { "its neighbour", "203.0.113.7", "203.0.113.8", false },
        { "a network", "198.51.100.0/24, 203.0.113.7", "198.51.100.200", true },
        { "outside it", "198.51.100.0/24", "198.51.101.1", false },
        { "an odd width", "10.0.0.0/9", "10.127.0.1", true },
        { "beyond an odd width", "10.0.0.0/9", "10.128.0.1", false },
        { "IPv4 inside IPv6", "203.0.113.7", "::ffff:203.0.113.7", true },
        { "IPv6", "2001:db8::/32", "2001:db8:1::5", true },
        { "IPv6 outside", "2001:db8::/32", "2001:db9::5", false },
        { "everybody", "0.0.0.0/0", "8.8.8.8", true },
        { "every IPv4 is no IPv6", "0.0.0.0/0", "2001:db8::1", false },
        { "no address", "0.0.0.0/0", "unix", false },
        { "empty", "0.0.0.0/0", "", false },
    };
    static const char *const bad[] = { "a.b.c.d",        "203.0.113.0/33", "203.0.113.0/",
                                       "203.0.113.0/-1", "2001:db8::/129", "1.2.3.4 nonsense" };
    static const struct {
        const char *label, *peer, *forwarded, *want;
    } callers[] = {
        { "direct", "203.0.113.7", NULL, "203.0.113.7" },
        { "a stranger may not claim", "203.0.113.7", "198.51.100.1", "203.0.113.7" },
        { "our proxy tells", "127.0.0.1", "198.51.100.1", "198.51.100.1" },
        { "the last one it tells", "unix", "1.1.1.1, 198.51.100.1", "198.51.100.1" },
        { "no proxy", "127.0.0.1", NULL, "127.0.0.1" },
        { "unknown", NULL, NULL, "" },
    };
    struct ip_list l;
    char word[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_true(cases[i].label, ip_list_parse(cases[i].list, &l, word, sizeof word));
        check_int(cases[i].label, ip_list_has(&l, cases[i].ip), cases[i].want);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_int(bad[i], ip_list_parse(bad[i], &l, word, sizeof word), false);
    check_str("the part that is none", word, "nonsense");
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
        ip_of_caller(callers[i].peer, callers[i].forwarded, word);
        check_str(callers[i].label, word, callers[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shipped),        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_requests),       cmocka_unit_test(test_request_limits),
        cmocka_unit_test(test_replies),        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_cost),           cmocka_unit_test(test_reports),
        cmocka_unit_test(test_report_details), cmocka_unit_test(test_dedupe),
        cmocka_unit_test(test_bad_reports),    cmocka_unit_test(test_polls),
        cmocka_unit_test(test_brands),         cmocka_unit_test(test_ip_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
