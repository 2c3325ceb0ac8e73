/*
 * unanswered - what nobody could answer: kept for a while without a name, put together by likeness, so that
 * staff see which answers are worth writing.
 *
 * A question goes into uq:<Monday> (a hash, in the partition of its conversation) under a keyed hash of
 * conversation and number, which leads to nobody without the key; the value is sealed JSON: t terms
 * (faq_terms()), q the question with numbers and addresses masked (personal.h), n id of the nearest entry.
 *
 * Likeness: cosine of words, concepts, word pairs and letter groups, weighted by how rare they are among the
 * questions at hand. Groups grow by average linkage: the two that are each other's most alike join, as long
 * as they are alike enough. The result does not depend on the order the questions come in.
 */
#ifndef LOA_UNANSWERED_H
#define LOA_UNANSWERED_H

#include "loa/faq.h"
#include "loa/service.h"

/* ---- keeping ---- */
/* Not waited for; the same `seq` of the same conversation counts once. `nearest` may be "". */
void unanswered_keep(struct service *s, const char *cid, long long seq, const char *text,
                     const char *nearest);

/* ---- putting together: pure, any thread ---- */
#define UNANSWERED_EXAMPLES 3
struct unanswered_question {
    const char *terms, *shown, *nearest; /* borrowed */
};
struct unanswered_group {
    unsigned count;                        /* questions in it */
    unsigned example[UNANSWERED_EXAMPLES]; /* indexes, the most frequent wordings first */
    unsigned examples;
    const char *nearest; /* the entry most of them are near, "" none */
};
struct unanswered_list {
    struct unanswered_group *group; /* biggest first */
    unsigned groups;
    unsigned *group_of; /* [questions]: index into group; UINT32_MAX: no words in it */
};
void unanswered_cluster(const struct unanswered_question *q, unsigned n, struct unanswered_list *out);
void unanswered_clear(struct unanswered_list *l);

/* ---- reading ---- */
/*
 *   GET /desk/unanswered?week=2026-11-23&limit=
 * {"week","questions","groups":[{"count","examples","nearest"}]} GET /desk/unanswered.csv?week= the same as a
 * table (BOM, semicolons: opens in Excel) A week is named by its Monday; without one it is this week.
 */
void api_unanswered(struct service *s); /* bot/api/unanswered_api.c */

#endif
