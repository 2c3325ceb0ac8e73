/*
 * ledger_entry - one entry of the ledger as other systems read it: the same JSON in GET /v1/feed and in the
 * signed callbacks.
 */
#ifndef LOA_LEDGER_ENTRY_H
#define LOA_LEDGER_ENTRY_H

#include "loa/json.h"
#include "loa/store.h"

#define LEDGER_ENTRY_ID_SIZE 36

/* "p07-1790000000000-0": unique over all partitions, the same however often the entry is read. */
void ledger_entry_id(char out[LEDGER_ENTRY_ID_SIZE], unsigned partition, const char *stream_id);
/* `fields` of the stream loa:{pNN}:led: n k w s t v c a h of a message's final result
 * (bot/store/_delivery.lua), or e d c t of something that happened in the chat (turn_count() in dialog.h).
 * Caller frees. */
cJSON *ledger_entry_json(unsigned partition, const char *stream_id, const struct redis_value *fields);

#endif
