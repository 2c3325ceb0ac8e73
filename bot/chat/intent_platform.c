/*
 * What is no text: a phone number shared through the platform, which proves who the citizen is; pictures,
 * voices, files, which the bot cannot read.
 */
#include "chat_inside.h"
#include "loa/clock.h"
#include "loa/phone.h"
#include <stdio.h>
#include <string.h>

#define PROOF_MS (30LL * 86400 * 1000)

/* The number came from Zalo itself, not from the keyboard: it is the account's own. */
static enum claim shared(struct turn *t)
{
    char identity[32], ckey[CRYPTO_KEY_HEX];
    struct phone p = phone_parse(turn_text(t));
    if (p.kind != PHONE_MOBILE)
        return CLAIM_PASS;
    snprintf(identity, sizeof identity, "phone:%s", p.e164);
    citizen_key(turn_service(t)->crypto, identity, ckey);
    turn_prove(t, ckey, clock_wall_ms() + PROOF_MS);
    turn_say(t, "phone_shared", NULL);
    turn_count(t, "proven", "phone");
    return CLAIM_DONE;
}

static enum claim media(struct turn *t)
{
    static const struct {
        const char *kind, *text;
    } texts[] = {
        { "image", "media_image" }, { "audio", "media_audio" },       { "sticker", "media_sticker" },
        { "gif", "media_sticker" }, { "location", "media_location" },
    };
    const char *id = "media_other";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(turn_text(t), texts[i].kind) == 0)
            id = texts[i].text;
    turn_say(t, id, NULL);
    return CLAIM_DONE;
}

static enum claim look(struct turn *t)
{
    if (turn_kind(t) == CHAT_SHARED)
        return shared(t);
    return turn_kind(t) == CHAT_MEDIA ? media(t) : CLAIM_PASS;
}

const struct intent intent_platform = { "platform", look, NULL };
