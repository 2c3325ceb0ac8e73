/*
 * Reading the archive back. A segment is what one server wrote in one go: a head and the entries behind it.
 * All segments are found first, then put in the order of the chain, then each must go on where the one before
 * it ended.
 */
#include "loa/archive_file.h"
#include "loa/gzip.h"
#include "loa/mem.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct segment {
    char *path;
    unsigned partition, line; /* line of its head */
    struct ledger_chain before, end;
    bool damaged; /* complained about: what follows it cannot fit */
};

struct reading {
    struct errors *err;
    struct segment *segment;
    unsigned count, room, files;
    /* the file being read */
    const char *path;
    unsigned line;
    struct segment *current;
};

static void complain(struct reading *r, const char *path, unsigned line, const char *code, const char *vi,
                     const char *en)
{
    char place[ARCHIVE_PATH_MAX + 16];
    snprintf(place, sizeof place, line > 0 ? "%s:%u" : "%s", path, line);
    errors_add(r->err, place, code, en, vi);
}

static struct segment *add_segment(struct reading *r, unsigned partition, const struct ledger_chain *before)
{
    if (r->count == r->room) {
        r->room = r->room ? r->room * 2 : 64;
        r->segment = mem_resize(r->segment, r->room * sizeof *r->segment);
    }
    struct segment *s = &r->segment[r->count++];
    *s = (struct segment){ mem_strdup(r->path), partition, r->line, *before, *before, false };
    return s;
}

static bool look_at_line(void *ctx, const char *line, size_t n)
{
    struct reading *r = ctx;
    struct ledger_chain before;
    unsigned partition;
    r->line++;
    if (ledger_line_is_head(line, n, &partition, &before) && partition < PARTITIONS_MAX) {
        r->current = add_segment(r, partition, &before);
    } else if (r->current == NULL) {
        complain(r, r->path, r->line, "no_head", "Tệp không mở đầu bằng dòng tiêu đề của sổ lưu.",
                 "the file does not begin with a head line");
        return false;
    } else if (!r->current->damaged && !ledger_line_follows(line, n, &r->current->end)) {
        complain(r, r->path, r->line, "changed",
                 "Dòng này hoặc dòng ngay trước đã bị sửa, thêm hoặc xóa. Hãy lấy lại tệp từ bản sao lưu.",
                 "this line or the one before it was changed, added or removed");
        r->current->damaged = true;
    }
    return true;
}

static void look_at_companion(struct reading *r)
{
    char path[ARCHIVE_PATH_MAX], hex[65];
    struct buf said = BUF_INIT(1024), file = BUF_INIT(1u << 30);
    snprintf(path, sizeof path, "%s.sha256", r->path);
    if (buf_read_file(&said, path) == LOA_OK && buf_read_file(&file, r->path) == LOA_OK) {
        crypto_sha256_hex(file.data, file.len, hex);
        if (strncmp(buf_cstr(&said), hex, 64) != 0)
            complain(r, r->path, 0, "sum",
                     "Tệp đã thay đổi sau khi ngày được khóa sổ (sai tổng kiểm .sha256).",
                     "the file changed after its day was closed: its .sha256 does not match");
    }
    buf_clear(&said);
    buf_clear(&file);
}

static void look_at_file(struct reading *r, const char *path)
{
    struct stat have;
    if (stat(path, &have) != 0 || have.st_size == 0)
        return; /* made, and nothing written yet */
    r->path = path;
    r->line = 0;
    r->current = NULL;
    r->files++;
    if (gzip_read_lines(path, look_at_line, r) != LOA_OK) {
        if (r->current != NULL)
            r->current->damaged = true;
        complain(r, path, r->line + 1, "torn",
                 "Tệp bị cắt hoặc hỏng từ dòng này. Hãy lấy lại tệp từ bản sao lưu.",
                 "the file is cut or damaged from this line on");
    }
    look_at_companion(r);
}

static void look_at_dir(struct reading *r, const char *dir, unsigned depth)
{
    struct dirent **name;
    char path[ARCHIVE_PATH_MAX];
    int n = scandir(dir, &name, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        size_t len = strlen(name[i]->d_name);
        snprintf(path, sizeof path, "%s/%s", dir, name[i]->d_name);
        if (len > 9 && strcmp(name[i]->d_name + len - 9, ".jsonl.gz") == 0)
            look_at_file(r, path);
        else if (name[i]->d_name[0] != '.' && depth < 2 && strchr(name[i]->d_name, '.') == NULL)
            look_at_dir(r, path, depth + 1);
        free(name[i]);
    }
    if (n >= 0)
        free(name);
}

static int by_chain(const void *a, const void *b)
{
    const struct segment *x = a, *y = b;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->before.count != y->before.count)
        return x->before.count < y->before.count ? -1 : 1;
    /* the shorter one was written again by the longer one */
    return x->end.count < y->end.count ? -1 : x->end.count > y->end.count;
}

/* ---- the entries of a segment, up to a number ---- */

struct telling {
    const struct segment *segment;
    struct ledger_chain at;
    long long until; /* entries with a number up to this one */
    unsigned line;
    archive_entry_fn *fn;
    void *ctx;
};

static bool tell_line(void *ctx, const char *line, size_t n)
{
    struct telling *t = ctx;
    if (++t->line <= t->segment->line)
        return true;
    if (t->at.count >= t->until || !ledger_line_follows(line, n, &t->at))
        return false;
    cJSON *entry = NULL;
    if (t->fn != NULL && json_parse(line, n, &entry, NULL, 0) == LOA_OK)
        t->fn(t->ctx, t->segment->partition, entry);
    cJSON_Delete(entry);
    return true;
}

/* Where the chain is after entry number `until`; the entries are told to `fn`. */
static struct ledger_chain tell(const struct segment *s, long long until, archive_entry_fn *fn, void *ctx)
{
    struct telling t = { .segment = s, .at = s->before, .until = until, .fn = fn, .ctx = ctx };
    gzip_read_lines(s->path, tell_line, &t); /* what is damaged was complained about before */
    return t.at;
}

/* ---- the chain ---- */

static void complain_gap(struct reading *r, const struct segment *s, long long from)
{
    char vi[300], en[200];
    snprintf(
        vi, sizeof vi,
        "Thiếu bản ghi %lld đến %lld của phần p%02u ngay trước tệp này. Hãy tìm tệp của ngày trước đó trong bản sao lưu.",
        from + 1, s->before.count, s->partition);
    snprintf(en, sizeof en, "entries %lld to %lld of partition p%02u are missing before this file", from + 1,
             s->before.count, s->partition);
    complain(r, s->path, s->line, "missing", vi, en);
}

/* Does `next` go on where `s` ends? An end that nobody had recorded may have been written again by `next`. */
static bool goes_on(const struct segment *s, const struct segment *next)
{
    if (next->before.count > s->end.count || next->before.count < s->before.count)
        return false;
    struct ledger_chain at =
        next->before.count == s->end.count ? s->end : tell(s, next->before.count, NULL, NULL);
    return at.count == next->before.count && strcmp(at.x, next->before.x) == 0;
}

static void follow_chain(struct reading *r, const long long *limit, archive_entry_fn *fn, void *ctx,
                         struct archive_sum *sum)
{
    for (unsigned i = 0; i < r->count; i++) {
        const struct segment *s = &r->segment[i];
        const struct segment *next = i + 1 < r->count && s[1].partition == s->partition ? s + 1 : NULL;
        bool sound = next != NULL && !s->damaged;
        bool first = i == 0 || s[-1].partition != s->partition;
        if (first && s->before.count == 0 && strcmp(s->before.x, LEDGER_CHAIN_FIRST) != 0)
            complain_gap(r, s, 0);
        if (sound && next->before.count > s->end.count)
            complain_gap(r, next, s->end.count);
        else if (sound && !goes_on(s, next))
            complain(r, next->path, next->line, "chain",
                     "Tệp này không nối tiếp các bản ghi trước nó: có tệp đã bị thay.",
                     "this file does not follow the entries before it: a file was replaced");
        long long until =
            next != NULL && next->before.count < s->end.count ? next->before.count : s->end.count;
        if (fn != NULL)
            tell(s, limit != NULL && limit[s->partition] < until ? limit[s->partition] : until, fn, ctx);
        sum->entries += until - s->before.count;
        sum->partitions += first;
        sum->end[s->partition] = s->end;
    }
}

enum loa_status archive_verify(const char *dir, const long long *limit, archive_entry_fn *fn, void *ctx,
                               struct errors *err, struct archive_sum *sum)
{
    struct reading r = { .err = err };
    unsigned before = err->total;
    *sum = (struct archive_sum){ 0 };
    look_at_dir(&r, dir, 0);
    if (r.count > 0)
        qsort(r.segment, r.count, sizeof *r.segment, by_chain);
    follow_chain(&r, limit, fn, ctx, sum);
    sum->files = r.files;
    for (unsigned i = 0; i < r.count; i++)
        free(r.segment[i].path);
    free(r.segment);
    return err->total > before ? LOA_INVALID : LOA_OK;
}
