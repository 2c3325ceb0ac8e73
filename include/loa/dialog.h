/*
 * dialog - what the bot says: one input of a conversation goes through the intents in order until one takes
 * it.
 *
 * Order: urgent words → an officer talks: silence → the answer to a question that we asked → commands and
 * buttons → shared phone, pictures … → feedback, survey → dossier code in the text → erasure, consent in
 * natural words → FAQ → hand-over. The table is in dialog.c; an intent is one file, bot/chat/intent_<name>.c.
 *
 * An intent must be repeatable: after a crash the same input comes again with the same seq. What it changes
 * in the store it does before it ends, by idempotent scripts. What it says and remembers is committed with
 * the turn.
 *
 * Texts are data: templates/chat/<area>.ini, one section per message (chat_texts.h).
 */
#ifndef LOA_DIALOG_H
#define LOA_DIALOG_H

#include "loa/chat.h"
#include "loa/json.h"
#include "loa/template.h" /* struct params */

struct service;
struct turn; /* one input being answered; lives until it ends */

enum claim {
    CLAIM_PASS,  /* not mine: the next intent looks */
    CLAIM_DONE,  /* answered */
    CLAIM_LATER, /* mine; I call turn_end() or turn_pass() later, exactly once */
};

struct intent {
    const char *name;
    enum claim (*look)(struct turn *t);
    /* The conversation waits for the answer to a question of this intent. PASS: the citizen has changed the
     * subject; what was expected is forgotten. May be NULL. */
    enum claim (*resume)(struct turn *t, const char *expected);
};
extern const struct intent intent_urgent, intent_talk, intent_command, intent_lookup, intent_consent,
    intent_erase, intent_feedback, intent_survey, intent_platform, intent_faq, intent_handover;

/* ---- what came in ---- */
enum chat_input_kind turn_kind(const struct turn *t);
const char *turn_text(const struct turn *t);   /* NFC, cleaned */
const char *turn_folded(const struct turn *t); /* lower case, no diacritics, single spaces */
/* A payload is "#word" or "#word:argument". The argument when the input is this word (tapped or typed), else
 * NULL. */
const char *turn_payload(const struct turn *t, const char *word);
const char *turn_cid(const struct turn *t);
const char *turn_channel(const struct turn *t);
const char *turn_address(const struct turn *t); /* Zalo user id, "" */
const char *turn_actor(const struct turn *t);   /* officer, "" */
const char *turn_mode(const struct turn *t);    /* bot, wait, talk */
long long turn_seq(const struct turn *t);       /* for ids that must be the same on repeat */
int64_t turn_at_ms(const struct turn *t);       /* when the citizen wrote; use clock_wall_ms() for "now" */
const char *turn_field(const struct turn *t, const char *name); /* field of cv:<cid>; "" none */
struct service *turn_service(const struct turn *t);

/* ---- what goes out ---- */
/* Text `id` of templates/chat/ with its buttons; `p` may be NULL. Unknown ids are a bug (asserted, and
 * refused by `loa check`). */
void turn_say(struct turn *t, const char *id, const struct params *p);
void turn_say_plain(struct turn *t, const char *approved_text); /* an FAQ answer, an officer's words */
/* One more button on what was said last; at most 5, longer titles are cut to the channel's limit. */
void turn_button(struct turn *t, const char *title, const char *payload);
void turn_button_url(struct turn *t, const char *title, const char *url);
void turn_ask_phone(struct turn *t); /* Zalo: request_user_info beside what was said last; web: nothing */
/* An entry of the log that only officers see. */
void turn_note(struct turn *t, const char *text);

/* ---- what is remembered ---- */
/* The next input goes to this intent's resume() first, with the word `expected`, until limit_ms from now. */
void turn_expect(struct turn *t, const struct intent *i, const char *expected, int64_t limit_ms);
/* This intent's own memory, a JSON object; change it freely. At most 4 kB for all intents together. */
cJSON *turn_memory(struct turn *t, const struct intent *i);
void turn_forget(struct turn *t, const struct intent *i);
/* The citizen has proven to be `ckey`. "" takes it back. */
void turn_prove(struct turn *t, const char *ckey, int64_t until_ms);
const char *turn_proven(const struct turn *t); /* key of the proven citizen; "" when none, or over */
/* Field of cv:<cid> written with the commit; for handover.h and its like. "" deletes. */
void turn_set(struct turn *t, const char *field, const char *value);
/* With this turn everything before it goes: the log, what was remembered, who was proven. What it says is all
 * that is left. */
void turn_erase(struct turn *t);
/* To a person: `reason` is a word (words.tsv group "handover"), `desk` may be NULL (the default one). What
 * the citizen is told comes from there. Ends the turn like CLAIM_DONE. */
enum claim turn_hand_over(struct turn *t, const char *reason, const char *desk);
/* One record in the ledger stream, without text or person's data: kind "chat", event (faq_answered,
 * faq_asked, handed_over, lookup, feedback, survey …) and a word of detail (FAQ id, reason). */
void turn_count(struct turn *t, const char *event, const char *detail);

/* ---- the end of CLAIM_LATER ---- */
void turn_end(struct turn *t);
void turn_fail(struct turn *t, enum loa_status st); /* the store was away …: the turn is tried again */
void turn_pass(struct turn *t);                     /* not mine after all: on to the next intent */

#endif
