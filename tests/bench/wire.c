#include "wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

int wire_listen(int *port)
{
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return -1;
    *port = ntohs(a.sin_port);
    return fd;
}

bool wire_connect(struct wire *w, int port)
{
    struct sockaddr_in a = loopback(port);
    int one = 1;
    w->len = 0;
    w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&a, sizeof a) != 0) {
        wire_close(w);
        return false;
    }
    setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(w->fd, F_SETFL, O_NONBLOCK);
    return true;
}

void wire_close(struct wire *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    w->len = 0;
}

bool wire_read(struct wire *w)
{
    ssize_t n = recv(w->fd, w->in + w->len, sizeof w->in - w->len, 0);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    w->len += (size_t)n;
    return true;
}

static size_t content_length(const char *head, size_t len)
{
    static const char name[] = "\r\ncontent-length:";
    for (const char *at = head; at + sizeof name < head + len; at++)
        if (*at == '\r' && strncasecmp(at, name, sizeof name - 1) == 0)
            return strtoul(at + sizeof name - 1, NULL, 10);
    return 0;
}

bool wire_next(struct wire *w, struct wire_message *m)
{
    const char *end = memmem(w->in, w->len, "\r\n\r\n", 4);
    if (end == NULL)
        return false;
    m->head = w->in;
    m->head_len = (size_t)(end - w->in) + 4;
    m->body = w->in + m->head_len;
    m->body_len = content_length(m->head, m->head_len);
    return w->len >= m->head_len + m->body_len;
}

void wire_done(struct wire *w, const struct wire_message *m)
{
    size_t used = m->head_len + m->body_len;
    memmove(w->in, w->in + used, w->len - used);
    w->len -= used;
}

bool wire_write(struct wire *w, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(w->fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd p = { w->fd, POLLOUT, 0 };
            poll(&p, 1, 1000);
        } else if (n <= 0) {
            return false;
        } else {
            at += n;
            len -= (size_t)n;
        }
    }
    return true;
}

int wire_status(const struct wire_message *m)
{
    return m->head_len > 12 ? (int)strtol(m->head + 9, NULL, 10) : 0;
}

void wire_member(const struct wire_message *m, const char *name, char *out, size_t size)
{
    char key[64];
    int n = snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = memmem(m->body, m->body_len, key, (size_t)n);
    out[0] = '\0';
    if (at == NULL)
        return;
    at += n;
    const char *end = memchr(at, '"', (size_t)(m->body + m->body_len - at));
    if (end != NULL)
        snprintf(out, size, "%.*s", (int)(end - at), at);
}

static int64_t read_clock(clockid_t id, int64_t per_s)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * per_s + t.tv_nsec / (1000000000 / per_s);
}

int64_t wire_now_us(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

int64_t wire_wall_ms(void)
{
    return read_clock(CLOCK_REALTIME, 1000);
}
