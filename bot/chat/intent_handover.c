/* What nobody took: words that say nothing get a hint, buttons of old days are explained, ticks end. */
#include "chat_inside.h"
#include "loa/handover.h"
#include <string.h>

enum claim turn_hand_over(struct turn *t, const char *reason, const char *desk)
{
    handover_begin(t, reason, desk);
    return CLAIM_DONE;
}

static enum claim look(struct turn *t)
{
    switch (turn_kind(t)) {
    case CHAT_TEXT:
        turn_say(t, "not_understood", NULL); /* only signs, another script: nothing a person could answer */
        return CLAIM_DONE;
    case CHAT_TAP:
        turn_say(t, "button_gone", NULL);
        return CLAIM_DONE;
    case CHAT_RATING:
        turn_say(t, "thanks_rating", NULL);
        return CLAIM_DONE;
    default:
        return CLAIM_DONE; /* the turn ends without a word */
    }
}

const struct intent intent_handover = { "handover", look, NULL };
