#include "loa/sms_text.h"
#include <string.h>
#include <unistr.h>

#define SEPTETS_ALONE  160
#define SEPTETS_JOINED 153 /* seven septets go to the header that joins the parts */
#define UNITS_ALONE    70
#define UNITS_JOINED   67

/* TS 23.038 §6.2.1: the default alphabet beside what it shares with ASCII, by rising code point. */
static const unsigned short gsm_beyond_ascii[] = {
    0xa1, 0xa3, 0xa4, 0xa5,  0xa7,  0xbf,  0xc4,  0xc5,  0xc6,  0xc7,  0xc9,  0xd1,  0xd6,
    0xd8, 0xdc, 0xdf, 0xe0,  0xe4,  0xe5,  0xe6,  0xe8,  0xe9,  0xec,  0xf1,  0xf2,  0xf6,
    0xf8, 0xf9, 0xfc, 0x393, 0x394, 0x398, 0x39b, 0x39e, 0x3a0, 0x3a3, 0x3a6, 0x3a8, 0x3a9,
};

static unsigned ascii_septets(ucs4_t c)
{
    switch (c) {
    case '\f':
    case '^':
    case '{':
    case '}':
    case '\\':
    case '[':
    case '~':
    case ']':
    case '|':
        return 2;
    case '\n':
    case '\r':
        return 1;
    case '`':
    case 0x7f:
        return 0;
    default:
        return c >= ' ';
    }
}

/* How many septets a character takes; 0: it is not in the alphabet. */
static unsigned septets_of(ucs4_t c)
{
    if (c < 0x80)
        return ascii_septets(c);
    if (c == 0x20ac)
        return 2;
    for (size_t i = 0; i < sizeof gsm_beyond_ascii / sizeof gsm_beyond_ascii[0]; i++)
        if (gsm_beyond_ascii[i] == c)
            return 1;
    return 0;
}

static unsigned units_of(ucs4_t c, bool ucs2)
{
    if (!ucs2)
        return septets_of(c);
    return c > 0xffff ? 2 : 1;
}

/* Whole text in one part when it fits, else parts filled in turn; a pair that does not fit opens the next. */
static bool fill_parts(const uint8_t *s, size_t len, struct sms_size *size)
{
    unsigned alone = size->ucs2 ? UNITS_ALONE : SEPTETS_ALONE;
    unsigned room = size->units <= alone ? alone : size->ucs2 ? UNITS_JOINED : SEPTETS_JOINED;
    ucs4_t c;
    for (size_t at = 0; at < len;) {
        at += (size_t)u8_mbtouc(&c, s + at, len - at);
        unsigned units = units_of(c, size->ucs2);
        if (size->parts == 0 || size->part_units[size->parts - 1] + units > room) {
            if (size->parts == SMS_PARTS_MAX)
                return false;
            size->parts++;
        }
        size->part_units[size->parts - 1] += units;
    }
    return true;
}

bool sms_measure(const char *text, size_t len, struct sms_size *out)
{
    const uint8_t *s = (const uint8_t *)text;
    if (len > SMS_TEXT_MAX_BYTES || u8_check(s, len) != NULL)
        return false;
    struct sms_size size = { 0 };
    unsigned septets = 0, units = 0;
    ucs4_t c;
    for (size_t at = 0; at < len;) {
        size_t from = at;
        at += (size_t)u8_mbtouc(&c, s + at, len - at);
        if (septets_of(c) == 0 && size.first_bad == NULL)
            size.first_bad = text + from;
        septets += septets_of(c);
        units += units_of(c, true);
    }
    size.ucs2 = size.first_bad != NULL;
    size.units = size.ucs2 ? units : septets;
    if (!fill_parts(s, len, &size))
        return false;
    *out = size;
    return true;
}
