/* A provider's answer to a send and to a poll: the first byte picks the provider, the second the status. */
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
    if (size < 2)
        return 0;
    const struct sms_provider *p = providers[data[0] % 4];
    char *text = malloc(size - 1);
    memcpy(text, data + 2, size - 2);
    text[size - 2] = '\0';
    struct http_answer a = {
        .result = WIRE_ANSWERED, .status = 100 + data[1] * 2, .body = text, .body_len = size - 2
    };
    struct channel_events ev = { 0 };
    struct outcome o;
    bool known;
    sms_reply_classify(p, &a, "84912345678", 0, &known, &o);
    if (o.sentence_vi[0] == '\0' || o.code[0] == '\0')
        abort();
    if (p->poll.path != NULL)
        sms_poll_parse(p, &a, "id", "ref", &ev);
    channel_events_clear(&ev);
    free(text);
    return 0;
}
