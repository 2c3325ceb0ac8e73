/*
 * tsv - reads tables people edit: one row per line, columns apart by TAB, `#` at the start of a line is a
 * comment. A cell of "-" is empty. Blanks around a cell do not count.
 */
#ifndef LOA_TSV_H
#define LOA_TSV_H

#include "loa/errors.h"

#define TSV_COLUMNS_MAX 16

struct tsv_row {
    const char *path;
    unsigned line;
    const char *cell[TSV_COLUMNS_MAX]; /* never NULL up to the asked columns; borrowed during the call */
};
typedef void tsv_row_fn(void *ctx, const struct tsv_row *row);

/* A row must have at least `min` and at most `max` cells, else it is a fault (LOA_INVALID at the end) and
 * reading goes on; missing cells up to `max` are "". */
enum loa_status tsv_read(const char *path, unsigned min, unsigned max, struct errors *err, tsv_row_fn *fn,
                         void *ctx);

#endif
