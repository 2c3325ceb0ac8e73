/* First byte: the mode. Every event is either good and whole, or has a fault. */
#include "loa/cloudevents.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* In binary mode the headers carry a piece of the input. */
static const char *header(const void *ctx, const char *name)
{
    static char text[64];
    const struct cloudevents_request *rq = ctx;
    size_t n = rq->len < sizeof text - 1 ? rq->len : sizeof text - 1;
    if (strcmp(name, "ce-type") == 0)
        return CLOUDEVENT_TYPE;
    if (strcmp(name, "ce-specversion") == 0)
        return "1.0";
    memcpy(text, rq->body, n);
    text[n] = '\0';
    return text;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size == 0)
        return 0;
    struct errors *err = errors_new();
    struct cloudevents l;
    struct cloudevent e;
    struct cloudevents_request rq = { .content_type =
                                          data[0] & 1 ? "application/json" : "application/cloudevents+json",
                                      .body = (const char *)data + 1,
                                      .len = size - 1,
                                      .header = data[0] & 2 ? header : NULL };
    rq.header_ctx = &rq;
    enum loa_status st = cloudevents_open(&rq, &l, err);
    if ((st == LOA_OK) == (err->total > 0))
        abort();
    unsigned n = 0;
    while (st == LOA_OK && (errors_reset(err), cloudevents_next(&l, &e, err))) {
        if (e.index != n++ || e.ok == (err->total > 0) ||
            (e.ok && (e.id[0] == '\0' || !cJSON_IsObject(e.data))))
            abort();
    }
    if (st == LOA_OK && n != l.count)
        abort();
    cloudevents_clear(&l);
    errors_free(err);
    return 0;
}
