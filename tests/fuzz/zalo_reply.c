/* Answers of the Zalo platform, whole and torn: always an outcome, never "accepted" without an error of 0. */
#include "loa/zalo_reply.h"
#include "loa/zalo_template.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct outcome_table *load_codes(void)
{
    char path[512];
    struct outcome_table *t = NULL;
    const char *root = getenv("LOA_ROOT");
    snprintf(path, sizeof path, "%s/channels/zalo/codes.tsv", root != NULL ? root : ".");
    if (outcome_table_load(path, NULL, &t) != LOA_OK)
        abort();
    return t;
}

static void learn(const struct zalo_reply *r)
{
    char param[64];
    struct zalo_templates *t = zalo_templates_new();
    if (zalo_templates_learn(t, "5", r->data, 1) == LOA_OK) {
        zalo_templates_fault(t, "5", r->root, param, sizeof param);
        zalo_templates_price(t, "5", WAY_ZALO_ZBS);
    }
    zalo_templates_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = { 200, 200, 200, 401, 429, 502, 503, 999 };
    static struct outcome_table *codes;
    struct zalo_reply r;
    struct zalo_sent sent;
    struct outcome o;

    if (codes == NULL)
        codes = load_codes();
    if (size == 0)
        return 0;
    zalo_reply_parse(&r, data[0] & 1 ? ZALO_ZBS : ZALO_OA, statuses[(data[0] >> 1) % 8],
                     (const char *)data + 1, size - 1);
    zalo_reply_outcome(codes, &r, &o);
    zalo_reply_sent(&r, &sent);
    if ((o.class == OUTCOME_ACCEPTED) != zalo_reply_ok(&r) || strlen(o.provider_id) >= sizeof o.provider_id)
        abort();
    learn(&r);
    zalo_reply_clear(&r);
    return 0;
}
