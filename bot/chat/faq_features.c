/* What of a text is compared: words, pairs of neighbours, how they sound, diacritics, concepts, letter
 * groups. */
#include "faq_inside.h"
#include <string.h>

uint64_t faq_feature_key(enum faq_kind kind, uint64_t a, uint64_t b)
{
    return faq_hash_pair((uint64_t)kind + 100, a, b);
}

static void feature_add(struct faq_features *out, enum faq_kind kind, uint64_t a, uint64_t b, float weight)
{
    const uint32_t mask = sizeof out->slot / sizeof *out->slot - 1;
    uint64_t key = faq_feature_key(kind, a, b);
    uint32_t i = (uint32_t)key & mask;

    while (out->slot[i] != 0 && out->item[out->slot[i] - 1].key != key)
        i = (i + 1) & mask;
    if (out->slot[i] != 0) { /* a word said twice is one word */
        struct faq_feature *same = &out->item[out->slot[i] - 1];
        same->weight = same->weight > weight ? same->weight : weight;
        return;
    }
    if (out->count == FAQ_FEATURES_MAX)
        return;
    out->item[out->count++] = (struct faq_feature){
        .key = key, .weight = weight, .kind = kind, .a = (uint32_t)a, .b = (uint32_t)b
    };
    out->slot[i] = (uint16_t)out->count;
}

static void add_pairs(const struct faq *f, const struct faq_token *l, const struct faq_token *r,
                      struct faq_features *out)
{
    for (unsigned i = 0; i < l->alts && i < 3; i++)
        for (unsigned k = 0; k < r->alts && k < 3; k++) {
            uint32_t a = l->alt[i].word, b = r->alt[k].word;
            if (a == FAQ_NONE || b == FAQ_NONE)
                continue;
            float w = l->alt[i].weight * r->alt[k].weight * (l->weight + r->weight) / 2;
            feature_add(out, FK_PAIR, a, b, w);
            feature_add(out, FK_SOUND, f->vocab.word[a].sound, f->vocab.word[b].sound, w);
        }
}

static void add_words(const struct faq *f, const struct faq_text *text, struct faq_features *out)
{
    for (unsigned i = 0; i < text->tokens; i++) {
        const struct faq_token *t = &text->token[i];
        for (unsigned k = 0; k < t->alts; k++)
            if (t->alt[k].word != FAQ_NONE)
                feature_add(out, FK_WORD, t->alt[k].word, 0, t->alt[k].weight * t->weight);
            else
                feature_add(out, FK_WORD, faq_hash(2, t->text, strlen(t->text)), FAQ_NONE, t->weight);
        if (t->written != 0)
            feature_add(out, FK_WRITTEN, t->written, t->alt[0].word, t->weight);
        if (i + 1 < text->tokens)
            add_pairs(f, t, &text->token[i + 1], out);
    }
}

/* Concepts of the text, each with every other: "pay" and "twice" together mean more than both alone. */
static void add_concepts(const struct faq *f, const struct faq_hits *hits, struct faq_features *out)
{
    uint32_t seen[16];
    float weight[16];
    unsigned n = 0;
    for (unsigned i = 0; i < hits->count && n < 16; i++) {
        uint32_t concept = f->phrases.phrase[hits->hit[i].phrase].concept;
        if (concept == FAQ_NONE || hits->hit[i].inside)
            continue;
        feature_add(out, FK_CONCEPT, concept, 0, hits->hit[i].weight);
        for (unsigned k = 0; k < n; k++)
            if (seen[k] != concept)
                feature_add(out, FK_CONCEPTS, seen[k] < concept ? seen[k] : concept,
                            seen[k] < concept ? concept : seen[k], weight[k] * hits->hit[i].weight);
        seen[n] = concept;
        weight[n++] = hits->hit[i].weight;
    }
}

static void weigh_fillers(const struct faq *f, const struct faq_hits *hits, struct faq_text *text)
{
    for (unsigned i = 0; i < hits->count; i++) {
        const struct faq_hit *h = &hits->hit[i];
        if (!f->phrases.phrase[h->phrase].filler || h->inside)
            continue;
        for (unsigned k = h->at; k < h->at + h->words; k++)
            text->token[k].weight = (float)f->gate.filler;
    }
}

void faq_features_of(const struct faq *f, struct faq_text *text, struct faq_phrases *doubt,
                     struct faq_hits *hits, struct faq_features *out)
{
    out->count = 0;
    memset(out->slot, 0, sizeof out->slot);
    faq_phrases_find(&f->phrases, text, doubt, hits);
    weigh_fillers(f, hits, text);
    add_words(f, text, out);
    add_concepts(f, hits, out);
}

void faq_read_query(const struct faq *f, const char *s, size_t n, struct faq_query *out)
{
    faq_normalise(&f->teencode, &f->vocab, NULL, s, n, &out->text);
    faq_features_of(f, &out->text, NULL, &out->hits, &out->features);
    for (unsigned i = 0; i < out->features.count; i++)
        out->features.item[i].row = faq_map_get(&f->index.features, out->features.item[i].key);
}

unsigned faq_grams(const struct faq_text *t, struct faq_gram out[FAQ_GRAMS_MAX])
{
    char flat[FAQ_TOKENS_MAX * FAQ_WORD_MAX];
    float weight[FAQ_TOKENS_MAX * FAQ_WORD_MAX];
    unsigned letters = 0, n = 0;

    for (unsigned i = 0; i < t->tokens; i++)
        for (const char *p = t->token[i].text; *p != '\0'; p++) {
            weight[letters] = t->token[i].weight;
            flat[letters++] = *p;
        }
    for (unsigned len = 3; len <= 4; len++)
        for (unsigned at = 0; at + len <= letters && n < FAQ_GRAMS_MAX; at++)
            out[n++] =
                (struct faq_gram){ faq_hash(len, flat + at, len), (weight[at] + weight[at + len - 1]) / 2 };
    return n;
}
