/*
 * sms_text - how an SMS text is coded, cut into parts and priced, before it is sent.
 *
 * Source: 3GPP TS 23.038 (GSM 7-bit default alphabet and extension), 23.040 (UDH); 160/153 septets,
 * 70/67 UCS-2 units per part with an 8-bit reference. Escape pairs and surrogate pairs never straddle parts.
 */
#ifndef LOA_SMS_TEXT_H
#define LOA_SMS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define SMS_PARTS_MAX      10
#define SMS_TEXT_MAX_BYTES 8192 /* more than SMS_PARTS_MAX parts of the longest letters */

struct sms_size {
    bool ucs2;                          /* true when one character is outside GSM-7 */
    unsigned parts;                     /* 0 for an empty text */
    unsigned units;                     /* septets or UCS-2 units altogether, without headers */
    unsigned part_units[SMS_PARTS_MAX]; /* units in each part */
    const char *first_bad; /* first character that is not GSM-7, inside the text; NULL when none */
};

/* Measures UTF-8 text as it is: put it into NFC first. Returns false, `out` untouched, over SMS_PARTS_MAX
 * parts or for invalid UTF-8. */
bool sms_measure(const char *text, size_t len, struct sms_size *out);

#endif
