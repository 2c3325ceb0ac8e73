/*
 * chat_frame - one message of the web chat, from the page to us: JSON text in, checked fields out.
 *
 *   {"type":"hello","token":…|"session":…,"epoch":…,"offset":N,"unit":…}
 *        token     what an earlier "ready" gave to an anonymous visitor; absent: a new visitor
 *        session   session token of the portal (session_token.h), instead of token
 *        epoch, offset   what the page has got so far; "" and 0 when it has nothing
 *        unit      whose page it stands on, as in units.tsv; may be absent
 *   {"type":"say","id":…,"text":…}               id: the page's own, 1 to 40 of A-Z a-z 0-9 _ -; a repeat
 * with
 *   {"type":"tap","id":…,"payload":…,"title":…}  the same id is the same input
 *   {"type":"rate","id":…,"value":1…5}
 *   {"type":"typing"}
 */
#ifndef LOA_CHAT_FRAME_H
#define LOA_CHAT_FRAME_H

#include "loa/json.h"
#include <stddef.h>
#include <stdint.h>

#define CHAT_FRAME_MAX_BYTES   32768 /* the longest text, every letter escaped, and some more */
#define CHAT_FRAME_ID_MAX      40
#define CHAT_FRAME_PAYLOAD_MAX 500
#define CHAT_FRAME_TITLE_MAX   200
#define CHAT_FRAME_UNIT_MAX    63

enum chat_frame_kind { FRAME_HELLO, FRAME_SAY, FRAME_TAP, FRAME_RATE, FRAME_TYPING };

struct chat_frame { /* strings live until chat_frame_clear(); never NULL, "" when absent */
    enum chat_frame_kind kind;
    const char *id;
    const char *text; /* say: what was typed; tap: the payload; rate: "1" … "5" */
    const char *title;
    const char *token, *session, *epoch, *unit;
    long long offset;
    cJSON *tree;
};

/* NULL when it is good, else a word for what is wrong (group "chat" of words.tsv): bad_message, unknown_type,
 * bad_id, empty, bad_payload, bad_rating, bad_hello. `id` is filled in wherever it is a good one.
 * chat_frame_clear() in either case. */
const char *chat_frame_read(const char *data, size_t len, struct chat_frame *out);
void chat_frame_clear(struct chat_frame *f);

#endif
