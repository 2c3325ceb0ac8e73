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
    p->phrase = mem_resize(p->phrase, (p->count + 1) * sizeof *p->phrase);
    if (last != FAQ_NONE)
        p->phrase[last].next_alike = p->count;
    p->phrase[p->count] = fresh;
    return p->count++;
}

struct walk {
    const struct faq_phrases *p;
    const struct faq_text *text;
    struct faq_hits *out;
    unsigned start;
};

/* In how many words the diacritics typed are not those of the phrase. */
static unsigned disagreements(const struct walk *w, const struct faq_phrase *phrase)
{
    unsigned n = 0;
    for (unsigned i = 0; i < phrase->words; i++) {
        uint64_t typed = w->text->token[w->start + i].written;
        n += typed != 0 && phrase->written[i] != 0 && typed != phrase->written[i];
    }
    return n;
}

static bool all_typed(const struct walk *w, const struct faq_phrase *phrase)
{
    for (unsigned i = 0; i < phrase->words; i++)
        if (w->text->token[w->start + i].written != phrase->written[i])
            return false;
    return true;
}

/* Of phrases with the same letters, those whose diacritics fit best. "ba" alone is never "bà"; of more words,
 * half may be misspelled, and then count half. */
static void add_hits(const struct walk *w, uint32_t first, float weight)
{
    unsigned fewest = FAQ_PHRASE_WORDS_MAX, d;
    for (uint32_t i = first; i != FAQ_NONE; i = w->p->phrase[i].next_alike)
        if ((d = disagreements(w, &w->p->phrase[i])) < fewest)
            fewest = d;
    for (uint32_t i = first; i != FAQ_NONE; i = w->p->phrase[i].next_alike) {
        const struct faq_phrase *phrase = &w->p->phrase[i];
        d = disagreements(w, phrase);
        if (d == fewest && 2 * d <= phrase->words && w->out->count < FAQ_HITS_MAX)
            w->out->hit[w->out->count++] = (struct faq_hit){
                .phrase = i,
                .at = w->start,
                .words = phrase->words,
                .weight = d == 0 ? weight : weight / 2,
                .doubtful = phrase->doubtful && !all_typed(w, phrase),
            };
    }
}

static void walk_from(const struct walk *w, uint32_t node, unsigned at, float weight)
{
    uint32_t id = faq_map_get(&w->p->end, step_key(node, FAQ_NONE));
    if (id != FAQ_NONE)
        add_hits(w, id, weight);
    if (at >= w->text->tokens)
        return;
    const struct faq_token *t = &w->text->token[at];
    for (unsigned i = 0; i < t->alts; i++) {
        uint32_t next =
            t->alt[i].word == FAQ_NONE ? FAQ_NONE : faq_map_get(&w->p->next, step_key(node, t->alt[i].word));
        if (next != FAQ_NONE)
            walk_from(w, next, at + 1, weight < t->alt[i].weight ? weight : t->alt[i].weight);
    }
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

void faq_phrases_find(const struct faq_phrases *p, const struct faq_text *text, struct faq_hits *out)
{
    out->count = 0;
    for (unsigned start = 0; start < text->tokens; start++) {
        struct walk w = { p, text, out, start };
        walk_from(&w, 0, start, 1);
    }
    mark_inside(p, out);
}

void faq_phrases_doubt(struct faq_phrases *p, const struct faq_text *text)
{
    struct faq_text plain = *text;
    struct faq_hits hits;
    for (unsigned i = 0; i < plain.tokens; i++)
        plain.token[i].written = 0;
    faq_phrases_find(p, &plain, &hits);
    for (unsigned i = 0; i < hits.count; i++) {
        struct walk w = { p, text, NULL, hits.hit[i].at };
        struct faq_phrase *phrase = &p->phrase[hits.hit[i].phrase];
        phrase->doubtful = phrase->doubtful || (phrase->ruled && !all_typed(&w, phrase));
    }
}

void faq_phrases_clear(struct faq_phrases *p)
{
    free(p->phrase);
    faq_map_clear(&p->next);
    faq_map_clear(&p->end);
    *p = (struct faq_phrases){ 0 };
}

/* ---- rules ---- */

/* A misspelled phrase, or one of two readings, decides nothing alone. */
#define SURE_ENOUGH 0.5f

static void cover(const struct faq_hit *h, uint64_t covered[2])
{
    for (unsigned i = h->at; i < h->at + h->words; i++)
        covered[i / 64] |= 1ULL << (i % 64);
}

/* Does one of the group's phrases occur? What it covers is added to *covered. */
static bool group_found(const struct faq_group *g, const struct faq_hits *hits, uint64_t covered[2])
{
    bool found = false;
    for (unsigned h = 0; h < hits->count; h++)
        for (unsigned i = 0; i < g->count; i++)
            if (hits->hit[h].phrase == g->phrase[i] && !hits->hit[h].doubtful &&
                hits->hit[h].weight > SURE_ENOUGH) {
                cover(&hits->hit[h], covered);
                found = true;
            }
    return found;
}

bool faq_rule_holds(const struct faq_rule *r, const struct faq_hits *hits, uint64_t covered[2])
{
    uint64_t mine[2] = { 0, 0 }, nothing[2] = { 0, 0 };
    for (unsigned i = 0; i < r->groups; i++)
        if (group_found(&r->group[i], hits, r->group[i].forbidden ? nothing : mine) == r->group[i].forbidden)
            return false;
    covered[0] |= mine[0];
    covered[1] |= mine[1];
    return true;
}
