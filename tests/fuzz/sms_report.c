/* A provider's callback: the first byte picks the provider, the rest is a query or a body. */
#include "loa/sms_provider.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sms_provider *providers[4];

static void load_all(void)
{
    static const char *const names[] = { "esms", "speedsms", "kannel", "vietguys" };
    for (unsigned i = 0; i < 4; i++)
        if (sms_provider_load("channels", names[i], NULL, &providers[i]) != LOA_OK)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (providers[0] == NULL)
        load_all();
    if (size == 0)
        return 0;
    char *text = malloc(size);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    struct channel_events ev = { 0 };
    struct webhook w = { .method = "POST", .query = text, .body = text, .body_len = size - 1 };
    if (sms_report_parse(providers[data[0] % 4], &w, &ev) == LOA_OK)
        for (unsigned i = 0; i < ev.count; i++)
            if (strlen(ev.item[i].dedupe) != 40)
                abort();
    channel_events_clear(&ev);
    free(text);
    return 0;
}
