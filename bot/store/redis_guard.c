#include "loa/redis_guard.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX  128
#define NODES_MAX 64
#define OLDEST    602 /* 6.2: what the scripts and XAUTOCLAIM need */

/* What one node says of itself. */
struct facts {
    char run_id[WORD_MAX], version[WORD_MAX], role[WORD_MAX], policy[WORD_MAX], maxmemory[WORD_MAX],
        aof[WORD_MAX];
    char cluster[WORD_MAX], replicas[WORD_MAX], port[WORD_MAX], file[WORD_MAX]; /* of INFO */
    char fsync[WORD_MAX], lazy_rewrite[WORD_MAX], full_coverage[WORD_MAX];      /* of CONFIG GET */
    bool config_forbidden;
};

struct guard {
    struct redis *redis;
    struct redis_guard_options options;
    redis_guard_fn *done;
    void *ctx;
    struct errors *faults, *notes;
    struct facts now;
    char seen[NODES_MAX][WORD_MAX]; /* run_ids of the nodes judged */
    unsigned seen_count, partition, waiting;
    enum loa_status worst;
};

/* ---- judging one node ---- */

static bool is(const char *value, const char *want)
{
    return strcmp(value, want) == 0;
}

/* "7.0.15" → 700 */
static int version_number(const char *version)
{
    char *dot;
    long major = strtol(version, &dot, 10), minor = *dot == '.' ? strtol(dot + 1, NULL, 10) : 0;
    return (int)(major * 100 + minor);
}

static const char *place(const struct guard *g, const char *setting)
{
    static char out[2 * WORD_MAX + 64];
    const struct facts *f = &g->now;

    if (g->options.cluster)
        snprintf(out, sizeof out, "port %s, %s: %s", f->port, f->file[0] ? f->file : "redis.conf", setting);
    else
        snprintf(out, sizeof out, "%s: %s", f->file[0] ? f->file : "redis.conf", setting);
    return out;
}

static void judge_kind(struct guard *g)
{
    const struct facts *f = &g->now;

    if (version_number(f->version) < OLDEST)
        fault_at(g->faults, place(g, "redis_version"), 0, "too_old", "Redis %s quá cũ: cần bản 6.2 trở lên",
                 "Redis %s is too old: 6.2 or newer is needed", f->version);
    if (!is(f->role, "master"))
        fault_at(
            g->faults, place(g, "replicaof"), 0, "replica",
            "máy chủ này là bản sao (%s), không ghi được: trỏ [redis] url tới máy chính, hoặc dùng sentinel://",
            "this server is a replica (%s) and takes no writes: point [redis] url to the master, or use sentinel://",
            f->role);
    if (is(f->cluster, "1") && !g->options.cluster)
        fault_at(g->faults, place(g, "cluster-enabled"), 0, "cluster",
                 "máy chủ này thuộc một cụm: đổi [redis] url thành %s",
                 "this server is part of a cluster: make [redis] url %s", "cluster://host:port,host:port");
}

static void judge_memory(struct guard *g)
{
    const struct facts *f = &g->now;

    if (is(f->policy, "noeviction"))
        return;
    bool limited = !is(f->maxmemory, "0");
    fault_at(
        limited ? g->faults : g->notes, place(g, "maxmemory-policy"), 0, "eviction",
        "khi đầy bộ nhớ, Redis sẽ tự xóa dữ liệu (%s), kể cả tin chưa gửi; sửa thành: maxmemory-policy noeviction",
        "when memory is full Redis would throw data away (%s), unsent messages too; set: maxmemory-policy noeviction",
        f->policy);
}

static void judge_fsync(struct guard *g)
{
    const struct facts *f = &g->now;
    bool everysec = is(f->fsync, "everysec");

    if (f->config_forbidden) {
        fault_at(
            g->notes, place(g, "appendfsync"), 0, "unverified",
            "không được phép đọc CONFIG nên không biết có ghi đĩa ngay không; tự kiểm tra: appendfsync %s",
            "CONFIG is forbidden to us, so we cannot tell when writes reach the disk; check yourself: appendfsync %s",
            "always");
        return;
    }
    if (everysec)
        fault_at(
            g->options.allow_everysec ? g->notes : g->faults, place(g, "appendfsync"), 0, "everysec",
            "mất điện có thể mất tới một giây dữ liệu đã xác nhận (%s); sửa thành: appendfsync always, hoặc chấp nhận "
            "bằng [redis] allow_everysec = yes",
            "a power cut may lose a second of confirmed data (%s); set: appendfsync always, or accept it with "
            "[redis] allow_everysec = yes",
            f->fsync);
    else if (!is(f->fsync, "always"))
        fault_at(g->faults, place(g, "appendfsync"), 0, "no_fsync",
                 "Redis để hệ điều hành tự chọn lúc ghi đĩa (%s); sửa thành: appendfsync always",
                 "Redis leaves it to the system when writes reach the disk (%s); set: appendfsync always",
                 f->fsync);
    if (is(f->lazy_rewrite, "yes"))
        fault_at(
            g->options.allow_everysec ? g->notes : g->faults, place(g, "no-appendfsync-on-rewrite"), 0,
            "lazy_rewrite",
            "trong lúc ghi lại tệp AOF, dữ liệu không được ghi đĩa ngay (%s); sửa thành: no-appendfsync-on-rewrite no",
            "while the append-only file is rewritten nothing is synced (%s); set: no-appendfsync-on-rewrite no",
            f->lazy_rewrite);
}

static void judge_disk(struct guard *g)
{
    if (is(g->now.aof, "1")) {
        judge_fsync(g);
        return;
    }
    fault_at(
        g->faults, place(g, "appendonly"), 0, "no_aof",
        "Redis chỉ giữ dữ liệu trong bộ nhớ, khởi động lại là mất; sửa thành: appendonly yes và appendfsync always",
        "Redis keeps the data in memory alone, a restart loses it; set: appendonly yes and appendfsync always");
}

static void judge_company(struct guard *g)
{
    const struct facts *f = &g->now;

    if (strtol(f->replicas, NULL, 10) > 0 && g->options.wait_replicas == 0)
        fault_at(
            g->notes, place(g, "replicas"), 0, "replicas",
            "có %s bản sao nhưng loa không chờ chúng: nếu máy chính hỏng, vài tin vừa nhận có thể mất; đặt [redis] "
            "wait_replicas = 1",
            "there are %s replicas but loa does not wait for them: when the master dies, the last few messages may go "
            "with it; set [redis] wait_replicas = 1",
            f->replicas);
    if (g->options.cluster && is(f->full_coverage, "yes"))
        fault_at(
            g->notes, place(g, "cluster-require-full-coverage"), 0, "full_coverage",
            "một máy chính hỏng sẽ làm dừng cả cụm (%s); nên sửa thành: cluster-require-full-coverage no",
            "one lost master stops the whole cluster (%s); better: cluster-require-full-coverage no",
            f->full_coverage);
}

static bool seen_before(struct guard *g)
{
    for (unsigned i = 0; i < g->seen_count; i++)
        if (is(g->seen[i], g->now.run_id))
            return true;
    if (g->seen_count < NODES_MAX)
        memcpy(g->seen[g->seen_count++], g->now.run_id, WORD_MAX);
    return false;
}

/* ---- asking ---- */

/* Copies the value of "\nname:value\r" in an INFO answer; "" when it is not there. */
static void info_word(char out[WORD_MAX], const char *info, const char *name)
{
    size_t n = strlen(name);

    out[0] = '\0';
    for (const char *at = info; (at = strstr(at, name)) != NULL; at += n)
        if (at > info && at[-1] == '\n' && at[n] == ':') {
            snprintf(out, WORD_MAX, "%.*s", (int)strcspn(at + n + 1, "\r\n"), at + n + 1);
            return;
        }
}

static void read_info(struct facts *f, const char *info)
{
    info_word(f->run_id, info, "run_id");
    info_word(f->version, info, "redis_version");
    info_word(f->role, info, "role");
    info_word(f->policy, info, "maxmemory_policy");
    info_word(f->maxmemory, info, "maxmemory");
    info_word(f->aof, info, "aof_enabled");
    info_word(f->cluster, info, "cluster_enabled");
    info_word(f->replicas, info, "connected_slaves");
    info_word(f->port, info, "tcp_port");
    info_word(f->file, info, "config_file");
}

static void ask_next(struct guard *g);

static void finish(struct guard *g, enum loa_status st)
{
    g->done(g->ctx, st, g->faults, g->notes);
    errors_free(g->faults);
    errors_free(g->notes);
    free(g);
}

/* All answers of one node are in when nothing is waited for any more. */
static void one_answer(struct guard *g, enum loa_status st)
{
    if (st != LOA_OK && g->worst == LOA_OK)
        g->worst = st;
    if (--g->waiting > 0)
        return;
    if (g->worst != LOA_OK) {
        finish(g, g->worst);
        return;
    }
    if (!seen_before(g)) {
        judge_kind(g);
        judge_memory(g);
        judge_disk(g);
        judge_company(g);
    }
    g->partition++;
    ask_next(g);
}

static void got_info(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct guard *g = ctx;

    if (st == LOA_OK)
        read_info(&g->now, redis_str(v, NULL));
    one_answer(g, st);
}

/* [name, value]; forbidden (NOPERM, or the command renamed away) is an answer, too. */
static void got_config(struct guard *g, char out[WORD_MAX], enum loa_status st, const struct redis_value *v)
{
    if (st == LOA_INVALID)
        g->now.config_forbidden = true;
    else if (st == LOA_OK)
        snprintf(out, WORD_MAX, "%s", redis_str(redis_at(v, 1), NULL));
    one_answer(g, st == LOA_INVALID ? LOA_OK : st);
}

static void got_fsync(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct guard *g = ctx;
    got_config(g, g->now.fsync, st, v);
}

static void got_lazy_rewrite(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct guard *g = ctx;
    got_config(g, g->now.lazy_rewrite, st, v);
}

static void got_full_coverage(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct guard *g = ctx;
    got_config(g, g->now.full_coverage, st, v);
}

static const struct {
    redis_done_fn *got;
    const char *command;
} questions[] = {
    { got_info, "INFO" },
    { got_fsync, "CONFIG GET appendfsync" },
    { got_lazy_rewrite, "CONFIG GET no-appendfsync-on-rewrite" },
    { got_full_coverage, "CONFIG GET cluster-require-full-coverage" },
};

static enum loa_status ask_node(struct guard *g)
{
    g->now = (struct facts){ 0 };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        enum loa_status st =
            redis_commandf(g->redis, (int)g->partition, questions[i].got, g, questions[i].command);
        if (st != LOA_OK && g->waiting == 0)
            return st;
        if (st != LOA_OK) { /* the answers that are under way will end it */
            g->worst = st;
            break;
        }
        g->waiting++;
    }
    return LOA_OK;
}

static void ask_next(struct guard *g)
{
    unsigned partitions = g->options.cluster ? g->options.partitions : 1;
    enum loa_status st = g->partition < partitions ? ask_node(g) : LOA_OK;

    if (st != LOA_OK || g->partition >= partitions)
        finish(g, st);
}

enum loa_status redis_guard(struct redis *r, const struct redis_guard_options *o, redis_guard_fn *done,
                            void *ctx)
{
    struct guard *g = mem_alloc(sizeof *g);

    *g = (struct guard){ .redis = r, .options = *o, .done = done, .ctx = ctx };
    enum loa_status st = ask_node(g);
    if (st != LOA_OK) {
        free(g);
        return st;
    }
    g->faults = errors_new();
    g->notes = errors_new();
    return LOA_OK;
}
