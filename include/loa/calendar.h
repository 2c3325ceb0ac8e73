/*
 * calendar - working days and office hours, over Vietnamese local time (local_time.h, which comes along).
 *
 * Holidays, swapped working days and office hours are data: templates/policy/calendar.tsv (rows: date, kind
 * rest|compensate|work, name) and templates/policy/hours.ini (sets of opening times by weekday with validity
 * dates, and units that use them). Source: NĐ 61/2018 Đ18-19; Labour Code Đ112; yearly decisions.
 */
#ifndef LOA_CALENDAR_H
#define LOA_CALENDAR_H

#include "loa/errors.h"
#include "loa/local_time.h"
#include <stdbool.h>
#include <stdint.h>

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
