#include "redis_server.h"
#include "loa/buf.h"
#include "loa/clock.h"
#include "loa/redis.h"
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define START_MS 20000

static bool accepts(const struct redis_server *s)
{
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)s->port) };
    struct sockaddr *a = s->port != 0 ? (struct sockaddr *)&in : (struct sockaddr *)&un;

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(un.sun_path, sizeof un.sun_path, "%.90s/redis.sock", s->dir);
    int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool fine = connect(fd, a, s->port != 0 ? sizeof in : sizeof un) == 0;
    close(fd);
    return fine;
}

/* A stopped server (SIGSTOP) does not die with us when a test fails: SIGTERM waits until it goes on. */
static pid_t started[64];
static unsigned started_count;

static void kill_started(void)
{
    for (unsigned i = 0; i < started_count; i++)
        if (started[i] > 0)
            kill(started[i], SIGKILL);
}

static void remember(pid_t pid)
{
    if (started_count == 0)
        atexit(kill_started);
    if (started_count < 64)
        started[started_count++] = pid;
}

static void forget(pid_t pid)
{
    for (unsigned i = 0; i < started_count; i++)
        if (started[i] == pid)
            started[i] = 0;
}

static void server_gone(void *ctx, int exit_status, int term_signal)
{
    struct redis_server *s = ctx;
    (void)exit_status, (void)term_signal;
    forget(s->pid);
    s->gone = true;
}

static void look_again(void *ctx)
{
    *(bool *)ctx = true;
}

/* Turns the loop for a moment between two looks at something outside of it. */
static void wait_until_accepting(struct redis_server *s)
{
    const int64_t end_ms = clock_mono_ms() + START_MS;

    while (!accepts(s)) {
        struct timer pause = { 0 };
        bool looked = false;
        if (s->gone || clock_mono_ms() > end_ms)
            fail_msg("redis-server in %s does not start: see its log", s->dir);
        timer_start(&pause, s->loop, 5, look_again, &looked);
        while (!looked)
            loop_run_once(s->loop);
    }
}

void redis_server_start(struct redis_server *s, struct loop *l, const char *name, int port,
                        const char *const *options)
{
    char sock[300], log[300], port_text[8];
    const char *argv[64] = { "redis-server", "--appendonly", "yes", "--appendfsync",
                             "always",       "--save",       "",    "--bind",
                             "127.0.0.1",    "--daemonize",  "no" };
    size_t n = 11;

    *s = (struct redis_server){ .loop = l, .port = port };
    snprintf(s->dir, sizeof s->dir, "%.120s/%.60s", check_tmpdir(), name);
    if (mkdir(s->dir, 0700) != 0 && errno != EEXIST)
        fail_msg("mkdir %s", s->dir);
    snprintf(sock, sizeof sock, "%s/redis.sock", s->dir);
    snprintf(log, sizeof log, "%s/redis.log", s->dir);
    snprintf(port_text, sizeof port_text, "%d", port);
    if (port != 0)
        snprintf(s->url, sizeof s->url, "redis://127.0.0.1:%d", port);
    else
        snprintf(s->url, sizeof s->url, "unix://%s", sock);
    const char *places[] = { "--dir", s->dir, "--logfile", log, "--port", port_text };
    for (size_t i = 0; i < 6; i++)
        argv[n++] = places[i];
    if (port == 0) {
        argv[n++] = "--unixsocket";
        argv[n++] = sock;
    }
    for (; options != NULL && *options != NULL && n < 63; options++)
        argv[n++] = *options;
    check_int("redis-server starts", child_start(l, argv, -1, server_gone, s, &s->child), LOA_OK);
    s->pid = child_pid(s->child);
    remember(s->pid);
    wait_until_accepting(s);
}

void redis_server_signal(struct redis_server *s, int signo)
{
    child_signal(s->child, signo);
}

/* Again every second: Redis forgets a SIGTERM that came while it wrote its first append-only file. */
void redis_server_stop(struct redis_server *s, int signo)
{
    if (s->child == NULL)
        return;
    for (int tries = 0; !s->gone && tries < 20; tries++) {
        struct timer pause = { 0 };
        bool passed = false;
        child_signal(s->child, signo);
        timer_start(&pause, s->loop, 1000, look_again, &passed);
        while (!passed && !s->gone)
            loop_run_once(s->loop);
        timer_stop(&pause);
    }
    check_true("redis-server ends", s->gone);
    child_forget(s->child);
    s->child = NULL;
}

/* ---- asking ---- */

static void ready_flag(void *ctx, bool ready)
{
    *(bool *)ctx = ready;
}

struct redis *redis_connected(struct loop *l, const char *url, int64_t deadline_ms)
{
    struct redis *r = NULL;
    static bool ready; /* outlives this call: the listener stays with r */

    ready = false;
    check_int(url, redis_new(l, url, deadline_ms, &r), LOA_OK);
    redis_on_state(r, ready_flag, &ready);
    check_wait(l, &ready, START_MS, url);
    return r;
}

struct answer {
    struct buf text;
    bool done;
};

static void print_value(struct buf *out, const struct redis_value *v)
{
    size_t len;
    const char *text = redis_str(v, &len);

    switch (redis_type(v)) {
    case REDIS_NIL:
        buf_str(out, "(nil)");
        break;
    case REDIS_INT:
        buf_printf(out, "%lld", redis_int(v));
        break;
    case REDIS_ARRAY:
        buf_char(out, '[');
        for (size_t i = 0; i < redis_count(v); i++) {
            buf_str(out, i ? " " : "");
            print_value(out, redis_at(v, i));
        }
        buf_char(out, ']');
        break;
    default:
        buf_add(out, text, len);
    }
}

static void answered(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct answer *a = ctx;

    if (st != LOA_OK)
        buf_printf(&a->text, "%s: ", loa_status_word(st));
    print_value(&a->text, v);
    a->done = true;
}

const char *redis_ask(struct loop *l, struct redis *r, int partition, const char *command)
{
    static char last[8192];
    struct answer a = { .text = BUF_INIT(sizeof last - 1) };
    char words[1024], *save = NULL;
    const char *argv[64];
    int argc = 0;

    snprintf(words, sizeof words, "%s", command);
    for (char *w = strtok_r(words, " ", &save); w != NULL && argc < 64; w = strtok_r(NULL, " ", &save))
        argv[argc++] = w;
    enum loa_status st = redis_command(r, partition, argc, argv, NULL, answered, &a);
    if (st == LOA_OK)
        check_wait(l, &a.done, START_MS, command);
    else
        buf_printf(&a.text, "refused: %s", loa_status_word(st));
    snprintf(last, sizeof last, "%s", buf_cstr(&a.text));
    buf_clear(&a.text);
    return last;
}
