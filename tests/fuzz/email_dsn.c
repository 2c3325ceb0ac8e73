/* A mail that somebody sends to a bounce address: read within bounds, every string whole, every report
 * classified. */
#include "loa/email_classify.h"
#include "loa/email_dsn.h"
#include "loa/text.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void must_be_text(const char *s, size_t size)
{
    size_t n = strnlen(s, size);
    must(n < size && text_is_utf8(s, n) && strpbrk(s, "\r\n") == NULL);
}

static void check_report(const struct outcome_table *t, const struct dsn_report *r)
{
    struct outcome o;

    must_be_text(r->action, sizeof r->action);
    must_be_text(r->status, sizeof r->status);
    must_be_text(r->diagnostic, sizeof r->diagnostic);
    email_classify_bounce(t, r, &o);
    must_be_text(o.code, sizeof o.code);
    must(o.class != OUTCOME_ACCEPTED && o.class < OUTCOME_CLASS_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome_table *codes;
    struct dsn d;

    if (codes == NULL && outcome_table_load("channels/email/codes.tsv", NULL, &codes) != LOA_OK)
        abort();
    if (dsn_parse((const char *)data, size, &d) != LOA_OK)
        return 0;
    must(d.count <= DSN_REPORTS_MAX);
    must_be_text(d.envelope_to, sizeof d.envelope_to);
    must_be_text(d.subject, sizeof d.subject);
    for (unsigned i = 0; i < d.count; i++)
        check_report(codes, &d.report[i]);
    return 0;
}
