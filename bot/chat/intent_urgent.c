/*
 * Life and limb: whoever writes of a fire, an accident, of wanting to die, reads at once whom to call, and
 * the people on duty are told. It works in every state of a conversation, also while an officer talks.
 */
#include "chat_inside.h"
#include <stdio.h>
#include <string.h>

static void alert(const struct turn *t)
{
    struct buf code = BUF_INIT(64);
    buf_printf(&code, "chat_urgent:%.8s", turn_cid(t));
    service_alert(
        turn_service(t), buf_cstr(&code),
        "Một người dân vừa nhắn việc khẩn cấp trong khung trò chuyện. Hãy mở bàn trực và gọi lại ngay.");
    buf_clear(&code);
}

static enum claim look(struct turn *t)
{
    if (turn_kind(t) != CHAT_TEXT)
        return CLAIM_PASS;
    const struct faq_answer *a = turn_faq(t);
    if (a->tier != FAQ_URGENT)
        return CLAIM_PASS;
    turn_say_plain(t, a->sentence);
    turn_count(t, "urgent", a->department);
    alert(t);
    return strcmp(turn_mode(t), "talk") == 0 ? CLAIM_DONE : turn_hand_over(t, "urgent", NULL);
}

const struct intent intent_urgent = { "urgent", look, NULL };
