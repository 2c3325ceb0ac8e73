#include "loa/dossier_code.h"
#include "dossier_speech.h"
#include "loa/calendar.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#define TEXT_MAX_BYTES 65536 /* a chat message or e-mail; what comes after is not searched */
#define SERIAL_MIN     4
#define SERIAL_MAX     7
#define GROUPS_MAX     5 /* of an agency id, its letter group counted in */
#define SEPARATOR_RUN  4 /* blanks and signs between two groups */

/*
 * The text, reduced to one byte per character: upper-case ASCII letters and digits, '.', '-', ' ', '\n', '/'
 * and '_'; anything else is '?'. `from` tells where in the original each one began.
 */
struct plain {
    char *c;
    uint32_t *from;
    size_t n;
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Links carry %2D or %E2%80%93 for a dash: undone byte by byte, so that the letters can be read after it. */
static size_t undo_percent(const char *s, size_t n, char *out, uint32_t *from)
{
    size_t len = 0;
    for (size_t i = 0; i < n; len++) {
        from[len] = (uint32_t)i;
        bool coded = s[i] == '%' && i + 2 < n && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0;
        out[len] = coded ? (char)(hex_value(s[i + 1]) * 16 + hex_value(s[i + 2])) : s[i];
        i += coded ? 3 : 1;
    }
    from[len] = (uint32_t)n;
    return len;
}

/* 0: takes no room. */
static char plain_char(ucs4_t c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '/' || c == '_')
        return (char)c;
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xfe58 || c == 0xfe63 || c == 0xff0d)
        return '-';
    if (c == ' ' || c == '\t' || c == '+' || c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f)
        return ' ';
    if (c == '\n')
        return '\n';
    return c == '\r' || c == 0xad || (c >= 0x200b && c <= 0x200f) || c == 0x2060 || c == 0xfeff ? '\0' : '?';
}

static struct plain plain_text(const char *s, size_t n, bool percent)
{
    struct plain p = { .c = mem_alloc(n + 1), .from = mem_alloc((n + 1) * sizeof *p.from) };
    char *bytes = mem_alloc(n + 1);
    if (percent) {
        n = undo_percent(s, n, bytes, p.from);
    } else {
        for (size_t i = 0; i <= n; i++)
            p.from[i] = (uint32_t)i;
        memcpy(bytes, s, n);
    }
    for (size_t at = 0; at < n;) {
        ucs4_t point;
        size_t began = at;
        at += (size_t)u8_mbtouc(&point, (const uint8_t *)bytes + at, n - at);
        char c = plain_char(point);
        if (c == '\0')
            continue;
        p.c[p.n] = c;
        p.from[p.n++] = p.from[began];
    }
    p.from[p.n] = p.from[n];
    free(bytes);
    return p;
}

static void plain_clear(struct plain *p)
{
    free(p->c);
    free(p->from);
}

/* How far people's habits are followed, from the printed form to the one dictated over the phone. */
enum habit {
    AS_PRINTED,   /* dots inside the agency id, dashes around the date; blanks beside both */
    OTHER_DASHES, /* any blank or sign where the dashes belong */
    NO_DOTS,      /* blanks inside the agency id too, where its three groups leave no doubt */
    BROKEN_LINES, /* a line end inside the date or the serial */
};

struct reader {
    const char *c;
    size_t n, at;
    enum habit habit;
    char norm[DOSSIER_CODE_MAX + 16];
    size_t len;
};

static char at(const struct reader *r, size_t i)
{
    return i < r->n ? r->c[i] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void keep(struct reader *r, char c)
{
    if (r->len < sizeof r->norm - 1)
        r->norm[r->len++] = c;
}

/* Takes the whole run of digits when it is min…max long. */
static bool take_number(struct reader *r, unsigned min, unsigned max)
{
    unsigned count = 0;
    size_t i = r->at;
    for (;; i++) {
        if (is_digit(at(r, i))) {
            if (++count > max)
                return false;
            keep(r, at(r, i));
        } else if (r->habit != BROKEN_LINES || at(r, i) != '\n' || count == 0 || count >= min) {
            break;
        }
    }
    r->at = i;
    return count >= min;
}

static bool take_letter_group(struct reader *r)
{
    char letter = at(r, r->at);
    if (letter < 'A' || letter > 'Y' || !is_digit(at(r, r->at + 1)) || !is_digit(at(r, r->at + 2)) ||
        is_digit(at(r, r->at + 3)))
        return false;
    for (int i = 0; i < 3; i++)
        keep(r, at(r, r->at++));
    return true;
}

/* Passes a run of blanks with at most one of `signs` in it; without a sign only where `bare` allows it. */
static bool take_separator(struct reader *r, const char *signs, bool bare, char as)
{
    size_t i = r->at;
    bool sign = false;
    for (; i < r->at + SEPARATOR_RUN; i++) {
        char c = at(r, i);
        if (c == ' ' || c == '\n')
            continue;
        if (sign || c == '\0' || strchr(signs, c) == NULL)
            break;
        sign = true;
    }
    if (i == r->at || (!sign && !bare))
        return false;
    r->at = i;
    keep(r, as);
    return true;
}

static bool take_dot(struct reader *r)
{
    return take_separator(r, ".", r->habit >= NO_DOTS, '.');
}

static bool take_dash(struct reader *r)
{
    bool strict = r->habit == AS_PRINTED;
    return take_separator(r, strict ? "-" : "-._/", !strict, '-');
}

/* Level 1 first: `H27`, `H27.01.02`, `H15.50.05.13`. The date is a longer number, so it is never swallowed.
 */
static bool take_new_order(struct reader *r)
{
    if (!take_letter_group(r))
        return false;
    for (int i = 1; i < GROUPS_MAX; i++) {
        struct reader before = *r;
        if (!take_dot(r) || !take_number(r, 1, 3)) {
            *r = before;
            break;
        }
    }
    return true;
}

/* Level 1 last: `000.00.00.H06`, `38.98.H29`, `98.H29`. The first of three groups has three digits. */
static bool take_old_order(struct reader *r)
{
    unsigned groups = 0, first = 0;
    size_t start = r->len;
    while (groups < 3 && is_digit(at(r, r->at))) {
        if (!take_number(r, 2, 3))
            return false;
        if (groups++ == 0)
            first = (unsigned)(r->len - start);
        if (!take_dot(r))
            return false;
    }
    /* Dictated without dots, a shorter id could be any number that happens to stand before. */
    if (groups == 0 || (groups == 3 && first != 3) || (r->habit >= NO_DOTS && groups != 3))
        return false;
    return take_letter_group(r);
}

/* Reads one code at r->at. On success r->at is past it and r->norm holds it. */
static bool take_code(struct reader *r)
{
    if (is_digit(at(r, r->at)) ? !take_old_order(r) : !take_new_order(r))
        return false;
    return take_dash(r) && take_number(r, 6, 6) && take_dash(r) && take_number(r, SERIAL_MIN, SERIAL_MAX);
}

static int two_digits(const char *s)
{
    return (s[0] - '0') * 10 + s[1] - '0';
}

/* `norm` has the right shape: takes it apart and judges the date. */
static const char *fill(const char *norm, int64_t today_ms, struct dossier_code *out)
{
    if (strlen(norm) >= DOSSIER_CODE_MAX)
        return "too_long";
    const char *dash = strchr(norm, '-');
    size_t agency = (size_t)(dash - norm);
    text_copy(out->norm, sizeof out->norm, norm);
    memcpy(out->agency, norm, agency);
    out->agency[agency] = '\0';
    const char *letter = out->agency + strcspn(out->agency, "ABCDEFGHIJKLMNOPQRSTUVWXY");
    memcpy(out->level1, letter, 3);
    out->level1[3] = '\0';
    out->year = 2000 + two_digits(dash + 1);
    out->month = two_digits(dash + 3);
    out->day = two_digits(dash + 5);
    text_copy(out->serial, sizeof out->serial, dash + 8);
    if (!date_is_real(out->year, out->month, out->day))
        return "date";
    int64_t day = local_from_ms(local_to_ms(out->year, out->month, out->day, 0, 0, 0)).day_number;
    return day > local_from_ms(today_ms).day_number + 1 ? "future" : NULL;
}

static void keep_received(const char *s, size_t n, struct dossier_code *out)
{
    if (n < sizeof out->received) {
        memcpy(out->received, s, n);
        out->received[n] = '\0';
    } else { /* a link that codes every byte, or a page of blanks: the key says the same */
        text_copy(out->received, sizeof out->received, out->norm);
    }
}

static bool is_wrapping(char c)
{
    return c == ' ' || c == '\n' || c == '.' || c == '"' || c == '\'' || c == '#' || c == '?';
}

static const char *parse(const char *s, size_t len, int64_t today_ms, struct dossier_code *out)
{
    if (len >= sizeof out->received)
        return "too_long";
    struct plain p = plain_text(s, len, false);
    size_t first = 0, end = p.n;
    while (first < end && is_wrapping(p.c[first]))
        first++;
    while (end > first && is_wrapping(p.c[end - 1]))
        end--;
    size_t n = first;
    for (size_t i = first; i < end; i++) /* inner blanks count for nothing */
        if (p.c[i] != ' ' && p.c[i] != '\n')
            p.c[n++] = p.c[i];
    struct reader r = { .c = p.c, .n = n, .at = first, .habit = AS_PRINTED };
    const char *why = take_code(&r) && r.at == n ? fill(r.norm, today_ms, out) : "shape";
    if (why == NULL)
        keep_received(s + p.from[first], p.from[end] - p.from[first], out);
    plain_clear(&p);
    return why;
}

enum loa_status dossier_code_parse(const char *s, size_t len, int64_t today_ms, struct dossier_code *out,
                                   const char **why)
{
    struct dossier_code code = { 0 };
    const char *wrong = parse(s, len, today_ms, &code);
    if (why != NULL)
        *why = wrong;
    if (wrong == NULL)
        *out = code;
    return wrong == NULL ? LOA_OK : LOA_INVALID;
}

/*
 * A code starts at a whole group of digits, or at its letter, which may stick to a word before it; but not in
 * the middle of a dotted chain, where it would be the tail of a code with a fault. "1." only counts a list.
 */
static bool may_start(const struct plain *p, size_t i)
{
    bool digit = is_digit(p->c[i]);
    if ((!digit && (p->c[i] < 'A' || p->c[i] > 'Y')) || (digit && i > 0 && is_digit(p->c[i - 1])))
        return false;
    return i < 3 || p->c[i - 1] != '.' || !is_digit(p->c[i - 2]) || !is_digit(p->c[i - 3]);
}

struct finding {
    const struct plain *p;
    const char *text;
    int64_t today_ms;
    struct dossier_code best;
};

static void try_at(struct finding *f, size_t i, enum habit habit)
{
    struct reader r = { .c = f->p->c, .n = f->p->n, .at = i, .habit = habit };
    struct dossier_code code = { 0 };
    if (!take_code(&r) || fill(r.norm, f->today_ms, &code) != NULL ||
        strlen(code.norm) <= strlen(f->best.norm))
        return;
    keep_received(f->text + f->p->from[i], f->p->from[r.at] - f->p->from[i], &code);
    f->best = code;
}

static void find(struct finding *f, enum habit first, enum habit last)
{
    for (size_t i = 0; i < f->p->n; i++)
        for (enum habit h = first; may_start(f->p, i) && h <= last; h++)
            try_at(f, i, h);
}

static bool find_written(const char *text, size_t len, int64_t today_ms, struct dossier_code *out)
{
    struct plain p = plain_text(text, len, true);
    struct finding f = { .p = &p, .text = text, .today_ms = today_ms };
    find(&f, AS_PRINTED, NO_DOTS);
    if (f.best.norm[0] == '\0')
        find(&f, BROKEN_LINES, BROKEN_LINES);
    plain_clear(&p);
    *out = f.best;
    return out->norm[0] != '\0';
}

static bool find_spoken(const char *text, size_t len, int64_t today_ms, struct dossier_code *out)
{
    struct buf said = BUF_INIT(TEXT_MAX_BYTES);
    dossier_speech(text, len, &said);
    bool found = find_written(buf_cstr(&said), said.len, today_ms, out);
    if (found) /* what was heard, not what was rewritten */
        text_copy(out->received, sizeof out->received, out->norm);
    buf_clear(&said);
    return found;
}

bool dossier_code_find(const char *text, size_t len, int64_t today_ms, struct dossier_code *out)
{
    struct dossier_code code = { 0 };
    len = len < TEXT_MAX_BYTES ? len : TEXT_MAX_BYTES;
    if (!find_written(text, len, today_ms, &code) && !find_spoken(text, len, today_ms, &code))
        return false;
    *out = code;
    return true;
}

/* ---- nearly a code ---- */

static unsigned run_of_digits(struct reader *r)
{
    unsigned n = 0;
    for (; is_digit(at(r, r->at)); r->at++)
        n++;
    return n;
}

/* What is wrong with what looks like a code at `i`; NULL: it does not look like one. */
static const char *fault_at(const struct plain *p, size_t i, int64_t today_ms)
{
    struct reader r = { .c = p->c, .n = p->n, .at = i, .habit = OTHER_DASHES };
    struct dossier_code code;
    if (is_digit(p->c[i]) ? !take_old_order(&r) : !take_new_order(&r))
        return NULL;
    if (!take_dash(&r))
        return NULL;
    size_t date = r.at;
    unsigned digits = run_of_digits(&r);
    if (digits < 4)
        return NULL;
    if (digits != 6)
        return "date_digits";
    for (size_t k = date; k < r.at; k++)
        keep(&r, p->c[k]);
    if (!take_dash(&r) || !is_digit(at(&r, r.at)))
        return "no_serial";
    unsigned serial = run_of_digits(&r);
    if (serial < SERIAL_MIN || serial > SERIAL_MAX)
        return "serial_digits";
    return fill(r.norm, today_ms, &code);
}

const char *dossier_code_fault(const char *text, size_t len, int64_t today_ms)
{
    struct plain p = plain_text(text, len < TEXT_MAX_BYTES ? len : TEXT_MAX_BYTES, true);
    const char *why = NULL;
    for (size_t i = 0; i < p.n && why == NULL; i++)
        if (may_start(&p, i))
            why = fault_at(&p, i, today_ms);
    plain_clear(&p);
    return why;
}

/* Follows `form`, where 9 is any digit, 1 a digit but 0, A a letter A-Y; returns what comes after, or NULL.
 */
static const char *follow(const char *s, const char *form)
{
    for (; *form != '\0'; form++, s++) {
        bool ok = *form == '9'   ? is_digit(*s)
                  : *form == '1' ? is_digit(*s) && *s != '0'
                  : *form == 'A' ? *s >= 'A' && *s <= 'Y'
                                 : *s == *form;
        if (!ok)
            return NULL;
    }
    return s;
}

bool procedure_code_valid(const char *s)
{
    s = s != NULL ? follow(s, "1.999999") : NULL;
    if (s != NULL && *s != '\0') /* the agency that published it */
        s = follow(s, ".999.99.99.A99");
    if (s != NULL && *s != '\0') /* a service within the procedure */
        s = follow(s, ".99");
    return s != NULL && *s == '\0';
}
