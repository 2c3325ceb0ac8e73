/*
 * dossier_read - what is known of one dossier now, for whoever answers questions about it.
 */
#ifndef LOA_DOSSIER_READ_H
#define LOA_DOSSIER_READ_H

#include "loa/dossier_event.h"
#include "loa/store.h"

struct dossier_known {
    bool found;    /* some system has told us of it */
    int status;    /* -1: of no event we could read */
    int64_t at_ms; /* since when */
    bool detailed; /* `event` holds the sealed record; false once it was erased */
    struct dossier_event event;
    char followers[256]; /* "<cid>:<channel>;…" */
};
typedef void dossier_read_fn(void *ctx, enum loa_status st, const struct dossier_known *d);
enum loa_status dossier_read(struct store *s, const char *code, dossier_read_fn *done, void *ctx);

#endif
