/* A date that is taken prints and parses to the same instant. */
#include "loa/local_time.h"
#include "loa/mem.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *s = mem_strndup((const char *)data, size), out[40];
    int64_t ms, again = 0, day;
    bool one_of_ours = date_parse_national(s, &ms);
    if (!one_of_ours)
        one_of_ours = date_parse_rfc3339(s, &ms) && ms > local_to_ms(1, 1, 2, 0, 0, 0) &&
                      ms < local_to_ms(9999, 12, 30, 0, 0, 0);
    if (one_of_ours) {
        date_print_rfc3339(ms, out);
        if (!date_parse_rfc3339(out, &again) || again != ms)
            abort();
    }
    date_parse_day(s, &day);
    free(s);
    return 0;
}
