/*
 * Questions about procedures: an approved answer, or "có phải anh/chị hỏi …?" with buttons, or a person. Says
 * where an answer stands and when it was confirmed. Buttons are #faq:<id>; whoever types one gets only what
 * is there for everybody.
 */
#include "chat_inside.h"
#include "loa/handover.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/personal.h"
#include "loa/text.h"
#include "loa/unanswered.h"
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX_BYTES 8192
#define ASKED_LETTERS    200
#define SAME_AGAIN_MS    (5 * 60 * 1000)

static const char *const not_this[] = { "khong phai",       "khong phai vay",     "ko phai",
                                        "khong dung",       "khong phai cai nay", "sai roi",
                                        "khong dung y toi", "khong phai y toi",   "y toi khac",
                                        "khong phai the",   "hoi cai khac",       NULL };

static bool means_not_this(const struct turn *t)
{
    if (turn_payload(t, "khac") != NULL)
        return true;
    for (const char *const *p = not_this; *p != NULL; p++)
        if (strcmp(turn_folded(t), *p) == 0)
            return true;
    return false;
}

/* The same answer twice in a few minutes helps nobody. */
static bool said_before(struct turn *t, const char *id)
{
    const cJSON *m = turn_memory(t, &intent_faq);
    int64_t at = 0;
    json_int(m, "at", &at);
    return strcmp(json_str_or(m, "id", ""), id) == 0 && clock_wall_ms() - at < SAME_AGAIN_MS;
}

static void remember(struct turn *t, const char *id)
{
    cJSON *m = turn_memory(t, &intent_faq);
    cJSON_DeleteItemFromObjectCaseSensitive(m, "q");
    cJSON_DeleteItemFromObjectCaseSensitive(m, "id");
    cJSON_DeleteItemFromObjectCaseSensitive(m, "at");
    cJSON_AddStringToObject(m, "id", id);
    cJSON_AddNumberToObject(m, "at", (double)clock_wall_ms());
}

static enum claim answer(struct turn *t, unsigned i)
{
    const struct faq *f = turn_service(t)->faq;
    const struct faq_entry *e = faq_entry(f, i);
    struct buf text = BUF_INIT(ANSWER_MAX_BYTES);
    struct params p;
    if (faq_expired(f, i))
        return turn_hand_over(t, "faq_expired", NULL);
    params_init(&p);
    params_set(&p, "question", e->question);
    if (turn_kind(t) == CHAT_TEXT && said_before(t, e->id)) {
        turn_say(t, "faq_again", &p);
        turn_count(t, "faq_again", e->id);
    } else {
        faq_answer_text(f, i, turn_field(t, "un"), &text);
        params_set(&p, "answer", buf_cstr(&text));
        params_set(&p, "source", e->source);
        params_set(&p, "date", e->date);
        turn_say(t, "faq_answer", &p);
        turn_count(t, "faq_answered", e->id);
    }
    remember(t, e->id);
    params_clear(&p);
    buf_clear(&text);
    return CLAIM_DONE;
}

/* What we ask back about: when it is none of what we offer, nobody could answer it. */
static void remember_asked(struct turn *t, const struct faq_answer *a)
{
    cJSON *m = turn_memory(t, &intent_faq);
    struct buf masked = BUF_INIT(2 * CHAT_TEXT_MAX_BYTES), cut = BUF_INIT(2 * CHAT_TEXT_MAX_BYTES);
    personal_mask(&masked, turn_text(t), strlen(turn_text(t)));
    text_truncate(&cut, buf_cstr(&masked), masked.len, ASKED_LETTERS);
    cJSON_DeleteItemFromObjectCaseSensitive(m, "q");
    cJSON_DeleteItemFromObjectCaseSensitive(m, "n");
    cJSON_AddStringToObject(m, "q", buf_cstr(&cut));
    cJSON_AddStringToObject(m, "n", faq_entry(turn_service(t)->faq, a->entry[0])->id);
    buf_clear(&masked);
    buf_clear(&cut);
}

static enum claim none_of_these(struct turn *t)
{
    cJSON *m = turn_memory(t, &intent_faq);
    const char *asked = json_str_or(m, "q", "");
    if (asked[0] != '\0')
        unanswered_keep(turn_service(t), turn_cid(t), turn_seq(t), asked, json_str_or(m, "n", ""));
    cJSON_DeleteItemFromObjectCaseSensitive(m, "q");
    turn_say(t, "not_this", NULL);
    return CLAIM_DONE;
}

static enum claim ask_back(struct turn *t, const struct faq_answer *a)
{
    remember_asked(t, a);
    const struct faq *f = turn_service(t)->faq;
    unsigned shown = 0;
    turn_say(t, "faq_ask", NULL);
    for (unsigned i = 0; i < a->entries && i < FAQ_BUTTONS_MAX; i++) {
        const struct faq_entry *e = faq_entry(f, a->entry[i]);
        struct buf payload = BUF_INIT(200);
        buf_printf(&payload, "#faq:%s", e->id);
        if (!faq_expired(f, a->entry[i])) {
            turn_button(t, e->question, buf_cstr(&payload));
            shown++;
        }
        buf_clear(&payload);
    }
    if (shown == 0)
        return CLAIM_PASS;
    struct chat_said none;
    chat_said_init(&none);
    if (chat_texts_render(turn_service(t)->chat_texts, "faq_none_of_these", turn_channel(t), NULL, &none) ==
            LOA_OK &&
        none.buttons > 0)
        turn_button(t, none.button[0].title, none.button[0].action);
    chat_said_clear(&none);
    turn_count(t, "faq_asked", faq_entry(f, a->entry[0])->id);
    return CLAIM_DONE;
}

/* For the list of answers worth writing (unanswered.h): also about what other offices do, when many ask. */
static void keep_unanswered(struct turn *t, const struct faq_answer *a)
{
    const char *nearest = a->entries > 0 ? faq_entry(turn_service(t)->faq, a->entry[0])->id : "";
    unanswered_keep(turn_service(t), turn_cid(t), turn_seq(t), turn_text(t), nearest);
}

/* Who has just cried for help and waits for a person is not told what this chat is for. */
static bool in_need(const struct turn *t)
{
    return strcmp(turn_mode(t), "wait") == 0 && strcmp(turn_field(t, "hr"), "urgent") == 0;
}

static enum claim pass_on(struct turn *t, const struct faq_answer *a)
{
    keep_unanswered(t, a);
    const struct desk *d = NULL;
    if (a->sentence[0] != '\0' && !in_need(t))
        turn_say_plain(t, a->sentence);
    if (a->department[0] != '\0')
        d = desk_for_department(turn_service(t)->desks, a->department);
    turn_count(t, "unanswered", a->department[0] != '\0' ? "department" : a->expired ? "expired" : "unknown");
    return turn_hand_over(t,
                          a->department[0] != '\0' ? "department"
                          : a->expired             ? "faq_expired"
                                                   : "no_answer",
                          d != NULL ? d->id : NULL);
}

static enum claim tapped(struct turn *t, const char *id)
{
    int i = faq_find(turn_service(t)->faq, id);
    if (i >= 0)
        return answer(t, (unsigned)i);
    turn_say(t, "button_gone", NULL);
    return CLAIM_DONE;
}

static enum claim small_talk(struct turn *t, const struct faq_answer *a)
{
    turn_say_plain(t, a->sentence);
    turn_count(t, "smalltalk", a->department);
    return strcmp(a->department, "insult") == 0 ? turn_hand_over(t, "insult", NULL) : CLAIM_DONE;
}

static enum claim look(struct turn *t)
{
    const char *id = turn_payload(t, "faq");
    if (id != NULL)
        return tapped(t, id);
    if (turn_kind(t) != CHAT_TEXT && turn_kind(t) != CHAT_TAP)
        return CLAIM_PASS;
    if (means_not_this(t))
        return none_of_these(t);
    if (turn_kind(t) == CHAT_TAP || turn_folded(t)[0] == '\0')
        return CLAIM_PASS;
    const struct faq_answer *a = turn_faq(t);
    switch (a->tier) {
    case FAQ_ANSWER:
        return answer(t, a->entry[0]);
    case FAQ_ASK:
        return ask_back(t, a);
    case FAQ_SMALLTALK:
        return small_talk(t, a);
    default:
        return pass_on(t, a);
    }
}

const struct intent intent_faq = { "faq", look, NULL };
