/* Which cells an entry of the ledger belongs to. */
#include "loa/local_time.h"
#include "loa/mem.h"
#include "loa/reach.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define KEY_MAX (REACH_FIELD_MAX + 8)

struct cell {
    char key[KEY_MAX]; /* "2026-11" NUL field */
    unsigned key_len;
    struct reach_set *set;
    UT_hash_handle hh;
};

struct reach_cells {
    struct cell *cell;
};

struct reach_cells *reach_cells_new(void)
{
    return mem_alloc(sizeof(struct reach_cells));
}

void reach_cells_free(struct reach_cells *c)
{
    struct cell *cell = c != NULL ? c->cell : NULL;
    if (c != NULL)
        HASH_CLEAR(hh, c->cell);
    for (struct cell *next; cell != NULL; cell = next) {
        next = cell->hh.next;
        reach_set_free(cell->set);
        free(cell);
    }
    free(c);
}

/* The word a state counts under; NULL when nobody was told anything. */
static const char *counts_as(const char *state, const char *channel)
{
    if (strcmp(state, "seen") == 0)
        return "seen";
    if (strcmp(state, "delivered") == 0)
        return strcmp(channel, "portal") == 0 ? "sent" : "delivered";
    return strcmp(state, "sent") == 0 ? "sent" : NULL;
}

static void add(struct reach_cells *c, const char *month, const char *day, const char *rest, uint32_t person)
{
    struct cell *cell = NULL;
    char key[KEY_MAX] = { 0 };
    snprintf(key, sizeof key, "%.7s", month);
    unsigned len = 8 + (unsigned)snprintf(key + 8, sizeof key - 8, "%.2s|%s", day, rest);
    len = len < KEY_MAX ? len : KEY_MAX - 1;
    HASH_FIND(hh, c->cell, key, len, cell);
    if (cell == NULL) {
        cell = mem_alloc(sizeof *cell);
        memcpy(cell->key, key, sizeof key);
        cell->key_len = len;
        cell->set = reach_set_new();
        HASH_ADD(hh, c->cell, key[0], len, cell);
    }
    reach_set_add(cell->set, person);
}

void reach_cells_add(struct reach_cells *c, const cJSON *entry)
{
    int64_t person = 0, when = 0;
    char rest[REACH_FIELD_MAX - 8], digits[16], month[16];
    const char *channel = json_str_or(entry, "channel", "");
    const char *state = counts_as(json_str_or(entry, "state", ""), channel);
    if (state == NULL || !json_int(entry, "person", &person) || person <= 0 ||
        !date_parse_rfc3339(json_str_or(entry, "time", ""), &when))
        return;
    date_print_national(when, digits);
    snprintf(month, sizeof month, "%.4s-%.2s", digits, digits + 4);
    snprintf(rest, sizeof rest, "%s|%.60s|%s|%.39s", state, json_str_or(entry, "unit", ""), channel,
             json_str_or(entry, "kind", ""));
    add(c, month, digits + 6, rest, (uint32_t)person);
    add(c, month, "*", rest, (uint32_t)person);
}

static int by_key(const struct cell *a, const struct cell *b)
{
    int months = strcmp(a->key, b->key);
    return months != 0 ? months : strcmp(a->key + 8, b->key + 8);
}

unsigned reach_cells_count(const struct reach_cells *c)
{
    return HASH_COUNT(c->cell);
}

void reach_cells_each(struct reach_cells *c, reach_cell_fn *fn, void *ctx)
{
    HASH_SORT(c->cell, by_key);
    for (struct cell *cell = c->cell; cell != NULL; cell = cell->hh.next)
        fn(ctx, cell->key, cell->key + 8, cell->set);
}
