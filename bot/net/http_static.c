#include "loa/http_static.h"
#include "loa/crypto.h"
#include "loa/gzip.h"
#include "loa/mem.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define FILE_MAX_BYTES  (4 * 1024 * 1024)
#define TOTAL_MAX_BYTES (32 * 1024 * 1024)
#define FILES_MAX       1000
#define DEPTH_MAX       4
#define NAME_MAX_BYTES  256
#define ETAG_HEX        32

struct file {
    char name[NAME_MAX_BYTES];
    const char *type;
    char etag[ETAG_HEX + 3], etag_gzip[ETAG_HEX + 6]; /* with their quotes */
    struct buf plain, gzip;                           /* gzip empty: it did not help */
};

struct file_set {
    struct file *file; /* sorted by name */
    size_t count, bytes;
};

struct http_static {
    char *dir;
    struct file_set set;
};

static void set_clear(struct file_set *s)
{
    for (size_t i = 0; i < s->count; i++) {
        buf_clear(&s->file[i].plain);
        buf_clear(&s->file[i].gzip);
    }
    free(s->file);
    *s = (struct file_set){ 0 };
}

/* ---- one file ---- */

struct type {
    const char *extension, *type;
    bool compress;
};

static const struct type *type_of(const char *name)
{
    static const struct type known[] = {
        { ".html", "text/html; charset=utf-8", true },
        { ".js", "text/javascript; charset=utf-8", true },
        { ".css", "text/css; charset=utf-8", true },
        { ".json", "application/json", true },
        { ".txt", "text/plain; charset=utf-8", true },
        { ".svg", "image/svg+xml", true },
        { ".webmanifest", "application/manifest+json", true },
        { ".ico", "image/x-icon", true },
        { ".png", "image/png", false },
        { ".jpg", "image/jpeg", false },
        { ".gif", "image/gif", false },
        { ".webp", "image/webp", false },
        { ".woff2", "font/woff2", false },
        { ".pdf", "application/pdf", false },
    };
    static const struct type unknown = { "", "application/octet-stream", false };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof known / sizeof known[0]; i++)
        if (strcasecmp(dot, known[i].extension) == 0)
            return &known[i];
    return &unknown;
}

/* Leaves `out` empty when the copy would not be a tenth smaller. */
static void compress_file(const struct buf *in, struct buf *out)
{
    gzip_pack(in->data, in->len, out);
    if (out->len > in->len - in->len / 10)
        buf_clear(out);
}

static void describe(struct file *f)
{
    const struct type *t = type_of(f->name);
    char hash[65];

    crypto_sha256_hex(f->plain.data, f->plain.len, hash);
    f->type = t->type;
    snprintf(f->etag, sizeof f->etag, "\"%.*s\"", ETAG_HEX, hash);
    snprintf(f->etag_gzip, sizeof f->etag_gzip, "\"%.*s-gz\"", ETAG_HEX, hash);
    if (t->compress && f->plain.len > 0)
        compress_file(&f->plain, &f->gzip);
}

static enum loa_status add_file(struct file_set *s, const char *path, const char *name)
{
    struct file f = { .plain = BUF_INIT(FILE_MAX_BYTES), .gzip = BUF_INIT(FILE_MAX_BYTES) };

    enum loa_status st = buf_read_file(&f.plain, path);
    if (st == LOA_OK && (s->count == FILES_MAX || s->bytes + f.plain.len > TOTAL_MAX_BYTES ||
                         (size_t)snprintf(f.name, sizeof f.name, "%s", name) >= sizeof f.name))
        st = LOA_TOO_BIG;
    if (st != LOA_OK) {
        buf_clear(&f.plain);
        return st;
    }
    describe(&f);
    s->file = mem_resize(s->file, (s->count + 1) * sizeof *s->file);
    s->file[s->count++] = f;
    s->bytes += f.plain.len;
    return LOA_OK;
}

/* ---- the directory ---- */

static enum loa_status add_directory(struct file_set *s, const char *dir, const char *below, int depth,
                                     char *why, size_t why_size);

static enum loa_status add_entry(struct file_set *s, const char *path, const char *name, int depth, char *why,
                                 size_t why_size)
{
    struct stat st;

    if (lstat(path, &st) != 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        return LOA_OK; /* gone again, or a link: not ours to show */
    if (S_ISDIR(st.st_mode)) {
        char below[NAME_MAX_BYTES + 2];
        snprintf(below, sizeof below, "%s/", name);
        return depth < DEPTH_MAX ? add_directory(s, path, below, depth + 1, why, why_size) : LOA_OK;
    }
    enum loa_status result = add_file(s, path, name);
    if (result != LOA_OK)
        snprintf(why, why_size, "%s: %s", path, result == LOA_TOO_BIG ? "too big" : "cannot be read");
    return result;
}

static enum loa_status add_directory(struct file_set *s, const char *dir, const char *below, int depth,
                                     char *why, size_t why_size)
{
    DIR *d = opendir(dir);
    enum loa_status st = LOA_OK;

    if (d == NULL) {
        st = errno == ENOENT || errno == ENOTDIR ? LOA_NOT_FOUND : LOA_IO;
        snprintf(why, why_size, "%s: %s", dir, strerror(errno));
        return st;
    }
    for (struct dirent *e; st == LOA_OK && (e = readdir(d)) != NULL;) {
        char path[4096], name[NAME_MAX_BYTES];
        if (e->d_name[0] == '.')
            continue;
        if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < sizeof path &&
            (size_t)snprintf(name, sizeof name, "%s%s", below, e->d_name) < sizeof name)
            st = add_entry(s, path, name, depth, why, why_size);
    }
    closedir(d);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->name, ((const struct file *)b)->name);
}

static enum loa_status read_set(struct file_set *s, const char *dir, char *why, size_t why_size)
{
    *s = (struct file_set){ 0 };
    enum loa_status st = add_directory(s, dir, "", 0, why, why_size);
    if (st != LOA_OK) {
        set_clear(s);
        return st;
    }
    if (s->count > 0)
        qsort(s->file, s->count, sizeof *s->file, by_name);
    return LOA_OK;
}

enum loa_status http_static_load(const char *dir, char *why, size_t why_size, struct http_static **out)
{
    struct file_set set;

    enum loa_status st = read_set(&set, dir, why, why_size);
    if (st != LOA_OK)
        return st;
    struct http_static *f = mem_alloc(sizeof *f);
    f->dir = mem_strdup(dir);
    f->set = set;
    *out = f;
    return LOA_OK;
}

enum loa_status http_static_reload(struct http_static *f, char *why, size_t why_size)
{
    struct file_set set;

    enum loa_status st = read_set(&set, f->dir, why, why_size);
    if (st != LOA_OK)
        return st;
    set_clear(&f->set);
    f->set = set;
    return LOA_OK;
}

void http_static_free(struct http_static *f)
{
    if (f == NULL)
        return;
    set_clear(&f->set);
    free(f->dir);
    free(f);
}

/* ---- answers ---- */

static const struct file *find(const struct http_static *f, const char *name)
{
    size_t low = 0, high = f->set.count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, f->set.file[middle].name);
        if (order == 0)
            return &f->set.file[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const char *http_static_text(const struct http_static *f, const char *name, size_t *len)
{
    const struct file *file = find(f, name);

    if (file == NULL)
        return NULL;
    *len = file->plain.len;
    return buf_cstr(&file->plain);
}

/* "br, gzip;q=0.8" yes; "gzip;q=0" and "" no. */
static bool takes_gzip(const char *accept)
{
    for (const char *p = accept; p != NULL && *p != '\0';) {
        p += strspn(p, ", \t");
        size_t n = strcspn(p, ",");
        if (n >= 4 && strncasecmp(p, "gzip", 4) == 0 && (n == 4 || strchr("; \t", p[4]) != NULL)) {
            const char *q = strstr(p, "q=");
            return q == NULL || q > p + n || strtod(q + 2, NULL) > 0;
        }
        p += n;
    }
    return false;
}

/* Does If-None-Match name one of our versions? Weak and strong compare alike here (RFC 9110, 13.1.2). */
static bool has_it(const char *if_none_match, const struct file *f)
{
    if (if_none_match == NULL)
        return false;
    return strcmp(if_none_match, "*") == 0 || strstr(if_none_match, f->etag) != NULL ||
           strstr(if_none_match, f->etag_gzip) != NULL;
}

bool http_static_reply(const struct http_static *f, struct http_request *r, const char *name,
                       const char *cache_control)
{
    const struct file *file = find(f, name);

    if (file == NULL)
        return false;
    const bool gzip = file->gzip.len > 0 && takes_gzip(http_request_header(r, "Accept-Encoding"));
    const struct buf *body = gzip ? &file->gzip : &file->plain;
    http_reply_header(r, "Cache-Control", cache_control != NULL ? cache_control : "no-cache");
    http_reply_header(r, "ETag", gzip ? file->etag_gzip : file->etag);
    if (file->gzip.len > 0)
        http_reply_header(r, "Vary", "Accept-Encoding");
    if (has_it(http_request_header(r, "If-None-Match"), file)) {
        http_reply(r, 304, NULL, NULL, 0);
        return true;
    }
    if (gzip)
        http_reply_header(r, "Content-Encoding", "gzip");
    http_reply(r, 200, file->type, body->data, body->len);
    return true;
}
