/* What comes from an SMS provider: the first byte picks the provider, the second 0 a callback, else the
 * status of an answer to a send and to a poll; the rest is the query or body. */
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

static void take_callback(const struct sms_provider *p, const char *text, size_t len,
                          struct channel_events *ev)
{
    struct webhook w = { .method = "POST", .query = text, .body = text, .body_len = len };
    if (sms_report_parse(p, &w, ev) != LOA_OK)
        return;
    for (unsigned i = 0; i < ev->count; i++)
        if (strlen(ev->item[i].dedupe) != 40)
            abort();
}

static void take_answer(const struct sms_provider *p, int status, const char *text, size_t len,
                        struct channel_events *ev)
{
    struct http_answer a = { .result = WIRE_ANSWERED, .status = status, .body = text, .body_len = len };
    struct outcome o;
    bool known;
    sms_reply_classify(p, &a, "84912345678", 0, &known, &o);
    if (o.sentence_vi[0] == '\0' || o.code[0] == '\0')
        abort();
    if (p->poll.path != NULL)
        sms_poll_parse(p, &a, "id", "ref", ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel_events ev = { 0 };
    if (providers[0] == NULL)
        load_all();
    if (size < 2)
        return 0;
    const struct sms_provider *p = providers[data[0] % 4];
    char *text = malloc(size - 1);
    memcpy(text, data + 2, size - 2);
    text[size - 2] = '\0';
    if (data[1] == 0)
        take_callback(p, text, size - 2, &ev);
    else
        take_answer(p, 100 + data[1] * 2, text, size - 2, &ev);
    channel_events_clear(&ev);
    free(text);
    return 0;
}
