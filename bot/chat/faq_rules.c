/* Rows that decide alone: which of them hold for the phrases found in a question. */
#include "faq_inside.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

void faq_rules_use(struct faq_rules *r, uint32_t phrase, unsigned group)
{
    uint64_t key = faq_hash_pair(13, phrase, 0);
    struct faq_use use = { .rule = r->count, .group = group, .next = faq_map_get(&r->by_phrase, key) };
    r->use = faq_room_for(r->use, r->uses, sizeof *r->use);
    if (use.next == FAQ_NONE) {
        faq_map_put(&r->by_phrase, key, r->uses);
    } else { /* behind the first one, which the map knows */
        use.next = r->use[faq_map_get(&r->by_phrase, key)].next;
        r->use[faq_map_get(&r->by_phrase, key)].next = r->uses;
    }
    r->use[r->uses++] = use;
}

void faq_rules_add(struct faq_rules *r, const struct faq_rule *rule)
{
    r->rule = faq_room_for(r->rule, r->count, sizeof *r->rule);
    r->rule[r->count++] = *rule;
}

void faq_rules_clear(struct faq_rules *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        free(r->rule[i].pattern);
        free(r->rule[i].department);
        free(r->rule[i].sentence);
    }
    free(r->rule);
    free(r->use);
    faq_map_clear(&r->by_phrase);
    *r = (struct faq_rules){ 0 };
}

static const struct faq_use *first_use(const struct faq_rules *r, uint32_t phrase)
{
    uint32_t i = faq_map_get(&r->by_phrase, faq_hash_pair(13, phrase, 0));
    return i == FAQ_NONE ? NULL : &r->use[i];
}

static const struct faq_use *next_use(const struct faq_rules *r, const struct faq_use *u)
{
    return u->next == FAQ_NONE ? NULL : &r->use[u->next];
}

/* A misspelled phrase decides nothing alone; nor does one of two readings, unless lives may be at stake. */
static bool sure_enough(const struct faq_hit *h, bool any_reading)
{
    return !h->doubtful && !h->misspelled && (any_reading || h->weight > 0.5f);
}

static void cover(const struct faq_hit *h, uint64_t covered[2])
{
    for (unsigned i = h->at; i < h->at + h->words; i++)
        covered[i / 64] |= 1ULL << (i % 64);
}

static void cover_rule(const struct faq_rules *r, uint32_t rule, const struct faq_hits *hits,
                       bool any_reading, uint64_t covered[2])
{
    for (unsigned i = 0; i < hits->count; i++)
        for (const struct faq_use *u = first_use(r, hits->hit[i].phrase); u != NULL; u = next_use(r, u))
            if (u->rule == rule && (r->rule[rule].required >> u->group & 1) &&
                sure_enough(&hits->hit[i], any_reading))
                cover(&hits->hit[i], covered);
}

const struct faq_rule *faq_rules_first(const struct faq_rules *r, const struct faq_hits *hits,
                                       bool any_reading, uint64_t covered[2])
{
    unsigned char found[FAQ_RULES_MAX] = { 0 }; /* bit per group */
    const struct faq_rule *first = NULL;
    bool any = false;
    for (unsigned i = 0; i < hits->count; i++)
        if (sure_enough(&hits->hit[i], any_reading))
            for (const struct faq_use *u = first_use(r, hits->hit[i].phrase); u != NULL; u = next_use(r, u)) {
                found[u->rule] |= (unsigned char)(1U << u->group);
                any = true;
            }
    for (uint32_t i = 0; i < r->count && any; i++) {
        const struct faq_rule *rule = &r->rule[i];
        if ((found[i] & rule->required) != rule->required || (found[i] & rule->forbidden) != 0)
            continue;
        cover_rule(r, i, hits, any_reading, covered);
        if (first == NULL)
            first = rule;
    }
    return first;
}
