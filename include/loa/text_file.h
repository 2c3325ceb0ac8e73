/*
 * text_file - reads the text files people edit (templates, tables, settings): UTF-8, NFC, line by line.
 *
 * What editors leave behind (byte order mark, CR at line ends, decomposed letters) is mended quietly; bytes
 * that are not UTF-8 are a fault. Faults carry file:line and say in both languages what to do.
 */
#ifndef LOA_TEXT_FILE_H
#define LOA_TEXT_FILE_H

#include "loa/errors.h"
#include <stdbool.h>

#define TEXT_FILE_MAX_BYTES (512 * 1024)

/* Appends the whole file to `out`. On LOA_NOT_FOUND, LOA_TOO_BIG, LOA_IO, LOA_INVALID `err` says why. */
enum loa_status text_file_read(const char *path, struct errors *err, struct buf *out);

struct text_lines {
    char *rest;      /* where to start: set it to a writable text */
    char *line;      /* the current line without its end, writable */
    unsigned number; /* of the current line, from 1 */
};
bool text_lines_next(struct text_lines *it); /* false after the last line */

char *text_trim(char *s); /* cuts spaces and tabs off both ends, in place */

/* Adds a fault at file:line; line 0: the file as a whole. */
void fault_add(struct errors *err, const char *path, unsigned line, const char *code, const char *vi,
               const char *en);
/* The same with arguments: both formats take the same ones in the same order. */
void fault_at(struct errors *err, const char *path, unsigned line, const char *code, const char *vi,
              const char *en, ...) __attribute__((format(printf, 5, 7), format(printf, 6, 7)));

#endif
