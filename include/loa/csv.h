/*
 * csv - reads and writes tables. It reads a table as spreadsheets save it (RFC 4180 and what Excel makes of
 * it): comma, semicolon or TAB, whichever the first line has most of; quoted cells with "" inside and line
 * ends inside; a byte order mark; CR LF, LF or CR. Works in place: cells are parts of the text and live as
 * long as it.
 */
#ifndef LOA_CSV_H
#define LOA_CSV_H

#include "loa/buf.h"
#include <stdbool.h>
#include <stddef.h>

struct csv {
    char *at, *end;
    char separator;
    unsigned line; /* of the text, from 1: where the row last read begins */
    unsigned next_line;
};

enum csv_result {
    CSV_ROW,
    CSV_END,
    CSV_BROKEN, /* a quote without its partner: nothing after it can be trusted */
};

/* `text` is writable and ends with a NUL at text[len]. */
void csv_init(struct csv *c, char *text, size_t len);
/* Sets up to `max` cells, trimmed of blanks outside quotes, and how many the row has, which may be more.
 * Empty lines are passed over. */
enum csv_result csv_next(struct csv *c, char **cell, unsigned max, unsigned *count);

/* Appends one quoted cell on one line. What a spreadsheet would take for a formula gets an apostrophe in
 * front. */
void csv_cell(struct buf *out, const char *text);

#endif
