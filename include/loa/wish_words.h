/*
 * wish_words - does this text, without a code or a command, ask about one's own dossiers, or to be forgotten?
 * Pure functions of the text and of templates/chat/lookup.tsv and erase.tsv (phrase_book.h); the files tell
 * what their groups mean.
 */
#ifndef LOA_WISH_WORDS_H
#define LOA_WISH_WORDS_H

#include "loa/errors.h"
#include <stdbool.h>

struct wish_words;
enum loa_status wish_words_load(const char *chat_dir, struct errors *err, struct wish_words **out);
void wish_words_free(struct wish_words *w);

enum dossier_wish {
    DOSSIER_NOTHING,
    DOSSIER_MINE, /* how far is what I handed in? A question about a procedure is not meant */
    DOSSIER_FOLLOW,
    DOSSIER_UNFOLLOW
};
enum dossier_wish wish_about_dossier(const struct wish_words *w, const char *text);
bool wish_to_be_erased(const struct wish_words *w, const char *text);
bool wish_to_keep(const struct wish_words *w, const char *text); /* a no to "erase?", and nothing else */

#endif
