/*
 * archive_file - the ledger's archive on disk: DIR/2026/2026-11-23.p07.jsonl.gz, one file per local day and
 * partition, lines as ledger_line.h says, packed member by member so that it grows by appending. `zcat FILE |
 * jq` reads it. When its day is over a file gets a companion FILE.sha256 that `sha256sum -c` understands.
 *
 * Everything here blocks: it runs in a thread or in a command.
 */
#ifndef LOA_ARCHIVE_FILE_H
#define LOA_ARCHIVE_FILE_H

#include "loa/errors.h"
#include "loa/ledger_line.h"

#define ARCHIVE_NAME_MAX 64 /* "2026/2026-11-23.p07.jsonl.gz" */
#define ARCHIVE_PATH_MAX 1024

void archive_name(char out[ARCHIVE_NAME_MAX], unsigned partition, const char *day);

/* The name of this server's part of the archive, kept in DIR/node and locked while the returned descriptor is
 * open. -1 with errno; EWOULDBLOCK: another process works in this directory. */
#define ARCHIVE_NODE_SIZE 9
int archive_node(const char *dir, char node[ARCHIVE_NODE_SIZE]);

/* Puts `n` bytes at offset `at` of DIR/name, cuts what was behind it (an attempt whose end nobody recorded),
 * and returns when they are on the disk. LOA_CONFLICT: the file is shorter than `at`, somebody has touched
 * it. LOA_IO: errno says. */
enum loa_status archive_append(const char *dir, const char *name, int64_t at, const void *p, size_t n);
/* Writes the companion of a file whose day is over. Harmless when it is there or the file is not. */
enum loa_status archive_close_day(const char *dir, const char *name);
/* Removes files and companions of days before `oldest` ("2016-11-23"). Returns how many. */
unsigned archive_forget(const char *dir, const char *oldest);

struct archive_sum {
    unsigned files, partitions;
    long long entries;
    struct ledger_chain
        end[PARTITIONS_MAX]; /* where the chain of each partition ends; count 0: nothing there */
};
/* Every entry of every line, in the order of the chain, partition by partition; `fn` may be NULL. */
typedef void archive_entry_fn(void *ctx, unsigned partition, const cJSON *entry);
/* Reads all of it; with `limit`, entries of each partition up to that number are told to `fn` (behind it lies
 * at most what nobody has recorded). Files of several servers may lie in `dir` together. What was changed,
 * cut, or is missing goes to `err`, named by file and line or by the numbers of the missing entries.
 * LOA_INVALID when there was any. */
enum loa_status archive_verify(const char *dir, const long long *limit, archive_entry_fn *fn, void *ctx,
                               struct errors *err, struct archive_sum *sum);

#endif
