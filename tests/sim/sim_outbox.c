#include "sim_outbox.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 6

static const int64_t wait_ms[][TRIES] = {
    /* before try n; the first is at once */
    [SIM_PATIENCE_ZALO] = { 0, 30000, 300000, 900000, 1800000, 3600000 },
    [SIM_PATIENCE_OTHERS] = { 0, 60000, 60000, 60000, 60000, 60000 },
};

struct letter {
    struct sim_outbox *outbox;
    struct letter *next, *prev; /* in `all` */
    struct letter *after;       /* in the queue of those who want to leave now */
    char *method, *url, *body, *header[4];
    size_t body_len;
    enum sim_patience patience;
    unsigned tries;
    bool open, last; /* on the wire; not to be tried again */
    struct timer timer;
};

struct sim_outbox {
    struct sim *sim;
    struct letter all; /* ring head */
    struct letter *first, *last;
    unsigned open;
    struct sim_outbox_counts counts;
};

struct sim_outbox *sim_outbox_new(struct sim *s)
{
    struct sim_outbox *o = mem_alloc(sizeof *o);

    o->sim = s;
    o->all.next = o->all.prev = &o->all;
    return o;
}

static void letter_free(struct letter *l)
{
    timer_stop(&l->timer);
    l->next->prev = l->prev;
    l->prev->next = l->next;
    l->outbox->counts.waiting--;
    for (size_t i = 0; i < 4; i++)
        free(l->header[i]);
    free(l->method);
    free(l->url);
    free(l->body);
    free(l);
}

static void enqueue(struct letter *l)
{
    struct sim_outbox *o = l->outbox;

    l->after = NULL;
    if (o->last != NULL)
        o->last->after = l;
    else
        o->first = l;
    o->last = l;
}

static void leave(struct sim_outbox *o);

static void try_again(void *ctx)
{
    struct letter *l = ctx;

    enqueue(l);
    leave(l->outbox);
}

static void settle(struct letter *l, bool heard)
{
    struct sim_outbox *o = l->outbox;

    l->tries++;
    if (heard) {
        o->counts.heard++;
        letter_free(l);
    } else if (l->last || l->tries == TRIES) {
        o->counts.given_up++;
        log_warn("sim_callback_given_up", "tries", log_num(TRIES));
        letter_free(l);
    } else {
        o->counts.retried++;
        timer_start(&l->timer, o->sim->loop, wait_ms[l->patience][l->tries] / o->sim->set.retry_factor,
                    try_again, l);
    }
}

static void answered(void *ctx, const struct http_answer *a)
{
    struct letter *l = ctx;
    struct sim_outbox *o = l->outbox;

    o->open--;
    l->open = false;
    o->sim->changes++;
    if (a->result == WIRE_CANCELLED) { /* the client is going, and with it the simulator */
        letter_free(l);
        return;
    }
    settle(l, a->result == WIRE_ANSWERED && a->status == 200);
    leave(o);
}

static enum loa_status call(struct letter *l)
{
    char retry[32];
    const char *headers[6] = { NULL };
    unsigned n = 0;

    for (size_t i = 0; i < 4; i++)
        if (l->header[i] != NULL)
            headers[n++] = l->header[i];
    if (l->tries > 0 && l->patience == SIM_PATIENCE_ZALO) {
        snprintf(retry, sizeof retry, "num_retry: %u", l->tries);
        headers[n++] = retry;
    }
    struct http_call c = { .method = l->method,
                           .url = l->url,
                           .headers = headers,
                           .body = l->body,
                           .body_len = l->body_len,
                           .timeout_ms = l->outbox->sim->set.webhook_timeout_ms };
    return http_client_call(l->outbox->sim->client, &c, answered, l, NULL);
}

/* Starts waiting letters while there is room. */
static void leave(struct sim_outbox *o)
{
    while (o->first != NULL && o->open < SIM_OUTBOX_AT_ONCE) {
        struct letter *l = o->first;
        o->first = l->after;
        if (o->first == NULL)
            o->last = NULL;
        l->open = call(l) == LOA_OK;
        if (l->open)
            o->open++;
        else
            settle(l, false);
    }
}

void sim_outbox_post(struct sim_outbox *o, const struct sim_callback *c)
{
    if (o->counts.waiting >= SIM_OUTBOX_MAX) {
        o->counts.given_up++;
        return;
    }
    struct letter *l = mem_alloc(sizeof *l);
    l->outbox = o;
    l->next = &o->all;
    l->prev = o->all.prev;
    l->next->prev = l->prev->next = l;
    l->method = mem_strdup(c->method);
    l->url = mem_strdup(c->url);
    l->body = mem_strndup(c->body != NULL ? c->body : "", c->body_len);
    l->body_len = c->body_len;
    l->patience = c->patience;
    for (size_t i = 0; i < 4; i++)
        l->header[i] = mem_strdup(c->header[i]);
    o->counts.posted++;
    o->counts.waiting++;
    enqueue(l);
    leave(o);
}

struct sim_outbox_counts sim_outbox_counts(const struct sim_outbox *o)
{
    return o->counts;
}

void sim_outbox_forget(struct sim_outbox *o)
{
    struct letter *next;

    for (struct letter *l = o->all.next; l != &o->all; l = next) {
        next = l->next;
        l->last = true;
        if (!l->open)
            letter_free(l);
    }
    o->first = o->last = NULL;
    o->counts = (struct sim_outbox_counts){ .waiting = o->open };
}

void sim_outbox_free(struct sim_outbox *o)
{
    if (o == NULL)
        return;
    while (o->all.next != &o->all)
        letter_free(o->all.next);
    free(o);
}
