/*
 * local_time - Vietnamese local time (UTC+7, no summer time), its dates and their printed forms.
 *
 * Days are counted in the proleptic Gregorian calendar; no time zone database is needed or asked. Years 1 to
 * 9999. Wall times are Unix milliseconds.
 */
#ifndef LOA_LOCAL_TIME_H
#define LOA_LOCAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define CALENDAR_DAY_MS 86400000LL
#define LOCAL_OFFSET_MS 25200000LL /* UTC+7 */

struct local_time {
    int year, month, day, hour, minute, second;
    int weekday;        /* 1 Monday … 7 Sunday */
    int64_t day_number; /* days since 1970-01-01, local */
};

struct local_time local_from_ms(int64_t wall_ms);
int64_t local_to_ms(int year, int month, int day, int hour, int minute, int second);
int64_t local_midnight_ms(int64_t day_number); /* when that local day begins */
bool date_is_real(int year, int month, int day);
/* "yyyyMMddHHmmss" (also 8 or 12 digits), local time. Returns false for anything else. */
bool date_parse_national(const char *s, int64_t *wall_ms);
/* RFC 3339 with any offset or Z; a fraction is kept to the millisecond. */
bool date_parse_rfc3339(const char *s, int64_t *wall_ms);
/* "yyyy-MM-dd": the day number. */
bool date_parse_day(const char *s, int64_t *day_number);
void date_print_vi(int64_t wall_ms, char out[16]);      /* dd/MM/yyyy */
void date_print_vi_time(int64_t wall_ms, char out[32]); /* HH:mm ngày dd/MM/yyyy */
void date_print_rfc3339(int64_t wall_ms, char out[40]); /* 2026-11-23T08:00:00.000+07:00 */
void date_print_month(int64_t wall_ms, char out[16]);   /* 202611 */
/* "2026-11" -> 202611; false for anything else. */
bool date_parse_month(const char *s, long *out);
void date_print_national(int64_t wall_ms, char out[16]); /* 20261123080000 */

#endif
