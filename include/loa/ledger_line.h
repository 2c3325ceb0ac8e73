/*
 * ledger_line - one entry of the ledger as a line of its archive, and the chain that holds the lines
 * together.
 *
 *   {"ledger":"p07","day":"2026-11-23","before":4711,"prev":"<x of line 4711>"}          head of a segment
 *   {"id":"p07-1790000000000-0","kind":…,"state":…,"time":…,"person":88,…,"x":"<chain>"} an entry
 *
 * x = SHA-256, in hex, of the previous x and this line up to, not including, `,"x":`; the first previous x is
 * 64 zeros. Whoever changes, drops or adds a line breaks every x behind it.
 *
 * Nothing in a line names a person: `person` is a number that the citizen's record in Redis holds (unique
 * within the partition), `dossier` a keyed hash of the code. Once the record is erased nobody can tell whose
 * number it was, and the counts stay right.
 */
#ifndef LOA_LEDGER_LINE_H
#define LOA_LEDGER_LINE_H

#include "loa/json.h"
#include "loa/store.h"

#define LEDGER_CHAIN_SIZE  65
#define LEDGER_CHAIN_FIRST "0000000000000000000000000000000000000000000000000000000000000000"

/* A line's place: what was before it. */
struct ledger_chain {
    long long count; /* entries so far */
    char x[LEDGER_CHAIN_SIZE];
};

void ledger_line_head(struct buf *out, unsigned partition, const char *day, const struct ledger_chain *at);
/* `entry` as ledger_entry_json() makes it. Appends the line with its end and moves the chain on. */
void ledger_line_entry(struct buf *out, const struct crypto *c, cJSON *entry, long long person,
                       struct ledger_chain *at);

/* Moves the chain over a line without its end; false when the line does not fit. A head must repeat the
 * chain. */
bool ledger_line_follows(const char *line, size_t n, struct ledger_chain *at);
/* Is it the head of a segment? Then `at` gets what it says was before, `partition` whose. */
bool ledger_line_is_head(const char *line, size_t n, unsigned *partition, struct ledger_chain *at);

#endif
