/* The configuration file, from memory: bytes in, a configuration or faults out. */
#include "loa/config.h"
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct errors *err = errors_new();
    struct config *c = NULL;
    if (config_parse("fuzz", (const char *)data, size, err, &c) == LOA_OK)
        config_free(c);
    errors_free(err);
    return 0;
}
