/*
 * gzip - packed bytes and packed files of lines (zlib inside, seen nowhere else).
 *
 * A file may consist of several members, one after the other, as zcat reads it: appending to it needs no
 * reading.
 */
#ifndef LOA_GZIP_H
#define LOA_GZIP_H

#include "loa/buf.h"

/* Appends one member at the best compression; fails the buffer when it would pass its ceiling. */
void gzip_pack(const void *p, size_t n, struct buf *out);

#define GZIP_LINE_MAX 8192 /* bytes, with the line end */
/* One line without its end; false stops the reading. */
typedef bool gzip_line_fn(void *ctx, const char *line, size_t n);
/* Blocking. LOA_NOT_FOUND; LOA_INVALID: not gzip, damaged or torn, or a line too long: what came before was
 * handed out. */
enum loa_status gzip_read_lines(const char *path, gzip_line_fn *fn, void *ctx);

#endif
