/* A real cluster of three masters and one replica, made with redis-cli. */
#include "peers.h"
#include "redis_server.h"
#include "loa/clock.h"
#include "loa/redis.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES      4 /* the last one is the replica */
#define MASTERS    3
#define PARTITIONS 16

static struct loop *loop;
static struct redis_server server[NODES];
static struct redis *direct[NODES]; /* past the Cluster client, to one node */
static char id[NODES][41];
static struct redis *cluster;

/* ---- the cluster ---- */

static void start_node(int i, int port)
{
    char name[8], bus[8];

    snprintf(name, sizeof name, "node%d", i);
    snprintf(bus, sizeof bus, "%d", free_port());
    const char *const options[] = { "--cluster-enabled",
                                    "yes",
                                    "--cluster-node-timeout",
                                    "1000",
                                    "--cluster-port",
                                    bus,
                                    "--cluster-require-full-coverage",
                                    "no",
                                    "--repl-diskless-sync-delay",
                                    "0",
                                    "--cluster-replica-validity-factor",
                                    "0",
                                    NULL };
    redis_server_start(&server[i], loop, name, port, options);
}

static void set_flag(void *ctx)
{
    *(bool *)ctx = true;
}

static void a_moment(int ms)
{
    struct timer t = { 0 };
    bool passed = false;

    timer_start(&t, loop, ms, set_flag, &passed);
    while (!passed)
        loop_run_once(loop);
}

/* Repeats `command` at `r` until the answer contains `want`. */
static void ask_until(struct redis *r, int partition, const char *command, const char *want)
{
    const int64_t end_ms = clock_mono_ms() + 20000;
    const char *got = redis_ask(loop, r, partition, command);

    while (strstr(got, want) == NULL && clock_mono_ms() < end_ms) {
        a_moment(20);
        got = redis_ask(loop, r, partition, command);
    }
    if (strstr(got, want) == NULL)
        check_str(command, got, want);
}

static void create_cluster(void)
{
    char address[MASTERS][24], log[300];
    const char *argv[16] = { "redis-cli", "--cluster", "create" };
    int n = 3;

    for (int i = 0; i < MASTERS; i++) {
        snprintf(address[i], sizeof address[i], "127.0.0.1:%d", server[i].port);
        argv[n++] = address[i];
    }
    argv[n] = "--cluster-yes";
    snprintf(log, sizeof log, "%s/create.log", check_tmpdir());
    check_int("redis-cli --cluster create", run_process(argv, log), 0);
}

static void add_replica(void)
{
    char command[80];
    const char *bus = redis_ask(loop, direct[0], -1, "CONFIG GET cluster-port"); /* [cluster-port 12345] */

    snprintf(command, sizeof command, "CLUSTER MEET 127.0.0.1 %d %ld", server[0].port,
             strtol(strchr(bus, ' ') + 1, NULL, 10));
    check_str("meet", redis_ask(loop, direct[3], -1, command), "OK");
    ask_until(direct[3], -1, "CLUSTER INFO", "cluster_known_nodes:4");
    snprintf(command, sizeof command, "CLUSTER REPLICATE %s", id[0]);
    ask_until(direct[3], -1, command, "OK");
    ask_until(direct[0], -1, "INFO replication", "state=online");
}

static int start_cluster(void **state)
{
    (void)state;
    char url[40];

    loop = loop_new();
    for (int i = 0; i < NODES; i++) {
        start_node(i, free_port());
        direct[i] = redis_connected(loop, server[i].url, 5000);
        snprintf(id[i], sizeof id[i], "%s", redis_ask(loop, direct[i], -1, "CLUSTER MYID"));
    }
    create_cluster();
    add_replica();
    for (int i = 0; i < NODES; i++)
        ask_until(direct[i], -1, "CLUSTER INFO", "cluster_state:ok");
    snprintf(url, sizeof url, "cluster://127.0.0.1:%d", server[2].port); /* it learns the others */
    cluster = redis_connected(loop, url, 2000);
    return 0;
}

static int stop_cluster(void **state)
{
    (void)state;
    redis_free(cluster);
    for (int i = 0; i < NODES; i++) {
        redis_free(direct[i]);
        redis_server_stop(&server[i], SIGTERM);
    }
    loop_free(loop);
    return 0;
}

static const char *key(int partition, const char *name)
{
    static char out[4][64];
    static unsigned next;
    char tag[REDIS_TAG_BYTES], *p = out[next++ % 4];

    snprintf(p, sizeof out[0], "loa:%s:%s", redis_partition_tag(partition, tag), name);
    return p;
}

static const char *set(int partition, const char *name, const char *value)
{
    char command[120];
    snprintf(command, sizeof command, "SET %s %s", key(partition, name), value);
    return redis_ask(loop, cluster, partition, command);
}

static const char *get(int partition, const char *name)
{
    char command[120];
    snprintf(command, sizeof command, "GET %s", key(partition, name));
    return redis_ask(loop, cluster, partition, command);
}

static void set_until_ok(int partition)
{
    char command[120];
    snprintf(command, sizeof command, "SET %s back", key(partition, "again"));
    ask_until(cluster, partition, command, "OK");
}

/* Index of the master that holds the partition, as the servers see it. */
static int holder(int partition)
{
    char command[60];

    for (int i = 0; i < NODES; i++) {
        snprintf(command, sizeof command, "EXISTS %s", key(partition, "probe"));
        const char *got = redis_ask(loop, direct[i], -1, command);
        if (strcmp(got, "0") == 0 || strcmp(got, "1") == 0)
            return i;
    }
    fail_msg("nobody holds partition %d", partition);
    return -1;
}

/* ---- tests ---- */

static long long moved_answers(void)
{
    long long sum = 0;

    for (int i = 0; i < MASTERS; i++) {
        const char *at = strstr(redis_ask(loop, direct[i], -1, "INFO errorstats"), "errorstat_MOVED:count=");
        sum += at == NULL ? 0 : strtoll(at + strlen("errorstat_MOVED:count="), NULL, 10);
    }
    return sum;
}

static void commands_find_their_master(void **state)
{
    (void)state;
    bool used[NODES] = { 0 };
    long long before = moved_answers();

    for (int p = 0; p < PARTITIONS; p++) {
        check_str("set", set(p, "x", "1"), "OK");
        check_str("get", get(p, "x"), "1");
    }
    check_int("at once, without a detour", moved_answers(), before);
    for (int p = 0; p < PARTITIONS; p++)
        used[holder(p)] = true;
    check_true("spread over all masters", used[0] && used[1] && used[2]);
    for (int i = 0; i < 20; i++) {
        char command[40];
        snprintf(command, sizeof command, "SET key%d %d", i, i);
        check_str("a key of no partition finds its way", redis_ask(loop, cluster, -1, command), "OK");
    }
}

static void one_slot_per_script(void **state)
{
    (void)state;
    char command[200];

    snprintf(command, sizeof command, "EVAL return(redis.call('mget',KEYS[1],KEYS[2])) 2 %s %s", key(3, "x"),
             key(3, "y"));
    check_str("keys of one partition", redis_ask(loop, cluster, 3, command), "[1 (nil)]");
    snprintf(command, sizeof command, "MGET %s %s", key(3, "x"), key(4, "x"));
    check_true("of two", strncmp(redis_ask(loop, cluster, 3, command), "invalid: CROSSSLOT", 18) == 0);
}

static void setslot(int at, unsigned slot, const char *what, int other)
{
    char command[120];

    snprintf(command, sizeof command, "CLUSTER SETSLOT %u %s %s", slot, what, id[other]);
    check_str(command, redis_ask(loop, direct[at], -1, command), "OK");
}

static void a_slot_moves_under_us(void **state)
{
    (void)state;
    const int p = 5;
    const unsigned slot = redis_partition_slot(p);
    const int from = holder(p), to = (from + 1) % MASTERS;
    char command[200];

    check_str("stored before", set(p, "old", "1"), "OK");
    setslot(to, slot, "IMPORTING", from);
    setslot(from, slot, "MIGRATING", to);
    check_str("still here", get(p, "old"), "1");
    check_str("ASK is followed", set(p, "new", "2"), "OK");
    check_str("and again", get(p, "new"), "2");
    snprintf(command, sizeof command, "MGET %s %s", key(p, "old"), key(p, "new"));
    check_true("half here, half there",
               strncmp(redis_ask(loop, cluster, p, command), "unavailable: TRYAGAIN", 21) == 0);
    snprintf(command, sizeof command, "MIGRATE 127.0.0.1 %d %s 0 5000", server[to].port, key(p, "old"));
    check_str("moved", redis_ask(loop, direct[from], -1, command), "OK");
    snprintf(command, sizeof command, "MIGRATE 127.0.0.1 %d %s 0 5000", server[to].port, key(p, "x"));
    redis_ask(loop, direct[from], -1, command);
    setslot(to, slot, "NODE", to);
    setslot(from, slot, "NODE", to);

    long long before = moved_answers();
    check_str("MOVED is followed", get(p, "old"), "1");
    check_int("by one detour", moved_answers(), before + 1);
    check_str("the way is known now", get(p, "new"), "2");
    check_int("without another", moved_answers(), before + 1);
}

static void state_flag(void *ctx, bool ready)
{
    *(bool *)ctx = ready;
}

static void message(void *ctx, const char *channel, const char *data, size_t len)
{
    (void)channel, (void)data;
    if (len > 0)
        *(bool *)ctx = true;
}

static void wakes_cross_the_cluster(void **state)
{
    (void)state;
    static bool heard; /* the subscription stays with the client */

    check_int("subscribe", redis_subscribe(cluster, "wake", message, &heard), LOA_OK);
    for (int i = 0; i < MASTERS; i++) {
        heard = false;
        for (int tries = 0; !heard && tries < 500; tries++) { /* the subscription may not stand yet */
            redis_ask(loop, direct[i], -1, "PUBLISH wake up");
            a_moment(10);
        }
        check_true("published at any node", heard);
    }
}

static int partition_of(int node)
{
    for (int p = 0; p < PARTITIONS; p++)
        if (holder(p) == node)
            return p;
    return -1;
}

/* A master without a replica dies: its partitions wait, the others go on. */
static void a_master_is_away_for_a_while(void **state)
{
    (void)state;
    static bool ready;
    const int lost = partition_of(1), other = partition_of(2), port = server[1].port;

    ready = true;
    redis_on_state(cluster, state_flag, &ready);
    check_str("stored", set(lost, "kept", "yes"), "OK");
    redis_server_stop(&server[1], SIGKILL);
    ask_until(cluster, lost, "PING", "refused: unavailable");
    check_true("not ready", !redis_ready(cluster) && !ready);
    check_str("the others go on", set(other, "x", "2"), "OK");
    start_node(1, port);
    check_wait(loop, &ready, 20000, "ready again");
    set_until_ok(lost);
    check_str("nothing confirmed was lost", get(lost, "kept"), "yes");
}

/* A master with a replica dies: the replica takes over, and we find it. */
static void a_replica_takes_over(void **state)
{
    (void)state;
    const int p = partition_of(0);

    check_str("stored", set(p, "kept", "yes"), "OK");
    check_str("and copied", redis_ask(loop, direct[0], -1, "WAIT 1 5000"), "1");
    redis_server_stop(&server[0], SIGKILL);
    set_until_ok(p);
    check_str("nothing acknowledged was lost", get(p, "kept"), "yes");
    check_int("the replica holds it now", holder(p), 3);
    check_true("ready without the dead one", redis_ready(cluster));
}

static void not_a_cluster(void **state)
{
    (void)state;
    struct redis_server plain = { 0 };
    struct redis *r = NULL;
    char url[40];

    redis_server_start(&plain, loop, "plain", free_port(), NULL);
    snprintf(url, sizeof url, "cluster://127.0.0.1:%d", plain.port);
    redis_new(loop, url, 2000, &r);
    const int64_t end_ms = clock_mono_ms() + 5000;
    while (strstr(redis_error(r), "cluster support disabled") == NULL && clock_mono_ms() < end_ms)
        a_moment(10);
    check_str("says why", redis_error(r), "ERR This instance has cluster support disabled");
    redis_free(r);
    redis_server_stop(&plain, SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_find_their_master),
        cmocka_unit_test(one_slot_per_script),
        cmocka_unit_test(a_slot_moves_under_us),
        cmocka_unit_test(wakes_cross_the_cluster),
        cmocka_unit_test(a_master_is_away_for_a_while),
        cmocka_unit_test(a_replica_takes_over),
        cmocka_unit_test(not_a_cluster),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
