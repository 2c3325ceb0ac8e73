#include "sim_codes.h"
#include "loa/mem.h"
#include "loa/tsv.h"
#include <stdlib.h>
#include <string.h>

struct sim_codes {
    struct {
        char *host, *code, *words;
    } * row;
    unsigned count;
};

static void add_row(void *ctx, const struct tsv_row *row)
{
    struct sim_codes *c = ctx;

    c->row = mem_resize(c->row, (c->count + 1) * sizeof *c->row);
    c->row[c->count].host = mem_strdup(row->cell[0]);
    c->row[c->count].code = mem_strdup(row->cell[1]);
    c->row[c->count].words = mem_strdup(row->cell[2]);
    c->count++;
}

enum loa_status sim_codes_load(const char *path, struct errors *err, struct sim_codes **out)
{
    struct sim_codes *c = mem_alloc(sizeof *c);
    enum loa_status st = tsv_read(path, 3, 3, err, add_row, c);

    if (st == LOA_OK)
        *out = c;
    else
        sim_codes_free(c);
    return st;
}

void sim_codes_free(struct sim_codes *c)
{
    if (c == NULL)
        return;
    for (unsigned i = 0; i < c->count; i++) {
        free(c->row[i].host);
        free(c->row[i].code);
        free(c->row[i].words);
    }
    free(c->row);
    free(c);
}

const char *sim_codes_words(const struct sim_codes *c, const char *host, const char *code)
{
    for (unsigned i = 0; i < c->count; i++)
        if (strcmp(c->row[i].host, host) == 0 && strcmp(c->row[i].code, code) == 0)
            return c->row[i].words;
    return "";
}
