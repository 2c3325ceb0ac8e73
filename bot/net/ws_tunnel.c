/*
 * A WebSocket behind TLS. The TLS session belongs to the connection it began on and cannot be handed over, so
 * the connection stays as the outer end and passes plain bytes through a socket pair to the WebSocket:
 *
 *   client == TLS == outer (struct http_conn) -- inner = socket pair = WebSocket
 *
 * Either end stops reading while the other cannot write.
 */
#include "http_internal.h"
#include <sys/socket.h>
#include <unistd.h>

int tunnel_open(struct http_conn *c)
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    lws_adopt_desc_t how = { .vh = c->server->plain,
                             .type = LWS_ADOPT_SOCKET,
                             .fd.sockfd = pair[0],
                             .vh_prot_name = "tunnel",
                             .opaque = c };
    if (lws_adopt_descriptor_vhost_via_info(&how) == NULL) {
        close(pair[1]);
        return -1;
    }
    c->state = CONN_TUNNEL;
    return pair[1];
}

static int pass(struct lws *from, struct lws *to, void *in, size_t len)
{
    if (to == NULL || lws_write(to, in, len, LWS_WRITE_RAW) < 0)
        return -1;
    if (lws_partial_buffered(to))
        lws_rx_flow_control(from, 0);
    return 0;
}

/* `end` can write again, so the other end may read again, if there still is one. */
static int drained(struct lws *end, struct lws *other)
{
    if (lws_partial_buffered(end))
        return 0;
    if (other == NULL)
        return -1;
    lws_rx_flow_control(other, 1);
    return 0;
}

int tunnel_outer(struct http_conn *c, enum lws_callback_reasons reason, void *in, size_t len)
{
    if (reason == LWS_CALLBACK_RAW_RX)
        return pass(c->wsi, c->inner, in, len);
    return drained(c->wsi, c->inner);
}

int tunnel_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct http_conn *c;

    (void)user;
    switch ((int)reason) {
    case LWS_CALLBACK_RAW_ADOPT:
        c = lws_get_opaque_user_data(wsi);
        c->inner = wsi;
        return 0;
    case LWS_CALLBACK_RAW_RX:
        c = lws_get_opaque_user_data(wsi);
        return c != NULL ? pass(wsi, c->wsi, in, len) : -1;
    case LWS_CALLBACK_RAW_WRITEABLE:
        c = lws_get_opaque_user_data(wsi);
        return c != NULL ? drained(wsi, c->wsi) : -1;
    case LWS_CALLBACK_RAW_CLOSE:
        c = lws_get_opaque_user_data(wsi);
        if (c == NULL)
            return 0;
        c->inner = NULL;
        lws_callback_on_writable(c->wsi); /* what is buffered goes out, then the outer end closes too */
        return 0;
    default:
        return 0;
    }
}

void tunnel_conn_gone(struct http_conn *c)
{
    struct lws *inner = c->inner;

    if (inner == NULL)
        return;
    c->inner = NULL;
    lws_set_opaque_user_data(inner, NULL);
    http_lws_kill(inner);
}
