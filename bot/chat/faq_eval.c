/* The score of a labelled file: one line per style, then the summary. */
#include "faq_inside.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SAMPLES_MAX 100000
#define STYLES_MAX  32
#define STYLE_MIN   10 /* fewer questions of one style tell nothing */

struct loading {
    const struct faq *f;
    struct errors *err;
    struct faq_samples *out;
    bool failed;
};

static void sample_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    int entry = strcmp(row->cell[1], "NONE") == 0 ? -1 : faq_find(l->f, row->cell[1]);
    if ((entry < 0 && strcmp(row->cell[1], "NONE") != 0) || l->out->count == SAMPLES_MAX) {
        fault_at(l->err, row->path, row->line, "bad_row", "không có mục “%s”", "no entry \"%s\"",
                 row->cell[1]);
        l->failed = true;
        return;
    }
    if ((l->out->count & (l->out->count + 1)) == 0) /* room grows by doubling */
        l->out->item = mem_resize(l->out->item, 2 * (l->out->count + 1) * sizeof *l->out->item);
    l->out->item[l->out->count++] =
        (struct faq_sample){ mem_strdup(row->cell[0]), mem_strdup(row->cell[2]), entry };
}

enum loa_status faq_samples_read(const struct faq *f, const char *path, struct errors *err,
                                 struct faq_samples *out)
{
    struct loading l = { .f = f, .err = err, .out = out };
    enum loa_status st = tsv_read(path, 2, 3, err, sample_row, &l);
    return st == LOA_OK && (l.failed || out->count == 0) ? LOA_INVALID : st;
}

void faq_samples_clear(struct faq_samples *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        free(s->item[i].question);
        free(s->item[i].style);
    }
    free(s->item);
    *s = (struct faq_samples){ 0 };
}

struct tally {
    const char *style; /* borrowed */
    unsigned n, in_scope, top1, top3, answered, false_answers, refused, none, none_refused, resolved, handed;
};

static void count(struct tally *t, const struct faq_sample *s, const struct faq_answer *a)
{
    bool right = a->entries > 0 && (int)a->entry[0] == s->entry, answered = a->tier == FAQ_ANSWER,
         among = false;
    for (unsigned i = 0; i < a->entries; i++)
        among = among || (int)a->entry[i] == s->entry;
    t->n++;
    t->refused += !answered;
    t->handed += a->tier == FAQ_HANDOVER;
    t->false_answers += answered && !right;
    if (s->entry < 0) {
        t->none++;
        t->none_refused += !answered;
        return;
    }
    t->in_scope++;
    t->top1 += right;
    t->top3 += among;
    t->answered += answered;
    t->resolved += (answered && right) || (a->tier == FAQ_ASK && among);
}

static double part(unsigned of, unsigned all)
{
    return all == 0 ? 0 : (double)of / all;
}

static struct tally *tally_of(struct tally *styles, unsigned *n, const char *style)
{
    for (unsigned i = 0; i < *n; i++)
        if (strcmp(styles[i].style, style) == 0)
            return &styles[i];
    if (*n == STYLES_MAX)
        return &styles[STYLES_MAX - 1];
    styles[*n].style = style;
    return &styles[(*n)++];
}

static int by_value(const void *l, const void *r)
{
    long a = *(const long *)l, b = *(const long *)r;
    return a < b ? -1 : a > b;
}

static long nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

/* Warm: the best of three, so that what else runs on the machine does not count. */
static long time_ask(struct faq *f, const char *question, struct faq_answer *out)
{
    long best = LONG_MAX;
    for (unsigned i = 0; i < 3; i++) {
        long before = nanoseconds();
        faq_ask_briefly(f, question, strlen(question), out);
        long took = nanoseconds() - before;
        best = took < best ? took : best;
    }
    return best;
}

static void print_style(const struct tally *t, struct buf *out)
{
    buf_printf(out,
               "%-12s n=%u top1=%.3f top3=%.3f coverage=%.3f false_answer=%.3f refused=%.3f one_tap=%.3f\n",
               *t->style == '\0' ? "-" : t->style, t->n, part(t->top1, t->in_scope),
               part(t->top3, t->in_scope), part(t->answered, t->in_scope), part(t->false_answers, t->n),
               part(t->refused, t->n), part(t->resolved, t->in_scope));
}

static void summarise(const struct tally *all, const long *ns, struct faq_figures *g)
{
    *g = (struct faq_figures){ .n = all->n,
                               .top1 = part(all->top1, all->in_scope),
                               .top3 = part(all->top3, all->in_scope),
                               .coverage = part(all->answered, all->in_scope),
                               .false_answer = part(all->false_answers, all->n),
                               .oos_precision = part(all->none_refused, all->refused),
                               .oos_recall = part(all->none_refused, all->none),
                               .one_tap = part(all->resolved, all->in_scope),
                               .handed = part(all->handed, all->n),
                               .p50_us = (ns[all->n / 2] + 999) / 1000,
                               .p99_us = (ns[all->n * 99 / 100] + 999) / 1000,
                               .worst_style_top1 = 1 };
    for (unsigned i = 0; i < all->n; i++)
        g->mean_us += (double)ns[i] / 1000 / all->n;
}

enum loa_status faq_eval(struct faq *f, const char *path, struct errors *err, struct faq_figures *figures,
                         struct buf *out)
{
    struct faq_samples samples = { 0 };
    struct tally styles[STYLES_MAX] = { 0 }, all = { .style = "all" };
    unsigned n = 0;
    enum loa_status st = faq_samples_read(f, path, err, &samples);
    long *ns = mem_alloc((samples.count + 1) * sizeof *ns);

    for (unsigned i = 0; i < samples.count && st == LOA_OK; i++) {
        const struct faq_sample *s = &samples.item[i];
        struct faq_answer a;
        ns[i] = time_ask(f, s->question, &a);
        count(&all, s, &a);
        count(tally_of(styles, &n, s->style), s, &a);
    }
    if (st == LOA_OK) {
        qsort(ns, all.n, sizeof *ns, by_value);
        summarise(&all, ns, figures);
        for (unsigned i = 0; i < n; i++) {
            print_style(&styles[i], out);
            if (styles[i].in_scope >= STYLE_MIN &&
                part(styles[i].top1, styles[i].in_scope) < figures->worst_style_top1)
                figures->worst_style_top1 = part(styles[i].top1, styles[i].in_scope);
        }
        buf_printf(out,
                   "faq: n=%u top1=%.3f top3=%.3f coverage=%.3f false_answer=%.3f oos_precision=%.3f "
                   "oos_recall=%.3f one_tap=%.3f handed=%.3f mean_us=%.1f p50_us=%ld p99_us=%ld\n",
                   figures->n, figures->top1, figures->top3, figures->coverage, figures->false_answer,
                   figures->oos_precision, figures->oos_recall, figures->one_tap, figures->handed,
                   figures->mean_us, figures->p50_us, figures->p99_us);
    }
    free(ns);
    faq_samples_clear(&samples);
    return st;
}
