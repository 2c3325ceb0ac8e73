#include "loa/mem.h"
#include "loa/unanswered.h"
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES_MAX   160 /* of one wording */
#define GROUP_FEATURES 256 /* of a group: the heaviest */
#define WORD_MAX       24
#define LOOKED_MAX     3000 /* groups looked at for one, through its rarest features */
#define ROUNDS_MAX     40
#define LIKE_ENOUGH    0.19 /* average over all pairs of two groups */
#define WEIGHT_WORD    1.0
#define WEIGHT_CONCEPT 0.3 /* concepts are made for what the FAQ does know */
#define WEIGHT_PAIR    0.3
#define WEIGHT_LETTERS 0.2
#define RARENESS_POWER 1.5
#define NONE           UINT32_MAX

struct feature {
    uint64_t hash;
    uint32_t id;
    double weight;
};

/* One wording, however often it came; then the group it begins, while it has not joined another. */
struct wording {
    const char *terms;
    uint32_t first, count;   /* first question, in `order`; how many */
    struct feature *feature; /* of the group: sums, the heaviest first */
    uint32_t features, members;
    uint32_t joined; /* NONE, or the wording whose group this one's is part of */
};

struct posting {
    uint32_t group;
    double weight;
};

struct work {
    const struct unanswered_question *q;
    unsigned n;
    uint32_t *order;   /* questions sorted by their words, so that nothing hangs on when they came */
    struct wording *w; /* from the most frequent on */
    uint32_t wordings;
    uint32_t *df; /* [features]: in how many wordings */
    uint32_t features;
    struct posting *posting; /* the groups that have a feature, from start[feature] on */
    uint32_t *start;
    double *sum;                 /* [wordings]: for the group at hand */
    uint32_t *touched, *partner; /* [wordings] */
    bool *fresh, *look;          /* [wordings]: just grown; its partner has to be looked for */
};

/* ---- features ---- */

static uint64_t hash_of(uint64_t seed, const char *s, size_t n)
{
    uint64_t h = seed ^ 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return h != 0 ? h : 1;
}

static void add(struct feature *f, uint32_t *n, uint64_t hash, double weight)
{
    for (uint32_t i = 0; i < *n; i++)
        if (f[i].hash == hash)
            return;
    if (*n < FEATURES_MAX)
        f[(*n)++] = (struct feature){ .hash = hash, .weight = weight };
}

static void add_letters(struct feature *f, uint32_t *n, const char *word, size_t len)
{
    char framed[WORD_MAX + 2];
    if (len < 4 || len > WORD_MAX)
        return;
    framed[0] = framed[len + 1] = '_';
    memcpy(framed + 1, word, len);
    for (size_t i = 0; i + 3 <= len + 2; i++)
        add(f, n, hash_of(4, framed + i, 3), WEIGHT_LETTERS);
}

static uint32_t features_of(const char *terms, struct feature *out)
{
    uint32_t n = 0;
    uint64_t before = 0;
    for (size_t len; *terms != '\0'; terms += len + (terms[len] != '\0')) {
        len = strcspn(terms, " ");
        bool concept = terms[0] == '{';
        uint64_t h = hash_of(concept ? 2 : 1, terms, len);
        if (len == 0)
            continue;
        add(out, &n, h, concept ? WEIGHT_CONCEPT : WEIGHT_WORD);
        if (!concept && before != 0)
            add(out, &n, hash_of(3, (const char *)&(uint64_t[]){ before, h }, 16), WEIGHT_PAIR);
        if (!concept)
            add_letters(out, &n, terms, len);
        before = concept ? 0 : h;
    }
    return n;
}

/* ---- wordings ---- */

static int by_terms(const void *a, const void *b, void *ctx)
{
    const struct unanswered_question *q = ctx; /* qsort_r hands it through */
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int c = strcmp(q[x].terms, q[y].terms);
    if (c == 0)
        c = strcmp(q[x].shown, q[y].shown);
    return c != 0 ? c : strcmp(q[x].nearest, q[y].nearest);
}

static int by_count(const void *a, const void *b)
{
    const struct wording *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->terms, y->terms);
}

static void find_wordings(struct work *k)
{
    k->order = mem_alloc((k->n + 1) * sizeof *k->order);
    k->w = mem_alloc((k->n + 1) * sizeof *k->w);
    for (uint32_t i = 0; i < k->n; i++)
        k->order[i] = i;
    qsort_r(k->order, k->n, sizeof *k->order, by_terms, (void *)k->q);
    for (uint32_t i = 0; i < k->n; i++) {
        const char *terms = k->q[k->order[i]].terms;
        if (terms[0] == '\0')
            continue;
        if (k->wordings > 0 && strcmp(k->w[k->wordings - 1].terms, terms) == 0)
            k->w[k->wordings - 1].count++;
        else
            k->w[k->wordings++] =
                (struct wording){ .terms = terms, .first = i, .count = 1, .members = 1, .joined = NONE };
    }
    if (k->wordings > 0)
        qsort(k->w, k->wordings, sizeof *k->w, by_count);
}

/* ---- numbers for features, and how rare each is ---- */

struct occurrence {
    uint64_t hash;
    uint32_t wording, feature;
};

static int by_hash(const void *a, const void *b)
{
    const struct occurrence *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void number_features(struct work *k)
{
    size_t total = 0, at = 0;
    struct feature found[FEATURES_MAX];
    for (uint32_t i = 0; i < k->wordings; i++) {
        struct wording *w = &k->w[i];
        w->features = features_of(w->terms, found);
        w->feature = mem_alloc((w->features + 1) * sizeof *w->feature);
        memcpy(w->feature, found, w->features * sizeof *found);
        total += w->features;
    }
    struct occurrence *o = mem_alloc((total + 1) * sizeof *o);
    for (uint32_t i = 0; i < k->wordings; i++)
        for (uint32_t f = 0; f < k->w[i].features; f++)
            o[at++] = (struct occurrence){ k->w[i].feature[f].hash, i, f };
    qsort(o, total, sizeof *o, by_hash);
    k->df = mem_alloc((total + 1) * sizeof *k->df);
    for (size_t i = 0; i < total; i++) {
        if (i > 0 && o[i].hash != o[i - 1].hash)
            k->features++;
        k->w[o[i].wording].feature[o[i].feature].id = k->features;
        k->df[k->features]++;
    }
    k->features += total > 0;
    free(o);
}

static int by_weight(const void *a, const void *b)
{
    const struct feature *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void weigh(struct work *k)
{
    for (uint32_t i = 0; i < k->wordings; i++) {
        struct wording *w = &k->w[i];
        double square = 0;
        for (uint32_t f = 0; f < w->features; f++) {
            double rareness = log(1.5 + (double)k->wordings / k->df[w->feature[f].id]);
            w->feature[f].weight *= pow(rareness, RARENESS_POWER);
            square += w->feature[f].weight * w->feature[f].weight;
        }
        for (uint32_t f = 0; f < w->features; f++)
            w->feature[f].weight /= sqrt(square);
        qsort(w->feature, w->features, sizeof *w->feature, by_weight);
    }
}

/* ---- groups: average linkage ---- */

/* Which groups have which feature, anew for each round. */
static void post_groups(struct work *k)
{
    memset(k->start, 0, (k->features + 2) * sizeof *k->start);
    for (uint32_t i = 0; i < k->wordings; i++)
        for (uint32_t f = 0; f < k->w[i].features; f++)
            k->start[k->w[i].feature[f].id + 2]++;
    for (uint32_t f = 2; f < k->features + 2; f++)
        k->start[f] += k->start[f - 1];
    for (uint32_t i = 0; i < k->wordings; i++)
        for (uint32_t f = 0; f < k->w[i].features; f++) {
            const struct feature *x = &k->w[i].feature[f];
            k->posting[k->start[x->id + 1]++] = (struct posting){ i, x->weight };
        }
}

/* Features that very many groups have are left out once some were seen: they part nothing. */
static uint32_t partner_of(struct work *k, uint32_t me)
{
    const struct wording *w = &k->w[me];
    uint32_t looked = 0, count = 0, best = NONE;
    double best_like = LIKE_ENOUGH;
    for (uint32_t f = 0; f < w->features; f++) {
        uint32_t id = w->feature[f].id, length = k->start[id + 1] - k->start[id];
        if (looked > 0 && looked + length > LOOKED_MAX)
            continue;
        looked += length;
        for (uint32_t i = k->start[id]; i < k->start[id + 1]; i++) {
            const struct posting *p = &k->posting[i];
            if (k->sum[p->group] == 0)
                k->touched[count++] = p->group;
            k->sum[p->group] += p->weight * w->feature[f].weight;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t other = k->touched[i];
        double like = k->sum[other] / ((double)w->members * k->w[other].members);
        k->sum[other] = 0;
        if (other != me && (like > best_like || (like == best_like && best != NONE && other < best))) {
            best = other;
            best_like = like;
        }
    }
    return best;
}

static int by_id(const void *a, const void *b)
{
    const struct feature *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void join(struct wording *a, struct wording *b, uint32_t a_index)
{
    struct feature *all = mem_alloc((a->features + b->features + 1) * sizeof *all);
    uint32_t n = 0;
    memcpy(all, a->feature, a->features * sizeof *all);
    memcpy(all + a->features, b->feature, b->features * sizeof *all);
    qsort(all, a->features + b->features, sizeof *all, by_id);
    for (uint32_t i = 0; i < a->features + b->features; i++) {
        if (n > 0 && all[n - 1].id == all[i].id)
            all[n - 1].weight += all[i].weight;
        else
            all[n++] = all[i];
    }
    qsort(all, n, sizeof *all, by_weight);
    free(a->feature);
    free(b->feature);
    a->feature = all;
    a->features = n < GROUP_FEATURES ? n : GROUP_FEATURES;
    a->members += b->members;
    b->feature = NULL;
    b->features = 0;
    b->joined = a_index;
}

/* Looks again only where something changed: joining two groups brings neither nearer to a third. */
static void find_partners(struct work *k, bool first)
{
    for (uint32_t i = 0; i < k->wordings; i++) {
        uint32_t old = k->partner[i];
        if (k->w[i].joined != NONE)
            k->partner[i] = NONE;
        else if (first || k->fresh[i] || (old != NONE && (k->fresh[old] || k->w[old].joined != NONE)))
            k->look[i] = true;
    }
    for (uint32_t i = 0; i < k->wordings; i++) {
        if (k->look[i])
            k->partner[i] = partner_of(k, i);
        k->look[i] = k->fresh[i] = false;
    }
}

/* Two groups that are each other's most alike join, all such pairs of a round at once: with average linkage
 * this ends where joining one pair after the other would. */
static bool join_pairs(struct work *k)
{
    bool any = false;
    for (uint32_t i = 0; i < k->wordings; i++) {
        uint32_t other = k->partner[i];
        if (other == NONE || other < i || k->partner[other] != i)
            continue;
        join(&k->w[i], &k->w[other], i);
        k->fresh[i] = any = true;
    }
    return any;
}

static void group_wordings(struct work *k)
{
    size_t total = 0;
    for (uint32_t i = 0; i < k->wordings; i++)
        total += k->w[i].features;
    k->posting = mem_alloc((total + 1) * sizeof *k->posting);
    k->start = mem_alloc((k->features + 3) * sizeof *k->start);
    k->sum = mem_alloc((k->wordings + 1) * sizeof *k->sum);
    k->touched = mem_alloc((k->wordings + 1) * sizeof *k->touched);
    k->partner = mem_alloc((k->wordings + 1) * sizeof *k->partner);
    k->fresh = mem_alloc((k->wordings + 1) * sizeof *k->fresh);
    k->look = mem_alloc((k->wordings + 1) * sizeof *k->look);
    bool joined = true;
    for (unsigned round = 0; round < ROUNDS_MAX && joined; round++) {
        post_groups(k);
        find_partners(k, round == 0);
        joined = join_pairs(k);
    }
}

static uint32_t head_of(const struct work *k, uint32_t wording)
{
    while (k->w[wording].joined != NONE)
        wording = k->w[wording].joined;
    return wording;
}

/* ---- the list ---- */

/* The entry that most questions of the group are near. */
static void choose_nearest(const struct work *k, struct unanswered_list *l)
{
    unsigned *votes = mem_alloc((l->groups + 1) * sizeof *votes);
    for (unsigned i = 0; i < k->n; i++) { /* majority by pairing off: good enough for a hint */
        const char *nearest = k->q[k->order[i]].nearest;
        unsigned g = l->group_of[k->order[i]];
        if (g == NONE || nearest[0] == '\0')
            continue;
        struct unanswered_group *group = &l->group[g];
        if (votes[g] == 0)
            group->nearest = nearest;
        if (strcmp(group->nearest, nearest) == 0)
            votes[g]++;
        else
            votes[g]--;
    }
    free(votes);
}

struct ranked {
    uint32_t head, count;
    const char *terms;
};

static int by_size(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->terms, y->terms);
}

static void add_example(struct unanswered_group *g, uint32_t question)
{
    if (g->examples < UNANSWERED_EXAMPLES)
        g->example[g->examples++] = question;
}

static void make_list(const struct work *k, struct unanswered_list *out)
{
    struct ranked *r = mem_alloc((k->wordings + 1) * sizeof *r);
    uint32_t *place = mem_alloc((k->wordings + 1) * sizeof *place), heads = 0;
    for (uint32_t i = 0; i < k->wordings; i++)
        r[i] = (struct ranked){ .head = i, .terms = k->w[i].terms };
    for (uint32_t i = 0; i < k->wordings; i++)
        r[head_of(k, i)].count += k->w[i].count;
    qsort(r, k->wordings, sizeof *r, by_size);
    while (heads < k->wordings && r[heads].count > 0)
        heads++;
    out->group = mem_alloc((heads + 1) * sizeof *out->group);
    out->groups = heads;
    for (uint32_t i = 0; i < heads; i++) {
        place[r[i].head] = i;
        out->group[i] = (struct unanswered_group){ .count = r[i].count, .nearest = "" };
    }
    for (uint32_t i = 0; i < k->wordings; i++) {
        const struct wording *w = &k->w[i];
        uint32_t g = place[head_of(k, i)];
        add_example(&out->group[g], k->order[w->first]);
        for (uint32_t c = 0; c < w->count; c++)
            out->group_of[k->order[w->first + c]] = g;
    }
    free(r);
    free(place);
}

static void work_clear(struct work *k)
{
    for (uint32_t i = 0; i < k->wordings; i++)
        free(k->w[i].feature);
    free(k->order);
    free(k->w);
    free(k->df);
    free(k->posting);
    free(k->start);
    free(k->sum);
    free(k->touched);
    free(k->partner);
    free(k->fresh);
    free(k->look);
}

void unanswered_cluster(const struct unanswered_question *q, unsigned n, struct unanswered_list *out)
{
    struct work k = { .q = q, .n = n };
    *out = (struct unanswered_list){ .group_of = mem_alloc((n + 1) * sizeof *out->group_of) };
    for (unsigned i = 0; i < n; i++)
        out->group_of[i] = NONE;
    find_wordings(&k);
    number_features(&k);
    weigh(&k);
    group_wordings(&k);
    make_list(&k, out);
    choose_nearest(&k, out);
    work_clear(&k);
}

void unanswered_clear(struct unanswered_list *l)
{
    free(l->group);
    free(l->group_of);
    *l = (struct unanswered_list){ 0 };
}
