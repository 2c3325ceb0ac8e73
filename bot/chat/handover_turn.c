/* The turn's side of the hand-over: into the queue, with an honest promise. */
#include "handover_inside.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LETTERS   80
#define FIRST_MAX_BYTES 1024

/* ---- small steps ---- */

void turn_set_ms(struct turn *t, const char *field, int64_t ms)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)ms);
    turn_set(t, field, digits);
}

int64_t turn_field_ms(const struct turn *t, const char *field)
{
    return strtoll(turn_field(t, field), NULL, 10);
}

const struct desk *handover_desk(const struct turn *t)
{
    const struct desks *all = turn_service(t)->desks;
    const struct desk *d = desk_find(all, turn_field(t, "dk"));
    return d != NULL ? d : desk_for_department(all, ""); /* the file was edited meanwhile */
}

/* What the first words were: officers choose by them. Sealed like everything a citizen wrote. */
static void set_first_words(struct turn *t)
{
    char context[STORE_KEY_MAX];
    struct buf cut = BUF_INIT(FIRST_MAX_BYTES), sealed = BUF_INIT(FIRST_MAX_BYTES),
               text = BUF_INIT(2 * FIRST_MAX_BYTES);
    text_truncate(&cut, turn_text(t), strlen(turn_text(t)), FIRST_LETTERS);
    store_key(context, 0, "cv:%s", turn_cid(t));
    crypto_seal(turn_service(t)->crypto, context, buf_cstr(&cut), cut.len, &sealed);
    crypto_base64url(&text, sealed.data, sealed.len);
    if (buf_ok(&text) && turn_kind(t) == CHAT_TEXT)
        turn_set(t, "hx", buf_cstr(&text));
    buf_clear(&cut);
    buf_clear(&sealed);
    buf_clear(&text);
}

/* ---- promises in words ---- */

static void set_number(struct params *p, const char *name, unsigned n)
{
    char digits[12];
    snprintf(digits, sizeof digits, "%u", n);
    params_set(p, name, digits);
}

/* The hour, and of which day: nothing more for today. */
static void set_when(struct turn *t, struct params *p, const struct promise *promise)
{
    char word[4], time[8], day[16];
    struct local_time at = local_from_ms(promise->from_ms);
    snprintf(time, sizeof time, "%02d:%02d", at.hour % 100, at.minute % 100);
    snprintf(word, sizeof word, "%u", promise->weekday % 10);
    date_print_vi(promise->from_ms, day);
    params_set(p, "time", time);
    params_set(p, "weekday", words_say(turn_service(t)->words, "weekday", word, NULL));
    if (promise->days == 1)
        params_set(p, "tomorrow", "1");
    else if (promise->days > 1)
        params_set(p, "day", day);
}

void handover_promise_for(const struct turn *t, const struct desk *d, int64_t since_ms, struct promise *out)
{
    const struct service *s = turn_service(t);
    struct handover_load load = { board_ahead(s->board, d->id, since_ms), board_officers(s->board, d->id) };
    handover_promise(policy_calendar(s->policy), d, clock_wall_ms(), &load, out);
}

/* The words for the promise: now, when the desk opens, or when those before have been answered. */
static void say_promise(struct turn *t, const struct desk *d, const struct promise *promise)
{
    const struct service *s = turn_service(t);
    struct params p;
    params_init(&p);
    params_set(&p, "desk", d->name);
    set_number(&p, "place", promise->place);
    if (promise->place > 1)
        params_set(&p, "ahead", "1");
    else
        params_set(&p, "first", "1");
    if (promise->now) {
        set_number(&p, "minutes", promise->minutes);
        turn_say(t, "handover_now", &p);
    } else {
        set_when(t, &p, promise);
        bool open = calendar_office_open(policy_calendar(s->policy), d->unit, clock_wall_ms());
        turn_say(t, open ? "handover_busy" : "handover_later", &p);
    }
    params_clear(&p);
}

static void say_still_waiting(struct turn *t, const struct desk *d)
{
    struct promise promise;
    struct params p;
    handover_promise_for(t, d, turn_field_ms(t, "hq"), &promise);
    params_init(&p);
    params_set(&p, "desk", d->name);
    set_number(&p, "place", promise.place);
    if (!promise.now)
        set_when(t, &p, &promise);
    turn_say(t, "handover_still", &p);
    params_clear(&p);
}

/* ---- into the queue ---- */

void handover_wait(struct turn *t, const struct desk *d, int64_t since_ms)
{
    struct promise promise;
    handover_promise_for(t, d, since_ms, &promise);
    turn_set(t, "md", "wait");
    turn_set(t, "dk", d->id);
    turn_set_ms(t, "hq", since_ms);
    turn_set_ms(t, "hp", promise.due_ms);
    turn_set_ms(t, "hw", promise.due_ms);
    turn_set(t, "of", "");
    turn_set(t, "on", "");
    turn_set(t, "hs", "");
    turn_set(t, "oa", "");
}

void handover_alert(struct service *s, const char *what, const struct desk *d)
{
    char code[64];
    snprintf(code, sizeof code, "desk_%s:%s", what, d->id);
    service_alert(s, code, words_say(s->words, "desk", what, NULL));
}

void handover_watch(struct service *s, const struct desk *d)
{
    if (board_officers(s->board, d->id) == 0 &&
        calendar_office_open(policy_calendar(s->policy), d->unit, clock_wall_ms()))
        handover_alert(s, "empty", d);
    if (board_waiting(s->board, d->id) >= d->waiting_max)
        handover_alert(s, "full", d);
}

void handover_begin(struct turn *t, const char *reason, const char *desk)
{
    struct service *s = turn_service(t);
    if (strcmp(turn_mode(t), "bot") != 0 && strcmp(reason, "urgent") == 0)
        turn_set(t, "hr", reason); /* the pages of the desk sound an alarm */
    if (strcmp(turn_mode(t), "talk") == 0)
        return; /* somebody is there already */
    if (strcmp(turn_mode(t), "wait") == 0) {
        if (strcmp(reason, "urgent") != 0)
            say_still_waiting(t, handover_desk(t));
        return;
    }
    const struct desk *d = desk != NULL ? desk_find(s->desks, desk) : NULL;
    if (d == NULL)
        d = desk_for_department(s->desks, desk != NULL ? desk : "");
    int64_t now = clock_wall_ms();
    struct promise promise;
    handover_promise_for(t, d, now, &promise);
    handover_wait(t, d, now);
    turn_set(t, "hr", reason);
    turn_set(t, "he", "");
    turn_set(t, "h1", "");
    set_first_words(t);
    if (strcmp(reason, "urgent") != 0) /* the number to call is the last thing they read */
        say_promise(t, d, &promise);
    handover_watch(s, d);
    turn_count(t, "handed_over", reason);
}
