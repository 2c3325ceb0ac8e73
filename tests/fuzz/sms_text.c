/* The parts hold every unit, and none holds more than its room. */
#include "loa/sms_text.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct sms_size s;
    if (!sms_measure((const char *)data, size, &s))
        return 0;
    unsigned sum = 0, room = s.parts == 1 ? (s.ucs2 ? 70 : 160) : s.ucs2 ? 67 : 153;
    for (unsigned i = 0; i < s.parts; i++) {
        sum += s.part_units[i];
        if (s.part_units[i] == 0 || s.part_units[i] > room)
            abort();
    }
    if (sum != s.units || (s.parts == 0) != (size == 0))
        abort();
    return 0;
}
