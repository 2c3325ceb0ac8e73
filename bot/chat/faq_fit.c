/* Fits the gate: ridge logistic regression by gradient descent, judged by k-fold cross-validation. */
#include "faq_inside.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDS 5
#define STEPS 4000
#define RATE  0.5
#define RIDGE 0.004
/* Wrong answers the threshold may let through, of all questions: as things are, and were there no rules, for
 * citizens also ask what no row names yet. Little, because who writes tables has read the labelled files: on
 * questions nobody has read, about four times as many are wrong. */
#define FALSE_ANSWER       0.005
#define FALSE_WITHOUT_RULE 0.04

struct point {
    double x[GATE_COUNT], sure;         /* sure: told by a gate that has not seen this point */
    bool right, among, in_scope, ruled; /* among: the right entry would be one of the buttons */
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
        for (unsigned k = 0; k < v.entries; k++)
            p->among = p->among || (int)v.entry[k] == s->item[i].entry;
        faq_ask_briefly(f, text, strlen(text), &a);
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
    unsigned in_scope, answered, wrong, none_refused, refused;
    unsigned none_shown;    /* none of ours, yet shown an answer or buttons */
    unsigned resolved;      /* in scope: answered right, or the right entry among the buttons */
    unsigned asked, helped; /* shown buttons; with the right entry among them */
};

/* With or without the tables' rows. */
static struct tally tally_at(const struct points *p, const struct faq_gate *g, bool rules)
{
    struct tally t = { 0 };
    for (unsigned i = 0; i < p->count; i++) {
        const struct point *x = &p->point[i];
        bool ruled = rules && x->ruled,
             answered =
                 !ruled && x->sure >= g->threshold_answer && x->x[GATE_RELATIVE] >= g->threshold_margin,
             asked = !ruled && !answered && x->sure >= g->threshold_ask;
        t.in_scope += x->in_scope;
        t.answered += answered && x->in_scope;
        t.wrong += answered && !x->right;
        t.refused += !answered;
        t.none_refused += !answered && !x->in_scope;
        t.none_shown += (answered || asked) && !x->in_scope;
        t.resolved += (answered && x->right) || (asked && x->among);
        t.asked += asked;
        t.helped += asked && x->among;
    }
    return t;
}

static bool rarely_wrong(const struct points *p, const struct faq_gate *g)
{
    return tally_at(p, g, true).wrong <= FALSE_ANSWER * p->count &&
           tally_at(p, g, false).wrong <= FALSE_WITHOUT_RULE * p->count;
}

/* The most answers at once that keep wrong ones rare: how sure, and how far before the second entry. */
static void answer_thresholds(const struct points *p, struct faq_gate *g)
{
    struct faq_gate try = *g;
    unsigned most = 0;
    try.threshold_ask = 1;
    for (int margin = 0; margin <= 15; margin++)
        for (int answer = 198; answer >= 80; answer--) { /* in half percents */
            try.threshold_margin = margin / 50.0;
            try.threshold_answer = answer / 200.0;
            if (!rarely_wrong(p, &try))
                break;
            unsigned answered = tally_at(p, &try, true).answered;
            if (answered > most) {
                most = answered;
                g->threshold_margin = try.threshold_margin;
                g->threshold_answer = try.threshold_answer;
            }
        }
}

/* Where more citizens find their question among the buttons than look at them in vain; of those whose
 * question is none of ours, most would be spared even if no row named it. */
#define VAIN_WITHOUT_RULE 0.35

static void ask_threshold(const struct points *p, struct faq_gate *g)
{
    struct faq_gate try = *g;
    int best_gain = 0;
    g->threshold_ask = g->threshold_answer;
    for (int percent = (int)(100 * g->threshold_answer); percent > 0; percent--) {
        try.threshold_ask = percent / 100.0;
        struct tally with = tally_at(p, &try, true), without = tally_at(p, &try, false);
        int gain = 2 * (int)with.helped - (int)with.asked;
        if (without.none_shown > VAIN_WITHOUT_RULE * (p->count - with.in_scope))
            break;
        if (gain > best_gain) {
            best_gain = gain;
            g->threshold_ask = try.threshold_ask;
        }
    }
}

static double part(unsigned of, unsigned all)
{
    return all == 0 ? 0 : (double)of / all;
}

static void print_at(const struct points *p, const struct faq_gate *g, const char *what, struct buf *out)
{
    struct tally t = tally_at(p, g, true);
    unsigned none = p->count - t.in_scope;
    buf_printf(out,
               "%-6s answer=%.3f margin=%.2f ask=%.2f coverage=%.3f false_answer=%.3f oos_precision=%.3f "
               "oos_recall=%.3f one_tap=%.3f handed=%.3f\n",
               what, g->threshold_answer, g->threshold_margin, g->threshold_ask, part(t.answered, t.in_scope),
               part(t.wrong, p->count), part(t.none_refused, t.refused), part(t.none_refused, none),
               part(t.resolved, t.in_scope), part(t.refused - t.asked, p->count));
}

/* What more or less daring thresholds would bring, told by gates that had not seen the questions. */
static void print_trade(const struct points *p, const struct faq_gate *chosen, struct buf *out)
{
    struct faq_gate g = *chosen;
    buf_printf(out, "%d-fold: n=%u\n", FOLDS, p->count);
    for (int percent = 40; percent <= 90; percent += 10)
        for (int margin = 0; margin <= 20; margin += 10) {
            g.threshold_answer = percent / 100.0;
            g.threshold_margin = margin / 100.0;
            g.threshold_ask = fmin(chosen->threshold_ask, g.threshold_answer);
            print_at(p, &g, "", out);
        }
    print_at(p, chosen, "chosen", out);
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
        answer_thresholds(&p, &gate);
        ask_threshold(&p, &gate);
        print_trade(&p, &gate, out);
        regress(&p, -1, &gate);
        f->gate = gate;
        st = write_gate(&gate, dir, err);
        free(p.point);
    }
    faq_samples_clear(&samples);
    return st;
}
