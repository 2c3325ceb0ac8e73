/*
 * archive - moves the ledger from Redis to files (archive_file.h), and out of Redis once it is safely there.
 *
 * Every [ledger] archive_every_s seconds, for each partition this process owns: the entries nobody has
 * archived become lines of today's file, are synced, then the store is told how far the archive is; what is
 * older than [ledger] redis_days leaves the stream. A crash between the two steps repeats the first: the file
 * is cut back to the length that the store knows, so no entry is there twice. Each server writes files of its
 * own under its data_dir and goes on with the chain where the last one ended.
 *
 * A file that is shorter than the store knows has been touched: nothing more is archived or trimmed for that
 * partition and a person is called.
 */
#ifndef LOA_ARCHIVE_H
#define LOA_ARCHIVE_H

#include "loa/config.h"
#include "loa/lease.h"

struct archive;
struct archive_env {
    struct loop *loop;
    struct store *store;
    struct leases *leases;
    const struct config *config;
    void (*alert)(void *ctx, const char *code, const char *sentence_vi);
    void *alert_ctx;
};
struct archive *archive_new(const struct archive_env *env);
void archive_start(struct archive *a); /* once the store is open */
void archive_pause(struct archive *a); /* begins nothing new */
bool archive_idle(const struct archive *a, unsigned partition);
void archive_free(struct archive *a); /* before the loop; a write under way ends first */

#endif
