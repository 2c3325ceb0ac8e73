/* The HTTP server from outside: real sockets, one loop. */
#include "http_rig.h"
#include "loa/errors.h"
#include "loa/problem.h"
#include <sys/resource.h>
#include <sys/un.h>

static struct rig rig;
static struct http_request *kept[4000]; /* requests nobody has answered yet */
static unsigned kept_count;

static void echo(void *ctx, struct http_request *r)
{
    size_t n;
    const char *body = http_request_body(r, &n);
    (void)ctx;
    http_reply(r, 200, "text/plain", body, n);
}

static void keep(void *ctx, struct http_request *r)
{
    (void)ctx;
    kept[kept_count++] = r;
}

static void tell(void *ctx, struct http_request *r)
{
    struct buf out = BUF_INIT(4096);
    const char *code = http_request_param(r, "code"), *q = http_request_query(r, "q");
    (void)ctx;
    buf_printf(&out, "%s|%s|%s|%s|%s|%d", http_request_path(r), code ? code : "-", q ? q : "-",
               http_request_raw_query(r), http_request_peer(r), http_request_method(r));
    http_reply_header(r, "X-Mine", "yes");
    http_reply_header(r, "X-Split", "a\r\nX-Evil: b");
    http_reply_header(r, "Cache-Control", "max-age=60");
    http_reply(r, 200, "text/plain; charset=utf-8", out.data, out.len);
    buf_clear(&out);
}

static void nothing(void *ctx, struct http_request *r)
{
    (void)ctx;
    http_reply(r, 204, NULL, NULL, 0);
}

static void slam(void *ctx, struct http_request *r)
{
    (void)ctx;
    http_drop(r);
}

static void faulty(void *ctx, struct http_request *r)
{
    struct errors *e = errors_new();
    (void)ctx;
    errors_add(e, "/data/MaHoSo", "missing", "MaHoSo is missing", "Thiếu mã hồ sơ");
    problem_reply(r, 503, "store_down", "The store cannot confirm", "Hệ thống đang bận", e);
    errors_free(e);
}

#define BIG_BYTES 5000000

static void big(void *ctx, struct http_request *r)
{
    char *p = mem_alloc(BIG_BYTES);
    (void)ctx;
    for (size_t i = 0; i < BIG_BYTES; i++)
        p[i] = (char)('a' + i % 23);
    http_reply(r, 200, "text/plain", p, BIG_BYTES);
    free(p);
}

static void open_with(struct http_server_options opt)
{
    static const struct ws_handler ws = { .max_message_bytes = 1 };
    static const struct http_route routes[] = {
        { .methods = HTTP_POST | HTTP_PUT, .pattern = "/echo", .handler = echo, .max_body_bytes = 1 << 20 },
        { .methods = HTTP_POST, .pattern = "/act", .handler = echo },
        { .methods = HTTP_GET, .pattern = "/keep", .handler = keep },
        { .methods = HTTP_POST, .pattern = "/keep", .handler = keep, .max_body_bytes = 1000 },
        { .methods = HTTP_GET, .pattern = "/d/{code}", .handler = tell },
        { .methods = HTTP_GET, .pattern = "/nothing", .handler = nothing },
        { .methods = HTTP_GET, .pattern = "/slam", .handler = slam },
        { .methods = HTTP_GET, .pattern = "/faulty", .handler = faulty },
        { .methods = HTTP_GET, .pattern = "/big", .handler = big },
        { .pattern = "/chat", .ws = &ws },
    };
    rig_open(&rig, &opt);
    kept_count = 0;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        http_server_route(rig.server, &routes[i]);
}

static void wait_kept(unsigned n)
{
    int64_t until = clock_mono_ms() + RIG_PATIENCE_MS;
    while (kept_count < n) {
        if (clock_mono_ms() > until)
            fail_msg("%u requests do not reach the handler, only %u", n, kept_count);
        rig_turn(&rig);
    }
}

static void wait_idle(void)
{
    int64_t until = clock_mono_ms() + RIG_PATIENCE_MS;
    while (!http_server_idle(rig.server)) {
        if (clock_mono_ms() > until)
            fail_msg("the server does not get idle");
        rig_turn(&rig);
    }
}

#define HOST "Host: loa.vn\r\n"

static void refusals(void **state)
{
    static const struct {
        const char *label, *request;
        int status;
        const char *code, *header, *value;
    } cases[] = {
        { "malformed", "nonsense\r\n\r\n", 400, "bad_request", "Connection", "close" },
        { "TLS on a plain port", "\x16\x03\x01\x02\x01", 400, "bad_request", NULL, NULL },
        { "bad escape", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400, "bad_request", NULL, NULL },
        { "not UTF-8", "GET /%ff HTTP/1.1\r\n" HOST "\r\n", 400, "bad_request", NULL, NULL },
        { "no host", "GET /nothing HTTP/1.1\r\n\r\n", 400, "bad_request", NULL, NULL },
        { "no such address", "GET /none HTTP/1.1\r\n" HOST "\r\n", 404, "not_found", "Connection", NULL },
        { "dots lead nowhere", "GET /d/../../etc/passwd HTTP/1.1\r\n" HOST "\r\n", 404, "not_found", NULL,
          NULL },
        { "wrong method", "DELETE /echo HTTP/1.1\r\n" HOST "\r\n", 405, "method_not_allowed", "Allow",
          "POST, PUT" },
        { "unknown method", "PATCH /echo HTTP/1.1\r\n" HOST "\r\n", 405, "method_not_allowed", "Allow",
          "POST, PUT" },
        { "no length", "POST /echo HTTP/1.1\r\n" HOST "\r\n", 411, "length_required", NULL, NULL },
        { "chunked", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411,
          "length_required", "Connection", "close" },
        { "chunked and length",
          "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", 411,
          "length_required", "Connection", "close" },
        { "too big, before the body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", 413,
          "too_large", "Connection", "close" },
        { "body where none is allowed", "POST /act HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 413,
          "too_large", NULL, NULL },
        { "GET with a body", "GET /nothing HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 413, "too_large",
          NULL, NULL },
        { "strange expectation", "GET /nothing HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n", 417,
          "expectation_failed", NULL, NULL },
        { "socket without upgrade", "GET /chat HTTP/1.1\r\n" HOST "\r\n", 426, "upgrade_required", "Upgrade",
          "websocket" },
        { "upgrade without socket",
          "GET /nothing HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 426,
          "upgrade_required", "Upgrade", "HTTP/1.1" },
        { "HTTP/2 at once", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version", NULL, NULL },
    };
    (void)state;
    open_with((struct http_server_options){ 0 });
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer a;
        char want[100], text[256];
        ask(&rig, cases[i].request, &a);
        check_int(cases[i].label, a.status, cases[i].status);
        check_str(cases[i].label, answer_header(&a, "Content-Type", text), "application/problem+json");
        snprintf(want, sizeof want, "\"code\":\"%s\"", cases[i].code);
        check_true(cases[i].label, strstr(buf_cstr(&a.body), want) != NULL);
        check_true(cases[i].label, strstr(buf_cstr(&a.body), answer_header(&a, "X-Trace-Id", text)) != NULL);
        if (cases[i].header != NULL)
            check_str(cases[i].label, answer_header(&a, cases[i].header, text), cases[i].value);
        buf_clear(&a.body);
    }
    wait_idle();
    rig_close(&rig);
}

static void long_heads_are_refused(void **state)
{
    struct buf text = BUF_INIT(100000);
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    buf_str(&text, "GET /");
    for (int i = 0; i < 9000; i++)
        buf_char(&text, 'a');
    buf_str(&text, " HTTP/1.1\r\n" HOST "\r\n");
    ask(&rig, text.data, &a);
    check_int("long address", a.status, 414);
    buf_clear(&a.body);

    buf_reset(&text);
    buf_str(&text, "GET /nothing HTTP/1.1\r\n" HOST "X-Long: ");
    for (int i = 0; i < 70000; i++)
        buf_char(&text, 'a');
    buf_str(&text, "\r\n\r\n");
    ask(&rig, text.data, &a);
    check_int("long header", a.status, 431);
    buf_clear(&a.body);
    buf_clear(&text);
    rig_close(&rig);
}

static void requests_are_read(void **state)
{
    static const struct {
        const char *label, *request;
        int status;
        const char *body;
    } cases[] = {
        { "parameter and query", "GET /d/H01.02-1?q=h%E1%BB%93+s%C6%A1&r HTTP/1.1\r\n" HOST "\r\n", 200,
          "/d/H01.02-1|H01.02-1|hồ sơ|q=h%E1%BB%93+s%C6%A1&r|127.0.0.1|1" },
        { "slash in a parameter", "GET /d/12%2FQ%C4%90 HTTP/1.1\r\n" HOST "\r\n", 200,
          "/d/12/QĐ|12/QĐ|-||127.0.0.1|1" },
        { "absolute form", "GET http://loa.vn/d/1 HTTP/1.1\r\n" HOST "\r\n", 200, "/d/1|1|-||127.0.0.1|1" },
        { "HEAD", "HEAD /d/1 HTTP/1.1\r\n" HOST "\r\n", 200, "" },
        { "no content", "GET /nothing HTTP/1.1\r\n" HOST "\r\n", 204, "" },
        { "body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 200, "hello" },
        { "empty body", "PUT /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, "" },
        { "no body, no length, none needed", "POST /act HTTP/1.1\r\n" HOST "\r\n", 200, "" },
        { "empty lines first", "\r\n\r\nPOST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 200,
          "x" },
        { "h2c is not taken up",
          "POST /echo HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
          "HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 2\r\n\r\nok",
          200, "ok" },
    };
    (void)state;
    open_with((struct http_server_options){ 0 });
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer a;
        ask(&rig, cases[i].request, &a);
        check_int(cases[i].label, a.status, cases[i].status);
        check_str(cases[i].label, buf_cstr(&a.body), cases[i].body);
        buf_clear(&a.body);
    }
    rig_close(&rig);
}

static void answers_carry_their_headers(void **state)
{
    struct answer a;
    char text[256];

    (void)state;
    open_with((struct http_server_options){ 0 });
    ask(&rig, "GET /d/1 HTTP/1.1\r\n" HOST "\r\n", &a);
    check_str("its own", answer_header(&a, "X-Mine", text), "yes");
    check_str("no line breaks in", answer_header(&a, "X-Evil", text), NULL);
    check_str("its own instead of ours", answer_header(&a, "Cache-Control", text), "max-age=60");
    check_str("nosniff", answer_header(&a, "X-Content-Type-Options", text), "nosniff");
    check_int("trace id", (long long)strlen(answer_header(&a, "X-Trace-Id", text)), 16);
    buf_clear(&a.body);
    ask(&rig, "HEAD /d/1 HTTP/1.1\r\n" HOST "\r\n", &a);
    check_str("HEAD says how long it would be", answer_header(&a, "Content-Length", text), "22");
    buf_clear(&a.body);
    ask(&rig, "GET /faulty HTTP/1.1\r\n" HOST "\r\n", &a);
    check_int("problem", a.status, 503);
    check_str("when to come back", answer_header(&a, "Retry-After", text), "5");
    check_str("not to be kept", answer_header(&a, "Cache-Control", text), "no-store");
    check_true("errors",
               strstr(a.body.data, "\"errors\":[{\"pointer\":\"/data/MaHoSo\",\"code\":\"missing\"") != NULL);
    buf_clear(&a.body);
    rig_close(&rig);
}

static void connections_are_kept_or_closed(void **state)
{
    struct buf in = BUF_INIT(100000);
    struct answer a;
    char text[256];

    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = client_open(&rig);
    for (int i = 0; i < 3; i++) {
        client_say(&rig, fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi\r\n");
        answer_read(&rig, fd, &in, true, &a);
        check_str("kept", buf_cstr(&a.body), "hi");
        check_str("says nothing about it", answer_header(&a, "Connection", text), NULL);
        buf_clear(&a.body);
    }
    client_say(&rig, fd, "GET /none HTTP/1.1\r\n" HOST "\r\n");
    answer_read(&rig, fd, &in, true, &a);
    check_int("404 keeps it too", a.status, 404);
    buf_clear(&a.body);
    client_say(&rig, fd, "GET /nothing HTTP/1.1\r\nConnection: close\r\n" HOST "\r\n");
    answer_read(&rig, fd, &in, true, &a);
    check_str("asked to close", answer_header(&a, "Connection", text), "close");
    client_expect_close(&rig, fd, "asked to close");

    fd = client_open(&rig);
    client_say(&rig, fd, "GET /nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    answer_read(&rig, fd, &in, true, &a);
    check_str("HTTP/1.0 may stay", answer_header(&a, "Connection", text), "keep-alive");
    client_say(&rig, fd, "GET /nothing HTTP/1.0\r\n\r\n");
    answer_read(&rig, fd, &in, true, &a);
    client_expect_close(&rig, fd, "HTTP/1.0");
    buf_clear(&in);
    rig_close(&rig);
}

/* All at once, in any pieces: answered one after the other, in order. */
static void pipelined_requests_are_answered_in_order(void **state)
{
    static const char three[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n1"
                                "GET /keep HTTP/1.1\r\n" HOST "\r\n"
                                "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n3";
    struct buf in = BUF_INIT(100000);
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = client_open(&rig);
    for (unsigned round = 0; round < 20; round++) {
        size_t first = 1 + round * (sizeof three / 20);
        client_send(&rig, fd, three, first);
        client_send(&rig, fd, three + first, sizeof three - 1 - first);
        answer_read(&rig, fd, &in, true, &a);
        check_str("first", buf_cstr(&a.body), "1");
        buf_clear(&a.body);
        wait_kept(round + 1);
        check_int("the third waits", client_take(fd, &in), 0);
        http_reply(kept[round], 200, "text/plain", "2", 1);
        answer_read(&rig, fd, &in, true, &a);
        check_str("second", buf_cstr(&a.body), "2");
        buf_clear(&a.body);
        answer_read(&rig, fd, &in, true, &a);
        check_str("third", buf_cstr(&a.body), "3");
        buf_clear(&a.body);
    }
    close(fd);
    buf_clear(&in);
    rig_close(&rig);
}

static void one_who_only_talks_is_dropped(void **state)
{
    char noise[16384];
    int fd;

    (void)state;
    memset(noise, 'x', sizeof noise);
    open_with((struct http_server_options){ 0 });
    fd = client_open(&rig);
    client_say(&rig, fd, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    wait_kept(1);
    for (int i = 0; i < 200; i++)
        if (!client_send(&rig, fd, noise, sizeof noise))
            break;
    http_reply(kept[0], 200, "text/plain", "late", 4);
    client_expect_close(&rig, fd, "talker");
    wait_idle();
    rig_close(&rig);
}

static void big_bodies_stop_at_the_limit(void **state)
{
    struct buf in = BUF_INIT(16 * 1024 * 1024);
    char *mb = mem_alloc(1 << 20);
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    memset(mb, 'b', 1 << 20);
    int fd = client_open(&rig);
    client_say(&rig, fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
    client_send(&rig, fd, mb, 1 << 20);
    answer_read(&rig, fd, &in, true, &a);
    check_int("exactly the limit", a.status, 200);
    check_int("all of it", (long long)a.body.len, 1 << 20);
    buf_clear(&a.body);
    client_say(&rig, fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5242880\r\n\r\n");
    for (int i = 0; i < 5; i++) /* a client that does not listen while it sends */
        if (!client_send(&rig, fd, mb, 1 << 20))
            break;
    answer_read(&rig, fd, &in, true, &a);
    check_int("5 MB to a 1 MB address", a.status, 413);
    buf_clear(&a.body);
    client_expect_close(&rig, fd, "after 413");
    buf_clear(&in);
    free(mb);
    rig_close(&rig);
}

static void expectations_are_met(void **state)
{
    struct buf in = BUF_INIT(100000);
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = client_open(&rig);
    client_say(&rig, fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    check_true("go on", client_read(&rig, fd, &in, 25));
    check_str("go on", in.data, "HTTP/1.1 100 Continue\r\n\r\n");
    buf_reset(&in);
    client_say(&rig, fd, "abc");
    answer_read(&rig, fd, &in, true, &a);
    check_str("echoed", buf_cstr(&a.body), "abc");
    buf_clear(&a.body);
    client_say(&rig, fd,
               "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9999999\r\nExpect: 100-continue\r\n\r\n");
    answer_read(&rig, fd, &in, true, &a);
    check_int("refused before the body is sent", a.status, 413);
    buf_clear(&a.body);
    close(fd);
    buf_clear(&in);
    rig_close(&rig);
}

static void slow_clients_are_sent_away(void **state)
{
    struct buf in = BUF_INIT(100000);
    struct answer a;

    (void)state;
    open_with((struct http_server_options){
        .header_timeout_ms = 100, .body_timeout_ms = 100, .idle_timeout_ms = 150 });
    int fd = client_open(&rig);
    client_say(&rig, fd, "GET /nothing HTTP/1.1\r\nHo");
    answer_read(&rig, fd, &in, true, &a);
    check_int("slow head", a.status, 408);
    buf_clear(&a.body);
    client_expect_close(&rig, fd, "slow head");

    fd = client_open(&rig);
    client_say(&rig, fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nab");
    answer_read(&rig, fd, &in, true, &a);
    check_int("slow body", a.status, 408);
    buf_clear(&a.body);
    client_expect_close(&rig, fd, "slow body");

    fd = client_open(&rig); /* a byte now and then does not help */
    bool open = true;
    for (int64_t until = clock_mono_ms() + RIG_PATIENCE_MS; open && clock_mono_ms() < until;) {
        open = client_say(&rig, fd, "X") && client_take(fd, &in) >= 0;
        rig_turn(&rig);
    }
    check_true("dripping head", !open);
    close(fd);
    buf_reset(&in);

    fd = client_open(&rig);
    client_expect_close(&rig, fd, "never says anything");
    fd = client_open(&rig);
    client_say(&rig, fd, "GET /nothing HTTP/1.1\r\n" HOST "\r\n");
    answer_read(&rig, fd, &in, true, &a);
    check_int("answered", a.status, 204);
    check_true("and then idle for too long", !client_read(&rig, fd, &in, 1));
    check_int("closed without a word", (long long)in.len, 0);
    close(fd);

    fd = client_open(&rig); /* asks for much and does not read */
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof(int));
    client_say(&rig, fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    wait_idle();
    close(fd);
    buf_clear(&in);
    rig_close(&rig);
}

static void large_answers_arrive_whole(void **state)
{
    struct buf in = BUF_INIT(16 * 1024 * 1024);
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = client_open(&rig);
    client_say(&rig, fd, "GET /big HTTP/1.1\r\n" HOST "\r\nGET /nothing HTTP/1.1\r\n" HOST "\r\n");
    answer_read(&rig, fd, &in, true, &a);
    check_int("length", (long long)a.body.len, BIG_BYTES);
    for (size_t i = 0; i < BIG_BYTES; i++)
        if (a.body.data[i] != (char)('a' + i % 23))
            fail_msg("byte %zu is wrong", i);
    buf_clear(&a.body);
    answer_read(&rig, fd, &in, true, &a);
    check_int("and the next one after it", a.status, 204);
    close(fd);
    buf_clear(&in);
    rig_close(&rig);
}

static void late_answers_are_harmless(void **state)
{
    (void)state;
    open_with((struct http_server_options){ 0 });
    for (int i = 0; i < 10; i++) {
        int fd = client_open(&rig);
        client_say(&rig, fd, "POST /keep HTTP/1.1\r\n" HOST "X-Key: k1\r\nContent-Length: 4\r\n\r\nbody");
        wait_kept(1);
        if (i % 2) /* without a farewell */
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 }, sizeof(struct linger));
        close(fd);
        for (int turn = 0; turn < 20; turn++)
            rig_turn(&rig);
        size_t n;
        check_str("body still there", http_request_body(kept[0], &n), "body");
        check_str("header still there", http_request_header(kept[0], "x-key"), "k1");
        check_str("path still there", http_request_path(kept[0]), "/keep");
        check_true("not forgotten", !http_server_idle(rig.server));
        http_reply(kept[0], 200, "text/plain", "late", 4);
        check_true("answered", http_server_idle(rig.server));
        kept_count = 0;
    }
    rig_close(&rig);
}

static void a_handler_may_drop_the_connection(void **state)
{
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    ask(&rig, "GET /slam HTTP/1.1\r\n" HOST "\r\n", &a);
    check_int("at once", a.status, 0);
    buf_clear(&a.body);
    int fd = client_open(&rig);
    client_say(&rig, fd, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    wait_kept(1);
    http_drop(kept[0]);
    client_expect_close(&rig, fd, "later");
    check_true("idle", http_server_idle(rig.server));
    rig_close(&rig);
}

#define CROWD 2000

static void two_thousand_at_once(void **state)
{
    static int fd[CROWD];
    struct answer a;
    struct rlimit limit;

    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    open_with((struct http_server_options){ 0 });
    for (unsigned i = 0; i < CROWD; i++) {
        char text[100];
        fd[i] = client_open(&rig);
        snprintf(text, sizeof text, "POST /keep HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n%04u", i);
        client_say(&rig, fd[i], text);
    }
    wait_kept(CROWD);
    for (unsigned i = CROWD; i-- > 0;) { /* the last first */
        size_t n;
        const char *body = http_request_body(kept[i], &n);
        http_reply(kept[i], 200, "text/plain", body, n);
    }
    for (unsigned i = 0; i < CROWD; i++) {
        struct buf in = BUF_INIT(10000);
        char want[12];
        answer_read(&rig, fd[i], &in, true, &a);
        snprintf(want, sizeof want, "%04u", i);
        check_str("everybody gets the answer to the own question", buf_cstr(&a.body), want);
        buf_clear(&a.body);
        buf_clear(&in);
        close(fd[i]);
    }
    rig_close(&rig);
}

static void a_full_house_says_so(void **state)
{
    struct answer a;
    char text[256];
    int fd[3];

    (void)state;
    open_with((struct http_server_options){ .max_connections = 3 });
    for (int i = 0; i < 3; i++) {
        fd[i] = client_open(&rig);
        client_say(&rig, fd[i], "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    }
    wait_kept(3);
    ask(&rig, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", &a);
    check_int("the fourth", a.status, 503);
    check_str("shape", answer_header(&a, "Content-Type", text), "application/problem+json");
    check_str("come back", answer_header(&a, "Retry-After", text), "5");
    buf_clear(&a.body);
    close(fd[0]);
    int64_t until = clock_mono_ms() + RIG_PATIENCE_MS;
    do {
        ask(&rig, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", &a);
        buf_clear(&a.body);
    } while (a.status != 204 && clock_mono_ms() < until);
    check_int("room again", a.status, 204);
    for (int i = 0; i < 3; i++)
        http_reply(kept[i], 204, NULL, NULL, 0);
    close(fd[1]);
    close(fd[2]);
    rig_close(&rig);
}

/* Clients that are taken off their queue at once do not keep the loop awake either. */
static void without_descriptors_too(void **state)
{
    struct buf in = BUF_INIT(10000);
    struct rlimit before, none;
    struct answer a;
    int fd[3];

    (void)state;
    open_with((struct http_server_options){ 0 });
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)http_server_port(rig.server, 0)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    for (int i = 0; i < 3; i++)
        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){ .rlim_cur = (rlim_t)fd[2] + 1, .rlim_max = before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    for (int i = 0; i < 3; i++) {
        check_int("connects", connect(fd[i], (struct sockaddr *)&to, sizeof to), 0);
        answer_read(&rig, fd[i], &in, true, &a);
        check_int("turned away", a.status, 503);
        buf_clear(&a.body);
        buf_reset(&in);
    }
    setrlimit(RLIMIT_NOFILE, &before);
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    ask(&rig, "GET /nothing HTTP/1.1\r\n" HOST "\r\n", &a);
    check_int("and all is well again", a.status, 204);
    buf_clear(&in);
    rig_close(&rig);
}

static unsigned answered(const int *fd, unsigned count)
{
    unsigned n = 0;
    char byte;
    for (unsigned i = 0; i < count; i++)
        n += recv(fd[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    return n;
}

/* Many half-sent bodies: together they may not take the memory of the machine. */
static void bodies_share_a_budget(void **state)
{
    enum { CLIENTS = 130, EACH = 1 << 20 };
    static int fd[CLIENTS];
    char *mb = mem_alloc(EACH);
    unsigned refused = 0;
    struct answer a;

    (void)state;
    open_with((struct http_server_options){ 0 });
    memset(mb, 'b', EACH);
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = client_open(&rig);
        client_say(&rig, fd[i], "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
        client_send(&rig, fd[i], mb, EACH - 1);
    }
    for (int64_t until = clock_mono_ms() + RIG_PATIENCE_MS; answered(fd, CLIENTS) < 2;) {
        check_true("the last two are refused", clock_mono_ms() < until);
        rig_turn(&rig);
    }
    for (int i = 0; i < CLIENTS; i++) {
        struct buf in = BUF_INIT(2 << 20);
        client_say(&rig, fd[i], "b");
        answer_read(&rig, fd[i], &in, true, &a);
        check_true("echoed or refused", a.status == 200 || a.status == 503);
        refused += a.status == 503;
        buf_clear(&a.body);
        buf_clear(&in);
        close(fd[i]);
    }
    check_int("only what was too much", refused, 2);
    free(mb);
    rig_close(&rig);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static void several_listeners(void **state)
{
    char path[300], address[310];
    struct buf in = BUF_INIT(10000);
    struct answer a;

    (void)state;
    snprintf(path, sizeof path, "%s/s", check_tmpdir());
    snprintf(address, sizeof address, "unix:%s", path);
    const char *listen[] = { "127.0.0.1:0", address, "[::1]:0", NULL };
    open_with((struct http_server_options){ .listen = listen });
    check_true("ports", http_server_port(rig.server, 0) > 0 && http_server_port(rig.server, 2) > 0 &&
                            http_server_port(rig.server, 0) != http_server_port(rig.server, 2));
    check_int("a path has no port", http_server_port(rig.server, 1), 0);
    int fd = connect_unix(path);
    client_say(&rig, fd, "GET /d/1 HTTP/1.1\r\n" HOST "\r\n");
    answer_read(&rig, fd, &in, true, &a);
    check_str("over the path", buf_cstr(&a.body), "/d/1|1|-||unix|1");
    buf_clear(&a.body);
    close(fd);
    rig_close(&rig);
    check_int("the path goes with the server", connect_unix(path), -1);
    buf_clear(&in);
}

static void starting_may_fail(void **state)
{
    struct rig other = { .loop = loop_new() };
    struct http_server *s;
    char why[256], taken[64];

    (void)state;
    open_with((struct http_server_options){ 0 });
    snprintf(taken, sizeof taken, "127.0.0.1:%d", http_server_port(rig.server, 0));
    const struct {
        const char *label, *listen, *cert;
    } cases[] = {
        { "port taken", taken, NULL },
        { "no port", "127.0.0.1", NULL },
        { "a name instead of an address", "localhost:0", NULL },
        { "no such directory", "unix:/nonexistent/s", NULL },
        { "no such certificate", "127.0.0.1:0", "/nonexistent.pem" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *listen[] = { cases[i].listen, NULL };
        struct http_server_options opt = { .listen = listen,
                                           .tls_cert = cases[i].cert,
                                           .tls_key = cases[i].cert };
        why[0] = '\0';
        check_int(cases[i].label, http_server_new(other.loop, &opt, why, sizeof why, &s), LOA_IO);
        check_true(cases[i].label, why[0] != '\0');
    }
    for (int i = 0; i < 100; i++)
        rig_turn(&other); /* what had begun is taken down */
    loop_free(other.loop);
    rig_close(&rig);
}

static void an_end_is_graceful(void **state)
{
    struct buf in = BUF_INIT(10000);
    struct answer a;
    char text[256];

    (void)state;
    open_with((struct http_server_options){ 0 });
    int busy = client_open(&rig), idle = client_open(&rig), body = client_open(&rig);
    client_say(&rig, busy, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    client_say(&rig, body, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n");
    wait_kept(1);
    http_server_stop_intake(rig.server);
    client_expect_close(&rig, idle, "idle");
    struct sockaddr_in gone = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)http_server_port(rig.server, 0)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    check_true("nobody new", connect(fd, (struct sockaddr *)&gone, sizeof gone) != 0);
    close(fd);
    check_true("not idle yet", !http_server_idle(rig.server));
    client_say(&rig, body, "abc");
    answer_read(&rig, body, &in, true, &a);
    check_str("a body still arrives", buf_cstr(&a.body), "abc");
    buf_clear(&a.body);
    client_expect_close(&rig, body, "after its answer");
    http_reply(kept[0], 200, "text/plain", "x", 1);
    answer_read(&rig, busy, &in, true, &a);
    check_str("an open request is answered", buf_cstr(&a.body), "x");
    check_str("and the last", answer_header(&a, "Connection", text), "close");
    buf_clear(&a.body);
    client_expect_close(&rig, busy, "busy");
    wait_idle();
    buf_clear(&in);
    rig_close(&rig);
}

static void answers_may_come_after_the_end(void **state)
{
    (void)state;
    open_with((struct http_server_options){ 0 });
    int fd = client_open(&rig);
    client_say(&rig, fd, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    wait_kept(1);
    http_server_close(rig.server, rig_set, &rig.closed);
    check_wait(rig.loop, &rig.closed, RIG_PATIENCE_MS, "closes although one request is open");
    http_reply(kept[0], 200, "text/plain", "x", 1); /* frees what was left */
    close(fd);
    loop_free(rig.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusals),
        cmocka_unit_test(long_heads_are_refused),
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(answers_carry_their_headers),
        cmocka_unit_test(connections_are_kept_or_closed),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(one_who_only_talks_is_dropped),
        cmocka_unit_test(big_bodies_stop_at_the_limit),
        cmocka_unit_test(expectations_are_met),
        cmocka_unit_test(slow_clients_are_sent_away),
        cmocka_unit_test(large_answers_arrive_whole),
        cmocka_unit_test(late_answers_are_harmless),
        cmocka_unit_test(a_handler_may_drop_the_connection),
        cmocka_unit_test(two_thousand_at_once),
        cmocka_unit_test(a_full_house_says_so),
        cmocka_unit_test(without_descriptors_too),
        cmocka_unit_test(bodies_share_a_budget),
        cmocka_unit_test(several_listeners),
        cmocka_unit_test(starting_may_fail),
        cmocka_unit_test(an_end_is_graceful),
        cmocka_unit_test(answers_may_come_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
