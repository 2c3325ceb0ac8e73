#include "check.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include "loa/csv.h"
#include "loa/unanswered.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 400
#define MANY      50000

struct labelled {
    char *group[LINES_MAX], *shown[LINES_MAX], *terms[LINES_MAX];
    unsigned n;
};

static struct faq *faq;

static void take_row(void *ctx, const struct tsv_row *row)
{
    struct labelled *l = ctx;
    struct buf terms = BUF_INIT(8192);
    faq_terms(faq, row->cell[1], strlen(row->cell[1]), &terms);
    l->group[l->n] = mem_strdup(row->cell[0]);
    l->shown[l->n] = mem_strdup(row->cell[1]);
    l->terms[l->n++] = mem_strdup(buf_cstr(&terms));
    buf_clear(&terms);
}

static void labelled_clear(struct labelled *l)
{
    for (unsigned i = 0; i < l->n; i++) {
        free(l->group[i]);
        free(l->shown[i]);
        free(l->terms[i]);
    }
}

struct pairs {
    double both, wanted, made;
};

/* Over all pairs of questions of one half: together by hand, together by the program. */
static struct pairs compare(const struct labelled *l, const struct unanswered_list *list, char half)
{
    struct pairs p = { 0 };
    for (unsigned i = 0; i < l->n; i++)
        for (unsigned k = i + 1; k < l->n && l->group[i][0] == half; k++) {
            bool wanted = strcmp(l->group[i], l->group[k]) == 0,
                 made = list->group_of[i] == list->group_of[k];
            p.both += wanted && made;
            p.wanted += wanted;
            p.made += made;
        }
    return p;
}

static void questions_of(const struct labelled *l, struct unanswered_question *q)
{
    for (unsigned i = 0; i < l->n; i++)
        q[i] = (struct unanswered_question){ l->terms[i], l->shown[i], "" };
}

static double f1(struct pairs p, double *precision, double *recall)
{
    *precision = p.made > 0 ? p.both / p.made : 0;
    *recall = p.wanted > 0 ? p.both / p.wanted : 0;
    return *precision + *recall > 0 ? 2 * *precision * *recall / (*precision + *recall) : 0;
}

static void alike_questions_come_together(void **state)
{
    (void)state;
    static struct labelled l;
    static struct unanswered_question q[LINES_MAX];
    struct errors *err = errors_new();
    struct unanswered_list list;
    check_int("labelled file", tsv_read(check_path("tests/data/unanswered.tsv"), 2, 2, err, take_row, &l),
              LOA_OK);
    questions_of(&l, q);
    unanswered_cluster(q, l.n, &list);
    for (const char *half = "ab"; *half != '\0'; half++) {
        double precision, recall, f = f1(compare(&l, &list, *half), &precision, &recall);
        printf("      unanswered %s: pairs precision=%.2f recall=%.2f f1=%.2f\n",
               *half == 'a' ? "fitted" : "unseen", precision, recall, f);
        check_true("precision", precision >= 0.85);
        check_true("f1", f >= 0.70);
    }
    if (getenv("LOA_SHOW") != NULL)
        for (unsigned g = 0; g < list.groups; g++)
            for (unsigned i = 0; i < l.n; i++)
                if (list.group_of[i] == g)
                    printf("%u\t%s\t%s\t%s\n", g, l.group[i], l.shown[i], l.terms[i]);
    unanswered_clear(&list);
    errors_free(err);
    labelled_clear(&l);
    l.n = 0;
}

static void the_order_does_not_matter(void **state)
{
    (void)state;
    static struct labelled l;
    static struct unanswered_question q[LINES_MAX], back[LINES_MAX];
    struct errors *err = errors_new();
    struct unanswered_list a, b;
    tsv_read(check_path("tests/data/unanswered.tsv"), 2, 2, err, take_row, &l);
    questions_of(&l, q);
    for (unsigned i = 0; i < l.n; i++)
        back[i] = q[l.n - 1 - i];
    unanswered_cluster(q, l.n, &a);
    unanswered_cluster(back, l.n, &b);
    check_int("groups", b.groups, a.groups);
    for (unsigned g = 0; g < a.groups; g++) {
        check_int("size", b.group[g].count, a.group[g].count);
        check_str("first example", back[b.group[g].example[0]].shown, q[a.group[g].example[0]].shown);
    }
    unanswered_clear(&a);
    unanswered_clear(&b);
    errors_free(err);
    labelled_clear(&l);
    l.n = 0;
}

static void counts_examples_and_the_nearest_entry(void **state)
{
    (void)state;
    static const struct unanswered_question q[] = {
        { "nuoi yen", "nuôi yến?", "e1" },    { "nuoi yen", "Nuôi yến", "e2" },
        { "nuoi yen", "nuôi yến?", "e1" },    { "", "???", "" },
        { "mat khau wifi", "pass wifi", "" },
    };
    struct unanswered_list l;
    unanswered_cluster(q, 5, &l);
    check_int("groups", l.groups, 2);
    check_int("biggest first", l.group[0].count, 3);
    check_str("nearest of most", l.group[0].nearest, "e1");
    check_str("no entry near", l.group[1].nearest, "");
    check_int("without words", l.group_of[3], UINT32_MAX);
    unanswered_clear(&l);
    unanswered_cluster(q, 0, &l);
    check_int("nothing", l.groups, 0);
    unanswered_clear(&l);
}

/* 50,000 questions about 2,000 topics of six words each: a question has three of its topic's words, two that
 * everybody uses, and in every third one a word nobody else has. */
static char *made_up(unsigned topic, unsigned i, uint64_t *x)
{
    static const char *const common[] = { "xin", "giay",   "phep", "dang", "ky",
                                          "nha", "phuong", "xa",   "can",  "gi" };
    struct buf terms = BUF_INIT(256);
    for (unsigned w = 0; w < 5; w++) {
        *x ^= *x << 13, *x ^= *x >> 7, *x ^= *x << 17;
        if (w < 3)
            buf_printf(&terms, "tu%ub%u ", topic, (unsigned)(*x % 6));
        else
            buf_printf(&terms, "%s ", common[*x % 10]);
    }
    if (i % 3 == 0)
        buf_printf(&terms, "le%u", i);
    return buf_take(&terms);
}

static void many_are_quick(void **state)
{
    (void)state;
    struct unanswered_question *q = mem_alloc(MANY * sizeof *q);
    uint64_t x = 88172645463325252u;
    for (unsigned i = 0; i < MANY; i++)
        q[i] = (struct unanswered_question){ made_up(i % 2000, i, &x), "x", "" };
    struct unanswered_list l;
    int64_t from = clock_mono_ms();
    unanswered_cluster(q, MANY, &l);
    printf("      unanswered: %d questions, %u groups, %lld ms\n", MANY, l.groups,
           (long long)(clock_mono_ms() - from));
    check_true("about as many groups as topics", l.groups > 1000 && l.groups < 6000);
    unanswered_clear(&l);
    for (unsigned i = 0; i < MANY; i++)
        free((char *)q[i].terms);
    free(q);
}

static void no_cell_is_a_formula(void **state)
{
    (void)state;
    static const struct {
        const char *label, *in, *want;
    } cases[] = {
        { "plain", "nuôi yến", "\"nuôi yến\"" },
        { "formula", "=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"" },
        { "plus", "+84", "\"'+84\"" },
        { "at", "@SUM(1)", "\"'@SUM(1)\"" },
        { "minus", "-1", "\"'-1\"" },
        { "line end", "a\nb", "\"a b\"" },
        { "tab first", "\t=1", "\"'\t=1\"" },
        { "empty", "", "\"\"" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out = BUF_INIT(256);
        csv_cell(&out, cases[i].in);
        check_str(cases[i].label, buf_cstr(&out), cases[i].want);
        buf_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alike_questions_come_together),
        cmocka_unit_test(the_order_does_not_matter),
        cmocka_unit_test(counts_examples_and_the_nearest_entry),
        cmocka_unit_test(many_are_quick),
        cmocka_unit_test(no_cell_is_a_formula),
    };
    struct errors *err = errors_new();
    if (faq_load(check_path("templates/faq"), err, &faq) != LOA_OK)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    faq_free(faq);
    errors_free(err);
    return failed;
}
