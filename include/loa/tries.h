/*
 * tries - guesses are counted before they are looked at, and slowed down: some are free, then each costs
 * twice the time of the one before, up to a limit. Forgotten after a day without one.
 */
#ifndef LOA_TRIES_H
#define LOA_TRIES_H

#include "loa/store.h"

struct tries {
    const char *scope; /* what the guesses are at, or whose they are: "p:<cid>", "d:<code>" */
    const char *id;    /* of this guess: the same one may be asked for twice */
    unsigned free;
    int64_t first_pause_ms, longest_pause_ms;
};
/* `until_ms`: refused, or the next one is, until then. `count`: guesses so far. */
typedef void tries_fn(void *ctx, enum loa_status st, bool allowed, int64_t until_ms, unsigned count);
enum loa_status tries_take(struct store *s, const struct tries *t, tries_fn *done, void *ctx);
/* Is it allowed now? Counts nothing. */
enum loa_status tries_look(struct store *s, const struct tries *t, tries_fn *done, void *ctx);
/* It was right: this guess is given back. */
enum loa_status tries_right(struct store *s, const struct tries *t, tries_fn *done, void *ctx);

#endif
