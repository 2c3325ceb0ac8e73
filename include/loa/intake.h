/*
 * intake - a checked dossier event becomes durable in the journal of its partition, once.
 *
 * LOA_OK in the completion means: the event survives a crash and will be dealt with; only then may the sender
 * hear 2xx. Repeats (same source and id, or same source, status and time for this dossier) are told apart and
 * harmless.
 */
#ifndef LOA_INTAKE_H
#define LOA_INTAKE_H

#include "loa/batch.h"
#include "loa/dossier_event.h"

#define INTAKE_ID_SIZE 40

struct intake;
/* `waiting_max`: most events in all journals together; beyond it an append ends with LOA_BUSY. `wake` runs
 * after something was stored in this partition. */
struct intake *intake_new(struct store *s, int64_t waiting_max, void (*wake)(void *ctx, unsigned partition),
                          void *wake_ctx);
void intake_free(struct intake *i);

typedef void intake_done_fn(void *ctx, enum loa_status st, const char *event_id, bool duplicate);
void intake_append(struct intake *i, const struct dossier_event *e, intake_done_fn *done, void *ctx);
/* LOA_BUSY when too much is on its way already: answer 503 with Retry-After. */
enum loa_status intake_ready(const struct intake *i);

#endif
