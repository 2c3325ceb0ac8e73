/* The encodings of RFC 2045 and 2047, and the date of RFC 5322. */
#include "loa/email_message.h"
#include "loa/crypto.h"
#include "loa/local_time.h"
#include <string.h>

#define LINE_MAX_CHARS 76
#define WORD_START     "=?UTF-8?B?"
#define WORD_END       "?="
#define WORD_FRAME     (sizeof WORD_START - 1 + sizeof WORD_END - 1)
#define WORD_BYTES_MAX 45 /* 60 characters of base64, 72 with the frame; 75 are allowed */

static bool between_characters(const char *s, size_t at)
{
    return ((unsigned char)s[at] & 0xc0) != 0x80;
}

/* The longest piece of at most `max` bytes that ends between two characters, if possible also after a
 * multiple of three bytes: some mail programs join the base64 of neighbouring words, and padding in the
 * middle makes them lose the rest. */
static size_t whole_characters(const char *s, size_t n, size_t max)
{
    if (n <= max)
        return n;
    for (size_t cut = max / 3 * 3; cut > 0; cut -= 3)
        if (between_characters(s, cut))
            return cut;
    while (max > 0 && !between_characters(s, max))
        max--;
    return max;
}

/* How many bytes still fit on this line as one word. */
static size_t word_room(size_t column)
{
    size_t chars = column + WORD_FRAME < LINE_MAX_CHARS ? LINE_MAX_CHARS - column - WORD_FRAME : 0;
    size_t bytes = chars / 4 * 3;
    return bytes < WORD_BYTES_MAX ? bytes : WORD_BYTES_MAX;
}

void email_encoded_words(struct buf *out, size_t column, const char *s, size_t n)
{
    while (n > 0) {
        size_t piece = whole_characters(s, n, word_room(column));
        if (piece > 0) {
            buf_str(out, WORD_START);
            crypto_base64(out, s, piece);
            buf_str(out, WORD_END);
        }
        s += piece;
        n -= piece;
        if (n > 0)
            buf_str(out, "\r\n ");
        column = 1;
    }
}

static bool is_plain(unsigned char c)
{
    return c == ' ' || (c > ' ' && c < 0x7f && c != '=');
}

static void quote_line(struct buf *out, const char *s, size_t n)
{
    size_t column = 0;

    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        bool plain = is_plain((unsigned char)s[i]) && !(last && s[i] == ' ') &&
                     !(i == 0 && n >= 5 && memcmp(s, "From ", 5) == 0); /* mailbox files would mark it */
        size_t width = plain ? 1 : 3;
        if (column + width > LINE_MAX_CHARS - 1) { /* room for the = of a soft line end */
            buf_str(out, "=\r\n");
            column = 0;
        }
        if (plain)
            buf_char(out, s[i]);
        else
            buf_printf(out, "=%02X", (unsigned char)s[i]);
        column += width;
    }
}

void email_quoted_printable(struct buf *out, const char *s, size_t n)
{
    const char *end = s + n;

    while (s < end) {
        const char *nl = memchr(s, '\n', (size_t)(end - s));
        quote_line(out, s, (size_t)((nl != NULL ? nl : end) - s));
        buf_str(out, "\r\n");
        s = nl != NULL ? nl + 1 : end;
    }
}

void email_date(struct buf *out, int64_t wall_ms)
{
    static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct local_time t = local_from_ms(wall_ms);

    buf_printf(out, "%s, %d %s %d %02d:%02d:%02d +0700", days[t.weekday - 1], t.day, months[t.month - 1],
               t.year, t.hour, t.minute, t.second);
}
