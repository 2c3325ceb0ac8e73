/*
 * "Xóa dữ liệu của tôi": says what goes and what the law keeps, asks once more, then erases everything under
 * the identities of whoever is proven to write, and this conversation with it.
 */
#include "loa/dialog.h"
#include "loa/erase.h"
#include "loa/mem.h"
#include "loa/service.h"
#include "loa/wish_words.h"
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS (10LL * 60 * 1000)

static bool on_zalo(const struct turn *t)
{
    return strcmp(turn_channel(t), "zalo") == 0;
}

/* ---- explaining ---- */

static void explain(struct turn *t, bool known)
{
    turn_say(t, known ? "erase_explain" : "erase_explain_talk", NULL);
    if (!known)
        turn_ask_phone(t);
    turn_expect(t, &intent_erase, "sure", ANSWER_MS);
}

/* The record of a Zalo account that has shared its number is a second name of that number's record. */
static void account_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct turn *t = ctx;
    if (st != LOA_OK) {
        turn_fail(t, st);
        return;
    }
    explain(t, strcmp(c->ckey, turn_cid(t)) != 0);
    turn_end(t);
}

static enum claim begin(struct turn *t)
{
    if (turn_proven(t)[0] != '\0' || !on_zalo(t)) {
        explain(t, turn_proven(t)[0] != '\0');
        return CLAIM_DONE;
    }
    enum loa_status st = citizen_load(turn_service(t)->store, turn_cid(t), account_found, t);
    if (st != LOA_OK)
        turn_fail(t, st);
    return CLAIM_LATER;
}

/* ---- erasing: first under the proven identity, then under the conversation's own ---- */

static void all_erased(void *ctx, enum loa_status st)
{
    struct turn *t = ctx;
    if (st != LOA_OK) {
        turn_fail(t, st);
        return;
    }
    turn_erase(t);
    turn_say(t, "erase_done", NULL);
    turn_count(t, "erase", "done");
    turn_end(t);
}

static void proven_erased(void *ctx, enum loa_status st)
{
    struct turn *t = ctx;
    if (st == LOA_OK)
        citizen_erase(turn_service(t)->store, turn_cid(t), turn_cid(t), all_erased, t);
    else
        turn_fail(t, st);
}

static enum claim erase(struct turn *t)
{
    if (turn_proven(t)[0] != '\0')
        citizen_erase(turn_service(t)->store, turn_proven(t), turn_cid(t), proven_erased, t);
    else
        citizen_erase(turn_service(t)->store, turn_cid(t), turn_cid(t), all_erased, t);
    return CLAIM_LATER;
}

static enum claim resume(struct turn *t, const char *expected)
{
    (void)expected;
    if (turn_payload(t, "xoa-that") != NULL)
        return erase(t);
    if (turn_payload(t, "khong") == NULL && !wish_to_keep(turn_service(t)->wish_words, turn_text(t)))
        return CLAIM_PASS;
    turn_say(t, "erase_kept", NULL);
    return CLAIM_DONE;
}

static enum claim look(struct turn *t)
{
    if (turn_kind(t) != CHAT_TEXT && turn_kind(t) != CHAT_TAP)
        return CLAIM_PASS;
    if (turn_payload(t, "xoa-that") != NULL) { /* an old button, or typed by hand: nothing was explained */
        turn_say(t, "erase_expired", NULL);
        return CLAIM_DONE;
    }
    bool asked = turn_payload(t, "xoa-du-lieu") != NULL ||
                 wish_to_be_erased(turn_service(t)->wish_words, turn_text(t));
    return asked ? begin(t) : CLAIM_PASS;
}

const struct intent intent_erase = { "erase", look, resume };
