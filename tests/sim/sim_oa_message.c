#include "sim_oa_message.h"
#include "loa/text.h"
#include <string.h>

#define BAD_PARAMETER "-201"
#define OVER_LIMIT    "-210"

static bool over(const char *s, size_t max)
{
    return text_length(s, strlen(s)) > max;
}

static const char *check_payload(const char *type, const cJSON *payload)
{
    bool query = strcmp(type, "oa.query.show") == 0 || strcmp(type, "oa.query.hide") == 0;

    if (query && cJSON_IsString(payload))
        return over(payload->valuestring, 1000) ? OVER_LIMIT : NULL;
    if (strcmp(type, "oa.open.url") == 0)
        return json_str(payload, "url") != NULL ? NULL : BAD_PARAMETER;
    if (strcmp(type, "oa.open.phone") == 0)
        return json_str(payload, "phone_code") != NULL ? NULL : BAD_PARAMETER;
    if (strcmp(type, "oa.open.sms") == 0) {
        const char *content = json_str(payload, "content");
        if (content == NULL || json_str(payload, "phone_code") == NULL)
            return BAD_PARAMETER;
        return over(content, 160) ? OVER_LIMIT : NULL;
    }
    return BAD_PARAMETER;
}

static const char *check_buttons(const cJSON *buttons)
{
    const cJSON *b;

    if (!cJSON_IsArray(buttons) || cJSON_GetArraySize(buttons) == 0)
        return BAD_PARAMETER;
    if (cJSON_GetArraySize(buttons) > 5)
        return OVER_LIMIT;
    cJSON_ArrayForEach(b, buttons)
    {
        const char *title = json_str(b, "title"), *type = json_str(b, "type");
        if (title == NULL || title[0] == '\0' || type == NULL)
            return BAD_PARAMETER;
        if (over(title, 100))
            return OVER_LIMIT;
        const char *code = check_payload(type, json_get(b, "payload"));
        if (code != NULL)
            return code;
    }
    return NULL;
}

static const char *check_media(const cJSON *elements, struct sim_oa_message *out)
{
    const cJSON *e = cJSON_GetArrayItem(elements, 0);
    const char *type = json_str_or(e, "media_type", "");
    const char *url = json_str(e, "url"), *id = json_str(e, "attachment_id");
    int64_t size;

    if (!cJSON_IsArray(elements) || cJSON_GetArraySize(elements) != 1)
        return BAD_PARAMETER;
    if (strcmp(type, "image") != 0 && strcmp(type, "gif") != 0 && strcmp(type, "sticker") != 0)
        return BAD_PARAMETER;
    if ((url == NULL) == (id == NULL))
        return BAD_PARAMETER;
    if (strcmp(type, "gif") == 0 && (!json_int(e, "width", &size) || !json_int(e, "height", &size)))
        return BAD_PARAMETER;
    out->image_url = url;
    return NULL;
}

static const char *check_contact_request(const cJSON *elements, struct sim_oa_message *out)
{
    const cJSON *e = cJSON_GetArrayItem(elements, 0);
    const char *image = json_str(e, "image_url");

    out->title = json_str(e, "title");
    out->subtitle = json_str(e, "subtitle");
    if (!cJSON_IsArray(elements) || cJSON_GetArraySize(elements) != 1 || out->title == NULL ||
        out->subtitle == NULL || image == NULL || strncmp(image, "https://", 8) != 0)
        return BAD_PARAMETER;
    return NULL;
}

static const char *check_attachment(const cJSON *attachment, struct sim_oa_message *out)
{
    const char *type = json_str_or(attachment, "type", "");
    const cJSON *payload = json_get(attachment, "payload");
    const cJSON *template_type = json_get(payload, "template_type");

    if (strcmp(type, "file") == 0)
        return json_str(payload, "token") != NULL ? NULL : BAD_PARAMETER;
    if (strcmp(type, "template") != 0)
        return BAD_PARAMETER;
    if (template_type == NULL) {
        out->buttons = json_get(payload, "buttons");
        if (out->text[0] == '\0')
            return BAD_PARAMETER;
        return check_buttons(out->buttons);
    }
    const char *kind = json_str_or(payload, "template_type", "");
    if (strcmp(kind, "media") == 0)
        return check_media(json_get(payload, "elements"), out);
    if (strcmp(kind, "request_user_info") == 0)
        return check_contact_request(json_get(payload, "elements"), out);
    return BAD_PARAMETER; /* also buttons under an invented template_type: "Missing template_type params" */
}

const char *sim_oa_message_check(const cJSON *message, struct sim_oa_message *out)
{
    const cJSON *text = json_get(message, "text"), *attachment = json_get(message, "attachment");

    *out = (struct sim_oa_message){ .text = "" };
    if (!cJSON_IsObject(message) || (text == NULL && attachment == NULL))
        return BAD_PARAMETER;
    if (text != NULL) {
        if (!cJSON_IsString(text) || text->valuestring[0] == '\0')
            return BAD_PARAMETER;
        if (over(text->valuestring, 2000))
            return OVER_LIMIT;
        out->text = text->valuestring;
    }
    const cJSON *quote = json_get(message, "quote_message_id");
    if (quote != NULL && !cJSON_IsString(quote))
        return BAD_PARAMETER;
    return attachment != NULL ? check_attachment(attachment, out) : NULL;
}
