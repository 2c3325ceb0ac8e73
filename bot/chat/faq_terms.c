#include "faq_inside.h"

#define CONTENT_WEIGHT 0.9f /* fillers weigh less */

void faq_terms(const struct faq *f, const char *s, size_t n, struct buf *out)
{
    struct faq_query q;
    faq_read_query(f, s, n, &q);
    for (unsigned i = 0; i < q.text.tokens; i++)
        if (q.text.token[i].weight >= CONTENT_WEIGHT)
            buf_printf(out, "%s%s", out->len > 0 ? " " : "", q.text.token[i].text);
    for (unsigned i = 0; i < q.hits.count; i++) {
        const struct faq_hit *h = &q.hits.hit[i];
        uint32_t concept = f->phrases.phrase[h->phrase].concept;
        if (concept != FAQ_NONE && !h->inside && !h->doubtful)
            buf_printf(out, "%s{%s}", out->len > 0 ? " " : "", f->concept[concept]);
    }
}
