/*
 * notice_params - from a dossier event to the parameters of its texts (templates/messages/_params.tsv) and
 * the variants to try. Dates are passed as Unix ms in decimal, money as integer đồng.
 */
#ifndef LOA_NOTICE_PARAMS_H
#define LOA_NOTICE_PARAMS_H

#include "loa/dossier_event.h"
#include "loa/policy.h"
#include "loa/template.h"

struct notice_context {
    const char *kind;
    const char *public_url;                     /* for survey and unsubscribe links */
    const char *hotline;                        /* may be "" */
    const char *unsubscribe_link, *survey_link; /* "" when none */
};

void notice_params(const struct dossier_event *e, const struct policy *p, const struct notice_context *c,
                   struct params *out);
/* Writes up to `max` variant words ("post", "online", "no_due", …; static strings) and a NULL after them. */
void notice_variants(const struct dossier_event *e, const char *kind, const char **out, unsigned max);
/* Which kind of message this event makes: the status's own kind, or "apology", "due_changed", "reopened".
 * `before` is what was known (NULL when new). NULL: no push. */
const char *notice_kind(const struct dossier_event *e, const struct dossier_event *before,
                        const struct policy *p);

#endif
