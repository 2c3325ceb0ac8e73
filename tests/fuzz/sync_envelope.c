/* Every item comes out once, and the answer is JSON. */
#include "loa/sync_envelope.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct sync_envelope s;
    struct sync_result *result = NULL;
    struct buf out = BUF_INIT(32 << 20);
    char pointer[32];
    const cJSON *item;
    unsigned n = 0;
    if (sync_envelope_open((const char *)data, size, "H27", "True", &s, NULL) == LOA_OK) {
        result = calloc(s.count + 1, sizeof *result);
        while ((item = sync_envelope_next(&s, pointer)) != NULL) {
            sync_item_code(item, result[n].code);
            memcpy(result[n].message, pointer, sizeof pointer);
            result[n++].error_code = SYNC_REFUSED;
        }
        if (n != s.count)
            abort();
        sync_answer(result, n, &out);
        cJSON *answer = NULL;
        if (json_parse(buf_cstr(&out), out.len, &answer, NULL, 0) != LOA_OK)
            abort();
        cJSON_Delete(answer);
    }
    sync_envelope_clear(&s);
    free(result);
    buf_clear(&out);
    return 0;
}
