/*
 * board - who waits at which desk, who talks, who is connected: a copy in memory of every process, so that
 * the bot's promises, the officers' pages and the metrics ask nobody.
 *
 * The truth lies in the partitions (handover.h). A process reads a partition anew when it hears of a change
 * there (several within a moment are one), and all of them now and then, should a word have been lost.
 * Officers who are connected are told by each process to a record of partition 0 every second.
 */
#ifndef LOA_BOARD_H
#define LOA_BOARD_H

#include "loa/handover.h"
#include "loa/service.h"

#define BOARD_SHOWN_MAX 40 /* conversations of a desk that are kept with their particulars */

struct board_item {
    char cid[CRYPTO_KEY_HEX], desk[36], channel[8], reason[32], officer[40], officer_name[128], first[260];
    bool talking, proven;
    int64_t waiting_ms, talking_ms, due_ms;
    unsigned escalated;
};
struct board_person {
    char login[40], name[128], desks[256]; /* desks: "a,b" */
    int64_t seen_ms;
    bool here; /* connected now */
};

struct board;
struct board *board_new(struct service *s);
void board_free(struct board *b);
void board_start(struct board *b);

/* ---- asking ---- */
unsigned board_waiting(const struct board *b, const char *desk);
int64_t board_oldest_ms(const struct board *b,
                        const char *desk); /* who waits longest waits since; 0 nobody */
/* Who waits for this desk since an earlier instant. */
unsigned board_ahead(const struct board *b, const char *desk, int64_t since_ms);
/* The i-th of a desk, in the order they are to be taken: waiting ones first; NULL after the last. */
const struct board_item *board_item_at(const struct board *b, const char *desk, unsigned i);
/* Officers who were connected within a day: the i-th by login, NULL after the last; by name, NULL unknown. */
const struct board_person *board_person_at(const struct board *b, unsigned i);
const struct board_person *board_person(const struct board *b, const char *login);
/* When this officer was connected last, as far as we can know: never before the store began to answer. */
int64_t board_seen_ms(const struct board *b, const char *login);
unsigned board_officers(const struct board *b, const char *desk); /* connected, and of this desk */
unsigned board_talks(const struct board *b, const char *login);

/* ---- hearing of changes ---- */
/* `desk` changed; "" the people changed. */
typedef void board_changed_fn(void *ctx, const char *desk);
void board_on_change(struct board *b, board_changed_fn *fn, void *ctx); /* one listener, for good */

/* ---- telling who is connected here ---- */
void board_arrive(struct board *b,
                  const struct board_person *p); /* counted: two pages of one officer are fine */
void board_leave(struct board *b, const char *login);

/* Is `word` one of "a,b"? */
bool board_list_has(const char *list, const char *word);

#endif
