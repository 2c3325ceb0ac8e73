#include "loa/calendar.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_MAX       2000
#define SETS_MAX       200
#define UNITS_MAX      20000
#define SPANS_MAX      4 /* a day's opening times */
#define NAME_SIZE      64
#define MINUTE_MS      60000LL
#define SEARCH_DAYS    400   /* the next opening or working day is nearer than this */
#define STEPS_MAX      20000 /* working days to count */
#define DEFAULT_SET    "default"
#define INTAKE_DEFAULT (15 * 60)

enum day_kind { DAY_REST, DAY_COMPENSATE, DAY_WORK };
static const char *const kind_words[] = { "rest", "compensate", "work" };

struct special_day {
    int64_t number;
    enum day_kind kind;
    unsigned line;
};

struct span {
    int from, to; /* minutes of the day */
};

struct day_hours {
    struct span span[SPANS_MAX];
    unsigned count;
};

/* The week of one set, always or from one day to another. */
struct hours {
    char set[NAME_SIZE], section[NAME_SIZE];
    int64_t first_day, last_day;
    struct day_hours weekday[8]; /* 1 Monday … 7 Sunday */
    unsigned line;
};

struct unit {
    char name[NAME_SIZE], set[NAME_SIZE];
    unsigned line;
};

struct calendar {
    struct special_day *day;
    struct hours *hours;
    struct unit *unit;
    unsigned days, sets, units;
    int intake_until; /* minute of the day */
};

/* ---- loading ---- */

struct loading {
    struct calendar *c;
    struct errors *err;
    const char *path;
    bool bad;
};

#define FAULT(l, line, code, ...) ((l)->bad = true, fault_at((l)->err, (l)->path, line, code, __VA_ARGS__))

static int kind_from_word(const char *w)
{
    for (int k = DAY_REST; k <= DAY_WORK; k++)
        if (strcmp(kind_words[k], w) == 0)
            return k;
    return -1;
}

static int weekday_of(int64_t day_number)
{
    return local_from_ms(local_midnight_ms(day_number)).weekday;
}

static void add_day(struct loading *l, int64_t number, enum day_kind kind, unsigned line)
{
    if (l->c->days == DAYS_MAX) {
        FAULT(l, line, "too_many", "quá %d ngày: bỏ các năm cũ", "more than %d days: drop old years",
              DAYS_MAX);
        return;
    }
    l->c->day = mem_resize(l->c->day, (l->c->days + 1) * sizeof *l->c->day);
    l->c->day[l->c->days++] = (struct special_day){ number, kind, line };
}

static void read_day(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    int64_t number = 0;
    int kind = kind_from_word(row->cell[1]);
    if (!date_parse_day(row->cell[0], &number))
        FAULT(l, row->line, "bad_date",
              "\"%s\" không phải ngày có thật dạng năm-tháng-ngày, ví dụ 2027-09-02",
              "\"%s\" is not a real day such as 2027-09-02", row->cell[0]);
    else if (kind < 0)
        FAULT(l, row->line, "bad_kind", "loại \"%s\" không có: hãy dùng rest, compensate hoặc work",
              "kind \"%s\" is unknown: use rest, compensate or work", row->cell[1]);
    else if (kind != DAY_REST && (kind == DAY_WORK) != (weekday_of(number) > 5))
        FAULT(l, row->line, "bad_weekday",
              "%s: ngày work phải là thứ Bảy hoặc Chủ nhật, ngày compensate phải từ thứ Hai đến thứ Sáu",
              "%s: a work day must be on a weekend, a compensate day from Monday to Friday", row->cell[0]);
    else if (row->cell[3][0] == '\0')
        FAULT(l, row->line, "no_basis", "%s: ghi căn cứ ở cột thứ tư",
              "%s: name the basis in the fourth column", row->cell[0]);
    else
        add_day(l, number, (enum day_kind)kind, row->line);
}

static int by_day(const void *a, const void *b)
{
    const struct special_day *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static void load_days(struct loading *l)
{
    if (tsv_read(l->path, 4, 4, l->err, read_day, l) != LOA_OK)
        l->bad = true;
    if (l->c->days > 1)
        qsort(l->c->day, l->c->days, sizeof *l->c->day, by_day);
    for (unsigned i = 1; i < l->c->days; i++)
        if (l->c->day[i].number == l->c->day[i - 1].number)
            FAULT(l, l->c->day[i].line, "given_twice", "ngày này đã có ở dòng %u",
                  "this day is already on line %u", l->c->day[i - 1].line);
}

/* "07:30" -> 450; moves past it. -1: no such time. 24:00 is the end of a day. */
static int take_minute(const char **at)
{
    const char *s = *at;
    for (int i = 0; i < 5; i++) /* stops at the end of the text as well */
        if (i == 2 ? s[i] != ':' : s[i] < '0' || s[i] > '9')
            return -1;
    int hour = (s[0] - '0') * 10 + s[1] - '0', minute = (s[3] - '0') * 10 + s[4] - '0';
    if (minute > 59 || hour * 60 + minute > 24 * 60)
        return -1;
    *at += 5;
    return hour * 60 + minute;
}

/* "07:30-11:30, 13:30-17:00", in order. Empty: closed. */
static bool parse_spans(const char *s, struct day_hours *out)
{
    struct day_hours d = { .count = 0 };
    int last = -1;
    while (*s != '\0') {
        struct span *sp = &d.span[d.count];
        if (d.count == SPANS_MAX)
            return false;
        sp->from = take_minute(&s);
        if (sp->from <= last || *s++ != '-')
            return false;
        sp->to = take_minute(&s);
        if (sp->to <= sp->from)
            return false;
        last = sp->to;
        d.count++;
        s += strspn(s, " ");
        if (*s == ',' && *++s != '\0')
            s += strspn(s, " ");
        else if (*s != '\0')
            return false;
    }
    *out = d;
    return true;
}

static int weekday_from_word(const char *w, size_t n)
{
    static const char words[] = "montuewedthufrisatsun";
    for (int d = 0; n == 3 && d < 7; d++)
        if (strncmp(words + 3 * d, w, 3) == 0)
            return d + 1;
    return 0;
}

/* "sat" or "mon-fri". */
static bool parse_weekdays(const char *key, int *first, int *last)
{
    const char *dash = strchr(key, '-');
    *first = weekday_from_word(key, dash != NULL ? (size_t)(dash - key) : strlen(key));
    *last = dash != NULL ? weekday_from_word(dash + 1, strlen(dash + 1)) : *first;
    return *first > 0 && *last >= *first;
}

static void begin_section(struct loading *l, const struct ini_item *item)
{
    if (strcmp(item->section, "units") == 0 || strcmp(item->section, "rules") == 0)
        return;
    for (unsigned i = 0; i < l->c->sets; i++)
        if (strcmp(l->c->hours[i].section, item->section) == 0) {
            FAULT(l, item->line, "given_twice", "mục [%s] đã có ở dòng %u", "[%s] is already on line %u",
                  item->section, l->c->hours[i].line);
            return;
        }
    if (l->c->sets == SETS_MAX) {
        FAULT(l, item->line, "too_many", "quá %d bộ giờ", "more than %d sets of hours", SETS_MAX);
        return;
    }
    l->c->hours = mem_resize(l->c->hours, (l->c->sets + 1) * sizeof *l->c->hours);
    struct hours *h = &l->c->hours[l->c->sets++];
    *h = (struct hours){ .first_day = INT64_MIN, .last_day = INT64_MAX, .line = item->line };
    text_copy(h->section, sizeof h->section, item->section);
    text_copy(h->set, sizeof h->set, item->section);
    h->set[strcspn(h->set, ":")] = '\0';
}

static void read_validity(struct loading *l, const struct ini_item *item, int64_t *day)
{
    if (item->value[0] != '\0' && !date_parse_day(item->value, day))
        FAULT(l, item->line, "bad_date", "\"%s\" không phải ngày có thật, ví dụ 2027-04-16",
              "\"%s\" is not a real day such as 2027-04-16", item->value);
    else if (strchr(item->section, ':') == NULL)
        FAULT(l, item->line, "no_season", "[%s] luôn có hiệu lực: đặt giờ theo mùa ở mục [%s:tên-mùa]",
              "[%s] always holds: put a season into a section [%s:name]", item->section, item->section);
}

static void read_hours(struct loading *l, const struct ini_item *item)
{
    int first, last;
    struct day_hours day;
    struct hours *h = l->c->sets > 0 ? &l->c->hours[l->c->sets - 1] : NULL;
    if (h == NULL || strcmp(h->section, item->section) != 0)
        return; /* a section refused above, or none at all */
    if (strcmp(item->key, "from") == 0) {
        read_validity(l, item, &h->first_day);
    } else if (strcmp(item->key, "to") == 0) {
        read_validity(l, item, &h->last_day);
    } else if (!parse_weekdays(item->key, &first, &last)) {
        FAULT(
            l, item->line, "unknown_key",
            "khóa \"%s\" không có: hãy dùng from, to, mon, tue, wed, thu, fri, sat, sun hoặc dãy như mon-fri",
            "key \"%s\" is unknown: use from, to, mon … sun or a range such as mon-fri", item->key);
    } else if (!parse_spans(item->value, &day)) {
        FAULT(l, item->line, "bad_hours",
              "giờ \"%s\" sai: viết như 07:30-11:30, 13:30-17:00, sớm trước muộn sau",
              "bad hours \"%s\": write 07:30-11:30, 13:30-17:00, earlier first", item->value);
    } else {
        for (int d = first; d <= last; d++)
            h->weekday[d] = day;
    }
}

static void read_unit(struct loading *l, const struct ini_item *item)
{
    if (l->c->units == UNITS_MAX || strlen(item->value) >= NAME_SIZE) {
        FAULT(l, item->line, "bad_unit", "%s: tên bộ giờ quá dài, hoặc có quá nhiều đơn vị",
              "%s: the set's name is too long, or there are too many units", item->key);
        return;
    }
    l->c->unit = mem_resize(l->c->unit, (l->c->units + 1) * sizeof *l->c->unit);
    struct unit *u = &l->c->unit[l->c->units++];
    u->line = item->line;
    text_copy(u->name, sizeof u->name, item->key);
    text_copy(u->set, sizeof u->set, item->value);
}

static void read_rule(struct loading *l, const struct ini_item *item)
{
    const char *s = item->value;
    int minute = strcmp(item->key, "intake_until") == 0 ? take_minute(&s) : -2;
    if (minute == -2)
        FAULT(l, item->line, "unknown_key", "khóa \"%s\" không có; có phải ý bạn là intake_until?",
              "key \"%s\" is unknown; did you mean intake_until?", item->key);
    else if (minute < 0 || *s != '\0')
        FAULT(l, item->line, "bad_hours", "giờ \"%s\" sai: viết như 15:00", "bad time \"%s\": write 15:00",
              item->value);
    else
        l->c->intake_until = minute;
}

static void read_item(void *ctx, const struct ini_item *item)
{
    struct loading *l = ctx;
    if (item->key == NULL)
        begin_section(l, item);
    else if (item->section[0] == '\0')
        FAULT(l, item->line, "no_section", "%s: hãy đặt dưới một mục, ví dụ [%s]",
              "%s: put it under a section such as [%s]", item->key, DEFAULT_SET);
    else if (strcmp(item->section, "units") == 0)
        read_unit(l, item);
    else if (strcmp(item->section, "rules") == 0)
        read_rule(l, item);
    else
        read_hours(l, item);
}

static const struct hours *base_set(const struct calendar *c, const char *set)
{
    for (unsigned i = 0; i < c->sets; i++)
        if (strcmp(c->hours[i].section, set) == 0)
            return &c->hours[i];
    return NULL;
}

static bool opens_on_weekdays(const struct hours *h)
{
    unsigned spans = 0;
    for (int d = 1; d <= 5; d++)
        spans += h->weekday[d].count;
    return spans > 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct unit *)a)->name, ((const struct unit *)b)->name);
}

/* What can only be judged when the whole file is known. */
static void check_sets(struct loading *l)
{
    struct calendar *c = l->c;
    if (base_set(c, DEFAULT_SET) == NULL)
        FAULT(l, 0, "missing", "thiếu mục [%s]", "section [%s] is missing", DEFAULT_SET);
    for (unsigned i = 0; i < c->sets; i++) {
        struct hours *h = &c->hours[i];
        if (base_set(c, h->set) == NULL)
            FAULT(l, h->line, "no_set", "[%s]: chưa có mục [%s]", "[%s]: there is no section [%s]",
                  h->section, h->set);
        if (!opens_on_weekdays(h))
            FAULT(l, h->line, "never_open", "[%s]: không mở cửa ngày nào từ thứ Hai đến thứ Sáu",
                  "[%s]: never open from Monday to Friday", h->section);
        if (h->first_day > h->last_day)
            FAULT(l, h->line, "bad_date", "[%s]: from phải trước to", "[%s]: from must come before to",
                  h->section);
    }
    for (unsigned i = 0; i < c->units; i++)
        if (base_set(c, c->unit[i].set) == NULL)
            FAULT(l, c->unit[i].line, "no_set", "%s: chưa có bộ giờ [%s]",
                  "%s: there is no set of hours [%s]", c->unit[i].name, c->unit[i].set);
    if (c->units > 1)
        qsort(c->unit, c->units, sizeof *c->unit, by_name);
    for (unsigned i = 1; i < c->units; i++)
        if (by_name(&c->unit[i - 1], &c->unit[i]) == 0)
            FAULT(l, c->unit[i].line, "given_twice", "%s đã có ở dòng khác", "%s is on another line too",
                  c->unit[i].name);
}

static void load_hours(struct loading *l)
{
    if (ini_read(l->path, l->err, read_item, l) != LOA_OK)
        l->bad = true;
    else
        check_sets(l);
}

enum loa_status calendar_load(const char *policy_dir, struct errors *err, struct calendar **out)
{
    char path[512];
    struct calendar *c = mem_alloc(sizeof *c);
    struct loading l = { .c = c, .err = err, .path = path };
    c->intake_until = INTAKE_DEFAULT;
    snprintf(path, sizeof path, "%.480s/calendar.tsv", policy_dir);
    load_days(&l);
    snprintf(path, sizeof path, "%.480s/hours.ini", policy_dir);
    load_hours(&l);
    if (l.bad) {
        calendar_free(c);
        return LOA_INVALID;
    }
    *out = c;
    return LOA_OK;
}

void calendar_free(struct calendar *c)
{
    if (c == NULL)
        return;
    free(c->day);
    free(c->hours);
    free(c->unit);
    free(c);
}

/* ---- working days ---- */

static const struct special_day *special(const struct calendar *c, int64_t number)
{
    struct special_day key = { .number = number };
    return c->days > 0 ? bsearch(&key, c->day, c->days, sizeof key, by_day) : NULL;
}

static bool is_working(const struct calendar *c, int64_t number)
{
    const struct special_day *s = special(c, number);
    return s != NULL ? s->kind == DAY_WORK : weekday_of(number) <= 5;
}

bool calendar_is_working_day(const struct calendar *c, int64_t wall_ms)
{
    return is_working(c, local_from_ms(wall_ms).day_number);
}

bool calendar_knows_year(const struct calendar *c, int year)
{
    return c->days > 0 && year >= local_from_ms(local_midnight_ms(c->day[0].number)).year &&
           year <= local_from_ms(local_midnight_ms(c->day[c->days - 1].number)).year;
}

int64_t calendar_add_working_days(const struct calendar *c, int64_t wall_ms, int n)
{
    int64_t number = local_from_ms(wall_ms).day_number, start = number;
    int count = n > STEPS_MAX ? STEPS_MAX : n < -STEPS_MAX ? -STEPS_MAX : n;
    int step = count < 0 ? -1 : 1, left = abs(count);
    while (left > 0) {
        number += step;
        left -= is_working(c, number);
    }
    return wall_ms + (number - start) * CALENDAR_DAY_MS;
}

/* ---- office hours ---- */

static const char *set_of(const struct calendar *c, const char *unit)
{
    struct unit key = { .line = 0 };
    if (unit == NULL || c->units == 0 || strlen(unit) >= sizeof key.name)
        return DEFAULT_SET;
    text_copy(key.name, sizeof key.name, unit);
    const struct unit *u = bsearch(&key, c->unit, c->units, sizeof key, by_name);
    return u != NULL ? u->set : DEFAULT_SET;
}

/* The opening times of one day; none on a day of rest, Monday's on a make-up day. */
static const struct day_hours *hours_on(const struct calendar *c, const char *set, int64_t number)
{
    static const struct day_hours closed;
    const struct special_day *s = special(c, number);
    if (s != NULL && s->kind != DAY_WORK)
        return &closed;
    const struct hours *base = base_set(c, set), *h = base;
    for (unsigned i = 0; i < c->sets; i++) {
        const struct hours *season = &c->hours[i];
        if (season != base && strcmp(season->set, set) == 0 && number >= season->first_day &&
            number <= season->last_day)
            h = season;
    }
    return &h->weekday[s != NULL ? 1 : weekday_of(number)];
}

bool calendar_office_open(const struct calendar *c, const char *unit, int64_t wall_ms)
{
    int64_t number = local_from_ms(wall_ms).day_number;
    int64_t ms = wall_ms - local_midnight_ms(number);
    const struct day_hours *d = hours_on(c, set_of(c, unit), number);
    for (unsigned i = 0; i < d->count; i++)
        if (ms >= d->span[i].from * MINUTE_MS && ms < d->span[i].to * MINUTE_MS)
            return true;
    return false;
}

int64_t calendar_next_opening(const struct calendar *c, const char *unit, int64_t wall_ms)
{
    if (calendar_office_open(c, unit, wall_ms))
        return wall_ms;
    int64_t today = local_from_ms(wall_ms).day_number, number = today;
    for (; number < today + SEARCH_DAYS; number++) {
        const struct day_hours *d = hours_on(c, set_of(c, unit), number);
        for (unsigned i = 0; i < d->count; i++) {
            int64_t opening = local_midnight_ms(number) + d->span[i].from * MINUTE_MS;
            if (opening > wall_ms)
                return opening;
        }
    }
    return local_midnight_ms(number); /* a table that closes for a year and more: look again then */
}

int64_t calendar_next_closing(const struct calendar *c, const char *unit, int64_t wall_ms)
{
    int64_t number = local_from_ms(wall_ms).day_number, closing = wall_ms;
    const struct day_hours *d = hours_on(c, set_of(c, unit), number);
    for (unsigned i = 0; i < d->count; i++) { /* spans may touch */
        int64_t from = local_midnight_ms(number) + d->span[i].from * MINUTE_MS;
        int64_t to = local_midnight_ms(number) + d->span[i].to * MINUTE_MS;
        if (closing >= from && closing < to)
            closing = to;
    }
    return closing;
}

int64_t calendar_add_office_ms(const struct calendar *c, const char *unit, int64_t wall_ms, int64_t ms)
{
    int64_t at = wall_ms, left = ms, limit = wall_ms + SEARCH_DAYS * CALENDAR_DAY_MS;
    while (left > 0 && at < limit) {
        at = calendar_next_opening(c, unit, at);
        int64_t closing = calendar_next_closing(c, unit, at);
        int64_t step = closing - at < left ? closing - at : left;
        if (step == 0) /* a table that closes for good */
            break;
        at += step;
        left -= step;
    }
    return at;
}

int64_t calendar_office_ms(const struct calendar *c, const char *unit, int64_t from_ms, int64_t to_ms)
{
    int64_t sum = 0, at = from_ms, limit = from_ms + SEARCH_DAYS * CALENDAR_DAY_MS;
    int64_t end = to_ms < limit ? to_ms : limit;
    while (at < end) {
        at = calendar_next_opening(c, unit, at);
        int64_t closing = calendar_next_closing(c, unit, at);
        if (at >= end || closing == at)
            break;
        sum += (closing < end ? closing : end) - at;
        at = closing;
    }
    return sum;
}

int64_t calendar_intake_start(const struct calendar *c, const char *unit, int64_t wall_ms)
{
    int64_t number = local_from_ms(wall_ms).day_number;
    if (wall_ms <= local_midnight_ms(number) + c->intake_until * MINUTE_MS)
        return calendar_next_opening(c, unit, wall_ms);
    int64_t next = calendar_add_working_days(c, wall_ms, 1);
    return calendar_next_opening(c, unit, local_midnight_ms(local_from_ms(next).day_number));
}
