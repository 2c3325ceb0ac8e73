/* What may be promised, and what time brings: rules without a store. */
#include "loa/handover.h"

#define MINUTE_MS   60000LL
#define ROUND_MS    (5 * MINUTE_MS)
#define AHEAD_MAX   10000
#define WAIT_MAX_MS (40 * 8 * 60 * MINUTE_MS) /* two months of office days: no estimate reaches further */

/* ---- promises ---- */

/* Office time until an officer is free for this citizen. */
static int64_t wait_ms(const struct desk *d, const struct handover_load *load)
{
    int64_t ahead = load->ahead < AHEAD_MAX ? load->ahead : AHEAD_MAX;
    int64_t wait = ahead * d->usual_ms / (load->officers > 0 ? load->officers : 1);
    return wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
}

/* An estimate to the minute would be a lie; when the desk opens is known exactly. */
static int64_t rounded(const struct calendar *c, const struct desk *d, int64_t at_ms, int64_t opening_ms)
{
    if (at_ms == opening_ms)
        return at_ms;
    int64_t up = (at_ms + ROUND_MS - 1) / ROUND_MS * ROUND_MS;
    return calendar_next_opening(c, d->unit, up);
}

void handover_promise(const struct calendar *c, const struct desk *d, int64_t now_ms,
                      const struct handover_load *load, struct promise *out)
{
    struct promise p = { .place = load->ahead + 1 };
    int64_t wait = wait_ms(d, load), opening = calendar_next_opening(c, d->unit, now_ms);
    int64_t closing = calendar_next_closing(c, d->unit, now_ms);
    p.due_ms = calendar_add_office_ms(c, d->unit, now_ms, wait + d->answer_within_ms);
    if (now_ms + wait < closing) {
        p.now = true;
        p.minutes = (unsigned)((wait + MINUTE_MS - 1) / MINUTE_MS);
        p.minutes = p.minutes > 0 ? p.minutes : 1;
    } else {
        /* What ends at closing time begins when the desk opens next. */
        int64_t ready = calendar_add_office_ms(c, d->unit, now_ms, wait);
        ready = calendar_next_opening(c, d->unit, ready);
        p.from_ms = rounded(c, d, ready, opening);
        struct local_time then = local_from_ms(p.from_ms);
        p.days = (int)(then.day_number - local_from_ms(now_ms).day_number);
        p.weekday = (unsigned)then.weekday;
    }
    *out = p;
}

/* ---- what time brings ---- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum handover_event due_waiting(const struct handover_state *s, int64_t now_ms, int64_t *look_ms)
{
    if (now_ms >= s->due_ms)
        return HANDOVER_ESCALATE;
    *look_ms = s->due_ms;
    return HANDOVER_NOTHING;
}

/* The citizen has had the last word: somebody owes an answer. */
static enum handover_event due_owing(const struct calendar *c, const struct desk *d,
                                     const struct handover_state *s, int64_t now_ms, int64_t *look_ms)
{
    int64_t asked = later(s->citizen_ms, s->since_ms);
    int64_t limit = calendar_add_office_ms(c, d->unit, asked, d->reply_within_ms);
    if (now_ms >= limit)
        return HANDOVER_LEFT;
    *look_ms = limit;
    return HANDOVER_NOTHING;
}

static enum handover_event due_silent(const struct desk *d, const struct handover_state *s, int64_t now_ms,
                                      int64_t *look_ms)
{
    int64_t limit = s->officer_ms + d->silence_ms;
    if (now_ms >= limit)
        return HANDOVER_BOT_BACK;
    *look_ms = limit;
    return HANDOVER_NOTHING;
}

enum handover_event handover_due(const struct calendar *c, const struct desk *d,
                                 const struct handover_state *s, int64_t now_ms, int64_t *look_ms)
{
    if (!s->talking)
        return due_waiting(s, now_ms, look_ms);
    bool owing = s->officer_ms < later(s->citizen_ms, s->since_ms);
    enum handover_event e = owing ? due_owing(c, d, s, now_ms, look_ms) : due_silent(d, s, now_ms, look_ms);
    if (e != HANDOVER_NOTHING)
        return e;
    int64_t gone = later(s->seen_ms, s->since_ms) + d->gone_ms;
    if (now_ms >= gone)
        return HANDOVER_LEFT;
    *look_ms = earlier(*look_ms, later(gone, now_ms + d->gone_ms / 2));
    return HANDOVER_NOTHING;
}
