/* The pure parts of the HTTP server: head, target, query, routes. */
#include "check.h"
#include "../../bot/net/http_internal.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, struct http_head *h, char **copy)
{
    size_t n = strlen(text);
    *copy = mem_alloc(n + 1);
    memcpy(*copy, text, n);
    return http_head_parse(*copy, n, h);
}

static void heads_are_accepted_or_refused(void **state)
{
    static const struct {
        const char *label, *text;
        int want;
    } cases[] = {
        { "plain GET", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
        { "HTTP/1.0 needs no Host", "GET / HTTP/1.0\r\n\r\n", 0 },
        { "HTTP/1.1 needs one", "GET / HTTP/1.1\r\n\r\n", 400 },
        { "two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
        { "host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400 },
        { "IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0 },
        { "unknown method is still a head", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 0 },
        { "method of strange signs", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "no version", "GET /\r\nHost: a\r\n\r\n", 400 },
        { "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505 },
        { "HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505 },
        { "no HTTP at all", "GET / FTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "blank in target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "fragment in target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "tab in target", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", 400 },
        { "bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 400 },
        { "one bare line feed", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
        { "bare carriage return in value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400 },
        { "folded header", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400 },
        { "blank before colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
        { "no colon", "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400 },
        { "empty name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", 400 },
        { "control character in value", "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400 },
        { "UTF-8 in value", "GET / HTTP/1.1\r\nHost: a\r\nX: hồ sơ\r\n\r\n", 0 },
        { "empty value", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", 0 },
        { "length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n", 0 },
        { "two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
          400 },
        { "list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400 },
        { "signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400 },
        { "negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400 },
        { "hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", 400 },
        { "endless length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
          400 },
        { "empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400 },
        { "expect something else", "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417 },
        { "expect 100", "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_head h;
        char *copy;
        check_int(cases[i].label, parse(cases[i].text, &h, &copy), cases[i].want);
        free(copy);
    }
}

static void headers_are_found(void **state)
{
    struct http_head h;
    char *copy;

    (void)state;
    check_int(
        "parses",
        parse("POST /a?b HTTP/1.1\r\nHOST:  a.vn \r\nContent-Length:5\r\nX-Empty:\r\n"
              "Connection: foo, Close\r\nTransfer-Encoding: chunked\r\nx-twice: 1\r\nX-Twice: 2\r\n\r\n",
              &h, &copy),
        0);
    check_int("method", h.method, HTTP_POST);
    check_str("target", h.target, "/a?b");
    check_str("trimmed, any case", http_head_get(&h, "hOsT"), "a.vn");
    check_str("empty", http_head_get(&h, "X-Empty"), "");
    check_str("the first of two", http_head_get(&h, "X-Twice"), "1");
    check_str("absent", http_head_get(&h, "X"), NULL);
    check_int("length", (long long)h.content_length, 5);
    check_true("transfer encoding", h.transfer_encoding);
    check_true("close", !h.keep_alive);
    free(copy);
}

static void connection_words_count(void **state)
{
    static const struct {
        const char *label, *version, *headers;
        bool keep_alive, websocket;
    } cases[] = {
        { "1.1 stays", "1.1", "", true, false },
        { "1.0 goes", "1.0", "", false, false },
        { "1.0 asks to stay", "1.0", "Connection: Keep-Alive\r\n", true, false },
        { "close among others", "1.1", "Connection: x , close,y\r\n", false, false },
        { "close as part of a word", "1.1", "Connection: closed, enclose\r\n", true, false },
        { "upgrade", "1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n", true, true },
        { "upgrade not in Connection", "1.1", "Upgrade: websocket\r\n", true, false },
        { "h2c stays HTTP/1.1", "1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", true,
          false },
        { "websocket in a list", "1.1", "Connection: upgrade\r\nUpgrade: h2c, WebSocket\r\n", true, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256], *copy;
        struct http_head h;
        snprintf(text, sizeof text, "GET / HTTP/%s\r\nHost: a\r\n%s\r\n", cases[i].version, cases[i].headers);
        check_int(cases[i].label, parse(text, &h, &copy), 0);
        check_int(cases[i].label, h.keep_alive, cases[i].keep_alive);
        check_int(cases[i].label, h.websocket, cases[i].websocket);
        free(copy);
    }
}

static void the_end_is_found_however_it_arrives(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next";
    const size_t head = strlen("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)state;
    for (size_t first = 1; first < sizeof text; first++) { /* in two pieces */
        size_t scanned = 0;
        int refuse;
        size_t n = http_head_length(text, first, &scanned, &refuse);
        if (n == 0)
            n = http_head_length(text, sizeof text - 1, &scanned, &refuse);
        check_int("length", (long long)n, (long long)head);
        check_int("not refused", refuse, 0);
    }
}

static void sizes_have_limits(void **state)
{
    char *big = mem_alloc(HTTP_HEAD_MAX * 2);
    size_t scanned = 0;
    int refuse;

    (void)state;
    memset(big, 'a', HTTP_HEAD_MAX * 2);
    check_int("no end of the first line", (long long)http_head_length(big, HTTP_LINE_MAX, &scanned, &refuse),
              0);
    check_int("414", refuse, 414);
    memcpy(big, "GET / HTTP/1.1\r\n", 16);
    scanned = 0;
    http_head_length(big, HTTP_HEAD_MAX - 1, &scanned, &refuse);
    check_int("may go on", refuse, 0);
    http_head_length(big, HTTP_HEAD_MAX, &scanned, &refuse);
    check_int("431", refuse, 431);
    big[0] = '\x16';
    scanned = 0;
    http_head_length(big, 1, &scanned, &refuse);
    check_int("TLS on a plain port", refuse, 400);

    struct buf many = BUF_INIT(HTTP_HEAD_MAX);
    struct http_head h;
    char *copy;
    buf_str(&many, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < HTTP_HEADERS_MAX; i++)
        buf_str(&many, "A: b\r\n");
    buf_str(&many, "\r\n");
    check_int("too many lines", parse(many.data, &h, &copy), 431);
    free(copy);
    buf_clear(&many);
    free(big);
}

static void targets_are_decoded(void **state)
{
    static const struct {
        const char *label, *target, *path, *query; /* path NULL: refused */
    } cases[] = {
        { "plain", "/a/b", "/a/b", "" },
        { "query", "/a?x=1&y=2", "/a", "x=1&y=2" },
        { "second question mark belongs to the query", "/a?x=?", "/a", "x=?" },
        { "escape", "/h%E1%BB%93", "/hồ", "" },
        { "raw UTF-8", "/hồ", "/hồ", "" },
        { "plus is a plus", "/a+b", "/a+b", "" },
        { "escaped slash", "/a%2Fb%2f",
          "/a\x01"
          "b\x01",
          "" },
        { "dots stay dots", "/../%2e%2e/etc", "/../../etc", "" },
        { "absolute form", "http://host:80/a?b", "/a", "b" },
        { "absolute form, upper case", "HTTPS://host/a", "/a", "" },
        { "absolute without path", "http://host", NULL, NULL },
        { "asterisk", "*", NULL, NULL },
        { "no slash", "a/b", NULL, NULL },
        { "half an escape", "/a%2", NULL, NULL },
        { "no escape", "/a%zz", NULL, NULL },
        { "NUL", "/a%00", NULL, NULL },
        { "escaped control", "/a%0d%0aX", NULL, NULL },
        { "escaped marker", "/a%01", NULL, NULL },
        { "not UTF-8", "/a%ff", NULL, NULL },
        { "overlong UTF-8", "/%c0%af", NULL, NULL },
        { "lone surrogate", "/%ed%a0%80", NULL, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *copy = mem_strdup(cases[i].target), *path = NULL, *query = NULL;
        bool ok = http_target_split(copy, &path, &query) && http_path_decode(path);
        check_str(cases[i].label, ok ? path : NULL, cases[i].path);
        check_str(cases[i].label, ok ? query : NULL, cases[i].query);
        free(copy);
    }
}

static void queries_are_decoded(void **state)
{
    static const struct {
        const char *label, *query, *want; /* pairs as name=value| */
    } cases[] = {
        { "empty", "", "" },
        { "one", "a=1", "a=1|" },
        { "blanks and escapes", "q=h%E1%BB%93+s%C6%A1", "q=hồ sơ|" },
        { "escaped ampersand", "a=1%262&b=3", "a=1&2|b=3|" },
        { "escaped equals", "a%3Db=c", "a=b=c|" },
        { "name alone", "a&b&c=", "a=|b=|c=|" },
        { "value alone", "=x", "=x|" },
        { "empty pairs", "&&a=1&&", "a=1|" },
        { "percent of a discount", "t=100% off&u=5%", "t=100% off|u=5%|" },
        { "NUL stays escaped", "a=%00", "a=%00|" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *pairs = mem_alloc(2 * strlen(cases[i].query) + 2);
        struct buf got = BUF_INIT(1000);
        const char *at = pairs;
        for (unsigned n = http_query_decode(cases[i].query, pairs); n > 0; n--) {
            const char *value = at + strlen(at) + 1;
            buf_printf(&got, "%s=%s|", at, value);
            at = value + strlen(value) + 1;
        }
        check_str(cases[i].label, buf_cstr(&got), cases[i].want);
        buf_clear(&got);
        free(pairs);
    }
}

static void patterns_match(void **state)
{
    static const struct {
        const char *pattern, *path, *want; /* values joined by |, NULL: no match */
    } cases[] = {
        { "/", "/", "" },
        { "/a", "/a/", NULL },
        { "/v1/{x}", "/v1/7", "7|" },
        { "/v1/{x}", "/v1/", NULL },
        { "/v1/{x}", "/v1/7/8", NULL },
        { "/v1/{x}/y", "/v1/7/y", "7|" },
        { "/v1/{x}/{y}", "/v1/a/b", "a|b|" },
        { "/zalo_verifier{code}.html", "/zalo_verifierABC.html", "ABC|" },
        { "/zalo_verifier{code}.html", "/zalo_verifier.html", NULL },
        { "/zalo_verifier{code}.html", "/zalo_verifierA.html.html", "A.html|" },
        { "/w/{*rest}", "/w/a/b/c", "a/b/c|" },
        { "/w/{*rest}", "/w/", "|" },
        { "/w/{*rest}", "/w", NULL },
        { "/u/{token}", "/u/..", "..|" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_param p[HTTP_PARAMS_MAX];
        unsigned n;
        struct buf got = BUF_INIT(200);
        bool ok = http_pattern_match(cases[i].pattern, cases[i].path, p, &n);
        for (unsigned k = 0; ok && k < n; k++)
            buf_printf(&got, "%.*s|", (int)p[k].value_len, p[k].value);
        check_str(cases[i].pattern, ok ? buf_cstr(&got) : NULL, cases[i].want);
        buf_clear(&got);
    }
}

static void handler_a(void *ctx, struct http_request *r)
{
    (void)ctx, (void)r;
}

static void routes_are_chosen(void **state)
{
    static const struct ws_handler ws = { .max_message_bytes = 1 };
    static const struct http_route routes[] = {
        { .methods = HTTP_GET, .pattern = "/c/{key}", .handler = handler_a, .ctx = (void *)"key" },
        { .methods = HTTP_DELETE, .pattern = "/c/{key}", .handler = handler_a, .ctx = (void *)"erase" },
        { .methods = HTTP_POST, .pattern = "/c/find", .handler = handler_a, .ctx = (void *)"find" },
        { .methods = HTTP_GET, .pattern = "/c/{key}/x", .handler = handler_a, .ctx = (void *)"first" },
        { .methods = HTTP_GET, .pattern = "/c/{key}/{any}", .handler = handler_a, .ctx = (void *)"second" },
        { .pattern = "/chat", .ws = &ws, .ctx = (void *)"chat" },
        { .methods = HTTP_GET, .pattern = "/desk", .handler = handler_a, .ws = &ws, .ctx = (void *)"desk" },
    };
    static const struct {
        const char *label, *path;
        unsigned method;
        bool websocket;
        int status;
        const char *ctx, *allow;
    } cases[] = {
        { "fixed before parameters", "/c/find", HTTP_POST, false, 0, "find", NULL },
        { "fixed has other methods", "/c/find", HTTP_GET, false, 0, "key", NULL },
        { "HEAD by GET", "/c/1", HTTP_HEAD, false, 0, "key", NULL },
        { "second method", "/c/1", HTTP_DELETE, false, 0, "erase", NULL },
        { "405", "/c/1", HTTP_PUT, false, 405, NULL, "GET, HEAD, DELETE" },
        { "405 of all that fit", "/c/find", HTTP_PUT, false, 405, NULL, "GET, HEAD, POST, DELETE" },
        { "unknown method", "/c/1", 0, false, 405, NULL, "GET, HEAD, DELETE" },
        { "404", "/d", HTTP_GET, false, 404, NULL, NULL },
        { "order", "/c/1/x", HTTP_GET, false, 0, "first", NULL },
        { "order, the next", "/c/1/y", HTTP_GET, false, 0, "second", NULL },
        { "socket", "/chat", HTTP_GET, true, 0, "chat", NULL },
        { "socket without upgrade", "/chat", HTTP_GET, false, 426, NULL, NULL },
        { "upgrade without socket", "/c/1", HTTP_GET, true, 426, NULL, NULL },
        { "page and socket: page", "/desk", HTTP_GET, false, 0, "desk", NULL },
        { "page and socket: socket", "/desk", HTTP_GET, true, 0, "desk", NULL },
        { "POST to a socket", "/chat", HTTP_POST, false, 405, NULL, "GET, HEAD" },
    };
    struct route_table table = { 0 };
    (void)state;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        routes_add(&table, &routes[i]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route_match m;
        struct buf allow = BUF_INIT(100);
        int status = routes_find(&table, cases[i].method, cases[i].websocket, cases[i].path, &m);
        check_int(cases[i].label, status, cases[i].status);
        check_str(cases[i].label, m.route ? m.route->ctx : NULL, cases[i].ctx);
        http_methods_text(m.allowed, &allow);
        if (cases[i].allow != NULL)
            check_str(cases[i].label, buf_cstr(&allow), cases[i].allow);
        buf_clear(&allow);
    }
    routes_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_accepted_or_refused),
        cmocka_unit_test(headers_are_found),
        cmocka_unit_test(connection_words_count),
        cmocka_unit_test(the_end_is_found_however_it_arrives),
        cmocka_unit_test(sizes_have_limits),
        cmocka_unit_test(targets_are_decoded),
        cmocka_unit_test(queries_are_decoded),
        cmocka_unit_test(patterns_match),
        cmocka_unit_test(routes_are_chosen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
