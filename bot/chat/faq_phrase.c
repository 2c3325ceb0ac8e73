#include "faq_inside.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

static uint64_t step_key(uint32_t node, uint32_t word)
{
    return faq_hash_pair(7, node, word);
}

/* The node where `phrase` ends; new nodes are made on the way. */
static uint32_t node_of(struct faq_phrases *p, const struct faq_text *phrase)
{
    uint32_t node = 0; /* the root */
    for (unsigned i = 0; i < phrase->tokens; i++) {
        uint32_t fresh = p->nodes + 1;
        node = faq_map_put(&p->next, step_key(node, phrase->token[i].alt[0].word), fresh);
        if (node == fresh)
            p->nodes++;
    }
    return node;
}

uint32_t faq_phrases_add(struct faq_phrases *p, const struct faq_text *phrase)
{
    struct faq_phrase fresh = { .concept = FAQ_NONE, .next_alike = FAQ_NONE, .words = phrase->tokens };
    if (phrase->tokens == 0 || phrase->tokens > FAQ_PHRASE_WORDS_MAX)
        return FAQ_NONE;
    for (unsigned i = 0; i < phrase->tokens; i++)
        fresh.written[i] = phrase->token[i].written;

    uint32_t id = faq_map_put(&p->end, step_key(node_of(p, phrase), FAQ_NONE), p->count), last = FAQ_NONE;
    for (; id < p->count; id = p->phrase[id].next_alike) {
        if (memcmp(p->phrase[id].written, fresh.written, sizeof fresh.written) == 0)
            return id;
        last = id;
    }
    p->phrase = faq_room_for(p->phrase, p->count, sizeof *p->phrase);
    if (last != FAQ_NONE)
        p->phrase[last].next_alike = p->count;
    p->phrase[p->count] = fresh;
    return p->count++;
}

struct walk {
    const struct faq_phrases *p;
    struct faq_phrases *doubt; /* the same when the text belongs to an entry; NULL */
    const struct faq_text *text;
    struct faq_hits *out;
    unsigned start, words;
    unsigned token_of[FAQ_PHRASE_WORDS_MAX]; /* where the words taken so far stand */
};

/* In how many words the diacritics typed are not those of the phrase. */
static unsigned disagreements(const struct walk *w, const struct faq_phrase *phrase)
{
    unsigned n = 0;
    for (unsigned i = 0; i < phrase->words; i++) {
        uint64_t typed = w->text->token[w->token_of[i]].written;
        n += typed != 0 && typed != phrase->written[i]; /* tables are written with diacritics */
    }
    return n;
}

static bool all_typed(const struct walk *w, const struct faq_phrase *phrase)
{
    for (unsigned i = 0; i < phrase->words; i++)
        if (w->text->token[w->token_of[i]].written != phrase->written[i])
            return false;
    return true;
}

/* Of phrases with the same letters, those whose diacritics fit best. "ba" alone is never "bà"; of more words,
 * half may be misspelled, and then count half. */
static void add_hits(const struct walk *w, uint32_t first, unsigned end, float weight)
{
    unsigned fewest = FAQ_PHRASE_WORDS_MAX, d;
    for (uint32_t i = first; i != FAQ_NONE; i = w->p->phrase[i].next_alike)
        if ((d = disagreements(w, &w->p->phrase[i])) < fewest)
            fewest = d;
    for (uint32_t i = first; i != FAQ_NONE; i = w->p->phrase[i].next_alike) {
        const struct faq_phrase *phrase = &w->p->phrase[i];
        if (w->doubt != NULL && phrase->ruled && !all_typed(w, phrase))
            w->doubt->phrase[i].doubtful = true;
        d = disagreements(w, phrase);
        if (d == fewest && 2 * d <= phrase->words && w->out->count < FAQ_HITS_MAX)
            w->out->hit[w->out->count++] = (struct faq_hit){
                .phrase = i,
                .at = w->start,
                .words = end - w->start,
                .weight = d == 0 ? weight : weight / 2,
                .misspelled = d > 0,
                .doubtful = phrase->doubtful && !all_typed(w, phrase),
            };
    }
}

static void walk_from(struct walk *w, uint32_t node, unsigned at, float weight)
{
    if (at >= w->text->tokens || w->words == FAQ_PHRASE_WORDS_MAX)
        return;
    const struct faq_token *t = &w->text->token[at];
    for (unsigned i = 0; i < t->alts; i++) {
        uint32_t next =
            t->alt[i].word == FAQ_NONE ? FAQ_NONE : faq_map_get(&w->p->next, step_key(node, t->alt[i].word));
        if (next == FAQ_NONE)
            continue;
        w->token_of[w->words++] = at;
        float lighter = weight < t->alt[i].weight ? weight : t->alt[i].weight;
        uint32_t id = faq_map_get(&w->p->end, step_key(next, FAQ_NONE));
        if (id != FAQ_NONE)
            add_hits(w, id, at + 1, lighter);
        walk_from(w, next, at + 1, lighter);
        w->words--;
    }
    if (t->optional && at > w->start) /* the other reading of the shorthand has no such word */
        walk_from(w, node, at + 1, weight);
}

/* "chứng thực điện tử" is one thing, not that and "điện tử" besides. */
static void mark_inside(const struct faq_phrases *p, struct faq_hits *hits)
{
    for (unsigned i = 0; i < hits->count; i++)
        for (unsigned k = 0; k < hits->count; k++) {
            const struct faq_hit *in = &hits->hit[i], *around = &hits->hit[k];
            if (p->phrase[around->phrase].concept != FAQ_NONE && around->words > in->words &&
                around->at <= in->at && around->at + around->words >= in->at + in->words)
                hits->hit[i].inside = true;
        }
}

void faq_phrases_find(const struct faq_phrases *p, const struct faq_text *text, struct faq_phrases *doubt,
                      struct faq_hits *out)
{
    out->count = 0;
    for (unsigned start = 0; start < text->tokens; start++) {
        struct walk w = { .p = p, .doubt = doubt, .text = text, .out = out, .start = start };
        walk_from(&w, 0, start, 1);
    }
    mark_inside(p, out);
}

void faq_phrases_clear(struct faq_phrases *p)
{
    free(p->phrase);
    faq_map_clear(&p->next);
    faq_map_clear(&p->end);
    *p = (struct faq_phrases){ 0 };
}
