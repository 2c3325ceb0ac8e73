#include "loa/cloudevents.h"
#include "fields.h"
#include "loa/local_time.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADER_MAX_BYTES 1024

static enum loa_status refuse(struct errors *err, const char *code, const char *en, const char *vi)
{
    errors_add(err, "", code, en, vi);
    return LOA_INVALID;
}

/* ---- the content type ---- */

/* "Application/JSON ; charset=utf-8" -> "application/json". */
static void media_type(const char *content_type, char out[64])
{
    size_t n = strcspn(content_type, "; \t");
    text_copy(out, 64, content_type);
    if (n < 64)
        out[n] = '\0';
    for (char *p = out; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
}

/* JSON is UTF-8; a sender that says otherwise means it. */
static bool is_utf8_charset(const char *content_type)
{
    const char *charset = strcasestr(content_type, "charset=");
    if (charset == NULL)
        return true;
    charset += strlen("charset=");
    charset += *charset == '"';
    return strncasecmp(charset, "utf-8", 5) == 0 && strchr("\"; \t", charset[5]) != NULL;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_json_type(const char *type)
{
    return strcmp(type, "application/json") == 0 || ends_with(type, "+json");
}

/* ---- binary mode: the headers become an event around the body ---- */

static int hex_value(char c)
{
    return c >= '0' && c <= '9'         ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* Headers carry UTF-8 percent-encoded, and some senders put quotes around it. */
static void decode_header(const char *s, struct buf *out)
{
    size_t n = strlen(s);
    if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
        s++;
        n -= 2;
    }
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '%' && i + 2 < n && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0) {
            buf_char(out, (char)(hex_value(s[i + 1]) * 16 + hex_value(s[i + 2])));
            i += 2;
        } else {
            buf_char(out, s[i]);
        }
    }
}

static const char *header_of(const struct cloudevents_request *rq, const char *attribute)
{
    char name[32];
    snprintf(name, sizeof name, "ce-%s", attribute);
    return rq->header != NULL ? rq->header(rq->header_ctx, name) : NULL;
}

static cJSON *wrap_binary(const struct cloudevents_request *rq, cJSON *data)
{
    static const char *const attributes[] = { "specversion", "id", "source", "type", "subject", "time" };
    cJSON *event = cJSON_CreateObject();
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        const char *raw = header_of(rq, attributes[i]);
        struct buf value = BUF_INIT(HEADER_MAX_BYTES);
        if (raw != NULL)
            decode_header(raw, &value);
        if (raw != NULL && buf_ok(&value) && text_is_utf8(buf_cstr(&value), value.len))
            cJSON_AddStringToObject(event, attributes[i], buf_cstr(&value));
        buf_clear(&value);
    }
    cJSON_AddItemToObject(event, "data", data);
    return event;
}

/* ---- the list ---- */

static enum loa_status arrange(const struct cloudevents_request *rq, cJSON *tree, struct cloudevents *l,
                               struct errors *err)
{
    l->tree = tree;
    if (l->binary)
        l->tree = wrap_binary(rq, tree);
    l->batch = cJSON_IsArray(l->tree);
    if (!l->batch && json_get(l->tree, "specversion") == NULL)
        return refuse(err, "not_cloudevents",
                      "no CloudEvents 1.0: expected an event, an array of events, or ce-* headers",
                      "không phải CloudEvents 1.0: cần một sự kiện, một mảng sự kiện hoặc các header ce-*");
    int count = l->batch ? cJSON_GetArraySize(l->tree) : 1;
    if (count > CLOUDEVENTS_MAX) {
        refuse(err, "too_many", "more than 10,000 events: send them in several requests",
               "quá 10.000 sự kiện: hãy gửi làm nhiều lần");
        return LOA_TOO_BIG;
    }
    l->count = (unsigned)count;
    l->next = l->batch ? l->tree->child : l->tree;
    return LOA_OK;
}

enum loa_status cloudevents_open(const struct cloudevents_request *rq, struct cloudevents *out,
                                 struct errors *err)
{
    char type[64], why[200];
    const char *content_type = rq->content_type != NULL ? rq->content_type : "application/json";
    *out = (struct cloudevents){ .tree = NULL };
    media_type(content_type, type);
    bool marked = strncmp(type, "application/cloudevents", strlen("application/cloudevents")) == 0;
    out->binary = !marked && (header_of(rq, "specversion") != NULL || header_of(rq, "id") != NULL);
    if (!is_json_type(type) || !is_utf8_charset(content_type))
        return refuse(err, "bad_content_type",
                      "send JSON in UTF-8: application/cloudevents+json or …-batch+json",
                      "hãy gửi JSON mã UTF-8: application/cloudevents+json hoặc …-batch+json");
    if (rq->len > CLOUDEVENTS_MAX_BYTES) {
        refuse(err, "too_big", "more than 16 MB: send the events in several requests",
               "quá 16 MB: hãy gửi làm nhiều lần");
        return LOA_TOO_BIG;
    }
    cJSON *tree = NULL;
    if (json_parse(rq->body, rq->len, &tree, why, sizeof why) != LOA_OK)
        return refuse(err, "bad_json", why, "nội dung không phải JSON hợp lệ");
    return arrange(rq, tree, out, err);
}

void cloudevents_clear(struct cloudevents *l)
{
    cJSON_Delete(l->tree);
    *l = (struct cloudevents){ .tree = NULL };
}

/* ---- one event ---- */

static void need(struct fields *f, const char *name, const char *value)
{
    if (value[0] == '\0' && json_get(f->obj, name) == NULL)
        field_fault(f, name, "missing", "thiếu thuộc tính này", "this attribute is missing");
    else if (value[0] == '\0' && !f->bad)
        field_fault(f, name, "bad_value", "thuộc tính này trống", "this attribute is empty");
}

static void read_data(struct fields *f, struct cloudevent *e)
{
    char type[FIELD_RAW_SIZE], media[64];
    if (field_raw(f, "datacontenttype", type)) {
        media_type(type, media);
        if (!is_json_type(media))
            field_fault(f, "datacontenttype", "bad_content_type", "dữ liệu phải là application/json",
                        "the data must be application/json");
    }
    e->data = json_get(f->obj, "data");
    if (json_get(f->obj, "data_base64") != NULL)
        field_fault(f, "data_base64", "bad_type", "hãy gửi dữ liệu dạng JSON trong data",
                    "send the data as JSON in data");
    else if (e->data == NULL)
        field_fault(f, "data", "missing", "thiếu dữ liệu", "the data is missing");
    else if (!cJSON_IsObject(e->data))
        field_fault(f, "data", "bad_type", "phải là một đối tượng JSON", "must be a JSON object");
}

static void read_event(struct fields *f, struct cloudevent *e)
{
    char version[FIELD_RAW_SIZE];
    field_id(f, "id", e->id, sizeof e->id);
    need(f, "id", e->id);
    field_id(f, "source", e->source, sizeof e->source);
    need(f, "source", e->source);
    field_id(f, "type", e->type, sizeof e->type);
    need(f, "type", e->type);
    if (e->type[0] != '\0' && strcmp(e->type, CLOUDEVENT_TYPE) != 0)
        field_fault(f, "type", "bad_value", "loại sự kiện phải là " CLOUDEVENT_TYPE,
                    "the type must be " CLOUDEVENT_TYPE);
    field_raw(f, "specversion", version);
    need(f, "specversion", version);
    if (version[0] != '\0' && strcmp(version, "1.0") != 0)
        field_fault(f, "specversion", "bad_value", "chỉ nhận CloudEvents 1.0",
                    "only CloudEvents 1.0 is taken");
    field_id(f, "subject", e->subject, sizeof e->subject);
    e->time_ms = field_date(f, "time");
    read_data(f, e);
}

bool cloudevents_next(struct cloudevents *l, struct cloudevent *out, struct errors *err)
{
    if (l->next == NULL || l->index == l->count)
        return false;
    struct fields f = { .obj = l->next, .err = err };
    *out = (struct cloudevent){ .index = l->index };
    if (l->batch)
        snprintf(f.pointer, sizeof f.pointer, "/%u", l->index);
    if (!l->binary)
        snprintf(out->pointer, sizeof out->pointer, "%.16s/data", f.pointer);
    if (!cJSON_IsObject(l->next))
        field_fault(&f, NULL, "bad_type", "phải là một đối tượng JSON", "must be a JSON object");
    else if (fields_bounded(&f))
        read_event(&f, out);
    out->ok = !f.bad;
    l->next = l->batch ? l->next->next : NULL;
    l->index++;
    return true;
}
