/* What a citizen types, read for wishes and proofs: nothing overflows, and the answers keep their promises.
 */
#include "loa/buf.h"
#include "loa/consent_words.h"
#include "loa/dossier_code.h"
#include "loa/mem.h"
#include "loa/proof.h"
#include "loa/wish_words.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static struct policy *policy;
    static struct consent_words *consent;
    static struct wish_words *wishes;
    if (policy == NULL && (policy_load("templates/policy", NULL, &policy) != LOA_OK ||
                           consent_words_load("templates/chat", policy, NULL, &consent) != LOA_OK ||
                           wish_words_load("templates/chat", NULL, &wishes) != LOA_OK))
        abort(); /* run from the root of the repository */
    char *text = mem_strndup((const char *)data, size), digits[PROOF_DIGITS + 1];
    struct consent_wish w = consent_parse(consent, text);
    struct buf words = BUF_INIT(512);
    if (w.wish != WISH_NONE)
        consent_record_words(&w, policy, &words);
    if (w.wish != WISH_NONE && (!buf_ok(&words) || words.len == 0))
        abort();
    wish_about_dossier(wishes, text);
    wish_to_be_erased(wishes, text);
    if (proof_read_digits(text, digits) && strspn(digits, "0123456789") != PROOF_DIGITS)
        abort();
    dossier_code_fault(text, strlen(text), 1790000000000);
    buf_clear(&words);
    free(text);
    return 0;
}
