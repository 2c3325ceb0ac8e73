/* What citizens and forms send: personal data in free text, numbers of cases, tokens and fields of a form. */
#include "loa/case_number.h"
#include "loa/http_server.h"
#include "loa/mem.h"
#include "loa/personal.h"
#include "loa/unanswered.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = BUF_INIT(1u << 20), twice = BUF_INIT(1u << 20), field = BUF_INIT(1u << 16);
    struct personal_span span;
    struct case_number number;
    char shown[CASE_NUMBER_SIZE], *text = mem_strndup((const char *)data, size);
    size_t n = strlen(text), from = 0;
    while (personal_find(text, n, from, &span)) {
        if (span.len == 0 || span.at < from || span.at + span.len > n)
            abort();
        from = span.at + span.len;
    }
    personal_mask(&once, text, n);
    personal_mask(&twice, buf_cstr(&once), once.len);
    if (case_number_find(text, &number))
        case_number_print(&number, shown);
    case_number_mistyped(text, shown);
    http_form_field(text, "comment", &field);
    const struct unanswered_question q[] = { { text, text, "" }, { "a b", "a b", "x" } };
    struct unanswered_list list;
    unanswered_cluster(q, 2, &list);
    unanswered_clear(&list);
    buf_clear(&once);
    buf_clear(&twice);
    buf_clear(&field);
    free(text);
    return 0;
}
