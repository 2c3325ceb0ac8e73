/*
 * policy_data - what stands inside a struct policy; only for bot/notify/policy*.c.
 */
#ifndef LOA_POLICY_DATA_H
#define LOA_POLICY_DATA_H

#include "loa/policy.h"

#define STATUS_CODES_MAX 11 /* national codes 0 … 10 */
#define KIND_RULES_MAX   24
#define PLANS_MAX        32
#define PLACES_MAX       4000

struct status_entry {
    struct status_rule rule;
    char *name_vi, *group, *kind, *next_vi, *topic; /* owned; rule points at them */
    bool present;
    unsigned line;
};

struct topic_row {
    struct topic topic;
    char *word, *name_vi; /* owned */
};

struct kind_plan {
    char *kind; /* "" for [default] */
    struct plan_step step[PLAN_STEPS_MAX];
    unsigned count;
};

struct quiet_hours { /* minutes of the day; from == to: never quiet */
    int from, to;
};

/* A span of days in which a row holds; 0 and INT64_MAX when open. `to_ms` is the first moment behind it. */
struct validity {
    int64_t from_ms, to_ms;
};

struct portal_row {
    char *match, *name, *link, *hotline;
    struct validity valid;
};
struct agency_row {
    char *code, *name, *successor;
    struct validity valid;
};
struct unit_row {
    struct unit_info info; /* its strings are owned by `cells` */
    char *cells;           /* one block of all strings of the row */
    const char *code_old, *code_new, *gso;
    char *name_key, *short_key; /* folded, for looking up by name */
    struct validity valid;
};
struct prefix_row {
    char *prefix, *operator_name;
};

struct policy {
    struct status_entry status[STATUS_CODES_MAX], kind_rule[KIND_RULES_MAX];
    unsigned kind_rules;
    struct topic_row topic[TOPICS_MAX];
    unsigned topics;
    struct kind_plan plan[PLANS_MAX];
    unsigned plans;
    struct limits limits;
    struct quiet_hours quiet[WAY_COUNT], quiet_bulk;
    bool urgent_at_night, action_at_night, ignore_quiet;
    struct portal_row *portal;
    unsigned portals;
    struct agency_row *agency;
    unsigned agencies;
    struct unit_row *unit;
    unsigned units;
    struct prefix_row *prefix;
    unsigned prefixes;
    struct calendar *calendar;
};

/* Each reads its files and adds to `p`; false when a fault was told. */
bool policy_load_topics(const char *dir, struct errors *err, struct policy *p); /* before the statuses */
bool policy_load_statuses(const char *dir, struct errors *err, struct policy *p);
bool policy_load_plans(const char *dir, struct errors *err, struct policy *p);
bool policy_load_limits(const char *dir, struct errors *err, struct policy *p);
bool policy_load_places(const char *dir, struct errors *err, struct policy *p);
void policy_free_places(struct policy *p);
bool validity_holds(struct validity v, int64_t at_ms);

#endif
