#include "loa/local_time.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_MIN 1
#define YEAR_MAX 9999

/* Division that rounds down, also before 1970. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Days since 1970-01-01. Years begin in March here, so that the odd day of a leap year comes last. */
static int64_t day_from_date(int year, int month, int day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = floor_div(y, 400), year_of_era = y - era * 400;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_from_day(int64_t day_number, int *year, int *month, int *day)
{
    int64_t z = day_number + 719468, era = floor_div(z, 146097), day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

struct local_time local_from_ms(int64_t wall_ms)
{
    struct local_time t;
    int64_t first = local_to_ms(YEAR_MIN, 1, 1, 0, 0, 0), last = local_to_ms(YEAR_MAX, 12, 31, 23, 59, 59);
    int64_t ms = clamp(wall_ms, first, last) + LOCAL_OFFSET_MS;
    t.day_number = floor_div(ms, CALENDAR_DAY_MS);
    date_from_day(t.day_number, &t.year, &t.month, &t.day);
    int s = (int)((ms - t.day_number * CALENDAR_DAY_MS) / 1000);
    t.hour = s / 3600;
    t.minute = s / 60 % 60;
    t.second = s % 60;
    t.weekday = (int)(t.day_number + 3 - 7 * floor_div(t.day_number + 3, 7)) + 1; /* day 0 was a Thursday */
    return t;
}

int64_t local_midnight_ms(int64_t day_number)
{
    return day_number * CALENDAR_DAY_MS - LOCAL_OFFSET_MS;
}

int64_t local_to_ms(int year, int month, int day, int hour, int minute, int second)
{
    return local_midnight_ms(day_from_date(year, month, day)) +
           (hour * 3600LL + minute * 60LL + second) * 1000;
}

bool date_is_real(int year, int month, int day)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* Reads exactly n digits and moves past them; -1 when they are not there. */
static int take_digits(const char **s, int n)
{
    int v = 0;
    for (int i = 0; i < n; i++) {
        char c = (*s)[i];
        if (c < '0' || c > '9')
            return -1;
        v = v * 10 + (c - '0');
    }
    *s += n;
    return v;
}

static bool take_char(const char **s, char c)
{
    bool there = **s == c;
    *s += there;
    return there;
}

bool date_parse_national(const char *s, int64_t *wall_ms)
{
    size_t n = strlen(s);
    if (n != 8 && n != 12 && n != 14)
        return false;
    int year = take_digits(&s, 4), month = take_digits(&s, 2), day = take_digits(&s, 2);
    int hour = n > 8 ? take_digits(&s, 2) : 0, minute = n > 8 ? take_digits(&s, 2) : 0;
    int second = n > 12 ? take_digits(&s, 2) : 0;
    if (*s != '\0' || !date_is_real(year, month, day) || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return false;
    *wall_ms = local_to_ms(year, month, day, hour, minute, second);
    return true;
}

/* The fraction of a second in ms; further digits are dropped. -1: a point without digits. */
static int take_fraction(const char **s)
{
    static const int place[] = { 100, 10, 1 };
    if (!take_char(s, '.'))
        return 0;
    size_t n = strspn(*s, "0123456789");
    int ms = n == 0 ? -1 : 0;
    for (size_t i = 0; i < n && i < 3; i++)
        ms += place[i] * ((*s)[i] - '0');
    *s += n;
    return ms;
}

static bool take_offset(const char **s, int64_t *offset_ms)
{
    *offset_ms = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    int sign = **s == '-' ? -1 : 1;
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    int hour = take_digits(s, 2);
    if (!take_char(s, ':'))
        return false;
    int minute = take_digits(s, 2);
    *offset_ms = sign * (hour * 60LL + minute) * 60000;
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60;
}

static bool take_date(const char **s, int *year, int *month, int *day)
{
    *year = take_digits(s, 4);
    if (*year < 0 || !take_char(s, '-'))
        return false;
    *month = take_digits(s, 2);
    if (*month < 0 || !take_char(s, '-'))
        return false;
    *day = take_digits(s, 2);
    return date_is_real(*year, *month, *day);
}

bool date_parse_rfc3339(const char *s, int64_t *wall_ms)
{
    int year, month, day;
    int64_t offset_ms;
    if (!take_date(&s, &year, &month, &day) || (!take_char(&s, 'T') && !take_char(&s, 't')))
        return false;
    int hour = take_digits(&s, 2);
    if (hour < 0 || hour > 23 || !take_char(&s, ':'))
        return false;
    int minute = take_digits(&s, 2);
    if (minute < 0 || minute > 59 || !take_char(&s, ':'))
        return false;
    int second = take_digits(&s, 2);
    int ms = second >= 0 ? take_fraction(&s) : -1;
    if (second < 0 || second > 60 || ms < 0 || !take_offset(&s, &offset_ms) || *s != '\0')
        return false;
    if (second == 60) /* a leap second: Unix time has none */
        second = 59;
    *wall_ms = local_to_ms(year, month, day, hour, minute, second) + LOCAL_OFFSET_MS + ms - offset_ms;
    return true;
}

bool date_parse_day(const char *s, int64_t *day_number)
{
    int year, month, day;
    if (!take_date(&s, &year, &month, &day) || *s != '\0')
        return false;
    *day_number = day_from_date(year, month, day);
    return true;
}

/* Writes a template in which each letter of "yMdHmsf" is the next digit of its field. */
static void print(char *out, const char *form, int64_t wall_ms)
{
    static const char letters[] = "yMdHmsf";
    struct local_time t = local_from_ms(wall_ms);
    int field[] = {
        t.year, t.month, t.day, t.hour, t.minute, t.second, (int)((wall_ms % 1000 + 1000) % 1000)
    };
    size_t n = strlen(form);
    out[n] = '\0';
    while (n-- > 0) { /* the last digit is the easy one, so from the right */
        const char *which = strchr(letters, form[n]);
        out[n] = form[n];
        if (which != NULL) {
            out[n] = (char)('0' + field[which - letters] % 10);
            field[which - letters] /= 10;
        }
    }
}

void date_print_vi(int64_t wall_ms, char out[16])
{
    print(out, "dd/MM/yyyy", wall_ms);
}

void date_print_vi_time(int64_t wall_ms, char out[32])
{
    char day[16], minute[16];
    date_print_vi(wall_ms, day);
    print(minute, "HH:mm", wall_ms);
    snprintf(out, 32, "%.5s ngày %.10s", minute, day);
}

void date_print_rfc3339(int64_t wall_ms, char out[40])
{
    print(out, "yyyy-MM-ddTHH:mm:ss.fff+07:00", wall_ms);
}

void date_print_national(int64_t wall_ms, char out[16])
{
    print(out, "yyyyMMddHHmmss", wall_ms);
}

void date_print_month(int64_t wall_ms, char out[16])
{
    print(out, "yyyyMM", wall_ms);
}

bool date_parse_month(const char *s, long *out)
{
    static const char form[] = "dddd-dd";
    if (strlen(s) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
            return false;
    long year = strtol(s, NULL, 10), month = strtol(s + 5, NULL, 10);
    *out = year * 100 + month;
    return month >= 1 && month <= 12;
}
