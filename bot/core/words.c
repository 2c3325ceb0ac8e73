#include "loa/words.h"
#include "loa/mem.h"
#include "loa/tsv.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct word {
    char key[64];
    char *sentence, *next;
    UT_hash_handle hh;
};

struct words {
    struct word *table;
};

static void add(struct words *w, const char *key, const char *sentence, const char *next)
{
    struct word *x;
    HASH_FIND_STR(w->table, key, x);
    if (x != NULL || strlen(key) >= sizeof x->key)
        return; /* the first one stands */
    x = mem_alloc(sizeof *x);
    snprintf(x->key, sizeof x->key, "%s", key);
    x->sentence = mem_strdup(sentence);
    x->next = mem_strdup(next);
    HASH_ADD_STR(w->table, key, x);
}

static void word_row(void *ctx, const struct tsv_row *row)
{
    add(ctx, row->cell[0], row->cell[1], row->cell[2]);
}

/* codes.tsv: host, code, class, scope, wait, tries, suppress_days, sentence */
static void code_row(void *ctx, const struct tsv_row *row)
{
    char key[64];
    snprintf(key, sizeof key, "reason.%.16s:%.32s", row->cell[0], row->cell[1]);
    add(ctx, key, row->cell[7], "");
}

static void load_codes(struct words *w, const char *channels_dir, struct errors *err)
{
    char pattern[512];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/*/*codes*.tsv", channels_dir);
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        tsv_read(found.gl_pathv[i], 8, 8, err, code_row, w);
    globfree(&found);
}

enum loa_status words_load(const char *policy_dir, const char *channels_dir, struct errors *err,
                           struct words **out)
{
    struct words *w = mem_alloc(sizeof *w);
    char path[512];
    snprintf(path, sizeof path, "%s/words.tsv", policy_dir);
    enum loa_status st = tsv_read(path, 2, 3, err, word_row, w);
    load_codes(w, channels_dir, err);
    if (st != LOA_OK) {
        words_free(w);
        return st;
    }
    *out = w;
    return LOA_OK;
}

void words_free(struct words *w)
{
    if (w == NULL)
        return;
    struct word *x = w->table, *next;
    HASH_CLEAR(hh, w->table); /* the items stay linked */
    for (; x != NULL; x = next) {
        next = x->hh.next;
        free(x->sentence);
        free(x->next);
        free(x);
    }
    free(w);
}

const char *words_say(const struct words *w, const char *group, const char *word, const char **next)
{
    char key[64];
    struct word *x;
    snprintf(key, sizeof key, "%.20s.%.40s", group, word);
    HASH_FIND_STR(w->table, key, x);
    if (next != NULL)
        *next = x ? x->next : "";
    return x ? x->sentence : word;
}

const char *words_reason(const struct words *w, const char *code)
{
    char key[64];
    struct word *x;
    snprintf(key, sizeof key, "reason.%.50s", code);
    HASH_FIND_STR(w->table, key, x);
    return x ? x->sentence : NULL;
}
