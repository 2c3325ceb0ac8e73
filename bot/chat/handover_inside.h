/*
 * handover_inside - what the files of the hand-over share.
 */
#ifndef HANDOVER_INSIDE_H
#define HANDOVER_INSIDE_H

#include "loa/board.h"
#include "loa/handover.h"
#include "loa/text.h"

void turn_set_ms(struct turn *t, const char *field, int64_t ms);
int64_t turn_field_ms(const struct turn *t, const char *field); /* 0 none */

/* The desk this conversation waits at, or is talked in from. */
const struct desk *handover_desk(const struct turn *t);
void handover_promise_for(const struct turn *t, const struct desk *d, int64_t since_ms, struct promise *out);
/* Into the queue of `d`, at the place of who waits since `since_ms`. Says nothing. */
void handover_wait(struct turn *t, const struct desk *d, int64_t since_ms);

/* Code "desk_<what>:<desk>", sentence "desk.<what>" of words.tsv. */
void handover_alert(struct service *s, const char *what, const struct desk *d);
/* Nobody there although the office is open, or too many waiting: staff are alerted. */
void handover_watch(struct service *s, const struct desk *d);

#endif
