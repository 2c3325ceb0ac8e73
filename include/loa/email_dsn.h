/*
 * email_dsn - reads what comes back to a bounce address: delivery status notifications (RFC 3464 in RFC 6522,
 * also the international variant of RFC 6533), and tells them from everything else.
 *
 * What it says can be forged by anybody who knows the address: believe it only after email_verp_parse().
 */
#ifndef LOA_EMAIL_DSN_H
#define LOA_EMAIL_DSN_H

#include "loa/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DSN_MAX_BYTES   (512 * 1024)
#define DSN_REPORTS_MAX 8

struct dsn_report {       /* of one recipient */
    char action[16];      /* failed delayed delivered relayed expanded, lower case */
    char status[12];      /* "5.1.1"; "" when missing or malformed */
    char diagnostic[200]; /* the far end's words, cleaned; may name an address: not for logs */
};

enum mail_kind {
    MAIL_REPORT,     /* a delivery status notification with at least one report */
    MAIL_AUTO_REPLY, /* an absence note and the like */
    MAIL_BOUNCE,     /* a null sender, but nothing a machine can read */
    MAIL_OTHER,      /* a person writes, or something that is not for this address */
};

struct dsn {
    enum mail_kind kind;
    char envelope_to[256]; /* the address it came to: X-Original-To, Delivered-To, or To */
    char subject[120];     /* decoded, cleaned */
    int64_t at_ms;         /* Date of the notification; 0 unknown */
    unsigned count;
    struct dsn_report report[DSN_REPORTS_MAX];
};

/* LOA_TOO_BIG over DSN_MAX_BYTES. LOA_INVALID: not a mail at all. */
enum loa_status dsn_parse(const char *raw, size_t len, struct dsn *out);
/* "5.7.26" out of a diagnostic such as "smtp; 550-5.7.26 this mail …". False when there is none. */
bool dsn_status_in(const char *diagnostic, char out[12]);

#endif
