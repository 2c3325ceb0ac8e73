/*
 * sink - a provider that answers at once and reports every message as delivered, each report signed and by
 * itself.
 *
 *   sink APP_ID SECRET [TIMES_FILE]     prints "port=N"
 *
 *   POST /message/template   200, then POST /webhooks/zalo to the program under test
 *   GET  /hook?port=N        where that program listens; 0: reports wait
 *   GET  /stats              {"sent":…,"twice":…,"acked":…,"refused":…,"first_us":…,"last_us":…} since the
 * last /reset GET  /reset              counts from zero; with TIMES_FILE the arrival times are written there
 * first
 *
 * A phone's last seven digits number the message, so each one is told apart.
 */
#include "wire.h"
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOOKS        32
#define NUMBERS      10000000
#define EVENTS_MAX   256
#define WAITING_MAX  (1u << 21)
#define REF_SIZE     48
#define RECEIPT_SIZE 2048

struct peer {
    struct wire wire;
    bool hook; /* we are the client: a report to the program under test */
    bool busy;
    unsigned receipt; /* which one is under way */
};

struct receipt {
    char ref[REF_SIZE], phone[16];
};

static struct {
    const char *app_id, *secret, *times_file;
    int epoll, listener, hook_port;
    struct peer hook[HOOKS];
    struct receipt *waiting; /* ring */
    unsigned head, tail;
    int64_t *arrived; /* by number, 0 never */
    long sent, twice, acked, refused;
    int64_t first_us, last_us;
} sink;

/* ---- reports ---- */

static void sign(const char *body, size_t len, const char *timestamp, char out[65])
{
    crypto_hash_sha256_state st;
    unsigned char digest[32];
    crypto_hash_sha256_init(&st);
    crypto_hash_sha256_update(&st, (const unsigned char *)sink.app_id, strlen(sink.app_id));
    crypto_hash_sha256_update(&st, (const unsigned char *)body, len);
    crypto_hash_sha256_update(&st, (const unsigned char *)timestamp, strlen(timestamp));
    crypto_hash_sha256_update(&st, (const unsigned char *)sink.secret, strlen(sink.secret));
    crypto_hash_sha256_final(&st, digest);
    sodium_bin2hex(out, 65, digest, sizeof digest);
}

static void watch(struct peer *p)
{
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };
    epoll_ctl(sink.epoll, EPOLL_CTL_ADD, p->wire.fd, &ev);
}

static bool hook_ready(struct peer *p)
{
    if (p->wire.fd >= 0)
        return true;
    if (sink.hook_port == 0 || !wire_connect(&p->wire, sink.hook_port))
        return false;
    watch(p);
    return true;
}

static void report(struct peer *p)
{
    const struct receipt *r = &sink.waiting[p->receipt];
    char body[RECEIPT_SIZE / 2], out[RECEIPT_SIZE], mac[65], now[24];
    snprintf(now, sizeof now, "%" PRId64, wire_wall_ms());
    int n = snprintf(
        body, sizeof body,
        "{\"event_name\":\"user_received_message\",\"app_id\":\"%s\",\"sender\":{\"id\":\"2222222222222222222\"},"
        "\"recipient\":{\"id\":\"%s\"},\"message\":{\"msg_id\":\"m%s\",\"tracking_id\":\"%s\","
        "\"delivery_time\":\"%s\"},\"timestamp\":\"%s\"}",
        sink.app_id, r->phone, r->ref, r->ref, now, now);
    sign(body, (size_t)n, now, mac);
    n = snprintf(out, sizeof out,
                 "POST /webhooks/zalo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "X-ZEvent-Signature: mac=%s\r\nContent-Length: %d\r\n\r\n%s",
                 mac, n, body);
    p->busy = true;
    if (!wire_write(&p->wire, out, (size_t)n)) {
        p->busy = false;
        wire_close(&p->wire);
    }
}

static void push(const struct receipt *r)
{
    sink.waiting[sink.tail++ % WAITING_MAX] = *r;
}

static void pump(void)
{
    for (int i = 0; i < HOOKS && sink.head != sink.tail; i++) {
        struct peer *p = &sink.hook[i];
        if (p->busy || !hook_ready(p))
            continue;
        p->receipt = sink.head++ % WAITING_MAX;
        report(p);
        if (!p->busy)
            push(&sink.waiting[p->receipt]);
    }
}

static void report_answered(struct peer *p, const struct wire_message *m)
{
    int status = wire_status(m);
    p->busy = false;
    if (status >= 200 && status < 300) {
        sink.acked++;
        sink.last_us = wire_now_us();
    } else {
        sink.refused++;
        push(&sink.waiting[p->receipt]);
    }
}

/* ---- requests ---- */

static void answer(struct peer *p, const char *body)
{
    char out[1024];
    int n = snprintf(out, sizeof out,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     strlen(body), body);
    wire_write(&p->wire, out, (size_t)n);
}

static void note_arrival(const char *phone)
{
    size_t n = strlen(phone);
    long number = n >= 7 ? strtol(phone + n - 7, NULL, 10) : 0;
    int64_t now = wire_now_us();
    if (number < 0 || number >= NUMBERS)
        return;
    sink.twice += sink.arrived[number] != 0;
    sink.arrived[number] = now;
    if (sink.sent++ == 0)
        sink.first_us = now;
}

static void take_message(struct peer *p, const struct wire_message *m)
{
    struct receipt r;
    char out[512];
    wire_member(m, "tracking_id", r.ref, sizeof r.ref);
    wire_member(m, "phone", r.phone, sizeof r.phone);
    note_arrival(r.phone);
    snprintf(
        out, sizeof out,
        "{\"error\":0,\"message\":\"Success\",\"data\":{\"msg_id\":\"m%s\",\"sent_time\":\"%" PRId64
        "\",\"sending_mode\":\"1\",\"quota\":{\"dailyQuota\":\"9999999\",\"remainingQuota\":\"9999999\"}}}",
        r.ref, wire_wall_ms());
    answer(p, out);
    push(&r);
}

static void say_stats(struct peer *p)
{
    char out[512];
    snprintf(out, sizeof out,
             "{\"sent\":%ld,\"twice\":%ld,\"acked\":%ld,\"refused\":%ld,\"first_us\":%" PRId64
             ",\"last_us\":%" PRId64 "}",
             sink.sent, sink.twice, sink.acked, sink.refused, sink.first_us, sink.last_us);
    answer(p, out);
}

static void write_times(void)
{
    FILE *f = sink.times_file ? fopen(sink.times_file, "w") : NULL;
    for (long i = 0; f != NULL && i < NUMBERS; i++)
        if (sink.arrived[i] != 0)
            fprintf(f, "%ld %" PRId64 "\n", i, sink.arrived[i]);
    if (f != NULL)
        fclose(f);
}

static void reset(struct peer *p)
{
    write_times();
    memset(sink.arrived, 0, NUMBERS * sizeof *sink.arrived);
    sink.sent = sink.twice = sink.acked = sink.refused = 0;
    sink.first_us = sink.last_us = 0;
    sink.head = sink.tail;
    answer(p, "{}");
}

static void set_hook(struct peer *p, const struct wire_message *m)
{
    const char *at = memmem(m->head, m->head_len, "port=", 5);
    sink.hook_port = at ? (int)strtol(at + 5, NULL, 10) : 0;
    for (int i = 0; i < HOOKS; i++) {
        wire_close(&sink.hook[i].wire);
        sink.hook[i].busy = false;
    }
    answer(p, "{}");
}

static bool begins(const struct wire_message *m, const char *line)
{
    return strncmp(m->head, line, strlen(line)) == 0;
}

static void request(struct peer *p, const struct wire_message *m)
{
    if (begins(m, "POST /message/template"))
        take_message(p, m);
    else if (begins(m, "GET /stats"))
        say_stats(p);
    else if (begins(m, "GET /reset"))
        reset(p);
    else if (begins(m, "GET /hook"))
        set_hook(p, m);
    else if (begins(m, "POST /v4/oa/access_token"))
        answer(p, "{\"access_token\":\"a2\",\"refresh_token\":\"r2\",\"expires_in\":\"90000\"}");
    else if (begins(m, "GET /template/info"))
        answer(p, "{\"error\":-109,\"message\":\"Template is invalid\"}");
    else
        answer(p, "{\"error\":0,\"message\":\"Success\",\"data\":{}}");
}

/* ---- the loop ---- */

static void lost(struct peer *p)
{
    wire_close(&p->wire);
    if (!p->hook) {
        free(p);
        return;
    }
    if (p->busy)
        push(&sink.waiting[p->receipt]);
    p->busy = false;
}

static void readable(struct peer *p)
{
    struct wire_message m;
    if (!wire_read(&p->wire)) {
        lost(p);
        return;
    }
    while (wire_next(&p->wire, &m)) {
        if (p->hook)
            report_answered(p, &m);
        else
            request(p, &m);
        wire_done(&p->wire, &m);
    }
}

static void take_connections(void)
{
    int fd;
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): epoll keeps the pointer
    while ((fd = accept4(sink.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct peer *p = calloc(1, sizeof *p);
        if (p == NULL)
            abort();
        p->wire.fd = fd;
        watch(p);
    }
}

static void run(void)
{
    struct epoll_event ev[EVENTS_MAX];
    for (;;) {
        int n = epoll_wait(sink.epoll, ev, EVENTS_MAX, 100);
        for (int i = 0; i < n; i++) {
            if (ev[i].data.ptr == NULL)
                take_connections();
            else
                readable(ev[i].data.ptr);
        }
        if (n < 0 && errno != EINTR)
            return;
        pump();
    }
}

int main(int argc, char **argv)
{
    int port;
    if (argc < 3 || sodium_init() < 0) {
        fprintf(stderr, "usage: sink APP_ID SECRET [TIMES_FILE]\n");
        return 2;
    }
    sink.app_id = argv[1];
    sink.secret = argv[2];
    sink.times_file = argv[3];
    sink.waiting = calloc(WAITING_MAX, sizeof *sink.waiting);
    sink.arrived = calloc(NUMBERS, sizeof *sink.arrived);
    sink.epoll = epoll_create1(EPOLL_CLOEXEC);
    sink.listener = wire_listen(&port);
    if (sink.waiting == NULL || sink.arrived == NULL || sink.listener < 0)
        return 1;
    for (int i = 0; i < HOOKS; i++)
        sink.hook[i] = (struct peer){ .wire.fd = -1, .hook = true };
    struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
    epoll_ctl(sink.epoll, EPOLL_CTL_ADD, sink.listener, &ev);
    printf("port=%d\n", port);
    fflush(stdout);
    run();
    return 1;
}
