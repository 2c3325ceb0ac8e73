/*
 * erase - a citizen asks to be forgotten.
 *
 * From any identity's key the main record and its other identities are found. Contacts, inbox, lists of
 * dossiers, conversations go; sealed bodies of notifications go and what waits is not sent; dossiers lose
 * their sealed summary (names, contacts) and keep their timeline; following ends. Counts and the ledger,
 * which name nobody, stay. What waits under another name for a dossier of this citizen (by phone here, by
 * paper number there) is stopped too.
 *
 * Each step is repeatable, and what says where the rest lies goes last: asked again after a failure it
 * finishes.
 */
#ifndef LOA_ERASE_H
#define LOA_ERASE_H

#include "loa/store.h"

/* `keep_cid`: a conversation that erases itself (turn_erase()), "" none. `done` runs once, later. */
typedef void citizen_erase_fn(void *ctx, enum loa_status st);
void citizen_erase(struct store *s, const char *ckey, const char *keep_cid, citizen_erase_fn *done,
                   void *ctx);

#endif
