/*
 * channel - the contract of a channel driver, and the registry of drivers.
 *
 * A driver translates: a message to a request, a reply to an outcome, a callback to events. It does not
 * retry, pace, route, or touch Redis; that keeps the next one small. A channel (what people see: portal,
 * zalo, sms, email) has one or more ways (how it is done technically): each way has its own lanes, breaker
 * and price.
 */
#ifndef LOA_CHANNEL_H
#define LOA_CHANNEL_H

#include "loa/config.h"
#include "loa/crypto.h"
#include "loa/http_client.h"
#include "loa/loop.h"
#include "loa/outcome.h"

enum channel { CH_PORTAL, CH_ZALO, CH_SMS, CH_EMAIL, CH_COUNT };
enum way { WAY_PORTAL, WAY_ZALO_CS, WAY_ZALO_UID, WAY_ZALO_ZBS, WAY_SMS, WAY_EMAIL, WAY_COUNT };

const char *channel_word(enum channel c); /* "portal" "zalo" "sms" "email" */
int channel_from_word(const char *w);     /* -1 unknown */
const char *way_word(enum way w);         /* "portal" "zalo_cs" "zalo_uid" "zalo_zbs" "sms" "email" */
int way_from_word(const char *w);
enum channel way_channel(enum way w);

/* ---- a rendered text (bot/notify/template.c makes it) ---- */
struct text {
    struct buf subject; /* e-mail subject, portal title */
    struct buf body;    /* plain text: SMS, Zalo, portal, e-mail's text part */
    struct buf html;    /* e-mail's HTML part */
    struct buf data;    /* ZBS/UID: template_data as a JSON object; buttons of a Zalo text as a JSON array */
    char template_id[40];      /* ZBS/UID: the provider's template id */
    char kind[40];             /* our template's name, e.g. "accepted" */
    char version[13];          /* first 12 hex digits of the hash of the template file */
    unsigned sms_parts;        /* SMS: 0 elsewhere */
    bool optional;             /* may be unsubscribed from: e-mail gets one-click headers */
    char unsubscribe_url[256]; /* "" when none */
};
void text_message_init(struct text *t);
void text_message_clear(struct text *t);

struct send { /* borrowed until the completion */
    enum way way;
    char ref[40];        /* ours, letters and digits only: tracking_id, RequestId, VERP token. A repeat of an
                            uncertain attempt carries the same ref; a new attempt after a definite answer has a new
                            one */
    const char *address; /* zalo uid, "84…" phone, e-mail address, citizen key (portal) */
    const struct text *text;
    unsigned attempt;    /* 1, 2, … */
    bool repeat;         /* the previous attempt's outcome is unknown and this carries the same ref */
    int64_t deadline_ms; /* wall: worthless after this */
    const char *unit;    /* MaDinhDanh of the unit: brandname per unit; may be NULL */
};
typedef void send_done_fn(void *ctx, const struct outcome *o);

/* ---- what comes back: receipts and everything else a provider tells us ---- */
enum channel_event_kind {
    CE_DELIVERED,
    CE_SEEN,
    CE_FAILED,
    CE_PROGRESS,     /* accepted by the next hop, still under way: no change of state */
    CE_CITIZEN_TEXT, /* a citizen wrote to us; `text` */
    CE_INTERACTION,  /* a citizen touched the OA: opens the free window */
    CE_FOLLOW,
    CE_UNFOLLOW,
    CE_SHARED_INFO, /* phone shared by the citizen: `phone` */
    CE_FEEDBACK,    /* rating 1-5 in `number`, `text` */
    CE_WITHDRAW,    /* the citizen asks for erasure on the platform */
    CE_TEMPLATE_STATUS,
    CE_TEMPLATE_QUALITY,
    CE_TEMPLATE_QUOTA,
    CE_ACCOUNT_QUOTA, /* `subject` = template id, `text` = new value */
    CE_ECHO,          /* our own message coming back: never feed it to a dialog */
    CE_UNKNOWN,       /* stored, answered 200 */
    CE_KIND_COUNT
};
const char *channel_event_word(enum channel_event_kind k);

struct channel_event {
    enum channel_event_kind kind;
    enum channel channel;
    char name[48];        /* the provider's own event name */
    char ref[40];         /* our ref, when the provider tells it */
    char provider_id[80]; /* the provider's message id */
    char user[40];        /* zalo uid or phone it concerns */
    char phone[16];
    char subject[40];
    int64_t number;
    int64_t at_ms;          /* when it happened, by the provider's clock; 0 unknown */
    struct outcome outcome; /* for CE_FAILED: why; cost where told */
    char text[4200];        /* UTF-8, cut at a letter */
    char dedupe[41];        /* 40 hex: the same event always gives the same */
};
#define CHANNEL_EVENTS_MAX 200
struct channel_events {
    struct channel_event *item; /* mem_alloc'ed, channel_events_clear() */
    unsigned count;
    bool truncated;
};
struct channel_event *channel_events_add(struct channel_events *l); /* zeroed; NULL when full */
void channel_events_clear(struct channel_events *l);

struct webhook {                        /* a callback as it came in */
    const char *method, *token, *query; /* token: the secret path part, "" when the route has none */
    const char *peer;                   /* ip of the connection, or "unix"; NULL: unknown */
    const char *body;
    size_t body_len;
    const char *(*header)(const void *ctx, const char *name);
    const void *header_ctx;
    int64_t now_ms;
};

/* Shared by all processes, kept in the store under partition 0: rotating provider credentials. The owner of
 * that partition is the only one that refreshes; saving is fenced by its lease. Blobs are sealed at rest. */
struct secret_store {
    void *ctx;
    bool (*is_owner)(void *ctx);
    enum loa_status (*load)(void *ctx, const char *name,
                            void (*done)(void *, enum loa_status, const char *, size_t),
                            void *done_ctx); /* LOA_NOT_FOUND when never saved */
    enum loa_status (*save)(void *ctx, const char *name, const char *blob, size_t len,
                            void (*done)(void *, enum loa_status),
                            void *done_ctx); /* LOA_STALE: not the owner */
    /* tells every process that `name` changed; they load it again. One listener per (name, fn_ctx); a later
     * call with fn NULL and the same fn_ctx takes it away: nothing is called after that */
    void (*on_change)(void *ctx, const char *name, loop_fn *fn, void *fn_ctx);
};

struct channel_env {
    struct loop *loop;
    struct http_client *http;
    const struct config *config;
    const struct crypto *crypto;
    const struct secret_store *secrets; /* NULL in tools */
    const char *data_dir;               /* where the driver's data files are: "channels" */
    void (*alert)(void *ctx, const char *code,
                  const char *sentence_vi); /* call a person, once per code and hour */
    void *alert_ctx;
};

struct channel_ops {
    enum channel channel;
    enum loa_status (*open)(const struct channel_env *env, struct errors *err, void **state);
    void (*close)(void *state); /* completes every pending send as uncertain or transient first */
    /* Refused by return value: LOA_BUSY (too many in flight), LOA_UNAVAILABLE (no token yet). */
    enum loa_status (*send)(void *state, const struct send *s, send_done_fn *done, void *ctx);
    /* Asks the provider what became of a message; the answer comes as events. NULL when it cannot. */
    enum loa_status (*poll)(void *state, enum way way, const char *provider_id, const char *ref,
                            void (*done)(void *ctx, const struct channel_events *ev), void *ctx);
    /* No I/O, so both can be fuzzed. verify: LOA_DENIED for a wrong signature or token, constant time. */
    enum loa_status (*verify)(void *state, const struct webhook *w);
    enum loa_status (*parse)(void *state, const struct webhook *w, struct channel_events *out);
    bool (*dedupes)(void *state,
                    enum way way); /* does the provider refuse a second message with the same ref? */
    /* Checks the driver's data files and settings without opening anything: `loa check`. */
    void (*check)(const struct config *cf, const char *data_dir, struct errors *err);
};

extern const struct channel_ops zalo_channel, sms_channel, email_channel;
/* NULL for the portal: it has no provider, its notices go straight to the store. */
const struct channel_ops *channel_ops_of(enum channel c);

#endif
