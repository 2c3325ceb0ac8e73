#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/policy_data.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ini_loading {
    struct policy *p;
    struct errors *err;
    struct status_entry *entry; /* the section being read */
    struct kind_plan *plan;
    bool failed;
};

static void item_fault(struct ini_loading *l, const struct ini_item *i, const char *code, const char *vi,
                       const char *en)
{
    fault_add(l->err, i->path, i->line, code, vi, en);
    l->failed = true;
}

static void bad_value(struct ini_loading *l, const struct ini_item *i, const char *wanted)
{
    fault_at(l->err, i->path, i->line, "bad_value", "%s = %s: giá trị phải có dạng %s",
             "%s = %s: expected %s", i->key, i->value, wanted);
    l->failed = true;
}

static void unknown_key(struct ini_loading *l, const struct ini_item *i)
{
    fault_at(l->err, i->path, i->line, "unknown_key", "không có khóa \"%s\" trong [%s]",
             "unknown key \"%s\" in [%s]", i->key, i->section);
    l->failed = true;
}

static bool read_file(const char *dir, const char *name, ini_item_fn *fn, struct ini_loading *l)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return ini_read(path, l->err, fn, l) == LOA_OK && !l->failed;
}

static void set_string(char **to, const char *value)
{
    free(*to);
    *to = mem_strdup(value);
}

/* ---- topics.ini ---- */

static void topic_item(void *ctx, const struct ini_item *i)
{
    struct ini_loading *l = ctx;
    struct policy *p = l->p;
    struct topic_row *t = p->topics > 0 ? &p->topic[p->topics - 1] : NULL;

    if (i->key == NULL) {
        /* The word stands in consent records: "t_word_channel". */
        if (p->topics == TOPICS_MAX || policy_topic(p, i->section) != NULL || i->section[0] == '\0' ||
            strspn(i->section, "abcdefghijklmnopqrstuvwxyz") != strlen(i->section)) {
            item_fault(l, i, "bad_section", "mục phải là tên chủ đề, chữ thường không dấu, mỗi mục một lần",
                       "a section is the name of a topic in small letters, each once");
            return;
        }
        t = &p->topic[p->topics++];
        t->word = mem_strdup(i->section);
        t->topic = (struct topic){ .word = t->word, .name_vi = "" };
    } else if (t != NULL && strcmp(i->key, "name_vi") == 0) {
        set_string(&t->name_vi, i->value);
        t->topic.name_vi = t->name_vi;
    } else {
        unknown_key(l, i);
    }
}

bool policy_load_topics(const char *dir, struct errors *err, struct policy *p)
{
    struct ini_loading l = { .p = p, .err = err };
    return read_file(dir, "topics.ini", topic_item, &l);
}

/* ---- statuses.ini ---- */

static void begin_status(struct ini_loading *l, const struct ini_item *i)
{
    int64_t code = -1;
    bool national = ini_int(i->section, 0, STATUS_CODES_MAX - 1, &code);

    l->entry = NULL;
    if (national)
        l->entry = &l->p->status[code];
    else if (l->p->kind_rules < KIND_RULES_MAX && policy_kind_rule(l->p, i->section) == NULL &&
             strspn(i->section, "abcdefghijklmnopqrstuvwxyz_") == strlen(i->section))
        l->entry = &l->p->kind_rule[l->p->kind_rules++];
    if (l->entry == NULL || l->entry->present) {
        item_fault(l, i, "bad_section", "mục phải là mã 0 đến 10 hoặc tên loại tin, mỗi mục một lần",
                   "a section is a code 0 to 10 or the name of a kind, each once");
        l->entry = NULL;
        return;
    }
    l->entry->present = true;
    l->entry->line = i->line;
    l->entry->rule = (struct status_rule){ .code = national ? (int)code : -1, .lane = LANE_NORMAL };
    if (!national)
        set_string(&l->entry->kind, i->section);
    l->entry->rule.kind = l->entry->kind;
}

static bool read_expected(const char *list, uint16_t *out)
{
    uint16_t bits = 0;

    while (*list != '\0') {
        char *end;
        long code = strtol(list, &end, 10);
        if (end == list || code < 0 || code >= STATUS_CODES_MAX)
            return false;
        bits |= (uint16_t)(1u << code);
        list = end + strspn(end, ", ");
    }
    *out = bits;
    return true;
}

static void status_lane(struct ini_loading *l, const struct ini_item *i)
{
    int lane = lane_from_word(i->value);

    if (lane < 0)
        bad_value(l, i, "urgent, normal, bulk");
    else
        l->entry->rule.lane = (enum lane)lane;
}

static void status_flag(struct ini_loading *l, const struct ini_item *i, bool *to)
{
    if (!ini_bool(i->value, to))
        bad_value(l, i, "yes, no");
}

static void status_key(struct ini_loading *l, const struct ini_item *i)
{
    struct status_entry *e = l->entry;

    if (strcmp(i->key, "name_vi") == 0)
        set_string(&e->name_vi, i->value);
    else if (strcmp(i->key, "group") == 0)
        set_string(&e->group, i->value);
    else if (strcmp(i->key, "next_vi") == 0)
        set_string(&e->next_vi, i->value);
    else if (strcmp(i->key, "kind") == 0 && e->rule.code >= 0)
        set_string(&e->kind, i->value);
    else if (strcmp(i->key, "topic") == 0)
        set_string(&e->topic, i->value);
    else if (strcmp(i->key, "lane") == 0)
        status_lane(l, i);
    else if (strcmp(i->key, "action") == 0)
        status_flag(l, i, &e->rule.action);
    else if (strcmp(i->key, "statutory") == 0)
        status_flag(l, i, &e->rule.statutory);
    else if (strcmp(i->key, "on_unit_change") == 0)
        status_flag(l, i, &e->rule.on_unit_change);
    else if (strcmp(i->key, "expires") == 0) {
        if (!ini_duration_ms(i->value, &e->rule.expires_ms))
            bad_value(l, i, "2h, 3d");
    } else if (strcmp(i->key, "expected") == 0) {
        if (!read_expected(i->value, &e->rule.expected))
            bad_value(l, i, "2,3,5");
    } else {
        unknown_key(l, i);
    }
}

static void status_item(void *ctx, const struct ini_item *i)
{
    struct ini_loading *l = ctx;

    if (i->key == NULL)
        begin_status(l, i);
    else if (l->entry != NULL)
        status_key(l, i);
    else
        unknown_key(l, i);
}

/* Points the rule at its strings and looks whether all are there. */
static bool finish_status(const char *path, struct errors *err, const struct policy *p,
                          struct status_entry *e)
{
    struct status_rule *r = &e->rule;
    const char *topic = e->topic != NULL ? e->topic : "dossier";

    if (e->name_vi == NULL || e->kind == NULL || r->expires_ms <= 0) {
        fault_add(err, path, e->line, "incomplete", "mục này thiếu name_vi, kind hoặc expires",
                  "this section lacks name_vi, kind or expires");
        return false;
    }
    r->topic = policy_topic(p, topic);
    if (r->topic == NULL) {
        fault_at(err, path, e->line, "unknown_topic", "topics.ini không có chủ đề \"%s\"",
                 "topics.ini has no topic \"%s\"", topic);
        return false;
    }
    r->name_vi = e->name_vi;
    r->group = e->group != NULL ? e->group : "";
    r->next_vi = e->next_vi != NULL ? e->next_vi : "";
    r->kind = strcmp(e->kind, "none") != 0 ? e->kind : NULL;
    return true;
}

bool policy_load_statuses(const char *dir, struct errors *err, struct policy *p)
{
    struct ini_loading l = { .p = p, .err = err };
    char path[512];

    bool ok = read_file(dir, "statuses.ini", status_item, &l);
    snprintf(path, sizeof path, "%s/statuses.ini", dir);
    for (int i = 0; i < STATUS_CODES_MAX && ok; i++) {
        if (!p->status[i].present) {
            fault_at(err, path, 0, "incomplete", "thiếu mục [%d]", "section [%d] is missing", i);
            ok = false;
        } else {
            ok = finish_status(path, err, p, &p->status[i]) && ok;
        }
    }
    for (unsigned i = 0; i < p->kind_rules && ok; i++)
        ok = finish_status(path, err, p, &p->kind_rule[i]) && ok;
    return ok;
}

/* ---- plans.ini ---- */

static void begin_plan(struct ini_loading *l, const struct ini_item *i)
{
    const char *kind = strcmp(i->section, "default") == 0 ? "" : i->section;

    l->plan = NULL;
    if (l->p->plans == PLANS_MAX || (*kind != '\0' && !policy_kind_known(l->p, kind))) {
        item_fault(l, i, "bad_section", "mục phải là default hoặc loại tin có trong statuses.ini",
                   "a section is default or a kind that statuses.ini knows");
        return;
    }
    l->plan = &l->p->plan[l->p->plans++];
    l->plan->kind = mem_strdup(kind);
}

static void plan_item(void *ctx, const struct ini_item *i)
{
    struct ini_loading *l = ctx;

    if (i->key == NULL) {
        begin_plan(l, i);
        return;
    }
    int way = way_from_word(i->key);
    if (l->plan == NULL || way < 0 || l->plan->count == PLAN_STEPS_MAX) {
        unknown_key(l, i);
        return;
    }
    struct plan_step s = { .way = (enum way)way, .alongside = strcmp(i->value, "alongside") == 0 };
    if (!s.alongside && !ini_duration_ms(i->value, &s.wait_ms)) {
        bad_value(l, i, "15m, 24h, 0, alongside");
        return;
    }
    for (unsigned k = 0; k < l->plan->count; k++)
        if (l->plan->step[k].way == s.way)
            item_fault(l, i, "twice", "cách gửi này đã có ở trên", "this way stands above already");
    l->plan->step[l->plan->count++] = s;
}

bool policy_load_plans(const char *dir, struct errors *err, struct policy *p)
{
    struct ini_loading l = { .p = p, .err = err };
    bool has_default = false;

    if (!read_file(dir, "plans.ini", plan_item, &l))
        return false;
    for (unsigned i = 0; i < p->plans; i++)
        has_default = has_default || (*p->plan[i].kind == '\0' && p->plan[i].count != 0);
    if (!has_default) {
        char path[512];
        snprintf(path, sizeof path, "%s/plans.ini", dir);
        fault_add(err, path, 0, "incomplete", "thiếu mục [default]", "section [default] is missing");
    }
    return has_default;
}

/* ---- limits.ini ---- */

/* "07:30" -> minutes of the day; moves *s behind it. */
static bool read_clock(const char **s, int *minutes)
{
    const char *p = *s;

    if (strspn(p, "0123456789") != 2 || p[2] != ':' || strspn(p + 3, "0123456789") != 2)
        return false;
    int hour = (p[0] - '0') * 10 + p[1] - '0', minute = (p[3] - '0') * 10 + p[4] - '0';
    *minutes = hour * 60 + minute;
    *s = p + 5;
    return hour < 24 && minute < 60;
}

/* "21:00-07:00" or "none". */
static bool read_quiet(const char *s, struct quiet_hours *out)
{
    struct quiet_hours q = { 0, 0 };

    if (strcmp(s, "none") != 0 &&
        (!read_clock(&s, &q.from) || *s++ != '-' || !read_clock(&s, &q.to) || *s != '\0'))
        return false;
    *out = q;
    return true;
}

static void quiet_key(struct ini_loading *l, const struct ini_item *i)
{
    int way = way_from_word(i->key);
    struct quiet_hours *to = way >= 0                      ? &l->p->quiet[way]
                             : strcmp(i->key, "bulk") == 0 ? &l->p->quiet_bulk
                                                           : NULL;
    if (strcmp(i->key, "urgent_at_night") == 0)
        status_flag(l, i, &l->p->urgent_at_night);
    else if (strcmp(i->key, "action_at_night") == 0)
        status_flag(l, i, &l->p->action_at_night);
    else if (to == NULL)
        unknown_key(l, i);
    else if (!read_quiet(i->value, to))
        bad_value(l, i, "21:00-07:00, none");
}

static const struct {
    const char *section, *key;
    enum { AS_COUNT, AS_TIME, AS_FLAG } as;
    size_t at; /* in struct limits */
} limit_keys[] = {
    { "attempts", "tries", AS_COUNT, offsetof(struct limits, tries) },
    { "attempts", "backoff_first", AS_TIME, offsetof(struct limits, backoff_first_ms) },
    { "attempts", "backoff_max", AS_TIME, offsetof(struct limits, backoff_max_ms) },
    { "caps", "daily", AS_COUNT, offsetof(struct limits, daily_cap) },
    { "uncertain", "wait", AS_TIME, offsetof(struct limits, uncertain_wait_ms) },
    { "uncertain", "wait_same_ref", AS_TIME, offsetof(struct limits, uncertain_safe_wait_ms) },
    { "uncertain", "repeat_action", AS_FLAG, offsetof(struct limits, uncertain_repeat_action) },
    { "breaker", "open", AS_TIME, offsetof(struct limits, breaker_open_ms) },
    { "breaker", "failures", AS_COUNT, offsetof(struct limits, breaker_failures) },
};

static void set_limit(struct ini_loading *l, const struct ini_item *i, int as, void *to)
{
    int64_t n;

    if (as == AS_FLAG)
        status_flag(l, i, to);
    else if (as == AS_TIME && !ini_duration_ms(i->value, to))
        bad_value(l, i, "5s, 15m");
    else if (as == AS_COUNT && !ini_int(i->value, 1, 1000, &n))
        bad_value(l, i, "1-1000");
    else if (as == AS_COUNT)
        *(unsigned *)to = (unsigned)n;
}

static void limit_item(void *ctx, const struct ini_item *i)
{
    struct ini_loading *l = ctx;

    if (i->key == NULL)
        return;
    if (strcmp(i->section, "quiet") == 0) {
        quiet_key(l, i);
        return;
    }
    for (size_t k = 0; k < sizeof limit_keys / sizeof *limit_keys; k++)
        if (strcmp(i->section, limit_keys[k].section) == 0 && strcmp(i->key, limit_keys[k].key) == 0) {
            set_limit(l, i, (int)limit_keys[k].as, (char *)&l->p->limits + limit_keys[k].at);
            return;
        }
    unknown_key(l, i);
}

bool policy_load_limits(const char *dir, struct errors *err, struct policy *p)
{
    struct ini_loading l = { .p = p, .err = err };

    if (!read_file(dir, "limits.ini", limit_item, &l))
        return false;
    const struct limits *m = &p->limits;
    if (m->tries != 0 && m->backoff_first_ms != 0 && m->backoff_max_ms >= m->backoff_first_ms &&
        m->daily_cap != 0 && m->uncertain_wait_ms != 0 && m->uncertain_safe_wait_ms != 0 &&
        m->breaker_open_ms != 0 && m->breaker_failures != 0)
        return true;
    char path[512];
    snprintf(path, sizeof path, "%s/limits.ini", dir);
    fault_add(err, path, 0, "incomplete", "thiếu khóa, hoặc backoff_max nhỏ hơn backoff_first",
              "keys are missing, or backoff_max is less than backoff_first");
    return false;
}
