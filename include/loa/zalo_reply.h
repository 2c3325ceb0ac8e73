/*
 * zalo_reply - one answer of the Zalo platform: read, then translated to an outcome through codes.tsv.
 *
 * The platform answers {"error":0,"message":"Success","data":{…}}; errors of the application come with HTTP
 * 200 and without `data`; numbers may be written as strings; members come and go between versions. So
 * everything but `error` is optional here.
 */
#ifndef LOA_ZALO_REPLY_H
#define LOA_ZALO_REPLY_H

#include "loa/http_client.h"
#include "loa/json.h"
#include "loa/outcome.h"
#include "loa/zalo_request.h"

struct zalo_reply {
    enum zalo_host host;
    enum wire_result wire;
    int http_status;
    char code[16];         /* "0", "-118"; "" when the answer is not the platform's own */
    cJSON *root;           /* NULL when unreadable */
    const cJSON *data;     /* member of root; NULL when absent */
    bool names_user;       /* the platform's message speaks of user_id, or of a quota: two codes mean … */
    bool names_quota;      /* … different things by that */
    int64_t rate_left;     /* X-RateLimit-Remain; -1 not told */
    int64_t retry_after_s; /* Retry-After; 0 not told */
};

void zalo_reply_read(struct zalo_reply *r, enum zalo_host host, const struct http_answer *answer);
/* The same for a body without transport: tests, fuzzing. */
void zalo_reply_parse(struct zalo_reply *r, enum zalo_host host, int http_status, const char *body,
                      size_t len);
void zalo_reply_clear(struct zalo_reply *r);

bool zalo_reply_ok(const struct zalo_reply *r);         /* error 0 */
bool zalo_reply_token_dead(const struct zalo_reply *r); /* the access token is invalid or expired */
/* Not understood although it was answered: what the template wants differs from what we know. */
bool zalo_reply_doubts_template(const struct zalo_reply *r);

/* Class, code, sentence and waiting time. False: the code is in no table (the outcome is then transient). */
bool zalo_reply_outcome(const struct outcome_table *codes, const struct zalo_reply *r, struct outcome *out);

struct zalo_sent { /* what an accepted message tells; every member optional */
    char message_id[80];
    int64_t sent_ms;                 /* 0: not told */
    char quota_type[24];             /* reply-window messages: "reply" is free */
    int64_t quota_left, quota_total; /* -1: not told */
};
void zalo_reply_sent(const struct zalo_reply *r, struct zalo_sent *out);

#endif
