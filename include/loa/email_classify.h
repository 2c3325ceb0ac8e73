/*
 * email_classify - what an SMTP reply or a bounce means for us, by channels/email/codes.tsv.
 *
 * The table has three hosts: `smtp` (our mail server's answer: the mail was not taken), `bounce` (a far
 * server refused for good) and `expired` (it was put off until our mail server gave up). A code is looked up
 * from the exact to the general: enhanced status 5.1.1, subject 5.1.*, reply code 550, class 5.*.
 */
#ifndef LOA_EMAIL_CLASSIFY_H
#define LOA_EMAIL_CLASSIFY_H

#include "loa/email_dsn.h"
#include "loa/http_client.h"
#include "loa/outcome.h"

/* Both fill `o` and return false when only the class was known: somebody should look at the code. */
bool email_classify_answer(const struct outcome_table *t, const struct smtp_answer *a, struct outcome *o);
/* For a report whose action is "failed". */
bool email_classify_bounce(const struct outcome_table *t, const struct dsn_report *r, struct outcome *o);

/* Every row both functions fall back to; `loa check` asks for them. */
bool email_codes_complete(const struct outcome_table *t, const char **missing_host,
                          const char **missing_code);

#endif
