/* Whatever json_parse() accepts prints and parses again to the same text. */
#include "loa/json.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char why[160];
    cJSON *first = NULL, *again = NULL;
    if (json_parse((const char *)data, size, &first, why, sizeof why) != LOA_OK)
        return 0;
    struct buf a = BUF_INIT(1 << 20), b = BUF_INIT(1 << 20);
    json_print(first, &a);
    if (json_parse(buf_cstr(&a), a.len, &again, why, sizeof why) == LOA_OK) {
        json_print(again, &b);
        if (strcmp(buf_cstr(&a), buf_cstr(&b)) != 0)
            abort();
    }
    cJSON_Delete(first);
    cJSON_Delete(again);
    buf_clear(&a);
    buf_clear(&b);
    return 0;
}
