#include "http_internal.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

bool http_form_field(const char *body, const char *name, struct buf *out)
{
    char *pairs = mem_alloc(2 * strlen(body) + 2);
    const char *at = pairs;
    bool found = false;
    for (unsigned n = http_query_decode(body, pairs); n > 0 && !found; n--) {
        const char *value = at + strlen(at) + 1;
        found = strcmp(at, name) == 0;
        if (found)
            buf_str(out, value);
        at = value + strlen(value) + 1;
    }
    free(pairs);
    return found && buf_ok(out);
}
