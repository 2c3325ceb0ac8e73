#include "loa/dialog.h"
#include "chat_inside.h"
#include "loa/log.h"
#include <assert.h>
#include <string.h>

/* Asked from the top; the first that takes the input answers it. */
static const struct intent *const intents[] = {
    &intent_urgent,   /* life and limb before everything */
    &intent_talk,     /* an officer talks: the bot is silent */
    &intent_command,  /* buttons and commands */
    &intent_platform, /* shared phone, pictures … */
    &intent_feedback, /* before dossiers: a report may name one */
    &intent_survey,   /* how satisfied */
    &intent_lookup,   /* dossiers */
    &intent_erase,    /* to be forgotten */
    &intent_consent,  /* no more messages, or again */
    &intent_faq,      /* questions */
    &intent_handover, /* what nobody took */
};
#define INTENTS       (sizeof intents / sizeof intents[0])
#define BEFORE_RESUME 2 /* what comes before the answer to a question that we asked */

static void finish(struct turn *t)
{
    assert(!t->ended);
    if (t->entry->cut && t->lines > 0 && t->line[0]->from == 'b')
        turn_say(t, "too_long", NULL);
    t->ended = true;
    turn_ended(t);
}

/* Asks the intents from t->at on. An intent that answers within its own call only leaves a word: this loop
 * goes on with it, so that nothing runs inside something that still runs. */
static enum claim ask(struct turn *t, const struct intent *i, const char *expected)
{
    t->later = t->inside = true;
    t->deferred_claim = CLAIM_LATER;
    enum claim c = expected != NULL ? i->resume(t, expected) : i->look(t);
    t->inside = false;
    if (c == CLAIM_LATER)
        c = t->deferred_claim;
    t->later = c == CLAIM_LATER;
    return c;
}

/* The answer to a question of ours. */
static enum claim resume(struct turn *t)
{
    char name[24], word[64];
    enum chat_input_kind k = turn_kind(t);
    bool an_answer =
        k == CHAT_TEXT || k == CHAT_TAP || k == CHAT_SHARED || k == CHAT_MEDIA || k == CHAT_RATING;
    if (!an_answer || !turn_take_expected(t, name, word))
        return CLAIM_PASS;
    for (unsigned i = 0; i < INTENTS; i++)
        if (strcmp(intents[i]->name, name) == 0 && intents[i]->resume != NULL)
            return ask(t, intents[i], word);
    return CLAIM_PASS;
}

static void go_on(struct turn *t)
{
    while (t->at < INTENTS) {
        enum claim c = CLAIM_PASS;
        if (t->at == BEFORE_RESUME && !t->resumed) {
            t->resumed = true;
            c = resume(t);
        } else {
            c = ask(t, intents[t->at++], NULL);
        }
        if (c == CLAIM_LATER)
            return;
        if (c == CLAIM_DONE)
            break;
    }
    finish(t);
}

void dialog_run(struct turn *t)
{
    t->at = 0;
    go_on(t);
}

void turn_end(struct turn *t)
{
    assert(t->later);
    if (t->inside) {
        t->deferred_claim = CLAIM_DONE;
        return;
    }
    t->later = false;
    finish(t);
}

void turn_pass(struct turn *t)
{
    assert(t->later);
    if (t->inside) {
        t->deferred_claim = CLAIM_PASS;
        return;
    }
    t->later = false;
    go_on(t);
}

static void fail(void *ctx)
{
    struct turn *t = ctx;
    t->ended = true;
    turn_failed(t, t->failure);
}

void turn_fail(struct turn *t, enum loa_status st)
{
    assert(t->later);
    t->failure = st;
    loop_defer(t->chat->service->loop, fail, t);
}
