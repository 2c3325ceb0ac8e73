#include "loa/wish_words.h"
#include "loa/mem.h"
#include "loa/phrase_book.h"
#include <stdio.h>
#include <stdlib.h>

enum { STATE, OBJECT, OWN, FILLER, VETO, FOLLOW, UNFOLLOW };
static const struct phrase_group lookup_groups[] = {
    [STATE] = { "state", "" },       [OBJECT] = { "object", "" },
    [OWN] = { "own", "" },           [FILLER] = { "filler", "" },
    [VETO] = { "veto", "" },         [FOLLOW] = { "follow", "" },
    [UNFOLLOW] = { "unfollow", "" }, { NULL, NULL },
};

enum { E_ERASE, E_KEEP, E_OWN, E_FILLER, E_VETO };
static const struct phrase_group erase_groups[] = {
    [E_ERASE] = { "erase", "" },   [E_KEEP] = { "keep", "" }, [E_OWN] = { "own", "" },
    [E_FILLER] = { "filler", "" }, [E_VETO] = { "veto", "" }, { NULL, NULL },
};

struct wish_words {
    struct phrase_book *lookup, *erase;
};

enum loa_status wish_words_load(const char *chat_dir, struct errors *err, struct wish_words **out)
{
    char path[512];
    struct wish_words *w = mem_alloc(sizeof *w);
    snprintf(path, sizeof path, "%s/lookup.tsv", chat_dir);
    enum loa_status st = phrase_book_load(path, lookup_groups, NULL, NULL, err, &w->lookup);
    snprintf(path, sizeof path, "%s/erase.tsv", chat_dir);
    if (st == LOA_OK)
        st = phrase_book_load(path, erase_groups, NULL, NULL, err, &w->erase);
    if (st == LOA_OK)
        *out = w;
    else
        wish_words_free(w);
    return st;
}

void wish_words_free(struct wish_words *w)
{
    if (w == NULL)
        return;
    phrase_book_free(w->lookup);
    phrase_book_free(w->erase);
    free(w);
}

enum dossier_wish wish_about_dossier(const struct wish_words *w, const char *text)
{
    struct phrase_hits h;
    phrase_book_read(w->lookup, text, &h);
    bool alone = h.unknown == 0, own = phrase_hits_of(&h, OWN) > 0;
    if (phrase_hits_of(&h, VETO) > 0)
        return DOSSIER_NOTHING;
    if (phrase_hits_of(&h, UNFOLLOW) > 0)
        return alone ? DOSSIER_UNFOLLOW : DOSSIER_NOTHING;
    if (phrase_hits_of(&h, FOLLOW) > 0)
        return alone ? DOSSIER_FOLLOW : DOSSIER_NOTHING;
    return phrase_hits_of(&h, STATE) > 0 && (own || alone) ? DOSSIER_MINE : DOSSIER_NOTHING;
}

bool wish_to_be_erased(const struct wish_words *w, const char *text)
{
    struct phrase_hits h;
    phrase_book_read(w->erase, text, &h);
    return phrase_hits_of(&h, E_ERASE) > 0 && phrase_hits_of(&h, E_VETO) == 0 &&
           (phrase_hits_of(&h, E_OWN) > 0 || h.unknown == 0);
}

bool wish_to_keep(const struct wish_words *w, const char *text)
{
    struct phrase_hits h;
    phrase_book_read(w->erase, text, &h);
    return phrase_hits_of(&h, E_KEEP) > 0 && phrase_hits_of(&h, E_ERASE) == 0 && h.unknown == 0;
}
