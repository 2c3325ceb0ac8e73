/*
 * hook_record - one registered callback, as the store keeps it, and the signature its requests carry
 * (Standard Webhooks 1.0).
 *
 * All hooks are fields of the hash loa:{p00}:hooks: `<id>` is the sealed record, `off:<id>` the time since
 * when it is disabled. The id comes from the address, so registering the same address again changes the hook
 * that is there. The place of a hook in partition 7 is the hash loa:{p07}:hk:<id>: `at` the last entry
 * delivered, `since` the first failure in a row.
 */
#ifndef LOA_HOOK_RECORD_H
#define LOA_HOOK_RECORD_H

#include "loa/crypto.h"
#include "loa/errors.h"
#include "loa/store.h"

#define HOOKS_MAX        16
#define HOOK_ID_SIZE     20
#define HOOK_SECRET_SIZE 100
#define HOOK_CHANGED     "loa:hooks" /* the channel that tells all processes to read the hash again */

struct hook_record {
    char id[HOOK_ID_SIZE];
    char url[1024];
    char secret[HOOK_SECRET_SIZE]; /* "whsec_" + base64 */
    unsigned events;               /* bit per word of hook_event_word(); 0: all */
    int64_t created_ms, off_ms;    /* off_ms 0: active */
};

/* "message.delivered" …: one word per final state of a message; NULL after the last. */
const char *hook_event_word(unsigned i);
bool hook_wants(const struct hook_record *h, const char *state);

/* https, or http to this very machine; no user, no fragment. */
bool hook_url_good(const char *url);
/* "whsec_" and base64 of 24 to 64 bytes. */
bool hook_secret_good(const char *secret);
void hook_secret_make(char out[HOOK_SECRET_SIZE]);
void hook_id_of(const struct crypto *c, const char *url, char id[HOOK_ID_SIZE]);

void hook_record_seal(const struct crypto *c, const struct hook_record *h, struct buf *out);
enum loa_status hook_record_open(const struct crypto *c, const char *id, const char *sealed, size_t n,
                                 struct hook_record *out);
/* Reads the reply of HGETALL loa:{p00}:hooks; returns how many. What cannot be opened is left out. */
unsigned hook_records_read(const struct crypto *c, const struct redis_value *v, struct hook_record *out,
                           unsigned max);

/* Appends "v1,base64(HMAC-SHA256(secret, id.timestamp.body))". */
void hook_sign(const char *secret, const char *id, int64_t timestamp_s, const void *body, size_t n,
               struct buf *out);

#endif
