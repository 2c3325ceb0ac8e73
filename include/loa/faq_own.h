/*
 * faq_own - entries of the FAQ that people of the office write: drafts, and those that were approved.
 *
 * Records in partition 0: fd  hash  draft -> sealed JSON
 * {"topic","question","variants","answer","by_name","at"}; fs  hash  draft -> "draft|<login>" or
 * "live|<login>". Each process writes the approved ones into data_dir/faq/desk.json, which lies over
 * templates/faq (faq_load_with()), and loads the FAQ anew as soon as it hears of a change on "loa:drafts":
 * they work everywhere at once.
 */
#ifndef LOA_FAQ_OWN_H
#define LOA_FAQ_OWN_H

#include "loa/json.h"
#include "loa/service.h"

#define DRAFT_ID_SIZE 20
#define DRAFTS_MAX    500

struct faq_own;
struct faq_own *faq_own_new(struct service *s);
void faq_own_start(struct faq_own *o);
void faq_own_free(struct faq_own *o);

struct faq_draft {
    const char *id, *by; /* by: login */
    bool live;
    const cJSON *entry;               /* {"topic","question","variants","answer","by_name","at"} */
    const struct redis_value *sealed; /* the same as it lies in the store */
};
typedef void faq_drafts_fn(void *ctx, enum loa_status st, const struct faq_draft *draft, unsigned count);
void faq_own_list(struct faq_own *o, faq_drafts_fn *done, void *ctx); /* newest first */

/* `word`: "ok", "not_found", "forbidden" (another's, or live already), "too_many"; "changed": it
 * is not the one that was read; "conflict": the FAQ would
 * refuse it, `why` says so in Vietnamese. */
typedef void faq_own_fn(void *ctx, enum loa_status st, const char *word, const char *why);
/* `by`, `editor`: who does it. A live one is not written over. */
void faq_own_put(struct faq_own *o, const char *id, const cJSON *entry, const char *by, bool editor,
                 faq_own_fn *done, void *ctx);
/* `read_at`: the `at` of the draft that `by` has read. */
void faq_own_publish(struct faq_own *o, const char *id, int64_t read_at, const char *by, faq_own_fn *done,
                     void *ctx);
void faq_own_drop(struct faq_own *o, const char *id, const char *by, bool editor, faq_own_fn *done,
                  void *ctx);

/* One listener, for good. */
void faq_own_on_change(struct faq_own *o, loop_fn *fn, void *ctx);

#endif
