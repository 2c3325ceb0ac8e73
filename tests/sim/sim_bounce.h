/*
 * sim_bounce - a delivery status notification (RFC 3464 in RFC 6522), as Postfix writes one.
 */
#ifndef SIM_BOUNCE_H
#define SIM_BOUNCE_H

#include "loa/buf.h"
#include <stdint.h>

struct sim_bounce {
    const char *mail_from, *recipient; /* where the bounce goes, who could not be reached */
    const char *status;                /* enhanced status: "5.1.1" */
    const char *headers;               /* of the mail, with CRLF; quoted at the end */
    uint32_t number;                   /* makes ids and boundaries different */
    int64_t now_ms;
};
void sim_bounce_write(struct buf *out, const struct sim_bounce *b);
void sim_mail_date(int64_t wall_ms, char out[40]); /* RFC 5322, always English, +0700 */

#endif
