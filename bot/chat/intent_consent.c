/*
 * "HUY", "DUNG SMS", "NHAN LAI", "đừng nhắn tin quảng cáo cho tôi nữa": recorded at once in the citizen's
 * main record, confirmed at once, with what the law still sends. Where the word is not sure, it is asked for.
 */
#include "loa/clock.h"
#include "loa/consent.h"
#include "loa/consent_words.h"
#include "loa/dialog.h"
#include "loa/mem.h"
#include "loa/service.h"
#include "loa/chat_texts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS (10LL * 60 * 1000)
#define WORDS_MAX 512

struct consenting {
    struct turn *turn;
    struct consent_wish wish;
    char words[WORDS_MAX];
};

/* ---- saying what it is about ---- */

static void add(struct buf *list, const char *item)
{
    buf_printf(list, "%s%s", list->len > 0 ? ", " : "", item);
}

static const char *channel_name(const struct turn *t, unsigned ch)
{
    return words_say(turn_service(t)->words, "channel", channel_word((enum channel)ch), NULL);
}

static void short_text(const struct turn *t, const char *id, struct buf *out)
{
    struct chat_said said;
    chat_said_init(&said);
    if (chat_texts_render(turn_service(t)->chat_texts, id, turn_channel(t), NULL, &said) == LOA_OK)
        add(out, buf_cstr(&said.text));
    chat_said_clear(&said);
}

static void set_what(const struct turn *t, const struct consent_wish *w, struct params *p)
{
    struct buf what = BUF_INIT(1024), via = BUF_INIT(256);
    for (unsigned i = 0; i < w->topics; i++) {
        const struct topic *topic = policy_topic(turn_service(t)->policy, w->topic[i]);
        if (topic != NULL)
            add(&what, topic->name_vi);
    }
    for (unsigned ch = 0; ch < CH_COUNT; ch++)
        if (w->channels & 1u << ch)
            add(&via, channel_name(t, ch));
    if (w->topics == 0)
        short_text(t, w->channels != 0 || w->wish == WISH_AGAIN ? "consent_everything" : "consent_all_topics",
                   &what);
    params_set(p, "what", buf_cstr(&what));
    params_set(p, "via", buf_cstr(&via));
    buf_clear(&what);
    buf_clear(&via);
}

/* Does the record refuse this: "o_zalo", "t_survey", "t_survey_sms"? */
static bool refuses(const char *no, const char *kind, const char *a, const char *b)
{
    char entry[80];
    snprintf(entry, sizeof entry, "%s_%s%s%s=", kind, a, b[0] != '\0' ? "_" : "", b);
    for (const char *at = no; *at != '\0'; at += strcspn(at, ";"), at += *at == ';')
        if (strncmp(at, entry, strlen(entry)) == 0)
            return true;
    return false;
}

static void list_channels(const struct turn *t, const char *no, bool refused, struct buf *out)
{
    for (unsigned ch = 0; ch < CH_COUNT; ch++)
        if (refuses(no, "o", channel_word((enum channel)ch), "") == refused)
            add(out, channel_name(t, ch));
}

static void list_topics(const struct turn *t, const char *no, struct buf *out)
{
    const struct topic *topic;
    for (unsigned i = 0; (topic = policy_topic_at(turn_service(t)->policy, i)) != NULL; i++) {
        if (refuses(no, "t", topic->word, ""))
            add(out, topic->name_vi);
        for (unsigned ch = 0; ch < CH_COUNT; ch++)
            if (refuses(no, "t", topic->word, channel_word((enum channel)ch)))
                buf_printf(out, "%s%s (%s)", out->len > 0 ? ", " : "", topic->name_vi, channel_name(t, ch));
    }
}

static void confirm(struct consenting *c, const char *no)
{
    struct turn *t = c->turn;
    struct buf left = BUF_INIT(512), still = BUF_INIT(1024);
    struct params p;
    bool stop = c->wish.wish == WISH_STOP;
    params_init(&p);
    set_what(t, &c->wish, &p);
    list_channels(t, no, false, &left);
    list_channels(t, no, true, &still);
    list_topics(t, no, &still);
    if (stop)
        params_set(&p, "left", buf_cstr(&left));
    else
        params_set(&p, "still", buf_cstr(&still));
    turn_say(t, stop ? "consent_stopped" : "consent_again", &p);
    turn_count(t, "consent", stop ? "stop" : "again");
    params_clear(&p);
    buf_clear(&left);
    buf_clear(&still);
}

/* ---- doing it ---- */

static void finish(struct consenting *c, enum loa_status st)
{
    struct turn *t = c->turn;
    free(c);
    if (st == LOA_OK)
        turn_end(t);
    else
        turn_fail(t, st);
}

static void changed(void *ctx, enum loa_status st, const char *no)
{
    struct consenting *c = ctx;
    if (st == LOA_OK)
        confirm(c, no);
    finish(c, st);
}

static void main_found(void *ctx, enum loa_status st, const struct citizen *z)
{
    struct consenting *c = ctx;
    const struct service *s = turn_service(c->turn);
    const struct consent_change change = { .ckey = z->ckey,
                                           .wants = c->wish.wish == WISH_AGAIN,
                                           .words = c->words,
                                           .source = turn_channel(c->turn),
                                           .version = consent_words_version(s->consent_words) };
    if (st == LOA_OK)
        st = consent_change(s->store, &change, changed, c);
    if (st != LOA_OK)
        finish(c, st);
}

/* A Zalo account is an identity of its own; a visitor of a web page is nobody until he has logged in. */
static const char *whose(const struct turn *t)
{
    if (turn_proven(t)[0] != '\0')
        return turn_proven(t);
    return strcmp(turn_channel(t), "zalo") == 0 ? turn_cid(t) : "";
}

static enum claim apply(struct turn *t, const struct consent_wish *wish)
{
    struct service *s = turn_service(t);
    const char *key = whose(t);
    struct buf words = BUF_INIT(WORDS_MAX);
    if (key[0] == '\0') {
        turn_say(t, "consent_who", NULL);
        return CLAIM_DONE;
    }
    struct consenting *c = mem_alloc(sizeof *c);
    *c = (struct consenting){ .turn = t, .wish = *wish };
    consent_record_words(wish, s->policy, &words);
    snprintf(c->words, sizeof c->words, "%s", buf_cstr(&words));
    buf_clear(&words);
    enum loa_status st = citizen_load(s->store, key, main_found, c);
    if (st != LOA_OK)
        finish(c, st);
    return CLAIM_LATER;
}

/* ---- asking when the word is not sure ---- */

static enum claim ask(struct turn *t, struct consent_wish wish)
{
    struct params p;
    params_init(&p);
    set_what(t, &wish, &p);
    turn_say(t, "consent_ask", &p);
    params_clear(&p);
    cJSON *m = turn_memory(t, &intent_consent);
    cJSON_DeleteItemFromObjectCaseSensitive(m, "text");
    cJSON_AddStringToObject(m, "text", turn_text(t));
    turn_expect(t, &intent_consent, "sure", ANSWER_MS);
    return CLAIM_DONE;
}

static bool is_yes(const struct turn *t)
{
    static const char *const yes[] = { "dung", "dung roi", "dung vay", "phai",   "vang", "co",
                                       "u",    "uh",       "ok",       "dong y", "da",   "dung a" };
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        if (strcmp(turn_folded(t), yes[i]) == 0)
            return true;
    return turn_payload(t, "dung-nhan-tin") != NULL;
}

static enum claim resume(struct turn *t, const char *expected)
{
    char text[256];
    (void)expected;
    snprintf(text, sizeof text, "%s", json_str_or(turn_memory(t, &intent_consent), "text", ""));
    turn_forget(t, &intent_consent);
    if (is_yes(t)) {
        struct consent_wish wish = consent_parse(turn_service(t)->consent_words, text);
        wish.wish = WISH_STOP;
        return apply(t, &wish);
    }
    if (turn_payload(t, "khong") == NULL && strcmp(turn_folded(t), "khong") != 0)
        return CLAIM_PASS;
    turn_say(t, "consent_kept", NULL);
    return CLAIM_DONE;
}

static enum claim look(struct turn *t)
{
    if (turn_kind(t) != CHAT_TEXT && turn_kind(t) != CHAT_TAP)
        return CLAIM_PASS;
    if (turn_payload(t, "nhan-lai") != NULL)
        return apply(t, &(struct consent_wish){ .wish = WISH_AGAIN });
    if (turn_payload(t, "dung-nhan-tin") != NULL)
        return apply(t, &(struct consent_wish){ .wish = WISH_STOP });
    struct consent_wish wish = consent_parse(turn_service(t)->consent_words, turn_text(t));
    if (wish.wish == WISH_NONE)
        return CLAIM_PASS;
    return wish.wish == WISH_UNSURE ? ask(t, wish) : apply(t, &wish);
}

const struct intent intent_consent = { "consent", look, resume };
