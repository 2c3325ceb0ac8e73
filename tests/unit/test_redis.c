#include "peers.h"
#include "redis_server.h"
#include "loa/buf.h"
#include "loa/clock.h"
#include "loa/redis.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct loop *loop;
static struct redis_server server;

static int start_server(void **state)
{
    (void)state;
    const char *const options[] = { "--maxmemory-policy", "noeviction", NULL };
    loop = loop_new();
    redis_server_start(&server, loop, "single", 0, options);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    redis_server_stop(&server, SIGTERM);
    loop_free(loop);
    return 0;
}

static const char *peer_url(const struct script_peer *p)
{
    static char url[40];
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", script_peer_port(p));
    return url;
}

/* ---- completions ---- */

struct seen {
    int count;
    enum loa_status first, last;
    long long sum;
    int want; /* done when count reaches it */
    bool done;
    struct redis *free_me;
};

static void saw(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct seen *s = ctx;

    if (s->count++ == 0)
        s->first = st;
    s->last = st;
    s->sum += redis_int(v);
    s->done = s->count == s->want;
    if (s->free_me != NULL) {
        struct redis *r = s->free_me;
        s->free_me = NULL;
        redis_free(r);
    }
}

struct state_seen {
    bool up, down;
};

static void state_changed(void *ctx, bool ready)
{
    struct state_seen *s = ctx;
    if (ready)
        s->up = true;
    else
        s->down = true;
}

/* ---- values ---- */

static const struct {
    const char *label, *command, *want;
} values[] = {
    { "status", "SET k v", "OK" },
    { "string", "GET k", "v" },
    { "nil", "GET none", "(nil)" },
    { "number", "INCRBY n 41", "41" },
    { "array with a hole", "MGET k none n", "[v (nil) 41]" },
    { "empty array", "LRANGE none 0 -1", "[]" },
    { "nested", "EVAL return{1,{'a',{}}} 0", "[1 [a []]]" },
    { "wrong type", "LPUSH k x",
      "invalid: WRONGTYPE Operation against a key holding the wrong kind of value" },
    { "unknown script", "EVALSHA 0123456789012345678901234567890123456789 0",
      "invalid: NOSCRIPT No matching script. Please use EVAL." },
    { "error of a script", "EVAL return{err='STALE'} 0", "invalid: STALE" },
};

static void values_arrive(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 5000);

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        check_str(values[i].label, redis_ask(loop, r, 0, values[i].command), values[i].want);
    check_str("nothing is wrong", redis_error(r), "");
    check_int("nothing is pending", redis_pending(r), 0);
    redis_free(r);
}

static void check_bytes(void *ctx, enum loa_status st, const struct redis_value *v)
{
    size_t len;
    const char *s = redis_str(v, &len);

    check_int("status", st, LOA_OK);
    check_int("length", (long long)len, 5);
    assert_memory_equal(s, "a\0b\r\n", 6);
    check_true("not an error", !redis_is_error(v, "ERR"));
    check_true("no such element", redis_at(v, 0) == NULL);
    *(bool *)ctx = true;
}

static void bytes_survive(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 5000);
    struct seen set = { .want = 1 };
    bool done = false;
    const char *argv[] = { "SET", "bytes", "a\0b\r\n" };
    const size_t len[] = { 3, 5, 5 };

    check_int("argv", redis_command(r, 0, 3, argv, len, saw, &set), LOA_OK);
    check_int("format", redis_commandf(r, 0, check_bytes, &done, "GET %b", "bytes", (size_t)5), LOA_OK);
    check_true("not inside the call", set.count == 0);
    check_int("two are pending", redis_pending(r), 2);
    check_wait(loop, &done, 5000, "GET");
    check_int("in order", set.count, 1);
    redis_free(r);
}

/* ---- what counts as "not now" ---- */

#define WRAPPED "ERR Error running script (call to f_ab): @user_script:1: @user_script: 1: -"

static const struct {
    const char *text;
    enum loa_status want;
} errors[] = {
    { "LOADING Redis is loading the dataset in memory", LOA_UNAVAILABLE },
    { "MISCONF Errors writing to the AOF file: No space left on device", LOA_UNAVAILABLE },
    { "OOM command not allowed when used memory > 'maxmemory'.", LOA_UNAVAILABLE },
    { "READONLY You can't write against a read only replica.", LOA_UNAVAILABLE },
    { "CLUSTERDOWN The cluster is down", LOA_UNAVAILABLE },
    { "TRYAGAIN Multiple keys request during rehashing of slot", LOA_UNAVAILABLE },
    { "MASTERDOWN Link with MASTER is down", LOA_UNAVAILABLE },
    { "NOREPLICAS Not enough good replicas to write.", LOA_UNAVAILABLE },
    { "BUSY Redis is busy running a script.", LOA_UNAVAILABLE },
    { WRAPPED "OOM command not allowed", LOA_UNAVAILABLE },
    { WRAPPED "READONLY You can't write", LOA_UNAVAILABLE },
    { WRAPPED "WRONGTYPE Operation", LOA_INVALID },
    { "ERR no such key: -OOM", LOA_INVALID },
    { "OOMPH", LOA_INVALID },
    { "BUSYGROUP Consumer Group name already exists", LOA_INVALID },
    { "ERR syntax error", LOA_INVALID },
};

static void errors_are_sorted(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 5000);

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct seen s = { .want = 1 };
        redis_commandf(r, 0, saw, &s, "EVAL %s 0 %s", "return redis.error_reply(ARGV[1])", errors[i].text);
        check_wait(loop, &s.done, 5000, errors[i].text);
        check_int(errors[i].text, s.last, errors[i].want);
    }
    redis_free(r);
}

static void a_server_in_trouble_is_unavailable(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 5000);
    static const struct {
        const char *command, *begins;
    } steps[] = {
        { "CONFIG SET maxmemory 1", "OK" },
        { "SET a b", "unavailable: OOM" },
        { "EVAL return(redis.call('set',KEYS[1],'b')) 1 a", "unavailable: OOM" },
        { "CONFIG SET maxmemory 0", "OK" },
        { "CONFIG SET min-replicas-to-write 1", "OK" },
        { "SET a b", "unavailable: NOREPLICAS" },
        { "EVAL return(redis.call('set',KEYS[1],'b')) 1 a", "unavailable: NOREPLICAS" },
        { "CONFIG SET min-replicas-to-write 0", "OK" },
        { "REPLICAOF 127.0.0.1 1", "OK" },
        { "SET a b", "unavailable: READONLY" },
        { "EVAL return(redis.call('set',KEYS[1],'b')) 1 a", "unavailable: READONLY" },
        { "CONFIG SET replica-serve-stale-data no", "OK" },
        { "GET a", "unavailable: MASTERDOWN" },
        { "REPLICAOF NO ONE", "OK" },
        { "SET a b", "OK" },
    };

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const char *got = redis_ask(loop, r, 0, steps[i].command);
        if (strncmp(got, steps[i].begins, strlen(steps[i].begins)) != 0)
            check_str(steps[i].command, got, steps[i].begins);
    }
    redis_free(r);
}

/* ---- one write, deadlines, lost links ---- */

static long long reads_of_the_server(struct redis *r)
{
    const char *at = strstr(redis_ask(loop, r, 0, "INFO stats"), "total_reads_processed:");
    check_true("a server that counts", at != NULL);
    return strtoll(at + strlen("total_reads_processed:"), NULL, 10);
}

static void commands_of_a_turn_leave_together(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 5000);
    struct seen s = { .want = 500 };

    long long before = reads_of_the_server(r);
    for (int i = 0; i < 500; i++)
        check_int("sent", redis_commandf(r, 0, saw, &s, "SET together %d", i), LOA_OK);
    check_wait(loop, &s.done, 5000, "500 answers");
    check_int("one read for the 500, one for INFO itself", reads_of_the_server(r) - before, 2);
    redis_free(r);
}

static void set_flag(void *ctx)
{
    *(bool *)ctx = true;
}

/* Turns the loop until the connection says why it is not ready ("" when it is). */
static void wait_error(struct redis *r, const char *label, const char *want)
{
    struct timer patience = { 0 };
    bool late = false;

    timer_start(&patience, loop, 10000, set_flag, &late);
    while (strcmp(redis_error(r), want) != 0 && !late)
        loop_run_once(loop);
    timer_stop(&patience);
    check_str(label, redis_error(r), want);
}

#define GREET "<PING\r\n", ">+PONG\r\n"

static const char *const works[] = { GREET, "<SET", ">+OK\r\n", "~", NULL };
static const char *const loading[] = { "<PING\r\n", ">-LOADING Redis is loading\r\n", "~", NULL };
static const char *const disk_full[] = { "<PING\r\n", ">-MISCONF Errors writing to the AOF file\r\n", "~",
                                         NULL };
static const char *const no_ping[] = { "<PING\r\n", ">-NOPERM this user has no permissions\r\n", "~", NULL };
static const char *const hangs_up[] = { "<PING\r\n", NULL };
static const char *const wants_login[] = { "<PING\r\n", ">-NOAUTH Authentication required.\r\n", "~", NULL };
static const char *const web_server[] = { "<PING\r\n", ">HTTP/1.1 400 Bad Request\r\n\r\n", "~", NULL };
static const char *const silent[] = { "~", NULL };
static const char *const talkative[] = { GREET, ">+PONG\r\n", "~", NULL };

static const struct {
    const char *label, *const *first; /* conversation; the second one works */
    const char *error;                /* "" when the first one is good enough */
} greetings[] = {
    { "loading", loading, "LOADING Redis is loading" },
    { "disk full: reads may go on", disk_full, "" },
    { "PING is forbidden to us", no_ping, "" },
    { "hangs up", hangs_up, "closed by the server" },
    { "password needed", wants_login, "NOAUTH Authentication required." },
    { "not Redis", web_server, "Protocol error, got \"H\" as reply type byte" },
    { "silence", silent, "no answer within the deadline" },
    { "says more than it was asked", talkative, "unasked reply" },
};

static void greetings_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
        const char *const *const conversations[] = { greetings[i].first, works, NULL };
        struct script_peer *peer = script_peer_start(conversations);
        struct seen never = { 0 };
        struct redis *r = NULL;

        redis_new(loop, peer_url(peer), 2000, &r);
        check_int("no link yet", redis_commandf(r, 0, saw, &never, "PING"), LOA_UNAVAILABLE);
        wait_error(r, greetings[i].label, greetings[i].error);
        wait_error(r, greetings[i].label, "");
        redis_free(r);
        script_peer_stop(peer);
        check_int("a refused command has no completion", never.count, 0);
    }
}

static void a_late_answer_costs_the_link(void **state)
{
    (void)state;
    /* The first command stays unanswered, and so does the second, sent later; then a new link works. */
    static const char *const falls_silent[] = { GREET, "~", NULL };
    const char *const *const conversations[] = { falls_silent, works, NULL };
    struct script_peer *peer = script_peer_start(conversations);
    struct redis *r = redis_connected(loop, peer_url(peer), 1000);
    struct seen first = { .want = 1 }, second = { .want = 1 };
    struct state_seen changes = { 0 };
    struct timer pause = { 0 };
    bool paused = false;

    redis_on_state(r, state_changed, &changes);
    int64_t begin_ms = clock_mono_ms();
    redis_commandf(r, 0, saw, &first, "GET a");
    timer_start(&pause, loop, 500, set_flag, &paused);
    check_wait(loop, &paused, 5000, "pause");
    redis_commandf(r, 0, saw, &second, "GET b");
    check_wait(loop, &first.done, 5000, "first");
    check_true("not before the deadline", clock_mono_ms() - begin_ms >= 1000);
    check_int("the late one", first.last, LOA_TIMEOUT);
    check_true("the other goes with the link", second.done);
    check_int("the other", second.last, LOA_UNAVAILABLE);
    check_true("told", changes.down);
    check_wait(loop, &changes.up, 5000, "a new link");
    check_str("works", redis_ask(loop, r, 0, "SET a b"), "OK");
    redis_free(r);
    script_peer_stop(peer);
}

/* We were stopped for longer than the deadline while the answer lay in the socket: not its fault. */
static void an_answer_that_waited_for_us_counts(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 500);
    struct seen s = { .want = 1 };

    redis_commandf(r, 0, saw, &s, "SET a b");
    loop_run_once(loop);
    if (!s.done)
        usleep(700000); /* the loop is held up, which is the case in question */
    check_wait(loop, &s.done, 5000, "answer");
    check_int("in time", s.last, LOA_OK);
    redis_free(r);
}

#define GARBAGE(text)                                                                                        \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        GREET, "<GET", ">" text, "~", NULL                                                                   \
    }

static void garbage_costs_the_link(void **state)
{
    (void)state;
    const char *const *const garbage[] = {
        GARBAGE("?what\r\n"), GARBAGE("*-7\r\n"),
        GARBAGE("$-2\r\n"),   GARBAGE("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
        GARBAGE(":x\r\n"),    GARBAGE("$5\r\nhalf"),
    };

    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        const char *const *const conversations[] = { garbage[i], works, NULL };
        struct script_peer *peer = script_peer_start(conversations);
        struct redis *r = redis_connected(loop, peer_url(peer), 1000);
        struct seen s = { .want = 1 };

        redis_commandf(r, 0, saw, &s, "GET a");
        check_wait(loop, &s.done, 5000, garbage[i][3]);
        check_true(garbage[i][3], s.last == LOA_UNAVAILABLE || s.last == LOA_TIMEOUT);
        wait_error(r, "heals", "");
        check_str("works", redis_ask(loop, r, 0, "SET a b"), "OK");
        redis_free(r);
        script_peer_stop(peer);
    }
}

static void a_killed_server_comes_back(void **state)
{
    (void)state;
    struct redis_server mine = { 0 };
    redis_server_start(&mine, loop, "killed", 0, NULL);
    struct redis *r = redis_connected(loop, mine.url, 10000);
    struct state_seen changes = { 0 };
    struct seen lost = { .want = 100 };

    redis_on_state(r, state_changed, &changes);
    check_str("stored", redis_ask(loop, r, 0, "SET kept yes"), "OK");
    redis_server_signal(&mine, SIGSTOP);
    for (int i = 0; i < 100; i++)
        redis_commandf(r, 0, saw, &lost, "INCR n");
    redis_server_signal(&mine, SIGKILL);
    check_wait(loop, &lost.done, 5000, "100 lost commands");
    check_int("first", lost.first, LOA_UNAVAILABLE);
    check_int("last", lost.last, LOA_UNAVAILABLE);
    check_true("not ready", !redis_ready(r) && changes.down);
    check_str("refused meanwhile", redis_ask(loop, r, 0, "GET kept"), "refused: unavailable");
    redis_server_stop(&mine, SIGKILL);
    redis_server_start(&mine, loop, "killed", 0, NULL);
    check_wait(loop, &changes.up, 10000, "a new link");
    check_str("nothing confirmed was lost", redis_ask(loop, r, 0, "GET kept"), "yes");
    check_int("each completed once", lost.count, 100);
    redis_free(r);
    redis_server_stop(&mine, SIGTERM);
}

static void logins(void **state)
{
    (void)state;
    struct redis_server mine = { 0 };
    int port = free_port();
    char url[100];
    struct redis *r = NULL;
    static const struct {
        const char *label, *login, *error;
    } cases[] = {
        { "password alone", ":secret@", "" },
        { "user and password", "loa:p%40ss%2Fword@", "" },
        { "wrong password", ":wrong@", "WRONGPASS invalid username-password pair or user is disabled." },
        { "none", "", "NOAUTH Authentication required." },
    };

    redis_server_start(&mine, loop, "login", port, NULL);
    struct redis *admin = redis_connected(loop, mine.url, 3000);
    check_str("user", redis_ask(loop, admin, 0, "ACL SETUSER loa on >p@ss/word ~* &* +@all"), "OK");
    check_str("password", redis_ask(loop, admin, 0, "CONFIG SET requirepass secret"), "OK");
    redis_free(admin);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(url, sizeof url, "redis://%slocalhost:%d", cases[i].login, port);
        check_int(cases[i].label, redis_new(loop, url, 3000, &r), LOA_OK);
        wait_error(r, cases[i].label, cases[i].error);
        redis_free(r);
    }
    redis_server_stop(&mine, SIGTERM);
}

/* ---- limits and ends ---- */

static void too_many_are_refused(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 20000);
    struct seen s = { .want = REDIS_PENDING_MAX };

    for (int i = 0; i < REDIS_PENDING_MAX; i++)
        assert_int_equal(redis_commandf(r, 0, saw, &s, "PING"), LOA_OK);
    check_int("one more", redis_commandf(r, 0, saw, &s, "PING"), LOA_BUSY);
    check_wait(loop, &s.done, 20000, "all of them");
    check_int("pending", redis_pending(r), 0);
    check_str("room again", redis_ask(loop, r, 0, "PING"), "PONG");
    redis_free(r);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct redis_server mine = { 0 };
    redis_server_start(&mine, loop, "stuck", 0, NULL);
    struct redis *r = redis_connected(loop, mine.url, 20000);
    struct seen s = { 0 };
    const size_t big = 24u << 20;
    char *data = calloc(1, big);
    int taken = 0;
    struct timer pause = { 0 };
    bool passed = false;

    redis_server_signal(&mine, SIGSTOP); /* it takes no more than its socket holds */
    while (taken < 10 && redis_commandf(r, 0, saw, &s, "SET a %b", data, big) == LOA_OK)
        taken++;
    check_int("the one that crosses the line is the last", taken, 3);
    timer_start(&pause, loop, 50, set_flag, &passed);
    check_wait(loop, &passed, 5000, "pause");
    check_int("no room while they are not taken", redis_commandf(r, 0, saw, &s, "PING"), LOA_BUSY);
    redis_free(r);
    check_int("all completed", s.count, taken);
    check_int("as cancelled", s.last, LOA_CANCELLED);
    free(data);
    redis_server_stop(&mine, SIGKILL);
}

static void the_end_completes_everything(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 5000);
    struct seen s = { .want = 10 };

    for (int i = 0; i < 10; i++)
        redis_commandf(r, 0, saw, &s, "PING");
    redis_free(r);
    check_true("at once", s.done);
    check_int("cancelled", s.first, LOA_CANCELLED);
    loop_run_once(loop);
    check_int("once", s.count, 10);

    struct seen inside = { .want = 10 }; /* freed by the first completion */
    inside.free_me = r = redis_connected(loop, server.url, 5000);
    for (int i = 0; i < 10; i++)
        redis_commandf(r, 0, saw, &inside, "PING");
    check_wait(loop, &inside.done, 5000, "freed inside");
    check_int("the first had its answer", inside.first, LOA_OK);
    check_int("the others not", inside.last, LOA_CANCELLED);
    redis_free(NULL);
}

static void a_bad_url_is_refused(void **state)
{
    (void)state;
    struct redis *r = NULL;
    check_int("scheme", redis_new(loop, "http://a", 1000, &r), LOA_INVALID);
    check_int("deadline", redis_new(loop, server.url, 0, &r), LOA_INVALID);
    check_true("nothing made", r == NULL);
}

static long resident_kb(void)
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f != NULL && fscanf(f, "%ld %ld", &pages, &resident) == 2)
        resident *= sysconf(_SC_PAGESIZE) / 1024;
    if (f != NULL)
        fclose(f);
    return resident;
}

static void many_commands(struct redis *r, int count)
{
    struct seen s = { .want = count };

    for (int sent = 0; sent < count; sent++) {
        while (redis_pending(r) >= 5000)
            loop_run_once(loop);
        assert_int_equal(redis_commandf(r, sent % 16, saw, &s, "INCR counter"), LOA_OK);
    }
    check_wait(loop, &s.done, 60000, "many commands");
    check_int("all fine", s.last, LOA_OK);
}

static void a_hundred_thousand_commands_leave_no_trace(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 20000);

    redis_ask(loop, r, 0, "SET counter 0");
    many_commands(r, 100000);
    long before_kb = resident_kb();
    int64_t begin_ms = clock_mono_ms();
    many_commands(r, 100000);
    int64_t took_ms = clock_mono_ms() - begin_ms;
    check_str("each exactly once", redis_ask(loop, r, 0, "GET counter"), "200000");
#if !defined(__SANITIZE_ADDRESS__)
    check_true("memory stays flat", resident_kb() - before_kb < 4096);
#endif
    (void)before_kb;
    check_true("quick even on a busy machine", took_ms < 20000);
    print_message("100000 INCR, fsync always, took %lld ms\n", (long long)took_ms);
    redis_free(r);
}

/* ---- replicas ---- */

static void replicas_can_be_waited_for(void **state)
{
    (void)state;
    static const char *const fast[] = { "--repl-diskless-sync-delay", "0", NULL };
    struct redis_server master = { 0 }, replica = { 0 };
    char replicaof[40];
    const char *const follow[] = { "--replicaof", replicaof, NULL };
    struct seen many = { .want = 1000 }, unheard = { .want = 30 }, cancelled = { .want = 2 };
    struct state_seen changes = { 0 };

    redis_server_start(&master, loop, "master", free_port(), fast);
    struct redis *r = redis_connected(loop, master.url, 2000);
    redis_wait_replicas(r, 1);
    check_str("no replica, no confirmation", redis_ask(loop, r, 0, "SET a 1"), "unavailable: (nil)");
    check_str("errors are errors", redis_ask(loop, r, 0, "SET a"),
              "invalid: ERR wrong number of arguments for 'set' command");
    snprintf(replicaof, sizeof replicaof, "127.0.0.1 %d", master.port);
    redis_server_start(&replica, loop, "replica", 0, follow);
    struct redis *patient = redis_connected(loop, master.url, 20000);
    redis_wait_replicas(patient, 1);
    for (int tries = 0; tries < 5 && strcmp(redis_ask(loop, patient, 0, "SET a 2"), "OK") != 0; tries++)
        ;
    struct redis *copy = redis_connected(loop, replica.url, 5000);
    check_str("confirmed means copied", redis_ask(loop, copy, 0, "GET a"), "2");
    for (int i = 0; i < 1000; i++) {
        check_int("sent", redis_commandf(patient, 0, saw, &many, "INCR n"), LOA_OK);
        if (i % 100 == 99)
            loop_run_once(loop); /* over several turns */
    }
    check_wait(loop, &many.done, 20000, "1000 confirmed");
    check_int("in order, each its own answer", many.sum, 500500);
    check_int("all", many.first + many.last, LOA_OK);

    redis_server_signal(&replica, SIGSTOP);
    check_str("a silent replica", redis_ask(loop, r, 0, "SET a 3"), "unavailable: (nil)");
    redis_on_state(r, state_changed, &changes);
    for (int i = 0; i < 30; i++) {
        struct timer pause = { 0 };
        bool passed = false;
        redis_commandf(r, 0, saw, &unheard, "SET a 3");
        timer_start(&pause, loop, 50, set_flag, &passed);
        check_wait(loop, &passed, 5000, "pause");
    }
    check_wait(loop, &unheard.done, 5000, "all told");
    check_true("unavailable, one and all",
               unheard.first == LOA_UNAVAILABLE && unheard.last == LOA_UNAVAILABLE);
    check_true("which is not the master's fault", !changes.down);
    struct redis *plain = redis_connected(loop, master.url, 5000);
    redis_commandf(r, 0, saw, &cancelled, "SET a 4");
    redis_commandf(r, 0, saw, &cancelled, "SET a 5");
    for (int tries = 0; tries < 1000 && strcmp(redis_ask(loop, plain, 0, "GET a"), "5") != 0; tries++)
        ; /* executed by then, and held */
    redis_free(r);
    redis_free(plain);
    check_int("ends like any other", cancelled.count, 2);
    check_int("cancelled", cancelled.last, LOA_CANCELLED);
    redis_free(copy);
    redis_free(patient);
    redis_server_stop(&replica, SIGKILL);
    redis_server_stop(&master, SIGTERM);
}

/* ---- subscriptions ---- */

struct inbox {
    int messages, empties;
    bool got_message, got_empty;
    char last[64];
};

static void message(void *ctx, const char *channel, const char *data, size_t len)
{
    struct inbox *in = ctx;

    check_str("channel", channel, "wake");
    if (len == 0) {
        in->empties++;
        in->got_empty = true;
        return;
    }
    in->messages++;
    in->got_message = true;
    snprintf(in->last, sizeof in->last, "%s", data);
}

static void subscriptions_survive(void **state)
{
    (void)state;
    struct redis *r = redis_connected(loop, server.url, 5000);
    struct inbox in = { 0 }, second = { 0 };

    check_int("subscribe", redis_subscribe(r, "wake", message, &in), LOA_OK);
    check_wait(loop, &in.got_empty, 5000, "begins with an empty message");
    check_str("one listener", redis_ask(loop, r, 0, "PUBLISH wake one"), "1");
    check_wait(loop, &in.got_message, 5000, "message");
    check_str("its text", in.last, "one");

    in.got_empty = in.got_message = false;
    redis_ask(loop, r, 0, "CLIENT KILL TYPE pubsub");
    check_wait(loop, &in.got_empty, 5000, "begins anew");
    redis_subscribe(r, "wake", message, &second);
    check_wait(loop, &second.got_empty, 5000, "a second listener");
    redis_ask(loop, r, 0, "PUBLISH wake two");
    check_wait(loop, &in.got_message, 5000, "message after the break");
    check_str("its text", in.last, "two");
    check_int("both got it", second.messages, 1);
    redis_free(r);
}

/* Subscribing is allowed before there is a server, and lasts over its absence. */
static void subscriptions_wait_for_the_server(void **state)
{
    (void)state;
    struct redis_server mine = { 0 };
    struct inbox in = { 0 };
    struct redis *r = NULL;
    int port = free_port();
    char url[60];

    snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    redis_new(loop, url, 5000, &r);
    redis_subscribe(r, "wake", message, &in);
    wait_error(r, "nobody there", "connection refused");
    for (int round = 0; round < 2; round++) {
        redis_server_start(&mine, loop, "waited-for", port, NULL);
        wait_error(r, "there", "");
        check_wait(loop, &in.got_empty, 10000, "subscribed");
        redis_ask(loop, r, 0, "PUBLISH wake hello");
        check_wait(loop, &in.got_message, 5000, "message");
        redis_server_stop(&mine, SIGTERM);
        wait_error(r, "gone", "connection refused");
        in.got_empty = in.got_message = false;
    }
    redis_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(bytes_survive),
        cmocka_unit_test(errors_are_sorted),
        cmocka_unit_test(a_server_in_trouble_is_unavailable),
        cmocka_unit_test(commands_of_a_turn_leave_together),
        cmocka_unit_test(greetings_are_understood),
        cmocka_unit_test(a_late_answer_costs_the_link),
        cmocka_unit_test(an_answer_that_waited_for_us_counts),
        cmocka_unit_test(garbage_costs_the_link),
        cmocka_unit_test(a_killed_server_comes_back),
        cmocka_unit_test(logins),
        cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(the_end_completes_everything),
        cmocka_unit_test(a_bad_url_is_refused),
        cmocka_unit_test(a_hundred_thousand_commands_leave_no_trace),
        cmocka_unit_test(replicas_can_be_waited_for),
        cmocka_unit_test(subscriptions_survive),
        cmocka_unit_test(subscriptions_wait_for_the_server),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
