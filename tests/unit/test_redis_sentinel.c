/* A real master, replica and sentinel, and two real failovers. */
#include "peers.h"
#include "redis_server.h"
#include "loa/clock.h"
#include "loa/redis.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;
static struct redis_server server[2];
static int sentinel_port;
static pid_t sentinel;
static struct redis *r;

static bool up, subscribed, heard;

static void state_changed(void *ctx, bool ready)
{
    (void)ctx;
    up = ready;
}

static void message(void *ctx, const char *channel, const char *data, size_t len)
{
    (void)ctx, (void)channel, (void)data;
    if (len == 0)
        subscribed = true;
    else
        heard = true;
}

static void set_flag(void *ctx)
{
    *(bool *)ctx = true;
}

static const char *ask_until(struct redis *at, const char *command, const char *want)
{
    const int64_t end_ms = clock_mono_ms() + 30000;
    const char *got = redis_ask(loop, at, 0, command);

    while (strstr(got, want) == NULL && clock_mono_ms() < end_ms) {
        struct timer t = { 0 };
        bool passed = false;
        timer_start(&t, loop, 20, set_flag, &passed);
        while (!passed)
            loop_run_once(loop);
        got = redis_ask(loop, at, 0, command);
    }
    if (strstr(got, want) == NULL)
        check_str(command, got, want);
    return got;
}

static void start_sentinel(void)
{
    char conf[300], log[300];

    sentinel_port = free_port();
    snprintf(conf, sizeof conf, "%s/sentinel.conf", check_tmpdir());
    snprintf(log, sizeof log, "%s/sentinel.log", check_tmpdir());
    FILE *f = fopen(conf, "w");
    fprintf(f,
            "bind 127.0.0.1\nport %d\ndir %s\n"
            "sentinel monitor loa-main 127.0.0.1 %d 1\n"
            "sentinel down-after-milliseconds loa-main 500\n"
            "sentinel failover-timeout loa-main 3000\n",
            sentinel_port, check_tmpdir(), server[0].port);
    fclose(f);
    const char *argv[] = { "redis-server", conf, "--sentinel", NULL };
    sentinel = start_process(argv, log);
    wait_for_port(sentinel_port, 20000);
}

static struct redis *at_sentinel(void)
{
    char url[40];
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", sentinel_port);
    return redis_connected(loop, url, 5000);
}

static int start_all(void **state)
{
    (void)state;
    char url[100], replicaof[40];
    static const char *const fast[] = { "--repl-diskless-sync-delay", "0", NULL };
    const char *const follow[] = { "--repl-diskless-sync-delay", "0", "--replicaof", replicaof, NULL };

    loop = loop_new();
    redis_server_start(&server[0], loop, "one", free_port(), fast);
    snprintf(replicaof, sizeof replicaof, "127.0.0.1 %d", server[0].port);
    redis_server_start(&server[1], loop, "two", free_port(), follow);
    start_sentinel();
    struct redis *s = at_sentinel();
    ask_until(s, "SENTINEL REPLICAS loa-main", "slave");
    ask_until(s, "INFO sentinel", "status=ok,address=127.0.0.1:");
    redis_free(s);
    /* The first sentinel of the list is not there. */
    snprintf(url, sizeof url, "sentinel://127.0.0.1:%d,localhost:%d/loa-main", free_port(), sentinel_port);
    r = redis_connected(loop, url, 2000);
    redis_on_state(r, state_changed, NULL);
    check_int("subscribe", redis_subscribe(r, "wake", message, NULL), LOA_OK);
    check_wait(loop, &subscribed, 10000, "subscribed");
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    redis_free(r);
    stop_process(sentinel);
    redis_server_stop(&server[0], SIGTERM);
    redis_server_stop(&server[1], SIGTERM);
    loop_free(loop);
    return 0;
}

/* Has the subscription reached the present master? */
static void wakes_arrive(void)
{
    for (heard = false; !heard;)
        ask_until(r, "PUBLISH wake up", "1");
}

static void the_master_is_found(void **state)
{
    (void)state;
    check_str("write", redis_ask(loop, r, 0, "SET a 1"), "OK");
    check_true("at the master", strncmp(redis_ask(loop, r, 0, "ROLE"), "[master", 7) == 0);
    wakes_arrive();
}

/* An operator asks for it; the old master lives on, as a replica, and keeps its connections or not. */
static void a_planned_switch_is_followed(void **state)
{
    (void)state;
    struct redis *s = at_sentinel();
    char want[40];

    check_str("copied", redis_ask(loop, r, 0, "WAIT 1 5000"), "1");
    snprintf(want, sizeof want, "127.0.0.1 %d", server[1].port);
    ask_until(s, "SENTINEL FAILOVER loa-main", "OK");
    ask_until(s, "SENTINEL GET-MASTER-ADDR-BY-NAME loa-main", want);
    snprintf(want, sizeof want, "tcp_port:%d", server[1].port);
    ask_until(r, "INFO server", want);
    check_true("connected", redis_ready(r));
    check_str("writable", redis_ask(loop, r, 0, "SET a 2"), "OK");
    wakes_arrive();
    /* The old one follows the new one before the next test begins. */
    ask_until(r, "INFO replication", "state=online");
    redis_free(s);
}

/* The master dies without a word. */
static void a_dead_master_is_replaced(void **state)
{
    (void)state;
    struct redis *s = at_sentinel();

    ask_until(s, "INFO sentinel", "status=ok,address=127.0.0.1:");
    ask_until(s, "SENTINEL REPLICAS loa-main", "master-link-status ok");
    check_str("written", redis_ask(loop, r, 0, "SET a 3"), "OK");
    check_str("and copied", redis_ask(loop, r, 0, "WAIT 1 5000"), "1");
    up = redis_ready(r);
    redis_server_stop(&server[1], SIGKILL);
    ask_until(r, "PING", "refused: unavailable");
    check_true("told", !up);
    check_wait(loop, &up, 60000, "a new master");
    check_str("nothing acknowledged was lost", redis_ask(loop, r, 0, "GET a"), "3");
    ask_until(r, "SET a 4", "OK");
    wakes_arrive();
    redis_free(s);
}

static void an_unknown_master_is_told(void **state)
{
    (void)state;
    struct redis *other = NULL;
    char url[60];

    snprintf(url, sizeof url, "sentinel://127.0.0.1:%d/nobody", sentinel_port);
    redis_new(loop, url, 2000, &other);
    for (int turns = 0; turns < 1000 && strstr(redis_error(other), "does not know") == NULL; turns++)
        loop_run_once(loop);
    check_str("says why", redis_error(other), "the sentinel does not know this master");
    redis_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_master_is_found),
        cmocka_unit_test(a_planned_switch_is_followed),
        cmocka_unit_test(a_dead_master_is_replaced),
        cmocka_unit_test(an_unknown_master_is_told),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
