/* Makes and frees the whole; what is over, and what is worth a warning. */
#include "faq_inside.h"
#include "loa/clock.h"
#include "loa/local_time.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void working_memory(struct faq *f)
{
    uint32_t phrasings = f->index.phrasings;
    f->score = mem_alloc(f->count * sizeof(float));
    f->best = mem_alloc(f->count * sizeof(float));
    f->letters = mem_alloc(f->count * sizeof(float));
    f->total = mem_alloc(f->count * sizeof(float));
    f->phrasing_score = mem_alloc(phrasings * sizeof(float));
    f->gram_score = mem_alloc(phrasings * sizeof(float));
}

enum loa_status faq_load_with(const char *dir, const char *own, struct errors *err, struct errors *skipped,
                              struct faq **out)
{
    struct faq *f = mem_alloc(sizeof *f);
    char path[512];

    snprintf(path, sizeof path, "%s/gate.ini", dir);
    enum loa_status gate = faq_gate_read(path, err, &f->gate);
    enum loa_status entries = faq_entries_read(dir, err, f);
    enum loa_status st = faq_tables_read(dir, err, f);
    if (st == LOA_OK)
        st = entries != LOA_OK ? entries : gate;
    if (st != LOA_OK) {
        faq_free(f);
        return st;
    }
    if (own != NULL)
        faq_entries_own(own, skipped, f);
    faq_index_build(f);
    working_memory(f);
    *out = f;
    return LOA_OK;
}

enum loa_status faq_load(const char *dir, struct errors *err, struct faq **out)
{
    return faq_load_with(dir, NULL, err, NULL, out);
}

void faq_free(struct faq *f)
{
    if (f == NULL)
        return;
    for (uint32_t i = 0; i < f->count; i++)
        faq_source_clear(&f->entry[i]);
    free(f->entry);
    faq_variables_clear(&f->variables);
    for (uint32_t i = 0; i < f->concepts; i++)
        free(f->concept[i]);
    free(f->concept);
    free(f->teencode.row);
    faq_map_clear(&f->teencode.by_token);
    faq_vocab_clear(&f->vocab);
    faq_phrases_clear(&f->phrases);
    faq_rules_clear(&f->unsupported);
    faq_rules_clear(&f->smalltalk);
    faq_rules_clear(&f->urgent);
    faq_index_clear(&f->index);
    free(f->score);
    free(f->best);
    free(f->letters);
    free(f->total);
    free(f->phrasing_score);
    free(f->gram_score);
    free(f);
}

/* ---- what is over ---- */

static int64_t today(void)
{
    return local_from_ms(clock_wall_ms()).day_number;
}

bool faq_expired(const struct faq *f, unsigned i)
{
    return f->entry[i].last_day != INT64_MAX && f->entry[i].last_day < today();
}

#define WARN_DAYS 30

static void warn_of_ends(const struct faq *f, const char *dir, struct errors *warnings)
{
    for (uint32_t i = 0; i < f->count; i++) {
        const struct faq_entry *e = &f->entry[i].shown;
        if (f->entry[i].last_day == INT64_MAX || f->entry[i].last_day - WARN_DAYS >= today())
            continue;
        fault_at(
            warnings, dir, 0, "expires",
            "%s: câu trả lời chỉ dùng đến hết ngày %s, sau đó câu hỏi chuyển cán bộ; xem lại rồi sửa expires",
            "%s: the answer is good until %s, then the question goes to staff; confirm it, set expires",
            e->id, e->expires);
    }
}

unsigned faq_check(const char *dir, const char *own, struct errors *err, struct errors *warnings)
{
    struct faq *f = NULL;
    unsigned entries = 0;
    if (faq_load_with(dir, own, err, warnings, &f) == LOA_OK) {
        entries = f->count;
        warn_of_ends(f, dir, warnings);
    }
    faq_free(f);
    return entries;
}

/* ---- entries ---- */

bool faq_answer_text(const struct faq *f, unsigned i, const char *unit, struct buf *out)
{
    char missing[FAQ_VARIABLE_MAX];
    return faq_variables_fill(&f->variables, unit, f->entry[i].owned[FO_TEMPLATE], out, missing);
}

unsigned faq_count(const struct faq *f)
{
    return f->count;
}

unsigned faq_skipped(const struct faq *f)
{
    return f->skipped;
}

const struct faq_entry *faq_entry(const struct faq *f, unsigned i)
{
    return &f->entry[i].shown;
}

int faq_find(const struct faq *f, const char *id)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (strcmp(f->entry[i].shown.id, id) == 0)
            return (int)i;
    return -1;
}
