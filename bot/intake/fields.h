/*
 * fields - typed reads from one record of the national sync, which writes nearly every value as a string and
 * "none" as "". Numbers and booleans given natively are taken as well; null is none.
 *
 * A fault is added to `err` with its JSON pointer, in English and Vietnamese, and sets `bad`; reading goes
 * on, so that the sender learns of everything at once.
 */
#ifndef LOA_INTAKE_FIELDS_H
#define LOA_INTAKE_FIELDS_H

#include "loa/errors.h"
#include "loa/json.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELD_POINTER_SIZE 256
#define FIELD_RAW_SIZE     512
#define FIELD_LIST_MAX     500 /* elements of one list */
#define FIELD_MEMBERS_MAX  200 /* of one record: a lookup walks through them */

struct fields {
    const cJSON *obj;
    char pointer[FIELD_POINTER_SIZE]; /* of `obj` */
    struct errors *err;
    bool strict; /* unknown names and odd codes are faults */
    bool bad;
};

void field_fault(struct fields *f, const char *name, const char *code, const char *vi, const char *en);
/* The value as it was written, without the blanks around it. False when there is none, or a fault. */
bool field_raw(struct fields *f, const char *name, char out[FIELD_RAW_SIZE]);
/* NFC, without controls, cut at a letter with "…" where it does not fit. One line, or several. */
void field_text(struct fields *f, const char *name, char *out, size_t out_size);
void field_lines(struct fields *f, const char *name, char *out, size_t out_size);
/* The same cleaning for a text that stands in no member. */
void field_clean(const char *text, bool lines, char *out, size_t out_size);
/* An identifier: a longer one than fits is a fault instead of another identifier. */
void field_id(struct fields *f, const char *name, char *out, size_t out_size);
/* A code from min to max; `none` when not given or, unless strict, out of range. */
int field_choice(struct fields *f, const char *name, int min, int max, int none);
/* yyyyMMddHHmmss (or 12 or 8 digits) or RFC 3339. 0 when there is none; the year 1 is what .NET calls none.
 */
int64_t field_date(struct fields *f, const char *name);
signed char field_flag(struct fields *f, const char *name); /* 1, 0, -1 not said */
/* Whole đồng, not negative: 50000, "50000", "50.000", "50,000", "50000.00". 0 when there is none. */
int64_t field_money(struct fields *f, const char *name);
/* http:// or https:// without blanks, whole or not at all. */
void field_link(struct fields *f, const char *name, char *out, size_t out_size);
/* A nested record or list; NULL when there is none ("" and null count as none). */
const cJSON *field_object(struct fields *f, const char *name);
const cJSON *field_list(struct fields *f, const char *name);
/* Reads inside `obj`, which stands at `name` of `f`, or at its index-th place when index >= 0. */
struct fields fields_inside(const struct fields *f, const char *name, int index, const cJSON *obj);
/* Too many members are a fault; false then: read no further. */
bool fields_bounded(struct fields *f);
/* In strict mode: every member that is not among the names is a fault that tells the nearest one. */
void fields_check_names(struct fields *f, const char *const *names, size_t count);

#endif
