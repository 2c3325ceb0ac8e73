/* Whatever record is taken fits the journal, reads back equal, and takes over what it lacks. */
#include "loa/dossier_event.h"
#include "loa/local_time.h"
#include <stdlib.h>
#include <string.h>

#define JOURNAL_MAX_BYTES 16384

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void round_trip(const struct dossier_event *e)
{
    struct dossier_event back;
    struct buf json = BUF_INIT(JOURNAL_MAX_BYTES);
    memset(&back, 0, sizeof back);
    dossier_event_to_json(e, &json);
    if (!buf_ok(&json) || dossier_event_from_json(json.data, json.len, &back) != LOA_OK ||
        memcmp(e, &back, sizeof back) != 0)
        abort();
    buf_clear(&json);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct dossier_event e;
    cJSON *record = NULL;
    memset(&e, 0, sizeof e);
    dossier_event_from_json((const char *)data, size, &e);
    if (json_parse((const char *)data, size, &record, NULL, 0) != LOA_OK)
        return 0;
    for (unsigned mode = 0; mode < 4; mode++) {
        struct errors *err = errors_new();
        struct dossier_context ctx = { .now_ms = local_to_ms(2026, 11, 23, 8, 0, 0),
                                       .source = "sync:H27",
                                       .id = "",
                                       .strict = mode & 1,
                                       .progress = mode & 2 };
        struct dossier_event known = e;
        bool taken = dossier_event_parse(record, &ctx, &e, err) == LOA_OK;
        if (taken == (err->total > 0))
            abort();
        if (taken) {
            round_trip(&e);
            dossier_event_complete(&e, &known);
        }
        errors_free(err);
    }
    cJSON_Delete(record);
    return 0;
}
