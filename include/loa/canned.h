/*
 * canned - ready-made replies of the desks: those of templates/policy/canned.ini, and what leads have added
 * (hash cn of partition 0: key -> JSON). Every process keeps all of them in memory; a change anywhere is told
 * on "loa:canned".
 */
#ifndef LOA_CANNED_H
#define LOA_CANNED_H

#include "loa/errors.h"
#include "loa/service.h"

#define CANNED_KEY_SIZE 40
#define CANNED_OWN_MAX  200

struct canned {
    const char *key, *title, *text, *desk; /* desk "": all */
    bool own;                              /* added here: can be changed and dropped */
};

struct canned_file; /* of canned.ini */
enum loa_status canned_file_load(const char *policy_dir, struct errors *err, struct canned_file **out);
void canned_file_free(struct canned_file *f);

struct canned_book;
struct canned_book *canned_new(struct service *s);
void canned_start(struct canned_book *b);
void canned_free(struct canned_book *b);
/* Those of the file first. */
void canned_each(const struct canned_book *b, void (*fn)(void *ctx, const struct canned *c), void *ctx);
/* LOA_TOO_BIG: there are CANNED_OWN_MAX already. */
void canned_put(struct canned_book *b, const struct canned *c, void (*done)(void *ctx, enum loa_status st),
                void *ctx);
void canned_drop(struct canned_book *b, const char *key, void (*done)(void *ctx, enum loa_status st),
                 void *ctx);
/* One listener, for good. */
void canned_on_change(struct canned_book *b, loop_fn *fn, void *ctx);

#endif
