/*
 * reach - how many different citizens were reached, exactly: sets of person numbers, one per day or month,
 * state, unit, channel and kind of message. A person lives in one partition, so the counts of the partitions
 * add up.
 *
 * Record r:<yyyy-mm> (hash, per partition): field "<dd or *>|<state>|<unit>|<channel>|<kind>" -> set
 * (CRoaring, portable format); "*" is the whole month. It is written in the same script that records how far
 * the ledger's archive has come, so it always says exactly what the archive says: reach_verify() counts that
 * again from the files.
 *
 * States: sent (a channel took it), delivered, seen. A notice in the portal's box counts as sent until it is
 * opened. What counts as reached is delivered or seen, never sent.
 */
#ifndef LOA_REACH_H
#define LOA_REACH_H

#include "loa/json.h"
#include "loa/policy.h"
#include "loa/store.h"

/* ---- sets of persons (the only file that sees CRoaring is reach_set.c) ---- */
struct reach_set;
struct reach_set *reach_set_new(void);
void reach_set_free(struct reach_set *s);
void reach_set_add(struct reach_set *s, uint32_t person);
void reach_set_join(struct reach_set *s, const struct reach_set *other); /* s becomes the union */
uint64_t reach_set_count(const struct reach_set *s);
bool reach_set_equal(const struct reach_set *a, const struct reach_set *b);
void reach_set_save(struct reach_set *s, struct buf *out);
/* The saved persons join `s`. LOA_INVALID: damaged. */
enum loa_status reach_set_load(struct reach_set *s, const void *p, size_t n);

/* ---- cells: what some entries of the ledger add ---- */
#define REACH_FIELD_MAX 200
struct reach_cells;
struct reach_cells *reach_cells_new(void);
void reach_cells_free(struct reach_cells *c);
/* An archived entry (ledger_line.h); what tells of no person reached adds nothing. */
void reach_cells_add(struct reach_cells *c, const cJSON *entry);
unsigned reach_cells_count(const struct reach_cells *c);
/* Every cell, sorted by month and field. */
typedef void reach_cell_fn(void *ctx, const char *month, const char *field, struct reach_set *set);
void reach_cells_each(struct reach_cells *c, reach_cell_fn *fn, void *ctx);

/* ---- asking ---- */
enum reach_by {
    REACH_BY_NOTHING,
    REACH_BY_UNIT,
    REACH_BY_CHANNEL,
    REACH_BY_KIND,
    REACH_BY_MONTH,
    REACH_BY_DAY
};
int reach_by_from_word(const char *w); /* "" unit channel kind month day; -1 unknown */

struct reach_query {
    int64_t from_day, to_day; /* local day numbers, both counted */
    enum reach_by by;
    char unit[64], channel[16],
        kind[40]; /* "" all; a unit with all below it, as the tree is on the last day */
};
struct reach_row {
    char key[64], name[160];
    uint64_t accepted, delivered, seen; /* persons: each includes those to the right of it */
};
struct reach_report { /* freed by the asker with reach_report_free() */
    struct reach_row total, *row;
    unsigned rows;
};
void reach_report_free(struct reach_report *r);
typedef void reach_done_fn(void *ctx, enum loa_status st, struct reach_report *r);
/* `policy` is where the current one is. `done` runs once, later. */
void reach_ask(struct store *s, const struct policy *const *policy, const struct reach_query *q,
               reach_done_fn *done, void *ctx);
/* "2026-11-23" "2026-11" "2026-Q4" "2026-H2" "2026": first and last day. */
bool reach_period(const char *text, int64_t *from_day, int64_t *to_day);

void reach_json(const struct reach_query *q, const struct reach_report *r, struct buf *out);
void reach_csv(const struct reach_query *q, const struct reach_report *r, struct buf *out);

#endif
