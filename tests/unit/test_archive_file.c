#include "../check.h"
#include "loa/archive_file.h"
#include "loa/gzip.h"
#include "loa/mem.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A small archive of one partition, written as archive.c does it. */
struct writer {
    char dir[200];
    const struct crypto *crypto;
    struct ledger_chain chain;
    char file[ARCHIVE_NAME_MAX];
    int64_t offset;
};

static struct crypto *crypto;

static struct writer writer(const char *name)
{
    struct writer w = { .crypto = crypto };
    if (crypto == NULL) {
        char path[300];
        snprintf(path, sizeof path, "%s/master.key", check_tmpdir());
        assert_int_equal(crypto_open(path, &crypto), LOA_OK);
        w.crypto = crypto;
    }
    snprintf(w.dir, sizeof w.dir, "%.150s/%s", check_tmpdir(), name);
    snprintf(w.chain.x, sizeof w.chain.x, "%s", LEDGER_CHAIN_FIRST);
    return w;
}

static const char *path(const struct writer *w, const char *name)
{
    static char out[600];
    snprintf(out, sizeof out, "%s/%s", w->dir, name);
    return out;
}

/* Makes entries and their bytes; they are written, and count, only with keep(). */
static void make(struct writer *w, const char *day, unsigned entries, struct buf *packed)
{
    struct buf lines = BUF_INIT(1 << 20);
    char name[ARCHIVE_NAME_MAX];
    archive_name(name, 7, day);
    if (strcmp(name, w->file) != 0) {
        snprintf(w->file, sizeof w->file, "%s", name);
        w->offset = 0;
        ledger_line_head(&lines, 7, day, &w->chain);
    }
    for (unsigned i = 0; i < entries; i++) {
        cJSON *j = cJSON_CreateObject();
        cJSON_AddNumberToObject(j, "n", (double)w->chain.count);
        cJSON_AddStringToObject(j, "code", "H27.18.01-261122-1000");
        cJSON_AddStringToObject(j, "ckey", "0123456789012345678901234567890123456789");
        ledger_line_entry(&lines, w->crypto, j, 5, &w->chain);
        cJSON_Delete(j);
    }
    gzip_pack(lines.data, lines.len, packed);
    buf_clear(&lines);
}

static void put(struct writer *w, const char *day, unsigned entries)
{
    struct buf packed = BUF_INIT(1 << 20);
    make(w, day, entries, &packed);
    check_int("append", archive_append(w->dir, w->file, w->offset, packed.data, packed.len), LOA_OK);
    w->offset += (int64_t)packed.len;
    buf_clear(&packed);
}

static struct archive_sum read_back(const struct writer *w, const char *label, unsigned faults,
                                    const char *code)
{
    struct errors *err = errors_new();
    struct archive_sum sum;
    archive_verify(w->dir, NULL, NULL, NULL, err, &sum);
    if (err->total != faults)
        for (unsigned i = 0; i < err->count; i++)
            print_message("%s: %s: %s\n", label, err->item[i].pointer, err->item[i].detail);
    check_int(label, err->total, faults);
    if (faults > 0)
        check_str(label, err->item[0].code, code);
    errors_free(err);
    return sum;
}

static void test_days_follow_each_other(void **state)
{
    (void)state;
    struct writer w = writer("days");
    put(&w, "2026-11-22", 3);
    put(&w, "2026-11-22", 4);
    put(&w, "2026-11-23", 5);
    struct archive_sum sum = read_back(&w, "three pieces in two files", 0, NULL);
    check_int("entries", sum.entries, 12);
    check_int("files", sum.files, 2);
    check_int("end", sum.end[7].count, 12);
    check_str("end of the chain", sum.end[7].x, w.chain.x);
}

static void test_a_repeated_step_leaves_no_double(void **state)
{
    (void)state;
    struct writer w = writer("repeat");
    put(&w, "2026-11-22", 3);
    struct writer before = w; /* what the store knows: the step below is never recorded */
    put(&w, "2026-11-22", 10);
    put(&before, "2026-11-22", 2); /* shorter than what was there */
    struct archive_sum sum = read_back(&before, "the step was repeated", 0, NULL);
    check_int("entries", sum.entries, 5);
    char cut[ARCHIVE_NAME_MAX + 8];
    snprintf(cut, sizeof cut, "%s.cut", w.file);
    check_int("what was cut is kept apart", access(path(&w, cut), F_OK), 0);
}

static void test_another_server_goes_on(void **state)
{
    (void)state;
    struct writer w = writer("servers");
    put(&w, "2026-11-22", 3);
    struct writer other = w;  /* took the partition over; knows the chain, writes a file of its own */
    put(&w, "2026-11-22", 4); /* written, but never recorded */
    snprintf(other.dir, sizeof other.dir, "%.150s/servers/b", check_tmpdir());
    other.file[0] = '\0';
    put(&other, "2026-11-22", 6);
    struct archive_sum sum = read_back(&w, "both folders together", 0, NULL);
    check_int("entries", sum.entries, 9);
    check_str("end of the chain", sum.end[7].x, other.chain.x);
}

static void test_shorter_than_recorded(void **state)
{
    (void)state;
    struct writer w = writer("short");
    put(&w, "2026-11-22", 3);
    assert_int_equal(truncate(path(&w, w.file), 10), 0);
    struct buf packed = BUF_INIT(1 << 20);
    make(&w, "2026-11-22", 1, &packed);
    check_int("nothing is written behind a hole",
              archive_append(w.dir, w.file, w.offset, packed.data, packed.len), LOA_CONFLICT);
    buf_clear(&packed);
    read_back(&w, "a cut file", 1, "torn");
}

static void test_missing_file(void **state)
{
    (void)state;
    struct writer w = writer("missing");
    put(&w, "2026-11-21", 3);
    put(&w, "2026-11-22", 4);
    put(&w, "2026-11-23", 5);
    assert_int_equal(unlink(path(&w, "2026/2026-11-22.p07.jsonl.gz")), 0);
    struct archive_sum sum = read_back(&w, "a day is missing", 1, "missing");
    check_int("the others are read", sum.entries, 8);
    assert_int_equal(unlink(path(&w, "2026/2026-11-21.p07.jsonl.gz")), 0);
    read_back(&w, "what was removed from the front is no fault", 0, NULL);
}

/* Somebody unpacks a file, changes a figure, packs it again. */
static bool collect(void *ctx, const char *line, size_t n)
{
    buf_add(ctx, line, n);
    buf_char(ctx, '\n');
    return true;
}

static void rewrite(const struct writer *w, const char *name, const char *from, const char *to)
{
    struct buf lines = BUF_INIT(1 << 20), packed = BUF_INIT(1 << 20);
    assert_int_equal(gzip_read_lines(path(w, name), collect, &lines), LOA_OK);
    char *at = strstr(lines.data, from);
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    gzip_pack(lines.data, lines.len, &packed);
    assert_int_equal(archive_append(w->dir, name, 0, packed.data, packed.len), LOA_OK);
    buf_clear(&lines);
    buf_clear(&packed);
}

static void test_changed_line(void **state)
{
    (void)state;
    struct writer w = writer("changed");
    put(&w, "2026-11-22", 3);
    check_int("close", archive_close_day(w.dir, w.file), LOA_OK);
    put(&w, "2026-11-23", 4);
    read_back(&w, "untouched", 0, NULL);
    rewrite(&w, "2026/2026-11-22.p07.jsonl.gz", "\"person\":5", "\"person\":6");
    read_back(&w, "a person was changed", 2, "changed"); /* and the sum of the day */
}

static void test_no_names(void **state)
{
    (void)state;
    struct writer w = writer("names");
    put(&w, "2026-11-22", 1);
    struct buf lines = BUF_INIT(1 << 20);
    assert_int_equal(gzip_read_lines(path(&w, w.file), collect, &lines), LOA_OK);
    check_true("no code", strstr(lines.data, "H27.18") == NULL);
    check_true("no key of the citizen", strstr(lines.data, "0123456789012345") == NULL);
    check_true("a number", strstr(lines.data, "\"person\":5") != NULL);
    check_true("the dossier by its hash", strstr(lines.data, "\"dossier\":\"") != NULL);
    buf_clear(&lines);
}

static void test_forget(void **state)
{
    (void)state;
    struct writer w = writer("forget");
    put(&w, "2015-12-31", 1);
    check_int("close", archive_close_day(w.dir, w.file), LOA_OK);
    put(&w, "2016-11-22", 1);
    put(&w, "2016-11-23", 1);
    check_int("files removed, with their sums", archive_forget(w.dir, "2016-11-23"), 3);
    check_int("the rest is sound", read_back(&w, "the rest is sound", 0, NULL).entries, 1);
}

static void test_one_process_per_directory(void **state)
{
    (void)state;
    struct writer w = writer("lock");
    char first[ARCHIVE_NODE_SIZE], again[ARCHIVE_NODE_SIZE];
    int fd = archive_node(w.dir, first);
    assert_true(fd >= 0);
    check_int("a second one is refused", archive_node(w.dir, again), -1);
    close(fd);
    fd = archive_node(w.dir, again);
    check_str("the name stays", again, first);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_days_follow_each_other),
        cmocka_unit_test(test_a_repeated_step_leaves_no_double),
        cmocka_unit_test(test_another_server_goes_on),
        cmocka_unit_test(test_shorter_than_recorded),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_changed_line),
        cmocka_unit_test(test_no_names),
        cmocka_unit_test(test_forget),
        cmocka_unit_test(test_one_process_per_directory),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    crypto_close(crypto);
    return failed;
}
