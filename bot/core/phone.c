#include "loa/phone.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#define DIGITS_MAX 20

/* The migration of 2018: an 11-digit mobile number kept its last seven digits and changed what stands before.
 */
static const struct {
    char before[4], after[3];
} migration[] = {
    { "162", "32" }, { "163", "33" }, { "164", "34" }, { "165", "35" }, { "166", "36" }, { "167", "37" },
    { "168", "38" }, { "169", "39" }, { "120", "70" }, { "121", "79" }, { "122", "77" }, { "126", "76" },
    { "128", "78" }, { "123", "83" }, { "124", "84" }, { "125", "85" }, { "127", "81" }, { "129", "82" },
    { "186", "56" }, { "188", "58" }, { "199", "59" },
};

/* What people put between digits, by rising code point ranges. */
static bool is_filler(ucs4_t c)
{
    return c == ' ' || c == '\t' || c == '.' || c == '-' || c == '(' || c == ')' || c == '/' || c == 0xa0 ||
           (c >= 0x2000 && c <= 0x2015) || c == 0x202f || c == 0x2060 || c == 0x2212 || c == 0x3000 ||
           c == 0xfeff || c == 0xff08 || c == 0xff09 || c == 0xff0d || c == 0xff0e;
}

/* Leaves only the digits; false when there is anything a phone number does not have. */
static bool gather(const char *s, char digits[DIGITS_MAX + 1], bool *plus)
{
    size_t n = 0, left = strlen(s);
    const uint8_t *p = (const uint8_t *)s;
    *plus = false;
    while (left > 0) {
        ucs4_t c;
        int step = u8_mbtouc(&c, p, left);
        p += step;
        left -= (size_t)step;
        if (c >= 0xff10 && c <= 0xff19)
            c = c - 0xff10 + '0';
        if (c >= '0' && c <= '9') {
            if (n == DIGITS_MAX)
                return false;
            digits[n++] = (char)c;
        } else if ((c == '+' || c == 0xff0b) && n == 0 && !*plus) {
            *plus = true;
        } else if (!is_filler(c)) {
            return false;
        }
    }
    digits[n] = '\0';
    return true;
}

static bool starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static bool is_service(const char *n)
{
    return (starts(n, "1800") || starts(n, "1900")) && strlen(n) >= 8 && strlen(n) <= 10;
}

/* The number as dialled inside the country, without the leading 0; NULL for another country's. */
static const char *national(const char *digits, bool plus)
{
    bool foreign_form = plus;
    if (!plus && starts(digits, "00")) {
        foreign_form = true;
        digits += 2;
    }
    if (foreign_form && !starts(digits, "84"))
        return NULL;
    if (starts(digits, "84")) /* never a national form: those begin with 0, 18 or 19 */
        digits += 2;
    else if (is_service(digits))
        return digits;
    else if (digits[0] != '0')
        return NULL;
    return digits[0] == '0' ? digits + 1 : digits; /* +84 (0)91… */
}

static bool migrate(const char *n, char out[DIGITS_MAX + 1])
{
    for (size_t i = 0; i < sizeof migration / sizeof migration[0]; i++)
        if (strlen(n) == 10 && starts(n, migration[i].before)) {
            snprintf(out, DIGITS_MAX + 1, "%s%s", migration[i].after, n + 3);
            return true;
        }
    return false;
}

/* Length and first digit decide; which operator holds which prefix changes too often to refuse by it. */
static enum phone_kind kind_of(const char *n)
{
    size_t len = strlen(n);
    if (len == 9 && strchr("35789", n[0]) != NULL)
        return PHONE_MOBILE;
    if (is_service(n))
        return PHONE_SERVICE;
    if (len == 10 && n[0] == '2')
        return PHONE_LANDLINE;
    if ((starts(n, "69") || starts(n, "80")) && len >= 7 && len <= 9) /* ministries */
        return PHONE_LANDLINE;
    return PHONE_BAD;
}

struct phone phone_parse(const char *s)
{
    struct phone p = { .kind = PHONE_BAD };
    char digits[DIGITS_MAX + 1] = "", today[DIGITS_MAX + 1];
    bool plus;
    const char *n = s != NULL && gather(s, digits, &plus) ? national(digits, plus) : NULL;
    if (n == NULL)
        return p;
    if (migrate(n, today)) {
        p.migrated = true;
        n = today;
    }
    p.kind = kind_of(n);
    if (p.kind != PHONE_BAD)
        snprintf(p.e164, sizeof p.e164, "84%.13s", n);
    return p;
}

void phone_national(const char *e164, char out[16])
{
    const char *n = starts(e164, "84") ? e164 + 2 : e164;
    bool trunk = n != e164 && !is_service(n);
    snprintf(out, 16, "%s%.14s", trunk ? "0" : "", n);
}

void phone_mask(const char *e164, char out[24])
{
    size_t n = strlen(e164);
    if (starts(e164, "84") && n >= 10)
        snprintf(out, 24, "+84*****%s", e164 + n - 3);
    else
        snprintf(out, 24, "*****");
}
