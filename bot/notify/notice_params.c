#include "loa/notice_params.h"
#include "loa/param_catalog.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- one parameter ---- */

static void set_time(struct params *out, const char *name, int64_t ms)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, ms);
    params_set(out, name, ms > 0 ? digits : NULL);
}

static void set_number(struct params *out, const char *name, int64_t n)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, n);
    params_set(out, name, n > 0 ? digits : NULL);
}

static void set_flag(struct params *out, const char *name, bool on)
{
    params_set(out, name, on ? "1" : NULL);
}

/* A link from somebody else's system that is none must not cost the citizen the whole message. */
static void set_link(struct params *out, const char *name, const char *link)
{
    params_set(out, name, link != NULL && param_value_ok(PARAM_LINK, link) ? link : NULL);
}

/* Without the full stop at its end: the texts bring their own. */
static void set_sentence(struct params *out, const char *name, const char *s)
{
    char copy[sizeof((struct dossier_event *)0)->reason];

    snprintf(copy, sizeof copy, "%s", s);
    for (size_t n = strlen(copy); n > 0 && strchr(". \n", copy[n - 1]) != NULL; n--)
        copy[n - 1] = '\0';
    params_set(out, name, copy);
}

/* "a; b" -> one per line. */
static void set_lines(struct params *out, const char *name, const char *s)
{
    char lines[sizeof((struct dossier_event *)0)->fee_items];
    size_t n = 0;

    for (; *s != '\0' && n + 1 < sizeof lines; s++) {
        bool apart = s[0] == ';' && s[1] == ' ';
        lines[n++] = apart ? '\n' : *s;
        s += apart;
    }
    lines[n] = '\0';
    params_set(out, name, lines);
}

/* ---- who ---- */

/* A code nobody registered says nothing to a citizen; a name does, whether registered or not. */
static const char *unit_name(const struct policy *p, const char *said, int64_t at_ms, bool short_form)
{
    const struct unit_info *u = policy_unit(p, said, at_ms);

    if (u != NULL)
        return short_form && u->short_name[0] != '\0' ? u->short_name : u->name;
    return strchr(said, ' ') != NULL ? said : NULL;
}

/* The unit people deal with: where it was filed, else who handles it, else whom the dossier's code names. */
static void set_unit(const struct dossier_event *e, const struct policy *p, const char *portal,
                     struct params *out)
{
    const char *said[] = { e->unit_filed, e->unit_handling, e->code.agency };
    const char *agency = policy_agency_name(p, e->code.level1, e->at_ms);
    const char *name = agency != NULL ? agency : portal, *short_name = name;

    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (unit_name(p, said[i], e->at_ms, false) != NULL) {
            name = unit_name(p, said[i], e->at_ms, false);
            short_name = unit_name(p, said[i], e->at_ms, true);
            break;
        }
    params_set(out, "unit", name);
    params_set(out, "unit_short", short_name);
    if (!e->by_post)
        params_set(out, "collect_at", name);
}

static void set_units(const struct dossier_event *e, const struct policy *p, const char *portal,
                      struct params *out)
{
    const char *handling = unit_name(p, e->unit_handling, e->at_ms, false);
    const struct unit_info *filed_at = policy_unit(p, e->unit_filed, e->at_ms);
    const struct unit_info *handled_by = policy_unit(p, e->unit_handling, e->at_ms);

    set_unit(e, p, portal, out);
    if (handling != NULL && strcmp(handling, params_get(out, "unit")) != 0)
        params_set(out, "unit_handling", handling);
    if (handled_by != NULL && handled_by->phone[0] != '\0')
        params_set(out, "unit_phone", handled_by->phone);
    else if (filed_at != NULL)
        params_set(out, "unit_phone", filed_at->phone);
    params_set(out, "receiver", e->receiver);
}

static void set_people(const struct dossier_event *e, struct params *out)
{
    bool organisation = e->applicant == APPLICANT_BUSINESS || e->applicant == APPLICANT_AGENCY ||
                        e->applicant == APPLICANT_OTHER;

    params_set(out, "owner", e->owner);
    params_set(out, "recipient", e->authorised ? e->agent : e->owner);
    set_flag(out, "organisation", organisation && !e->authorised && e->owner[0] != '\0');
}

/* ---- when ---- */

static int64_t day_of(int64_t ms)
{
    return local_from_ms(ms).day_number;
}

static void set_punctuality(const struct dossier_event *e, struct params *out)
{
    int64_t done = e->finished_ms > 0 ? e->finished_ms : e->at_ms;

    if (e->due_ms == 0 || (e->status != 9 && e->status != 10))
        return;
    set_number(out, "days_early", day_of(e->due_ms) - day_of(done));
    set_flag(out, "late", day_of(done) > day_of(e->due_ms));
}

static void set_times(const struct dossier_event *e, struct params *out)
{
    set_time(out, "happened_at", e->at_ms);
    set_time(out, "received_at", e->received_ms);
    set_time(out, "due", e->due_ms);
    set_time(out, "due_new", e->due_ms);
    set_time(out, "due_old", e->due_old_ms != e->due_ms ? e->due_old_ms : 0);
    set_time(out, "deadline", e->deadline_ms);
    set_punctuality(e, out);
}

/* ---- what ---- */

static void set_content(const struct dossier_event *e, const char *kind, struct params *out)
{
    set_sentence(out, "reason", e->reason);
    if (strcmp(kind, "refused") == 0)
        set_sentence(out, "guidance", e->note);
    else if (e->status == 9 || e->status == 10)
        set_sentence(out, "note", e->note); /* at other times it is written for colleagues */
    params_set(out, "items", e->items);
    set_number(out, "fee", e->fee_vnd);
    set_lines(out, "fee_items", e->fee_items);
    set_link(out, "pay_link", e->pay_link);
    set_link(out, "result_link", e->result_link);
    params_set(out, "tracking", e->tracking);
    params_set(out, "signer", e->signer);
    set_flag(out, "online", e->intake == INTAKE_ONLINE);
    set_flag(out, "post", e->by_post);
    set_flag(out, "desk", !e->by_post && (e->flags & EVENT_HAND_OVER_SAID) != 0);
}

void notice_params(const struct dossier_event *e, const struct policy *p, const struct notice_context *c,
                   struct params *out)
{
    const struct status_rule *rule = policy_kind_rule(p, c->kind);
    struct portal_info portal;

    policy_portal(p, e->source, e->code.received, e->code.level1, e->at_ms, &portal);
    params_set(out, "code", e->code.received);
    params_set(out, "procedure", e->procedure);
    params_set(out, "portal", portal.name);
    set_link(out, "link", portal.link);
    params_set(out, "hotline", c->hotline[0] != '\0' ? c->hotline : portal.hotline);
    params_set(out, "status_name", rule != NULL ? rule->name_vi : NULL);
    params_set(out, "next", rule != NULL ? rule->next_vi : NULL);
    set_units(e, p, portal.name, out);
    set_people(e, out);
    set_times(e, out);
    set_content(e, c->kind, out);
    set_link(out, "survey_link", c->survey_link);
    set_link(out, "unsubscribe_link", c->unsubscribe_link);
}

/* ---- which text ---- */

void notice_variants(const struct dossier_event *e, const char *kind, const char **out, unsigned max)
{
    const char *all[6];
    unsigned n = 0, kept = 0;

    if (e->by_post)
        all[n++] = "post";
    else if (strcmp(kind, "ready") == 0 && e->intake == INTAKE_ONLINE && e->result_link[0] != '\0')
        all[n++] = "electronic";
    if (e->intake == INTAKE_ONLINE)
        all[n++] = "online";
    else if (e->intake == INTAKE_DESK)
        all[n++] = "desk";
    if (e->due_ms == 0)
        all[n++] = "no_due";
    for (; kept < n && kept < max; kept++)
        out[kept] = all[kept];
    out[kept] = NULL;
}

/* ---- which kind ---- */

static bool due_changed(const struct dossier_event *e, const struct dossier_event *before)
{
    return before->due_ms > 0 && e->due_ms > 0 && day_of(e->due_ms) != day_of(before->due_ms);
}

/* Has the dossier moved to a unit the citizen has not heard of? */
static bool unit_changed(const struct dossier_event *e, const struct dossier_event *before)
{
    const char *was = before->unit_handling[0] != '\0' ? before->unit_handling : before->unit_filed;
    return e->unit_handling[0] != '\0' && strcmp(e->unit_handling, was) != 0;
}

/* Is this a second request of the same status, with other content? */
static bool asks_anew(const struct dossier_event *e, const struct dossier_event *before)
{
    if (e->status == 5)
        return strcmp(e->items, before->items) != 0 || e->deadline_ms != before->deadline_ms;
    if (e->status == 6)
        return e->fee_vnd != before->fee_vnd || e->deadline_ms != before->deadline_ms;
    return false;
}

static bool is_open(int status)
{
    return status == 2 || status == 4 || status == 5 || status == 6;
}

static bool is_new_apology(const struct dossier_event *e, const struct dossier_event *before)
{
    return e->apology && is_open(e->status) &&
           (before == NULL || !before->apology || before->due_ms != e->due_ms);
}

const char *notice_kind(const struct dossier_event *e, const struct dossier_event *before,
                        const struct policy *p)
{
    const struct status_rule *rule = policy_status(p, e->status);

    if (rule == NULL)
        return NULL;
    if (is_new_apology(e, before))
        return "apology";
    if (before == NULL)
        return rule->on_unit_change ? NULL : rule->kind;
    if (before->status == 9 && e->status == 4)
        return "reopened";
    if (rule->on_unit_change && unit_changed(e, before))
        return rule->kind;
    if (before->status == e->status || rule->on_unit_change) {
        if (asks_anew(e, before))
            return rule->kind;
        return is_open(e->status) && due_changed(e, before) ? "due_changed" : NULL;
    }
    return rule->kind;
}
