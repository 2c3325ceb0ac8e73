/* One connection while it speaks HTTP: bytes in, one request at a time, bytes out, deadlines. */
#include "http_internal.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NO_DEADLINE       INT64_MAX
#define BODY_BYTES_PER_MS 16 /* a body is allowed a millisecond more for each so many bytes */

static void deadline(struct http_conn *c, int64_t after_ms)
{
    c->deadline_ms = clock_mono_ms() + after_ms;
}

void conn_end(struct http_conn *c)
{
    c->dead = true; /* its next callback closes it; if the socket never gets writable, the sweep does */
    lws_callback_on_writable(c->wsi);
}

/* ---- out ---- */

/* Waits for the client to close, so that it reads our last words before the kernel throws them away because
 * of bytes we did not read. */
static void linger(struct http_conn *c)
{
    c->state = CONN_LINGER;
    deadline(c, HTTP_LINGER_MS);
    if (!c->tls)
        shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
    else if (!c->unread)
        conn_end(c);
}

static void answer_is_out(struct http_conn *c)
{
    c->server->unanswered--;
    free(c->out);
    c->out = NULL;
    if (c->close_after) {
        linger(c);
        return;
    }
    c->state = CONN_HEAD;
    deadline(c, c->server->idle_timeout_ms);
    if (c->in.len > 0)
        lws_callback_on_writable(c->wsi); /* the next request came early */
}

static void write_bytes(struct http_conn *c, const char *p, size_t n)
{
    if (lws_write(c->wsi, (unsigned char *)p, n, LWS_WRITE_RAW) < 0)
        conn_end(c);
}

/* Goes on with a large answer; the library keeps what the kernel does not take of one chunk. */
static void send_more(struct http_conn *c)
{
    while (c->out_at < c->out_len && !c->dead && !lws_partial_buffered(c->wsi)) {
        size_t n = c->out_len - c->out_at;
        n = n < HTTP_CHUNK_BYTES ? n : HTTP_CHUNK_BYTES;
        write_bytes(c, c->out + c->out_at, n);
        c->out_at += n;
    }
    if (c->dead)
        return;
    if (c->out_at == c->out_len && !lws_partial_buffered(c->wsi)) {
        answer_is_out(c);
        return;
    }
    deadline(c, c->server->idle_timeout_ms);
    lws_callback_on_writable(c->wsi);
}

void conn_answer(struct http_conn *c, struct buf *head, const void *body, size_t len)
{
    c->request = NULL;
    c->state = CONN_SENDING;
    c->out_len = c->out_at = 0;
    if (head->len + len <= HTTP_CHUNK_BYTES) {
        buf_add(head, body, len);
        write_bytes(c, head->data, head->len);
    } else {
        c->out_len = head->len + len;
        c->out = mem_resize(NULL, c->out_len);
        memcpy(c->out, head->data, head->len);
        memcpy(c->out + head->len, body, len);
    }
    send_more(c);
}

/* ---- in ---- */

static void refuse(struct http_conn *c, struct http_request *r, int status)
{
    /* What follows a request we did not understand, or a body we do not want, cannot be told from it. */
    if (r->head.method == 0 || r->head.transfer_encoding || r->head.content_length > 0)
        c->close_after = c->unread = true;
    http_refuse(r, status);
}

static void dispatch(struct http_conn *c)
{
    struct http_request *r = c->request;

    c->state = CONN_BUSY;
    c->deadline_ms = NO_DEADLINE;
    r->route.handler(r->route.ctx, r);
}

static void expect_body(struct http_conn *c, bool some_came)
{
    struct http_request *r = c->request;

    c->state = CONN_BODY;
    c->body_left = r->head.content_length;
    deadline(c, c->server->body_timeout_ms + (int64_t)c->body_left / BODY_BYTES_PER_MS);
    buf_init(&r->body, c->body_left);
    if (r->head.expect_continue && !some_came && !r->head.http_1_0) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        write_bytes(c, go_on, sizeof go_on - 1);
    }
}

/* What a well-formed head may still be refused for. */
static int check_request(struct http_request *r)
{
    const struct http_head *h = &r->head;

    if (h->transfer_encoding)
        return 411;
    int status = request_find_route(r);
    if (status != 0)
        return status;
    if (h->content_length > (h->websocket ? 0 : r->route.max_body_bytes))
        return 413;
    bool may_have_body = (h->method == HTTP_POST || h->method == HTTP_PUT) && r->route.max_body_bytes > 0;
    return may_have_body && !h->has_length ? 411 : 0;
}

static void begin_request(struct http_conn *c, const char *head, size_t n, bool more_came)
{
    struct http_request *r = request_new(c);

    int status = request_read_head(r, head, n);
    if (status != 0) {
        r->head.method = 0;
        refuse(c, r, status);
        return;
    }
    c->close_after = !r->head.keep_alive;
    status = check_request(r);
    if (status != 0)
        refuse(c, r, status);
    else if (r->head.websocket)
        ws_start(r);
    else if (r->head.content_length > 0)
        expect_body(c, more_came);
    else
        dispatch(c);
}

/* Reads a head from the front of what came; gives the bytes used, 0 when more must come. */
static size_t read_head(struct http_conn *c, const char *p, size_t n)
{
    int status;

    if (c->scanned == 0 && (p[0] == '\r' || p[0] == '\n'))
        return 1; /* some clients end a body with an empty line it does not need */
    size_t len = http_head_length(p, n, &c->scanned, &status);
    if (status != 0) {
        refuse(c, request_new(c), status);
        return n;
    }
    if (len == 0) {
        if (c->in.len == 0) /* the first bytes of a head: from now on it must hurry */
            deadline(c, c->server->header_timeout_ms);
        return 0;
    }
    c->scanned = 0;
    begin_request(c, p, len, n > len);
    return len;
}

static size_t read_body(struct http_conn *c, const char *p, size_t n)
{
    struct http_server *s = c->server;

    n = n < c->body_left ? n : (size_t)c->body_left;
    if (s->body_bytes + n > HTTP_BODIES_MAX) {
        refuse(c, c->request, 503);
        return n;
    }
    s->body_bytes += n;
    buf_add(&c->request->body, p, n);
    c->body_left -= n;
    if (c->body_left == 0)
        dispatch(c);
    return n;
}

static size_t drop_bytes(struct http_conn *c, size_t n)
{
    c->lingered += n;
    if (c->lingered > HTTP_LINGER_BYTES)
        c->dead = true;
    return n;
}

/* Gives the number of bytes used; the rest waits until the request before it is answered. */
static size_t consume(struct http_conn *c, const char *p, size_t n)
{
    size_t at = 0, used = 1;

    while (!c->dead && at < n && used > 0) {
        if (c->state == CONN_HEAD)
            used = read_head(c, p + at, n - at);
        else if (c->state == CONN_BODY)
            used = read_body(c, p + at, n - at);
        else if (c->state == CONN_LINGER)
            used = drop_bytes(c, n - at);
        else
            used = 0;
        at += used;
    }
    return at;
}

static void consume_waiting(struct http_conn *c)
{
    size_t used = consume(c, c->in.data, c->in.len);

    if (used == c->in.len) {
        buf_clear(&c->in); /* idle connections own no buffer */
    } else if (used > 0) {
        memmove(c->in.data, c->in.data + used, c->in.len - used);
        c->in.len -= used;
    }
}

static void receive(struct http_conn *c, const char *p, size_t n)
{
    if (!c->greeted) {
        c->greeted = true;
        lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0); /* left over from the library's TLS handshake */
    }
    if (c->in.len > 0) {
        buf_add(&c->in, p, n);
        if (buf_ok(&c->in))
            consume_waiting(c);
    } else {
        size_t used = consume(c, p, n);
        buf_add(&c->in, p + used, n - used);
    }
    if (!buf_ok(&c->in))
        c->dead = true; /* it talks and talks and does not wait for answers */
}

/* ---- life ---- */

void conn_accept(struct http_server *s, int fd, const char *peer, bool tls)
{
    struct http_conn *c = mem_alloc(sizeof *c);

    c->server = s;
    c->tls = tls;
    buf_init(&c->in, HTTP_HEAD_MAX + HTTP_AHEAD_MAX);
    snprintf(c->peer, sizeof c->peer, "%s", peer);
    deadline(c, s->header_timeout_ms);
    link_add(&s->conns, &c->link);
    s->conn_count++;

    lws_adopt_desc_t how = { .vh = tls ? s->tls : s->plain,
                             .type = LWS_ADOPT_SOCKET | (tls ? LWS_ADOPT_ALLOW_SSL : 0),
                             .fd.sockfd = fd,
                             .vh_prot_name = "http",
                             .opaque = c };
    s->accepting = c;
    lws_adopt_descriptor_vhost_via_info(&how); /* closes fd when it fails */
    if (s->accepting == c && c->wsi == NULL) {
        link_remove(&c->link);
        s->conn_count--;
        free(c);
    }
    s->accepting = NULL;
}

static void request_lost(struct http_conn *c)
{
    struct http_request *r = c->request;

    if (c->state == CONN_BUSY) {
        r->conn = NULL; /* its handler still has it; the answer will go nowhere */
        return;
    }
    c->server->unanswered--;
    request_free(r);
}

static void gone(struct http_conn *c)
{
    struct http_server *s = c->server;

    if (s->accepting == c)
        s->accepting = NULL;
    if (c->request != NULL)
        request_lost(c);
    else if (c->state == CONN_SENDING)
        s->unanswered--;
    if (c->ws != NULL)
        ws_conn_gone(c->ws);
    tunnel_conn_gone(c);
    link_remove(&c->link);
    s->conn_count--;
    buf_clear(&c->in);
    free(c->out);
    free(c);
}

static void writable(struct http_conn *c)
{
    if (c->dead)
        return;
    if (c->state == CONN_SENDING)
        send_more(c);
    if (c->state == CONN_HEAD && c->in.len > 0)
        consume_waiting(c);
}

int conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct http_conn *c;

    (void)user;
    switch ((int)reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        c = lws_get_opaque_user_data(wsi);
        c->wsi = wsi;
        return 0;
    case LWS_CALLBACK_RAW_RX:
        c = lws_get_opaque_user_data(wsi);
        if (c->state == CONN_TUNNEL)
            return tunnel_outer(c, reason, in, len);
        receive(c, in, len);
        return c->dead ? -1 : 0;
    case LWS_CALLBACK_RAW_WRITEABLE:
        c = lws_get_opaque_user_data(wsi);
        if (c->state == CONN_TUNNEL)
            return tunnel_outer(c, reason, in, len);
        writable(c);
        return c->dead ? -1 : 0;
    case LWS_CALLBACK_RAW_CLOSE:
        c = lws_get_opaque_user_data(wsi);
        lws_set_opaque_user_data(wsi, NULL);
        if (c != NULL)
            gone(c);
        return 0;
    default:
        return 0;
    }
}

/* ---- deadlines ---- */

static void overdue(struct http_conn *c)
{
    bool slow_head = c->state == CONN_HEAD && c->in.len > 0, slow_body = c->state == CONN_BODY;

    if (c->dead || !(slow_head || slow_body)) {
        http_lws_kill(c->wsi);
        return;
    }
    struct http_request *r = slow_head ? request_new(c) : c->request;
    c->close_after = c->unread = true;
    http_refuse(r, 408);
    buf_clear(&c->in);
}

void conn_sweep(struct http_server *s, int64_t now_ms)
{
    for (struct link *l = s->conns.next, *next; l != &s->conns; l = next) {
        struct http_conn *c = LINK_OWNER(l, struct http_conn, link);
        next = l->next;
        if (c->dead || now_ms >= c->deadline_ms)
            overdue(c);
    }
}

void conn_close_idle(struct http_server *s)
{
    for (struct link *l = s->conns.next, *next; l != &s->conns; l = next) {
        struct http_conn *c = LINK_OWNER(l, struct http_conn, link);
        next = l->next;
        if (c->state == CONN_HEAD && c->in.len == 0)
            http_lws_kill(c->wsi);
    }
}
