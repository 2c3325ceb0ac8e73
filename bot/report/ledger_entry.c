#include "loa/ledger_entry.h"
#include "loa/calendar.h"
#include "loa/channel.h"
#include <stdio.h>

static void copy_text(cJSON *to, const char *name, const struct redis_value *fields, const char *field)
{
    const char *s = redis_str(store_field(fields, field), NULL);
    if (s[0] != '\0')
        cJSON_AddStringToObject(to, name, s);
}

void ledger_entry_id(char out[LEDGER_ENTRY_ID_SIZE], unsigned partition, const char *stream_id)
{
    snprintf(out, LEDGER_ENTRY_ID_SIZE, "p%02u-%s", partition, stream_id);
}

/* What happened in the chat and beside it: one word, one detail, no text. */
static cJSON *act_json(const struct redis_value *f)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "kind", "chat");
    copy_text(j, "event", f, "e");
    copy_text(j, "detail", f, "d");
    cJSON_AddStringToObject(j, "channel", redis_str(store_field(f, "c"), NULL));
    return j;
}

static cJSON *result_json(const struct redis_value *f)
{
    char text[64];
    cJSON *j = NULL;
    size_t n;
    const char *header = redis_str(store_field(f, "h"), &n);
    if (json_parse(header, n, &j, NULL, 0) != LOA_OK)
        j = cJSON_CreateObject();
    if (redis_str(store_field(f, "n"), NULL)[0] ==
        '\0') /* of no message (consent.lua): the header says it all */
        return j;
    copy_text(j, "notification", f, "n");
    snprintf(text, sizeof text, "%s-%s", redis_str(store_field(f, "n"), NULL),
             redis_str(store_field(f, "k"), NULL));
    cJSON_AddStringToObject(j, "message", text);
    int way = way_from_word(redis_str(store_field(f, "w"), NULL));
    cJSON_AddStringToObject(j, "channel", way < 0 ? "" : channel_word(way_channel((enum way)way)));
    copy_text(j, "way", f, "w");
    copy_text(j, "state", f, "s");
    copy_text(j, "provider_code", f, "c");
    cJSON_AddNumberToObject(j, "attempts", (double)redis_int(store_field(f, "a")));
    cJSON_AddNumberToObject(j, "cost_vnd", (double)redis_int(store_field(f, "v")));
    return j;
}

cJSON *ledger_entry_json(unsigned partition, const char *stream_id, const struct redis_value *f)
{
    char id[LEDGER_ENTRY_ID_SIZE], when[40];
    cJSON *j = store_field(f, "e") != NULL ? act_json(f) : result_json(f);
    ledger_entry_id(id, partition, stream_id);
    cJSON_AddStringToObject(j, "id", id);
    date_print_rfc3339(redis_int(store_field(f, "t")), when);
    cJSON_AddStringToObject(j, "time", when);
    return j;
}
