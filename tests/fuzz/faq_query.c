/* Any bytes as a question: an answer within bounds, and reading its own words again changes nothing. */
#include "loa/faq.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct faq *load_once(void)
{
    static struct faq *f;
    if (f == NULL) {
        struct errors *err = errors_new();
        if (faq_load("templates/faq", err, &f) != LOA_OK)
            abort();
        errors_free(err);
    }
    return f;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct faq *f = load_once();
    char once[FAQ_NORMAL_MAX], twice[FAQ_NORMAL_MAX];
    struct faq_answer a;

    faq_ask(f, (const char *)data, size, &a);
    if (a.entries > FAQ_RANKED_MAX || a.reasons > FAQ_REASONS_MAX || !(a.sure >= 0 && a.sure <= 1))
        abort();
    for (unsigned i = 0; i < a.entries; i++)
        if (a.entry[i] >= faq_count(f) || (i > 0 && a.score[i] > a.score[i - 1]))
            abort();
    if ((a.tier == FAQ_ANSWER || a.tier == FAQ_ASK) && a.entries == 0)
        abort();
    if ((a.tier == FAQ_URGENT || a.tier == FAQ_SMALLTALK) && (*a.sentence == '\0' || *a.rule == '\0'))
        abort();
    faq_normal(f, (const char *)data, size, once);
    if (strlen(once) >= FAQ_NORMAL_MAX - 1)
        abort();
    faq_normal(f, once, strlen(once), twice);
    if (strcmp(once, twice) != 0)
        abort();
    return 0;
}
