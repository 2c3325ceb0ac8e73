/*
 * followers - conversations that want the news of a dossier (field fw of its record, follow.lua) hear it
 * beside its owner: on Zalo as a notification to that account alone, never by SMS; on the web as a line of
 * the chat. Who is the owner himself, on the account that hears it anyway, hears it once. A follower may have
 * proven no more than four digits, so names are masked.
 */
#ifndef LOA_FOLLOWERS_H
#define LOA_FOLLOWERS_H

#include "loa/notice.h"

struct followers_env {
    struct store *store;
    struct planner *planner;
    /* A line in a conversation on the web: `text` "#news:CODE status at_ms", `dedupe` the same for the same
     * news. `done` runs once, later, when it is durable. */
    void (*tell)(void *ctx, const char *cid, const char *text, const char *dedupe,
                 void (*done)(void *ctx, enum loa_status st), void *done_ctx);
    void *tell_ctx;
};

#define FOLLOWERS_MAX_BYTES 256 /* five of "<cid>:<channel>;" */
struct follower_news {          /* lives until all completions have run */
    struct followers_env env;
    char list[FOLLOWERS_MAX_BYTES];
    void (*fill)(void *ctx, struct notice *n);   /* the notice as the owner gets it */
    const struct citizen *owner, *contact;       /* who hears it already; "" keys: nobody */
    void (*told)(void *ctx, enum loa_status st); /* once per follower, later */
    void *ctx;
};
/* How many completions will come. `refused` gets why one could not begin, and is left alone otherwise. */
unsigned followers_tell(struct follower_news *n, enum loa_status *refused);

#endif
