/*
 * policy - which status makes which message, by which ways, in which order, when: data under
 * templates/policy/.
 *
 *   statuses.ini  [0] … [10]: the national status codes, and [kind] for messages no code makes (apology …)
 *                 name_vi, group, kind (message or "none"), lane urgent|normal|bulk, action, statutory,
 *                 expires (how long the news is worth telling), next_vi (what the citizen does now),
 *                 expected = 2,3,5 (usual next codes), on_unit_change
 *   topics.ini    [topic]: name_vi; each kind of message belongs to one (topic = … in
 * statuses.ini, "dossier" when not said) plans.ini     [kind] or [default]: way = wait, one step per line in
 * order; wait is how long a receipt may take before the next step starts: 2m, 24h, 0 (acceptance is enough),
 * alongside (sent at once beside the chain, never waited for) limits.ini    tries, backoff, caps, quiet hours
 * per way, breaker portals.tsv   source system or level-1 code -> portal name, look-up link with {code},
 * hotline, days agencies.tsv  level-1 code -> name, days, successor units.tsv     id, name, short name,
 * parent, phone, codes in old and new order, gso, days, successor phone_prefixes.tsv  first digits ->
 * operator: a hint for reports calendar.tsv, hours.ini  see calendar.h
 */
#ifndef LOA_POLICY_H
#define LOA_POLICY_H

#include "loa/calendar.h"
#include "loa/channel.h"

enum lane { LANE_URGENT, LANE_NORMAL, LANE_BULK, LANE_COUNT };
const char *lane_word(enum lane l);
int lane_from_word(const char *w);

struct policy;
enum loa_status policy_load(const char *dir, struct errors *err, struct policy **out);
void policy_free(struct policy *p);

/* What a citizen can say no to, apart from channels. */
struct topic {
    const char *word, *name_vi; /* "campaign", "tin tuyên truyền" */
};
#define TOPICS_MAX 12
const struct topic *policy_topic(const struct policy *p, const char *word); /* NULL unknown */
const struct topic *policy_topic_at(const struct policy *p, unsigned i);    /* NULL after the last */

struct status_rule {
    int code;            /* 0 … 10; -1: a rule of a kind */
    const char *name_vi; /* "Được tiếp nhận" */
    const char *group;   /* for statistics: "dang_xu_ly" … */
    const char *kind;    /* template kind, NULL: no push, shown in the portal timeline only */
    enum lane lane;
    bool action;    /* the citizen must do something: ignores caps, is repeated when uncertain */
    bool statutory; /* may not be opted out of on the portal */
    int64_t expires_ms;
    const char *next_vi;       /* what the citizen does now */
    uint16_t expected;         /* bit n: a change to status n is usual */
    const struct topic *topic; /* never NULL */
    bool on_unit_change;       /* push only when the processing unit changes (status 4) */
};
const struct status_rule *policy_status(const struct policy *p, int code); /* NULL: unknown code */
/* The rule of a message kind: [kind] of statuses.ini, else the status that makes it. NULL: unknown kind. */
const struct status_rule *policy_kind_rule(const struct policy *p, const char *kind);

#define PLAN_STEPS_MAX 6
struct plan_step {
    enum way way;
    bool alongside;  /* started together with the first step, never waited for */
    int64_t wait_ms; /* for a receipt, then the next step starts; 0: acceptance is enough */
};
struct plan {
    const struct plan_step *step;
    unsigned count;
};
struct plan policy_plan(const struct policy *p, const char *kind);
/* Every rule, statuses first; NULL after the last. */
const struct status_rule *policy_rule_at(const struct policy *p, unsigned i);
bool policy_kind_known(const struct policy *p, const char *kind);

struct limits {
    unsigned tries; /* attempts per step */
    int64_t backoff_first_ms, backoff_max_ms;
    unsigned daily_cap;        /* messages per citizen and day that are not actions, over all paid ways */
    int64_t uncertain_wait_ms; /* how long to wait for a late receipt before the policy decides */
    int64_t uncertain_safe_wait_ms; /* the same where the provider knows our reference: a repeat is safe */
    bool uncertain_repeat_action;   /* action notices go again when still unknown */
    int64_t breaker_open_ms;        /* first pause of a way after an auth/balance/sender error */
    unsigned breaker_failures;      /* transient failures in a row that open it */
};
const struct limits *policy_limits(const struct policy *p);
/* Earliest moment >= now at which this way may disturb a citizen (quiet hours, Asia/Ho_Chi_Minh). */
int64_t policy_not_before(const struct policy *p, enum way way, enum lane lane, bool action, int64_t now_ms);
void policy_ignore_quiet_hours(struct policy *p); /* demos, training */

/* Portal for a dossier: by source system, else by agency code and date. Writes the look-up link. */
struct portal_info {
    const char *name, *hotline; /* never NULL, may be "" */
    char link[256];
};
void policy_portal(const struct policy *p, const char *source, const char *dossier_code, const char *level1,
                   int64_t at_ms, struct portal_info *out);
const char *policy_agency_name(const struct policy *p, const char *level1, int64_t at_ms); /* NULL unknown */
struct unit_info { /* no member is NULL; "" where there is none */
    const char *id, *name, *short_name, *parent, *phone, *successor;
};
/* By own id, national code in either order, GSO code, or name ("UBND phường …", "phường …"); of several the
 * one valid at `at_ms`, else the last one: a unit that is no more keeps its name on old dossiers. NULL when
 * unknown. */
const struct unit_info *policy_unit(const struct policy *p, const char *id, int64_t at_ms);
/* The unit that answers for it at that time: the one of policy_unit(), or, once it is no more, its successor.
 */
const struct unit_info *policy_unit_then(const struct policy *p, const char *id, int64_t at_ms);
const struct unit_info *policy_unit_at(const struct policy *p, unsigned i); /* NULL after the last */
/* The operator that first held this number's range ("Viettel"); numbers move, so it is a hint. NULL unknown.
 */
const char *policy_phone_operator(const struct policy *p, const char *e164);
const struct calendar *policy_calendar(const struct policy *p);

#endif
