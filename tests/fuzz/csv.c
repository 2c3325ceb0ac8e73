/* Cells lie inside the text, lines only grow, and reading ends. */
#include "loa/csv.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *text = malloc(size + 1), *cell[8];
    struct csv c;
    unsigned count, line = 0;
    size_t rows = 0;
    memcpy(text, data, size);
    text[size] = '\0';
    csv_init(&c, text, size);
    while (csv_next(&c, cell, 8, &count) == CSV_ROW) {
        if (count == 0 || c.line <= line || ++rows > size)
            abort();
        line = c.line;
        for (unsigned i = 0; i < count && i < 8; i++)
            if (cell[i] < text || cell[i] + strlen(cell[i]) > text + size)
                abort();
    }
    free(text);
    return 0;
}
