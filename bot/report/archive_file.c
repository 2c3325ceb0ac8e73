#include "loa/archive_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <dirent.h>

#define FILE_MAX_BYTES (1u << 30)
#define COMPANION      ".sha256"

void archive_name(char out[ARCHIVE_NAME_MAX], unsigned partition, const char *day)
{
    snprintf(out, ARCHIVE_NAME_MAX, "%.4s/%.10s.p%02u.jsonl.gz", day, day, partition);
}

static const char *path_of(char out[ARCHIVE_PATH_MAX], const char *dir, const char *name, const char *ending)
{
    snprintf(out, ARCHIVE_PATH_MAX, "%s/%s%s", dir, name, ending);
    return out;
}

/* A new name is safe only when its directory is. */
static bool sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

static bool make_dir(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool make_year_dir(const char *dir, const char *name, char year[ARCHIVE_PATH_MAX])
{
    snprintf(year, ARCHIVE_PATH_MAX, "%s/%.4s", dir, name);
    return make_dir(dir) && make_dir(year) && sync_dir(dir);
}

static bool write_all(int fd, const char *p, size_t n, int64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        p += done;
        n -= (size_t)done;
        at += done;
    }
    return true;
}

/* What nobody recorded is normally the repeated end of this very write. After an old copy of the store was
 * brought back it is more than that: it must not be lost. */
static bool keep_tail(int fd, int64_t from, const char *path)
{
    char chunk[16384];
    ssize_t n = 0;
    int out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    bool good = out >= 0;
    while (good && (n = pread(fd, chunk, sizeof chunk, (off_t)from)) > 0) {
        good = write(out, chunk, (size_t)n) == n;
        from += n;
    }
    good = good && n == 0 && fsync(out) == 0;
    if (out >= 0)
        close(out);
    return good;
}

static bool cut_back(int fd, int64_t to, int64_t size, const char *dir, const char *name)
{
    char kept[ARCHIVE_PATH_MAX];
    if (size == to)
        return true;
    return keep_tail(fd, to, path_of(kept, dir, name, ".cut")) && ftruncate(fd, (off_t)to) == 0;
}

enum loa_status archive_append(const char *dir, const char *name, int64_t at, const void *p, size_t n)
{
    char path[ARCHIVE_PATH_MAX], year[ARCHIVE_PATH_MAX];
    struct stat have;
    if (!make_year_dir(dir, name, year))
        return LOA_IO;
    int fd = open(path_of(path, dir, name, ""), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return LOA_IO;
    enum loa_status st = LOA_OK;
    if (fstat(fd, &have) != 0)
        st = LOA_IO;
    else if (have.st_size < at)
        st = LOA_CONFLICT;
    else if (!cut_back(fd, at, have.st_size, dir, name) || !write_all(fd, p, n, at) || fsync(fd) != 0 ||
             !sync_dir(year))
        st = LOA_IO;
    int saved = errno;
    close(fd);
    errno = saved;
    return st;
}

int archive_node(const char *dir, char node[ARCHIVE_NODE_SIZE])
{
    char path[ARCHIVE_PATH_MAX];
    int fd = make_dir(dir) ? open(path_of(path, dir, "node", ""), O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return -1;
    bool good = flock(fd, LOCK_EX | LOCK_NB) == 0;
    ssize_t n = good ? pread(fd, node, ARCHIVE_NODE_SIZE - 1, 0) : 0;
    if (good && n != ARCHIVE_NODE_SIZE - 1) {
        crypto_random_hex(node, ARCHIVE_NODE_SIZE - 1);
        good = write_all(fd, node, ARCHIVE_NODE_SIZE - 1, 0) && fsync(fd) == 0;
    }
    node[ARCHIVE_NODE_SIZE - 1] = '\0';
    if (good)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool hash_file(const char *path, char hex[65])
{
    struct buf b = BUF_INIT(FILE_MAX_BYTES);
    bool good = buf_read_file(&b, path) == LOA_OK;
    if (good)
        crypto_sha256_hex(b.data, b.len, hex);
    buf_clear(&b);
    return good;
}

enum loa_status archive_close_day(const char *dir, const char *name)
{
    char path[ARCHIVE_PATH_MAX], hex[65], line[200];
    if (!hash_file(path_of(path, dir, name, ""), hex))
        return errno == ENOENT ? LOA_OK : LOA_IO;
    int n = snprintf(line, sizeof line, "%s  %s\n", hex, strrchr(name, '/') + 1);
    int fd = open(path_of(path, dir, name, COMPANION), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_all(fd, line, (size_t)n, 0) && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good ? LOA_OK : LOA_IO;
}

/* ---- what is old ---- */

static bool is_year(const struct dirent *d)
{
    return strlen(d->d_name) == 4 && strspn(d->d_name, "0123456789") == 4;
}

static unsigned forget_year(int year_fd, const char *oldest)
{
    unsigned gone = 0;
    DIR *d = fdopendir(year_fd); /* takes the descriptor over */
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        bool archive = strstr(e->d_name, ".jsonl.gz") != NULL && strspn(e->d_name, "0123456789-") == 10;
        if (archive && strncmp(e->d_name, oldest, 10) < 0)
            gone += unlinkat(year_fd, e->d_name, 0) == 0;
    }
    if (d != NULL)
        closedir(d);
    return gone;
}

unsigned archive_forget(const char *dir, const char *oldest)
{
    unsigned gone = 0;
    DIR *d = opendir(dir);
    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        int fd = is_year(e) && strncmp(e->d_name, oldest, 4) <= 0
                     ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                     : -1;
        if (fd >= 0)
            gone += forget_year(fd, oldest);
    }
    if (d != NULL)
        closedir(d);
    return gone;
}
