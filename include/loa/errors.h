/*
 * errors - a list of faults found in one input, each with the place, a stable code and a sentence in
 * English and in Vietnamese that says what to do. It becomes the `errors` member of a problem+json answer,
 * the output of `loa check`, or a row list of an import. Keeps the first ERRORS_MAX and counts the rest.
 */
#ifndef LOA_ERRORS_H
#define LOA_ERRORS_H

#include "loa/buf.h"

#define ERRORS_MAX 100

struct error_item {
    char *pointer;    /* JSON pointer "/data/MaHoSo", or "file:line" */
    const char *code; /* stable, static string such as "missing", "bad_date" */
    char *detail, *detail_vi;
};

struct errors {
    struct error_item item[ERRORS_MAX];
    unsigned count; /* items kept */
    unsigned total; /* items seen, may exceed ERRORS_MAX */
};

struct errors *errors_new(void);
void errors_free(struct errors *e);
void errors_reset(struct errors *e);
/* Copies all strings except `code`. `e` may be NULL: then nothing is kept. */
void errors_add(struct errors *e, const char *pointer, const char *code, const char *detail,
                const char *detail_vi);
void errors_addf(struct errors *e, const char *pointer, const char *code, const char *detail_vi,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void errors_json(const struct errors *e,
                 struct buf *out); /* the JSON array [{pointer,code,detail,detail_vi}] */

#endif
