/* Bodies anybody may post to the Zalo webhook: never believed unsigned, and every string of an event stays
 * whole. */
#include "loa/text.h"
#include "loa/zalo_webhook.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *any_header(const void *ctx, const char *name)
{
    (void)name;
    return ctx;
}

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_event(const struct channel_event *e)
{
    must(e->kind < CE_KIND_COUNT && strlen(e->dedupe) == 40);
    must(memchr(e->name, '\0', sizeof e->name) != NULL && memchr(e->user, '\0', sizeof e->user) != NULL);
    must(memchr(e->ref, '\0', sizeof e->ref) != NULL && memchr(e->subject, '\0', sizeof e->subject) != NULL);
    must(text_is_utf8(e->text, strnlen(e->text, sizeof e->text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zalo_webhook_keys keys = {
        .app_id = "1", .oa_secret_key = "k", .oa_id = "2", .app_secret = "s"
    };
    char *body = malloc(size + 1);
    memcpy(body, data, size);
    body[size] = '\0';
    struct webhook w = { .method = "POST",
                         .body = body,
                         .body_len = size,
                         .header = any_header,
                         .header_ctx =
                             "mac=32a97ed79eb215866195a226a1157e43b71364eeb7544bdaba395ededc44cc0b" };
    struct channel_events ev = { 0 };
    bool trusted = zalo_webhook_verify(&keys, &w, NULL) == LOA_OK;
    zalo_webhook_parse(&w, &ev);
    must(!trusted || ev.count == 0); /* only a probe passes unsigned, and it has no effect */
    for (unsigned i = 0; i < ev.count; i++)
        check_event(&ev.item[i]);
    channel_events_clear(&ev);
    free(body);
    return 0;
}
