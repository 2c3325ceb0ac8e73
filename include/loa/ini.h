/*
 * ini - a small INI reader that knows its line numbers.
 *
 *   [section]
 *   key = value          ; a comment after a blank
 *   # or ; at the start of a line: a comment
 *
 * A value may stand in double quotes, which keeps ; and blanks. Keys before the first section have section
 * "".
 */
#ifndef LOA_INI_H
#define LOA_INI_H

#include "loa/errors.h"
#include <stdbool.h>
#include <stdint.h>

struct ini_item {
    const char *path, *section, *key, *value; /* borrowed during the call; key NULL: a section begins */
    unsigned line;
};
typedef void ini_item_fn(void *ctx, const struct ini_item *item);

/* Calls `fn` for each section and each key in order. A line that is neither is a fault and reading goes on;
 * LOA_INVALID then. Other status: the file could not be read. */
enum loa_status ini_read(const char *path, struct errors *err, ini_item_fn *fn, void *ctx);

/* The same from memory, taken as it is; `name` stands for the path. */
enum loa_status ini_read_text(const char *name, const char *s, size_t n, struct errors *err, ini_item_fn *fn,
                              void *ctx);

/* "90s" "15m" "24h" "3d" "500ms" or "0" -> milliseconds. */
bool ini_duration_ms(const char *s, int64_t *out);
bool ini_bool(const char *s, bool *out); /* yes/no, on/off, true/false, 1/0, có/không */
bool ini_int(const char *s, int64_t min, int64_t max, int64_t *out); /* the whole string, decimal */

#endif
