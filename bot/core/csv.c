#include "loa/csv.h"
#include <string.h>

static char pick_separator(const char *s, const char *end)
{
    static const char candidate[] = { ',', ';', '\t' };
    unsigned seen[3] = { 0 };
    bool quoted = false;
    for (; s < end && (quoted || (*s != '\n' && *s != '\r')); s++) {
        if (*s == '"')
            quoted = !quoted;
        for (unsigned i = 0; i < 3 && !quoted; i++)
            seen[i] += *s == candidate[i];
    }
    unsigned best = 0;
    for (unsigned i = 1; i < 3; i++)
        if (seen[i] > seen[best])
            best = i;
    return candidate[best];
}

void csv_init(struct csv *c, char *text, size_t len)
{
    *c = (struct csv){ .at = text, .end = text + len, .line = 1, .next_line = 1 };
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        c->at += 3;
    c->separator = pick_separator(c->at, c->end);
}

static bool is_blank(const struct csv *c, char letter)
{
    return (letter == ' ' || letter == '\t') && letter != c->separator;
}

static bool ends_cell(const struct csv *c)
{
    return c->at == c->end || *c->at == c->separator || *c->at == '\n' || *c->at == '\r';
}

/* Passes one line end. */
static void end_line(struct csv *c)
{
    char first = *c->at++;
    if (first == '\r' && c->at < c->end && *c->at == '\n')
        c->at++;
    c->next_line++;
}

/* `at` stands after the opening quote. Returns false when there is no closing one before the cell's end. */
static bool read_quoted(struct csv *c, char **cell, char **cell_end)
{
    char *to = *cell = c->at;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '"' && c->at + 1 < c->end && c->at[1] == '"')
            c->at++;
        else if (*c->at == '"')
            break;
        c->next_line += *c->at == '\n';
        *to++ = *c->at;
    }
    if (c->at == c->end)
        return false;
    c->at++;
    while (c->at < c->end && is_blank(c, *c->at))
        c->at++;
    *cell_end = to;
    return ends_cell(c);
}

static void read_plain(struct csv *c, char **cell, char **cell_end)
{
    *cell = c->at;
    while (!ends_cell(c))
        c->at++;
    *cell_end = c->at;
    while (*cell_end > *cell && is_blank(c, (*cell_end)[-1]))
        --*cell_end;
}

static bool read_cell(struct csv *c, char **cell, char **cell_end)
{
    while (c->at < c->end && is_blank(c, *c->at))
        c->at++;
    if (c->at < c->end && *c->at == '"') {
        c->at++;
        return read_quoted(c, cell, cell_end);
    }
    read_plain(c, cell, cell_end);
    return true;
}

enum csv_result csv_next(struct csv *c, char **cell, unsigned max, unsigned *count)
{
    while (c->at < c->end && (*c->at == '\n' || *c->at == '\r'))
        end_line(c);
    if (c->at == c->end)
        return CSV_END;
    c->line = c->next_line;
    *count = 0;
    for (;;) {
        char *text, *text_end;
        if (!read_cell(c, &text, &text_end))
            return CSV_BROKEN;
        bool last = c->at == c->end, more = !last && *c->at == c->separator;
        if (!last && !more)
            end_line(c);
        else if (more)
            c->at++;
        *text_end = '\0'; /* the separator or line end is passed already, the text ends with a NUL */
        if (*count < max)
            cell[*count] = text;
        ++*count;
        if (!more)
            return CSV_ROW;
    }
}

void csv_cell(struct buf *out, const char *text)
{
    buf_char(out, '"');
    if (text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL)
        buf_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            buf_char(out, '"');
        buf_char(out, *text == '\n' || *text == '\r' ? ' ' : *text);
    }
    buf_char(out, '"');
}
