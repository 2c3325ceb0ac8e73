/*
 * lookup_inside - what the files of the look-up share: one question about one dossier, from the code to the
 * answer.
 *
 * intent_lookup.c decides what is asked; lookup.c finds the dossier and who asks, slowing down those who
 * guess; lookup_proof.c compares digits; lookup_say.c answers; lookup_follow.c follows; lookup_list.c lists
 * one's own dossiers and those one follows.
 */
#ifndef LOOKUP_INSIDE_H
#define LOOKUP_INSIDE_H

#include "loa/dialog.h"
#include "loa/dossier_read.h"
#include "loa/proof.h"
#include "loa/service.h"
#include "loa/tries.h"

#define LOOKUP_ANSWER_MS (15LL * 60 * 1000) /* how long we wait for digits, a code, a shared number */
#define LOOKUP_OWN_MS    (30LL * 60 * 1000) /* how long right digits open their dossier */

enum look_aim {
    LOOK_SHOW,   /* how far is it? */
    LOOK_PROVE,  /* "I am the owner" */
    LOOK_DIGITS, /* here are the digits */
    LOOK_FOLLOW,
};

struct look {
    struct turn *turn;
    enum look_aim aim;
    char code[DOSSIER_CODE_MAX], digits[PROOF_DIGITS + 1];
    char asker[CRYPTO_KEY_HEX]; /* proven citizen, "" nobody */
    struct dossier_known known;
    bool owner;
};

/* Ends the turn, now or later. */
enum claim look_begin(struct turn *t, enum look_aim aim, const char *code, const char *digits);
void look_end(struct look *l);
void look_fail(struct look *l, enum loa_status st);

/* Who writes: by a portal session, a shared number in this conversation, or the number this Zalo account has
 * shared before. "" nobody we know. */
typedef void asker_fn(void *ctx, enum loa_status st, const char *ckey);
enum loa_status look_asker(struct turn *t, asker_fn *done, void *ctx);
/* Is `ckey` one of the identities the dossier names, directly or as somebody's second identity? */
typedef void owner_fn(void *ctx, enum loa_status st, bool owner);
enum loa_status look_owner(struct store *s, const char *ckey, const struct dossier_event *e, owner_fn *done,
                           void *ctx);

void look_count(struct turn *t, const char *result); /* in the ledger and as a metric */

/* ---- guesses ---- */
struct tries look_tries(const struct turn *t, const char *scope, const char *setting, char id[80]);
void look_guessed(struct turn *t,
                  const char *what); /* counted over all conversations; staff may be alerted */
void look_compare(struct look *l);   /* the digits: the end of LOOK_DIGITS */
void look_remember_own(struct turn *t, const char *code);
bool look_remembers_own(struct turn *t, const char *code);

/* ---- answers ---- */
void look_say_progress(struct look *l);
void look_say_full(struct look *l);
void look_say_prove(struct look *l, const char *text);
void look_say_code(struct turn *t, const char *text, const char *code);
void look_say_until(struct look *l, const char *text, int64_t until_ms);
void look_say_news(struct turn *t, const char *code, int status, int64_t at_ms);
bool look_is_followed(const struct look *l);

void look_follow(struct look *l);
enum claim look_unfollow(struct turn *t, const char *code);
enum claim look_mine(struct turn *t);
enum claim look_following(struct turn *t);

#endif
