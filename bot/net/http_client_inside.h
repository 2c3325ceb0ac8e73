/*
 * http_client_inside - what http_client.c and the SMTP files share of struct http_client.
 */
#ifndef LOA_NET_HTTP_CLIENT_INSIDE_H
#define LOA_NET_HTTP_CLIENT_INSIDE_H

#include "curl_loop.h"
#include "loa/http_client.h"

struct http_exchange;
struct smtp_client;

struct http_client {
    struct loop *loop;
    struct curl_loop *curl;
    struct http_exchange *calls; /* in flight, newest first */
    struct timer reaper;         /* completes what was cancelled */
    unsigned in_flight;
    bool closing;
    uint64_t last_id;         /* ids of HTTP and SMTP calls come from one counter */
    struct smtp_client *smtp; /* NULL until the first mail */
};

void smtp_client_cancel(struct smtp_client *s, uint64_t id);
void smtp_client_free(struct smtp_client *s);
unsigned smtp_client_in_flight(const struct smtp_client *s);

#endif
