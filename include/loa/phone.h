/*
 * phone - Vietnamese phone numbers to one canonical form, "84" + national number without the leading 0.
 *
 * Sources: E.164; national numbering plan after the 2018 migration (old 11-digit mobile numbers are
 * converted and flagged). Prefixes do not tell the operator: numbers move between them.
 */
#ifndef LOA_PHONE_H
#define LOA_PHONE_H

#include <stdbool.h>

enum phone_kind { PHONE_BAD, PHONE_MOBILE, PHONE_LANDLINE, PHONE_SERVICE };

struct phone {
    enum phone_kind kind;
    char e164[16]; /* "84912345678"; "" when bad */
    bool migrated; /* an old 11-digit mobile number was converted: ask the citizen to confirm */
};

/* Accepts spaces, dots, dashes, brackets, +84, 0084, 84, (0), 0…; full-width digits too. */
struct phone phone_parse(const char *s);
void phone_national(const char *e164, char out[16]); /* "84912345678" -> "0912345678" */
void phone_mask(const char *e164, char out[24]);     /* "+84*****678" */

#endif
