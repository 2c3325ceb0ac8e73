#include "loa/channel.h"
#include "loa/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BODY_MAX_BYTES (64 * 1024)
#define TEXT_HTML_MAX_BYTES (256 * 1024)

/* ---- the registry: a driver that lands adds its line here ---- */

static const struct channel_ops *const drivers[CH_COUNT] = {
    [CH_PORTAL] = NULL, /* no provider: notices go straight to the store */
    [CH_ZALO] = &zalo_channel,
    [CH_SMS] = &sms_channel,
    [CH_EMAIL] = &email_channel,
};

const struct channel_ops *channel_ops_of(enum channel c)
{
    assert(c < CH_COUNT);
    return drivers[c];
}

/* ---- words ---- */

static const char *const channel_words[CH_COUNT] = {
    [CH_PORTAL] = "portal",
    [CH_ZALO] = "zalo",
    [CH_SMS] = "sms",
    [CH_EMAIL] = "email",
};

static const struct {
    const char *word;
    enum channel channel;
} ways[WAY_COUNT] = {
    [WAY_PORTAL] = { "portal", CH_PORTAL },
    [WAY_ZALO_CS] = { "zalo_cs", CH_ZALO },
    [WAY_ZALO_UID] = { "zalo_uid", CH_ZALO },
    [WAY_ZALO_ZBS] = { "zalo_zbs", CH_ZALO },
    [WAY_SMS] = { "sms", CH_SMS },
    [WAY_EMAIL] = { "email", CH_EMAIL },
};

static const char *const event_words[CE_KIND_COUNT] = {
    [CE_DELIVERED] = "delivered",
    [CE_SEEN] = "seen",
    [CE_FAILED] = "failed",
    [CE_PROGRESS] = "progress",
    [CE_CITIZEN_TEXT] = "citizen_text",
    [CE_INTERACTION] = "interaction",
    [CE_FOLLOW] = "follow",
    [CE_UNFOLLOW] = "unfollow",
    [CE_SHARED_INFO] = "shared_info",
    [CE_FEEDBACK] = "feedback",
    [CE_WITHDRAW] = "withdraw",
    [CE_TEMPLATE_STATUS] = "template_status",
    [CE_TEMPLATE_QUALITY] = "template_quality",
    [CE_TEMPLATE_QUOTA] = "template_quota",
    [CE_ACCOUNT_QUOTA] = "account_quota",
    [CE_ECHO] = "echo",
    [CE_UNKNOWN] = "unknown",
};

const char *channel_word(enum channel c)
{
    assert(c < CH_COUNT);
    return channel_words[c];
}

int channel_from_word(const char *w)
{
    for (int i = 0; i < CH_COUNT; i++)
        if (strcmp(channel_words[i], w) == 0)
            return i;
    return -1;
}

const char *way_word(enum way w)
{
    assert(w < WAY_COUNT);
    return ways[w].word;
}

int way_from_word(const char *w)
{
    for (int i = 0; i < WAY_COUNT; i++)
        if (strcmp(ways[i].word, w) == 0)
            return i;
    return -1;
}

enum channel way_channel(enum way w)
{
    assert(w < WAY_COUNT);
    return ways[w].channel;
}

const char *channel_event_word(enum channel_event_kind k)
{
    assert(k < CE_KIND_COUNT);
    return event_words[k];
}

/* ---- texts ---- */

void text_message_init(struct text *t)
{
    *t = (struct text){
        .subject = BUF_INIT(TEXT_BODY_MAX_BYTES),
        .body = BUF_INIT(TEXT_BODY_MAX_BYTES),
        .html = BUF_INIT(TEXT_HTML_MAX_BYTES),
        .data = BUF_INIT(TEXT_BODY_MAX_BYTES),
    };
}

void text_message_clear(struct text *t)
{
    buf_clear(&t->subject);
    buf_clear(&t->body);
    buf_clear(&t->html);
    buf_clear(&t->data);
}

/* ---- events ---- */

#define EVENTS_STEP 8

struct channel_event *channel_events_add(struct channel_events *l)
{
    if (l->count == CHANNEL_EVENTS_MAX) {
        l->truncated = true;
        return NULL;
    }
    if (l->count % EVENTS_STEP == 0)
        l->item = mem_resize(l->item, (l->count + EVENTS_STEP) * sizeof *l->item);
    struct channel_event *e = &l->item[l->count++];
    *e = (struct channel_event){ 0 };
    return e;
}

void channel_events_clear(struct channel_events *l)
{
    free(l->item);
    *l = (struct channel_events){ 0 };
}
