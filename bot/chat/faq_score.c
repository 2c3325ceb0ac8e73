#include "faq_inside.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void add_row(float *score, const struct faq_postings *p, uint32_t row, float weight)
{
    for (uint32_t i = p->start[row]; i < p->start[row + 1]; i++)
        score[p->posting[i].doc] += weight * p->posting[i].weight;
}

/* How much one feature of the question can bring at most; words nobody has heard of are the rarest. */
static float mass_of(const struct faq *f, const struct faq_feature *x)
{
    if (x->row == FAQ_NONE && x->kind != FK_WORD)
        return 0;
    float idf = x->row == FAQ_NONE ? f->index.idf_max : f->index.idf[x->row];
    return x->weight * idf * (float)f->gate.kind[x->kind];
}

/* What the question's features and letter groups add up to: the most an entry could have reached, and the
 * lengths of the two vectors. */
struct sums {
    float mass, length, letters;
};

static void add_features(struct faq *f, const struct faq_features *q, struct sums *out)
{
    float square = 0;
    for (unsigned i = 0; i < q->count; i++) {
        const struct faq_feature *x = &q->item[i];
        float most = mass_of(f, x);
        if (x->kind != FK_WRITTEN) { /* diacritics help; leaving them out harms nobody */
            out->mass += most;
            square += most * most;
        }
        if (x->row == FAQ_NONE)
            continue;
        add_row(f->score, &f->index.by_entry, x->row, x->weight * (float)f->gate.kind[x->kind]);
        add_row(f->phrasing_score, &f->index.by_phrasing, x->row, most);
    }
    out->length = sqrtf(square);
}

static void add_letters(struct faq *f, const struct faq_text *text, struct sums *out)
{
    struct faq_gram gram[FAQ_GRAMS_MAX];
    unsigned n = faq_grams(text, gram);
    float square = 0;
    for (unsigned i = 0; i < n; i++) {
        uint32_t row = faq_map_get(&f->index.grams, gram[i].key);
        float idf = row == FAQ_NONE ? f->index.idf_max : f->index.gram_idf[row];
        square += gram[i].weight * gram[i].weight * idf * idf;
        if (row != FAQ_NONE)
            add_row(f->gram_score, &f->index.grams_by_phrasing, row, gram[i].weight * idf);
    }
    out->letters = sqrtf(square);
}

/* The greatest of score[from] … score[to - 1]; scores are not negative. */
static float greatest(const float *score, uint32_t from, uint32_t to)
{
    float most = 0;
    for (uint32_t i = from; i < to; i++)
        most = score[i] > most ? score[i] : most;
    return most;
}

static float share(float part, float whole)
{
    return whole > 0 ? part / whole : 0;
}

static void total(struct faq *f, const struct sums *q)
{
    const struct faq_gate *g = &f->gate;
    for (uint32_t e = 0; e < f->count; e++) {
        uint32_t from = f->index.first_of[e], to = f->index.first_of[e + 1];
        f->best[e] = share(greatest(f->phrasing_score, from, to), q->length);
        f->letters[e] = share(greatest(f->gram_score, from, to), q->letters);
        f->total[e] = (float)(g->entry * share(f->score[e], q->mass) + g->phrasing * f->best[e] +
                              g->letters * f->letters[e]);
    }
}

static void rank(const struct faq *f, struct faq_verdict *out)
{
    out->entries = 0;
    for (uint32_t e = 0; e < f->count; e++) {
        unsigned at = out->entries;
        if (f->total[e] <= 0)
            continue;
        while (at > 0 && f->total[e] > out->score[at - 1])
            at--;
        if (at == FAQ_RANKED_MAX)
            continue;
        unsigned last = out->entries < FAQ_RANKED_MAX ? out->entries++ : FAQ_RANKED_MAX - 1;
        for (unsigned k = last; k > at; k--) {
            out->entry[k] = out->entry[k - 1];
            out->score[k] = out->score[k - 1];
        }
        out->entry[at] = e;
        out->score[at] = f->total[e];
    }
}

static float in_entry(const struct faq *f, uint32_t row, uint32_t entry)
{
    const struct faq_postings *p = &f->index.by_entry;
    for (uint32_t i = p->start[row]; i < p->start[row + 1]; i++)
        if (p->posting[i].doc == entry)
            return p->posting[i].weight;
    return 0;
}

/* Does any phrasing of `entry` have the feature of this row? What only the answer mentions does not count. */
static bool row_asked_in(const struct faq *f, uint32_t row, uint32_t entry)
{
    const struct faq_postings *p = &f->index.by_phrasing;
    if (row == FAQ_NONE)
        return false;
    uint32_t low = p->start[row], high = p->start[row + 1];
    while (low < high) { /* the first posting at or behind the entry's first phrasing */
        uint32_t middle = low + (high - low) / 2;
        if (p->posting[middle].doc < f->index.first_of[entry])
            low = middle + 1;
        else
            high = middle;
    }
    return low < p->start[row + 1] && p->posting[low].doc < f->index.first_of[entry + 1];
}

static bool asked_in(const struct faq *f, uint64_t key, uint32_t entry)
{
    return row_asked_in(f, faq_map_get(&f->index.features, key), entry);
}

/* Words of phrases whose concept `entry` has too: said in other words. */
static void covered_words(const struct faq *f, const struct faq_query *q, uint32_t entry,
                          bool out[FAQ_TOKENS_MAX])
{
    memset(out, 0, FAQ_TOKENS_MAX * sizeof *out);
    for (unsigned i = 0; i < q->hits.count; i++) {
        const struct faq_hit *h = &q->hits.hit[i];
        uint32_t concept = f->phrases.phrase[h->phrase].concept;
        if (concept != FAQ_NONE && !h->inside && asked_in(f, faq_feature_key(FK_CONCEPT, concept, 0), entry))
            memset(out + h->at, true, h->words * sizeof *out);
    }
}

#define SOUND_SHARE 0.7 /* of a word that is only written as it sounds */

static float idf_of_word(const struct faq *f, uint32_t word)
{
    uint32_t row =
        word == FAQ_NONE ? FAQ_NONE : faq_map_get(&f->index.features, faq_feature_key(FK_WORD, word, 0));
    return row == FAQ_NONE ? f->index.idf_max : f->index.idf[row];
}

/* Do these two neighbours sound like a pair that `entry` asks with? */
static bool sounds_asked(const struct faq *f, const struct faq_token *l, const struct faq_token *r,
                         uint32_t entry)
{
    uint32_t a = l->alt[0].word, b = r->alt[0].word;
    return a != FAQ_NONE && b != FAQ_NONE &&
           asked_in(f, faq_feature_key(FK_SOUND, f->vocab.word[a].sound, f->vocab.word[b].sound), entry);
}

/* Which part of the question does `entry` speak of, word by word? And of the words typed with diacritics,
 * which part agrees in them too? */
static void explained_words(const struct faq *f, const struct faq_query *q, uint32_t entry, double *words,
                            double *written)
{
    bool covered[FAQ_TOKENS_MAX];
    double all = 1e-9, met = 0, all_written = 1e-9, met_written = 0;
    covered_words(f, q, entry, covered);
    for (unsigned i = 0; i < q->text.tokens; i++) {
        const struct faq_token *t = &q->text.token[i];
        double weight = t->weight * idf_of_word(f, t->alt[0].word), best = covered[i] ? 1 : 0;
        for (unsigned k = 0; k < t->alts && !covered[i]; k++)
            if (t->alt[k].word != FAQ_NONE && t->alt[k].weight > best &&
                asked_in(f, faq_feature_key(FK_WORD, t->alt[k].word, 0), entry))
                best = t->alt[k].weight;
        if (best < SOUND_SHARE && ((i > 0 && sounds_asked(f, t - 1, t, entry)) ||
                                   (i + 1 < q->text.tokens && sounds_asked(f, t, t + 1, entry))))
            best = SOUND_SHARE;
        all += weight;
        met += weight * best;
        if (t->written == 0)
            continue;
        all_written += weight;
        if (covered[i] || asked_in(f, faq_feature_key(FK_WRITTEN, t->written, t->alt[0].word), entry))
            met_written += weight;
    }
    *words = met / all;
    *written = all_written > 1e-6 ? met_written / all_written : *words;
}

/* The same by pairs and concepts. */
static double explained_pairs(const struct faq *f, const struct faq_features *q, uint32_t entry)
{
    double all = 1e-9, met = 0;
    for (unsigned i = 0; i < q->count; i++) {
        const struct faq_feature *x = &q->item[i];
        if (x->kind != FK_PAIR && x->kind != FK_CONCEPT && x->kind != FK_CONCEPTS)
            continue;
        float idf = x->row == FAQ_NONE ? f->index.idf_max : f->index.idf[x->row];
        all += x->weight * idf;
        if (row_asked_in(f, x->row, entry))
            met += x->weight * idf;
    }
    return met / all;
}

static void judge(const struct faq *f, const struct faq_query *q, struct faq_verdict *out)
{
    double second = out->entries > 1 ? out->score[1] : 0, tokens = 0;
    memset(out->x, 0, sizeof out->x);
    out->x[GATE_BIAS] = 1;
    if (out->entries == 0)
        return;
    for (unsigned i = 0; i < q->text.tokens; i++)
        tokens += q->text.token[i].weight;
    out->x[GATE_SCORE] = out->score[0];
    out->x[GATE_MARGIN] = out->score[0] - second;
    out->x[GATE_RELATIVE] = (out->score[0] - second) / out->score[0];
    explained_words(f, q, out->entry[0], &out->x[GATE_EXPLAINED], &out->x[GATE_WRITTEN]);
    out->x[GATE_PAIRS] = explained_pairs(f, &q->features, out->entry[0]);
    out->x[GATE_LENGTH] = log2(1 + tokens);
    out->x[GATE_BEST] = f->best[out->entry[0]];
    out->x[GATE_LETTERS] = f->letters[out->entry[0]];
}

void faq_score(struct faq *f, const struct faq_query *q, struct faq_verdict *out)
{
    size_t phrasings = f->index.phrasings * sizeof(float);
    struct sums sums = { 0 };
    memset(f->score, 0, f->count * sizeof(float));
    memset(f->phrasing_score, 0, phrasings);
    memset(f->gram_score, 0, phrasings);
    add_features(f, &q->features, &sums);
    add_letters(f, &q->text, &sums);
    total(f, &sums);
    rank(f, out);
    judge(f, q, out);
}

/* ---- why ---- */

static void name_term(const struct faq *f, const struct faq_feature *x, char out[FAQ_LABEL_MAX])
{
    if (x->kind == FK_WORD)
        snprintf(out, FAQ_LABEL_MAX, "%s", f->vocab.word[x->a].text);
    else if (x->kind == FK_PAIR)
        snprintf(out, FAQ_LABEL_MAX, "%s %s", f->vocab.word[x->a].text, f->vocab.word[x->b].text);
    else if (x->kind == FK_CONCEPT)
        snprintf(out, FAQ_LABEL_MAX, "{%.60s}", f->concept[x->a]);
    else
        snprintf(out, FAQ_LABEL_MAX, "{%.36s}+{%.36s}", f->concept[x->a], f -> concept[x->b]);
}

static void keep_reason(struct faq_answer *out, const char *term, double share)
{
    unsigned at = out->reasons;
    while (at > 0 && share > out->reason[at - 1].share)
        at--;
    if (at == FAQ_REASONS_MAX)
        return;
    unsigned last = out->reasons < FAQ_REASONS_MAX ? out->reasons++ : FAQ_REASONS_MAX - 1;
    for (unsigned k = last; k > at; k--)
        out->reason[k] = out->reason[k - 1];
    snprintf(out->reason[at].term, sizeof out->reason[at].term, "%s", term);
    out->reason[at].share = share;
}

void faq_explain(const struct faq *f, const struct faq_features *q, struct faq_answer *out)
{
    double all = 1e-9;
    out->reasons = 0;
    for (unsigned pass = 0; pass < 2 && out->entries > 0; pass++)
        for (unsigned i = 0; i < q->count; i++) {
            const struct faq_feature *x = &q->item[i];
            if (x->row == FAQ_NONE || x->kind == FK_SOUND || x->kind == FK_WRITTEN)
                continue;
            double part = x->weight * f->gate.kind[x->kind] * in_entry(f, x->row, out->entry[0]);
            char term[FAQ_LABEL_MAX];
            if (pass == 0) {
                all += part;
            } else if (part > 0) {
                name_term(f, x, term);
                keep_reason(out, term, part / all);
            }
        }
}
