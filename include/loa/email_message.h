/*
 * email_message - builds one complete mail: header, plain text, and HTML beside it when there is some.
 *
 * Everything is 7-bit with CRLF line ends and lines of at most 76 characters (but for a long address or link,
 * and an address that needs SMTPUTF8 stands in To as it is), so no hop has a reason to recode it and break
 * its signature. Sources: RFC 5322, 2045, 2046, 2047, 2369, 8058, 3834. Dates are English whatever the locale
 * is.
 */
#ifndef LOA_EMAIL_MESSAGE_H
#define LOA_EMAIL_MESSAGE_H

#include "loa/channel.h"
#include "loa/mail_address.h"

#define EMAIL_MESSAGE_MAX_BYTES (1024 * 1024)

struct email_mailbox {
    char name[160]; /* "" when there is none */
    struct mail_address address;
};
/* Reads `Name <address>`, `"Name" <address>` or `address`. When it cannot, address.why says why. */
struct email_mailbox email_mailbox_parse(const char *s);

struct email_message {
    const struct email_mailbox *from;
    const char *reply_to; /* an address, "" or NULL for none */
    const char *to;       /* one address */
    const struct text
        *text;       /* subject, body, html; optional and unsubscribe_url make the one-click headers */
    const char *ref; /* letters and digits: Message-ID is <ref@domain of from> */
    int64_t date_ms; /* wall */
};
/* Appends the mail to `out`. LOA_INVALID: an address, ref or link that could break out of its header.
 * LOA_TOO_BIG: over the ceiling of `out`. */
enum loa_status email_message_build(const struct email_message *m, struct buf *out);

/* The pieces, for tests. `column` is where the text starts on its line. */
void email_encoded_words(struct buf *out, size_t column, const char *s, size_t n);
void email_quoted_printable(struct buf *out, const char *s, size_t n); /* lines end in LF on the way in */
void email_date(struct buf *out, int64_t wall_ms);                     /* Mon, 23 Nov 2026 08:30:00 +0700 */

#endif
