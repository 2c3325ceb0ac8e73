/*
 * calendar - working days and office hours, over Vietnamese local time (local_time.h, which comes along).
 *
 * Holidays, swapped working days and office hours are data: templates/policy/calendar.tsv (rows: date, kind
 * rest|compensate|work, name, basis) and templates/policy/hours.ini (sets of opening times by weekday,
 * seasons of a set with validity dates, units that use them, the 15:00 rule); both files explain their form.
 * Outside the years of the table Monday to Friday are working days. Source: NĐ 61/2018 Đ18-19; Labour Code
 * Đ111-112; yearly decisions.
 */
#ifndef LOA_CALENDAR_H
#define LOA_CALENDAR_H

#include "loa/errors.h"
#include "loa/local_time.h"
#include <stdbool.h>
#include <stdint.h>

struct calendar;
/* LOA_INVALID: every fault of both files is in `err` as file:line. */
enum loa_status calendar_load(const char *policy_dir, struct errors *err, struct calendar **out);
void calendar_free(struct calendar *c);
/* Are the holidays of this year in the table? When not, somebody should add them. */
bool calendar_knows_year(const struct calendar *c, int year);
bool calendar_is_working_day(const struct calendar *c, int64_t wall_ms);
/* The instant n working days later at the same time of day; n may be negative; at most 20,000 are counted.
 * The day itself is not counted, whether it is a working day or not. */
int64_t calendar_add_working_days(const struct calendar *c, int64_t wall_ms, int n);
/* Is the unit's office open at this instant? `unit` NULL or unknown: the default set. */
bool calendar_office_open(const struct calendar *c, const char *unit, int64_t wall_ms);
/* `wall_ms` itself when the office is open. */
int64_t calendar_next_opening(const struct calendar *c, const char *unit, int64_t wall_ms);
/* When the office that is open at this instant closes next, for lunch too; `wall_ms` itself when it is
 * closed. */
int64_t calendar_next_closing(const struct calendar *c, const char *unit, int64_t wall_ms);
/* The instant by which the office has been open for `ms` after `wall_ms`: inside office hours or at their
 * end. */
int64_t calendar_add_office_ms(const struct calendar *c, const char *unit, int64_t wall_ms, int64_t ms);
/* How long the office is open between two instants; 0 when `to_ms` is not later. Counts at most a year. */
int64_t calendar_office_ms(const struct calendar *c, const char *unit, int64_t from_ms, int64_t to_ms);
/* When work starts on a dossier taken in at `wall_ms`: at the next moment the office is open, but strictly
 * after 15:00 (hours.ini) not before the next working day. */
int64_t calendar_intake_start(const struct calendar *c, const char *unit, int64_t wall_ms);

#endif
