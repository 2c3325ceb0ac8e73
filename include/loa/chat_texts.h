/*
 * chat_texts - what the bot says, as data: templates/chat/<area>.ini.
 *
 *   [lookup_progress]
 *   text = Hồ sơ {{code}} đang ở bước: {{status}}.
 *     Một dòng thụt vào nối tiếp dòng trên bằng dấu xuống dòng.
 *   params = code, status            ; every {{name}} that may stand in the text, checked
 *   button1 = Theo dõi hồ sơ | #follow:{{code}}
 *   button2 = Xem trên cổng | https://…      ; a link; tel:… a phone number
 *   web.text = …                     ; optional: another text on this channel (web, zalo, sms)
 *
 * {{name}}, {{?name}}…{{/name}}, {{!name}}…{{/name}} and filters as in template.h. At most 2000 letters, 5
 * buttons, titles at most 100 letters.
 */
#ifndef LOA_CHAT_TEXTS_H
#define LOA_CHAT_TEXTS_H

#include "loa/errors.h"
#include "loa/template.h"

struct chat_texts;
enum loa_status chat_texts_load(const char *dir, struct errors *err, struct chat_texts **out);
void chat_texts_free(struct chat_texts *t);
bool chat_texts_has(const struct chat_texts *t, const char *id);

#define CHAT_BUTTONS_MAX 5
struct chat_said {
    struct buf text;
    struct {
        char title[128], action[512]; /* "#…" payload, "https://…" or "tel:…" */
    } button[CHAT_BUTTONS_MAX];
    unsigned buttons;
};
void chat_said_init(struct chat_said *s);
void chat_said_clear(struct chat_said *s);
/* LOA_NOT_FOUND: no text of this id. `channel` "web", "zalo", "sms". */
enum loa_status chat_texts_render(const struct chat_texts *t, const char *id, const char *channel,
                                  const struct params *p, struct chat_said *out);

#endif
