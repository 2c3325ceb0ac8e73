/*
 * http_server - HTTP/1.1 and WebSocket in (libwebsockets inside, seen nowhere else).
 *
 * A request reaches its handler complete (headers and body within limits) and lives until it is answered,
 * even when the client is gone: http_reply() may be called at any later time, exactly once. Requests of one
 * connection are handled one after the other. Refused before any handler: 400 malformed, 404, 405 (with
 * Allow), 408 slow client, 411 no Content-Length, 413 body too big (as soon as the header is read), 414/431
 * header too big, 417, 426 upgrade needed or not offered, 503 over the limit of connections or of memory for
 * bodies, 505. These answers are problem+json (problem.h). Every answer carries Date, X-Trace-Id,
 * X-Content-Type-Options: nosniff, Cache-Control: no-store unless set.
 *
 * A slow client has header_timeout_ms for a header, and body_timeout_ms and a millisecond per 16 bytes for a
 * body. A WebSocket that is silent for half of idle_timeout_ms is pinged, after all of it closed. A client
 * that closes its sending side counts as gone.
 */
#ifndef LOA_HTTP_SERVER_H
#define LOA_HTTP_SERVER_H

#include "loa/buf.h"
#include "loa/loop.h"

struct http_server;
struct http_request;
struct web_socket;

typedef void http_handler(void *ctx, struct http_request *req);

enum http_method {
    HTTP_GET = 1,
    HTTP_POST = 2,
    HTTP_PUT = 4,
    HTTP_DELETE = 8,
    HTTP_HEAD = 16,
    HTTP_OPTIONS = 32
};

struct ws_handler { /* callbacks of one WebSocket route */
    /* Decide: return a socket context to accept, NULL to refuse with `*refuse_status` (403 unless set). The
     * handshake is only borrowed during this call; ws_send() works from here on. */
    void *(*open)(void *ctx, struct http_request *handshake, struct web_socket *ws, int *refuse_status);
    void (*message)(void *sock_ctx, struct web_socket *ws, const char *data, size_t len, bool text);
    void (*close)(void *sock_ctx, struct web_socket *ws); /* last callback for this socket */
    size_t max_message_bytes; /* a longer message ends the socket with code 1009 */
};

struct http_route {
    unsigned methods;      /* bits of enum http_method; HEAD is served by GET */
    const char *pattern;   /* "/v1/dossiers/{code}"; a last "{*rest}" takes everything; "{name}" one segment,
                              which may have fixed text around it: "/zalo_verifier{code}.html". "%2F" does not
                              end a segment. */
    http_handler *handler; /* NULL for a WebSocket-only route */
    void *ctx;
    size_t max_body_bytes;       /* 0: no body allowed */
    const struct ws_handler *ws; /* Upgrade: websocket on this route; NULL refuses with 426 */
};

struct http_server_options {
    const char *const *listen;      /* "127.0.0.1:8080", "[::1]:8080", "unix:/path"; NULL-terminated list */
    const char *tls_cert, *tls_key; /* both or neither */
    unsigned max_connections;       /* 0: 10000 */
    int64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms; /* 0: 10 s, 30 s, 60 s */
};

/* LOA_IO with a sentence in `why`; the loop then needs some turns to take down what had begun. Raises the
 * soft limit on open files to what max_connections takes. */
enum loa_status http_server_new(struct loop *l, const struct http_server_options *opt, char *why,
                                size_t why_size, struct http_server **out);
/* Routes are matched in the order added, fixed text before parameters. Strings must outlive the server. */
void http_server_route(struct http_server *s, const struct http_route *route);
void http_server_stop_intake(
    struct http_server *s); /* closes listeners and idle connections; open requests end */
bool http_server_idle(const struct http_server *s); /* no request is unanswered */
/* Closes everything, then runs `done` from the loop; the loop must keep running until then. */
void http_server_close(struct http_server *s, loop_fn *done, void *ctx);
int http_server_port(const struct http_server *s, unsigned listener); /* the real port when 0 was asked for */

/* ---- request: everything is borrowed until http_reply() ---- */
enum http_method http_request_method(const struct http_request *r);
const char *http_request_path(const struct http_request *r);      /* decoded, no query */
const char *http_request_raw_query(const struct http_request *r); /* "" when none */
const char *http_request_param(const struct http_request *r,
                               const char *name); /* from the pattern, decoded; NULL */
const char *http_request_query(const struct http_request *r,
                               const char *name); /* decoded; NULL when absent */
const char *http_request_header(const struct http_request *r,
                                const char *name); /* any case; the first of several; NULL when absent */
const char *http_request_body(const struct http_request *r,
                              size_t *len); /* NUL-terminated; len may be NULL */
/* A field of a body of the type application/x-www-form-urlencoded, decoded; false: absent, or bigger than
 * `out` takes. */
bool http_form_field(const char *body, const char *name, struct buf *out);
const char *http_request_peer(const struct http_request *r);     /* ip, or "unix" */
const char *http_request_trace_id(const struct http_request *r); /* 16 hex digits */
int64_t http_request_started_us(const struct http_request *r);   /* monotonic */

/* ---- answer ---- */
void http_reply_header(struct http_request *r, const char *name,
                       const char *value); /* before http_reply; no CR/LF */
/* `body` is copied where it cannot be sent at once. The request is gone after this. */
void http_reply(struct http_request *r, int status, const char *content_type, const void *body, size_t len);
/* Instead of http_reply(): closes the connection without a word. For a simulated provider that fails. */
void http_drop(struct http_request *r);

/* ---- WebSocket: ids, not pointers, are what others keep ---- */
uint64_t ws_id(const struct web_socket *ws);
struct web_socket *ws_find(struct http_server *s, uint64_t id); /* NULL once closed */
/* Sends one message, or queues it. LOA_BUSY when the socket's queue (64 kB) is full: the caller closes or
 * sends "reload". LOA_TOO_BIG when it never fits; LOA_CANCELLED once the socket is closing. */
enum loa_status ws_send(struct web_socket *ws, const void *data, size_t len, bool text);
/* What is queued goes out first. `reason` may be NULL. */
void ws_close(struct web_socket *ws, int code, const char *reason);
unsigned ws_count(const struct http_server *s);

#endif
