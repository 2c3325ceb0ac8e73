#include "loa/feedback_rules.h"
#include "loa/dossier_code.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS_MAX     16
#define PHRASES_MAX   200
#define WORDS_MAX     400 /* of a text, when looking for a unit */
#define UNIT_WORDS    9   /* of a unit's name */
#define UNIT_MAX      64
#define DAYS_MAX      365
#define FOLDED_MAX    (64u << 10)
#define PROGRAM_KINDS "question", "other"

struct phrases {
    char *text[PHRASES_MAX]; /* folded, with a space at both ends */
    unsigned count;
};

struct kind {
    struct feedback_kind shown;
    char *id, *name_vi, *desk;
    struct phrases words;
};

enum list { BEGINS, ANYWHERE, UNLESS, Q_BEGINS, Q_ANYWHERE, YES, NO, SKIP, AGAIN, LIST_COUNT };

struct feedback_rules {
    struct phrases list[LIST_COUNT];
    struct kind kind[KINDS_MAX];
    unsigned kinds;
    int64_t forward_days, warn_days, enough_words;
    char *unit;
};

/* ---- phrases ---- */

static void add_phrase(struct phrases *p, const char *s, size_t n)
{
    struct buf folded = BUF_INIT(1024);
    buf_char(&folded, ' ');
    text_fold(&folded, s, n);
    buf_char(&folded, ' ');
    if (folded.len > 2 && p->count < PHRASES_MAX)
        p->text[p->count++] = buf_take(&folded);
    buf_clear(&folded);
}

static void add_phrases(struct phrases *p, const char *value)
{
    for (size_t n; *value != '\0'; value += n + (value[n] != '\0')) {
        n = strcspn(value, "|");
        add_phrase(p, value, n);
    }
}

static void clear_phrases(struct phrases *p)
{
    for (unsigned i = 0; i < p->count; i++)
        free(p->text[i]);
}

/* The folded text as words between single spaces, so that phrases match whole words. */
static void words_only(const char *folded, struct buf *out)
{
    buf_char(out, ' ');
    for (; *folded != '\0'; folded++) {
        unsigned char c = (unsigned char)*folded;
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
        if (word)
            buf_char(out, (char)c);
        else if (out->data[out->len - 1] != ' ')
            buf_char(out, ' ');
    }
    if (out->data[out->len - 1] != ' ')
        buf_char(out, ' ');
}

static bool holds(const struct phrases *p, const char *words)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strstr(words, p->text[i]) != NULL)
            return true;
    return false;
}

static bool begins(const struct phrases *p, const char *words)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strncmp(words, p->text[i], strlen(p->text[i])) == 0)
            return true;
    return false;
}

static bool is_one(const struct phrases *p, const char *words)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strcmp(words, p->text[i]) == 0)
            return true;
    return false;
}

/* ---- loading ---- */

struct loading {
    struct feedback_rules *rules;
    struct errors *err;
    bool failed;
};

static void fault(struct loading *l, const struct ini_item *item, const char *detail, const char *detail_vi)
{
    char place[512];
    snprintf(place, sizeof place, "%s:%u", item->path, item->line);
    errors_add(l->err, place, "bad_value", detail, detail_vi);
    l->failed = true;
}

static struct kind *kind_called(struct loading *l, const struct ini_item *item)
{
    struct feedback_rules *r = l->rules;
    const char *id = item->section + strlen("kind.");
    for (unsigned i = 0; i < r->kinds; i++)
        if (strcmp(r->kind[i].id, id) == 0)
            return &r->kind[i];
    if (r->kinds == KINDS_MAX) {
        fault(l, item, "too many kinds", "Quá nhiều loại phản ánh.");
        return NULL;
    }
    struct kind *k = &r->kind[r->kinds++];
    k->id = mem_strdup(id);
    return k;
}

static void kind_item(struct loading *l, const struct ini_item *item)
{
    int64_t days = 0;
    struct kind *k = kind_called(l, item);
    if (k == NULL || item->key == NULL)
        return;
    if (strcmp(item->key, "name_vi") == 0 && k->name_vi == NULL)
        k->name_vi = mem_strdup(item->value);
    else if (strcmp(item->key, "desk") == 0 && k->desk == NULL)
        k->desk = mem_strdup(item->value);
    else if (strcmp(item->key, "words") == 0)
        add_phrases(&k->words, item->value);
    else if (strcmp(item->key, "answer_days") == 0 && ini_int(item->value, 1, DAYS_MAX, &days))
        k->shown.answer_days = (unsigned)days;
    else
        fault(l, item, "use name_vi, desk, words, answer_days (1 to 365)",
              "Chỉ dùng name_vi, desk, words, answer_days (1 đến 365), mỗi dòng một lần.");
}

static const struct {
    const char *section, *key;
} list_names[LIST_COUNT] = {
    [BEGINS] = { "start", "begins" },
    [ANYWHERE] = { "start", "anywhere" },
    [UNLESS] = { "start", "unless" },
    [Q_BEGINS] = { "question", "begins" },
    [Q_ANYWHERE] = { "question", "anywhere" },
    [YES] = { "answers", "yes" },
    [NO] = { "answers", "no" },
    [SKIP] = { "answers", "skip" },
    [AGAIN] = { "answers", "again" },
};

static bool list_item(struct loading *l, const struct ini_item *item)
{
    for (unsigned i = 0; i < LIST_COUNT; i++)
        if (strcmp(item->section, list_names[i].section) == 0 && strcmp(item->key, list_names[i].key) == 0) {
            add_phrases(&l->rules->list[i], item->value);
            return true;
        }
    return false;
}

static bool limit_item(struct loading *l, const struct ini_item *item)
{
    struct feedback_rules *r = l->rules;
    if (strcmp(item->section, "limits") != 0)
        return false;
    if (strcmp(item->key, "unit") == 0 && r->unit == NULL)
        r->unit = mem_strdup(item->value);
    return strcmp(item->key, "unit") == 0 ||
           (strcmp(item->key, "forward_days") == 0 && ini_int(item->value, 1, DAYS_MAX, &r->forward_days)) ||
           (strcmp(item->key, "warn_days") == 0 && ini_int(item->value, 0, DAYS_MAX, &r->warn_days)) ||
           (strcmp(item->key, "enough_words") == 0 && ini_int(item->value, 1, DAYS_MAX, &r->enough_words));
}

static void take_item(void *ctx, const struct ini_item *item)
{
    struct loading *l = ctx;
    if (strncmp(item->section, "kind.", 5) == 0)
        kind_item(l, item);
    else if (item->key != NULL && !list_item(l, item) && !limit_item(l, item))
        fault(l, item, "unknown key, or its value is out of range", "Khóa lạ, hoặc giá trị không hợp lệ.");
}

static bool has_kind(const struct feedback_rules *r, const char *id)
{
    for (unsigned i = 0; i < r->kinds; i++)
        if (strcmp(r->kind[i].id, id) == 0)
            return true;
    return false;
}

/* Kinds the program names itself must be there; every kind must have a name and a limit. */
static void check(struct loading *l, const char *path)
{
    static const char *const needed[] = { PROGRAM_KINDS };
    struct feedback_rules *r = l->rules;
    for (unsigned i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!has_kind(r, needed[i])) {
            errors_addf(l->err, path, "missing", "Phải có mục [kind.question] và [kind.other].",
                        "[kind.%s] is missing", needed[i]);
            l->failed = true;
        }
    for (unsigned i = 0; i < r->kinds; i++)
        if (r->kind[i].name_vi == NULL || r->kind[i].shown.answer_days == 0) {
            errors_addf(l->err, path, "missing", "Mỗi loại cần name_vi và answer_days.",
                        "[kind.%s] lacks name_vi or answer_days", r->kind[i].id);
            l->failed = true;
        }
}

static void finish(struct feedback_rules *r)
{
    for (unsigned i = 0; i < r->kinds; i++) {
        struct kind *k = &r->kind[i];
        k->shown.id = k->id;
        k->shown.name_vi = k->name_vi != NULL ? k->name_vi : "";
        k->shown.desk = k->desk != NULL ? k->desk : "";
    }
}

enum loa_status feedback_rules_load(const char *policy_dir, struct errors *err, struct feedback_rules **out)
{
    char path[1024];
    struct loading l = { .rules = mem_alloc(sizeof *l.rules), .err = err };
    l.rules->forward_days = 5;
    l.rules->enough_words = 6;
    snprintf(path, sizeof path, "%s/feedback.ini", policy_dir);
    enum loa_status st = ini_read(path, err, take_item, &l);
    finish(l.rules);
    if (st == LOA_OK)
        check(&l, path);
    if (st == LOA_OK && l.failed)
        st = LOA_INVALID;
    if (st == LOA_OK)
        *out = l.rules;
    else
        feedback_rules_free(l.rules);
    return st;
}

void feedback_rules_free(struct feedback_rules *r)
{
    if (r == NULL)
        return;
    for (unsigned i = 0; i < LIST_COUNT; i++)
        clear_phrases(&r->list[i]);
    for (unsigned i = 0; i < r->kinds; i++) {
        clear_phrases(&r->kind[i].words);
        free(r->kind[i].id);
        free(r->kind[i].name_vi);
        free(r->kind[i].desk);
    }
    free(r->unit);
    free(r);
}

/* ---- asking ---- */

enum feedback_start feedback_starts(const struct feedback_rules *r, const char *folded)
{
    struct buf w = BUF_INIT(FOLDED_MAX);
    enum feedback_start start = FEEDBACK_NONE;
    words_only(folded, &w);
    if (begins(&r->list[Q_BEGINS], buf_cstr(&w)) || holds(&r->list[Q_ANYWHERE], buf_cstr(&w)))
        start = FEEDBACK_QUESTION;
    else if (!holds(&r->list[UNLESS], buf_cstr(&w)) &&
             (begins(&r->list[BEGINS], buf_cstr(&w)) || holds(&r->list[ANYWHERE], buf_cstr(&w))))
        start = FEEDBACK_REPORT;
    buf_clear(&w);
    return start;
}

static unsigned count_words(const char *words)
{
    unsigned n = 0;
    for (; *words != '\0'; words++)
        n += *words == ' ';
    return n > 0 ? n - 1 : 0; /* a space at both ends */
}

bool feedback_says_enough(const struct feedback_rules *r, const char *folded)
{
    struct buf w = BUF_INIT(FOLDED_MAX);
    words_only(folded, &w);
    int64_t n = count_words(buf_cstr(&w));
    if (begins(&r->list[BEGINS], buf_cstr(&w)) || holds(&r->list[ANYWHERE], buf_cstr(&w)))
        n -= 3; /* "tôi muốn phản ánh" tells nothing yet */
    buf_clear(&w);
    return n >= r->enough_words;
}

enum feedback_reply feedback_reply_of(const struct feedback_rules *r, const char *folded)
{
    static const struct {
        enum list list;
        enum feedback_reply reply;
    } order[] = { { YES, REPLY_YES }, { NO, REPLY_NO }, { SKIP, REPLY_SKIP }, { AGAIN, REPLY_AGAIN } };
    struct buf w = BUF_INIT(FOLDED_MAX);
    enum feedback_reply reply = REPLY_OTHER;
    words_only(folded, &w);
    for (unsigned i = 0; i < sizeof order / sizeof order[0] && reply == REPLY_OTHER; i++)
        if (is_one(&r->list[order[i].list], buf_cstr(&w)))
            reply = order[i].reply;
    buf_clear(&w);
    return reply;
}

const struct feedback_kind *feedback_kind_find(const struct feedback_rules *r, const char *id)
{
    const struct feedback_kind *other = &r->kind[0].shown;
    for (unsigned i = 0; i < r->kinds; i++) {
        if (strcmp(r->kind[i].id, id) == 0)
            return &r->kind[i].shown;
        if (strcmp(r->kind[i].id, "other") == 0)
            other = &r->kind[i].shown;
    }
    return other;
}

const struct feedback_kind *feedback_kind_of(const struct feedback_rules *r, enum feedback_start start,
                                             const char *folded)
{
    if (start == FEEDBACK_QUESTION)
        return feedback_kind_find(r, "question");
    struct buf w = BUF_INIT(FOLDED_MAX);
    const struct feedback_kind *found = NULL;
    words_only(folded, &w);
    for (unsigned i = 0; i < r->kinds && found == NULL; i++)
        if (holds(&r->kind[i].words, buf_cstr(&w)))
            found = &r->kind[i].shown;
    buf_clear(&w);
    return found != NULL ? found : feedback_kind_find(r, "other");
}

/* ---- units ---- */

/* Tries the names that begin with word `first`, the longest first. */
static const struct unit_info *unit_at(const struct policy *p, char **word, char **end, unsigned first,
                                       unsigned words, int64_t now_ms)
{
    unsigned last = first + UNIT_WORDS < words ? first + UNIT_WORDS : words;
    for (unsigned k = last; k > first + 1; k--) { /* a single word names no unit */
        char kept = *end[k - 1];
        *end[k - 1] = '\0';
        const struct unit_info *u = policy_unit(p, word[first], now_ms);
        *end[k - 1] = kept;
        if (u != NULL)
            return u;
    }
    return NULL;
}

static const struct unit_info *unit_named(const struct policy *p, const char *text, int64_t now_ms)
{
    char *copy = mem_strdup(text), *word[WORDS_MAX], *end[WORDS_MAX];
    unsigned n = 0;
    for (char *s = copy; *s != '\0' && n < WORDS_MAX;) {
        s += strspn(s, " \n,.;:!?()\"");
        size_t len = strcspn(s, " \n,.;:!?()\"");
        if (len == 0)
            continue;
        word[n] = s;
        end[n++] = s += len;
    }
    const struct unit_info *found = NULL;
    for (unsigned i = 0; i < n && found == NULL; i++)
        found = unit_at(p, word, end, i, n, now_ms);
    free(copy);
    return found;
}

const struct unit_info *feedback_unit_in(const struct policy *p, const char *text, int64_t now_ms)
{
    struct dossier_code code;
    const struct unit_info *u = unit_named(p, text, now_ms);
    if (u == NULL && dossier_code_find(text, strlen(text), now_ms, &code))
        u = policy_unit(p, code.agency, now_ms);
    return u;
}

const char *feedback_unit_default(const struct feedback_rules *r)
{
    return r->unit != NULL ? r->unit : "";
}

static bool listed(const char *id, const char *list)
{
    size_t len = strlen(id);
    for (size_t n; *list != '\0'; list += n + (list[n] != '\0')) {
        list += strspn(list, " ");
        n = strcspn(list, ",");
        size_t bare = n;
        while (bare > 0 && list[bare - 1] == ' ')
            bare--;
        if (bare == len && strncmp(list, id, len) == 0)
            return true;
    }
    return false;
}

/* The unit above. One that is in no table has a national code, which names those above it: "H27.18.01", or in
 * the old order "000.18.H27". */
static void unit_above(const struct policy *p, char unit[UNIT_MAX], int64_t now_ms)
{
    const struct unit_info *u = policy_unit(p, unit, now_ms);
    bool old_order = unit[0] >= '0' && unit[0] <= '9';
    char *dot = old_order ? strchr(unit, '.') : strrchr(unit, '.');
    if (u != NULL)
        snprintf(unit, UNIT_MAX, "%s", u->parent);
    else if (dot == NULL)
        unit[0] = '\0';
    else if (old_order)
        memmove(unit, dot + 1, strlen(dot));
    else
        *dot = '\0';
}

bool feedback_unit_within(const struct policy *p, const char *unit, const char *list, int64_t now_ms)
{
    const unsigned levels_max = 8; /* a table that names itself as its parent must not hang us */
    if (list[0] == '\0')
        return true;
    char at[UNIT_MAX];
    snprintf(at, sizeof at, "%s", unit);
    for (unsigned level = 0; level < levels_max && at[0] != '\0'; level++) {
        if (listed(at, list))
            return true;
        unit_above(p, at, now_ms);
    }
    return false;
}

/* ---- deadlines ---- */

void feedback_deadlines(const struct feedback_rules *r, const struct feedback_kind *k,
                        const struct calendar *c, int64_t from_ms, struct feedback_deadlines *out)
{
    out->forward_ms = calendar_add_working_days(c, from_ms, (int)r->forward_days);
    out->answer_ms = calendar_add_working_days(c, from_ms, (int)k->answer_days);
    out->forward_warn_ms = calendar_add_working_days(c, out->forward_ms, -(int)r->warn_days);
    out->answer_warn_ms = calendar_add_working_days(c, out->answer_ms, -(int)r->warn_days);
}
