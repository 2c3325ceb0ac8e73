/* A number that is taken reads back from every form it is printed in. */
#include "loa/mem.h"
#include "loa/phone.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *s = mem_strndup((const char *)data, size), national[16], masked[24];
    struct phone p = phone_parse(s);
    phone_mask(s, masked);
    phone_national(s, national);
    if (p.kind != PHONE_BAD) {
        phone_national(p.e164, national);
        if (strcmp(phone_parse(p.e164).e164, p.e164) != 0 || strcmp(phone_parse(national).e164, p.e164) != 0)
            abort();
    }
    free(s);
    return 0;
}
