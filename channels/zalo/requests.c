#include "loa/zalo_request.h"
#include "loa/phone.h"
#include "loa/text.h"
#include "loa/zalo_sign.h"
#include <ctype.h>
#include <string.h>

#define USER_ID_MAX    40
#define PATH_MAX_BYTES 1024

const char *zalo_host_word(enum zalo_host h)
{
    return h == ZALO_OA ? "oa" : "zbs";
}

void zalo_request_init(struct zalo_request *r)
{
    memset(r, 0, sizeof *r);
    buf_init(&r->path, PATH_MAX_BYTES);
    buf_init(&r->body, ZALO_REQUEST_MAX_BYTES);
}

void zalo_request_clear(struct zalo_request *r)
{
    buf_clear(&r->path);
    buf_clear(&r->body);
}

static void start(struct zalo_request *r, enum zalo_host host, const char *method, const char *path)
{
    r->host = host;
    r->method = method;
    buf_reset(&r->path);
    buf_reset(&r->body);
    buf_str(&r->path, path);
}

static void add_string(struct buf *b, const char *s)
{
    buf_json_string(b, s, strlen(s));
}

/* Ids of the platform are digits; whatever else came into the field (a name, a phone with blanks) is not one.
 */
static bool is_id(const char *s)
{
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '_' && s[i] != '-')
            return false;
    return n > 0 && n <= USER_ID_MAX;
}

static const char *finish(struct zalo_request *r)
{
    return buf_ok(&r->path) && buf_ok(&r->body) ? NULL : "too_big";
}

/* ---- reply-window text ---- */

static bool is_button_type(const char *type)
{
    static const char *const known[] = { "oa.open.url", "oa.query.show", "oa.query.hide", "oa.open.sms",
                                         "oa.open.phone" };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (type != NULL && strcmp(type, known[i]) == 0)
            return true;
    return false;
}

/* oa.query.* carries a string, the oa.open.* kinds an object. */
static bool payload_ok(const char *type, const cJSON *payload)
{
    if (strncmp(type, "oa.query.", 9) != 0)
        return cJSON_IsObject(payload);
    return cJSON_IsString(payload) &&
           text_length(payload->valuestring, strlen(payload->valuestring)) <= ZALO_PAYLOAD_MAX;
}

static bool button_ok(const cJSON *button)
{
    const char *title = json_str(button, "title"), *type = json_str(button, "type");
    if (title == NULL || title[0] == '\0' || !is_button_type(type))
        return false;
    return text_length(title, strlen(title)) <= ZALO_TITLE_MAX &&
           payload_ok(type, json_get(button, "payload"));
}

static bool buttons_ok(const cJSON *buttons)
{
    const cJSON *button;
    if (!cJSON_IsArray(buttons) || cJSON_GetArraySize(buttons) > ZALO_BUTTONS_MAX)
        return false;
    cJSON_ArrayForEach(button, buttons)
    {
        if (!button_ok(button))
            return false;
    }
    return true;
}

/* With any template_type beside the buttons the platform answers -201. */
static void add_buttons(struct buf *b, const cJSON *buttons)
{
    buf_str(b, ",\"attachment\":{\"type\":\"template\",\"payload\":{\"buttons\":");
    json_print(buttons, b);
    buf_str(b, "}}");
}

static void add_user_info_form(struct buf *b, const cJSON *form)
{
    buf_str(b, "\"attachment\":{\"type\":\"template\",\"payload\":{\"template_type\":\"request_user_info\","
               "\"elements\":[");
    json_print(form, b);
    buf_str(b, "]}}");
}

static const char *add_text(struct buf *b, const char *text, size_t len)
{
    struct buf nfc = BUF_INIT(ZALO_REQUEST_MAX_BYTES);
    const char *fault = NULL;

    text_nfc(&nfc, text, len);
    if (!buf_ok(&nfc) || text_length(buf_cstr(&nfc), nfc.len) > ZALO_TEXT_MAX)
        fault = "text_too_long";
    else if (nfc.len == 0)
        fault = "text_empty";
    buf_str(b, "\"text\":");
    buf_json_string(b, buf_cstr(&nfc), nfc.len);
    buf_clear(&nfc);
    return fault;
}

const char *zalo_request_text(struct zalo_request *r, const char *user_id, const char *text, size_t text_len,
                              const cJSON *extras)
{
    const cJSON *buttons = cJSON_IsArray(extras) ? extras : json_get(extras, "buttons");
    const cJSON *form = json_get(extras, "request_user_info");
    const char *quote = json_str(extras, "quote_message_id"), *fault = NULL;
    struct buf *b = &r->body;

    if (!is_id(user_id))
        return "user_id";
    if (buttons != NULL && !buttons_ok(buttons))
        return "buttons";
    start(r, ZALO_OA, "POST", "/v3.0/oa/message/cs");
    buf_str(b, "{\"recipient\":{\"user_id\":");
    add_string(b, user_id);
    buf_str(b, "},\"message\":{");
    if (form != NULL)
        add_user_info_form(b, form);
    else
        fault = add_text(b, text, text_len);
    if (form == NULL && buttons != NULL && buttons->child != NULL)
        add_buttons(b, buttons);
    if (quote != NULL && quote[0] != '\0') {
        buf_str(b, ",\"quote_message_id\":");
        add_string(b, quote);
    }
    buf_str(b, "}}");
    return fault != NULL ? fault : finish(r);
}

/* ---- approved templates ---- */

static void make_nfc(cJSON *node)
{
    struct buf nfc = BUF_INIT(ZALO_REQUEST_MAX_BYTES);

    if (cJSON_IsString(node)) {
        text_nfc(&nfc, node->valuestring, strlen(node->valuestring));
        if (buf_ok(&nfc))
            cJSON_SetValuestring(node, buf_cstr(&nfc));
    }
    buf_clear(&nfc);
    for (cJSON *child = node->child; child != NULL; child = child->next)
        make_nfc(child);
}

cJSON *zalo_json_nfc(const char *json, size_t len)
{
    cJSON *tree = NULL;
    if (json_parse(json, len, &tree, NULL, 0) != LOA_OK)
        return NULL;
    make_nfc(tree);
    return tree;
}

static bool has_members(const cJSON *data)
{
    return cJSON_IsObject(data) && data->child != NULL;
}

static void add_template(struct buf *b, const char *template_id, const cJSON *data)
{
    buf_str(b, ",\"template_id\":");
    add_string(b, template_id);
    buf_str(b, ",\"template_data\":");
    json_print(data, b);
}

const char *zalo_request_uid_template(struct zalo_request *r, const char *user_id, const char *template_id,
                                      const cJSON *data)
{
    if (!is_id(user_id))
        return "user_id";
    if (template_id[0] == '\0')
        return "template_id";
    if (!has_members(data))
        return "template_data";
    start(r, ZALO_OA, "POST", "/v3.0/oa/message/template");
    buf_str(&r->body, "{\"user_id\":");
    add_string(&r->body, user_id);
    add_template(&r->body, template_id, data);
    buf_char(&r->body, '}');
    return finish(r);
}

static void add_phone(struct buf *b, const char *phone84, bool hashed)
{
    char hash[ZALO_HEX];
    if (hashed)
        zalo_hash_phone(phone84, hash);
    buf_str(b, hashed ? "{\"hash_phone\":" : "{\"phone\":");
    add_string(b, hashed ? hash : phone84);
}

const char *zalo_request_phone_template(struct zalo_request *r, const char *phone, const char *template_id,
                                        const cJSON *data, const char *tracking_id,
                                        const struct zalo_phone_options *opt)
{
    struct phone number = phone_parse(phone);

    if (number.kind == PHONE_BAD)
        return "phone";
    if (template_id[0] == '\0')
        return "template_id";
    if (!has_members(data))
        return "template_data";
    start(r, ZALO_ZBS, "POST", opt->hashed ? "/message/template/hashphone" : "/message/template");
    add_phone(&r->body, number.e164, opt->hashed);
    add_template(&r->body, template_id, data);
    buf_str(&r->body, ",\"tracking_id\":");
    add_string(&r->body, tracking_id);
    if (opt->development)
        buf_str(&r->body, ",\"mode\":\"development\"");
    buf_char(&r->body, '}');
    return finish(r);
}

/* ---- questions ---- */

static void ask(struct zalo_request *r, enum zalo_host host, const char *path, const char *value)
{
    start(r, host, "GET", path);
    if (value != NULL)
        buf_url(&r->path, value, strlen(value));
}

void zalo_request_status(struct zalo_request *r, const char *message_id)
{
    ask(r, ZALO_ZBS, "/message/status?message_id=", message_id);
}

void zalo_request_template_info(struct zalo_request *r, const char *template_id)
{
    ask(r, ZALO_ZBS, "/template/info/v2?template_id=", template_id);
}

void zalo_request_quota(struct zalo_request *r)
{
    ask(r, ZALO_ZBS, "/message/quota", NULL);
}

void zalo_request_quality(struct zalo_request *r)
{
    ask(r, ZALO_ZBS, "/quality", NULL);
}

void zalo_request_getoa(struct zalo_request *r)
{
    ask(r, ZALO_OA, "/v2.0/oa/getoa", NULL);
}

void zalo_request_user_detail(struct zalo_request *r, const char *user_id)
{
    struct buf data = BUF_INIT(256);
    buf_str(&data, "{\"user_id\":");
    add_string(&data, user_id);
    buf_char(&data, '}');
    ask(r, ZALO_OA, "/v3.0/oa/user/detail?data=", buf_cstr(&data));
    buf_clear(&data);
}
