/*
 * While a person is in the conversation: the bot is silent, an officer's words go out, and what time and the
 * officers' acts bring is said to the citizen. Inputs: handover.h.
 */
#include "chat_inside.h"
#include "handover_inside.h"
#include "loa/consent_words.h"
#include "loa/clock.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool talking(const struct turn *t)
{
    return strcmp(turn_mode(t), "talk") == 0;
}

static bool holds(const struct turn *t)
{
    return talking(t) && strcmp(turn_field(t, "of"), turn_actor(t)) == 0;
}

static void count(const char *act)
{
    metric_add(M_DESK_ACTS, act, NULL, 1);
}

static void say_with(struct turn *t, const char *text, const char *name, const char *value)
{
    struct params p;
    params_init(&p);
    params_set(&p, name, value);
    turn_say(t, text, &p);
    params_clear(&p);
}

static int64_t look_at(struct turn *t, int64_t officer_ms)
{
    const struct service *s = turn_service(t);
    const struct desk *d = handover_desk(t);
    struct handover_state state = { .talking = true,
                                    .since_ms = turn_field_ms(t, "hs"),
                                    .citizen_ms = turn_field_ms(t, "la"),
                                    .officer_ms = officer_ms,
                                    .seen_ms = board_seen_ms(s->board, turn_field(t, "of")) };
    int64_t now = clock_wall_ms(), look = now;
    handover_due(policy_calendar(s->policy), d, &state, now, &look);
    return look > now ? look : now;
}

/* ---- an officer's words ---- */

/* Text that came with the id its page gave it: "<id> <text>". */
static const char *split_client(const char *s, char client[HANDOVER_CLIENT_SIZE])
{
    size_t n = strcspn(s, " ");
    snprintf(client, HANDOVER_CLIENT_SIZE, "%.*s",
             (int)(n < HANDOVER_CLIENT_SIZE ? n : HANDOVER_CLIENT_SIZE - 1), s);
    return s[n] == ' ' ? s + n + 1 : s + n;
}

static void write_line(struct turn *t, char from, const char *officer, const char *s)
{
    struct line *l = turn_line(t, from);
    if (l == NULL)
        return;
    buf_str(&l->said.text, split_client(s, l->client));
    text_copy(l->officer, sizeof l->officer, officer);
}

/* How long the citizen waited for a person, while the office was open. */
static void count_first_word(struct turn *t, int64_t now)
{
    const struct service *s = turn_service(t);
    const struct desk *d = handover_desk(t);
    int64_t ms = calendar_office_ms(policy_calendar(s->policy), d->unit, turn_field_ms(t, "hq"), now);
    char detail[32];
    snprintf(detail, sizeof detail, "%lld", (long long)ms);
    turn_set_ms(t, "h1", now);
    turn_count(t, "human_first_reply", detail);
    metric_observe(M_DESK_FIRST_WORD_SECONDS, NULL, (double)ms / 1000);
}

static enum claim officer_speaks(struct turn *t)
{
    struct service *s = turn_service(t);
    int64_t now = clock_wall_ms();
    if (!holds(t)) { /* somebody else was faster: nobody answers twice, and nothing is lost silently */
        char client[HANDOVER_CLIENT_SIZE];
        struct buf note = BUF_INIT(CHAT_BLOB_MAX);
        buf_printf(&note, "- %s (%s): %s", words_say(s->words, "desk", "not_sent", NULL), turn_actor(t),
                   split_client(turn_text(t), client));
        write_line(t, 'n', turn_actor(t), buf_cstr(&note));
        buf_clear(&note);
        return CLAIM_DONE;
    }
    write_line(t, 'o', turn_field(t, "on"), turn_text(t));
    turn_set_ms(t, "oa", now);
    if (turn_field(t, "h1")[0] == '\0')
        count_first_word(t, now);
    turn_set_ms(t, "hw", look_at(t, now));
    return CLAIM_DONE;
}

/* ---- what time brings ---- */

/* The next desk, or the people in charge; the citizen is told the first time only. */
static void escalate(struct turn *t)
{
    const struct service *s = turn_service(t);
    const struct desk *d = handover_desk(t), *next = desk_find(s->desks, d->escalate_to);
    int64_t times = turn_field_ms(t, "he");
    handover_alert(turn_service(t), next != NULL ? "late" : "unanswered", d);
    count(next != NULL ? "late" : "unanswered");
    handover_wait(t, next != NULL ? next : d, turn_field_ms(t, "hq"));
    turn_set_ms(t, "he", times + 1);
    turn_count(t, "escalated", d->id);
    if (times > 0)
        return;
    if (next != NULL)
        say_with(t, "handover_escalated", "desk", next->name);
    else
        turn_say(t, "handover_unanswered", NULL);
}

static void officer_left(struct turn *t)
{
    count("left");
    turn_count(t, "officer_left", handover_desk(t)->id);
    turn_say(t, "handover_left", NULL);
    handover_wait(t, handover_desk(t), turn_field_ms(t, "hq"));
}

static void bot_comes_back(struct turn *t, const char *text)
{
    static const char *const fields[] = { "dk", "hr", "hq", "hp", "he", "of",
                                          "on", "hs", "oa", "h1", "hx", "hw" };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        turn_set(t, fields[i], "");
    turn_set(t, "md", "bot");
    turn_say(t, text, NULL);
}

static enum claim time_has_come(struct turn *t)
{
    const struct service *s = turn_service(t);
    struct handover_state state = { .talking = talking(t),
                                    .due_ms = turn_field_ms(t, "hp"),
                                    .since_ms = turn_field_ms(t, "hs"),
                                    .citizen_ms = turn_field_ms(t, "la"),
                                    .officer_ms = turn_field_ms(t, "oa"),
                                    .seen_ms = board_seen_ms(s->board, turn_field(t, "of")) };
    int64_t now = clock_wall_ms(), look = now;
    if (strcmp(turn_mode(t), "bot") == 0)
        return CLAIM_DONE; /* handed back meanwhile */
    switch (handover_due(policy_calendar(s->policy), handover_desk(t), &state, now, &look)) {
    case HANDOVER_ESCALATE:
        escalate(t);
        break;
    case HANDOVER_LEFT:
        officer_left(t);
        break;
    case HANDOVER_BOT_BACK:
        count("silent");
        bot_comes_back(t, "handover_silence");
        break;
    case HANDOVER_NOTHING:
        turn_set_ms(t, "hw", look);
    }
    return CLAIM_DONE;
}

/* ---- what officers did ---- */

static enum claim taken(struct turn *t)
{
    if (!holds(t))
        return CLAIM_DONE; /* passed on meanwhile */
    say_with(t, "handover_taken", "officer", turn_field(t, "on"));
    turn_set_ms(t, "hw", look_at(t, 0));
    return CLAIM_DONE;
}

static enum claim moved(struct turn *t)
{
    if (talking(t))
        say_with(t, "handover_taken", "officer", turn_field(t, "on"));
    else if (strcmp(turn_mode(t), "wait") == 0)
        say_with(t, "handover_moved", "desk", handover_desk(t)->name);
    return CLAIM_DONE;
}

static enum claim back(struct turn *t)
{
    turn_say(t, "handover_back", NULL);
    return CLAIM_DONE;
}

static enum claim closed(struct turn *t)
{
    turn_say(t, "handover_closed", NULL);
    return CLAIM_DONE;
}

static enum claim tick(struct turn *t)
{
    static const struct {
        const char *word;
        enum claim (*act)(struct turn *t);
    } acts[] = { { "#due", time_has_come },
                 { "#taken", taken },
                 { "#moved", moved },
                 { "#back", back },
                 { "#closed", closed } };
    const char *text = turn_text(t);
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(acts[i].word, text) == 0)
            return acts[i].act(t);
    if (strncmp(text, "#note:", 6) != 0)
        return CLAIM_PASS;
    const struct board_person *who = board_person(turn_service(t)->board, turn_actor(t));
    write_line(t, 'n', who != NULL ? who->name : turn_actor(t), text + 6);
    return CLAIM_DONE;
}

/* ---- what the citizen writes ---- */

/* What must work whoever talks: a word about consent, a proof of who one is, following the account. */
static bool goes_on(struct turn *t)
{
    enum chat_input_kind k = turn_kind(t);
    if (k != CHAT_TEXT)
        return k !=
               CHAT_MEDIA; /* a button asks the program, and the program answers; pictures are for people */
    enum wish w = consent_parse(turn_service(t)->consent_words, turn_text(t)).wish;
    return w == WISH_STOP || w == WISH_AGAIN;
}

/* Who waits may think better of it. */
static enum claim stop_waiting(struct turn *t)
{
    count("given_up");
    turn_count(t, "handover_given_up", handover_desk(t)->id);
    bot_comes_back(t, "handover_given_up");
    return CLAIM_DONE;
}

/* The button, or its words typed. */
static bool wants_no_more(const struct turn *t)
{
    const char *said = turn_kind(t) == CHAT_TEXT ? turn_folded(t) : "";
    return turn_payload(t, "thoi-cho") != NULL || strcmp(said, "khong cho nua") == 0 ||
           strcmp(said, "thoi khong cho nua") == 0 || strcmp(said, "thoi, khong cho nua") == 0;
}

static enum claim look(struct turn *t)
{
    if (strcmp(turn_mode(t), "wait") == 0 && wants_no_more(t))
        return stop_waiting(t);
    if (turn_kind(t) == CHAT_OFFICER)
        return officer_speaks(t);
    if (turn_kind(t) == CHAT_TICK)
        return tick(t);
    return talking(t) && !goes_on(t) ? CLAIM_DONE : CLAIM_PASS;
}

const struct intent intent_talk = { "talk", look, NULL };
