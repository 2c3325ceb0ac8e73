#include "loa/story.h"
#include "loa/calendar.h"
#include "loa/channel.h"
#include "loa/json.h"
#include "loa/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *field(const struct redis_value *record, char name, unsigned k)
{
    char key[8];
    snprintf(key, sizeof key, "%c%u", name, k % 10);
    return redis_str(store_field(record, key), NULL);
}

static void add_time(cJSON *to, const char *name, int64_t ms)
{
    char text[40];
    if (ms <= 0)
        return;
    date_print_rfc3339(ms, text);
    cJSON_AddStringToObject(to, name, text);
}

/* A provider's "accepted" needs no explanation; anything that went wrong does. */
static void add_reason(cJSON *to, const char *code, bool went_well, const struct words *w)
{
    if (code[0] == '\0')
        return;
    const char *sentence = words_reason(w, code);
    cJSON_AddStringToObject(to, "code", code);
    if (went_well && sentence == NULL)
        return;
    cJSON_AddStringToObject(to, "reason_vi",
                            sentence ? sentence : "Mã lỗi chưa có diễn giải; xem tài liệu của nhà cung cấp.");
}

/* A line of `lg`: "ms step event code", the code may be absent. */
struct log_line {
    int64_t ms;
    unsigned step;
    char event[24], code[40];
};

static void log_line_read(const char *text, size_t len, struct log_line *out)
{
    char one[128], *rest;
    snprintf(one, sizeof one, "%.*s", (int)len, text);
    out->ms = strtoll(one, &rest, 10);
    out->step = (unsigned)strtoul(rest, &rest, 10);
    rest += strspn(rest, " ");
    size_t n = strcspn(rest, " ");
    snprintf(out->event, sizeof out->event, "%.*s", (int)n, rest);
    rest += n;
    snprintf(out->code, sizeof out->code, "%s", rest + strspn(rest, " "));
}

static void add_log(cJSON *message, const char *log, unsigned k, const struct words *w)
{
    cJSON *list = cJSON_AddArrayToObject(message, "story");
    const char *end;
    for (const char *line = log; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct log_line l;
        log_line_read(line, (size_t)(end - line), &l);
        if (l.step != k || l.event[0] == '\0')
            continue;
        cJSON *item = cJSON_CreateObject();
        add_time(item, "at", l.ms);
        cJSON_AddStringToObject(item, "event", l.event);
        cJSON_AddStringToObject(item, "text_vi", words_say(w, "event", l.event, NULL));
        add_reason(item, l.code, strcmp(l.event, "accepted") == 0, w);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_message(cJSON *list, const char *nid, unsigned k, const char *way,
                        const struct redis_value *record, const struct words *w)
{
    const char *state = field(record, 's', k), *next;
    int known = way_from_word(way);
    if (state[0] == '\0' || known < 0)
        return; /* this step was never needed */
    char id[40];
    snprintf(id, sizeof id, "%s-%u", nid, k);
    cJSON *m = cJSON_CreateObject();
    cJSON_AddStringToObject(m, "id", id);
    cJSON_AddStringToObject(m, "channel", channel_word(way_channel((enum way)known)));
    cJSON_AddStringToObject(m, "way", way);
    cJSON_AddStringToObject(m, "state", state);
    bool in_box = known == WAY_PORTAL && strcmp(state, "delivered") == 0;
    cJSON_AddStringToObject(m, "state_vi", words_say(w, "state", in_box ? "in_box" : state, &next));
    cJSON_AddStringToObject(m, "next_vi", next);
    cJSON_AddNumberToObject(m, "attempts", strtod(field(record, 'a', k), NULL));
    cJSON_AddNumberToObject(m, "cost_vnd", strtod(field(record, 'v', k), NULL));
    add_time(m, "at", strtoll(field(record, 't', k), NULL, 10));
    bool went_well =
        strcmp(state, "sent") == 0 || strcmp(state, "delivered") == 0 || strcmp(state, "seen") == 0;
    add_reason(m, field(record, 'c', k), went_well, w);
    if (field(record, 'i', k)[0] != '\0')
        cJSON_AddStringToObject(m, "provider_id", field(record, 'i', k));
    add_log(m, redis_str(store_field(record, "lg"), NULL), k, w);
    cJSON_AddItemToArray(list, m);
}

/* "way=reason;…" */
static void add_left_out(cJSON *to, const char *skip, const struct words *w)
{
    cJSON *list = cJSON_AddArrayToObject(to, "left_out");
    char way[16], reason[32];
    int n;
    while (sscanf(skip, "%15[^=]=%31[^;];%n", way, reason, &n) == 2) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "way", way);
        cJSON_AddStringToObject(item, "reason", reason);
        const char *sentence = words_reason(w, reason);
        cJSON_AddStringToObject(item, "reason_vi", sentence ? sentence : reason);
        cJSON_AddItemToArray(list, item);
        skip += n;
    }
}

cJSON *story_of(const char *nid, const struct redis_value *record, const struct words *w)
{
    size_t n;
    const char *header_text = redis_str(store_field(record, "h"), &n), *next;
    cJSON *header = NULL;
    if (json_parse(header_text, n, &header, NULL, 0) != LOA_OK)
        return NULL;
    const char *state = redis_str(store_field(record, "st"), NULL);
    int64_t at = 0, status = -1;
    json_int(header, "at", &at);
    json_int(header, "status", &status);
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "id", nid);
    cJSON_AddStringToObject(j, "state", state);
    cJSON_AddStringToObject(j, "state_vi", words_say(w, "notification", state, &next));
    cJSON_AddStringToObject(j, "next_vi", next);
    cJSON_AddStringToObject(j, "kind", json_str_or(header, "kind", ""));
    cJSON_AddStringToObject(j, "citizen", json_str_or(header, "ckey", ""));
    if (json_str_or(header, "code", "")[0] != '\0')
        cJSON_AddStringToObject(j, "MaHoSo", json_str(header, "code"));
    if (status >= 0)
        cJSON_AddNumberToObject(j, "TrangThai", (double)status);
    add_time(j, "at", at);
    cJSON *messages = cJSON_AddArrayToObject(j, "messages");
    char way[16];
    int used;
    unsigned k = 0;
    for (const char *plan = redis_str(store_field(record, "plan"), NULL);
         sscanf(plan, "%15[^:]:%*[^;];%n", way, &used) == 1; plan += used, k++)
        add_message(messages, nid, k, way, record, w);
    add_left_out(j, json_str_or(header, "skip", ""), w);
    cJSON_Delete(header);
    return j;
}
