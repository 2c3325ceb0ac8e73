/*
 * http_rig - for tests of the HTTP server: server and clients on one loop, in one thread. Every wait turns
 * the loop and has a deadline.
 */
#ifndef TESTS_HTTP_RIG_H
#define TESTS_HTTP_RIG_H

#include "check.h"
#include "loa/buf.h"
#include "loa/clock.h"
#include "loa/http_server.h"
#include "loa/mem.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define RIG_PATIENCE_MS 20000

struct rig {
    struct loop *loop;
    struct http_server *server;
    bool closed;
};

static inline void rig_tick(void *ctx)
{
    (void)ctx;
}

/* One turn, a millisecond at most. */
static inline void rig_turn(struct rig *rig)
{
    struct timer t = { 0 };
    timer_start(&t, rig->loop, 1, rig_tick, NULL);
    loop_run_once(rig->loop);
    timer_stop(&t);
}

static inline void rig_open(struct rig *rig, struct http_server_options *opt)
{
    static const char *const anywhere[] = { "127.0.0.1:0", NULL };
    char why[256] = "";

    *rig = (struct rig){ .loop = loop_new() };
    if (opt->listen == NULL)
        opt->listen = anywhere;
    if (http_server_new(rig->loop, opt, why, sizeof why, &rig->server) != LOA_OK)
        fail_msg("server does not start: %s", why);
}

static inline void rig_set(void *ctx)
{
    *(bool *)ctx = true;
}

static inline void rig_close(struct rig *rig)
{
    http_server_close(rig->server, rig_set, &rig->closed);
    check_wait(rig->loop, &rig->closed, RIG_PATIENCE_MS, "server closes");
    loop_free(rig->loop);
}

/* ---- a client ---- */

static inline int client_open(struct rig *rig)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_server_port(rig->server, 0)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        fail_msg("cannot connect: %s", strerror(errno));
    return fd;
}

/* False when the server has closed. */
static inline bool client_send(struct rig *rig, int fd, const void *p, size_t n)
{
    const char *at = p;
    int64_t until = clock_mono_ms() + RIG_PATIENCE_MS;

    while (n > 0 && clock_mono_ms() < until) {
        ssize_t done = send(fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (done < 0 && errno != EAGAIN)
            return false;
        if (done > 0) {
            at += done;
            n -= (size_t)done;
        }
        rig_turn(rig);
    }
    return n == 0;
}

static inline bool client_say(struct rig *rig, int fd, const char *text)
{
    return client_send(rig, fd, text, strlen(text));
}

/* Reads what is there now into `b`: bytes read, 0 nothing, -1 closed. */
static inline int client_take(int fd, struct buf *b)
{
    char chunk[65536];
    ssize_t n = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);

    if (n > 0)
        buf_add(b, chunk, (size_t)n);
    return n > 0 ? (int)n : n < 0 && errno == EAGAIN ? 0 : -1;
}

/* Waits until at least `n` bytes are in `b`; false when the server closed before. */
static inline bool client_read(struct rig *rig, int fd, struct buf *b, size_t n)
{
    int64_t until = clock_mono_ms() + RIG_PATIENCE_MS;

    while (b->len < n) {
        int got = client_take(fd, b);
        if (got < 0)
            return false;
        if (got == 0) {
            if (clock_mono_ms() > until)
                fail_msg("%zu bytes do not come, only %zu", n, b->len);
            rig_turn(rig);
        }
    }
    return true;
}

static inline void client_expect_close(struct rig *rig, int fd, const char *label)
{
    struct buf rest = BUF_INIT(16 * 1024 * 1024);

    if (client_read(rig, fd, &rest, SIZE_MAX))
        fail_msg("%s: not closed", label);
    buf_clear(&rest);
    close(fd);
}

/* ---- answers ---- */

struct answer {
    int status; /* 0: closed without a word */
    char head[4096];
    struct buf body;
};

static inline const char *answer_header(const struct answer *a, const char *name, char out[256])
{
    const char *line = a->head;

    for (; (line = strstr(line, "\r\n")) != NULL; line += 2) {
        size_t n = strlen(name);
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') {
            snprintf(out, 256, "%.*s", (int)strcspn(line + 4 + n, "\r"), line + 4 + n);
            return out;
        }
    }
    return NULL;
}

/* Reads one answer; bytes after it stay in `b`. */
static inline void answer_read(struct rig *rig, int fd, struct buf *b, bool has_body, struct answer *a)
{
    char *end, text[256];

    *a = (struct answer){ 0 };
    buf_init(&a->body, 16 * 1024 * 1024);
    while ((end = b->len ? strstr(b->data, "\r\n\r\n") : NULL) == NULL)
        if (!client_read(rig, fd, b, b->len + 1))
            return;
    size_t head_len = (size_t)(end - b->data) + 4;
    snprintf(a->head, sizeof a->head, "%.*s", (int)head_len, b->data);
    a->status = atoi(a->head + 9);
    const char *length = answer_header(a, "Content-Length", text);
    size_t len = length != NULL && has_body ? (size_t)atoll(length) : 0;
    check_true("the whole answer comes", client_read(rig, fd, b, head_len + len));
    buf_add(&a->body, b->data + head_len, len);
    memmove(b->data, b->data + head_len + len, b->len - head_len - len + 1);
    b->len -= head_len + len;
}

/* Sends one request on a connection of its own and reads the answer. */
static inline void ask(struct rig *rig, const char *request, struct answer *a)
{
    struct buf in = BUF_INIT(16 * 1024 * 1024);
    int fd = client_open(rig);

    client_say(rig, fd, request);
    answer_read(rig, fd, &in, strncmp(request, "HEAD", 4) != 0, a);
    close(fd);
    buf_clear(&in);
}

#endif
