#include "http_client_inside.h"
#include "loa/mem.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HOST_CONNECTIONS_MAX       64L
#define IN_FLIGHT_MAX              4096
#define REPLY_HEADERS_MAX          (64 * 1024)
#define DEFAULT_TIMEOUT_MS         10000
#define DEFAULT_CONNECT_TIMEOUT_MS 3000
#define DEFAULT_REPLY_BYTES        (256 * 1024)

struct http_exchange {
    struct http_client *client;
    struct curl_job job;
    uint64_t id;
    char *body;
    struct curl_slist *headers;
    struct buf reply;
    size_t header_bytes;
    bool repeatable; /* sending it twice does no harm: GET, PUT, DELETE … */
    bool cancelled;
    struct timer deadline;
    char error[CURL_ERROR_SIZE];
    http_answer_fn *done;
    void *ctx;
    struct http_exchange *prev, *next;
};

/* ---- the end of a call ---- */

static long bytes_written(const struct http_exchange *x)
{
    long n = 0;
    curl_easy_getinfo(x->job.easy, CURLINFO_REQUEST_SIZE, &n);
    return n;
}

static void unlink_exchange(struct http_exchange *x)
{
    struct http_client *c = x->client;

    if (x->prev != NULL)
        x->prev->next = x->next;
    else
        c->calls = x->next;
    if (x->next != NULL)
        x->next->prev = x->prev;
    c->in_flight--;
}

static void free_exchange(void *p)
{
    struct http_exchange *x = p;

    curl_slist_free_all(x->headers);
    buf_clear(&x->reply);
    free(x->body);
    free(x);
}

static void finish(struct http_exchange *x, enum wire_result result, const char *error)
{
    struct http_answer a = { .result = result, .error = error, .body = "" };

    if (result == WIRE_ANSWERED) {
        long status = 0;
        curl_easy_getinfo(x->job.easy, CURLINFO_RESPONSE_CODE, &status);
        a.status = (int)status;
        a.body = buf_cstr(&x->reply);
        a.body_len = x->reply.len;
        a.headers_ = x->job.easy;
    }
    unlink_exchange(x);
    timer_stop(&x->deadline);
    curl_loop_remove(x->client->curl, &x->job);
    x->done(x->ctx, &a); /* may start or cancel other calls */
    curl_loop_give_easy(x->client->curl, x->job.easy);
    loop_free_later(x->client->loop, x, free_exchange);
}

/* Not one byte of the request left this machine, or we cannot know what the peer made of it. */
static void finish_failed(struct http_exchange *x, const char *error)
{
    finish(x, bytes_written(x) == 0 ? WIRE_NOT_SENT : WIRE_UNKNOWN, error);
}

static void transfer_done(void *ctx, CURLcode rc)
{
    struct http_exchange *x = ctx;

    if (x->cancelled)
        return; /* the reaper has it */
    if (rc == CURLE_OK)
        finish(x, WIRE_ANSWERED, "");
    else if (x->reply.failed || rc == CURLE_FILESIZE_EXCEEDED)
        finish_failed(x, "the answer is larger than allowed");
    else if (rc == CURLE_ABORTED_BY_CALLBACK)
        finish_failed(x, "the kept connection broke with the request on it");
    else
        finish_failed(x, x->error[0] != '\0' ? x->error : curl_easy_strerror(rc));
}

static void deadline_passed(void *ctx)
{
    struct http_exchange *x = ctx;

    if (!x->cancelled)
        finish_failed(x, "no complete answer in time");
}

/* ---- libcurl's callbacks during a transfer ---- */

/* A kept connection may turn out dead only when the request is already on it. libcurl then sends the request
 * again by itself. That is fine for what may be repeated; a POST the peer may have read stops here. */
static int before_request(void *ctx, char *peer_ip, char *local_ip, int peer_port, int local_port)
{
    struct http_exchange *x = ctx;

    (void)peer_ip, (void)local_ip, (void)peer_port, (void)local_port;
    return x->repeatable || bytes_written(x) == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t take_body(char *data, size_t size, size_t n, void *ctx)
{
    struct http_exchange *x = ctx;

    buf_add(&x->reply, data, size * n);
    return buf_ok(&x->reply) ? size * n : 0;
}

static size_t count_header(char *data, size_t size, size_t n, void *ctx)
{
    struct http_exchange *x = ctx;

    (void)data;
    x->header_bytes += size * n;
    return x->header_bytes <= REPLY_HEADERS_MAX ? size * n : 0;
}

/* ---- the start of a call ---- */

static bool has_control(const char *s)
{
    for (; *s != '\0'; s++)
        if (iscntrl((unsigned char)*s))
            return true;
    return false;
}

static bool is_method(const char *s)
{
    return s != NULL && *s != '\0' && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(s) && strlen(s) <= 16;
}

static bool is_http_url(const char *s)
{
    return s != NULL && (strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0) &&
           !has_control(s) && strchr(s, ' ') == NULL;
}

static bool is_safe(const struct http_call *call)
{
    if (!is_method(call->method) || !is_http_url(call->url))
        return false;
    for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL; i++)
        if (has_control(call->headers[i]) || strchr(call->headers[i], ':') == NULL)
            return false;
    return true;
}

static bool is_repeatable(const char *method)
{
    return strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0;
}

static void add_header(struct http_exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);
    if (longer == NULL)
        abort(); /* out of memory */
    x->headers = longer;
}

static void set_headers(struct http_exchange *x, const struct http_call *call)
{
    bool typed = false;

    for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL; i++) {
        typed |= strncasecmp(call->headers[i], "Content-Type:", 13) == 0;
        add_header(x, call->headers[i]);
    }
    add_header(x, "Expect:"); /* no 100-continue: a round trip for nothing */
    if (!typed)
        add_header(x, "Content-Type:"); /* libcurl would call every body a form */
    curl_easy_setopt(x->job.easy, CURLOPT_HTTPHEADER, x->headers);
}

static void set_method_and_body(struct http_exchange *x, const struct http_call *call)
{
    CURL *easy = x->job.easy;
    bool posts = strcmp(call->method, "POST") == 0;
    bool has_body = posts || strcmp(call->method, "PUT") == 0 || strcmp(call->method, "PATCH") == 0;

    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        return;
    }
    if (has_body || call->body_len > 0) {
        x->body = mem_alloc(call->body_len + 1);
        if (call->body_len > 0)
            memcpy(x->body, call->body, call->body_len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
    }
    if (!posts && strcmp(call->method, "GET") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

static void set_limits(struct http_exchange *x, const struct http_call *call)
{
    size_t max = call->max_reply_bytes ? call->max_reply_bytes : DEFAULT_REPLY_BYTES;
    int64_t connect_ms = call->connect_timeout_ms ? call->connect_timeout_ms : DEFAULT_CONNECT_TIMEOUT_MS;

    buf_init(&x->reply, max);
    curl_easy_setopt(x->job.easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)max);
    curl_easy_setopt(x->job.easy, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms);
}

static void set_callbacks(struct http_exchange *x)
{
    CURL *easy = x->job.easy;

    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, count_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
}

static void set_call(struct http_exchange *x, const struct http_call *call)
{
    CURL *easy = x->job.easy;

    curl_easy_setopt(easy, CURLOPT_URL, call->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    /* One request at a time on a connection: whether it was sent is then a matter of that connection alone.
     */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "loa/" LOA_VERSION);
    if (call->user != NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, call->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, call->password ? call->password : "");
    }
    set_method_and_body(x, call);
    set_headers(x, call);
    set_limits(x, call);
    set_callbacks(x);
}

static void link_exchange(struct http_client *c, struct http_exchange *x)
{
    x->next = c->calls;
    if (x->next != NULL)
        x->next->prev = x;
    c->calls = x;
    c->in_flight++;
}

enum loa_status http_client_call(struct http_client *c, const struct http_call *call, http_answer_fn *done,
                                 void *ctx, uint64_t *id)
{
    if (!is_safe(call))
        return LOA_INVALID;
    if (c->closing)
        return LOA_UNAVAILABLE;
    if (c->in_flight >= IN_FLIGHT_MAX)
        return LOA_BUSY;

    struct http_exchange *x = mem_alloc(sizeof *x);
    x->client = c;
    x->id = ++c->last_id;
    x->repeatable = is_repeatable(call->method);
    x->done = done;
    x->ctx = ctx;
    x->job = (struct curl_job){ .easy = curl_loop_take_easy(c->curl), .done = transfer_done, .ctx = x };
    set_call(x, call);
    link_exchange(c, x);
    /* Our own timer, because libcurl's does not run while a call waits for a free connection. */
    timer_start(&x->deadline, c->loop, call->timeout_ms ? call->timeout_ms : DEFAULT_TIMEOUT_MS,
                deadline_passed, x);
    curl_loop_add(c->curl, &x->job);
    if (id != NULL)
        *id = x->id;
    return LOA_OK;
}

/* ---- cancel ---- */

static void reap(void *ctx)
{
    struct http_client *c = ctx;
    struct http_exchange *x = c->calls;

    while (x != NULL) {
        if (!x->cancelled) {
            x = x->next;
            continue;
        }
        finish(x, WIRE_CANCELLED, "cancelled");
        x = c->calls; /* the completion may have changed the list */
    }
}

void http_client_cancel(struct http_client *c, uint64_t id)
{
    struct http_exchange *x = c->calls;

    while (x != NULL && x->id != id)
        x = x->next;
    if (x != NULL) {
        x->cancelled = true;
        timer_start(&c->reaper, c->loop, 0, reap, c);
    } else if (c->smtp != NULL) {
        smtp_client_cancel(c->smtp, id);
    }
}

/* ---- life ---- */

struct http_client *http_client_new(struct loop *l)
{
    struct http_client *c = mem_alloc(sizeof *c);

    c->loop = l;
    c->curl = curl_loop_new(l, HOST_CONNECTIONS_MAX);
    return c;
}

void http_client_free(struct http_client *c)
{
    if (c == NULL)
        return;
    c->closing = true; /* no completion may start another call */
    while (c->calls != NULL)
        finish(c->calls, WIRE_CANCELLED, "cancelled");
    timer_stop(&c->reaper);
    smtp_client_free(c->smtp);
    curl_loop_free(c->curl);
    free(c);
}

unsigned http_client_in_flight(const struct http_client *c)
{
    return c->in_flight + (c->smtp != NULL ? smtp_client_in_flight(c->smtp) : 0);
}

const char *http_answer_header(const struct http_answer *a, const char *name)
{
    struct curl_header *h;

    if (a->headers_ == NULL)
        return NULL;
    CURLHcode rc = curl_easy_header((CURL *)a->headers_, name, 0, CURLH_HEADER, -1, &h);
    return rc == CURLHE_OK ? h->value : NULL;
}
