#include "loa/tsv.h"
#include "loa/text_file.h"
#include <assert.h>
#include <string.h>

/* Splits `line` at TABs into at most `max` cells; returns how many the line has. */
static unsigned split_cells(char *line, unsigned max, struct tsv_row *row)
{
    unsigned n = 0;

    for (char *rest = line; rest != NULL; n++) {
        char *cell = strsep(&rest, "\t");
        if (n >= max)
            continue;
        cell = text_trim(cell);
        row->cell[n] = strcmp(cell, "-") == 0 ? "" : cell;
    }
    for (unsigned i = n; i < max; i++)
        row->cell[i] = "";
    return n;
}

enum loa_status tsv_read(const char *path, unsigned min, unsigned max, struct errors *err, tsv_row_fn *fn,
                         void *ctx)
{
    struct buf text = BUF_INIT(TEXT_FILE_MAX_BYTES);
    struct tsv_row row = { .path = path };

    assert(max <= TSV_COLUMNS_MAX);
    enum loa_status st = text_file_read(path, err, &text);
    struct text_lines lines = { .rest = st == LOA_OK ? text.data : NULL };
    while (text_lines_next(&lines)) {
        row.line = lines.number;
        if (lines.line[0] == '#' || lines.line[strspn(lines.line, " \t")] == '\0')
            continue;
        unsigned n = split_cells(lines.line, max, &row);
        if (n >= min && n <= max) {
            fn(ctx, &row);
            continue;
        }
        fault_at(err, path, row.line, "bad_row", "dòng có %u cột, cần %u đến %u cột cách nhau bằng TAB",
                 "%u columns, expected %u to %u apart by TAB", n, min, max);
        st = LOA_INVALID;
    }
    buf_clear(&text);
    return st;
}
