/* A request as its handler sees it, and how it comes about from a head. */
#include "http_internal.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

#define SPARE_MAX         64
#define SPARE_TEXT_BYTES  8192 /* an unusually long head is not kept */
#define REPLY_HEADERS_MAX 8192

/* A request is told from every other in logs and answers by this: splitmix64 over a random start. */
static void write_trace_id(struct http_server *s, char out[17])
{
    static const char digit[] = "0123456789abcdef";
    uint64_t z = s->trace_state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    for (int i = 0; i < 16; i++, z >>= 4)
        out[i] = digit[z & 15];
    out[16] = '\0';
}

struct http_request *request_new(struct http_conn *c)
{
    static char empty[1];
    struct http_server *s = c->server;
    struct http_request *r = s->spare_requests;

    if (r != NULL) {
        s->spare_requests = r->next_spare;
        s->spare_count--;
    } else {
        r = mem_alloc(sizeof *r);
        buf_init(&r->reply_headers, REPLY_HEADERS_MAX);
    }
    r->server = s;
    r->conn = c;
    r->path = r->raw_query = empty;
    r->query = NULL;
    r->has_cache_control = r->has_retry_after = false;
    r->param_count = r->allowed = 0;
    r->head.method = 0;
    r->head.header_count = 0;
    r->head.content_length = 0;
    r->head.keep_alive = r->head.http_1_0 = r->head.transfer_encoding = false;
    buf_init(&r->body, 0);
    r->started_us = clock_mono_us();
    write_trace_id(s, r->trace_id);
    memcpy(r->peer, c->peer, sizeof r->peer);
    s->unanswered++;
    c->request = r;
    return r;
}

void request_free(struct http_request *r)
{
    struct http_server *s = r->server;

    s->body_bytes -= r->body.len;
    buf_clear(&r->body);
    buf_reset(&r->reply_headers);
    if (s->closed || s->spare_count == SPARE_MAX || r->memory_cap > SPARE_TEXT_BYTES) {
        buf_clear(&r->reply_headers);
        free(r->memory);
        free(r);
        return;
    }
    r->next_spare = s->spare_requests;
    s->spare_requests = r;
    s->spare_count++;
}

/* Room for the head, the parameters decoded from it, and the query in at most twice its length. */
int request_read_head(struct http_request *r, const char *head, size_t n)
{
    const size_t need = 3 * n + 64;

    if (r->memory_cap < need) {
        r->memory = mem_resize(r->memory, need);
        r->memory_cap = need;
    }
    memcpy(r->memory, head, n);
    r->free_memory = r->memory + n + 1;
    int refuse = http_head_parse(r->memory, n, &r->head);
    if (refuse != 0)
        return refuse;
    return http_target_split(r->head.target, &r->path, &r->raw_query) && http_path_decode(r->path) ? 0 : 400;
}

static void keep_param(struct http_request *r, const struct http_param *p)
{
    char *value = r->free_memory;

    memcpy(value, p->value, p->value_len);
    value[p->value_len] = '\0';
    http_path_slashes(value);
    r->free_memory += p->value_len + 1;
    r->param[r->param_count++] = (struct http_param){ .name = p->name, .value = value };
}

int request_find_route(struct http_request *r)
{
    const struct http_head *h = &r->head;
    struct route_match m;

    int refuse = routes_find(&r->server->routes, h->method, h->websocket, r->path, &m);
    if (refuse == 0)
        r->route = *m.route;
    r->allowed = m.allowed;
    for (unsigned i = 0; refuse == 0 && i < m.param_count; i++)
        keep_param(r, &m.param[i]);
    http_path_slashes(r->path);
    return refuse;
}

/* ---- what handlers read ---- */

enum http_method http_request_method(const struct http_request *r)
{
    return r->head.method;
}

const char *http_request_path(const struct http_request *r)
{
    return r->path;
}

const char *http_request_raw_query(const struct http_request *r)
{
    return r->raw_query;
}

const char *http_request_param(const struct http_request *r, const char *name)
{
    const size_t n = strlen(name);

    for (unsigned i = 0; i < r->param_count; i++)
        if (strncmp(r->param[i].name, name, n) == 0 && r->param[i].name[n] == '}')
            return r->param[i].value;
    return NULL;
}

const char *http_request_query(const struct http_request *r, const char *name)
{
    if (r->query == NULL) { /* decoded for the first who asks; not a change anybody sees */
        struct http_request *w = (struct http_request *)r;
        w->query = r->free_memory;
        w->query_pairs = http_query_decode(r->raw_query, r->free_memory);
    }
    const char *pair = r->query;
    for (unsigned i = 0; i < r->query_pairs; i++) {
        const char *value = pair + strlen(pair) + 1;
        if (strcmp(pair, name) == 0)
            return value;
        pair = value + strlen(value) + 1;
    }
    return NULL;
}

const char *http_request_header(const struct http_request *r, const char *name)
{
    return http_head_get(&r->head, name);
}

const char *http_request_body(const struct http_request *r, size_t *len)
{
    if (len != NULL)
        *len = r->body.len;
    return buf_cstr(&r->body);
}

const char *http_request_peer(const struct http_request *r)
{
    return r->peer;
}

const char *http_request_trace_id(const struct http_request *r)
{
    return r->trace_id;
}

int64_t http_request_started_us(const struct http_request *r)
{
    return r->started_us;
}
