/*
 * feedback_rules - how feedback is recognised, who gets it, and by when it is answered: data of
 * templates/policy/feedback.ini, which explains its form. Pure: no I/O after loading.
 */
#ifndef LOA_FEEDBACK_RULES_H
#define LOA_FEEDBACK_RULES_H

#include "loa/policy.h"

struct feedback_rules;
enum loa_status feedback_rules_load(const char *policy_dir, struct errors *err, struct feedback_rules **out);
void feedback_rules_free(struct feedback_rules *r);

enum feedback_start {
    FEEDBACK_NONE,
    FEEDBACK_REPORT,  /* phản ánh, kiến nghị */
    FEEDBACK_QUESTION /* a question that wants an answer with a number */
};
/* Do these words begin one? `folded` as in text_fold(). */
enum feedback_start feedback_starts(const struct feedback_rules *r, const char *folded);
/* Is this already a story, or only the wish to tell one? */
bool feedback_says_enough(const struct feedback_rules *r, const char *folded);

enum feedback_reply { REPLY_OTHER, REPLY_YES, REPLY_NO, REPLY_SKIP, REPLY_AGAIN };
enum feedback_reply feedback_reply_of(const struct feedback_rules *r, const char *folded);

struct feedback_kind {
    const char *id, *name_vi, *desk; /* desk: "" that of the unit */
    unsigned answer_days;
};
const struct feedback_kind *feedback_kind_of(const struct feedback_rules *r, enum feedback_start start,
                                             const char *folded);
const struct feedback_kind *feedback_kind_find(const struct feedback_rules *r,
                                               const char *id); /* or "other" */

/* The unit a text speaks of, by its name or by a dossier code in it; NULL when there is none. */
const struct unit_info *feedback_unit_in(const struct policy *p, const char *text, int64_t now_ms);
const char *feedback_unit_default(const struct feedback_rules *r);
/* Is `unit` one of "a,b", or below one of them? An empty list means all. */
bool feedback_unit_within(const struct policy *p, const char *unit, const char *list, int64_t now_ms);

/* Everything in working days from `from_ms` (calendar.h). */
struct feedback_deadlines {
    int64_t forward_warn_ms, forward_ms; /* by then it has found the right unit */
    int64_t answer_warn_ms, answer_ms;
};
void feedback_deadlines(const struct feedback_rules *r, const struct feedback_kind *k,
                        const struct calendar *c, int64_t from_ms, struct feedback_deadlines *out);

#endif
