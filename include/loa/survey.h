/*
 * survey - how satisfied citizens are: one invitation per event of a dossier, one answer to each.
 *
 * The invitation stands in the notice of the event itself, as a link PUBLIC_URL/s/TOKEN and as the button
 * "#rate:TOKEN" of the chat. The token names the notification, carries a keyed MAC and nothing of the
 * citizen. That an invitation was used is one mark beside the notification (without time or content); the
 * answer lies elsewhere and knows only unit, kind of event, procedure, channel, month:
 *
 *   sv:n          hash   "month|unit|kind|procedure|channel|word" -> how many; word: i invited, 1 … 5
 *
 *   sv:c:<month>  hash   random -> "unit|kind|procedure|channel|score|" + sealed comment, masked (personal.h)
 *
 *   sv:m:<hash>   mark   somebody rated this conversation today
 *
 * Scale: 5 steps, satisfied are 4 and 5. Shares are made of counts, never of other shares; the margin is the
 * 95 % interval of Wilson ("Probable inference …", 1927), which holds for small groups too.
 */
#ifndef LOA_SURVEY_H
#define LOA_SURVEY_H

#include "loa/service.h"

#define SURVEY_STEPS        5
#define SURVEY_SATISFIED    4    /* and above */
#define SURVEY_COMMENT_MAX  1000 /* letters */
#define SURVEY_TOKEN_MAX    40
#define SURVEY_CHANNEL_LINK "link"
#define SURVEY_CHANNEL_CHAT "chat"
#define SURVEY_CHANNEL_ZBS  "zbs" /* the form of a rating template of Zalo */

/* ---- rules: templates/policy/survey.ini ---- */
struct survey_rules {
    char kinds[512]; /* ",accepted,returned," */
    int64_t life_ms;
    unsigned public_least;
    char step[SURVEY_STEPS + 1][64]; /* [1] … [5] */
};
enum loa_status survey_rules_load(const char *policy_dir, struct errors *err, struct survey_rules **out);
bool survey_invites(const struct survey_rules *r, const char *kind);

/* ---- tokens ---- */
void survey_token(const struct crypto *c, const char *nid, struct buf *out);
/* LOA_INVALID: not one of our tokens. */
enum loa_status survey_token_read(const struct crypto *c, const char *token, char nid[NOTICE_ID_SIZE]);

/* ---- inviting ---- */
/* Sets survey_link and survey_token, where the rules invite and the citizen has not said no to surveys. */
bool survey_param(struct params *p, const struct survey_rules *r, const struct crypto *c,
                  const char *public_url, const struct notice *n, const struct citizen *who);
/* One more invitation of this unit, kind and procedure; counted, not waited for. */
struct survey_counter;
struct survey_counter *survey_counter_new(struct store *s);
void survey_counter_free(struct survey_counter *c);
void survey_invited(struct survey_counter *c, const char *nid, const char *unit, const char *kind,
                    const char *procedure);

/* ---- answering ---- */
enum survey_state { SURVEY_OPEN, SURVEY_USED, SURVEY_EXPIRED, SURVEY_UNKNOWN };
struct survey_invitation {
    char unit[64], kind[40];
};
typedef void survey_look_fn(void *ctx, enum loa_status st, enum survey_state state,
                            const struct survey_invitation *i);
enum loa_status survey_look(struct service *s, const char *nid, survey_look_fn *done, void *ctx);

struct survey_answer {
    unsigned score;      /* 1 … 5 */
    bool comment_only;   /* the score was given before; `score` only stands beside the comment */
    const char *comment; /* "" none; masked before it is kept */
    const char *channel; /* SURVEY_CHANNEL_… */
};
/* SURVEY_OPEN: taken now. A comment may come once, with the score or after it. */
typedef void survey_given_fn(void *ctx, enum loa_status st, enum survey_state state);
enum loa_status survey_give(struct service *s, const char *nid, const struct survey_answer *a,
                            survey_given_fn *done, void *ctx);
/* How satisfied somebody is with the conversation itself (kind "chat"): counts once a day and conversation;
 * SURVEY_USED after that. */
enum loa_status survey_rate_chat(struct service *s, const char *cid, const char *channel, unsigned score,
                                 survey_given_fn *done, void *ctx);
/* A rating through the provider's own form (CE_FEEDBACK). `done` runs once. */
void survey_from_provider(struct service *s, const struct channel_event *e,
                          void (*done)(void *ctx, enum loa_status st), void *ctx);

/* ---- figures: pure ---- */
struct survey_counts {
    long long invited, score[SURVEY_STEPS + 1]; /* [1] … [5] */
};
struct survey_figures {
    long long n, satisfied;
    double share, low, high; /* 0 … 1; all 0 when n is 0 */
};
void survey_figures(const struct survey_counts *c, struct survey_figures *out);

void api_survey(struct service *s);        /* bot/api/survey_api.c: the page */
void api_survey_report(struct service *s); /* bot/api/survey_report.c */

#endif
