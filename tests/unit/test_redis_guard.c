#include "peers.h"
#include "redis_server.h"
#include "loa/redis.h"
#include "loa/redis_guard.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;

static int start_loop(void **state)
{
    (void)state;
    loop = loop_new();
    return 0;
}

static int end_loop(void **state)
{
    (void)state;
    loop_free(loop);
    return 0;
}

/* ---- the guard's answer as one line: "faults: code code notes: code" ---- */

struct verdict {
    char text[512];
    char vi[4096];
    bool done;
};

static void add_codes(struct verdict *v, const char *title, const struct errors *list)
{
    size_t n = strlen(v->text), m = strlen(v->vi);

    n += (size_t)snprintf(v->text + n, sizeof v->text - n, "%s", list->count ? title : "");
    for (unsigned i = 0; i < list->count; i++) {
        n += (size_t)snprintf(v->text + n, sizeof v->text - n, " %s", list->item[i].code);
        m += (size_t)snprintf(v->vi + m, sizeof v->vi - m, "%s: %s\n%s\n", list->item[i].pointer,
                              list->item[i].detail, list->item[i].detail_vi);
    }
}

static void judged(void *ctx, enum loa_status st, const struct errors *faults, const struct errors *notes)
{
    struct verdict *v = ctx;

    v->done = true;
    if (st != LOA_OK) {
        snprintf(v->text, sizeof v->text, "%s", loa_status_word(st));
        return;
    }
    add_codes(v, "faults:", faults);
    add_codes(v, faults->count && notes->count ? " notes:" : "notes:", notes);
}

static const char *guard(struct redis *r, struct redis_guard_options o)
{
    static struct verdict v;

    v = (struct verdict){ 0 };
    check_int("guard", redis_guard(r, &o, judged, &v), LOA_OK);
    check_wait(loop, &v.done, 10000, "guard");
    return v.text;
}

/* ---- settings ---- */

static const struct {
    const char *label, *set[3], *want, *want_everysec;
} settings[] = {
    { "as it should be", { NULL }, "", "" },
    { "eviction",
      { "maxmemory 100mb", "maxmemory-policy allkeys-lru" },
      "faults: eviction",
      "faults: eviction" },
    { "eviction of what expires",
      { "maxmemory-policy volatile-ttl" },
      "faults: eviction",
      "faults: eviction" },
    { "eviction without a limit never happens", { "maxmemory 0" }, "notes: eviction", "notes: eviction" },
    { "a limit alone is fine", { "maxmemory-policy noeviction", "maxmemory 100mb" }, "", "" },
    { "once a second", { "appendfsync everysec" }, "faults: everysec", "notes: everysec" },
    { "whenever the system likes", { "appendfsync no" }, "faults: no_fsync", "faults: no_fsync" },
    { "not while rewriting",
      { "appendfsync always", "no-appendfsync-on-rewrite yes" },
      "faults: lazy_rewrite",
      "notes: lazy_rewrite" },
    { "memory alone", { "appendonly no" }, "faults: no_aof", "faults: no_aof" },
    { "two faults at once",
      { "maxmemory-policy allkeys-random" },
      "faults: eviction no_aof",
      "faults: eviction no_aof" },
};

static void settings_are_judged(void **state)
{
    (void)state;
    struct redis_server s = { 0 };
    char command[100];

    redis_server_start(&s, loop, "settings", 0, NULL);
    struct redis *r = redis_connected(loop, s.url, 5000);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        for (size_t k = 0; k < 3 && settings[i].set[k] != NULL; k++) {
            snprintf(command, sizeof command, "CONFIG SET %s", settings[i].set[k]);
            check_str(command, redis_ask(loop, r, 0, command), "OK");
        }
        check_str(settings[i].label, guard(r, (struct redis_guard_options){ 0 }), settings[i].want);
        check_str(settings[i].label, guard(r, (struct redis_guard_options){ .allow_everysec = true }),
                  settings[i].want_everysec);
    }
    redis_free(r);
    redis_server_stop(&s, SIGTERM);
}

static void sentences_name_the_line(void **state)
{
    (void)state;
    struct redis_server s = { 0 };
    struct verdict v = { 0 };
    static const char *const options[] = { "--appendonly", "no", NULL };

    redis_server_start(&s, loop, "sentences", 0, options);
    struct redis *r = redis_connected(loop, s.url, 5000);
    check_int("guard", redis_guard(r, &(struct redis_guard_options){ 0 }, judged, &v), LOA_OK);
    check_true("not inside the call", !v.done);
    check_wait(loop, &v.done, 10000, "guard");
    check_str(
        "both languages", v.vi,
        "redis.conf: appendonly: Redis keeps the data in memory alone, a restart loses it; set: appendonly yes and "
        "appendfsync always\n"
        "Redis chỉ giữ dữ liệu trong bộ nhớ, khởi động lại là mất; sửa thành: appendonly yes và appendfsync always\n");
    redis_free(r);
    redis_server_stop(&s, SIGTERM);
}

static void a_replica_is_refused_and_its_master_noted(void **state)
{
    (void)state;
    struct redis_server master = { 0 }, replica = { 0 };
    char replicaof[40];
    int port = free_port();
    const char *const options[] = { "--replicaof", replicaof, NULL };
    static const char *const fast[] = { "--repl-diskless-sync-delay", "0", NULL };

    redis_server_start(&master, loop, "master", port, fast);
    snprintf(replicaof, sizeof replicaof, "127.0.0.1 %d", port);
    redis_server_start(&replica, loop, "replica", 0, options);
    struct redis *m = redis_connected(loop, master.url, 5000), *r = redis_connected(loop, replica.url, 5000);
    redis_ask(loop, m, 0, "SET a b");
    check_str("the replica follows", redis_ask(loop, m, 0, "WAIT 1 4000"), "1");
    check_str("replica", guard(r, (struct redis_guard_options){ 0 }), "faults: replica");
    check_str("master", guard(m, (struct redis_guard_options){ 0 }), "notes: replicas");
    check_str("waited for", guard(m, (struct redis_guard_options){ .wait_replicas = 1 }), "");
    redis_free(m);
    redis_free(r);
    redis_server_stop(&replica, SIGTERM);
    redis_server_stop(&master, SIGTERM);
}

static void a_cluster_wants_its_own_url(void **state)
{
    (void)state;
    struct redis_server s = { 0 };
    char bus[8], url[40];
    snprintf(bus, sizeof bus, "%d", free_port());
    const char *const options[] = { "--cluster-enabled", "yes", "--cluster-port", bus, NULL };

    redis_server_start(&s, loop, "cluster", free_port(), options);
    struct redis *r = redis_connected(loop, s.url, 5000);
    check_str("plain url", guard(r, (struct redis_guard_options){ 0 }), "faults: cluster");
    check_str("all slots", redis_ask(loop, r, 0, "CLUSTER ADDSLOTSRANGE 0 16383"), "OK");
    redis_free(r);
    snprintf(url, sizeof url, "cluster://127.0.0.1:%d", s.port);
    r = redis_connected(loop, url, 5000);
    check_str("cluster url, each node once",
              guard(r, (struct redis_guard_options){ .cluster = true, .partitions = 16 }),
              "notes: full_coverage");
    redis_free(r);
    redis_server_stop(&s, SIGTERM);
}

static void forbidden_config_is_noted(void **state)
{
    (void)state;
    struct redis_server s = { 0 };
    char url[400];

    redis_server_start(&s, loop, "forbidden", free_port(), NULL);
    struct redis *admin = redis_connected(loop, s.url, 5000);
    check_str("user", redis_ask(loop, admin, 0, "ACL SETUSER loa on >secret ~* &* +@all -config"), "OK");
    snprintf(url, sizeof url, "redis://loa:secret@127.0.0.1:%d", s.port);
    struct redis *r = redis_connected(loop, url, 5000);
    check_str("note", guard(r, (struct redis_guard_options){ 0 }), "notes: unverified");
    check_str("what INFO tells still counts", redis_ask(loop, admin, 0, "CONFIG SET appendonly no"), "OK");
    check_str("fault", guard(r, (struct redis_guard_options){ 0 }), "faults: no_aof");
    redis_free(admin);
    redis_free(r);
    redis_server_stop(&s, SIGTERM);
}

#define OLD_INFO                                                                                             \
    "# Server\r\nredis_version:6.0.16\r\nrun_id:1\r\ntcp_port:1\r\n# Memory\r\nmaxmemory:0\r\n"              \
    "maxmemory_policy:noeviction\r\n# Persistence\r\naof_enabled:1\r\n# Replication\r\nrole:master\r\n"      \
    "connected_slaves:0\r\n# Cluster\r\ncluster_enabled:0\r\n"

static void an_old_server_is_refused(void **state)
{
    (void)state;
    static char answer[1024];
    snprintf(answer, sizeof answer,
             ">$%zu\r\n%s\r\n*2\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n*2\r\n$1\r\nx\r\n$2\r\nno\r\n*0\r\n",
             strlen(OLD_INFO), OLD_INFO);
    const char *const talk[] = { "<PING\r\n", ">+PONG\r\n", "<full-coverage\r\n", answer, "~", NULL };
    const char *const breaks[] = { "<PING\r\n", ">+PONG\r\n", "<INFO", NULL };
    const char *const *const old[] = { talk, NULL }, *const *const broken[] = { breaks, NULL };
    char url[40];

    struct script_peer *peer = script_peer_start(old);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", script_peer_port(peer));
    struct redis *r = redis_connected(loop, url, 5000);
    check_str("6.0", guard(r, (struct redis_guard_options){ 0 }), "faults: too_old");
    redis_free(r);
    script_peer_stop(peer);

    peer = script_peer_start(broken);
    snprintf(url, sizeof url, "redis://127.0.0.1:%d", script_peer_port(peer));
    r = redis_connected(loop, url, 5000);
    check_str("lost in the middle", guard(r, (struct redis_guard_options){ 0 }), "unavailable");
    redis_free(r);
    script_peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_are_judged),
        cmocka_unit_test(sentences_name_the_line),
        cmocka_unit_test(a_replica_is_refused_and_its_master_noted),
        cmocka_unit_test(a_cluster_wants_its_own_url),
        cmocka_unit_test(forbidden_config_is_noted),
        cmocka_unit_test(an_old_server_is_refused),
    };
    return cmocka_run_group_tests(tests, start_loop, end_loop);
}
