/*
 * sim_outbox - what the simulated providers call back, with the patience each of them has.
 *
 * Only HTTP 200 within the setting webhook_timeout_ms counts as heard. Zalo tries again after 30 s, 5 min,
 * 15 min, 30 min and 1 h with the same body and a header `num_retry`; aggregators and the mail server five
 * times, a minute apart. The setting retry_factor makes all of that faster. At most SIM_OUTBOX_AT_ONCE calls
 * are open; the rest waits in order.
 */
#ifndef SIM_OUTBOX_H
#define SIM_OUTBOX_H

#include "sim.h"

#define SIM_OUTBOX_AT_ONCE 64
#define SIM_OUTBOX_MAX     500000

enum sim_patience { SIM_PATIENCE_ZALO, SIM_PATIENCE_OTHERS };

struct sim_callback { /* copied */
    const char *method, *url;
    const void *body;
    size_t body_len;
    const char *header[4]; /* "Name: value"; NULL where there is none */
    enum sim_patience patience;
};

struct sim_outbox_counts {
    uint32_t posted, heard, retried, given_up, waiting;
};

struct sim_outbox *sim_outbox_new(struct sim *s);
void sim_outbox_free(struct sim_outbox *o); /* after the http_client has gone, which ends what is open */
void sim_outbox_post(struct sim_outbox *o, const struct sim_callback *c);
void sim_outbox_forget(struct sim_outbox *o); /* what waits is dropped, counts start anew */
struct sim_outbox_counts sim_outbox_counts(const struct sim_outbox *o);

#endif
