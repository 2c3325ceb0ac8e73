/* One question: urgent first, then small talk and what other offices handle, then the gate. */
#include "faq_inside.h"
#include <string.h>

/* A greeting is small talk only when hardly anything else is said. */
#define SMALLTALK_REST 0.4f

static const struct faq_rule *smalltalk(const struct faq *f, const struct faq_query *q,
                                        const struct faq_hits *hits)
{
    uint64_t covered[2] = { 0, 0 };
    float rest = 0, all = 0;
    const struct faq_rule *r = faq_rules_first(&f->smalltalk, hits, false, covered);
    for (unsigned i = 0; i < q->text.tokens; i++) {
        all += q->text.token[i].weight;
        if ((covered[i / 64] >> (i % 64) & 1) == 0)
            rest += q->text.token[i].weight;
    }
    return rest <= SMALLTALK_REST * all ? r : NULL;
}

static void by_rule(struct faq_answer *out, enum faq_tier tier, const struct faq_rule *r)
{
    out->tier = tier;
    out->department = r->department;
    out->sentence = r->sentence;
    out->rule = r->pattern;
}

/* By how much of itself the first score exceeds the second. */
static double margin(const struct faq_answer *a)
{
    return a->entries > 1 ? (a->score[0] - a->score[1]) / a->score[0] : 1;
}

static void by_gate(const struct faq *f, struct faq_answer *out)
{
    if (out->entries > 0 && out->sure >= f->gate.threshold_answer && margin(out) >= f->gate.threshold_margin)
        out->tier = FAQ_ANSWER;
    else if (out->entries > 0 && out->sure >= f->gate.threshold_ask)
        out->tier = FAQ_ASK;
    else
        out->tier = FAQ_HANDOVER;
}

/* Nobody is shown what may no longer be true. */
static void drop_expired(const struct faq *f, struct faq_answer *out)
{
    unsigned kept = 0;
    if (out->tier != FAQ_ANSWER && out->tier != FAQ_ASK)
        return;
    out->expired = faq_expired(f, out->entry[0]);
    for (unsigned i = 0; i < out->entries; i++)
        if (!faq_expired(f, out->entry[i])) {
            out->entry[kept] = out->entry[i];
            out->score[kept++] = out->score[i];
        }
    out->entries = kept;
    if (kept == 0 || (out->expired && out->tier == FAQ_ANSWER))
        out->tier = FAQ_HANDOVER;
}

/* Few of the phrases found belong to rules: the rest need not be looked through for every rule. */
static void ruled_hits(const struct faq *f, const struct faq_hits *all, struct faq_hits *out)
{
    out->count = 0;
    for (unsigned i = 0; i < all->count; i++)
        if (f->phrases.phrase[all->hit[i].phrase].ruled)
            out->hit[out->count++] = all->hit[i];
}

static void decide(const struct faq *f, const struct faq_query *q, struct faq_answer *out)
{
    uint64_t covered[2] = { 0, 0 };
    const struct faq_rule *r;
    struct faq_hits hits;
    ruled_hits(f, &q->hits, &hits);
    if ((r = faq_rules_first(&f->urgent, &hits, true, covered)) != NULL)
        by_rule(out, FAQ_URGENT, r);
    else if ((r = smalltalk(f, q, &hits)) != NULL)
        by_rule(out, FAQ_SMALLTALK, r);
    else if ((r = faq_rules_first(&f->unsupported, &hits, false, covered)) != NULL)
        by_rule(out, FAQ_HANDOVER, r);
    else
        by_gate(f, out);
    drop_expired(f, out);
}

static void answer(struct faq *f, const char *s, size_t n, bool explain, struct faq_answer *out)
{
    struct faq_query q;
    struct faq_verdict v = { 0 };

    *out = (struct faq_answer){ .department = "", .sentence = "", .rule = "" };
    faq_read_query(f, s, n, &q);
    faq_score(f, &q, &v);
    out->entries = v.entries;
    memcpy(out->entry, v.entry, sizeof out->entry);
    memcpy(out->score, v.score, sizeof out->score);
    out->sure = faq_gate_sure(&f->gate, v.x);
    decide(f, &q, out);
    if (explain)
        faq_explain(f, &q.features, out);
}

void faq_ask(struct faq *f, const char *s, size_t n, struct faq_answer *out)
{
    answer(f, s, n, true, out);
}

void faq_ask_briefly(struct faq *f, const char *s, size_t n, struct faq_answer *out)
{
    answer(f, s, n, false, out);
}
