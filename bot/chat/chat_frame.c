#include "loa/chat_frame.h"
#include <string.h>

#define OFFSET_MAX (1LL << 53) /* what Lua and JavaScript count exactly */

static const char id_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

static bool is_id(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= CHAT_FRAME_ID_MAX && strspn(s, id_letters) == n;
}

/* A string that may be absent; false when it is something else, or too long. */
static bool take(const cJSON *m, const char *name, size_t max, const char **out)
{
    const cJSON *v = json_get(m, name);
    if (v == NULL || cJSON_IsNull(v))
        return true;
    if (!cJSON_IsString(v) || strlen(v->valuestring) > max)
        return false;
    *out = v->valuestring;
    return true;
}

/* An offset that is no number of ours earns a reload, as an old one does. */
static const char *read_hello(struct chat_frame *f)
{
    int64_t offset = 0;
    if (!take(f->tree, "token", CHAT_FRAME_MAX_BYTES, &f->token) ||
        !take(f->tree, "session", CHAT_FRAME_MAX_BYTES, &f->session) ||
        !take(f->tree, "epoch", CHAT_FRAME_MAX_BYTES, &f->epoch) ||
        !take(f->tree, "unit", CHAT_FRAME_UNIT_MAX, &f->unit))
        return "bad_hello";
    json_int(f->tree, "offset", &offset);
    f->offset = offset < 0 || offset > OFFSET_MAX ? OFFSET_MAX : offset;
    return NULL;
}

static const char *read_say(struct chat_frame *f)
{
    if (!take(f->tree, "text", CHAT_FRAME_MAX_BYTES, &f->text))
        return "bad_message";
    return f->text[strspn(f->text, " \t\r\n")] != '\0' ? NULL : "empty";
}

static const char *read_tap(struct chat_frame *f)
{
    if (!take(f->tree, "payload", CHAT_FRAME_PAYLOAD_MAX, &f->text) ||
        !take(f->tree, "title", CHAT_FRAME_TITLE_MAX, &f->title) || f->text[0] == '\0')
        return "bad_payload";
    return NULL;
}

static const char *read_rate(struct chat_frame *f)
{
    static const char *const digits[] = { "1", "2", "3", "4", "5" };
    int64_t value;
    if (!json_int(f->tree, "value", &value) || value < 1 || value > 5)
        return "bad_rating";
    f->text = digits[value - 1];
    return NULL;
}

static const char *read_typing(struct chat_frame *f)
{
    (void)f;
    return NULL;
}

const char *chat_frame_read(const char *data, size_t len, struct chat_frame *f)
{
    static const struct {
        const char *type;
        const char *(*read)(struct chat_frame *f);
        bool needs_id;
    } kinds[] = {
        [FRAME_HELLO] = { "hello", read_hello, false },    [FRAME_SAY] = { "say", read_say, true },
        [FRAME_TAP] = { "tap", read_tap, true },           [FRAME_RATE] = { "rate", read_rate, true },
        [FRAME_TYPING] = { "typing", read_typing, false },
    };
    *f = (struct chat_frame){
        .id = "", .text = "", .title = "", .token = "", .session = "", .epoch = "", .unit = ""
    };
    if (len > CHAT_FRAME_MAX_BYTES || json_parse(data, len, &f->tree, NULL, 0) != LOA_OK ||
        !cJSON_IsObject(f->tree))
        return "bad_message";
    const char *type = json_str_or(f->tree, "type", ""), *id = json_str_or(f->tree, "id", "");
    if (is_id(id))
        f->id = id;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(type, kinds[i].type) != 0)
            continue;
        f->kind = (enum chat_frame_kind)i;
        return kinds[i].needs_id && f->id[0] == '\0' ? "bad_id" : kinds[i].read(f);
    }
    return "unknown_type";
}

void chat_frame_clear(struct chat_frame *f)
{
    cJSON_Delete(f->tree);
    f->tree = NULL;
}
