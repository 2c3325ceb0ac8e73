#include "loa/case_number.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DIGITS_MAX     13 /* year, nine of serial, check digit, and room */
#define DIGITS_MIN     7
#define SEPARATORS_MAX 3

static const char *const kinds[] = { "PA", "HD" };
#define KINDS (sizeof kinds / sizeof kinds[0])

/* Damm's quasigroup of order 10. */
static unsigned damm(unsigned so_far, unsigned digit)
{
    static const unsigned char table[10][10] = {
        { 0, 3, 1, 7, 5, 9, 8, 6, 4, 2 }, { 7, 0, 9, 2, 1, 5, 4, 8, 6, 3 }, { 4, 2, 0, 6, 8, 7, 1, 3, 5, 9 },
        { 1, 7, 5, 0, 9, 8, 3, 4, 2, 6 }, { 6, 1, 2, 3, 0, 4, 5, 9, 7, 8 }, { 3, 6, 7, 4, 2, 0, 9, 5, 8, 1 },
        { 5, 8, 6, 9, 7, 2, 0, 1, 3, 4 }, { 8, 9, 4, 5, 3, 6, 2, 0, 1, 7 }, { 9, 4, 3, 8, 6, 1, 7, 2, 0, 5 },
        { 2, 5, 8, 1, 4, 3, 6, 7, 9, 0 },
    };
    return table[so_far][digit];
}

static unsigned check_of(unsigned kind, const char *digits, size_t n)
{
    unsigned c = damm(0, kind + 1);
    for (size_t i = 0; i < n; i++)
        c = damm(c, (unsigned)(digits[i] - '0'));
    return c;
}

static unsigned kind_index(const char *kind)
{
    return strcmp(kind, kinds[1]) == 0 ? 1 : 0;
}

void case_number_print(const struct case_number *c, char out[CASE_NUMBER_SIZE])
{
    char digits[16];
    int n = snprintf(digits, sizeof digits, "%02u%04lu", c->year % 100, c->serial % 1000000000UL);
    snprintf(out, CASE_NUMBER_SIZE, "%s-%.2s-%s-%u", c->kind, digits, digits + 2,
             check_of(kind_index(c->kind), digits, (size_t)n));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* The digits that follow, group by group; a good number ends with a group. */
static bool read_digits(unsigned kind, const char *s, struct case_number *out)
{
    char digits[DIGITS_MAX + 1];
    size_t n = 0;
    for (;;) {
        size_t gap = strspn(s, " .-_/");
        s += gap;
        if (gap > SEPARATORS_MAX || !is_digit(*s))
            return false;
        for (; is_digit(*s); s++) {
            if (n == DIGITS_MAX)
                return false;
            digits[n++] = *s;
        }
        if (n >= DIGITS_MIN && !is_word(*s) && check_of(kind, digits, n) == 0)
            break;
    }
    digits[n - 1] = '\0';
    snprintf(out->kind, sizeof out->kind, "%s", kinds[kind]);
    out->year = (unsigned)(digits[0] - '0') * 10 + (unsigned)(digits[1] - '0');
    out->serial = strtoul(digits + 2, NULL, 10);
    return out->serial > 0;
}

bool case_number_find(const char *text, struct case_number *out)
{
    for (const char *s = text; *s != '\0'; s++) {
        if (s > text && is_word(s[-1]))
            continue;
        for (unsigned k = 0; k < KINDS; k++)
            if (strncasecmp(s, kinds[k], 2) == 0 && read_digits(k, s + 2, out))
                return true;
    }
    return false;
}

/* Length of "-26-0001-8", in exactly this shape; 0 otherwise. */
static size_t shape(const char *s)
{
    size_t year = *s == '-' ? strspn(s + 1, "0123456789") : 0;
    const char *serial = s + 1 + year;
    if (year != 2 || *serial != '-')
        return 0;
    size_t n = strspn(serial + 1, "0123456789");
    const char *check = serial + 1 + n;
    bool whole = n >= 4 && n <= 9 && check[0] == '-' && is_digit(check[1]) && !is_word(check[2]);
    return whole ? (size_t)(check + 2 - s) : 0;
}

bool case_number_mistyped(const char *text, char out[CASE_NUMBER_SIZE])
{
    struct case_number good;
    for (const char *s = text; *s != '\0'; s++)
        for (unsigned k = 0; k < KINDS; k++) {
            if ((s > text && is_word(s[-1])) || strncasecmp(s, kinds[k], 2) != 0 || shape(s + 2) == 0 ||
                read_digits(k, s + 2, &good))
                continue;
            snprintf(out, CASE_NUMBER_SIZE, "%s%.*s", kinds[k], (int)shape(s + 2), s + 2);
            return true;
        }
    return false;
}

void case_number_id(const struct case_number *c, char out[CASE_ID_SIZE])
{
    snprintf(out, CASE_ID_SIZE, "%.2s-%02u-%lu", c->kind, c->year % 100, c->serial % 1000000000UL);
}

bool case_number_from_id(const char *id, struct case_number *out)
{
    size_t year = strlen(id) > 6 ? strspn(id + 3, "0123456789") : 0;
    if (year != 2 || id[2] != '-' || id[5] != '-')
        return false;
    size_t n = strspn(id + 6, "0123456789");
    snprintf(out->kind, sizeof out->kind, "%.2s", id);
    out->year = (unsigned)(id[3] - '0') * 10 + (unsigned)(id[4] - '0');
    out->serial = n > 0 && n < 10 ? strtoul(id + 6, NULL, 10) : 0;
    return out->serial > 0 && (id[6 + n] == '\0' || id[6 + n] == '|');
}

unsigned case_number_partition(const struct case_number *c, unsigned partitions)
{
    return (unsigned)((c->serial - 1) % partitions);
}
