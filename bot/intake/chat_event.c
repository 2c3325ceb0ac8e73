/*
 * What a citizen does on a platform becomes an input of the conversation: text, a tapped button (the platform
 * sends its payload like typed text), a picture, a shared number. First the citizen's record learns of it,
 * then the conversation; the provider hears 200 when both are durable, and a repeat finds its dedupe.
 */
#include "loa/chat.h"
#include "loa/citizen.h"
#include "loa/erase.h"
#include "loa/mem.h"
#include "loa/service.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arriving {
    struct service *service;
    struct channel_event event;
    void (*done)(void *ctx, enum loa_status st);
    void *ctx;
};

static void end(struct arriving *a, enum loa_status st)
{
    a->done(a->ctx, st);
    free(a);
}

static void accepted(void *ctx, enum loa_status st, const struct chat_accepted *taken)
{
    (void)taken;
    end(ctx, st);
}

/* "#word" or "#word:argument": the way our buttons speak. */
static bool is_payload(const char *text)
{
    size_t n = text[0] == '#' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789-_") : 0;
    return n > 0 && (text[n + 1] == '\0' || text[n + 1] == ':');
}

/* "user_send_image" -> "image"; NULL for what is no message. */
static const char *media_kind(const char *name)
{
    static const char prefix[] = "user_send_";
    return strncmp(name, prefix, sizeof prefix - 1) == 0 ? name + sizeof prefix - 1 : NULL;
}

/* False: nothing the dialog answers. */
static bool make_input(const struct channel_event *e, struct chat_input *in, char number[24])
{
    switch (e->kind) {
    case CE_CITIZEN_TEXT:
        in->kind = is_payload(e->text) ? CHAT_TAP : CHAT_TEXT;
        in->text = e->text;
        return true;
    case CE_FOLLOW:
        in->kind = CHAT_FOLLOW;
        return true;
    case CE_SHARED_INFO:
        in->kind = CHAT_SHARED;
        in->text = e->phone;
        return true;
    case CE_INTERACTION:
        in->kind = CHAT_MEDIA;
        in->text = media_kind(e->name);
        return in->text != NULL;
    case CE_FEEDBACK:
        in->kind = CHAT_RATING;
        snprintf(number, 24, "%lld", (long long)e->number);
        in->text = number;
        return true;
    default:
        return false;
    }
}

/* The platform says that this account wants to be forgotten: it is, with everything behind it. */
static void forget(struct arriving *a)
{
    char identity[64], ckey[CRYPTO_KEY_HEX];
    snprintf(identity, sizeof identity, "zalo:%s", a->event.user);
    citizen_key(a->service->crypto, identity, ckey);
    citizen_erase(a->service->store, ckey, "", a->done, a->ctx);
    free(a);
}

static void record_knows(void *ctx, enum loa_status st)
{
    struct arriving *a = ctx;
    const struct channel_event *e = &a->event;
    char identity[64], number[24];
    struct chat_input in = { .channel = "zalo", .address = e->user, .dedupe = e->dedupe, .at_ms = 0 };
    if (st != LOA_OK || e->channel != CH_ZALO || e->user[0] == '\0' || !make_input(e, &in, number)) {
        end(a, st);
        return;
    }
    snprintf(identity, sizeof identity, "zalo:%s", e->user);
    citizen_key(a->service->crypto, identity, in.cid);
    chat_receive(a->service->chat, &in, accepted, a);
}

void chat_event(struct service *s, const struct channel_event *e, void (*done)(void *ctx, enum loa_status st),
                void *ctx)
{
    struct arriving *a = mem_alloc(sizeof *a);
    *a = (struct arriving){ .service = s, .event = *e, .done = done, .ctx = ctx };
    if (e->kind == CE_WITHDRAW && e->channel == CH_ZALO && e->user[0] != '\0') {
        forget(a);
        return;
    }
    citizen_event(s->store, e, record_knows, a);
}
