/*
 * sockets - many idle WebSocket clients: connects, says hello, waits for the first answer, and holds them
 * all.
 *
 *   sockets PORT PATH COUNT TOKENS_FILE    one token per line; the first message is
 * {"type":"hello","token":…}
 *
 * Prints "open=N" once all have been answered (or a minute has passed) and keeps them until its standard
 * input ends.
 */
#include "wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define AT_ONCE   64 /* handshakes under way */
#define LIMIT_US  60000000
#define TOKEN_MAX 512

struct client {
    int fd;
    bool greeted, ready;
};

static struct {
    int port, epoll;
    const char *path;
    FILE *tokens;
    struct client *client;
    long count, opened, ready, under_way;
} S;

static void send_upgrade(struct wire *w)
{
    char out[512];
    int n = snprintf(out, sizeof out,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                     S.path);
    wire_write(w, out, (size_t)n);
}

/* One masked text frame; the mask is zero, which is as good as any for a benchmark. */
static void send_hello(struct wire *w)
{
    char token[TOKEN_MAX], text[TOKEN_MAX + 128];
    unsigned char frame[TOKEN_MAX + 160];
    if (fgets(token, sizeof token, S.tokens) == NULL)
        return;
    token[strcspn(token, "\n")] = '\0';
    int n = snprintf(text, sizeof text, "{\"type\":\"hello\",\"token\":\"%s\",\"epoch\":\"\",\"offset\":0}",
                     token);
    frame[0] = 0x81;
    frame[1] = 0x80 | 126;
    frame[2] = (unsigned char)(n >> 8);
    frame[3] = (unsigned char)n;
    memset(frame + 4, 0, 4);
    memcpy(frame + 8, text, (size_t)n);
    wire_write(w, frame, (size_t)n + 8);
}

static void open_one(void)
{
    struct wire w;
    struct client *c = &S.client[S.opened++];
    if (!wire_connect(&w, S.port))
        return;
    c->fd = w.fd;
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(S.epoll, EPOLL_CTL_ADD, c->fd, &ev);
    S.under_way++;
    send_upgrade(&w);
}

static void readable(struct client *c)
{
    struct wire w = { .fd = c->fd };
    if (!wire_read(&w)) {
        epoll_ctl(S.epoll, EPOLL_CTL_DEL, c->fd, NULL);
        S.under_way -= !c->ready;
    } else if (!c->greeted) {
        c->greeted = true;
        send_hello(&w);
    } else if (!c->ready) {
        c->ready = true;
        S.ready++;
        S.under_way--;
    }
}

int main(int argc, char **argv)
{
    struct epoll_event ev[AT_ONCE];
    char byte;
    if (argc != 5 || (S.tokens = fopen(argv[4], "r")) == NULL) {
        fprintf(stderr, "usage: sockets PORT PATH COUNT TOKENS_FILE\n");
        return 2;
    }
    S.port = (int)strtol(argv[1], NULL, 10);
    S.path = argv[2];
    S.count = strtol(argv[3], NULL, 10);
    S.client = calloc((size_t)S.count, sizeof *S.client);
    S.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (S.client == NULL)
        return 1;
    int64_t begun = wire_now_us();
    while (S.ready < S.count && wire_now_us() - begun < LIMIT_US && (S.opened < S.count || S.under_way > 0)) {
        while (S.opened < S.count && S.under_way < AT_ONCE)
            open_one();
        int n = epoll_wait(S.epoll, ev, AT_ONCE, 100);
        for (int i = 0; i < n; i++)
            readable(ev[i].data.ptr);
    }
    printf("open=%ld\n", S.ready);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return 0;
}
