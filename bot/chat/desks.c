#include "loa/handover.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESKS_MAX       64
#define DEPARTMENTS_MAX 500
#define ID_MAX          32 /* it becomes part of a key's name */
#define WAITING_MAX     100000
#define NAME_MAX_BYTES  512

struct own { /* a desk and the memory of its words */
    struct desk d;
    char *word[4]; /* id, name, unit, escalate_to */
    unsigned line;
};

struct department {
    char *folded, *desk;
    unsigned line;
};

struct desks {
    struct own desk[DESKS_MAX];
    struct department department[DEPARTMENTS_MAX];
    unsigned desks, departments;
    const struct desk *fallback;
};

/* ---- loading ---- */

struct loading {
    struct desks *d;
    struct errors *err;
    const char *path;
    struct own *at; /* the desk being read; NULL in [departments] and after a refused section */
    bool bad;
};

#define FAULT(l, line, code, ...) ((l)->bad = true, fault_at((l)->err, (l)->path, line, code, __VA_ARGS__))

enum { WORD_ID, WORD_NAME, WORD_UNIT, WORD_ESCALATE };

static void set_word(struct own *o, unsigned which, const char *value)
{
    free(o->word[which]);
    o->word[which] = mem_strdup(value);
    const char **const place[] = { &o->d.id, &o->d.name, &o->d.unit, &o->d.escalate_to };
    *place[which] = o->word[which];
}

static struct own *own_find(struct desks *d, const char *id)
{
    for (unsigned i = 0; i < d->desks; i++)
        if (strcmp(d->desk[i].d.id, id) == 0)
            return &d->desk[i];
    return NULL;
}

static bool good_id(const char *id)
{
    size_t n = strlen(id);
    return n > 0 && n <= ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static void begin_section(struct loading *l, const struct ini_item *item)
{
    l->at = NULL;
    if (strcmp(item->section, "departments") == 0)
        return;
    if (!good_id(item->section))
        FAULT(l, item->line, "bad_desk", "[%s]: mã bàn trực chỉ gồm chữ thường không dấu, số và gạch nối",
              "[%s]: a desk's id has lower-case letters, digits and hyphens, at most 32", item->section);
    else if (own_find(l->d, item->section) != NULL)
        FAULT(l, item->line, "given_twice", "[%s] đã có ở trên", "[%s] stands above already", item->section);
    else if (l->d->desks == DESKS_MAX)
        FAULT(l, item->line, "too_many", "quá %d bàn trực", "more than %d desks", DESKS_MAX);
    else {
        l->at = &l->d->desk[l->d->desks++];
        l->at->line = item->line;
        set_word(l->at, WORD_ID, item->section);
        for (unsigned w = WORD_NAME; w <= WORD_ESCALATE; w++)
            set_word(l->at, w, "");
    }
}

static void read_department(struct loading *l, const struct ini_item *item)
{
    struct buf folded = BUF_INIT(NAME_MAX_BYTES);
    text_fold(&folded, item->key, strlen(item->key));
    if (l->d->departments == DEPARTMENTS_MAX || !buf_ok(&folded))
        FAULT(l, item->line, "too_many", "quá %d nơi phụ trách, hoặc tên quá dài",
              "more than %d departments, or a name too long", DEPARTMENTS_MAX);
    else
        l->d->department[l->d->departments++] =
            (struct department){ mem_strdup(buf_cstr(&folded)), mem_strdup(item->value), item->line };
    buf_clear(&folded);
}

static bool read_duration(struct own *o, const struct ini_item *item, bool *good)
{
    const struct {
        const char *key;
        int64_t *to;
    } rows[] = { { "answer_within", &o->d.answer_within_ms },
                 { "reply_within", &o->d.reply_within_ms },
                 { "silence", &o->d.silence_ms },
                 { "gone", &o->d.gone_ms },
                 { "usual", &o->d.usual_ms } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].key, item->key) == 0) {
            *good = ini_duration_ms(item->value, rows[i].to) && *rows[i].to > 0;
            return true;
        }
    return false;
}

static void bad_value(struct loading *l, const struct ini_item *item, const char *wanted)
{
    FAULT(l, item->line, "bad_value", "%s = %s: hãy viết %s", "%s = %s: write %s", item->key, item->value,
          wanted);
}

static void read_waiting_max(struct loading *l, const struct ini_item *item)
{
    int64_t n;
    if (ini_int(item->value, 1, WAITING_MAX, &n))
        l->at->d.waiting_max = (unsigned)n;
    else
        bad_value(l, item, "1-100000");
}

static void read_default(struct loading *l, const struct ini_item *item)
{
    bool yes;
    if (!ini_bool(item->value, &yes))
        bad_value(l, item, "yes, no");
    else if (yes && l->d->fallback != NULL)
        FAULT(l, item->line, "given_twice", "bàn mặc định đã là [%s]", "the default desk is [%s] already",
              l->d->fallback->id);
    else if (yes)
        l->d->fallback = &l->at->d;
}

static void read_desk(struct loading *l, const struct ini_item *item)
{
    bool good = true;
    if (strcmp(item->key, "name") == 0)
        set_word(l->at, WORD_NAME, item->value);
    else if (strcmp(item->key, "unit") == 0)
        set_word(l->at, WORD_UNIT, item->value);
    else if (strcmp(item->key, "escalate_to") == 0)
        set_word(l->at, WORD_ESCALATE, item->value);
    else if (strcmp(item->key, "waiting_max") == 0)
        read_waiting_max(l, item);
    else if (strcmp(item->key, "default") == 0)
        read_default(l, item);
    else if (!read_duration(l->at, item, &good))
        FAULT(l, item->line, "unknown_key", "không có khóa \"%s\" trong [%s]", "unknown key \"%s\" in [%s]",
              item->key, item->section);
    else if (!good)
        bad_value(l, item, "90s, 15m, 8h");
}

static void read_item(void *ctx, const struct ini_item *item)
{
    struct loading *l = ctx;
    if (item->key == NULL)
        begin_section(l, item);
    else if (strcmp(item->section, "departments") == 0)
        read_department(l, item);
    else if (l->at != NULL)
        read_desk(l, item);
    else if (item->section[0] == '\0')
        FAULT(l, item->line, "no_section", "%s: hãy đặt dưới một mục", "%s: put it under a section",
              item->key);
}

/* ---- what can only be judged when the whole file is known ---- */

static bool escalates_in_a_circle(struct desks *d, const struct desk *from)
{
    const struct desk *at = from;
    for (unsigned steps = 0; at != NULL && at->escalate_to[0] != '\0'; steps++) {
        if (steps > d->desks)
            return true;
        at = desk_find(d, at->escalate_to);
    }
    return false;
}

static void check_desk(struct loading *l, const struct own *o)
{
    const struct desk *d = &o->d;
    if (d->name[0] == '\0')
        FAULT(l, o->line, "missing", "[%s]: thiếu name", "[%s]: name is missing", d->id);
    if (d->answer_within_ms == 0 || d->reply_within_ms == 0 || d->silence_ms == 0 || d->gone_ms == 0 ||
        d->usual_ms == 0 || d->waiting_max == 0)
        FAULT(l, o->line, "missing",
              "[%s]: cần đủ answer_within, reply_within, silence, gone, usual, waiting_max",
              "[%s]: needs answer_within, reply_within, silence, gone, usual and waiting_max", d->id);
    if (d->escalate_to[0] != '\0' && desk_find(l->d, d->escalate_to) == NULL)
        FAULT(l, o->line, "no_desk", "[%s]: không có bàn trực [%s]", "[%s]: there is no desk [%s]", d->id,
              d->escalate_to);
    else if (escalates_in_a_circle(l->d, d))
        FAULT(l, o->line, "circle", "[%s]: escalate_to đi vòng, sẽ không bao giờ tới người phụ trách",
              "[%s]: escalate_to goes round in a circle", d->id);
}

static void check_all(struct loading *l)
{
    for (unsigned i = 0; i < l->d->desks; i++)
        check_desk(l, &l->d->desk[i]);
    for (unsigned i = 0; i < l->d->departments; i++)
        if (desk_find(l->d, l->d->department[i].desk) == NULL)
            FAULT(l, l->d->department[i].line, "no_desk", "không có bàn trực [%s]", "there is no desk [%s]",
                  l->d->department[i].desk);
    if (l->d->fallback == NULL)
        FAULT(l, 0, "missing", "cần %d bàn trực có default = yes", "%d desk must say default = yes", 1);
}

enum loa_status desks_load(const char *policy_dir, struct errors *err, struct desks **out)
{
    char path[512];
    struct desks *d = mem_alloc(sizeof *d);
    struct loading l = { .d = d, .err = err, .path = path };
    snprintf(path, sizeof path, "%.480s/desks.ini", policy_dir);
    if (ini_read(path, err, read_item, &l) != LOA_OK)
        l.bad = true;
    else
        check_all(&l);
    if (l.bad) {
        desks_free(d);
        return LOA_INVALID;
    }
    *out = d;
    return LOA_OK;
}

void desks_free(struct desks *d)
{
    if (d == NULL)
        return;
    for (unsigned i = 0; i < d->desks; i++)
        for (unsigned w = WORD_ID; w <= WORD_ESCALATE; w++)
            free(d->desk[i].word[w]);
    for (unsigned i = 0; i < d->departments; i++) {
        free(d->department[i].folded);
        free(d->department[i].desk);
    }
    free(d);
}

/* ---- looking up ---- */

const struct desk *desk_at(const struct desks *d, unsigned i)
{
    return i < d->desks ? &d->desk[i].d : NULL;
}

const struct desk *desk_find(const struct desks *d, const char *id)
{
    for (unsigned i = 0; i < d->desks; i++)
        if (strcmp(d->desk[i].d.id, id) == 0)
            return &d->desk[i].d;
    return NULL;
}

const struct desk *desk_for_department(const struct desks *d, const char *dep)
{
    const struct desk *found = NULL;
    struct buf folded = BUF_INIT(NAME_MAX_BYTES);
    text_fold(&folded, dep, strlen(dep));
    for (unsigned i = 0; buf_ok(&folded) && found == NULL && i < d->departments; i++)
        if (strstr(buf_cstr(&folded), d->department[i].folded) != NULL)
            found = desk_find(d, d->department[i].desk);
    buf_clear(&folded);
    return found != NULL ? found : d->fallback;
}
