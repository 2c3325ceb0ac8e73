/* While an officer talks with the citizen, the bot is silent: the word is in the log, the officer sees it. */
#include "chat_inside.h"
#include <string.h>

static enum claim look(struct turn *t)
{
    if (turn_kind(t) == CHAT_OFFICER) {
        turn_say_plain(t, turn_text(t));
        return CLAIM_DONE;
    }
    return strcmp(turn_mode(t), "talk") == 0 && turn_kind(t) != CHAT_TICK ? CLAIM_DONE : CLAIM_PASS;
}

const struct intent intent_talk = { "talk", look, NULL };
