#include "loa/gzip.h"
#include "loa/mem.h"
#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <zlib.h>

#define WINDOW_GZIP  (15 + 16) /* the largest window, with gzip's header */
#define MEMORY_LEVEL 9

void gzip_pack(const void *p, size_t n, struct buf *out)
{
    z_stream z = { 0 };

    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        abort(); /* only without memory */
    uLong bound = deflateBound(&z, (uLong)n);
    unsigned char *packed = mem_alloc(bound);
    z.next_in = (unsigned char *)p;
    z.avail_in = (unsigned)n;
    z.next_out = packed;
    z.avail_out = (unsigned)bound;
    if (deflate(&z, Z_FINISH) == Z_STREAM_END)
        buf_add(out, packed, z.total_out);
    else
        out->failed = true;
    deflateEnd(&z);
    free(packed);
}

enum loa_status gzip_read_lines(const char *path, gzip_line_fn *fn, void *ctx)
{
    char line[GZIP_LINE_MAX];
    gzFile f = gzopen(path, "rb");
    if (f == NULL)
        return errno == ENOENT ? LOA_NOT_FOUND : LOA_IO;
    enum loa_status st = gzdirect(f) ? LOA_INVALID : LOA_OK; /* plain text is no archive */
    while (st == LOA_OK && gzgets(f, line, sizeof line) != NULL) {
        size_t n = strlen(line);
        if (n == 0 || line[n - 1] != '\n')
            st = LOA_INVALID;
        else if (line[n - 1] = '\0', !fn(ctx, line, n - 1))
            break;
    }
    int fault = Z_OK;
    gzerror(f, &fault); /* Z_BUF_ERROR: the last member is torn */
    int end = gzclose(f);
    if (st == LOA_OK && ((fault != Z_OK && fault != Z_STREAM_END) || end != Z_OK))
        st = LOA_INVALID;
    return st;
}
