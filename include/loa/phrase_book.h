/*
 * phrase_book - ways of saying things, as a table that staff can widen: which of them stand in a text.
 *
 *   group <TAB> meaning <TAB> phrase, other phrase …        same <TAB> word <TAB> other spellings
 *
 * A word of the table matches as it stands, in any case; its form without marks matches a word typed without
 * marks. Other spellings (same: "ko" for "không") match to the letter only. At each place of the text the
 * longest phrase counts. Pure but for loading.
 */
#ifndef LOA_PHRASE_BOOK_H
#define LOA_PHRASE_BOOK_H

#include "loa/errors.h"
#include <stdbool.h>

struct phrase_group {
    const char *group, *meaning; /* meaning NULL: any that `known` accepts */
};

struct phrase_book;
/* `groups` ends with group NULL; a phrase is known by its row there. `known` may be NULL when no meaning is.
 */
enum loa_status phrase_book_load(const char *path, const struct phrase_group *groups,
                                 bool (*known)(const void *ctx, unsigned group, const char *meaning),
                                 const void *ctx, struct errors *err, struct phrase_book **out);
void phrase_book_free(struct phrase_book *b);
const char *phrase_book_version(const struct phrase_book *b); /* 12 hex digits of the file's hash */

#define PHRASE_HITS_MAX 60
struct phrase_hits {
    unsigned words, unknown; /* of the text; those that belong to no phrase */
    unsigned count;
    struct {
        unsigned group;
        const char *meaning; /* lives as long as the book */
    } hit[PHRASE_HITS_MAX];
};
/* Of a text of more than PHRASE_HITS_MAX words nothing is read: words is 0 then. */
void phrase_book_read(const struct phrase_book *b, const char *text, struct phrase_hits *out);
unsigned phrase_hits_of(const struct phrase_hits *h, unsigned group); /* how many */

#endif
