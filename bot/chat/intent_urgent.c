/*
 * Life and limb: whoever writes of a fire, an accident, of wanting to die, reads at once whom to call, and
 * the people on duty are told. It works in every state of a conversation, also while an officer talks. The
 * alert carries nothing of what was written.
 */
#include "chat_inside.h"
#include <stdio.h>

static void alert(const struct turn *t)
{
    struct buf code = BUF_INIT(64);
    buf_printf(&code, "chat_urgent:%.8s", turn_cid(t));
    service_alert(
        turn_service(t), buf_cstr(&code),
        "Một người dân vừa nhắn việc khẩn cấp trong khung trò chuyện. Hãy mở bàn trực và gọi lại ngay.");
    buf_clear(&code);
}

static void say(struct turn *t, const struct faq_answer *a)
{
    struct params p;
    struct chat_said note;
    params_init(&p);
    params_set(&p, "sentence", a->sentence);
    params_set(&p, "number", a->department);
    turn_say(t, "urgent", &p);
    chat_said_init(&note);
    if (chat_texts_render(turn_service(t)->chat_texts, "urgent_note", turn_channel(t), &p, &note) == LOA_OK)
        turn_note(t, buf_cstr(&note.text));
    chat_said_clear(&note);
    params_clear(&p);
}

static enum claim look(struct turn *t)
{
    if (turn_kind(t) != CHAT_TEXT)
        return CLAIM_PASS;
    const struct faq_answer *a = turn_faq(t);
    if (a->tier != FAQ_URGENT)
        return CLAIM_PASS;
    say(t, a);
    turn_count(t, "urgent", a->department);
    alert(t);
    return turn_hand_over(t, "urgent", NULL);
}

const struct intent intent_urgent = { "urgent", look, NULL };
