/*
 * A dossier code anywhere in the text, the buttons about dossiers, questions about one's own without a code,
 * and news for a conversation that follows one. A payload may be typed by anybody: it asks, it proves
 * nothing.
 */
#include "lookup_inside.h"
#include "loa/clock.h"
#include "loa/phone.h"
#include "loa/wish_words.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARED_MS (30LL * 86400 * 1000) /* how long a shared number speaks for the conversation */

/* ---- what is written ---- */

static bool find_code(const struct turn *t, struct dossier_code *out)
{
    const char *text = turn_text(t);
    return dossier_code_find(text, strlen(text), clock_wall_ms(), out);
}

static enum claim say_fault(struct turn *t, const char *why)
{
    struct params p;
    params_init(&p);
    params_set(&p, why, "1");
    turn_say(t, "lookup_fault", &p);
    turn_expect(t, &intent_lookup, "code", LOOKUP_ANSWER_MS);
    look_count(t, "code_fault");
    params_clear(&p);
    return CLAIM_DONE;
}

/* The wish that stands around a code, the code left out. */
static enum dossier_wish wish_around(const struct turn *t, const struct dossier_code *code)
{
    const char *text = turn_text(t), *at = strstr(text, code->received);
    struct buf rest = BUF_INIT(CHAT_TEXT_MAX_BYTES + 1);
    if (at == NULL) /* dictated: it cannot be told from the words around it */
        return DOSSIER_MINE;
    buf_add(&rest, text, (size_t)(at - text));
    buf_char(&rest, ' ');
    buf_str(&rest, at + strlen(code->received));
    enum dossier_wish wish = wish_about_dossier(turn_service(t)->wish_words, buf_cstr(&rest));
    buf_clear(&rest);
    return wish;
}

static enum claim look_text(struct turn *t)
{
    const char *text = turn_text(t);
    struct dossier_code code;
    if (find_code(t, &code)) {
        enum dossier_wish wish = wish_around(t, &code);
        if (wish == DOSSIER_UNFOLLOW)
            return look_unfollow(t, code.norm);
        return look_begin(t, wish == DOSSIER_FOLLOW ? LOOK_FOLLOW : LOOK_SHOW, code.norm, "");
    }
    const char *fault = dossier_code_fault(text, strlen(text), clock_wall_ms());
    if (fault != NULL)
        return say_fault(t, fault);
    enum dossier_wish wish = wish_about_dossier(turn_service(t)->wish_words, text);
    if (wish == DOSSIER_UNFOLLOW)
        return look_following(t);
    return wish == DOSSIER_MINE || wish == DOSSIER_FOLLOW ? look_mine(t) : CLAIM_PASS;
}

/* ---- buttons ---- */

/* The argument of a button, made a code again: who types it may type it in his own way. */
static bool button_code(const struct turn *t, const char *word, struct dossier_code *out)
{
    const char *arg = turn_payload(t, word);
    return arg != NULL && dossier_code_parse(arg, strlen(arg), clock_wall_ms(), out, NULL) == LOA_OK;
}

static enum claim look_button(struct turn *t)
{
    struct dossier_code code;
    if (button_code(t, "hs", &code))
        return look_begin(t, LOOK_SHOW, code.norm, "");
    if (button_code(t, "chu", &code))
        return look_begin(t, LOOK_PROVE, code.norm, "");
    if (button_code(t, "theo-doi", &code))
        return look_begin(t, LOOK_FOLLOW, code.norm, "");
    if (button_code(t, "thoi-theo-doi", &code))
        return look_unfollow(t, code.norm);
    return turn_payload(t, "tra-cuu") != NULL ? look_mine(t) : CLAIM_PASS;
}

/* "#news:CODE status at_ms", from the router. */
static enum claim look_tick(struct turn *t)
{
    static const char word[] = "#news:";
    const char *text = turn_text(t);
    struct dossier_code code;
    if (strncmp(text, word, sizeof word - 1) != 0)
        return CLAIM_PASS;
    const char *arg = text + sizeof word - 1;
    size_t n = strcspn(arg, " ");
    char *end;
    long status = strtol(arg + n, &end, 10);
    long long at = strtoll(end, NULL, 10);
    if (dossier_code_parse(arg, n, INT64_MAX, &code, NULL) == LOA_OK)
        look_say_news(t, code.norm, (int)status, at);
    return CLAIM_DONE;
}

static enum claim look(struct turn *t)
{
    if (turn_kind(t) == CHAT_TICK)
        return look_tick(t);
    if (turn_kind(t) != CHAT_TEXT && turn_kind(t) != CHAT_TAP)
        return CLAIM_PASS;
    return turn_text(t)[0] == '#' && strchr(turn_text(t), ' ') == NULL ? look_button(t) : look_text(t);
}

/* ---- answers to our questions ---- */

static bool take_shared_number(struct turn *t)
{
    char identity[32], ckey[CRYPTO_KEY_HEX];
    struct phone p = phone_parse(turn_text(t));
    if (turn_kind(t) != CHAT_SHARED || p.kind != PHONE_MOBILE)
        return false;
    snprintf(identity, sizeof identity, "phone:%s", p.e164);
    citizen_key(turn_service(t)->crypto, identity, ckey);
    turn_prove(t, ckey, clock_wall_ms() + SHARED_MS);
    turn_count(t, "proven", "phone");
    return true;
}

static enum claim resume_proof(struct turn *t, const char *code)
{
    char digits[PROOF_DIGITS + 1];
    struct dossier_code other;
    if (take_shared_number(t))
        return look_begin(t, LOOK_PROVE, code, "");
    if (turn_kind(t) != CHAT_TEXT || find_code(t, &other) || !proof_read_digits(turn_text(t), digits))
        return CLAIM_PASS;
    return look_begin(t, LOOK_DIGITS, code, digits);
}

static enum claim resume(struct turn *t, const char *expected)
{
    struct dossier_code code;
    if (strncmp(expected, "own:", 4) == 0)
        return resume_proof(t, expected + 4);
    if (strcmp(expected, "code") == 0 && take_shared_number(t))
        return look_mine(t);
    if (strcmp(expected, "code") == 0 && turn_kind(t) == CHAT_TEXT && find_code(t, &code))
        return look_begin(t, LOOK_SHOW, code.norm, "");
    return CLAIM_PASS;
}

const struct intent intent_lookup = { "lookup", look, resume };
