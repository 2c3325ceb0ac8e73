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
static float mass_of(const struct faq *f, const struct faq_feature *x, uint32_t row)
{
    if (row == FAQ_NONE && x->kind != FK_WORD)
        return 0;
    float idf = row == FAQ_NONE ? f->index.idf_max : f->index.idf[row];
    return x->weight * idf * (float)f->gate.kind[x->kind];
}

/* Adds up all features; returns the most an entry could have reached. */
static float add_features(struct faq *f, const struct faq_features *q)
{
    float mass = 0, square = 0;
    for (unsigned i = 0; i < q->count; i++) {
        const struct faq_feature *x = &q->item[i];
        uint32_t row = faq_map_get(&f->index.features, x->key);
        float most = mass_of(f, x, row);
        if (x->kind != FK_WRITTEN) { /* diacritics help; leaving them out harms nobody */
            mass += most;
            square += most * most;
        }
        if (row == FAQ_NONE)
            continue;
        add_row(f->score, &f->index.by_entry, row, x->weight * (float)f->gate.kind[x->kind]);
        add_row(f->phrasing_score, &f->index.by_phrasing, row, most);
    }
    for (uint32_t i = 0; i < f->index.phrasings && square > 0; i++)
        f->phrasing_score[i] /= sqrtf(square);
    return mass;
}

static void add_letters(struct faq *f, const struct faq_text *text)
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
    for (uint32_t i = 0; i < f->index.phrasings && square > 0; i++)
        f->gram_score[i] /= sqrtf(square);
}

static void best_phrasings(struct faq *f)
{
    for (uint32_t i = 0; i < f->index.phrasings; i++) {
        uint32_t e = f->index.entry_of[i];
        if (f->phrasing_score[i] > f->best[e])
            f->best[e] = f->phrasing_score[i];
        if (f->gram_score[i] > f->letters[e])
            f->letters[e] = f->gram_score[i];
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

/* Which part of the question does `entry` speak of? By words, and by pairs and concepts. */
static void explained(const struct faq *f, const struct faq_features *q, uint32_t entry, double *words,
                      double *pairs)
{
    double all[2] = { 1e-9, 1e-9 }, met[2] = { 0, 0 };
    for (unsigned i = 0; i < q->count; i++) {
        const struct faq_feature *x = &q->item[i];
        if (x->kind == FK_WRITTEN || x->kind == FK_SOUND)
            continue;
        unsigned which = x->kind != FK_WORD;
        uint32_t row = faq_map_get(&f->index.features, x->key);
        float idf = row == FAQ_NONE ? f->index.idf_max : f->index.idf[row];
        all[which] += x->weight * idf;
        if (row != FAQ_NONE && in_entry(f, row, entry) > 0)
            met[which] += x->weight * idf;
    }
    *words = met[0] / all[0];
    *pairs = met[1] / all[1];
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
    explained(f, &q->features, out->entry[0], &out->x[GATE_EXPLAINED], &out->x[GATE_PAIRS]);
    out->x[GATE_LENGTH] = log2(1 + tokens);
    out->x[GATE_BEST] = f->best[out->entry[0]];
    out->x[GATE_LETTERS] = f->letters[out->entry[0]];
}

void faq_score(struct faq *f, const struct faq_query *q, struct faq_verdict *out)
{
    size_t entries = f->count * sizeof(float), phrasings = f->index.phrasings * sizeof(float);
    memset(f->score, 0, entries);
    memset(f->best, 0, entries);
    memset(f->letters, 0, entries);
    memset(f->phrasing_score, 0, phrasings);
    memset(f->gram_score, 0, phrasings);

    float mass = add_features(f, &q->features);
    add_letters(f, &q->text);
    best_phrasings(f);
    for (uint32_t e = 0; e < f->count; e++)
        f->total[e] = (float)(f->gate.entry * (mass > 0 ? f->score[e] / mass : 0) +
                              f->gate.phrasing * f->best[e] + f->gate.letters * f->letters[e]);
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
            uint32_t row = faq_map_get(&f->index.features, x->key);
            if (row == FAQ_NONE || x->kind == FK_SOUND || x->kind == FK_WRITTEN)
                continue;
            double part = x->weight * f->gate.kind[x->kind] * in_entry(f, row, out->entry[0]);
            char term[FAQ_LABEL_MAX];
            if (pass == 0) {
                all += part;
            } else if (part > 0) {
                name_term(f, x, term);
                keep_reason(out, term, part / all);
            }
        }
}
