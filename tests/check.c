#include "check.h"
#include "loa/buf.h"
#include "loa/clock.h"
#include "loa/loop.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void check_str(const char *label, const char *got, const char *want)
{
    if (got == want || (got != NULL && want != NULL && strcmp(got, want) == 0))
        return;
    fail_msg("%s\n      got: %s\n     want: %s", label, got ? got : "(null)", want ? want : "(null)");
}

void check_int(const char *label, long long got, long long want)
{
    if (got != want)
        fail_msg("%s\n      got: %lld\n     want: %lld", label, got, want);
}

void check_true(const char *label, bool got)
{
    if (!got)
        fail_msg("%s: not true", label);
}

static void wake(void *ctx)
{
    *(bool *)ctx = true;
}

void check_wait(struct loop *l, const bool *flag, int deadline_ms, const char *label)
{
    bool expired = false;
    struct timer t = { 0 };
    timer_start(&t, l, deadline_ms, wake, &expired);
    while (!*flag && !expired)
        loop_run_once(l);
    timer_stop(&t);
    if (!*flag)
        fail_msg("%s: still waiting after %d ms", label, deadline_ms);
}

static char tmpdir[256];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static void remove_tmpdir(void)
{
    nftw(tmpdir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *check_tmpdir(void)
{
    if (tmpdir[0] == '\0') {
        const char *base = getenv("TMPDIR");
        snprintf(tmpdir, sizeof tmpdir, "%s/loa-test.XXXXXX", base ? base : "/tmp");
        if (mkdtemp(tmpdir) == NULL)
            abort();
        atexit(remove_tmpdir);
    }
    return tmpdir;
}

const char *check_file(const char *name, const char *content)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", check_tmpdir(), name);
    FILE *f = fopen(path, "wbe");
    if (f == NULL || fputs(content, f) == EOF || fclose(f) != 0)
        fail_msg("%s cannot be written", path);
    return path;
}

const char *check_repeat(const char *letter, unsigned times)
{
    static struct buf b = BUF_INIT(1 << 20);
    buf_reset(&b);
    while (times-- > 0)
        buf_str(&b, letter);
    return buf_cstr(&b);
}

const char *check_path(const char *relative)
{
    static char path[4][512];
    static unsigned next;
    const char *root = getenv("LOA_ROOT");
    char *p = path[next++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", root ? root : ".", relative);
    return p;
}
