/*
 * sim_mail - reads a mail for people to look at (GMime inside), and says what a strict receiver would say.
 *
 * Required: From, Date, Message-ID, each at most once, and headers in ASCII. Bodies are limited, attachments
 * are only named.
 */
#ifndef SIM_MAIL_H
#define SIM_MAIL_H

#include "loa/buf.h"

struct sim_mail {
    char *subject, *from, *message_id; /* decoded; never NULL, "" when absent */
    char *text, *html;                 /* UTF-8; text "" when absent, html NULL */
    char *unsubscribe;                 /* the http(s) address of List-Unsubscribe, or NULL */
    bool one_click;                    /* List-Unsubscribe-Post says so */
    char *headers;                     /* raw, with CRLF, up to the blank line */
    const char *fault;                 /* a reply line to refuse it with, or NULL */
};

void sim_mail_read(const char *data, size_t len, struct sim_mail *out);
void sim_mail_clear(struct sim_mail *m);

#endif
