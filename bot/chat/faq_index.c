#include "faq_inside.h"
#include "loa/mem.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One feature in one document, before the rows are laid out. */
struct cell {
    uint32_t row, doc;
    float weight;
};
struct cells {
    struct cell *cell;
    uint32_t count, room;
};

struct building {
    struct faq *f;
    struct cells by_entry, by_phrasing, grams;
    float *entry_length;  /* words, phrasings in full, the answer in part */
    uint32_t *last_entry; /* [rows]: 1 + the entry counted last in `entries` */
    float *entries;       /* [rows]: in how many entries */
    uint32_t rows_room;
    float *gram_entries;
    uint32_t *gram_last, grams_room;
};

static void cell_add(struct cells *c, uint32_t row, uint32_t doc, float weight)
{
    if (c->count == c->room) {
        c->room = c->room == 0 ? 1 << 16 : 2 * c->room;
        c->cell = mem_resize(c->cell, c->room * sizeof *c->cell);
    }
    c->cell[c->count++] = (struct cell){ row, doc, weight };
}

/* Counts `row` once for each entry it occurs in. */
static void count_entry(float **entries, uint32_t **last, uint32_t *room, uint32_t row, uint32_t entry,
                        float by)
{
    while (row >= *room) {
        uint32_t more = *room == 0 ? 1 << 15 : 2 * *room;
        *entries = mem_resize(*entries, more * sizeof **entries);
        *last = mem_resize(*last, more * sizeof **last);
        memset(*entries + *room, 0, (more - *room) * sizeof **entries);
        memset(*last + *room, 0, (more - *room) * sizeof **last);
        *room = more;
    }
    if ((*last)[row] == entry + 1)
        return;
    (*last)[row] = entry + 1;
    (*entries)[row] += by;
}

/* ---- collecting ---- */

static void add_text(struct building *b, uint32_t entry, const char *s, float weight, uint32_t phrasing)
{
    struct faq *f = b->f;
    struct faq_index *ix = &f->index;
    struct faq_query q;
    faq_normalise(&f->teencode, &f->vocab, &f->vocab, s, strlen(s), &q.text);
    faq_features_of(f, &q.text, phrasing == FAQ_NONE ? NULL : &f->phrases, &q.hits, &q.features);

    b->entry_length[entry] += weight * (float)q.text.tokens;
    for (unsigned i = 0; i < q.features.count; i++) {
        const struct faq_feature *x = &q.features.item[i];
        uint32_t row = faq_map_put(&ix->features, x->key, ix->features.count);
        count_entry(&b->entries, &b->last_entry, &b->rows_room, row, entry,
                    phrasing == FAQ_NONE ? 0.5f : 1.0f);
        cell_add(&b->by_entry, row, entry, weight * x->weight);
        if (phrasing != FAQ_NONE)
            cell_add(&b->by_phrasing, row, phrasing, x->weight * (float)f->gate.kind[x->kind]);
    }
    if (phrasing == FAQ_NONE)
        return;
    struct faq_gram gram[FAQ_GRAMS_MAX];
    unsigned n = faq_grams(&q.text, gram);
    for (unsigned i = 0; i < n; i++) {
        uint32_t row = faq_map_put(&ix->grams, gram[i].key, ix->grams.count);
        count_entry(&b->gram_entries, &b->gram_last, &b->grams_room, row, entry, 1);
        cell_add(&b->grams, row, phrasing, gram[i].weight);
    }
}

static void collect(struct building *b)
{
    struct faq *f = b->f;
    uint32_t phrasings = 0;
    for (uint32_t i = 0; i < f->count; i++)
        phrasings += f->entry[i].phrasings;
    f->index.entry_of = mem_alloc(phrasings * sizeof *f->index.entry_of);
    f->index.first_of = mem_alloc((f->count + 1) * sizeof *f->index.first_of);
    b->entry_length = mem_alloc(f->count * sizeof *b->entry_length);
    for (uint32_t i = 0; i < f->count; i++) {
        for (unsigned k = 0; k < f->entry[i].phrasings; k++) {
            f->index.entry_of[f->index.phrasings] = i;
            add_text(b, i, f->entry[i].phrasing[k], 1, f->index.phrasings++);
        }
        f->index.first_of[i + 1] = f->index.phrasings;
        add_text(b, i, f->entry[i].shown.answer, (float)f->gate.answer_text, FAQ_NONE);
    }
}

/* ---- weighing ---- */

static float *idf_of(const float *entries, uint32_t rows, uint32_t count)
{
    float *idf = mem_alloc(rows * sizeof *idf);
    assert(entries != NULL || rows == 0);
    for (uint32_t i = 0; i < rows; i++)
        idf[i] = logf(1 + ((float)count - entries[i] + 0.5f) / (entries[i] + 0.5f));
    return idf;
}

/* By rows; documents were added in their order and keep it. Cells of the same place become one. */
static void merge(struct cells *c, uint32_t rows)
{
    uint32_t *at = mem_alloc((rows + 1) * sizeof *at), n = 0;
    struct cell *sorted = mem_alloc(c->count * sizeof *sorted);
    for (uint32_t i = 0; i < c->count; i++)
        at[c->cell[i].row + 1]++;
    for (uint32_t r = 1; r <= rows; r++)
        at[r] += at[r - 1];
    for (uint32_t i = 0; i < c->count; i++)
        sorted[at[c->cell[i].row]++] = c->cell[i];
    for (uint32_t i = 0; i < c->count; i++)
        if (n > 0 && c->cell[n - 1].row == sorted[i].row && c->cell[n - 1].doc == sorted[i].doc)
            c->cell[n - 1].weight += sorted[i].weight;
        else
            c->cell[n++] = sorted[i];
    c->count = n;
    free(sorted);
    free(at);
}

static struct faq_postings lay_out(const struct cells *c, uint32_t rows)
{
    struct faq_postings p = { .rows = rows };
    p.start = mem_alloc((rows + 1) * sizeof *p.start);
    p.posting = mem_alloc(c->count * sizeof *p.posting);
    for (uint32_t i = 0; i < c->count; i++) {
        p.posting[i] = (struct faq_posting){ c->cell[i].doc, c->cell[i].weight };
        p.start[c->cell[i].row + 1] = i + 1;
    }
    for (uint32_t r = 1; r <= rows; r++)
        if (p.start[r] == 0)
            p.start[r] = p.start[r - 1];
    return p;
}

/* Occurrences become BM25 weights. */
static void weigh_entries(struct building *b)
{
    const struct faq_gate *g = &b->f->gate;
    float average = 0;
    for (uint32_t i = 0; i < b->f->count; i++)
        average += b->entry_length[i] / (float)b->f->count;
    for (uint32_t i = 0; i < b->by_entry.count; i++) {
        struct cell *c = &b->by_entry.cell[i];
        double length = 1 - g->b + g->b * b->entry_length[c->doc] / average;
        c->weight = (float)(b->f->index.idf[c->row] * c->weight * (g->k1 + 1) / (c->weight + g->k1 * length));
    }
}

/* Weights become parts of a vector; `share` 1: of length one, 0: all divided by the average length. */
static void weigh_vectors(struct cells *c, const float *idf, uint32_t docs, double share)
{
    float *square = mem_alloc(docs * sizeof *square), average = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        c->cell[i].weight *= idf[c->cell[i].row];
        square[c->cell[i].doc] += c->cell[i].weight * c->cell[i].weight;
    }
    for (uint32_t i = 0; i < docs; i++)
        average += sqrtf(square[i]) / (float)docs;
    for (uint32_t i = 0; i < c->count; i++) {
        double length = (1 - share) * average + share * sqrt((double)square[c->cell[i].doc]);
        c->cell[i].weight = (float)(c->cell[i].weight / length);
    }
    free(square);
}

void faq_index_build(struct faq *f)
{
    struct building b = { .f = f };
    struct faq_index *ix = &f->index;

    collect(&b);
    ix->idf = idf_of(b.entries, ix->features.count, f->count);
    ix->gram_idf = idf_of(b.gram_entries, ix->grams.count, f->count);
    ix->idf_max = logf(1 + ((float)f->count - 0.5f) / 1.5f);
    merge(&b.by_entry, ix->features.count);
    merge(&b.by_phrasing, ix->features.count);
    merge(&b.grams, ix->grams.count);
    weigh_entries(&b);
    weigh_vectors(&b.by_phrasing, ix->idf, ix->phrasings, f->gate.norm);
    weigh_vectors(&b.grams, ix->gram_idf, ix->phrasings, 1);
    ix->by_entry = lay_out(&b.by_entry, ix->features.count);
    ix->by_phrasing = lay_out(&b.by_phrasing, ix->features.count);
    ix->grams_by_phrasing = lay_out(&b.grams, ix->grams.count);
    free(b.by_entry.cell);
    free(b.by_phrasing.cell);
    free(b.grams.cell);
    free(b.entry_length);
    free(b.last_entry);
    free(b.entries);
    free(b.gram_entries);
    free(b.gram_last);
}

static void postings_clear(struct faq_postings *p)
{
    free(p->start);
    free(p->posting);
}

void faq_index_clear(struct faq_index *ix)
{
    faq_map_clear(&ix->features);
    faq_map_clear(&ix->grams);
    free(ix->idf);
    free(ix->gram_idf);
    free(ix->entry_of);
    free(ix->first_of);
    postings_clear(&ix->by_entry);
    postings_clear(&ix->by_phrasing);
    postings_clear(&ix->grams_by_phrasing);
    *ix = (struct faq_index){ 0 };
}
