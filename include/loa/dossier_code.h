/*
 * dossier_code - the public code of a dossier (MaHoSo) and procedure codes (MaTTHC).
 *
 * Sources: TT 01/2018/TT-VPCP Đ19 (old order, level 1 last), QĐ 20/2020/QĐ-TTg (new order, level 1 first).
 * Both orders live; one is never rewritten into the other.
 */
#ifndef LOA_DOSSIER_CODE_H
#define LOA_DOSSIER_CODE_H

#include "loa/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOSSIER_CODE_MAX 51 /* 50 characters, the width of the national column, and NUL */

struct dossier_code {
    char received[DOSSIER_CODE_MAX * 2]; /* as received, trimmed */
    char norm[DOSSIER_CODE_MAX];         /* upper case, ASCII dashes, no spaces: the key */
    char agency[DOSSIER_CODE_MAX];       /* "000.00.00.H06" */
    char level1[4];                      /* "H06" */
    int year, month, day;
    char serial[8];
};

/* `today_ms`: wall time now; a date after tomorrow (Asia/Ho_Chi_Minh) is refused. Returns LOA_INVALID with a
 * stable word in *why: "shape", "date", "future", "too_long". `why` may be NULL. */
enum loa_status dossier_code_parse(const char *s, size_t len, int64_t today_ms, struct dossier_code *out,
                                   const char **why);
/* Finds the longest code inside free text (split over lines, inside a link, dictated: "h 27 chấm 01 gạch hai
 * lăm …", the letter O for a zero). Returns false when there is none. */
bool dossier_code_find(const char *text, size_t len, int64_t today_ms, struct dossier_code *out);
/* Where dossier_code_find() found none: what is wrong with the first thing in the text that looks like one, a
 * stable word: "date_digits" (not six), "no_serial", "serial_digits" (not four to seven), "date", "future".
 * NULL: nothing looks like a code. */
const char *dossier_code_fault(const char *text, size_t len, int64_t today_ms);
/* Is it `1.004227`, `1.011442.000.00.00.H38` or `2.000815.000.00.00.H55.02`? */
bool procedure_code_valid(const char *s);

#endif
