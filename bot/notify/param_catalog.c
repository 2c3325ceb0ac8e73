#include "loa/param_catalog.h"
#include "loa/calendar.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/nearest.h"
#include "loa/template.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 32
#define SPECS_MAX      200

static const char *const type_words[PARAM_TYPE_COUNT] = { "text",  "lines",  "code", "phone", "time",
                                                          "money", "number", "link", "flag" };

const char *param_type_word(enum param_type t)
{
    return type_words[t];
}

static int type_from_word(const char *w)
{
    for (int t = 0; t < PARAM_TYPE_COUNT; t++)
        if (strcmp(type_words[t], w) == 0)
            return t;
    return -1;
}

static bool link_ok(const char *v)
{
    return (strncmp(v, "https://", 8) == 0 || strncmp(v, "http://", 7) == 0) && strpbrk(v, " \"<>\n") == NULL;
}

bool param_value_ok(enum param_type t, const char *value)
{
    int64_t n;

    if (*value == '\0')
        return true;
    switch (t) {
    case PARAM_TIME:
    case PARAM_NUMBER:
        return ini_int(value, INT64_MIN, INT64_MAX, &n);
    case PARAM_MONEY:
        return ini_int(value, 0, 999999999999999, &n);
    case PARAM_LINK:
        return link_ok(value);
    default:
        return true;
    }
}

const char *param_catalog_nearest(const struct param_catalog *c, const char *name)
{
    const char *best = NULL;
    unsigned best_distance = 4; /* farther than three letters is another word */

    for (unsigned i = 0; i < c->count; i++) {
        unsigned d = nearest_distance(name, c->item[i].name);
        if (d < best_distance) {
            best_distance = d;
            best = c->item[i].name;
        }
    }
    return best;
}

const struct param_spec *param_catalog_find(const struct param_catalog *c, const char *name)
{
    for (unsigned i = 0; i < c->count; i++)
        if (strcmp(c->item[i].name, name) == 0)
            return &c->item[i];
    return NULL;
}

struct loading {
    struct param_catalog *out;
    struct errors *err;
    bool failed;
};

static void row_fault(struct loading *l, const struct tsv_row *row, const char *vi, const char *en)
{
    fault_add(l->err, row->path, row->line, "bad_param", vi, en);
    l->failed = true;
}

static bool name_ok(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= NAME_MAX_BYTES && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

/* The example as it travels; NULL when it is not of its type. */
static char *example_value(enum param_type type, const char *written)
{
    int64_t ms;
    char digits[24];

    if (type != PARAM_TIME)
        return param_value_ok(type, written) ? mem_strdup(written) : NULL;
    if (!date_parse_rfc3339(written, &ms))
        return NULL;
    snprintf(digits, sizeof digits, "%" PRId64, ms);
    return mem_strdup(digits);
}

/* "\n" in the table stands for a line end. */
static void unescape_newlines(char *s)
{
    char *to = s;

    for (; *s != '\0'; s++)
        if (s[0] == '\\' && s[1] == 'n') {
            *to++ = '\n';
            s++;
        } else {
            *to++ = *s;
        }
    *to = '\0';
}

static bool has_one_length(enum param_type t)
{
    return t == PARAM_TIME || t == PARAM_MONEY || t == PARAM_NUMBER || t == PARAM_FLAG;
}

enum column {
    COLUMN_NAME,
    COLUMN_TYPE,
    COLUMN_PRESENCE,
    COLUMN_MAX,
    COLUMN_MEANING,
    COLUMN_EXAMPLE,
    COLUMNS
};

static void add_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    struct param_catalog *c = l->out;
    const char *const *cell = row->cell;
    int type = type_from_word(cell[COLUMN_TYPE]);
    bool always = strcmp(cell[COLUMN_PRESENCE], "always") == 0;
    int64_t max = 0;
    char *example = NULL;

    if (!name_ok(cell[COLUMN_NAME]))
        row_fault(l, row, "tên chỉ gồm a-z, 0-9, _", "names are a-z, 0-9, _");
    else if (param_catalog_find(c, cell[COLUMN_NAME]) != NULL)
        row_fault(l, row, "đã có tham số này ở trên", "this name stands above already");
    else if (type < 0)
        row_fault(l, row, "kiểu lạ", "unknown type");
    else if (!always && strcmp(cell[COLUMN_PRESENCE], "maybe") != 0)
        row_fault(l, row, "cột 3 là always hoặc maybe", "column 3 is always or maybe");
    else if (!has_one_length((enum param_type)type) && !ini_int(cell[COLUMN_MAX], 1, 2000, &max))
        row_fault(l, row, "cột 4 là số chữ nhiều nhất, 1 đến 2000",
                  "column 4 is the most letters, 1 to 2000");
    else if ((example = example_value((enum param_type)type, cell[COLUMN_EXAMPLE])) == NULL ||
             *example == '\0' || c->count == SPECS_MAX)
        row_fault(l, row, "thiếu ví dụ, ví dụ không đúng kiểu, hoặc bảng quá dài",
                  "no example, not of its type, or the table is too long");
    else {
        unescape_newlines(example);
        c->item[c->count++] = (struct param_spec){ .name = mem_strdup(cell[COLUMN_NAME]),
                                                   .meaning = mem_strdup(cell[COLUMN_MEANING]),
                                                   .example = example,
                                                   .hash = params_hash(cell[COLUMN_NAME]),
                                                   .type = (enum param_type)type,
                                                   .always = always,
                                                   .max_letters = (unsigned)max };
        return;
    }
    free(example);
}

enum loa_status param_catalog_load(const char *path, struct errors *err, struct param_catalog *out)
{
    struct loading l = { .out = out, .err = err };

    /* Compiled texts point at the rows, so the table never moves. */
    *out = (struct param_catalog){ .item = mem_alloc(SPECS_MAX * sizeof *out->item) };
    enum loa_status st = tsv_read(path, COLUMNS, COLUMNS, err, add_row, &l);
    if (st == LOA_OK && l.failed)
        st = LOA_INVALID;
    if (st != LOA_OK)
        param_catalog_clear(out);
    return st;
}

void param_catalog_clear(struct param_catalog *c)
{
    for (unsigned i = 0; i < c->count; i++) {
        free(c->item[i].name);
        free(c->item[i].meaning);
        free(c->item[i].example);
    }
    free(c->item);
    *c = (struct param_catalog){ 0 };
}
