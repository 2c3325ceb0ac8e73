#include "check.h"
#include "peers.h"
#include "loa/http_client.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Shade: blue\r\n\r\nhello"
#define GO_REPLY "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
#define HUGE     "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n"
#define CHUNKED                                                                                              \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n0123456789012345678901234567890123456789\r\n"
#define HALF        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
#define HEADERS_END "\r\n\r\n"

struct got {
    bool done;
    unsigned times;
    enum wire_result result;
    int status;
    char body[64], error[128], shade[32];
};

static void take(void *ctx, const struct http_answer *a)
{
    struct got *g = ctx;
    const char *shade = http_answer_header(a, "x-shade");

    g->done = true;
    g->times++;
    g->result = a->result;
    g->status = a->status;
    snprintf(g->body, sizeof g->body, "%s", a->body);
    snprintf(g->error, sizeof g->error, "%s", a->error);
    snprintf(g->shade, sizeof g->shade, "%s", shade ? shade : "(none)");
}

struct fixture {
    struct loop *loop;
    struct http_client *client;
};

static struct fixture setup(void)
{
    struct fixture f = { .loop = loop_new() };
    f.client = http_client_new(f.loop);
    return f;
}

static void teardown(struct fixture *f)
{
    http_client_free(f->client);
    loop_free(f->loop);
}

static struct got call_port(struct fixture *f, int port, struct http_call call)
{
    struct got g = { 0 };
    char url[80];

    snprintf(url, sizeof url, "http://127.0.0.1:%d/path?secret=1", port);
    call.url = url;
    if (call.timeout_ms == 0)
        call.timeout_ms = 3000;
    check_int(call.method, http_client_call(f->client, &call, take, &g, NULL), LOA_OK);
    check_true("never inside the call", !g.done);
    check_wait(f->loop, &g.done, 8000, call.method);
    check_int("once", g.times, 1);
    check_true("no query in the error text", strstr(g.error, "secret") == NULL);
    return g;
}

/* ---- one call, one conversation: what do we know afterwards? ---- */

static void answers_are_told_apart(void **state)
{
    static const struct {
        const char *label;
        const char *talk[4];
        struct http_call call;
        enum wire_result result;
        int status;
        const char *body;
    } cases[] = {
        { "a full answer",
          { "<" HEADERS_END, ">" OK_REPLY },
          { .method = "GET" },
          WIRE_ANSWERED,
          200,
          "hello" },
        { "a redirect is an answer, not a journey",
          { "<" HEADERS_END, ">" GO_REPLY },
          { .method = "GET" },
          WIRE_ANSWERED,
          302,
          "" },
        { "hung up before a byte", { "<" HEADERS_END }, { .method = "POST" }, WIRE_UNKNOWN, 0, "" },
        { "half an answer", { "<" HEADERS_END, ">" HALF }, { .method = "POST" }, WIRE_UNKNOWN, 0, "" },
        { "silence", { "<" HEADERS_END, "~" }, { .method = "POST", .timeout_ms = 200 }, WIRE_UNKNOWN, 0, "" },
        { "too large by its own word",
          { "<" HEADERS_END, ">" HUGE, "~" },
          { .method = "GET" },
          WIRE_UNKNOWN,
          0,
          "" },
        { "too large without saying so",
          { "<" HEADERS_END, ">" CHUNKED, "~" },
          { .method = "GET", .max_reply_bytes = 30 },
          WIRE_UNKNOWN,
          0,
          "" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f = setup();
        struct script_peer *p = script_peer_start(TALKS(cases[i].talk));
        struct got g = call_port(&f, script_peer_port(p), cases[i].call);
        check_int(cases[i].label, g.result, cases[i].result);
        check_int(cases[i].label, g.status, cases[i].status);
        check_str(cases[i].label, g.body, cases[i].body);
        teardown(&f);
        script_peer_stop(p);
    }
}

static void endless_headers_are_cut(void **state)
{
    char *header = mem_alloc(80000);
    struct fixture f = setup();

    (void)state;
    snprintf(header, 80000, ">HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; i++)
        snprintf(header + strlen(header), 80000 - strlen(header), "X-%d: %.60s\r\n", i,
                 check_repeat("x", 60));
    struct script_peer *p = script_peer_start(TALKS(TALK("<" HEADERS_END, header, "~")));
    struct got g = call_port(&f, script_peer_port(p), (struct http_call){ .method = "GET" });
    check_int("more than 64 kB of header", g.result, WIRE_UNKNOWN);
    teardown(&f);
    script_peer_stop(p);
    free(header);
}

static void no_listener_means_not_sent(void **state)
{
    struct fixture f = setup();
    struct got g =
        call_port(&f, free_port(), (struct http_call){ .method = "POST", .body = "x", .body_len = 1 });

    (void)state;
    check_int("refused connection", g.result, WIRE_NOT_SENT);
    check_true("says why", g.error[0] != '\0');
    teardown(&f);
}

/* Looked up in a thread; "localhost" may also be ::1, where nobody listens. */
static void names_are_looked_up(void **state)
{
    static const struct {
        const char *host;
        enum wire_result result;
    } cases[] = { { "localhost", WIRE_ANSWERED }, { "no-such-host.invalid", WIRE_NOT_SENT } };
    struct script_peer *p = script_peer_start(TALKS(TALK("<" HEADERS_END, ">" OK_REPLY)));
    struct fixture f = setup();

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct got g = { 0 };
        char url[80];
        snprintf(url, sizeof url, "http://%s:%d/", cases[i].host, script_peer_port(p));
        struct http_call call = { .method = "POST", .url = url, .timeout_ms = 2000 };
        check_int("starts", http_client_call(f.client, &call, take, &g, NULL), LOA_OK);
        check_wait(f.loop, &g.done, 8000, cases[i].host);
        check_int(cases[i].host, g.result, cases[i].result);
    }
    teardown(&f);
    script_peer_stop(p);
}

static void plain_server_is_not_trusted_as_tls(void **state)
{
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("<\x01", ">not TLS at all\r\n")));
    char url[64];
    struct got g = { 0 };

    (void)state;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", script_peer_port(p));
    struct http_call call = { .method = "POST", .url = url, .timeout_ms = 3000 };
    check_int("starts", http_client_call(f.client, &call, take, &g, NULL), LOA_OK);
    check_wait(f.loop, &g.done, 8000, "handshake");
    check_int("nothing was said in the clear", g.result, WIRE_NOT_SENT);
    teardown(&f);
    script_peer_stop(p);
}

/* ---- what goes over the wire ---- */

static unsigned count(const char *text, const char *needle)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, needle)) != NULL; p += strlen(needle))
        n++;
    return n;
}

static void heard_is(struct script_peer *p, const char *label, const char *needle, unsigned times)
{
    struct buf heard = BUF_INIT(1024 * 1024);
    script_peer_heard(p, &heard);
    check_int(label, count(buf_cstr(&heard), needle), times);
    buf_clear(&heard);
}

static void request_is_sent_as_asked(void **state)
{
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("<{}", ">" OK_REPLY, "@0")));
    const char *const headers[] = { "X-Token: abc", "Content-Type: application/json", NULL };
    struct http_call call = {
        .method = "PUT", .headers = headers, .user = "u", .password = "p", .body = "{}", .body_len = 2
    };
    struct got g = call_port(&f, script_peer_port(p), call);

    (void)state;
    check_str("reply header, any case", g.shade, "blue");
    heard_is(p, "method and path", "PUT /path?secret=1 HTTP/1.1\r\n", 1);
    heard_is(p, "own header", "X-Token: abc\r\n", 1);
    heard_is(p, "own content type", "Content-Type: application/json\r\n", 1);
    heard_is(p, "basic auth", "Authorization: Basic dTpw\r\n", 1);
    heard_is(p, "length", "Content-Length: 2\r\n", 1);
    heard_is(p, "no 100-continue", "Expect", 0);
    teardown(&f);
    script_peer_stop(p);
}

static void unsafe_calls_are_refused(void **state)
{
    static const char *const split[] = { "X: a\r\nEvil: b", NULL };
    static const struct {
        const char *label;
        struct http_call call;
    } cases[] = {
        { "file url", { .method = "GET", .url = "file:///etc/passwd" } },
        { "smtp url", { .method = "GET", .url = "smtp://127.0.0.1/" } },
        { "line end in the url", { .method = "GET", .url = "http://127.0.0.1/\r\nX: y" } },
        { "space in the url", { .method = "GET", .url = "http://127.0.0.1/a b" } },
        { "line end in a header", { .method = "GET", .url = "http://127.0.0.1/", .headers = split } },
        { "method with a space", { .method = "GET /", .url = "http://127.0.0.1/" } },
        { "no url", { .method = "GET" } },
    };
    struct fixture f = setup();
    struct got g = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_int(cases[i].label, http_client_call(f.client, &cases[i].call, take, &g, NULL), LOA_INVALID);
    check_int("nothing under way", http_client_in_flight(f.client), 0);
    teardown(&f);
    check_int("no completion", g.times, 0);
}

/* ---- kept connections ---- */

static void connections_are_kept(void **state)
{
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("<" HEADERS_END, ">" OK_REPLY, "@0")));

    (void)state;
    for (int i = 0; i < 50; i++)
        check_int("answered",
                  call_port(&f, script_peer_port(p), (struct http_call){ .method = "POST" }).result,
                  WIRE_ANSWERED);
    check_int("one connection", script_peer_connections(p), 1);
    teardown(&f);
    script_peer_stop(p);
}

/* The server takes a second request on the kept connection and hangs up without a word. */
static void broken_kept_connection(void **state)
{
    static const struct {
        const char *label, *method;
        enum wire_result result;
        unsigned requests;
    } cases[] = {
        { "a POST is not sent twice", "POST", WIRE_UNKNOWN, 2 },
        { "a GET is tried again", "GET", WIRE_ANSWERED, 3 },
    };
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        struct fixture f = setup();
        struct script_peer *p = script_peer_start(TALKS(TALK("<" HEADERS_END, ">" OK_REPLY, "<" HEADERS_END),
                                                        TALK("<" HEADERS_END, ">" OK_REPLY, "@0")));
        struct http_call call = { .method = cases[i].method };
        call_port(&f, script_peer_port(p), call);
        struct got g = call_port(&f, script_peer_port(p), call);
        check_int(cases[i].label, g.result, cases[i].result);
        heard_is(p, cases[i].label, "/path", cases[i].requests);
        teardown(&f);
        script_peer_stop(p);
    }
}

/* The server hangs up between two calls: the second goes over a new connection at once. */
static void idle_connection_closed_by_peer(void **state)
{
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("<" HEADERS_END, ">" OK_REPLY)));

    (void)state;
    for (int i = 0; i < 5; i++) {
        struct got g = call_port(&f, script_peer_port(p), (struct http_call){ .method = "GET" });
        check_int("answered", g.result, WIRE_ANSWERED);
    }
    check_int("a connection each", script_peer_connections(p), 5);
    teardown(&f);
    script_peer_stop(p);
}

/* ---- many, cancelled, abandoned ---- */

static void many_calls_through_few_connections(void **state)
{
    enum { CALLS = 2000 };
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("<" HEADERS_END, ">" OK_REPLY, "@0")));
    struct got *g = mem_alloc(CALLS * sizeof *g);
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", script_peer_port(p));
    struct http_call call = { .method = "GET", .url = url, .timeout_ms = 30000 };
    for (int i = 0; i < CALLS; i++)
        check_int("starts", http_client_call(f.client, &call, take, &g[i], NULL), LOA_OK);
    check_int("all under way", http_client_in_flight(f.client), CALLS);
    for (int i = 0; i < CALLS; i++) {
        check_wait(f.loop, &g[i].done, 30000, "answer");
        check_int("answered", g[i].result, WIRE_ANSWERED);
    }
    check_true("at most 64 connections", script_peer_connections(p) <= 64);
    free(g);
    teardown(&f);
    script_peer_stop(p);
}

static void full_client_refuses(void **state)
{
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("~")));
    char url[64];
    struct got g = { 0 };
    enum loa_status st = LOA_OK;
    unsigned started = 0;

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", script_peer_port(p));
    struct http_call call = { .method = "GET", .url = url, .timeout_ms = 30000 };
    while ((st = http_client_call(f.client, &call, take, &g, NULL)) == LOA_OK)
        started++;
    check_int("refused", st, LOA_BUSY);
    teardown(&f);
    check_int("the others ended once each", g.times, started);
    check_int("cancelled", g.result, WIRE_CANCELLED);
    script_peer_stop(p);
}

static void cancel_completes_later(void **state)
{
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("~")));
    char url[64];
    struct got a = { 0 }, b = { 0 };
    uint64_t id = 0;

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", script_peer_port(p));
    struct http_call call = { .method = "POST", .url = url, .timeout_ms = 300 };
    check_int("first", http_client_call(f.client, &call, take, &a, &id), LOA_OK);
    check_int("second", http_client_call(f.client, &call, take, &b, NULL), LOA_OK);
    http_client_cancel(f.client, id);
    check_true("not inside cancel", !a.done);
    check_wait(f.loop, &a.done, 5000, "cancelled");
    check_int("its result", a.result, WIRE_CANCELLED);
    check_wait(f.loop, &b.done, 5000, "the other goes on");
    check_int("its own end", b.result, WIRE_UNKNOWN);
    http_client_cancel(f.client, id); /* long gone: harmless */
    check_int("once", a.times, 1);
    teardown(&f);
    script_peer_stop(p);
}

/* More calls than connections, a server that never answers: the waiting ones end in time, and as not sent. */
static void waiting_calls_have_a_deadline(void **state)
{
    enum { CALLS = 100 };
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("~")));
    struct got g[CALLS] = { 0 };
    unsigned not_sent = 0;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", script_peer_port(p));
    struct http_call call = { .method = "POST", .url = url, .timeout_ms = 500 };
    for (int i = 0; i < CALLS; i++)
        http_client_call(f.client, &call, take, &g[i], NULL);
    for (int i = 0; i < CALLS; i++) {
        check_wait(f.loop, &g[i].done, 5000, "deadline");
        not_sent += g[i].result == WIRE_NOT_SENT;
    }
    check_int("64 connections, the rest never left", not_sent, CALLS - 64);
    teardown(&f);
    script_peer_stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_told_apart),
        cmocka_unit_test(endless_headers_are_cut),
        cmocka_unit_test(no_listener_means_not_sent),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(plain_server_is_not_trusted_as_tls),
        cmocka_unit_test(request_is_sent_as_asked),
        cmocka_unit_test(unsafe_calls_are_refused),
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(broken_kept_connection),
        cmocka_unit_test(idle_connection_closed_by_peer),
        cmocka_unit_test(many_calls_through_few_connections),
        cmocka_unit_test(full_client_refuses),
        cmocka_unit_test(cancel_completes_later),
        cmocka_unit_test(waiting_calls_have_a_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
