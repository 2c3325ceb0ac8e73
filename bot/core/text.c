#include "loa/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unigbrk.h>
#include <uninorm.h>
#include <unistr.h>

bool text_is_utf8(const char *s, size_t n)
{
    return n == 0 || (memchr(s, '\0', n) == NULL && u8_check((const uint8_t *)s, n) == NULL);
}

/* The code point at *at, which moves past it; U+FFFD for bytes that are not UTF-8. */
static ucs4_t next_point(const char *s, size_t n, size_t *at)
{
    ucs4_t point;
    *at += (size_t)u8_mbtouc(&point, (const uint8_t *)s + *at, n - *at);
    return point;
}

static void add_point(struct buf *out, ucs4_t point)
{
    uint8_t bytes[6];
    int n = u8_uctomb(bytes, point, sizeof bytes);
    if (n > 0)
        buf_add(out, bytes, (size_t)n);
}

/* How long the character at `s` is when it can stand in no other form: ASCII, Latin letters with their marks
 * in them (U+0080-02FF, U+1E00-1EFF), the usual signs (U+2010-2027, U+20AB). 0: anything else. */
static size_t settled(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return 1;
    if (n >= 2 && s[0] >= 0xc2 && s[0] <= 0xcb && (s[1] & 0xc0) == 0x80)
        return 2;
    if (n < 3 || (s[2] & 0xc0) != 0x80)
        return 0;
    bool letter = s[0] == 0xe1 && s[1] >= 0xb8 && s[1] <= 0xbb;
    bool sign =
        s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0x90 && s[2] <= 0xa7) || (s[1] == 0x82 && s[2] == 0xab));
    return letter || sign ? 3 : 0;
}

/* Nearly everything that comes in is; finding out is twenty times faster than normalising. */
static bool is_settled(const char *s, size_t n)
{
    size_t step;
    for (size_t at = 0; at < n; at += step)
        if ((step = settled((const unsigned char *)s + at, n - at)) == 0)
            return false;
    return true;
}

void text_nfc(struct buf *out, const char *s, size_t n)
{
    if (is_settled(s, n)) {
        buf_add(out, s, n);
        return;
    }
    if (u8_check((const uint8_t *)s, n) != NULL) {
        struct buf whole = BUF_INIT(3 * n); /* a wrong byte becomes three */
        for (size_t at = 0; at < n;)
            add_point(&whole, next_point(s, n, &at));
        text_nfc(out, buf_cstr(&whole), whole.len);
        buf_clear(&whole);
        return;
    }
    size_t len = 0;
    uint8_t *nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)s, n, NULL, &len);
    buf_add(out, nfc, len);
    free(nfc);
}

static bool is_blank_point(ucs4_t c)
{
    return c == ' ' || c == '\t' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

static bool is_line_point(ucs4_t c)
{
    return c == '\n' || c == '\v' || c == '\f' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/* Takes no room, or changes the direction of its neighbours: invisible to a reader, useful only to a forger.
 */
static bool is_hidden_point(ucs4_t c)
{
    return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static bool is_control_point(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

void text_clean(struct buf *out, const char *s, size_t n, bool keep_newline)
{
    for (size_t at = 0; at < n;) {
        ucs4_t c = next_point(s, n, &at);
        if (is_line_point(c)) {
            if (c == '\r' && at < n && s[at] == '\n')
                at++;
            buf_char(out, keep_newline ? '\n' : ' ');
        } else if (is_blank_point(c)) {
            buf_char(out, ' ');
        } else if (!is_control_point(c) && !is_hidden_point(c)) {
            add_point(out, c);
        }
    }
}

size_t text_length(const char *s, size_t n)
{
    size_t points = 0;
    for (size_t at = 0; at < n; points++)
        next_point(s, n, &at);
    return points;
}

void text_truncate(struct buf *out, const char *s, size_t n, size_t max)
{
    if (text_length(s, n) <= max) {
        buf_add(out, s, n);
        return;
    }
    if (max == 0)
        return;
    const uint8_t *p = (const uint8_t *)s, *end = p + n, *next;
    for (size_t room = max - 1; (next = u8_grapheme_next(p, end)) != NULL; p = next) {
        size_t points = text_length((const char *)p, (size_t)(next - p));
        if (points > room)
            break;
        room -= points;
    }
    size_t keep = (size_t)(p - (const uint8_t *)s);
    while (keep > 0 && s[keep - 1] == ' ')
        keep--;
    buf_add(out, s, keep);
    buf_str(out, "…");
}

void text_copy(char *out, size_t out_size, const char *s)
{
    size_t n = strlen(s);
    if (n >= out_size) {
        n = out_size - 1;
        while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(out, s, n);
    out[n] = '\0';
}

/* Signs and letters that Unicode does not take apart, by rising code point. */
static const struct {
    ucs4_t point;
    const char *ascii;
} neighbours[] = {
    { '`', "'" },     { 0xab, "\"" },   { 0xb0, "o" },    { 0xb1, "+/-" }, { 0xb4, "'" },    { 0xb7, "-" },
    { 0xbb, "\"" },   { 0xc6, "AE" },   { 0xd0, "D" },    { 0xd7, "x" },   { 0xd8, "O" },    { 0xdf, "ss" },
    { 0xe6, "ae" },   { 0xf0, "d" },    { 0xf7, "/" },    { 0xf8, "o" },   { 0x110, "D" },   { 0x111, "d" },
    { 0x131, "i" },   { 0x141, "L" },   { 0x142, "l" },   { 0x152, "OE" }, { 0x153, "oe" },  { 0x189, "D" },
    { 0x2bc, "'" },   { 0x2010, "-" },  { 0x2011, "-" },  { 0x2012, "-" }, { 0x2013, "-" },  { 0x2014, "-" },
    { 0x2015, "-" },  { 0x2018, "'" },  { 0x2019, "'" },  { 0x201a, "'" }, { 0x201b, "'" },  { 0x201c, "\"" },
    { 0x201d, "\"" }, { 0x201e, "\"" }, { 0x201f, "\"" }, { 0x2022, "-" }, { 0x2023, "-" },  { 0x2032, "'" },
    { 0x2033, "\"" }, { 0x2039, "'" },  { 0x203a, "'" },  { 0x2043, "-" }, { 0x2044, "/" },  { 0x20ab, "d" },
    { 0x2192, "->" }, { 0x21d2, "=>" }, { 0x2212, "-" },  { 0x2215, "/" }, { 0x2260, "!=" }, { 0x2264, "<=" },
    { 0x2265, ">=" }, { 0x25aa, "-" },  { 0x25cf, "-" },  { 0x25e6, "-" },
};

static const char *ascii_neighbour(ucs4_t c)
{
    size_t low = 0, high = sizeof neighbours / sizeof neighbours[0];
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (neighbours[mid].point == c)
            return neighbours[mid].ascii;
        if (neighbours[mid].point < c)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/*
 * Marks are dropped wherever they stand, so their order, the one thing normalising cares about, does not
 * matter: taking each point apart by itself gives the same letters without a copy of the text.
 */
static void add_stripped(struct buf *out, ucs4_t c)
{
    const char *ascii = ascii_neighbour(c);
    if (ascii != NULL) {
        buf_str(out, ascii);
        return;
    }
    if (c < 0x80) {
        buf_char(out, (char)c);
        return;
    }
    if (is_blank_point(c)) {
        buf_char(out, ' ');
        return;
    }
    if (is_hidden_point(c) || uc_combining_class(c) != 0)
        return;
    ucs4_t part[UC_DECOMPOSITION_MAX_LENGTH];
    int tag, n = uc_decomposition(c, &tag, part);
    if (n <= 0)
        add_point(out, c);
    for (int i = 0; i < n; i++)
        add_stripped(out, part[i]);
}

void text_strip_marks(struct buf *out, const char *s, size_t n)
{
    for (size_t at = 0; at < n;)
        add_stripped(out, next_point(s, n, &at));
}

void text_lower(struct buf *out, const char *s, size_t n)
{
    for (size_t at = 0; at < n;) {
        if (s[at] >= 0 && s[at] < 0x7f) { /* ASCII: no need to ask the tables */
            char c = s[at++];
            buf_char(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        } else {
            add_point(out, uc_tolower(next_point(s, n, &at)));
        }
    }
}

struct folding {
    struct buf *out;
    bool gap, started; /* a blank came; a letter came */
};

/* Takes the stripped form of one point; a lone accent is a blank with a mark, so blanks may lead it. */
static void fold_add(struct folding *f, const char *s, size_t n)
{
    size_t blanks = 0;
    while (blanks < n && s[blanks] == ' ')
        blanks++;
    f->gap = f->gap || blanks > 0;
    if (n == blanks)
        return;
    if (f->gap && f->started)
        buf_char(f->out, ' ');
    text_lower(f->out, s + blanks, n - blanks);
    f->gap = false;
    f->started = true;
}

void text_fold(struct buf *out, const char *s, size_t n)
{
    struct folding f = { .out = out };
    struct buf point = BUF_INIT(4 * UC_DECOMPOSITION_MAX_LENGTH); /* what one point becomes at most */
    for (size_t at = 0; at < n;) {
        size_t plain = 0; /* a run of what stripping leaves alone */
        while (at + plain < n && s[at + plain] > ' ' && s[at + plain] < 0x7f && s[at + plain] != '`')
            plain++;
        fold_add(&f, s + at, plain);
        at += plain;
        if (at == n)
            break;
        ucs4_t c = next_point(s, n, &at);
        buf_reset(&point);
        if (is_line_point(c) || c == '\t')
            buf_char(&point, ' ');
        else if (!is_control_point(c))
            add_stripped(&point, c);
        fold_add(&f, buf_cstr(&point), point.len);
    }
    buf_clear(&point);
}

/* Writes the first letter of a word with all its marks. */
static void add_initial(struct buf *out, const char *word, size_t n)
{
    const uint8_t *p = (const uint8_t *)word, *next = u8_grapheme_next(p, p + n);
    if (next != NULL)
        buf_add(out, word, (size_t)(next - p));
}

void text_mask_name(struct buf *out, const char *s, size_t n)
{
    struct buf name = BUF_INIT(3 * n), clean = BUF_INIT(9 * n);
    text_clean(&name, s, n, false);
    text_nfc(&clean, buf_cstr(&name), name.len);
    bool first = true;
    for (const char *p = buf_cstr(&clean); *(p += strspn(p, " ")) != '\0'; first = false) {
        size_t word = strcspn(p, " ");
        bool last = p[word + strspn(p + word, " ")] == '\0';
        if (!first)
            buf_char(out, ' ');
        if (first && !last)
            buf_add(out, p, word);
        else
            add_initial(out, p, word);
        if (last)
            buf_str(out, "***");
        else if (!first)
            buf_char(out, '.');
        p += word;
    }
    buf_clear(&name);
    buf_clear(&clean);
}

void text_money_vnd(struct buf *out, int64_t vnd)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, vnd < 0 ? -(uint64_t)vnd : (uint64_t)vnd);
    if (vnd < 0)
        buf_char(out, '-');
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            buf_char(out, '.');
        buf_char(out, digits[i]);
    }
    buf_str(out, " đồng");
}

static void add_word(struct buf *out, const char *word)
{
    buf_str(out, word);
    buf_char(out, ' ');
}

/* 0 … 999. `inside`: a bigger group came before, so the hundreds are said even when there are none. */
static void add_hundreds(struct buf *out, unsigned n, bool inside)
{
    static const char *const digit[] = { "không", "một", "hai", "ba",  "bốn",
                                         "năm",   "sáu", "bảy", "tám", "chín" };
    unsigned hundred = n / 100, ten = n / 10 % 10, one = n % 10;
    bool said = hundred > 0 || inside;
    if (said) {
        add_word(out, digit[hundred]);
        add_word(out, "trăm");
    }
    if (ten == 0 && one > 0 && said)
        add_word(out, "linh");
    if (ten == 1)
        add_word(out, "mười");
    if (ten > 1) {
        add_word(out, digit[ten]);
        add_word(out, "mươi");
    }
    if (one == 1 && ten > 1)
        add_word(out, "mốt");
    else if (one == 4 && ten > 1)
        add_word(out, "tư");
    else if (one == 5 && ten > 0)
        add_word(out, "lăm");
    else if (one > 0)
        add_word(out, digit[one]);
}

void text_money_words(struct buf *out, int64_t vnd)
{
    static const struct {
        int64_t unit;
        const char *const word,
            *const alone; /* `alone`: the unit's own word when nothing smaller carries it */
    } groups[] = {
        { 1000000000000, "nghìn", "tỷ" },
        { 1000000000, "tỷ", NULL },
        { 1000000, "triệu", NULL },
        { 1000, "nghìn", NULL },
        { 1, "", NULL },
    };
    if (vnd >= TEXT_MONEY_WORDS_MAX || vnd <= -TEXT_MONEY_WORDS_MAX) {
        text_money_vnd(out, vnd);
        return;
    }
    if (vnd < 0)
        add_word(out, "âm");
    int64_t rest = vnd < 0 ? -vnd : vnd;
    if (rest == 0)
        add_word(out, "không");
    bool inside = false;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        unsigned n = (unsigned)(rest / groups[i].unit);
        rest %= groups[i].unit;
        if (n == 0)
            continue;
        add_hundreds(out, n, inside);
        inside = true;
        if (groups[i].word[0] != '\0')
            add_word(out, groups[i].word);
        if (groups[i].alone != NULL && rest / groups[i + 1].unit == 0)
            add_word(out, groups[i].alone);
    }
    buf_str(out, "đồng");
}
