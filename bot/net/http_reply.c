#include "http_internal.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/metrics.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *reason_phrase(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } known[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 302, "Found" },
        { 303, "See Other" },
        { 304, "Not Modified" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 408, "Request Timeout" },
        { 409, "Conflict" },
        { 410, "Gone" },
        { 411, "Length Required" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" },
        { 417, "Expectation Failed" },
        { 422, "Unprocessable Content" },
        { 426, "Upgrade Required" },
        { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            return known[i].phrase;
    return "-";
}

static const char *date_now(struct http_server *s)
{
    const int64_t now_s = clock_wall_ms() / 1000;

    if (now_s != s->date_s) {
        const time_t t = (time_t)now_s;
        struct tm tm;
        strftime(s->date, sizeof s->date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &tm));
        s->date_s = now_s;
    }
    return s->date;
}

static void add_number(struct buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    buf_add(b, digits + at, sizeof digits - at);
}

static void add_header(struct buf *b, const char *name, const char *value)
{
    buf_str(b, name);
    buf_add(b, ": ", 2);
    buf_str(b, value);
    buf_add(b, "\r\n", 2);
}

static void write_head(const struct http_request *r, int status, const char *content_type, size_t len,
                       bool close_after, struct buf *b)
{
    buf_reset(b);
    buf_str(b, "HTTP/1.1 ");
    add_number(b, (uint64_t)status);
    buf_char(b, ' ');
    buf_str(b, reason_phrase(status));
    buf_str(b, "\r\n");
    add_header(b, "Date", date_now(r->server));
    if (status != 204 && status != 304) {
        if (content_type != NULL)
            add_header(b, "Content-Type", content_type);
        buf_str(b, "Content-Length: ");
        add_number(b, len);
        buf_str(b, "\r\n");
    }
    add_header(b, "X-Trace-Id", r->trace_id);
    buf_str(b, "X-Content-Type-Options: nosniff\r\n");
    if (!r->has_cache_control)
        buf_str(b, "Cache-Control: no-store\r\n");
    if (close_after)
        buf_str(b, "Connection: close\r\n");
    else if (r->head.http_1_0)
        buf_str(b, "Connection: keep-alive\r\n");
    buf_add(b, r->reply_headers.data, r->reply_headers.len);
    buf_str(b, "\r\n");
}

static void count_answer(const struct http_request *r, int status)
{
    static const char *const classes[] = { "1xx", "2xx", "3xx", "4xx", "5xx" };

    assert(status >= 200 && status < 600);
    metric_add(M_HTTP_REQUESTS, classes[status / 100 - 1], NULL, 1);
    metric_observe(M_HTTP_SECONDS, NULL, (double)(clock_mono_us() - r->started_us) / 1e6);
}

static bool breaks_lines(const char *s)
{
    return strpbrk(s, "\r\n") != NULL;
}

void http_reply_header(struct http_request *r, const char *name, const char *value)
{
    if (breaks_lines(name) || breaks_lines(value)) {
        log_warn("http_reply_header_refused", "name", name, "trace", r->trace_id);
        return;
    }
    add_header(&r->reply_headers, name, value);
    r->has_cache_control |= strcasecmp(name, "Cache-Control") == 0;
    r->has_retry_after |= strcasecmp(name, "Retry-After") == 0;
}

/* The handler is done with it. */
static void let_go(struct http_request *r)
{
    struct http_server *s = r->server;

    request_free(r);
    server_release(s);
}

void http_reply(struct http_request *r, int status, const char *content_type, const void *body, size_t len)
{
    struct http_server *s = r->server;
    struct http_conn *c = r->conn;

    assert(buf_ok(&r->reply_headers));
    count_answer(r, status);
    if (c == NULL) { /* the client did not wait */
        s->unanswered--;
        let_go(r);
        return;
    }
    c->close_after |= s->intake_stopped;
    write_head(r, status, content_type, len, c->close_after, &s->scratch);
    if (r->head.method == HTTP_HEAD || status == 204 || status == 304)
        len = 0;
    conn_answer(c, &s->scratch, body, len);
    let_go(r);
}

void http_drop(struct http_request *r)
{
    struct http_conn *c = r->conn;

    r->server->unanswered--;
    if (c != NULL) {
        c->request = NULL;
        conn_end(c);
    }
    let_go(r);
}
