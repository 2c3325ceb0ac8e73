/*
 * faq - finds the approved answer to a citizen's question, or says that it has none.
 *
 * Everything it knows is text under templates/faq/ that staff edit: entries.json (questions, other ways to
 * ask them, answers), variables.ini (what differs from province to province, and from unit to unit),
 * teencode.tsv, fillers.tsv, lexicon.tsv (surface phrase -> concept), unsupported.tsv (topics other offices
 * handle), smalltalk.tsv, urgent.tsv, gate.ini (weights and thresholds). Nothing is trained: a new entry
 * works after the next reload.
 *
 * Method: fold and repair the words, score every phrasing by words, word pairs, concepts and letter groups,
 * then a logistic gate decides between answering, asking back with up to three buttons, and handing over to
 * staff. Deterministic; equal scores go to the entry that stands first. BM25: Robertson and Zaragoza,
 * "The Probabilistic Relevance Framework" (2009).
 */
#ifndef LOA_FAQ_H
#define LOA_FAQ_H

#include "loa/buf.h"
#include "loa/errors.h"
#include <stdbool.h>
#include <stddef.h>

#define FAQ_QUESTION_MAX 500 /* letters read of a question; the rest is ignored */
#define FAQ_BUTTONS_MAX  3
#define FAQ_REASONS_MAX  12
#define FAQ_LABEL_MAX    80
#define FAQ_RANKED_MAX   3

enum faq_tier {
    FAQ_ANSWER,    /* show the answer of entry[0] */
    FAQ_ASK,       /* "có phải anh/chị hỏi …?": a button for each entry */
    FAQ_HANDOVER,  /* staff; `department` when the topic is known, else "" */
    FAQ_SMALLTALK, /* greeting, thanks, insult: show `sentence` */
    FAQ_URGENT,    /* show `sentence`, which names the emergency number, and alert staff */
};

struct faq_reason {
    char term[FAQ_LABEL_MAX]; /* folded words, or {concept} */
    double share;             /* part of the score of entry[0] that this term brings */
};

struct faq_answer {
    enum faq_tier tier;
    unsigned entry[FAQ_RANKED_MAX]; /* best first, also when they are not to be shown */
    double score[FAQ_RANKED_MAX];
    unsigned entries; /* how many of them have anything in common with the question */
    double sure;      /* 0…1: how likely entry[0] is right */
    bool expired;     /* it was to be shown, but its last day is over: staff answer */
    /* Live as long as the faq. Never NULL. */
    const char *department, *sentence, *rule;  /* rule: the row that decided, for tiers by rule */
    struct faq_reason reason[FAQ_REASONS_MAX]; /* not by faq_ask_briefly() */
    unsigned reasons;
};

struct faq_entry {
    const char *id, *topic, *question, *answer; /* the answer has the province's values filled in */
    const char *source, *date;                  /* where it is written; the day the content was confirmed */
    const char *expires; /* "2026-12-31": the last day it may be shown; "" when it does not end */
};

struct faq;

/* Reads `dir` (…/templates/faq). On LOA_INVALID, LOA_NOT_FOUND … every fault is in `err` as file:line. */
enum loa_status faq_load(const char *dir, struct errors *err, struct faq **out);
/* The same, and over it the entries that staff approved here: every `own`/<any>.json holds one entry or a
 * list, written like those of entries.json; one with a known id takes the place of the delivered one. What is
 * wrong there is told in `skipped`, left out, and never stops the rest: alert staff when skipped->count > 0.
 * `own` may be NULL, or not exist yet. */
enum loa_status faq_load_with(const char *dir, const char *own, struct errors *err, struct errors *skipped,
                              struct faq **out);
void faq_free(struct faq *f);
/* Reads and forgets: faults of everything under `dir`; of `own`, and answers that end within a month, in
 * `warnings`. Returns how many entries there are, 0 with faults. */
unsigned faq_check(const char *dir, const char *own, struct errors *err, struct errors *warnings);

unsigned faq_count(const struct faq *f);
unsigned faq_skipped(const struct faq *f); /* files and entries of `own` that were left out */
const struct faq_entry *faq_entry(const struct faq *f, unsigned i);
/* The entry of this id; -1 when there is none. */
int faq_find(const struct faq *f, const char *id);
/* Its last day is over. faq_ask() never shows such an entry; ask before answering a tap on a button. */
bool faq_expired(const struct faq *f, unsigned i);
/* Appends the answer as the citizen of this unit needs it: a value stands in section [unit] of variables.ini,
 * else it is the province's. NULL, "" or an unknown unit: the province's answer. False: longer than `out`. */
bool faq_answer_text(const struct faq *f, unsigned i, const char *unit, struct buf *out);

/* Uses working memory inside `f`: one question at a time. `s` may be any bytes. */
void faq_ask(struct faq *f, const char *s, size_t n, struct faq_answer *out);
/* The same without the reasons, which cost a fifth of the time. */
void faq_ask_briefly(struct faq *f, const char *s, size_t n, struct faq_answer *out);
/* The words a question is reduced to, for tests and for people who edit the tables. At most
 * FAQ_NORMAL_MAX bytes with the NUL. Normalising its own result changes nothing. */
#define FAQ_NORMAL_MAX 2500
void faq_normal(const struct faq *f, const char *s, size_t n, char out[FAQ_NORMAL_MAX]);

/* What a question is about, for finding others like it: its words without fillers, mended, and the concepts
 * they name as "{concept}", apart by spaces. */
void faq_terms(const struct faq *f, const char *s, size_t n, struct buf *out);

/* ---- measuring (bot/chat/faq_eval.c, faq_fit.c) ---- */

struct faq_figures {
    unsigned n;
    double top1, top3, coverage, false_answer, oos_precision, oos_recall;
    double one_tap; /* of the questions in scope: answered right, or the right entry among the buttons */
    double handed;  /* of all: handed to staff at once */
    double mean_us;
    long p50_us, p99_us;
    double worst_style_top1; /* of styles with ten questions or more */
};

/* Reads `question<TAB>id or NONE<TAB>style`, appends one line per style and the summary to `out`. */
enum loa_status faq_eval(struct faq *f, const char *path, struct errors *err, struct faq_figures *figures,
                         struct buf *out);
/* Fits gate and thresholds to a labelled file, tells the k-fold cross-validated figures, writes DIR/gate.ini.
 */
enum loa_status faq_fit(struct faq *f, const char *path, const char *dir, struct errors *err,
                        struct buf *out);

#endif
