/*
 * calendar - Vietnamese local time (UTC+7, no summer time), dates, working days, office hours.
 *
 * Holidays, swapped working days and office hours are data: templates/policy/calendar.tsv (rows: date, kind
 * rest|compensate|work, name) and templates/policy/hours.ini (sets of opening times by weekday with validity
 * dates, and units that use them). Source: NĐ 61/2018 Đ18-19; Labour Code Đ112; yearly decisions.
 */
#ifndef LOA_CALENDAR_H
#define LOA_CALENDAR_H

#include "loa/errors.h"
#include <stdbool.h>
#include <stdint.h>

#define CALENDAR_DAY_MS 86400000LL

struct local_time {
    int year, month, day, hour, minute, second;
    int weekday;        /* 1 Monday … 7 Sunday */
    int64_t day_number; /* days since 1970-01-01, local */
};

struct local_time local_from_ms(int64_t wall_ms);
int64_t local_to_ms(int year, int month, int day, int hour, int minute, int second);
bool date_is_real(int year, int month, int day);
/* "yyyyMMddHHmmss" (also 8 or 12 digits), local time. Returns false for anything else. */
bool date_parse_national(const char *s, int64_t *wall_ms);
/* RFC 3339 with any offset or Z. */
bool date_parse_rfc3339(const char *s, int64_t *wall_ms);
void date_print_vi(int64_t wall_ms, char out[16]);      /* dd/MM/yyyy */
void date_print_vi_time(int64_t wall_ms, char out[32]); /* HH:mm ngày dd/MM/yyyy */
void date_print_rfc3339(int64_t wall_ms, char out[40]); /* 2026-11-23T08:00:00.000+07:00 */

struct calendar;
enum loa_status calendar_load(const char *policy_dir, struct errors *err, struct calendar **out);
void calendar_free(struct calendar *c);
bool calendar_is_working_day(const struct calendar *c, int64_t wall_ms);
/* The instant n working days later at the same time of day; n may be negative. */
int64_t calendar_add_working_days(const struct calendar *c, int64_t wall_ms, int n);
/* Is the unit's office open at this instant? `unit` NULL or unknown: the default set. */
bool calendar_office_open(const struct calendar *c, const char *unit, int64_t wall_ms);
int64_t calendar_next_opening(const struct calendar *c, const char *unit, int64_t wall_ms);
/* Start of intake work for a dossier taken in at `wall_ms`: strictly after 15:00 the next working day. */
int64_t calendar_intake_start(const struct calendar *c, const char *unit, int64_t wall_ms);

#endif
