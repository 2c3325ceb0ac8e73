#include "loa/mem.h"
#include "loa/policy_data.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const lane_words[LANE_COUNT] = { "urgent", "normal", "bulk" };

const char *lane_word(enum lane l)
{
    assert(l < LANE_COUNT);
    return lane_words[l];
}

int lane_from_word(const char *w)
{
    for (int l = 0; l < LANE_COUNT; l++)
        if (strcmp(lane_words[l], w) == 0)
            return l;
    return -1;
}

enum loa_status policy_load(const char *dir, struct errors *err, struct policy **out)
{
    struct policy *p = mem_alloc(sizeof *p);

    bool ok = policy_load_topics(dir, err, p);
    ok = policy_load_statuses(dir, err, p) && ok;
    ok = policy_load_plans(dir, err, p) && ok;
    ok = policy_load_limits(dir, err, p) && ok;
    ok = policy_load_places(dir, err, p) && ok;
    ok = calendar_load(dir, err, &p->calendar) == LOA_OK && ok;
    if (!ok) {
        policy_free(p);
        return LOA_INVALID;
    }
    *out = p;
    return LOA_OK;
}

static void entry_clear(struct status_entry *e)
{
    free(e->name_vi);
    free(e->group);
    free(e->kind);
    free(e->next_vi);
    free(e->topic);
}

void policy_free(struct policy *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < STATUS_CODES_MAX; i++)
        entry_clear(&p->status[i]);
    for (unsigned i = 0; i < p->kind_rules; i++)
        entry_clear(&p->kind_rule[i]);
    for (unsigned i = 0; i < p->topics; i++) {
        free(p->topic[i].word);
        free(p->topic[i].name_vi);
    }
    for (unsigned i = 0; i < p->plans; i++)
        free(p->plan[i].kind);
    policy_free_places(p);
    calendar_free(p->calendar);
    free(p);
}

const struct calendar *policy_calendar(const struct policy *p)
{
    return p->calendar;
}

/* ---- topics ---- */

const struct topic *policy_topic(const struct policy *p, const char *word)
{
    for (unsigned i = 0; i < p->topics; i++)
        if (strcmp(p->topic[i].word, word) == 0)
            return &p->topic[i].topic;
    return NULL;
}

const struct topic *policy_topic_at(const struct policy *p, unsigned i)
{
    return i < p->topics ? &p->topic[i].topic : NULL;
}

/* ---- statuses and kinds ---- */

const struct status_rule *policy_status(const struct policy *p, int code)
{
    if (code < 0 || code >= STATUS_CODES_MAX || !p->status[code].present)
        return NULL;
    return &p->status[code].rule;
}

const struct status_rule *policy_kind_rule(const struct policy *p, const char *kind)
{
    for (unsigned i = 0; i < p->kind_rules; i++)
        if (strcmp(p->kind_rule[i].rule.kind, kind) == 0)
            return &p->kind_rule[i].rule;
    for (int i = 0; i < STATUS_CODES_MAX; i++) {
        const struct status_rule *r = policy_status(p, i);
        if (r != NULL && r->kind != NULL && strcmp(r->kind, kind) == 0)
            return r;
    }
    return NULL;
}

const struct status_rule *policy_rule_at(const struct policy *p, unsigned i)
{
    if (i < STATUS_CODES_MAX)
        return &p->status[i].rule;
    i -= STATUS_CODES_MAX;
    return i < p->kind_rules ? &p->kind_rule[i].rule : NULL;
}

bool policy_kind_known(const struct policy *p, const char *kind)
{
    return policy_kind_rule(p, kind) != NULL;
}

static const struct kind_plan *find_plan(const struct policy *p, const char *kind)
{
    for (unsigned i = 0; i < p->plans; i++)
        if (strcmp(p->plan[i].kind, kind) == 0)
            return &p->plan[i];
    return NULL;
}

struct plan policy_plan(const struct policy *p, const char *kind)
{
    const struct kind_plan *k = find_plan(p, kind);

    if (k == NULL)
        k = find_plan(p, "");
    assert(k != NULL); /* policy_load() refuses a file without [default] */
    return (struct plan){ .step = k->step, .count = k->count };
}

/* ---- limits ---- */

const struct limits *policy_limits(const struct policy *p)
{
    return &p->limits;
}

void policy_ignore_quiet_hours(struct policy *p)
{
    p->ignore_quiet = true;
}

static bool is_quiet(struct quiet_hours q, int minute)
{
    return q.from <= q.to ? minute >= q.from && minute < q.to : minute >= q.from || minute < q.to;
}

/* The end of the quiet hours `now` lies in; `now` when it lies in none. */
static int64_t quiet_end(struct quiet_hours q, int64_t now_ms)
{
    struct local_time t = local_from_ms(now_ms);
    int minute = t.hour * 60 + t.minute;

    if (q.from == q.to || !is_quiet(q, minute))
        return now_ms;
    int64_t midnight = local_to_ms(t.year, t.month, t.day, 0, 0, 0);
    int64_t end = midnight + (int64_t)q.to * 60000;
    return end > now_ms ? end : end + CALENDAR_DAY_MS;
}

int64_t policy_not_before(const struct policy *p, enum way way, enum lane lane, bool action, int64_t now_ms)
{
    bool exempt = (lane == LANE_URGENT && p->urgent_at_night) || (action && p->action_at_night);

    if (p->ignore_quiet || exempt)
        return now_ms;
    int64_t at = quiet_end(p->quiet[way], now_ms);
    if (lane == LANE_BULK && way != WAY_PORTAL) {
        int64_t bulk_at = quiet_end(p->quiet_bulk, now_ms);
        at = bulk_at > at ? bulk_at : at;
    }
    return at;
}
