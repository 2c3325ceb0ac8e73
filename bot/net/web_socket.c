/* WebSockets: the library frames them; queues, limits, ids and dead peers are ours. */
#include "http_internal.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_BITS    20 /* of an id: where to look; the rest tells the users of one slot apart */
#define FIRST_SLOTS  256
#define KEY_LEN      24 /* 16 bytes in base64 */
#define CLOSE_ACK_MS 5000
#define TOO_BIG      1009
#define GOING_AWAY   1001
#define REASON_MAX   64

/* ---- ids ---- */

static unsigned free_slot(struct http_server *s)
{
    if (s->ws_used * 2 >= s->ws_slots) {
        unsigned more = s->ws_slots ? s->ws_slots * 2 : FIRST_SLOTS;
        s->ws_slot = mem_resize(s->ws_slot, more * sizeof *s->ws_slot);
        memset(s->ws_slot + s->ws_slots, 0, (more - s->ws_slots) * sizeof *s->ws_slot);
        s->ws_slots = more;
    }
    unsigned slot = (unsigned)s->ws_serial % s->ws_slots;
    while (s->ws_slot[slot] != NULL)
        slot = (slot + 1) % s->ws_slots;
    return slot;
}

static struct web_socket *new_socket(struct http_server *s, const struct ws_handler *handler)
{
    struct web_socket *ws = mem_alloc(sizeof *ws);
    const unsigned slot = free_slot(s);

    ws->id = ++s->ws_serial << SLOT_BITS | slot;
    ws->server = s;
    ws->handler = handler;
    buf_init(&ws->partial, handler->max_message_bytes);
    s->ws_slot[slot] = ws;
    s->ws_used++;
    return ws;
}

uint64_t ws_id(const struct web_socket *ws)
{
    return ws->id;
}

struct web_socket *ws_find(struct http_server *s, uint64_t id)
{
    const uint64_t slot = id & ((1u << SLOT_BITS) - 1);
    struct web_socket *ws = slot < s->ws_slots ? s->ws_slot[slot] : NULL;

    return ws != NULL && ws->id == id && !ws->closing ? ws : NULL;
}

unsigned ws_count(const struct http_server *s)
{
    return s->ws_open;
}

/* ---- out ---- */

static void free_first(struct web_socket *ws)
{
    struct ws_message *m = ws->first;

    ws->first = m->next;
    ws->queued_bytes -= m->len;
    free(m);
}

static bool write_message(struct web_socket *ws, struct ws_message *m)
{
    return lws_write(ws->wsi, m->data + LWS_PRE, m->len, m->text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY) >= 0;
}

static void queue(struct web_socket *ws, struct ws_message *m)
{
    if (ws->first == NULL)
        ws->first = m;
    else
        ws->last->next = m;
    ws->last = m;
    ws->queued_bytes += m->len;
    if (ws->wsi != NULL)
        lws_callback_on_writable(ws->wsi);
}

enum loa_status ws_send(struct web_socket *ws, const void *data, size_t len, bool text)
{
    if (ws->closing)
        return LOA_CANCELLED;
    if (len > WS_QUEUE_MAX)
        return LOA_TOO_BIG;
    if (ws->queued_bytes + len > WS_QUEUE_MAX)
        return LOA_BUSY;
    struct ws_message *m = mem_resize(NULL, sizeof *m + LWS_PRE + len);
    m->next = NULL;
    m->len = len;
    m->text = text;
    memcpy(m->data + LWS_PRE, data, len);
    if (ws->wsi == NULL || ws->first != NULL || lws_partial_buffered(ws->wsi)) {
        queue(ws, m);
        return LOA_OK;
    }
    /* Nothing is in the way: to wait until the socket says that it can be written would cost five times the
     * system calls. If this fails the socket is dead, and the loop is about to say so. */
    write_message(ws, m);
    free(m);
    return LOA_OK;
}

void ws_close(struct web_socket *ws, int code, const char *reason)
{
    if (ws->closing)
        return;
    ws->closing = true;
    ws->close_code = code != 0 ? code : LWS_CLOSE_STATUS_NORMAL;
    ws->close_reason = mem_strndup(reason != NULL ? reason : "", REASON_MAX);
    ws->close_by_ms = clock_mono_ms() + CLOSE_ACK_MS;
    if (ws->wsi != NULL)
        lws_callback_on_writable(ws->wsi);
}

static void give_reason(struct web_socket *ws)
{
    lws_close_reason(ws->wsi, (enum lws_close_status)ws->close_code, (unsigned char *)ws->close_reason,
                     strlen(ws->close_reason));
}

static int writable(struct web_socket *ws)
{
    if (ws->ping_due) {
        unsigned char ping[LWS_PRE + 1] = { [LWS_PRE] = '?' }; /* the library hides pongs to an empty ping */
        ws->ping_due = false;
        if (lws_write(ws->wsi, ping + LWS_PRE, 1, LWS_WRITE_PING) < 0)
            return -1;
    }
    while (ws->first != NULL && !lws_partial_buffered(ws->wsi)) {
        if (!write_message(ws, ws->first))
            return -1;
        free_first(ws);
    }
    if (ws->first != NULL) {
        lws_callback_on_writable(ws->wsi);
    } else if (ws->close_code != 0 && !lws_partial_buffered(ws->wsi)) {
        /* To return -1 from here would cut the line. With a reason given, this only begins to close: it sends
         * the farewell, waits for the other one, and calls us when all is over. */
        give_reason(ws);
        http_lws_kill(ws->wsi);
    }
    return 0;
}

/* ---- in ---- */

static void heard(struct web_socket *ws)
{
    ws->heard_ms = clock_mono_ms();
    ws->ping_sent = false;
}

static int receive(struct web_socket *ws, const char *data, size_t len)
{
    heard(ws);
    if (ws->closing)
        return 0;
    if (lws_is_first_fragment(ws->wsi)) {
        ws->in_text = !lws_frame_is_binary(ws->wsi);
        buf_clear(&ws->partial);
    }
    if (ws->partial.len + len + lws_remaining_packet_payload(ws->wsi) > ws->handler->max_message_bytes) {
        ws_close(ws, TOO_BIG, "message too big");
        give_reason(ws);
        return -1;
    }
    const bool last = lws_is_final_fragment(ws->wsi);
    if (last && ws->partial.len == 0) {
        ws->handler->message(ws->ctx, ws, data, len, ws->in_text);
        return 0;
    }
    buf_add(&ws->partial, data, len);
    if (last) {
        ws->handler->message(ws->ctx, ws, buf_cstr(&ws->partial), ws->partial.len, ws->in_text);
        buf_clear(&ws->partial);
    }
    return 0;
}

/* ---- life ---- */

static void established(struct lws *wsi)
{
    struct http_server *s = lws_context_user(lws_get_context(wsi));
    struct web_socket *ws = s->adopting;

    lws_set_opaque_user_data(wsi, ws);
    ws->wsi = wsi;
    heard(ws);
    link_add(&s->websockets, &ws->link);
    metric_set(M_WS_OPEN, NULL, NULL, ++s->ws_open);
    lws_callback_on_writable(
        wsi); /* for what is queued, and for frames that came right after the handshake */
}

static void end(struct web_socket *ws)
{
    struct http_server *s = ws->server;

    ws->closing = true;
    if (s->adopting == ws)
        s->adopting = NULL;
    link_remove(&ws->link);
    if (ws->wsi != NULL)
        metric_set(M_WS_OPEN, NULL, NULL, --s->ws_open);
    ws->wsi = NULL;
    if (ws->ctx != NULL)
        ws->handler->close(ws->ctx, ws);
    s->ws_slot[ws->id & ((1u << SLOT_BITS) - 1)] = NULL;
    s->ws_used--;
    while (ws->first != NULL)
        free_first(ws);
    buf_clear(&ws->partial);
    free(ws->close_reason);
    free(ws);
}

void ws_conn_gone(struct web_socket *ws)
{
    ws->conn = NULL; /* the move that is due will find out */
}

int ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct web_socket *ws;

    (void)user;
    switch ((int)reason) {
    case LWS_CALLBACK_ESTABLISHED:
        established(wsi);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return receive(lws_get_opaque_user_data(wsi), in, len);
    case LWS_CALLBACK_RECEIVE_PONG:
        heard(lws_get_opaque_user_data(wsi));
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        ws = lws_get_opaque_user_data(wsi);
        ws->closing = true; /* the library answers with the same code */
        ws->close_by_ms = clock_mono_ms() + CLOSE_ACK_MS;
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return writable(lws_get_opaque_user_data(wsi));
    case LWS_CALLBACK_CLOSED:
        ws = lws_get_opaque_user_data(wsi);
        lws_set_opaque_user_data(wsi, NULL);
        if (ws != NULL)
            end(ws);
        return 0;
    case LWS_CALLBACK_HTTP: /* the handshakes we write ask for nothing else */
        return -1;
    default:
        return 0;
    }
}

/* ---- from HTTP to here ---- */

/* The library gets a handshake of ours with the client's key: whatever else the client's head says has been
 * read and decided upon. Frames that came with it follow. */
static struct lws *adopt(struct http_server *s, int fd, const char *key, const struct buf *early)
{
    struct buf text = BUF_INIT(HTTP_HEAD_MAX + HTTP_AHEAD_MAX + HTTP_LINE_MAX);

    buf_printf(&text,
               "GET / HTTP/1.1\r\nHost: " HTTP_LWS_SOCKETS "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
               key);
    buf_add(&text, early->data, early->len);
    struct lws *wsi = lws_adopt_socket_vhost_readbuf(s->sockets, fd, text.data, text.len);
    buf_clear(&text);
    return wsi;
}

static int socket_of(struct http_conn *c)
{
    return c->tls ? tunnel_open(c) : fcntl(lws_get_socket_fd(c->wsi), F_DUPFD_CLOEXEC, 3);
}

/* Moves an accepted socket from its HTTP connection to the library's WebSocket role. Not done inside the
 * connection's own callback, which the library would not survive. */
static void move(void *ctx)
{
    struct web_socket *ws = ctx;
    struct http_server *s = ws->server;
    struct http_conn *c = ws->conn;
    const int fd = c != NULL && !c->dead ? socket_of(c) : -1;

    if (c != NULL)
        c->ws = NULL;
    if (fd < 0) {
        if (c != NULL)
            conn_end(c);
        end(ws);
        return;
    }
    s->adopting = ws;
    adopt(s, fd, http_request_header(c->request, "Sec-WebSocket-Key"), &c->in);
    if (s->adopting == ws && ws->wsi == NULL)
        end(ws);
    s->adopting = NULL;
    buf_clear(&c->in);
    s->unanswered--;
    request_free(c->request);
    c->request = NULL;
    if (!c->tls)
        http_lws_kill(c->wsi);
}

static bool is_key(const char *key)
{
    static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return key != NULL && strlen(key) == KEY_LEN && strspn(key, base64) == KEY_LEN - 2 &&
           strcmp(key + KEY_LEN - 2, "==") == 0;
}

static int check_handshake(struct http_request *r)
{
    const char *version = http_request_header(r, "Sec-WebSocket-Version");

    if (r->server->intake_stopped)
        return 503;
    if (version == NULL || strcmp(version, "13") != 0) {
        http_reply_header(r, "Sec-WebSocket-Version", "13");
        r->head.websocket = false; /* so that 426 names the WebSocket as what to come back with */
        return 426;
    }
    return is_key(http_request_header(r, "Sec-WebSocket-Key")) && !r->head.http_1_0 ? 0 : 400;
}

void ws_start(struct http_request *r)
{
    struct http_conn *c = r->conn;
    int refuse = check_handshake(r);

    if (refuse != 0) {
        http_refuse(r, refuse);
        return;
    }
    struct web_socket *ws = new_socket(r->server, r->route.ws);
    refuse = 403;
    ws->ctx = r->route.ws->open(r->route.ctx, r, ws, &refuse);
    if (ws->ctx == NULL) {
        end(ws);
        http_refuse(r, refuse);
        return;
    }
    c->state = CONN_UPGRADING;
    c->deadline_ms = INT64_MAX;
    c->ws = ws;
    ws->conn = c;
    loop_defer(r->server->loop, move, ws);
}

/* ---- deadlines ---- */

/* Half an idle time of silence earns a ping, a whole one ends it. */
static void look_at(struct web_socket *ws, int64_t now_ms)
{
    const int64_t silent_ms = now_ms - ws->heard_ms, limit_ms = ws->server->idle_timeout_ms;

    if (silent_ms >= limit_ms || (ws->closing && now_ms >= ws->close_by_ms)) {
        http_lws_kill(ws->wsi);
    } else if (silent_ms >= limit_ms / 2 && !ws->ping_sent && !ws->closing) {
        ws->ping_due = ws->ping_sent = true;
        lws_callback_on_writable(ws->wsi);
    }
}

void ws_sweep(struct http_server *s, int64_t now_ms)
{
    for (struct link *l = s->websockets.next, *next; l != &s->websockets; l = next) {
        next = l->next;
        look_at(LINK_OWNER(l, struct web_socket, link), now_ms);
    }
}

void ws_close_all(struct http_server *s)
{
    for (struct link *l = s->websockets.next; l != &s->websockets; l = l->next)
        ws_close(LINK_OWNER(l, struct web_socket, link), GOING_AWAY, "going away");
}
