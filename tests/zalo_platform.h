/*
 * zalo_platform - the Zalo platform as a driver test meets it: one small strict server on loopback, in the
 * loop of the test. Every deviation from the documents is written into `faults`.
 *
 * Also the rest of a driver's surroundings: a secret store in memory shared by several "processes", and their
 * drivers with what they alerted.
 */
#ifndef TESTS_ZALO_PLATFORM_H
#define TESTS_ZALO_PLATFORM_H

#include "loa/channel.h"
#include "loa/http_server.h"

struct zalo_platform {
    struct loop *loop;
    struct http_server *server;
    int port;
    struct buf faults; /* empty when everybody kept to the documents */

    /* how it behaves */
    char access[32], refresh[32]; /* the pair that is good */
    const char *expires;          /* JSON value of expires_in */
    const char *send_answer;      /* body of every answer to a message; NULL: accepted */
    int send_status;
    bool hold;                /* messages are taken and never answered */
    const char *grant_answer; /* body of every answer to a refresh; NULL: a new pair */
    int grant_status;
    bool grant_lost;         /* rotates, but the answer is a gateway's error */
    const char *info_answer; /* body of /template/info/v2 */
    const char *status_answer, *getoa_answer, *quality_answer, *quota_answer, *user_answer;
    const char *rate_left; /* X-RateLimit-Remain; NULL: not told */
    bool want_proof;

    /* what it saw */
    unsigned sends, refreshes, infos, looks;
    char path[128]; /* of the last message, with its query */
    struct buf body;
    struct http_request *held[16];
    unsigned held_count;
};
void zalo_platform_start(struct zalo_platform *p, struct loop *l);
void zalo_platform_stop(struct zalo_platform *p);
/* The tokens in use die at once, as when an administrator grants access anew. */
void zalo_platform_kill_token(struct zalo_platform *p);

#define VAULT_LISTENERS 4
struct vault { /* what lies in the store, shared by all processes */
    struct loop *loop;
    char *blob; /* NULL: nothing */
    unsigned saves;
    enum loa_status save_answer; /* LOA_OK, or how every save fails */
    struct {
        loop_fn *fn;
        void *ctx;
    } listener[VAULT_LISTENERS];
};
void vault_put(struct vault *v, const char *json); /* as a process that is gone left it */
void vault_clear(struct vault *v);

struct process {
    struct vault *vault;
    bool owner;
    struct secret_store store;
    struct channel_env env;
    struct config *config;
    void *state; /* of the driver */
    unsigned alerts;
    char alert_code[64], alert_text[300];
};
/* A driver with the platform's addresses; `settings` are lines "key = value" of [zalo] that come on top. */
void process_start(struct process *p, struct zalo_platform *platform, struct http_client *http,
                   struct vault *v, const char *settings);
void process_stop(struct process *p);

/* Turns the loop until `test(ctx)`; with a frozen clock time moves on by a millisecond a turn. Fails after 10
 * s of real time. */
void turn_until(struct loop *l, bool (*test)(void *ctx), void *ctx, const char *label);
/* Turns the loop `n` times without waiting for anything. */
void turn(struct loop *l, unsigned n);

#endif
