/*
 * sim_exchange - one request to a simulated provider, from arrival to answer.
 *
 * A handler reads the request and writes the reply; it does not know about faults. Around it, the exchange
 * counts, lets a fault take the handler's place (dropped, 500, throttled, an error code) or spoil the answer
 * (late, never, connection closed), and sends it.
 */
#ifndef SIM_EXCHANGE_H
#define SIM_EXCHANGE_H

#include "sim.h"

#define SIM_REPLY_MAX_BYTES (1 << 20)

struct sim_reply {
    int status; /* 200 */
    const char *content_type;
    struct buf body;
    char code[24]; /* the provider's own, counted when the request was refused */
    bool accepted, duplicate;
    int64_t delay_ms; /* answer this much later */
    struct {
        const char *name;
        char value[48];
    } header[3];
    unsigned headers;
};

typedef void sim_handler(struct sim *s, struct http_request *req, struct sim_reply *r);
/* Writes the provider's refusal with this code, as that provider does. */
typedef void sim_refuse(struct sim *s, struct sim_reply *r, const char *code);

void sim_reply_header(struct sim_reply *r, const char *name, const char *value); /* name: static */
void sim_reply_json(struct sim_reply *r, cJSON *o);                              /* prints and frees `o` */

/* Adds every provider's routes to s->http. */
void sim_exchange_start(struct sim *s);
/* Lets go of answers still held back; before the server closes. */
void sim_exchange_stop(struct sim *s);

/* Counts a request of one way, also for the mail server, which has no HTTP. */
void sim_count_request(struct sim *s, enum sim_way way);
void sim_count_refusal(struct sim *s, enum sim_way way, const char *code);

#endif
