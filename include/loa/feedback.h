/*
 * feedback - cases: what citizens report, propose or ask in writing, until it is answered.
 *
 * A case has a number from its first moment (case_number.h) and belongs to the conversation it came from: the
 * record lies in that conversation's partition, and what becomes of it is told there, by a CHAT_TICK with the
 * text "feedback:<event>:<number>" that intent_feedback answers. No name is asked or kept; the story is
 * sealed. Records and the table of states: bot/store/_feedback.lua.
 *
 * The owner of a partition looks at its cases once a second: it tells senders what is new and warns people
 * before a limit and at it. Both are repeated after a crash, and harmless then.
 */
#ifndef LOA_FEEDBACK_H
#define LOA_FEEDBACK_H

#include "loa/case_number.h"
#include "loa/feedback_rules.h"
#include "loa/service.h"

#define FEEDBACK_TEXT_MAX 4096 /* bytes of a story, an answer */

struct feedback_case { /* lives inside the completion */
    struct case_number number;
    char id[CASE_ID_SIZE], state[12], unit[64], desk[40], kind[32], channel[8], cid[CRYPTO_KEY_HEX];
    char dedupe[64];  /* what its sealed texts are bound to */
    char officer[40]; /* who acted last */
    int64_t at_ms, forward_by_ms, answer_by_ms;
    long long version;
    const char *about, *text, *note, *answer; /* "" where there is none, or where it was not asked for */
};
typedef void feedback_case_fn(void *ctx, enum loa_status st, const struct feedback_case *c);

struct feedback_new {
    const char *cid, *channel, *dedupe; /* the same input always has the same */
    enum feedback_start start;
    const char *about, *text;
    int64_t at_ms;
};
/* Chooses kind, unit and limits by the rules. `done` gets number, unit, kind and limits. */
enum loa_status feedback_take(struct service *s, const struct feedback_new *n, feedback_case_fn *done,
                              void *ctx);

/* LOA_NOT_FOUND: no case of this number. */
enum loa_status feedback_find(struct service *s, const struct case_number *n, feedback_case_fn *done,
                              void *ctx);

struct feedback_action {
    const char *event; /* take, forward, answer, close */
    const char *who;   /* login */
    const char *unit;  /* forward: to this unit (id of units.tsv); "" otherwise */
    const char *text;  /* forward: note to the sender; answer: the answer; may be "" */
};
/* `c` as feedback_find() gave it. `again`: it had been done before. LOA_CONFLICT: the state does not allow
 * it; `state` says which it is. */
typedef void feedback_acted_fn(void *ctx, enum loa_status st, const char *state, bool again);
enum loa_status feedback_act(struct service *s, const struct feedback_case *c,
                             const struct feedback_action *a, feedback_acted_fn *done, void *ctx);

/* The owner's clock. */
struct feedback_clock;
struct feedback_clock *feedback_clock_new(struct service *s);
void feedback_clock_start(struct feedback_clock *c);
void feedback_clock_free(struct feedback_clock *c);

void api_feedback(struct service *s);        /* bot/api/feedback_api.c: the desk */
void api_feedback_report(struct service *s); /* bot/api/feedback_report.c */

#endif
