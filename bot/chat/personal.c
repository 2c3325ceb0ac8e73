#include "loa/personal.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

#define NUMBER_MIN      9  /* digits; hotlines have eight */
#define CODE_DIGITS_MIN 11 /* of a dossier code after its letter: level 1, date, serial */
#define SEPARATORS_MAX  3
#define SHOWN_LETTERS   12

/* What stands in the place of a masked one, and how a fault calls it. */
static const struct {
    const char *word, *mask, *name_vi;
} kinds[PERSONAL_KIND_COUNT] = {
    [PERSONAL_PHONE] = { "phone", "[số điện thoại]", "số điện thoại" },
    [PERSONAL_PAPER] = { "paper", "[số giấy tờ]", "số giấy tờ" },
    [PERSONAL_CODE] = { "code", "[mã hồ sơ]", "mã hồ sơ" },
    [PERSONAL_EMAIL] = { "email", "[thư điện tử]", "địa chỉ thư điện tử" },
    [PERSONAL_NUMBER] = { "number", "[dãy số]", "dãy số dài" },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A part of the text, walked over letter by letter. */
struct view {
    const char *s;
    size_t n;
};

static char at(const struct view *v, size_t i)
{
    return i < v->n ? v->s[i] : '\0';
}

/* Bytes of the space, dot or dash that starts here; 0 none. Dashes of print and fixed spaces too. */
static size_t separator(const struct view *v, size_t i)
{
    char c = at(v, i);
    if (c == ' ' || c == '.' || c == '-')
        return 1;
    if (c == '\xc2' && at(v, i + 1) == '\xa0')
        return 2;
    if (c == '\xe2' && at(v, i + 1) == '\x80' && at(v, i + 2) >= '\x90' && at(v, i + 2) <= '\x95')
        return 3;
    return 0;
}

/* Passes over up to `max` separators; i itself when no digit follows them. */
static size_t to_next_group(const struct view *v, size_t i, unsigned max)
{
    size_t from = i, n;
    for (unsigned k = 0; k < max && (n = separator(v, i)) > 0; k++)
        i += n;
    return is_digit(at(v, i)) ? i : from;
}

struct run { /* digits with separators between */
    size_t end;
    unsigned digits, first_group;
    bool money; /* 1.500.000 */
};

/* A number that does not begin like a phone number keeps to one sign between its groups: what follows after
 * another one is another number. */
static struct run digits_run(const struct view *v, size_t i, bool sloppy)
{
    struct run r = { .end = i, .money = at(v, i) != '0' };
    char sign = '\0';
    for (;;) {
        unsigned group = 0;
        for (; is_digit(at(v, i)); i++)
            group++;
        r.digits += group;
        r.end = i;
        if (r.first_group == 0)
            r.first_group = group;
        else if (group != 3 || sign != '.')
            r.money = false;
        size_t next = to_next_group(v, i, sloppy ? SEPARATORS_MAX : 1);
        if (next == i || (!sloppy && sign != '\0' && sign != at(v, i)))
            break;
        sign = at(v, i);
        i = next;
    }
    r.money = r.money && sign == '.' && r.first_group <= 3;
    return r;
}

static enum personal_kind kind_of_digits(const struct view *v, size_t i, unsigned digits)
{
    bool abroad = at(v, i) == '+' || (at(v, i) == '8' && at(v, i + 1) == '4');
    if ((at(v, i) == '0' && (digits == 10 || digits == 11)) || (abroad && digits >= 10 && digits <= 13))
        return PERSONAL_PHONE;
    return digits == 12 || digits == 9 ? PERSONAL_PAPER : PERSONAL_NUMBER;
}

/* False: `*end` is where the number that is nobody's ends, `i` when there is none. */
static bool number_at(const struct view *v, size_t i, struct personal_span *out, size_t *end)
{
    size_t first = at(v, i) == '+' ? i + 1 : i;
    *end = i;
    if (!is_digit(at(v, first)))
        return false;
    bool phone_like = first > i || at(v, i) == '0' || (at(v, i) == '8' && at(v, i + 1) == '4');
    struct run r = digits_run(v, first, phone_like);
    *end = r.end;
    if (r.digits < NUMBER_MIN || r.money)
        return false;
    *out = (struct personal_span){ kind_of_digits(v, i, r.digits), i, r.end - i };
    return true;
}

/* "H27-261123-0001", with what stands before its letter ("000.00.00.") found by the caller; "B1234567". */
static bool lettered_at(const struct view *v, size_t i, struct personal_span *out)
{
    bool begins = i == 0 || (!is_letter(v->s[i - 1]) && !((unsigned char)v->s[i - 1] & 0x80));
    if (!begins || !is_letter(at(v, i)) || !is_digit(at(v, i + 1)) || !is_digit(at(v, i + 2)))
        return false;
    struct run r = digits_run(v, i + 1, true);
    *out = (struct personal_span){ PERSONAL_CODE, i, r.end - i };
    if (r.digits >= CODE_DIGITS_MIN)
        return true;
    out->kind = PERSONAL_PAPER;
    return (r.digits == 7 || r.digits == 8) && r.first_group == r.digits;
}

/* "000.00.00.H27-…": the levels before the letter belong to the code. */
static bool levels_at(const struct view *v, size_t i, struct personal_span *out)
{
    size_t k = i;
    while (is_digit(at(v, k)) || at(v, k) == '.')
        k++;
    if (k == i || (i > 0 && is_digit(v->s[i - 1])) || !lettered_at(v, k, out) || out->kind != PERSONAL_CODE)
        return false;
    *out = (struct personal_span){ PERSONAL_CODE, i, k + out->len - i };
    return true;
}

static bool in_mail(char c)
{
    return is_digit(c) || is_letter(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%';
}

/* The first address with its @ at or after `from`. */
static bool mail_after(const struct view *v, size_t from, struct personal_span *out)
{
    for (size_t i = from; i < v->n; i++) {
        if (v->s[i] != '@')
            continue;
        size_t a = i, b = i + 1, dot = 0;
        while (a > from && in_mail(v->s[a - 1]))
            a--;
        for (; in_mail(at(v, b)); b++)
            dot = at(v, b) == '.' && is_letter(at(v, b + 1)) ? b : dot;
        if (a == i || dot == 0)
            continue;
        while (b > i && at(v, b - 1) == '.')
            b--;
        *out = (struct personal_span){ PERSONAL_EMAIL, a, b - a };
        return true;
    }
    return false;
}

bool personal_find(const char *s, size_t n, size_t from, struct personal_span *out)
{
    const struct view v = { s, n };
    struct personal_span mail;
    bool has_mail = mail_after(&v, from, &mail);
    for (size_t i = from, end; i<n; i = end> i ? end : i + 1) {
        if (has_mail && i >= mail.at) {
            *out = mail;
            return true;
        }
        if (levels_at(&v, i, out) || lettered_at(&v, i, out) || number_at(&v, i, out, &end))
            return true;
    }
    return false;
}

void personal_mask(struct buf *out, const char *s, size_t n)
{
    struct personal_span p;
    size_t from = 0;
    while (personal_find(s, n, from, &p)) {
        buf_add(out, s + from, p.at - from);
        buf_str(out, kinds[p.kind].mask);
        from = p.at + p.len;
    }
    buf_add(out, s + from, n - from);
}

static void add_fault(const char *s, const struct personal_span *p, const char *pointer, struct errors *err)
{
    struct buf vi = BUF_INIT(512), shown = BUF_INIT(128);
    size_t letter = text_length(s, p->at) + 1;
    text_truncate(&shown, s + p->at, p->len, SHOWN_LETTERS / 2);
    buf_printf(&vi, "Có %s ở chữ thứ %zu (%s). Hãy bỏ đi trước khi công khai.", kinds[p->kind].name_vi,
               letter, buf_cstr(&shown));
    errors_addf(err, pointer, "personal_data", buf_cstr(&vi), "%s at letter %zu", kinds[p->kind].word,
                letter);
    buf_clear(&vi);
    buf_clear(&shown);
}

unsigned personal_check(const char *s, const char *pointer, struct errors *err)
{
    struct personal_span p;
    unsigned found = 0;
    size_t n = strlen(s), from = 0;
    for (; personal_find(s, n, from, &p); from = p.at + p.len, found++)
        add_fault(s, &p, pointer, err);
    return found;
}
