/*
 * notice - one piece of news for one citizen, and how it becomes a notification in the store.
 *
 * notice_plan() decides by which ways, in which order and when (policy, consent, addresses, quiet hours), and
 * makes the record with one script. The id is derived from the content, so planning the same news twice is
 * harmless.
 *
 * Record n:<nid>: see bot/store/_delivery.lua. The header `h` is JSON without personal data:
 *   {"code","kind","status","at","ckey","unit","lane","source","accepted","procedure","skip":"way=reason;…"}
 * The sealed body `b` is JSON {"p":{parameters},"v":[variants],"a":{"phone","email","zalo"}} and is deleted
 * when the notification ends.
 */
#ifndef LOA_NOTICE_H
#define LOA_NOTICE_H

#include "loa/batch.h"
#include "loa/citizen.h"
#include "loa/policy.h"
#include "loa/template.h"

#define NOTICE_ID_SIZE  23 /* two digits of the partition, 20 hex digits, NUL */
#define NOTICE_VARIANTS 8
#define NOTICE_BODY_MAX 32768
/* A line of a conversation: no template, its text is the parameter "text" as it is, "extras" what Zalo shows
 * beside it (buttons, a form). It answers the citizen, so no cap, no hour and no opt-out holds it back. When
 * nobody knows whether it left, it is soon sent again: an answer twice is better than none. */
#define NOTICE_KIND_CHAT     "chat"
#define NOTICE_CHAT_DOUBT_MS 2000

struct notice {
    char nid[NOTICE_ID_SIZE];
    char code[64]; /* MaHoSo, normalised; "" for a message that concerns no dossier */
    char kind[40], unit[64], source[64];
    char procedure[40];  /* MaTTHC, where a survey counts by it; "" otherwise */
    int status;          /* 0-10, -1 none */
    int64_t at_ms;       /* when it happened */
    int64_t accepted_ms; /* when we took responsibility */
    enum lane lane;
    bool action, organisation;
    int64_t expires_ms;
    struct params params;
    const char *variants[NOTICE_VARIANTS + 1];
    char phone[16], email[256]; /* given for this very dossier; "" takes the citizen's own */
    signed char allow_sms, allow_email, allow_zalo; /* consent on the dossier: 1, 0, -1 not said */
    const char *const *only_ways;                   /* words, NULL-terminated; NULL: the plan of the kind */
};

void notice_init(struct notice *n);
void notice_clear(struct notice *n);
/* Sets nid from code, status, kind, time and citizen (plus `salt` for messages that are not about a status).
 */
void notice_set_id(struct notice *n, const struct store *s, const char *ckey, const char *salt);

/* Is this the id of a notification? Its partition is in it. */
bool notice_id_partition(const char *nid, unsigned *partition);

struct planner;
struct planner_env {
    struct store *store;
    const struct config *config;
    const struct policy *const *policy; /* where the current one is: both may be replaced on reload */
    struct template_set *const *templates;
    /* a message is ready in a lane of this partition */
    void (*wake)(void *ctx, unsigned partition, enum way way);
    void *wake_ctx;
};
/* Who can send at once: what is planned need not wait in its lane, the plan script takes it as a claim would
 * (claim.lua). One call at a time per partition makes such an offer. */
struct planner_taker {
    /* Writes what may be taken here (see plan.lua), nothing when nothing may; `wanted` is how many of each
     * way could be. */
    void (*offer)(void *ctx, unsigned partition, const unsigned wanted[WAY_COUNT], struct buf *out);
    void (*taken)(void *ctx, unsigned partition, enum way way, const struct redis_value *item);
    void (*over)(void *ctx, unsigned partition,
                 enum loa_status st); /* of every offer made, after the last item */
    void *ctx;
};

struct planner *planner_new(const struct planner_env *env);
void planner_free(struct planner *p);
void planner_set_taker(struct planner *p, const struct planner_taker *t);
/* LOA_OK: the notification is durable. LOA_BUSY: too much waits in the lanes, the news stays with the caller.
 * LOA_TOO_BIG: its parameters are more than a record holds. `made` is false when it was there before. */
typedef void notice_done_fn(void *ctx, enum loa_status st, bool made);
void notice_plan(struct planner *p, const struct notice *n, const struct citizen *c, notice_done_fn *done,
                 void *ctx);

#endif
