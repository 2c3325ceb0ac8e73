/* A code that is taken or found parses to itself, and is found in a sentence. */
#include "loa/buf.h"
#include "loa/calendar.h"
#include "loa/dossier_code.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    int64_t today = local_to_ms(2026, 11, 23, 8, 0, 0);
    struct dossier_code c, again;
    const char *why;
    bool taken = dossier_code_parse((const char *)data, size, today, &c, &why) == LOA_OK;
    if (taken || dossier_code_find((const char *)data, size, today, &c)) {
        struct buf said = BUF_INIT(200);
        buf_printf(&said, "mã hồ sơ là %s ạ", c.norm);
        if (dossier_code_parse(c.norm, strlen(c.norm), today, &again, NULL) != LOA_OK ||
            strcmp(again.norm, c.norm) != 0 || !dossier_code_find(said.data, said.len, today, &again) ||
            strcmp(again.norm, c.norm) != 0)
            abort();
        buf_clear(&said);
    }
    char *s = mem_strndup((const char *)data, size);
    procedure_code_valid(s);
    free(s);
    return 0;
}
