/* A provider's description: bytes in, a description or faults out. */
#include "loa/sms_provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errors *err = errors_new();
    struct sms_provider *p = NULL;
    if (sms_provider_parse("fuzz", (const char *)data, size, err, &p) == LOA_OK)
        sms_provider_free(p);
    errors_free(err);
    return 0;
}
