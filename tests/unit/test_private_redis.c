#include "peers.h"
#include "redis_server.h"
#include "loa/clock.h"
#include "loa/private_redis.h"
#include "loa/redis.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *path(const char *name)
{
    static char out[4][300];
    static unsigned next;
    char *p = out[next++ % 4];
    snprintf(p, sizeof out[0], "%s/%s", check_tmpdir(), name);
    return p;
}

/* ---- one private server and a client of it ---- */

struct store {
    struct loop *loop;
    struct private_redis *private;
    struct redis *client;
    bool told, stopped;
    enum loa_status told_what;
    int first_pid; /* of our server when the client first had a connection; -1: none ran */
};

static void told(void *ctx, enum loa_status st)
{
    struct store *s = ctx;
    s->told = true;
    s->told_what = st;
}

static void stopped(void *ctx)
{
    *(bool *)ctx = true;
}

static void first_pid(void *ctx, bool ready)
{
    struct store *s = ctx;
    int pid = private_redis_pid(s->private);

    if (ready && s->first_pid == 0)
        s->first_pid = pid > 0 ? pid : -1;
}

static void begin(struct store *s, const char *data_dir)
{
    struct errors *err = errors_new();

    *s = (struct store){ .loop = loop_new() };
    enum loa_status st = private_redis_start(s->loop, data_dir, err, told, s, &s->private);
    check_str("no fault", err->count ? err->item[0].detail : NULL, NULL);
    check_int("starts", st, LOA_OK);
    errors_free(err);
}

static void open_store(struct store *s, const char *data_dir)
{
    char url[PRIVATE_REDIS_URL_MAX];

    begin(s, data_dir);
    check_wait(s->loop, &s->told, 30000, "ready");
    check_int("answers", s->told_what, LOA_OK);
    check_int("url", private_redis_url(data_dir, url), LOA_OK);
    s->client = redis_connected(s->loop, url, 5000);
}

static void close_store(struct store *s)
{
    redis_free(s->client);
    private_redis_stop(s->private, stopped, &s->stopped);
    check_wait(s->loop, &s->stopped, 30000, "stopped");
    check_int("no process", private_redis_pid(s->private), 0);
    private_redis_free(s->private);
    loop_free(s->loop);
}

static const char *ask(struct store *s, const char *command)
{
    return redis_ask(s->loop, s->client, 0, command);
}

static void set_flag(void *ctx)
{
    *(bool *)ctx = true;
}

static void ask_until(struct store *s, const char *command, const char *want)
{
    const int64_t end_ms = clock_mono_ms() + 20000;

    while (strcmp(ask(s, command), want) != 0 && clock_mono_ms() < end_ms) {
        struct timer t = { 0 };
        bool passed = false;
        timer_start(&t, s->loop, 10, set_flag, &passed);
        while (!passed)
            loop_run_once(s->loop);
    }
    check_str(command, ask(s, command), want);
}

/* ---- promises ---- */

static const struct {
    const char *command, *want;
} promises[] = {
    { "CONFIG GET appendonly", "[appendonly yes]" },
    { "CONFIG GET appendfsync", "[appendfsync always]" },
    { "CONFIG GET no-appendfsync-on-rewrite", "[no-appendfsync-on-rewrite no]" },
    { "CONFIG GET maxmemory-policy", "[maxmemory-policy noeviction]" },
    { "CONFIG GET save", "[save ]" },
    { "CONFIG GET port", "[port 0]" },
    { "CONFIG GET unixsocketperm", "[unixsocketperm 700]" },
    { "CONFIG GET aof-load-truncated", "[aof-load-truncated yes]" },
};

static void it_keeps_what_it_takes(void **state)
{
    (void)state;
    struct store s;

    open_store(&s, path("keeps"));
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
        check_str("setting", ask(&s, promises[i].command), promises[i].want);
    check_true("nobody empties it", strncmp(ask(&s, "FLUSHALL"), "invalid: ERR unknown command", 28) == 0);
    check_str("set", ask(&s, "SET a 1"), "OK");
    close_store(&s);
    check_true("the socket is gone", access(path("keeps/redis/redis.sock"), F_OK) != 0);
    open_store(&s, path("keeps"));
    check_str("still there", ask(&s, "GET a"), "1");
    close_store(&s);
}

static void a_second_owner_is_refused(void **state)
{
    (void)state;
    struct store s;
    struct private_redis *second = NULL;
    struct errors *err = errors_new();
    char pid[24];

    open_store(&s, path("owned"));
    check_int("refused", private_redis_start(s.loop, path("owned"), err, told, &s, &second), LOA_BUSY);
    snprintf(pid, sizeof pid, "process %d", getpid());
    check_true("names the owner", strstr(err->item[0].detail, pid) != NULL);
    check_true("and the place", strstr(err->item[0].pointer, "owned/lock") != NULL);
    check_str("the first is not disturbed", ask(&s, "SET a 1"), "OK");
    close_store(&s);
    open_store(&s, path("owned")); /* free again */
    close_store(&s);
    errors_free(err);
}

static void a_killed_server_is_started_again(void **state)
{
    (void)state;
    struct store s;

    open_store(&s, path("killed"));
    for (int round = 0; round < 3; round++) {
        int pid = private_redis_pid(s.private);
        check_str("set", ask(&s, "SET a 1"), "OK");
        kill(pid, SIGKILL);
        ask_until(&s, "PING", "refused: unavailable");
        ask_until(&s, "GET a", "1");
        check_true("another process",
                   private_redis_pid(s.private) > 0 && private_redis_pid(s.private) != pid);
    }
    close_store(&s);
}

/* ---- we are killed ---- */

struct writer {
    struct store store;
    int fd;
};

static void write_next(struct writer *w);

static void written(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct writer *w = ctx;
    int32_t n = (int32_t)redis_int(v);

    if (st != LOA_OK || write(w->fd, &n, sizeof n) != sizeof n)
        _exit(1);
    write_next(w);
}

static void write_next(struct writer *w)
{
    if (redis_commandf(w->store.client, 0, written, w, "INCR n") != LOA_OK)
        _exit(1);
}

/* A process that owns the store and reports each confirmed write, until it is killed. */
static pid_t start_writer(const char *data_dir, int *out)
{
    int fds[2];

    check_int("pipe", pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct writer w = { .fd = fds[1] };
        open_store(&w.store, data_dir);
        for (int i = 0; i < 50; i++)
            write_next(&w);
        loop_run(w.store.loop);
        _exit(0);
    }
    close(fds[1]);
    *out = fds[0];
    return pid;
}

static void no_confirmed_write_dies_with_us(void **state)
{
    (void)state;
    int32_t confirmed = 0, n;

    for (int round = 0; round < 4; round++) {
        struct store s;
        int fd, count = 0;
        pid_t pid = start_writer(path("crash"), &fd);

        while (count++ < 500 + 300 * round && read(fd, &n, sizeof n) == sizeof n)
            confirmed = n;
        kill(pid, SIGKILL);
        while (read(fd, &n, sizeof n) == sizeof n)
            confirmed = n;
        close(fd);
        waitpid(pid, NULL, 0);
        open_store(&s, path("crash")); /* at once: its server may still be busy with its farewell */
        check_true("all confirmed writes", strtol(ask(&s, "GET n"), NULL, 10) >= confirmed);
        close_store(&s);
    }
    check_true("there were some", confirmed > 2000);
}

/* ---- leftovers ---- */

/* A server on our socket that nobody told to stop: not started by us, so without our lock. */
static void a_leftover_server_is_stopped(void **state)
{
    (void)state;
    struct store s;
    char dir[300], sock[320];

    open_store(&s, path("left"));
    ask(&s, "SET a 1");
    close_store(&s);
    snprintf(dir, sizeof dir, "%s", path("left/redis"));
    snprintf(sock, sizeof sock, "%s/redis.sock", dir);
    const char *argv[] = { "redis-server", "--port",        "0",      "--unixsocket",
                           sock,           "--dir",         dir,      "--appendonly",
                           "yes",          "--appendfsync", "always", NULL };
    pid_t left = start_process(argv, path("left.log"));

    struct loop *l = loop_new();
    char url[PRIVATE_REDIS_URL_MAX];
    private_redis_url(path("left"), url);
    struct redis *r = redis_connected(l, url, 5000);
    check_str("it writes the same file", redis_ask(l, r, 0, "SET b 2"), "OK");
    redis_free(r);
    loop_free(l);

    begin(&s, path("left"));
    check_int("connecting at once", redis_new(s.loop, url, 5000, &s.client), LOA_OK);
    redis_on_state(s.client, first_pid, &s);
    check_wait(s.loop, &s.told, 30000, "ready");
    check_true("finds nobody but ours", s.first_pid == 0 || s.first_pid == private_redis_pid(s.private));
    redis_free(s.client);
    s.client = redis_connected(s.loop, url, 5000);
    check_true("ours", private_redis_pid(s.private) != left);
    check_str("first", ask(&s, "GET a"), "1");
    check_str("second", ask(&s, "GET b"), "2");
    check_int("the leftover ended", waitpid(left, NULL, WNOHANG), left);
    close_store(&s);
}

/* A server that holds our lock and does not listen (any more): nothing starts beside it. */
static void a_farewell_is_waited_for(void **state)
{
    (void)state;
    struct store s;
    struct timer moment = { 0 };
    bool passed = false;
    int fds[2];

    open_store(&s, path("farewell"));
    close_store(&s);
    check_int("pipe", pipe(fds), 0);
    pid_t last = fork();
    if (last == 0) { /* what a dying server is to us: a process with the locked log open */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = open(path("farewell/redis/redis.log"), O_WRONLY);
        char one = flock(fd, LOCK_EX) == 0;
        _exit(write(fds[1], &one, 1) == 1 ? pause() : 1);
    }
    char locked = 0;
    check_int("the other process holds the lock", read(fds[0], &locked, 1) + locked, 2);
    close(fds[0]);
    close(fds[1]);
    begin(&s, path("farewell"));
    timer_start(&moment, s.loop, 300, set_flag, &passed);
    check_wait(s.loop, &passed, 5000, "pause");
    check_true("still waiting", !s.told && private_redis_pid(s.private) == 0);
    kill(last, SIGKILL);
    waitpid(last, NULL, 0);
    check_wait(s.loop, &s.told, 10000, "ready");
    check_int("answers", s.told_what, LOA_OK);
    close_store(&s);
}

/* ---- damage ---- */

/* The newest append-only file of the directory. */
static const char *aof(const char *data_dir)
{
    static char out[700], dir[400];

    snprintf(dir, sizeof dir, "%s/redis/appendonlydir", data_dir);
    DIR *d = opendir(dir);
    check_true(dir, d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strstr(e->d_name, ".incr.aof") != NULL)
            snprintf(out, sizeof out, "%s/%s", dir, e->d_name);
    closedir(d);
    return out;
}

static void a_torn_end_is_cut_off(void **state)
{
    (void)state;
    struct store s;
    struct stat st;

    open_store(&s, path("torn"));
    ask(&s, "SET a 1");
    ask(&s, "SET b 2");
    close_store(&s);
    check_int("size", stat(aof(path("torn")), &st), 0);
    check_int("as a power cut would", truncate(aof(path("torn")), st.st_size - 5), 0);
    open_store(&s, path("torn"));
    check_str("whole", ask(&s, "GET a"), "1");
    check_str("torn, so never confirmed", ask(&s, "GET b"), "(nil)");
    close_store(&s);
}

static void a_broken_file_is_told(void **state)
{
    (void)state;
    struct store s;

    open_store(&s, path("broken"));
    for (int i = 0; i < 100; i++)
        ask(&s, "SET a 1");
    close_store(&s);
    int fd = open(aof(path("broken")), O_WRONLY);
    check_int("a bad block", pwrite(fd, "\377\377\377\377\377\377\377\377", 8, 1000), 8);
    close(fd);
    begin(&s, path("broken"));
    check_wait(s.loop, &s.told, 30000, "told");
    check_int("it cannot start", s.told_what, LOA_IO);
    close_store(&s);
}

/* ---- refusals ---- */

static void bad_places_are_refused(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    struct loop *l = loop_new();
    struct private_redis *p = NULL;
    struct store s = { 0 };
    char deep[400], url[PRIVATE_REDIS_URL_MAX];
    char *search_path = strdup(getenv("PATH"));

    snprintf(deep, sizeof deep, "%s/%0100d", check_tmpdir(), 1);
    check_int("too long", private_redis_start(l, deep, err, told, &s, &p), LOA_TOO_BIG);
    check_int("url of it", private_redis_url(deep, url), LOA_TOO_BIG);
    check_int("url of nothing", private_redis_url(path("nothing"), url), LOA_NOT_FOUND);
    int fd = open(path("file"), O_CREAT | O_WRONLY, 0600);
    close(fd);
    check_int("a file", private_redis_start(l, path("file"), err, told, &s, &p), LOA_IO);
    check_int("no parent", private_redis_start(l, path("no/such"), err, told, &s, &p), LOA_IO);
    setenv("PATH", "/nonexistent", 1);
    check_int("not installed", private_redis_start(l, path("new"), err, told, &s, &p), LOA_NOT_FOUND);
    setenv("PATH", search_path, 1);
    check_int("each with a sentence", err->count, 4);
    for (unsigned i = 0; i < err->count; i++)
        check_true(err->item[i].detail, strlen(err->item[i].detail_vi) > 10);
    check_true("no callback, nothing made", !s.told && p == NULL);
    free(search_path);
    errors_free(err);
    loop_free(l);
}

/* Stopping before it is ready, and forgetting to stop, must both leave nothing behind. */
static void it_can_be_stopped_at_any_time(void **state)
{
    (void)state;
    struct store s;

    begin(&s, path("early"));
    close_store(&s);
    check_true("nobody is told", !s.told);
    for (int ms = 1; ms < 100; ms *= 2) { /* before the fork, while it loads, once it is up … */
        struct timer moment = { 0 };
        bool passed = false;
        begin(&s, path("early"));
        timer_start(&moment, s.loop, ms, set_flag, &passed);
        check_wait(s.loop, &passed, 5000, "a moment");
        close_store(&s);
    }
    open_store(&s, path("early"));
    redis_free(s.client);
    private_redis_free(s.private); /* without stopping */
    loop_free(s.loop);
    open_store(&s, path("early"));
    close_store(&s);
    private_redis_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_keeps_what_it_takes),
        cmocka_unit_test(a_second_owner_is_refused),
        cmocka_unit_test(a_killed_server_is_started_again),
        cmocka_unit_test(no_confirmed_write_dies_with_us),
        cmocka_unit_test(a_leftover_server_is_stopped),
        cmocka_unit_test(a_farewell_is_waited_for),
        cmocka_unit_test(a_torn_end_is_cut_off),
        cmocka_unit_test(a_broken_file_is_told),
        cmocka_unit_test(bad_places_are_refused),
        cmocka_unit_test(it_can_be_stopped_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
