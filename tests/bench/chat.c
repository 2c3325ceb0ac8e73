/*
 * chat - visitors of the web chat who ask one question after the other: each waits for its answer (the first
 * line behind its own) before the next.
 *
 *   chat PORT PATH TURNS CONNECTIONS QUESTIONS_FILE     one question per line, already escaped for JSON
 *
 * Prints one JSON object: turns, answers beyond one per question, when it began and ended, and the quantiles
 * from a question to its answer. The questions are asked in turns, whoever asks them.
 */
#include "wire.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define CONNECTIONS_MAX 4096
#define FRAME_MAX       4096
#define STALL_US        30000000

enum stage { UPGRADING, GREETING, ASKING, RESTING };

struct visitor {
    struct wire wire;
    enum stage stage;
    long turn, number; /* number: of the question in the log, once it was acknowledged */
    int64_t asked_us;
};

static struct {
    int port, epoll;
    const char *path;
    char **question;
    long questions, turns, next, answered, extra, bad;
    unsigned connections;
    int64_t *took_us, begun_us, moved_us;
    struct visitor visitor[CONNECTIONS_MAX];
} S;

/* One masked text frame; the mask is zero, which is as good as any for a benchmark. */
static void send_frame(struct wire *w, const char *text, int n)
{
    unsigned char frame[FRAME_MAX + 8] = { 0x81, 0x80 | 126, (unsigned char)(n >> 8), (unsigned char)n };
    memcpy(frame + 8, text, (size_t)n);
    S.bad += !wire_write(w, frame, (size_t)n + 8);
}

static void open_visitor(struct visitor *v)
{
    char out[512];
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = v };
    if (!wire_connect(&v->wire, S.port) || epoll_ctl(S.epoll, EPOLL_CTL_ADD, v->wire.fd, &ev) != 0) {
        S.bad++;
        return;
    }
    int n = snprintf(out, sizeof out,
                     "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                     S.path);
    wire_write(&v->wire, out, (size_t)n);
}

static void ask(struct visitor *v)
{
    char text[FRAME_MAX];
    v->stage = RESTING;
    if (S.next == S.turns)
        return;
    v->stage = ASKING;
    v->turn = S.next++;
    v->number = 0;
    int n = snprintf(text, sizeof text, "{\"type\":\"say\",\"id\":\"q%ld\",\"text\":\"%s\"}", v->turn,
                     S.question[v->turn % S.questions]);
    v->asked_us = wire_now_us();
    send_frame(&v->wire, text, n);
}

static bool has(const char *data, size_t n, const char *what)
{
    return memmem(data, n, what, strlen(what)) != NULL;
}

static long number_in(const char *data, size_t n)
{
    const char *at = memmem(data, n, "\"seq\":", 6);
    return at != NULL ? strtol(at + 6, NULL, 10) : 0;
}

static void heard(struct visitor *v, const char *data, size_t n)
{
    S.moved_us = wire_now_us();
    if (has(data, n, "\"type\":\"error\"") || has(data, n, "\"type\":\"slow\"")) {
        if (S.bad++ == 0)
            fprintf(stderr, "chat: %.*s\n", (int)n, data);
    } else if (v->stage == GREETING && has(data, n, "\"type\":\"ready\"")) {
        v->stage = RESTING;
        S.answered++;
    } else if (has(data, n, "\"type\":\"ack\"")) {
        v->number = number_in(data, n);
    } else if (has(data, n, "\"type\":\"line\"") && has(data, n, "\"from\":\"b\"")) {
        if (v->stage != ASKING || v->number == 0 || number_in(data, n) <= v->number) {
            S.extra++; /* an answer of several lines */
            return;
        }
        S.took_us[v->turn] = S.moved_us - v->asked_us;
        S.answered++;
        ask(v);
    }
}

/* The frames of a server are not masked, and ours are not fragmented. */
static void read_frames(struct visitor *v)
{
    struct wire *w = &v->wire;
    for (;;) {
        const unsigned char *in = (const unsigned char *)w->in;
        size_t head = 2, n = w->len >= 2 ? in[1] & 0x7F : 0;
        if (n == 126) {
            head = 4;
            n = w->len >= 4 ? (size_t)(in[2] << 8 | in[3]) : 0;
        }
        if (w->len < head || w->len < head + n)
            return;
        if ((in[0] & 0x0F) == 1)
            heard(v, w->in + head, n);
        w->len -= head + n;
        memmove(w->in, w->in + head + n, w->len);
    }
}

static void readable(struct visitor *v)
{
    if (!wire_read(&v->wire)) {
        S.bad++;
        wire_close(&v->wire);
        return;
    }
    if (v->stage == UPGRADING) {
        const char *end = memmem(v->wire.in, v->wire.len, "\r\n\r\n", 4);
        if (end == NULL)
            return;
        static const char hello[] = "{\"type\":\"hello\",\"epoch\":\"\",\"offset\":0}";
        size_t used = (size_t)(end + 4 - v->wire.in);
        v->wire.len -= used;
        memmove(v->wire.in, v->wire.in + used, v->wire.len);
        v->stage = GREETING;
        send_frame(&v->wire, hello, sizeof hello - 1);
    }
    read_frames(v);
}

static void run_until(long answered)
{
    struct epoll_event ev[256];
    S.moved_us = wire_now_us();
    while (S.answered < answered && wire_now_us() - S.moved_us < STALL_US) {
        int n = epoll_wait(S.epoll, ev, 256, 1000);
        for (int i = 0; i < n; i++)
            readable(ev[i].data.ptr);
    }
    if (S.answered < answered)
        S.bad++;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool read_questions(const char *path)
{
    FILE *f = fopen(path, "r");
    char line[FRAME_MAX / 2];
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        S.question = realloc(S.question, (size_t)(S.questions + 1) * sizeof *S.question);
        if (S.question == NULL)
            return false;
        S.question[S.questions++] = strdup(line);
    }
    if (f != NULL)
        fclose(f);
    return S.questions > 0;
}

int main(int argc, char **argv)
{
    if (argc != 6 || !read_questions(argv[5])) {
        fprintf(stderr, "usage: chat PORT PATH TURNS CONNECTIONS QUESTIONS_FILE\n");
        return 2;
    }
    S.port = (int)strtol(argv[1], NULL, 10);
    S.path = argv[2];
    S.turns = strtol(argv[3], NULL, 10);
    S.connections = (unsigned)strtoul(argv[4], NULL, 10);
    S.took_us = calloc((size_t)S.turns + 1, sizeof *S.took_us);
    S.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (S.connections > CONNECTIONS_MAX || S.turns < 1 || S.took_us == NULL)
        return 2;
    for (unsigned i = 0; i < S.connections; i++)
        open_visitor(&S.visitor[i]);
    run_until(S.connections);
    S.answered = 0;
    S.begun_us = wire_now_us();
    for (unsigned i = 0; i < S.connections; i++)
        ask(&S.visitor[i]);
    run_until(S.turns);
    int64_t ended_us = wire_now_us();
    qsort(S.took_us, (size_t)S.turns, sizeof *S.took_us, by_size);
    printf("{\"turns\":%ld,\"extra\":%ld,\"bad\":%ld,\"begun_us\":%" PRId64 ",\"ended_us\":%" PRId64
           ",\"p50_us\":%" PRId64 ",\"p99_us\":%" PRId64 "}\n",
           S.answered, S.extra, S.bad, S.begun_us, ended_us, S.took_us[S.turns / 2],
           S.took_us[S.turns * 99 / 100]);
    return S.bad > 0 || S.answered < S.turns;
}
