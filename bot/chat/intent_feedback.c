/*
 * Feedback in the chat: where, what, "is this right?", a number. What was already said is not asked again.
 * Also tells how a case stands when somebody sends its number, and what became of it when time brings news
 * (feedback.h). Whoever has a number learns the state of the case; the answer itself stays in the
 * conversation that asked.
 */
#include "chat_inside.h"
#include "loa/case_number.h"
#include "loa/clock.h"
#include "loa/dialog.h"
#include "loa/feedback.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS         (30LL * 60 * 1000) /* for the answer to a step */
#define STORY_MAX_BYTES 2400               /* of the dialog's memory; some 1700 letters of Vietnamese */
#define ABOUT_MAX_BYTES 240
#define NEWS_WORTH_MS   (5LL * 24 * 3600 * 1000)
#define SHOWN_LETTERS   400
#define REPORT_WORD     "phan-anh"
#define QUESTION_WORD   "gui-cau-hoi"

/* ---- what is remembered between the steps ---- */

static const char *remembered(struct turn *t, const char *name)
{
    return json_str_or(turn_memory(t, &intent_feedback), name, "");
}

static void remember(struct turn *t, const char *name, const char *value)
{
    cJSON *m = turn_memory(t, &intent_feedback);
    cJSON_DeleteItemFromObjectCaseSensitive(m, name);
    if (value[0] != '\0')
        cJSON_AddStringToObject(m, name, value);
}

static bool is_question(struct turn *t)
{
    return strcmp(remembered(t, "k"), "question") == 0;
}

/* Cuts at a letter; true when something was cut. */
static bool cut_bytes(const char *s, size_t max, struct buf *out)
{
    size_t n = strlen(s);
    bool cut = n > max;
    if (cut)
        for (n = max; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
            n--;
    buf_add(out, s, n);
    return cut;
}

/* The story so far and what was just said. */
static void add_story(struct turn *t, const char *more)
{
    struct buf all = BUF_INIT(2 * CHAT_TEXT_MAX_BYTES + STORY_MAX_BYTES),
               kept = BUF_INIT(STORY_MAX_BYTES + 1);
    const char *before = remembered(t, "t");
    buf_str(&all, before);
    buf_str(&all, before[0] != '\0' ? "\n" : "");
    buf_str(&all, more);
    bool cut = cut_bytes(buf_cstr(&all), STORY_MAX_BYTES, &kept);
    remember(t, "t", buf_cstr(&kept));
    remember(t, "c", cut ? "1" : "");
    buf_clear(&all);
    buf_clear(&kept);
}

static void set_about(struct turn *t, const char *about)
{
    struct buf kept = BUF_INIT(ABOUT_MAX_BYTES + 1);
    cut_bytes(about, ABOUT_MAX_BYTES, &kept);
    remember(t, "a", buf_cstr(&kept));
    buf_clear(&kept);
}

/* ---- saying ---- */

static void set_time(struct params *p, const char *name, int64_t ms)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)ms);
    params_set(p, name, digits);
}

static void set_unit(struct params *p, const struct service *s, const char *unit)
{
    const struct unit_info *u = unit[0] != '\0' ? policy_unit(s->policy, unit, clock_wall_ms()) : NULL;
    params_set(p, "unit", u != NULL ? u->name : NULL);
}

static void say(struct turn *t, const char *id, const char *name, const char *value)
{
    struct params p;
    params_init(&p);
    if (name != NULL)
        params_set(&p, name, value);
    turn_say(t, id, &p);
    params_clear(&p);
}

static enum claim ask(struct turn *t, const char *id, const char *step)
{
    turn_say(t, id, NULL);
    turn_expect(t, &intent_feedback, step, WAIT_MS);
    return CLAIM_DONE;
}

/* ---- the steps ---- */

static enum claim confirm(struct turn *t)
{
    struct service *s = turn_service(t);
    const char *about = remembered(t, "a"), *story = remembered(t, "t");
    int64_t now = clock_wall_ms();
    const struct unit_info *u = feedback_unit_in(s->policy, about, now);
    struct buf shown = BUF_INIT(STORY_MAX_BYTES + 8);
    struct params p;
    if (u == NULL)
        u = feedback_unit_in(s->policy, story, now);
    if (u == NULL)
        u = policy_unit(s->policy, feedback_unit_default(s->feedback), now);
    params_init(&p);
    text_truncate(&shown, story, strlen(story), SHOWN_LETTERS);
    params_set(&p, "text", buf_cstr(&shown));
    params_set(&p, "about", about);
    params_set(&p, "unit", u != NULL ? u->name : NULL);
    params_set(&p, "question", is_question(t) ? "1" : NULL);
    params_set(&p, "cut", remembered(t, "c"));
    turn_say(t, "feedback_confirm", &p);
    turn_expect(t, &intent_feedback, "confirm", WAIT_MS);
    params_clear(&p);
    buf_clear(&shown);
    return CLAIM_DONE;
}

/* Asks for what is still missing, or whether all is right. */
static enum claim next_step(struct turn *t)
{
    bool story = remembered(t, "t")[0] != '\0', about = remembered(t, "a")[0] != '\0';
    if (is_question(t))
        return story ? confirm(t) : ask(t, "feedback_question", "what");
    if (!about && remembered(t, "n")[0] == '\0')
        return ask(t, "feedback_where", "where");
    return story ? confirm(t) : ask(t, "feedback_what", "what");
}

static enum claim begin(struct turn *t, enum feedback_start start, const char *said)
{
    struct service *s = turn_service(t);
    turn_forget(t, &intent_feedback);
    remember(t, "k", start == FEEDBACK_QUESTION ? "question" : "report");
    if (said[0] != '\0') {
        const struct unit_info *u = feedback_unit_in(s->policy, said, clock_wall_ms());
        set_about(t, u != NULL ? u->name : "");
        if (feedback_says_enough(s->feedback, turn_folded(t)))
            add_story(t, said);
    }
    return next_step(t);
}

static enum claim stop(struct turn *t)
{
    turn_forget(t, &intent_feedback);
    say(t, "feedback_stopped", NULL, NULL);
    return CLAIM_DONE;
}

/* ---- taking ---- */

static void taken(void *ctx, enum loa_status st, const struct feedback_case *c)
{
    struct turn *t = ctx;
    char number[CASE_NUMBER_SIZE];
    struct params p;
    if (st != LOA_OK) {
        turn_fail(t, st);
        return;
    }
    case_number_print(&c->number, number);
    params_init(&p);
    params_set(&p, "number", number);
    set_unit(&p, turn_service(t), c->unit);
    set_time(&p, "due", c->answer_by_ms);
    params_set(&p, "question", is_question(t) ? "1" : NULL);
    turn_say(t, "feedback_taken", &p);
    params_clear(&p);
    turn_forget(t, &intent_feedback);
    remember(t, "last", number); /* a second tap on "Gửi" */
    turn_count(t, "feedback", c->kind);
    turn_end(t);
}

static enum claim take(struct turn *t)
{
    char dedupe[64];
    snprintf(dedupe, sizeof dedupe, "%.40s-%lld", turn_cid(t), turn_seq(t));
    const struct feedback_new n = { .cid = turn_cid(t),
                                    .channel = turn_channel(t),
                                    .dedupe = dedupe,
                                    .start = is_question(t) ? FEEDBACK_QUESTION : FEEDBACK_REPORT,
                                    .about = remembered(t, "a"),
                                    .text = remembered(t, "t"),
                                    .at_ms = turn_at_ms(t) };
    enum loa_status st = feedback_take(turn_service(t), &n, taken, t);
    if (st != LOA_OK)
        turn_fail(t, st);
    return CLAIM_LATER;
}

/* ---- how a case stands, and news of it ---- */

static bool is_open(const struct feedback_case *c)
{
    return strcmp(c->state, "received") == 0 || strcmp(c->state, "working") == 0;
}

static void case_params(struct turn *t, const struct feedback_case *c, struct params *p)
{
    char number[CASE_NUMBER_SIZE];
    case_number_print(&c->number, number);
    params_init(p);
    params_set(p, "number", number);
    params_set(p, "state", words_say(turn_service(t)->words, "feedback", c->state, NULL));
    set_unit(p, turn_service(t), c->unit);
    set_time(p, "due", c->answer_by_ms);
    params_set(p, "open", is_open(c) ? "1" : NULL);
    params_set(p, "note", c->note);
    params_set(p, "answer", c->answer);
}

static void status_found(void *ctx, enum loa_status st, const struct feedback_case *c)
{
    struct turn *t = ctx;
    struct case_number n;
    struct params p;
    char number[CASE_NUMBER_SIZE] = "";
    if (st != LOA_OK && st != LOA_NOT_FOUND) {
        turn_fail(t, st);
        return;
    }
    if (st == LOA_NOT_FOUND) {
        if (case_number_find(turn_text(t), &n))
            case_number_print(&n, number);
        say(t, "feedback_unknown", "number", number);
    } else {
        bool own = strcmp(c->cid, turn_cid(t)) == 0;
        case_params(t, c, &p);
        turn_say(t, own && c->answer[0] != '\0' ? "feedback_status_answer" : "feedback_status", &p);
        params_clear(&p);
    }
    turn_end(t);
}

static void planned(void *ctx, enum loa_status st, bool made)
{
    (void)made;
    if (st == LOA_OK)
        turn_end(ctx);
    else
        turn_fail(ctx, st);
}

/* Zalo takes free words only for some time after the citizen's own: after that a template says that there is
 * news, and the news itself waits here for the number. */
static void notify(struct turn *t, const struct feedback_case *c, const char *event)
{
    static const char *const ways[] = { "zalo_uid", NULL };
    struct service *s = turn_service(t);
    struct citizen who = { .known = true };
    struct notice n;
    char salt[64];
    snprintf(who.ckey, sizeof who.ckey, "%s", turn_cid(t));
    snprintf(who.zalo, sizeof who.zalo, "%s", turn_address(t));
    notice_init(&n);
    snprintf(n.kind, sizeof n.kind, "case");
    snprintf(n.source, sizeof n.source, "feedback");
    n.action = true;
    n.at_ms = c->version;
    n.accepted_ms = clock_wall_ms();
    n.expires_ms = n.accepted_ms + NEWS_WORTH_MS;
    n.only_ways = ways;
    case_params(t, c, &n.params);
    params_set(&n.params, "case_number", params_get(&n.params, "number"));
    params_set(&n.params, "case_news", words_say(s->words, "feedback", event, NULL));
    snprintf(salt, sizeof salt, "%s|%s", c->id, event);
    notice_set_id(&n, s->store, who.ckey, salt);
    notice_plan(s->planner, &n, &who, planned, t);
    notice_clear(&n);
}

/* "feedback:<event>:<number>" */
static void news_found(void *ctx, enum loa_status st, const struct feedback_case *c)
{
    struct turn *t = ctx;
    char event[16] = "", id[40];
    struct params p;
    if (st != LOA_OK && st != LOA_NOT_FOUND) {
        turn_fail(t, st);
        return;
    }
    const char *word = turn_text(t) + strlen("feedback:");
    snprintf(event, sizeof event, "%.*s", (int)strcspn(word, ":"), word);
    bool known = strcmp(event, "forward") == 0 || strcmp(event, "answer") == 0 || strcmp(event, "close") == 0;
    if (st != LOA_OK || strcmp(c->cid, turn_cid(t)) != 0 || !known) {
        turn_end(t);
        return;
    }
    snprintf(id, sizeof id, "feedback_told_%s", event);
    case_params(t, c, &p);
    turn_say(t, id, &p);
    params_clear(&p);
    if (turn_unreached(t) != NULL && turn_address(t)[0] != '\0')
        notify(t, c, event);
    else
        turn_end(t);
}

static enum claim find(struct turn *t, const struct case_number *n, feedback_case_fn *then)
{
    enum loa_status st = feedback_find(turn_service(t), n, then, t);
    if (st != LOA_OK)
        turn_fail(t, st);
    return CLAIM_LATER;
}

/* ---- the intent ---- */

static const char *button(struct turn *t)
{
    const char *arg = turn_payload(t, REPORT_WORD);
    return arg != NULL ? arg : turn_payload(t, "feedback");
}

/* A button of a step that is over, or one typed by hand. A story that waited too long for its yes is asked
 * about once more. */
static enum claim stale_button(struct turn *t)
{
    const char *last = remembered(t, "last");
    if (remembered(t, "t")[0] != '\0')
        return confirm(t);
    if (last[0] != '\0')
        say(t, "feedback_taken_before", "number", last);
    else
        say(t, "feedback_nothing", NULL, NULL);
    return CLAIM_DONE;
}

static enum claim look(struct turn *t)
{
    struct case_number n;
    if (turn_kind(t) == CHAT_TICK)
        return strncmp(turn_text(t), "feedback:", 9) == 0 && case_number_find(turn_text(t), &n)
                   ? find(t, &n, news_found)
                   : CLAIM_PASS;
    const char *arg = button(t);
    if (arg != NULL)
        return arg[0] == '\0' ? begin(t, FEEDBACK_REPORT, "") : stale_button(t);
    if (turn_payload(t, QUESTION_WORD) != NULL)
        return begin(t, FEEDBACK_QUESTION, "");
    if (turn_kind(t) != CHAT_TEXT)
        return CLAIM_PASS;
    if (case_number_find(turn_text(t), &n))
        return find(t, &n, status_found);
    char mistyped[CASE_NUMBER_SIZE];
    if (case_number_mistyped(turn_text(t), mistyped)) {
        say(t, "feedback_unknown", "number", mistyped);
        return CLAIM_DONE;
    }
    enum feedback_start start = feedback_starts(turn_service(t)->feedback, turn_folded(t));
    return start != FEEDBACK_NONE ? begin(t, start, turn_text(t)) : CLAIM_PASS;
}

static enum claim resume_button(struct turn *t, const char *expected, const char *arg)
{
    bool confirming = strcmp(expected, "confirm") == 0;
    if (arg[0] == '\0')
        return begin(t, FEEDBACK_REPORT, "");
    if (strcmp(arg, "thoi") == 0)
        return stop(t);
    if (strcmp(arg, "bo-qua") == 0 && strcmp(expected, "where") == 0) {
        remember(t, "n", "1");
        return next_step(t);
    }
    if (strcmp(arg, "gui") == 0 && confirming)
        return take(t);
    if (strcmp(arg, "lai") == 0 && confirming) {
        remember(t, "t", "");
        return next_step(t);
    }
    return stale_button(t);
}

static enum claim resume_words(struct turn *t, const char *expected)
{
    struct service *s = turn_service(t);
    enum feedback_reply reply = feedback_reply_of(s->feedback, turn_folded(t));
    if (reply == REPLY_NO)
        return stop(t);
    if (strcmp(expected, "where") == 0) {
        bool named = reply != REPLY_SKIP;
        if (named)
            set_about(t, turn_text(t));
        else
            remember(t, "n", "1");
        if (named && remembered(t, "t")[0] == '\0' && feedback_says_enough(s->feedback, turn_folded(t)))
            add_story(t, turn_text(t)); /* where and what in one breath */
        return next_step(t);
    }
    if (strcmp(expected, "confirm") == 0) {
        if (reply == REPLY_YES)
            return take(t);
        if (reply == REPLY_AGAIN) {
            remember(t, "t", "");
            return next_step(t);
        }
    }
    add_story(t, turn_text(t));
    return confirm(t);
}

static enum claim resume(struct turn *t, const char *expected)
{
    const char *arg = button(t);
    if (arg != NULL)
        return resume_button(t, expected, arg);
    if (turn_kind(t) == CHAT_MEDIA)
        return ask(t, "feedback_media", expected);
    if (turn_kind(t) != CHAT_TEXT || turn_text(t)[0] == '#' || turn_folded(t)[0] == '\0') {
        turn_forget(t, &intent_feedback);
        return CLAIM_PASS;
    }
    return resume_words(t, expected);
}

const struct intent intent_feedback = { "feedback", look, resume };
