/*
 * The words and buttons that lead through the chat: the beginning, the menu, asking for a person. Also what a
 * flood of messages and a button that is no more are answered with.
 */
#include "chat_inside.h"
#include "loa/clock.h"
#include <stdio.h>
#include <string.h>

static bool says(const struct turn *t, const char *const *phrases)
{
    for (; *phrases != NULL; phrases++)
        if (strcmp(turn_folded(t), *phrases) == 0)
            return true;
    return false;
}

static const char *const menu_words[] = {
    "menu",    "giup",  "giup toi", "giup do", "help", "tro giup",          "huong dan",
    "bat dau", "start", "quay lai", "tro lai", "?",    "huong dan su dung", "giup minh",
    "giup em", NULL
};
static const char *const person_words[] = { "gap can bo",
                                            "gap nguoi",
                                            "gap nhan vien",
                                            "noi chuyen voi can bo",
                                            "gap nguoi that",
                                            "can bo",
                                            "nhan vien",
                                            "cho gap can bo",
                                            "cho toi gap can bo",
                                            "toi muon gap can bo",
                                            "muon gap can bo",
                                            "gap can bo truc",
                                            "gap tu van vien",
                                            "tu van vien",
                                            "noi chuyen voi nguoi that",
                                            "goi can bo",
                                            NULL };

static enum claim greet(struct turn *t)
{
    const struct service *s = turn_service(t);
    int64_t now = clock_wall_ms(), opens = calendar_next_opening(policy_calendar(s->policy), NULL, now);
    char digits[24];
    struct params p;
    params_init(&p);
    snprintf(digits, sizeof digits, "%lld", (long long)opens);
    params_set(&p, opens <= now ? "open" : "opens", digits);
    params_set(&p, "hotline", config_str(s->config, "loa", "hotline"));
    turn_say(t, "greeting", &p);
    params_clear(&p);
    return CLAIM_DONE;
}

static enum claim say(struct turn *t, const char *id)
{
    turn_say(t, id, NULL);
    return CLAIM_DONE;
}

/* "Chào" as the very first word: the whole greeting, with what can be done here. */
static bool is_first_hello(struct turn *t)
{
    if (turn_seq(t) != 1 || turn_kind(t) != CHAT_TEXT)
        return false;
    const struct faq_answer *a = turn_faq(t);
    return a->tier == FAQ_SMALLTALK && strcmp(a->department, "greeting") == 0;
}

static enum claim tick(struct turn *t)
{
    if (strcmp(turn_text(t), "flood") == 0 && strcmp(turn_mode(t), "talk") != 0)
        return say(t, "too_fast");
    return CLAIM_PASS;
}

static enum claim look(struct turn *t)
{
    switch (turn_kind(t)) {
    case CHAT_FOLLOW:
        return greet(t);
    case CHAT_TICK:
        return tick(t);
    case CHAT_TEXT:
    case CHAT_TAP:
        break;
    default:
        return CLAIM_PASS;
    }
    if (turn_payload(t, "bat-dau") != NULL || is_first_hello(t))
        return greet(t);
    if (turn_payload(t, "menu") != NULL || says(t, menu_words))
        return say(t, "menu");
    if (turn_payload(t, "gap-can-bo") != NULL || says(t, person_words))
        return turn_hand_over(t, "asked", NULL);
    if (turn_payload(t, "hoi") != NULL)
        return say(t, "ask_away");
    return CLAIM_PASS;
}

const struct intent intent_command = { "command", look, NULL };
