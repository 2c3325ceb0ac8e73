/* Listening sockets: ours rather than the library's, so that a port that is taken, a full house and a process
 * without descriptors are all answered plainly. */
#include "http_internal.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define ACCEPTS_PER_TURN  64
#define COMPLAIN_EVERY_MS 10000

struct http_listener {
    struct http_server *server;
    uv_poll_t *poll; /* frees itself when closed */
    int fd, port;    /* port 0: a unix socket */
    bool tls;
    char unix_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* ---- accept ---- */

static void peer_text(const struct sockaddr_storage *a, char out[HTTP_PEER_MAX])
{
    if (a->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, out, HTTP_PEER_MAX);
    else if (a->ss_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, out, HTTP_PEER_MAX);
    else
        snprintf(out, HTTP_PEER_MAX, "unix");
    if (strncmp(out, "::ffff:", 7) == 0 && strchr(out, '.') != NULL)
        memmove(out, out + 7, strlen(out + 7) + 1); /* IPv4 on a socket for both */
}

/* The house is full: say so, without spending a connection on it. */
static void turn_away(int fd, bool tls)
{
    static const char body[] = "{\"type\":\"urn:loa:problem:unavailable\",\"status\":503,"
                               "\"title\":\"Too many connections; try again later\",\"code\":\"unavailable\","
                               "\"detail_vi\":\"Hệ thống đang bận. Vui lòng thử lại sau ít phút.\"}";
    char answer[512];
    char unread[4096];

    if (!tls) {
        int n = snprintf(answer, sizeof answer,
                         "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
                         "Content-Length: %zu\r\nRetry-After: 5\r\nConnection: close\r\n\r\n%s",
                         sizeof body - 1, body);
        send(fd, answer, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        recv(fd, unread, sizeof unread, MSG_DONTWAIT); /* or the kernel would reset what we just said */
    }
    close(fd);
}

static void complain(struct http_server *s)
{
    const int64_t now_ms = clock_mono_ms();

    if (now_ms < s->quiet_until_ms)
        return;
    s->quiet_until_ms = now_ms + COMPLAIN_EVERY_MS;
    log_warn("http_no_descriptor_left", "connections", log_num(s->conn_count + s->ws_open));
}

/* No descriptor left: with the spare one the next client can at least be told to come back, and does not keep
 * the loop awake by waiting. False when nobody waits. */
static bool turn_away_with_spare(struct http_listener *l)
{
    struct http_server *s = l->server;

    close(s->spare_fd);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        turn_away(fd, l->tls);
        complain(s);
    }
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return fd >= 0;
}

static void welcome(struct http_listener *l, int fd, const struct sockaddr_storage *from)
{
    struct http_server *s = l->server;
    char peer[HTTP_PEER_MAX];

    if (s->conn_count + s->ws_open >= s->max_connections) {
        turn_away(fd, l->tls);
        return;
    }
    if (from->ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    peer_text(from, peer);
    conn_accept(s, fd, peer, l->tls);
}

static void clients_wait(uv_poll_t *poll, int status, int events)
{
    struct http_listener *l = poll->data;

    (void)status, (void)events;
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage from = { .ss_family = AF_UNIX };
        socklen_t len = sizeof from;
        int fd = accept4(l->fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        const int error = errno;
        if (fd >= 0)
            welcome(l, fd, &from);
        else if (error == EMFILE || error == ENFILE ? !turn_away_with_spare(l)
                                                    : error != ECONNABORTED && error != EINTR)
            return;
    }
}

/* ---- open ---- */

static int bind_unix(struct http_listener *l, const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct stat st;

    if (strlen(path) >= sizeof a.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(a.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        unlink(path); /* nobody answers there: left by a process that died */
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    memcpy(l->unix_path, a.sun_path, sizeof l->unix_path);
    return fd;
}

static int port_of(int fd)
{
    struct sockaddr_in6 a; /* an IPv4 address keeps its port at the same place */
    socklen_t len = sizeof a;

    memset(&a, 0, sizeof a);
    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 ? ntohs(a.sin6_port) : 0;
}

/* "host:port" and "[v6]:port", numeric. */
static int bind_tcp(struct http_listener *l, const char *address)
{
    const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                    .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    char host[64];
    const char *colon = strrchr(address, ':');
    const bool bracketed = address[0] == '[' && colon != NULL && colon > address && colon[-1] == ']';

    errno = EINVAL;
    if (colon == NULL || (size_t)(colon - address) >= sizeof host)
        return -1;
    snprintf(host, sizeof host, "%.*s", (int)(colon - address) - 2 * bracketed, address + bracketed);
    if (getaddrinfo(host[0] != '\0' ? host : NULL, colon + 1, &hints, &found) != 0)
        return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    int failed = bind(fd, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (failed) {
        close(fd);
        return -1;
    }
    l->port = port_of(fd);
    return fd;
}

static bool listen_on(struct http_listener *l, const char *address)
{
    const bool is_unix = strncmp(address, "unix:", 5) == 0;

    l->fd = is_unix ? bind_unix(l, address + 5) : bind_tcp(l, address);
    if (l->fd < 0)
        return false;
    l->tls = !is_unix && l->server->tls != NULL;
    if (listen(l->fd, 4096) != 0)
        return false;
    l->poll = mem_alloc(sizeof *l->poll);
    uv_poll_init(loop_native(l->server->loop), l->poll, l->fd);
    l->poll->data = l;
    return uv_poll_start(l->poll, UV_READABLE, clients_wait) == 0;
}

enum loa_status http_listen_open(struct http_server *s, const char *const *addresses, char *why,
                                 size_t why_size)
{
    unsigned count = 0;

    while (addresses[count] != NULL)
        count++;
    s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    s->listeners = mem_alloc((count > 0 ? count : 1) * sizeof *s->listeners);
    for (; s->listener_count < count; s->listener_count++) {
        struct http_listener *l = &s->listeners[s->listener_count];
        *l = (struct http_listener){ .server = s, .fd = -1 };
        if (!listen_on(l, addresses[s->listener_count])) {
            snprintf(why, why_size, "cannot listen on %s: %s", addresses[s->listener_count], strerror(errno));
            s->listener_count++;
            return LOA_IO;
        }
    }
    return LOA_OK;
}

/* ---- close ---- */

static void free_poll(uv_handle_t *handle)
{
    free(handle);
}

static void stop(struct http_listener *l)
{
    if (l->poll != NULL)
        uv_close((uv_handle_t *)l->poll, free_poll);
    l->poll = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    if (l->unix_path[0] != '\0')
        unlink(l->unix_path);
    l->unix_path[0] = '\0';
}

void http_listen_close(struct http_server *s)
{
    for (unsigned i = 0; i < s->listener_count; i++)
        stop(&s->listeners[i]);
    if (s->spare_fd >= 0)
        close(s->spare_fd);
    s->spare_fd = -1;
}

int http_server_port(const struct http_server *s, unsigned listener)
{
    return listener < s->listener_count ? s->listeners[listener].port : 0;
}
