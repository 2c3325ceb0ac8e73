#include "loa/archive.h"
#include "loa/archive_file.h"
#include "loa/clock.h"
#include "loa/gzip.h"
#include "loa/ledger_entry.h"
#include "loa/local_time.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/reach.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP_ENTRIES   200 /* made into lines on the loop: a few milliseconds */
#define STEP_MAX_BYTES (2u << 20)
#define SET_MAX_BYTES  (16u << 20)
#define STREAM_ID_SIZE 28
#define DAY_SIZE       11

/* One step of one partition: read, write to the disk in a thread, tell the store. */
struct step {
    struct archive *archive;
    unsigned partition;
    int64_t epoch;
    char before[STREAM_ID_SIZE], last[STREAM_ID_SIZE]; /* the archive reached; reaches after this step */
    struct ledger_chain chain;
    char file[ARCHIVE_NAME_MAX], closed[ARCHIVE_NAME_MAX]; /* written to; finished with, "" none */
    int64_t offset;
    unsigned entries;
    bool more; /* the stream may hold more to archive */
    struct buf packed;
    struct reach_cells *reached; /* what these entries add to the reach */
    enum loa_status written;
    int fault; /* errno of the write */
};

struct archive {
    struct archive_env env;
    char dir[ARCHIVE_PATH_MAX], node[ARCHIVE_NODE_SIZE];
    int lock; /* of the directory; -1: none */
    struct timer look;
    struct step *step; /* under way; one at a time */
    unsigned next;     /* partition */
    int64_t forgotten_day;
    bool paused, closed; /* begins nothing new; freed as soon as the thread is back */
};

static void step_begin(struct archive *a, unsigned partition);

static void look_later(struct archive *a);

/* On to the next partition of this round, or to rest. */
static void go_on(struct archive *a)
{
    while (!a->paused && a->next < store_partitions(a->env.store)) {
        if (lease_owned(a->env.leases, a->next)) {
            step_begin(a, a->next);
            return;
        }
        a->next++;
    }
    look_later(a);
}

static void step_free(struct step *s)
{
    reach_cells_free(s->reached);
    buf_clear(&s->packed);
    free(s);
}

static void step_end(struct step *s, bool again)
{
    struct archive *a = s->archive;
    a->step = NULL;
    if (!again)
        a->next++;
    step_free(s);
    go_on(a);
}

/* ---- third: the store learns ---- */

static void add_set(void *ctx, const char *month, const char *field, struct reach_set *set)
{
    struct args *g = ctx;
    struct buf bytes = BUF_INIT(SET_MAX_BYTES);
    reach_set_save(set, &bytes);
    args_str(g, month);
    args_str(g, field);
    args_bin(g, bytes.data, bytes.len);
    buf_clear(&bytes);
}

static void noted(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct step *s = ctx;
    if (st == LOA_STALE)
        lease_lost(s->archive->env.leases, s->partition);
    if (st == LOA_OK)
        metric_add(M_LEDGER_ARCHIVED, NULL, NULL, s->entries);
    step_end(s, st == LOA_OK && s->more && redis_int(v) >= 0);
}

static void note(struct step *s)
{
    struct archive *a = s->archive;
    int64_t keep = clock_wall_ms() - config_int(a->env.config, "ledger", "redis_days") * CALENDAR_DAY_MS;
    struct args g;
    args_init(&g);
    args_key(&g, s->partition, "lease");
    args_key(&g, s->partition, "led");
    args_key(&g, s->partition, "la");
    args_int(&g, s->epoch);
    args_str(&g, a->node);
    args_str(&g, s->before);
    args_str(&g, s->last);
    args_int(&g, s->chain.count);
    args_str(&g, s->chain.x);
    args_str(&g, s->file);
    args_int(&g, s->offset + (int64_t)s->packed.len);
    args_int(&g, keep);
    reach_cells_each(s->reached, add_set, &g);
    enum loa_status st = store_script(a->env.store, s->partition, "archive_done", &g, noted, s);
    args_clear(&g);
    if (st != LOA_OK)
        step_end(s, false);
}

/* ---- second: the disk ---- */

static void write_step(void *ctx) /* in a thread: touches only the step and what never changes */
{
    struct step *s = ctx;
    s->written = archive_append(s->archive->dir, s->file, s->offset, s->packed.data, s->packed.len);
    s->fault = errno;
    if (s->written == LOA_OK && s->closed[0] != '\0')
        s->written = archive_close_day(s->archive->dir, s->closed);
}

static void written(void *ctx)
{
    struct step *s = ctx;
    struct archive *a = s->archive;
    char code[40], what[400];
    if (a->closed) { /* a forced stop did not wait: the next start finds the step undone and repeats it */
        step_free(s);
        free(a);
        return;
    }
    if (s->written == LOA_OK) {
        note(s);
        return;
    }
    snprintf(code, sizeof code, "ledger_archive:p%02u", s->partition);
    if (s->written == LOA_CONFLICT)
        snprintf(
            what, sizeof what,
            "Tệp sổ lưu %s ngắn hơn phần đã ghi nhận: có người đã sửa hoặc xóa. Hãy lấy lại tệp từ bản sao lưu; "
            "đến lúc đó sổ của phần này vẫn nằm an toàn trong Redis.",
            s->file);
    else
        snprintf(
            what, sizeof what,
            "Không ghi được sổ lưu vào thư mục ledger (%s). Hãy kiểm tra ổ đĩa; sổ vẫn nằm an toàn trong Redis.",
            strerror(s->fault));
    log_error("ledger_archive", "partition", log_num(s->partition), "status", loa_status_word(s->written));
    a->env.alert(a->env.alert_ctx, code, what);
    step_end(s, false);
}

/* ---- between: the persons already reached join those of this step ---- */

struct joining {
    const struct redis_value *known;
    size_t next;
    bool damaged;
};

static void join_set(void *ctx, const char *month, const char *field, struct reach_set *set)
{
    struct joining *j = ctx;
    size_t n;
    (void)month, (void)field;
    const char *bytes = redis_str(redis_at(j->known, j->next++), &n);
    if (n > 0 && reach_set_load(set, bytes, n) != LOA_OK)
        j->damaged = true;
}

static void known_sets(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct step *s = ctx;
    struct archive *a = s->archive;
    struct joining j = { .known = v };
    if (st == LOA_OK)
        reach_cells_each(s->reached, join_set, &j);
    if (j.damaged)
        log_error("reach_set_damaged", "partition", log_num(s->partition)); /* loa reach verify tells which */
    if (st != LOA_OK || j.damaged || loop_work(a->env.loop, write_step, written, s) != LOA_OK)
        step_end(s, false);
}

static void ask_for_set(void *ctx, const char *month, const char *field, struct reach_set *set)
{
    (void)set;
    args_str(ctx, month);
    args_str(ctx, field);
}

static void join_known_sets(struct step *s)
{
    struct args g;
    args_init(&g);
    args_key(&g, s->partition, "la");
    reach_cells_each(s->reached, ask_for_set, &g);
    enum loa_status st = store_script(s->archive->env.store, s->partition, "reach_read", &g, known_sets, s);
    args_clear(&g);
    if (st != LOA_OK)
        step_end(s, false);
}

/* ---- first: entries become lines ---- */

static void day_of(const char *stream_id, char out[DAY_SIZE])
{
    char digits[16]; /* yyyyMMddHHmmss, local */
    date_print_national(strtoll(stream_id, NULL, 10), digits);
    snprintf(out, DAY_SIZE, "%.4s-%.2s-%.2s", digits, digits + 4, digits + 6);
}

/* The lines of the first entry's day. A new file, or one that another server has gone on from, begins with a
 * head. */
static void make_lines(struct step *s, const struct redis_value *entries, const struct redis_value *persons,
                       bool new_segment, struct buf *lines)
{
    char day[DAY_SIZE], other[DAY_SIZE];
    day_of(redis_str(redis_at(redis_at(entries, 0), 0), NULL), day);
    if (new_segment)
        ledger_line_head(lines, s->partition, day, &s->chain);
    for (size_t i = 0; i < redis_count(entries); i++) {
        const struct redis_value *e = redis_at(entries, i);
        const char *id = redis_str(redis_at(e, 0), NULL);
        day_of(id, other);
        if (strcmp(day, other) != 0)
            return;
        cJSON *j = ledger_entry_json(s->partition, id, redis_at(e, 1));
        ledger_line_entry(lines, store_crypto(s->archive->env.store), j, redis_int(redis_at(persons, i)),
                          &s->chain);
        reach_cells_add(s->reached, j);
        cJSON_Delete(j);
        snprintf(s->last, sizeof s->last, "%s", id);
        s->entries++;
    }
}

/* v: at, n, x, last node, our file, its bytes, entries, persons (archive_next.lua) */
static void take_place(struct step *s, const struct redis_value *v, struct buf *lines)
{
    const struct redis_value *entries = redis_at(v, 6);
    const char *x = redis_str(redis_at(v, 2), NULL), *ours = redis_str(redis_at(v, 4), NULL);
    char day[DAY_SIZE];
    snprintf(s->before, sizeof s->before, "%s", redis_str(redis_at(v, 0), NULL));
    s->chain.count = redis_int(redis_at(v, 1));
    snprintf(s->chain.x, sizeof s->chain.x, "%s", x[0] != '\0' ? x : LEDGER_CHAIN_FIRST);
    day_of(redis_str(redis_at(redis_at(entries, 0), 0), NULL), day);
    archive_name(s->file, s->partition, day);
    bool same_file = strcmp(ours, s->file) == 0;
    bool same_node = strcmp(redis_str(redis_at(v, 3), NULL), s->archive->node) == 0;
    s->offset = same_file ? redis_int(redis_at(v, 5)) : 0;
    if (!same_file)
        snprintf(s->closed, sizeof s->closed, "%s", ours);
    make_lines(s, entries, redis_at(v, 7), !same_file || !same_node, lines);
    s->more = s->entries < redis_count(entries) || redis_count(entries) == STEP_ENTRIES;
}

static void entries_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct step *s = ctx;
    struct archive *a = s->archive;
    struct buf lines = BUF_INIT(STEP_MAX_BYTES);
    if (st == LOA_STALE)
        lease_lost(a->env.leases, s->partition);
    if (st != LOA_OK || redis_count(redis_at(v, 6)) == 0) {
        step_end(s, false);
        return;
    }
    take_place(s, v, &lines);
    gzip_pack(lines.data, lines.len, &s->packed);
    buf_clear(&lines);
    join_known_sets(s);
}

static void step_begin(struct archive *a, unsigned partition)
{
    struct step *s = mem_alloc(sizeof *s);
    s->archive = a;
    s->partition = partition;
    s->epoch = lease_epoch(a->env.leases, partition);
    buf_init(&s->packed, STEP_MAX_BYTES);
    s->reached = reach_cells_new();
    a->step = s;
    struct args g;
    args_init(&g);
    args_key(&g, partition, "lease");
    args_key(&g, partition, "led");
    args_key(&g, partition, "la");
    args_int(&g, s->epoch);
    args_str(&g, a->node);
    args_int(&g, STEP_ENTRIES);
    args_str(&g, "+");
    enum loa_status st = store_script(a->env.store, partition, "archive_next", &g, entries_read, s);
    args_clear(&g);
    if (st != LOA_OK)
        step_end(s, false);
}

/* ---- rounds ---- */

struct forgetting {
    char dir[ARCHIVE_PATH_MAX], oldest[DAY_SIZE];
    unsigned gone;
};

static void forget_files(void *ctx) /* in a thread */
{
    struct forgetting *f = ctx;
    f->gone = archive_forget(f->dir, f->oldest);
}

static void forgotten(void *ctx)
{
    struct forgetting *f = ctx;
    if (f->gone > 0)
        log_info("ledger_files_removed", "before", f->oldest, "files", log_num(f->gone));
    free(f);
}

/* Once a day: files past their time go. */
static void forget_old(struct archive *a)
{
    int64_t days = config_int(a->env.config, "ledger", "keep_days"), now = clock_wall_ms();
    int64_t today = local_from_ms(now).day_number;
    if (a->forgotten_day == today)
        return;
    a->forgotten_day = today;
    struct forgetting *f = mem_alloc(sizeof *f);
    char first[STREAM_ID_SIZE];
    snprintf(f->dir, sizeof f->dir, "%s", a->dir);
    snprintf(first, sizeof first, "%lld", (long long)(now - days * CALENDAR_DAY_MS));
    day_of(first, f->oldest);
    if (loop_work(a->env.loop, forget_files, forgotten, f) != LOA_OK)
        free(f);
}

static void look(void *ctx)
{
    struct archive *a = ctx;
    a->next = 0;
    if (a->paused)
        return;
    forget_old(a);
    go_on(a);
}

static void look_later(struct archive *a)
{
    if (!a->paused)
        timer_start(&a->look, a->env.loop, config_int(a->env.config, "ledger", "archive_every_s") * 1000,
                    look, a);
}

struct archive *archive_new(const struct archive_env *env)
{
    struct archive *a = mem_alloc(sizeof *a);
    const char *dir = config_str(env->config, "loa", "data_dir");
    a->env = *env;
    a->lock = -1;
    snprintf(a->dir, sizeof a->dir, "%.900s/ledger", dir);
    return a;
}

void archive_start(struct archive *a)
{
    char what[300];
    if (a->lock >= 0 || !config_bool(a->env.config, "ledger", "archive"))
        return;
    a->lock = archive_node(a->dir, a->node);
    if (a->lock >= 0) {
        timer_start(&a->look, a->env.loop, 0, look, a);
        return;
    }
    snprintf(what, sizeof what, "Không dùng được thư mục sổ lưu %.150s: %s.", a->dir,
             errno == EWOULDBLOCK ? "một tiến trình khác đang dùng; mỗi tiến trình cần data_dir riêng"
                                  : strerror(errno));
    a->env.alert(a->env.alert_ctx, "ledger_dir", what);
}

void archive_pause(struct archive *a)
{
    a->paused = true;
    timer_stop(&a->look);
}

bool archive_idle(const struct archive *a, unsigned partition)
{
    return a->step == NULL || a->step->partition != partition;
}

void archive_free(struct archive *a)
{
    if (a == NULL)
        return;
    timer_stop(&a->look);
    if (a->lock >= 0)
        close(a->lock);
    a->closed = true;
    if (a->step == NULL)
        free(a);
}
