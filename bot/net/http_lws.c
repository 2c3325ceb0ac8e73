/* libwebsockets' context on our loop: its vhosts, its log, its limits. */
#include "http_internal.h"
#include "loa/log.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define OTHER_FDS     1024 /* the store's, the providers', files */
#define HANDSHAKE_MAX 1024 /* we write the only heads the library reads */
#define WS_READ_BYTES 512  /* small reads keep an idle socket small */

static const struct lws_protocols stream_protocols[] = {
    { .name = "http", .callback = conn_callback, .tx_packet_size = 2 * HTTP_CHUNK_BYTES },
    { .name = "tunnel", .callback = tunnel_callback, .tx_packet_size = 2 * HTTP_CHUNK_BYTES },
    { 0 },
};

static const struct lws_protocols socket_protocols[] = {
    { .name = "ws",
      .callback = ws_callback,
      .rx_buffer_size = WS_READ_BYTES,
      .tx_packet_size = 2 * HTTP_CHUNK_BYTES },
    { 0 },
};

/* ---- its log ---- */

static char last_complaint[160];

/* It calls "error" what a client can cause at will, so nothing of it is louder than debug; only the last line
 * while starting is shown to the person who starts us. */
static void library_log(int level, const char *line)
{
    snprintf(last_complaint, sizeof last_complaint, "%.*s", (int)strcspn(line, "\n"), line);
    if (log_get_level() == LOG_LEVEL_DEBUG)
        log_debug("lws", "level", log_num(level), "says", last_complaint);
}

/* ---- descriptors ---- */

/* The library keeps tables as long as the limit on descriptors, and cleared memory is used memory. So the
 * limit is raised to what we need, and held there while it looks. */
static rlim_t raise_limit(rlim_t want)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    return before;
}

static void restore_limit(rlim_t before)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    if (before > limit.rlim_cur) {
        limit.rlim_cur = before;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static unsigned connections_possible(unsigned wanted)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= (rlim_t)wanted + OTHER_FDS / 2)
        return wanted;
    unsigned possible = (unsigned)limit.rlim_cur / 2;
    log_warn("http_connections_limited", "wanted", log_num(wanted), "possible", log_num(possible), "reason",
             "hard limit on open files");
    return possible;
}

/* ---- context ---- */

static struct lws_vhost *add_vhost(struct http_server *s, const char *name,
                                   const struct lws_protocols *protocols,
                                   const struct http_server_options *tls)
{
    static const lws_retry_bo_t no_keepalive = { 0 }; /* ws_sweep() does it: one timer for all of them */
    struct lws_context_creation_info info = { 0 };

    info.vhost_name = name;
    info.retry_and_idle_policy = &no_keepalive;
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER; /* http_listen.c accepts */
    info.protocols = protocols;
    if (tls != NULL) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.ssl_cert_filepath = tls->tls_cert;
        info.ssl_private_key_filepath = tls->tls_key;
        info.alpn = "http/1.1";
    }
    return lws_create_vhost(s->lws, &info);
}

static struct lws_context *new_context(struct http_server *s, bool tls)
{
    void *loops[] = { loop_native(s->loop) };
    struct lws_context_creation_info info = { 0 };

    info.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                   (tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0);
    info.foreign_loops = loops;
    info.user = s;
    info.pcontext = &s->lws; /* cleared when the last of it is gone */
    info.pt_serv_buf_size = HTTP_CHUNK_BYTES;
    info.max_http_header_data = HANDSHAKE_MAX;
    info.max_http_header_pool = 64;
    return lws_create_context(&info);
}

enum loa_status http_lws_open(struct http_server *s, const struct http_server_options *opt, char *why,
                              size_t why_size)
{
    const bool tls = opt->tls_cert != NULL && opt->tls_cert[0] != '\0';
    const rlim_t wanted_fds = 2 * (rlim_t)s->max_connections + OTHER_FDS; /* twice: TLS under a WebSocket */

    last_complaint[0] = '\0';
    lws_set_log_level(LLL_ERR | LLL_WARN, library_log);
    const rlim_t before = raise_limit(wanted_fds);
    s->max_connections = connections_possible(s->max_connections);
    s->lws = new_context(s, tls);
    if (s->lws != NULL) {
        s->plain = add_vhost(s, "plain", stream_protocols, NULL);
        s->sockets = add_vhost(s, HTTP_LWS_SOCKETS, socket_protocols, NULL);
        s->tls = tls ? add_vhost(s, "tls", stream_protocols, opt) : NULL;
    }
    restore_limit(before);
    if (s->lws != NULL && s->plain != NULL && s->sockets != NULL && (s->tls != NULL || !tls))
        return LOA_OK;
    snprintf(why, why_size, "%s: %s", tls ? "TLS cannot start, see tls_cert and tls_key" : "cannot start",
             last_complaint);
    return LOA_IO;
}

void http_lws_kill(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}
