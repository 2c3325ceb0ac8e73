/*
 * curl_loop - one curl multi handle on the event loop: libcurl says which sockets and which time it waits
 * for, libuv waits for them. Private to bot/net: the only headers that show libcurl types live here.
 */
#ifndef LOA_NET_CURL_LOOP_H
#define LOA_NET_CURL_LOOP_H

#include "loa/loop.h"
#include <curl/curl.h>

struct curl_loop;

/* A transfer's owner embeds one; `done` runs from the loop when libcurl is through with the easy handle,
 * which stays in the multi handle until curl_loop_remove(). */
struct curl_job {
    CURL *easy;
    void (*done)(void *ctx, CURLcode rc);
    void *ctx;
};

struct curl_loop *curl_loop_new(struct loop *l, long max_host_connections);
/* Closes the idle connections. Every job must have been removed. Allowed inside any callback. */
void curl_loop_free(struct curl_loop *c);

void curl_loop_add(struct curl_loop *c, struct curl_job *job); /* never completes inside the call */
void curl_loop_remove(struct curl_loop *c, struct curl_job *job);

/* An easy handle with what holds for all of ours: no signals, no proxy, no .netrc, verified peers, quick
 * refusal. From a small pool; give it back with curl_loop_give_easy(). Never NULL. */
CURL *curl_loop_take_easy(struct curl_loop *c);
void curl_loop_give_easy(struct curl_loop *c, CURL *easy);

/* For a CURLOPT_CONNECT_ONLY connection that its owner now talks over: runs `ready` whenever the socket can
 * be read, and, with `writing`, when it can be written. */
void curl_loop_watch(struct curl_loop *c, curl_socket_t fd, bool writing, loop_fn *ready, void *ctx);
void curl_loop_unwatch(struct curl_loop *c, curl_socket_t fd);

#endif
