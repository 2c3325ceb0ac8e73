/*
 * http_internal - what the files of the HTTP server share. Nobody else includes it; libwebsockets' types stay
 * in here.
 *
 * libwebsockets carries the sockets, TLS, the loop and every WebSocket. The head of an HTTP request is read
 * by us (http_head.c): the library's own parser closes the connection without a word where we owe the client
 * a 400, 414 or 431, rewrites what it decodes, and forgets the headers when the client leaves. So a
 * connection starts as a raw socket of the library, and moves to its WebSocket role when an upgrade is
 * accepted.
 *
 *   http_listen.c   accept            -> struct http_conn
 *   http_conn.c     bytes             -> head, body, one request at a time; output; deadlines
 *   http_head.c     head              -> method, target, headers         (pure)
 *   http_path.c     target            -> decoded path and query          (pure)
 *   http_route.c    method and path   -> route, parameters, or 404/405   (pure)
 *   http_request.c  what handlers read; http_reply.c what they answer
 *   web_socket.c    sockets after the upgrade; ws_tunnel.c the same behind TLS
 *   http_server.c   all of it together: routes, sweep, graceful end; http_lws.c the library's context
 */
#ifndef LOA_HTTP_INTERNAL_H
#define LOA_HTTP_INTERNAL_H

#include "loa/http_server.h"
#include <libwebsockets.h>
#include <stdint.h>

#define HTTP_LINE_MAX    8192        /* request line: longer is 414 */
#define HTTP_HEAD_MAX    16384       /* all of the head: longer is 431 */
#define HTTP_HEADERS_MAX 100         /* header lines: more is 431 */
#define HTTP_PARAMS_MAX  8           /* {parameters} of one pattern */
#define HTTP_AHEAD_MAX   (64 * 1024) /* bytes a client may send before its last request is answered */
#define HTTP_CHUNK_BYTES (64 * 1024) /* one read, one write */
/* Of a refused body: read and dropped, so that the answer arrives. Many clients write all of it first. */
#define HTTP_LINGER_BYTES (32u << 20)
#define HTTP_LINGER_MS    2000
#define HTTP_BODIES_MAX   (128 * 1024 * 1024) /* of all bodies that are here or coming: beyond it is 503 */
#define HTTP_PEER_MAX     46                  /* INET6_ADDRSTRLEN */
#define WS_QUEUE_MAX      (64 * 1024)

/* ---- intrusive list: the sweep walks it, a connection leaves it in one step ---- */
struct link {
    struct link *prev, *next;
};
void link_init(struct link *head);
void link_add(struct link *head, struct link *item);
void link_remove(struct link *item); /* harmless when already out */
#define LINK_OWNER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* ---- head ---- */
struct http_header {
    uint16_t name, value; /* offsets into the head's text, both NUL-terminated; names in lower case */
};

struct http_head {
    enum http_method method; /* 0: some other token */
    char *text, *target;
    uint64_t content_length;
    bool has_length, transfer_encoding, http_1_0, keep_alive, expect_continue, websocket;
    unsigned header_count;
    struct http_header header[HTTP_HEADERS_MAX];
};

/* Length of the head at `p` including its empty line; 0 when more must come. `*scanned` is kept between calls
 * with a growing `n`, and starts at 0. A head that can only be refused gives its status in `*refuse`. */
size_t http_head_length(const char *p, size_t n, size_t *scanned, int *refuse);
/* Parses a complete head in place (text[n] must be writable). 0, or the status to refuse it with. */
int http_head_parse(char *text, size_t n, struct http_head *h);
const char *http_head_get(const struct http_head *h, const char *name); /* any case; NULL when absent */

/* ---- target ---- */
/* Splits "/a/b?c=d" in place. False when it is no address of ours. `*query` is "" when absent. */
bool http_target_split(char *target, char **path, char **query);
/* Decodes a path in place; "%2F" becomes HTTP_SLASH, so that it does not split a segment. False: malformed
 * escape, control character, not UTF-8. */
#define HTTP_SLASH '\x01'
bool http_path_decode(char *path);
void http_path_slashes(char *path); /* HTTP_SLASH back into '/' */
/* "a=1&b=x+y" becomes "a\0" "1\0" "b\0" "x y\0"; gives the number of pairs. `out` needs twice the length and
 * two bytes more. A '%' that starts no escape stands for itself: providers send such texts. */
unsigned http_query_decode(const char *query, char *out);

/* ---- routes ---- */
struct http_param {
    const char *name; /* in the pattern, up to '}' */
    const char *value;
    size_t value_len; /* from http_pattern_match() the value is still part of the path */
};
/* Does `path` fit `pattern`? Fills `params`; `*count` is their number. */
bool http_pattern_match(const char *pattern, const char *path, struct http_param params[HTTP_PARAMS_MAX],
                        unsigned *count);

struct route_table {
    struct http_route *fixed, *open; /* without and with parameters, each in the order added */
    unsigned fixed_count, open_count;
};
void routes_add(struct route_table *t, const struct http_route *route);
void routes_clear(struct route_table *t);
struct route_match {
    const struct http_route *route;
    struct http_param param[HTTP_PARAMS_MAX];
    unsigned param_count;
    unsigned allowed; /* with 405: the methods this path knows */
};
/* 0; 404 no such path; 405 not with this method; 426 only with, or only without, the WebSocket upgrade. */
int routes_find(const struct route_table *t, unsigned method, bool wants_ws, const char *path,
                struct route_match *m);
void http_methods_text(unsigned methods, struct buf *out); /* "GET, HEAD, POST" */

/* ---- server, connection, request, socket ---- */
struct http_listener;

struct http_server {
    struct loop *loop;
    struct lws_context *lws;
    struct lws_vhost *plain, *tls, *sockets; /* tls NULL without a certificate */
    int64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms;
    unsigned max_connections;

    struct route_table routes;
    struct http_listener *listeners;
    unsigned listener_count;
    int64_t quiet_until_ms; /* before the next complaint in the log about descriptors */
    int spare_fd;           /* given up for a moment when descriptors run out, see http_listen.c */

    struct link conns, websockets;
    unsigned conn_count, ws_open;
    unsigned unanswered; /* requests without an answer, or whose answer is not yet all with the kernel */
    struct web_socket **ws_slot;
    unsigned ws_slots, ws_used;
    uint64_t ws_serial;
    struct web_socket *adopting; /* the one whose handshake the library is reading right now */
    struct http_conn *accepting; /* the one whose socket it is taking over right now */

    size_t body_bytes; /* of all requests */

    struct buf scratch; /* the answer being written */
    struct http_request *spare_requests;
    unsigned spare_count;
    uint64_t trace_state;
    int64_t date_s; /* the second `date` was written for */
    char date[40];

    struct timer sweep;
    bool intake_stopped, closing, closed; /* closed: only unanswered requests still point here */
    int64_t close_by_ms;
    int lws_turns_left; /* of the loop, until the library's handles are closed */
    loop_fn *close_done;
    void *close_ctx;
};

enum conn_state {
    CONN_HEAD,      /* reading a head, or idle between requests */
    CONN_BODY,      /* reading a body */
    CONN_BUSY,      /* a handler has the request */
    CONN_SENDING,   /* the answer is on its way */
    CONN_UPGRADING, /* a WebSocket was accepted, the socket moves at the end of this turn */
    CONN_TUNNEL,    /* TLS on this side of a WebSocket */
    CONN_LINGER     /* all said; wait for the client to close, so that it reads the answer */
};

struct http_conn {
    struct link link;
    struct http_server *server;
    struct lws *wsi;
    enum conn_state state;
    bool dead;         /* the next callback closes it */
    bool close_after;  /* close when the answer is out */
    bool unread;       /* the client may still be sending what we will not read */
    bool tls, greeted; /* greeted: bytes came since it was accepted */
    int64_t deadline_ms;
    size_t scanned; /* of `in`, by http_head_length() */
    uint64_t body_left;
    size_t lingered;
    struct buf in; /* bytes not used yet */
    char *out;     /* rest of a large answer */
    size_t out_len, out_at;
    struct http_request *request;
    struct web_socket *ws; /* while upgrading */
    struct lws *inner;     /* tunnel: the plain side */
    char peer[HTTP_PEER_MAX];
};

struct http_request {
    struct http_server *server;
    struct http_conn *conn; /* NULL once the client is gone */
    struct http_head head;
    struct http_route route; /* a copy: routes may still be added */
    char *memory;            /* everything below that is text lives here */
    size_t memory_cap;
    char *free_memory; /* behind what is used of it */
    char *path, *raw_query;
    const char *query; /* decoded pairs, once somebody asked */
    unsigned query_pairs;
    unsigned param_count;
    struct http_param param[HTTP_PARAMS_MAX];
    unsigned allowed; /* for Allow */
    struct buf body, reply_headers;
    bool has_cache_control, has_retry_after;
    int64_t started_us;
    char trace_id[17], peer[HTTP_PEER_MAX];
    struct http_request *next_spare;
};

struct ws_message {
    struct ws_message *next;
    size_t len;
    bool text;
    unsigned char data[]; /* LWS_PRE bytes for the library, then the message */
};

struct web_socket {
    struct link link;
    uint64_t id;
    struct http_server *server;
    struct http_conn *conn; /* until the handshake is through */
    struct lws *wsi;        /* from then on */
    const struct ws_handler *handler;
    void *ctx;
    struct ws_message *first, *last;
    size_t queued_bytes;
    struct buf partial; /* fragments of the message coming in */
    bool in_text, closing, ping_due, ping_sent;
    int close_code;
    char *close_reason;
    int64_t heard_ms, close_by_ms;
};

/* http_lws.c */
#define HTTP_LWS_SOCKETS "sockets" /* the vhost of the WebSockets, which the library finds by its name */
enum loa_status http_lws_open(struct http_server *s, const struct http_server_options *opt, char *why,
                              size_t why_size);
void http_lws_kill(struct lws *wsi); /* now; not from inside one of its callbacks */

/* http_listen.c */
enum loa_status http_listen_open(struct http_server *s, const char *const *addresses, char *why,
                                 size_t why_size);
void http_listen_close(struct http_server *s);

/* http_conn.c */
void conn_accept(struct http_server *s, int fd, const char *peer, bool tls); /* owns fd */
int conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
/* Sends `head` (it may be added to) and `body`, which is copied; then the connection is ready for the next
 * request or closes, as `close_after` says. */
void conn_answer(struct http_conn *c, struct buf *head, const void *body, size_t len);
void conn_end(struct http_conn *c); /* closes it soon, without another word */
void conn_sweep(struct http_server *s, int64_t now_ms);
void conn_close_idle(struct http_server *s);

/* http_server.c */
void server_release(struct http_server *s); /* frees it once it is closed and the last request is answered */

/* http_request.c */
struct http_request *request_new(struct http_conn *c);
/* Copies the head in and parses it. 0, or the status to refuse it with. */
int request_read_head(struct http_request *r, const char *head, size_t n);
int request_find_route(struct http_request *r); /* 0, or the status to refuse it with */
void request_free(struct http_request *r);

/* problem.c */
void http_refuse(struct http_request *r, int status); /* with the server's own words for this status */

/* web_socket.c */
void ws_start(struct http_request *r); /* an upgrade request with a route: refuses, or begins the move */
int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
void ws_conn_gone(struct web_socket *ws); /* its connection died before the move */
void ws_sweep(struct http_server *s, int64_t now_ms);
void ws_close_all(struct http_server *s);

/* ws_tunnel.c */
int tunnel_open(struct http_conn *c); /* the far end's descriptor for the WebSocket; -1 */
int tunnel_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);
int tunnel_outer(struct http_conn *c, enum lws_callback_reasons reason, void *in, size_t len);
void tunnel_conn_gone(struct http_conn *c);

#endif
