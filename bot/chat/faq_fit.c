/* Fits the gate: ridge logistic regression by gradient descent, judged by k-fold cross-validation. */
#include "faq_inside.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDS        5
#define STEPS        4000
#define RATE         0.5
#define RIDGE        0.004
#define FALSE_ANSWER 0.03 /* of all questions, were there no rules: what the threshold may let through */

struct point {
    double x[GATE_COUNT], sure; /* sure: told by a gate that has not seen this point */
    bool right, in_scope, ruled;
};
struct points {
    struct point *point;
    unsigned count;
};

static void see(struct faq *f, const struct faq_samples *s, struct points *out)
{
    out->count = s->count;
    out->point = mem_alloc(s->count * sizeof *out->point);
    for (unsigned i = 0; i < s->count; i++) {
        struct point *p = &out->point[i];
        struct faq_query q;
        struct faq_verdict v = { 0 };
        struct faq_answer a;
        const char *text = s->item[i].question;
        faq_read_query(f, text, strlen(text), &q);
        faq_score(f, &q, &v);
        memcpy(p->x, v.x, sizeof p->x);
        p->in_scope = s->item[i].entry >= 0;
        p->right = v.entries > 0 && (int)v.entry[0] == s->item[i].entry;
        faq_ask(f, text, strlen(text), &a);
        p->ruled = *a.rule != '\0';
    }
}

/* ---- regression ---- */

struct scale {
    double mean[GATE_COUNT], spread[GATE_COUNT];
};

/* The points of fold `without` are left out; -1: none. Those that a row of a table decides stay in: the gate
 * has to stand alone when citizens ask what no row names yet. */
static bool counts(unsigned i, int without)
{
    return (int)(i % FOLDS) != without;
}

static struct scale measure(const struct points *p, int without)
{
    struct scale s = { 0 };
    double n = 0;
    for (unsigned i = 0; i < p->count; i++)
        if (counts(i, without)) {
            n++;
            for (unsigned k = 0; k < GATE_BIAS; k++) {
                s.mean[k] += p->point[i].x[k];
                s.spread[k] += p->point[i].x[k] * p->point[i].x[k];
            }
        }
    for (unsigned k = 0; k < GATE_BIAS && n > 0; k++) {
        s.mean[k] /= n;
        s.spread[k] = sqrt(fmax(s.spread[k] / n - s.mean[k] * s.mean[k], 1e-12));
    }
    s.spread[GATE_BIAS] = 1;
    return s;
}

static double standard(const struct scale *s, const double x[GATE_COUNT], unsigned k)
{
    return (x[k] - s->mean[k]) / s->spread[k];
}

static void one_step(const struct points *p, int without, const struct scale *s, double w[GATE_COUNT])
{
    double slope[GATE_COUNT] = { 0 }, n = 0;
    for (unsigned i = 0; i < p->count; i++) {
        if (!counts(i, without))
            continue;
        double sum = 0;
        for (unsigned k = 0; k < GATE_COUNT; k++)
            sum += w[k] * standard(s, p->point[i].x, k);
        double off = (p->point[i].right ? 1 : 0) - 1 / (1 + exp(-sum));
        for (unsigned k = 0; k < GATE_COUNT; k++)
            slope[k] += off * standard(s, p->point[i].x, k);
        n++;
    }
    for (unsigned k = 0; k < GATE_COUNT && n > 0; k++)
        w[k] += RATE * (slope[k] / n - (k == GATE_BIAS ? 0 : RIDGE * w[k]));
}

static void regress(const struct points *p, int without, struct faq_gate *out)
{
    struct scale s = measure(p, without);
    double w[GATE_COUNT] = { 0 };
    for (unsigned i = 0; i < STEPS; i++)
        one_step(p, without, &s, w);
    out->weight[GATE_BIAS] = w[GATE_BIAS];
    for (unsigned k = 0; k < GATE_BIAS; k++) { /* back to the units of x */
        out->weight[k] = w[k] / s.spread[k];
        out->weight[GATE_BIAS] -= w[k] * s.mean[k] / s.spread[k];
    }
}

/* ---- thresholds ---- */

struct tally {
    unsigned answered, wrong, none_refused, refused;
};

static struct tally tally_at(const struct points *p, double threshold, bool rules)
{
    struct tally t = { 0 };
    for (unsigned i = 0; i < p->count; i++) {
        const struct point *x = &p->point[i];
        bool answered = !(rules && x->ruled) && x->sure >= threshold;
        t.answered += answered && x->in_scope;
        t.wrong += answered && !x->right;
        t.refused += !answered;
        t.none_refused += !answered && !x->in_scope;
    }
    return t;
}

/* The lowest threshold that keeps wrong answers rare even without the tables' help. */
static double answer_threshold(const struct points *p)
{
    int t = 198; /* in half percents */
    while (t > 60 && tally_at(p, (t - 1) / 200.0, false).wrong <= FALSE_ANSWER * p->count)
        t--;
    return t / 200.0;
}

/* Where offering buttons helps most citizens with a question of ours and bothers the fewest others. */
static double ask_threshold(const struct points *p, double below)
{
    double best = 0, best_gain = -2;
    unsigned in_scope = 0;
    for (unsigned i = 0; i < p->count; i++)
        in_scope += p->point[i].in_scope;
    for (int percent = 1; percent < 100 * below; percent++) {
        double t = percent / 100.0;
        struct tally at = tally_at(p, t, false);
        double shown = in_scope == 0 ? 0 : (double)at.answered / in_scope;
        double spared = (double)at.none_refused / (p->count - in_scope + 1e-9);
        if (shown + spared > best_gain) {
            best_gain = shown + spared;
            best = t;
        }
    }
    return best;
}

static void print_figures(const struct points *p, double threshold, struct buf *out)
{
    struct tally t = tally_at(p, threshold, true);
    unsigned in_scope = 0;
    for (unsigned i = 0; i < p->count; i++)
        in_scope += p->point[i].in_scope;
    buf_printf(
        out, "%d-fold: n=%u coverage=%.3f false_answer=%.3f oos_precision=%.3f oos_recall=%.3f answer=%.3f\n",
        FOLDS, p->count, in_scope == 0 ? 0 : (double)t.answered / in_scope, (double)t.wrong / p->count,
        t.refused == 0 ? 0 : (double)t.none_refused / t.refused,
        p->count == in_scope ? 0 : (double)t.none_refused / (p->count - in_scope), threshold);
}

static enum loa_status write_gate(const struct faq_gate *g, const char *dir, struct errors *err)
{
    char path[512];
    struct buf text = BUF_INIT(16384);
    snprintf(path, sizeof path, "%s/gate.ini", dir);
    faq_gate_print(g, &text);
    FILE *to = fopen(path, "w");
    bool ok = to != NULL && fwrite(buf_cstr(&text), 1, text.len, to) == text.len;
    ok = to != NULL && fclose(to) == 0 && ok;
    if (!ok)
        fault_add(err, path, 0, "io", "không ghi được tệp", "cannot write the file");
    buf_clear(&text);
    return ok ? LOA_OK : LOA_IO;
}

enum loa_status faq_fit(struct faq *f, const char *path, const char *dir, struct errors *err, struct buf *out)
{
    struct faq_samples samples = { 0 };
    enum loa_status st = faq_samples_read(f, path, err, &samples);
    if (st == LOA_OK) {
        struct points p = { 0 };
        struct faq_gate gate = f->gate;
        see(f, &samples, &p);
        for (int fold = 0; fold < FOLDS; fold++) {
            regress(&p, fold, &gate);
            for (unsigned i = (unsigned)fold; i < p.count; i += FOLDS)
                p.point[i].sure = faq_gate_sure(&gate, p.point[i].x);
        }
        gate.threshold_answer = answer_threshold(&p);
        gate.threshold_ask = ask_threshold(&p, gate.threshold_answer);
        print_figures(&p, gate.threshold_answer, out);
        regress(&p, -1, &gate);
        f->gate = gate;
        st = write_gate(&gate, dir, err);
        free(p.point);
    }
    faq_samples_clear(&samples);
    return st;
}
