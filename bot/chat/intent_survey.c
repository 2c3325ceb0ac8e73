/*
 * An invitation answered in the chat (survey.h): #rate:TOKEN shows five choices, #rate:TOKEN:n counts one of
 * them, then there is room for one comment. A token typed by hand is checked like any other.
 */
#include "chat_inside.h"
#include "loa/dialog.h"
#include "loa/faq.h"
#include "loa/feedback_rules.h"
#include "loa/survey.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS (30LL * 60 * 1000)

static void remember(struct turn *t, const char *token, unsigned score)
{
    cJSON *m = turn_memory(t, &intent_survey);
    cJSON_DeleteItemFromObjectCaseSensitive(m, "t");
    cJSON_DeleteItemFromObjectCaseSensitive(m, "s");
    cJSON_AddStringToObject(m, "t", token);
    cJSON_AddNumberToObject(m, "s", score);
}

static const char *text_of(enum survey_state state)
{
    switch (state) {
    case SURVEY_USED:
        return "survey_used";
    case SURVEY_EXPIRED:
        return "survey_expired";
    default:
        return "survey_unknown";
    }
}

/* ---- the five choices ---- */

static void show_choices(struct turn *t, const char *token)
{
    const struct survey_rules *r = turn_service(t)->survey;
    turn_say(t, "survey_ask", NULL);
    for (unsigned i = SURVEY_STEPS; i >= 1; i--) {
        char payload[80];
        snprintf(payload, sizeof payload, "#rate:%s:%u", token, i);
        turn_button(t, r->step[i], payload);
    }
    remember(t, token, 0);
    turn_expect(t, &intent_survey, "score", WAIT_MS);
}

static void looked(void *ctx, enum loa_status st, enum survey_state state, const struct survey_invitation *i)
{
    struct turn *t = ctx;
    (void)i;
    if (st != LOA_OK) {
        turn_fail(t, st);
        return;
    }
    const char *arg = turn_payload(t, "rate");
    if (state == SURVEY_OPEN)
        show_choices(t, arg);
    else
        turn_say(t, text_of(state), NULL);
    turn_end(t);
}

/* ---- an answer ---- */

/* "4", or a rating from a form of the platform. 0: neither. */
static unsigned score_in(const struct turn *t)
{
    const char *s = turn_text(t);
    bool alone = s[0] >= '1' && s[0] <= '0' + SURVEY_STEPS && s[1] == '\0';
    return alone && (turn_kind(t) == CHAT_TEXT || turn_kind(t) == CHAT_RATING) ? (unsigned)(s[0] - '0') : 0;
}

static void counted(void *ctx, enum loa_status st, enum survey_state state)
{
    struct turn *t = ctx;
    if (st != LOA_OK) {
        turn_fail(t, st);
        return;
    }
    if (state == SURVEY_OPEN) {
        turn_say(t, "survey_comment", NULL);
        turn_expect(t, &intent_survey, "comment", WAIT_MS);
        turn_count(t, "survey", "score");
    } else {
        turn_say(t, text_of(state), NULL);
        turn_forget(t, &intent_survey);
    }
    turn_end(t);
}

static void commented(void *ctx, enum loa_status st, enum survey_state state)
{
    struct turn *t = ctx;
    (void)state; /* what came too late is thanked for too */
    if (st != LOA_OK) {
        turn_fail(t, st);
        return;
    }
    turn_say(t, "survey_thanks", NULL);
    turn_forget(t, &intent_survey);
    turn_end(t);
}

static enum claim give(struct turn *t, const char *token, const struct survey_answer *a,
                       survey_given_fn *then)
{
    char nid[NOTICE_ID_SIZE];
    struct service *s = turn_service(t);
    enum loa_status st = survey_token_read(s->crypto, token, nid);
    if (st == LOA_OK)
        st = survey_give(s, nid, a, then, t);
    if (st == LOA_INVALID || st == LOA_NOT_FOUND) {
        turn_say(t, "survey_unknown", NULL);
        return CLAIM_DONE;
    }
    if (st != LOA_OK)
        turn_fail(t, st);
    return CLAIM_LATER;
}

static enum claim rate(struct turn *t, const char *token, unsigned score)
{
    const struct survey_answer a = { .score = score, .comment = "", .channel = SURVEY_CHANNEL_CHAT };
    remember(t, token, score);
    return give(t, token, &a, counted);
}

static void chat_rated(void *ctx, enum loa_status st, enum survey_state state)
{
    struct turn *t = ctx;
    (void)state; /* a second one of the day is thanked for too */
    if (st != LOA_OK) {
        turn_fail(t, st);
        return;
    }
    turn_say(t, "survey_thanks", NULL);
    turn_count(t, "survey", "chat");
    turn_end(t);
}

/* A rating of the conversation, given by a form of the platform. */
static enum claim rate_chat(struct turn *t)
{
    if (score_in(t) == 0)
        return CLAIM_PASS;
    enum loa_status st =
        survey_rate_chat(turn_service(t), turn_cid(t), turn_channel(t), score_in(t), chat_rated, t);
    if (st != LOA_OK)
        turn_fail(t, st);
    return CLAIM_LATER;
}

/* ---- the intent ---- */

/* A turn repeated after a crash hears that the invitation was used: it counts once. */
static enum claim look(struct turn *t)
{
    char token[SURVEY_TOKEN_MAX], nid[NOTICE_ID_SIZE];
    const char *arg = turn_payload(t, "rate");
    if (turn_kind(t) == CHAT_RATING)
        return rate_chat(t);
    if (turn_payload(t, "rate-xong") != NULL) {
        turn_say(t, "survey_thanks", NULL);
        return CLAIM_DONE;
    }
    if (arg == NULL)
        return CLAIM_PASS;
    size_t n = strcspn(arg, ":");
    snprintf(token, sizeof token, "%.*s", n < sizeof token ? (int)n : 0, arg);
    if (arg[n] == ':' && arg[n + 1] >= '1' && arg[n + 1] <= '0' + SURVEY_STEPS && arg[n + 2] == '\0')
        return rate(t, token, (unsigned)(arg[n + 1] - '0'));
    if (arg[n] != '\0' || survey_token_read(turn_service(t)->crypto, token, nid) != LOA_OK) {
        turn_say(t, "survey_unknown", NULL);
        return CLAIM_DONE;
    }
    enum loa_status st = survey_look(turn_service(t), nid, looked, t);
    if (st != LOA_OK)
        turn_fail(t, st);
    return CLAIM_LATER;
}

static enum claim resume(struct turn *t, const char *expected)
{
    const cJSON *m = turn_memory(t, &intent_survey);
    char token[SURVEY_TOKEN_MAX];
    int64_t score = 0;
    snprintf(token, sizeof token, "%s", json_str_or(m, "t", ""));
    json_int(m, "s", &score);
    if (strcmp(expected, "score") == 0)
        return score_in(t) > 0 ? rate(t, token, score_in(t)) : CLAIM_PASS;
    if (turn_kind(t) != CHAT_TEXT || turn_text(t)[0] == '#' || turn_faq(t)->tier == FAQ_ANSWER)
        return CLAIM_PASS; /* another question, not a comment */
    if (feedback_reply_of(turn_service(t)->feedback, turn_folded(t)) == REPLY_NO) {
        turn_say(t, "survey_thanks", NULL);
        turn_forget(t, &intent_survey);
        return CLAIM_DONE;
    }
    const struct survey_answer a = { .score = (unsigned)score,
                                     .comment_only = true,
                                     .comment = turn_text(t),
                                     .channel = SURVEY_CHANNEL_CHAT };
    return give(t, token, &a, commented);
}

const struct intent intent_survey = { "survey", look, resume };
