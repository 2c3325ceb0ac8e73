/*
 * buf - a growing byte buffer with a stated ceiling.
 *
 * Appending past the ceiling sets a sticky failure and changes nothing more, so a chain of appends needs
 * one check at its end: buf_ok(). The content is always NUL-terminated (the NUL is not counted in len).
 * `struct buf b = BUF_INIT(max_bytes)` ... `buf_clear(&b)`. A zero-length buf owns no memory.
 */
#ifndef LOA_BUF_H
#define LOA_BUF_H

#include "loa/status.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;
    size_t len, cap, max_bytes;
    bool failed;
};

#define BUF_INIT(max)                                                                                        \
    {                                                                                                        \
        .data = NULL, .len = 0, .cap = 0, .max_bytes = (max), .failed = false                                \
    }

void buf_init(struct buf *b, size_t max_bytes);
void buf_clear(struct buf *b); /* frees the memory; the buf can be used again */
void buf_reset(struct buf *b); /* empties it and forgets a failure, keeps the memory */

void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s); /* appends a C string; NULL adds nothing */
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
void buf_json_string(struct buf *b, const char *s, size_t n); /* "…" quoted and escaped as JSON */
void buf_html(struct buf *b, const char *s, size_t n);        /* &<>"' escaped */
void buf_url(struct buf *b, const char *s, size_t n);         /* percent-encoded, RFC 3986 unreserved kept */
void buf_hex(struct buf *b, const void *p, size_t n);         /* lower-case hex */

static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}
const char *buf_cstr(const struct buf *b); /* never NULL; "" when empty */
char *buf_take(struct buf *b);             /* hands the memory to the caller, empties the buf */
enum loa_status buf_read_file(struct buf *b,
                              const char *path); /* appends; LOA_NOT_FOUND, LOA_TOO_BIG, LOA_IO */

#endif
