#include "loa/sync_envelope.h"
#include "fields.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

static enum loa_status refuse(struct errors *err, enum loa_status st, const char *pointer, const char *code,
                              const char *en, const char *vi)
{
    errors_add(err, pointer, code, en, vi);
    return st;
}

/* Variant A is found by its list, whatever the case of its names: systems differ there. */
static const cJSON *find_list(const cJSON *tree)
{
    return cJSON_IsArray(tree) ? tree : cJSON_IsObject(tree) ? cJSON_GetObjectItem(tree, "data") : NULL;
}

static void read_unit(struct sync_envelope *s, const char *query_unit)
{
    char unit[sizeof s->source - 5] = "";
    const char *own = s->bare ? NULL : cJSON_GetStringValue(cJSON_GetObjectItem(s->tree, "madonvi"));
    if (own != NULL)
        field_clean(own, false, unit, sizeof unit);
    if (unit[0] == '\0' && query_unit != NULL)
        field_clean(query_unit, false, unit, sizeof unit);
    snprintf(s->source, sizeof s->source, "sync:%s", unit);
}

static void read_updating(struct sync_envelope *s, const char *query_updating)
{
    const cJSON *own = s->bare ? NULL : cJSON_GetObjectItem(s->tree, "isUpdating");
    cJSON asked = { .type = cJSON_String, .valuestring = (char[8]){ "" } };
    if (query_updating != NULL)
        text_copy(asked.valuestring, 8, query_updating);
    if (!json_bool_value(own, &s->updating))
        json_bool_value(&asked, &s->updating);
}

enum loa_status sync_envelope_open(const char *body, size_t len, const char *query_unit,
                                   const char *query_updating, struct sync_envelope *out, struct errors *err)
{
    char why[200];
    *out = (struct sync_envelope){ .tree = NULL };
    if (len > SYNC_MAX_BYTES)
        return refuse(err, LOA_TOO_BIG, "", "too_big",
                      "more than 16 MB: send the dossiers in several requests",
                      "quá 16 MB: hãy gửi làm nhiều lần");
    if (json_parse(body, len, &out->tree, why, sizeof why) != LOA_OK)
        return refuse(err, LOA_INVALID, "", "bad_json", why, "nội dung không phải JSON hợp lệ");
    const cJSON *list = find_list(out->tree);
    if (!cJSON_IsArray(list))
        return refuse(err, LOA_INVALID, cJSON_IsObject(out->tree) ? "/data" : "", "bad_type",
                      "expected an array of dossiers, bare or as \"data\"",
                      "cần một mảng hồ sơ, đứng riêng hoặc trong \"data\"");
    if (cJSON_GetArraySize(list) > SYNC_ITEMS_MAX)
        return refuse(err, LOA_TOO_BIG, "", "too_many",
                      "more than 10,000 dossiers: send them in several requests",
                      "quá 10.000 hồ sơ: hãy gửi làm nhiều lần");
    out->bare = list == out->tree;
    out->count = (unsigned)cJSON_GetArraySize(list);
    out->next = list->child;
    read_unit(out, query_unit);
    read_updating(out, query_updating);
    return LOA_OK;
}

const cJSON *sync_envelope_next(struct sync_envelope *s, char pointer[32])
{
    const cJSON *item = s->next;
    if (item == NULL)
        return NULL;
    snprintf(pointer, 32, s->bare ? "/%u" : "/data/%u", s->index++);
    s->next = item->next;
    return item;
}

void sync_envelope_clear(struct sync_envelope *s)
{
    cJSON_Delete(s->tree);
    *s = (struct sync_envelope){ .tree = NULL };
}

/* ---- the answer ---- */

void sync_item_code(const cJSON *item, char out[SYNC_CODE_SIZE])
{
    field_clean(json_str_or(item, "MaHoSo", ""), false, out, SYNC_CODE_SIZE);
}

/* "/data/3/DanhSachLePhi/0/Gia" -> "Gia": the sender knows which item it is about. */
static const char *last_name(const char *pointer)
{
    const char *slash = strrchr(pointer, '/');
    return slash != NULL ? slash + 1 : pointer;
}

void sync_fault_message(const struct errors *err, char out[SYNC_MESSAGE_SIZE])
{
    struct buf all = BUF_INIT(ERRORS_MAX * 1024);
    for (unsigned i = 0; i < err->count; i++)
        buf_printf(&all, "%s%.100s: %.500s", i > 0 ? "; " : "", last_name(err->item[i].pointer),
                   err->item[i].detail_vi);
    field_clean(buf_cstr(&all), false, out, SYNC_MESSAGE_SIZE);
    buf_clear(&all);
}

static void add_member(struct buf *out, const char *before, const char *name, const char *value)
{
    buf_printf(out, "%s\"%s\":", before, name);
    buf_json_string(out, value, strlen(value));
}

void sync_answer(const struct sync_result *result, unsigned count, struct buf *out)
{
    unsigned accepted = 0;
    char message[100];
    for (unsigned i = 0; i < count; i++)
        accepted += strcmp(result[i].error_code, SYNC_ACCEPTED) == 0;
    snprintf(message, sizeof message, "Đã nhận %u/%u hồ sơ", accepted, count);
    add_member(out, "{", "error_code", accepted == count ? SYNC_ACCEPTED : SYNC_REFUSED);
    add_member(out, ",", "message", message);
    buf_str(out, ",\"result\":[");
    for (unsigned i = 0; i < count; i++) {
        add_member(out, i > 0 ? ",{" : "{", "MaHoSo", result[i].code);
        add_member(out, ",", "error_code", result[i].error_code);
        add_member(out, ",", "message", result[i].message);
        buf_char(out, '}');
    }
    buf_str(out, "]}");
}

void sync_answer_failed(const char *error_code, const char *message, struct buf *out)
{
    add_member(out, "{", "error_code", error_code);
    add_member(out, ",", "message", message);
    buf_str(out, ",\"result\":[]}");
}
