#include "http_internal.h"
#include "loa/clock.h"
#include "loa/crypto.h"
#include "loa/mem.h"
#include <stdlib.h>

#define GOODBYE_MS      1000 /* for close frames to leave */
#define CLOSING_STEP_MS 5
#define CLOSING_STEPS   8 /* deferred calls, two to a turn: what the library needs for its handles */

/* ---- list ---- */

void link_init(struct link *head)
{
    head->prev = head->next = head;
}

void link_add(struct link *head, struct link *item)
{
    item->prev = head->prev;
    item->next = head;
    head->prev->next = item;
    head->prev = item;
}

void link_remove(struct link *item)
{
    if (item->next == NULL)
        return;
    item->prev->next = item->next;
    item->next->prev = item->prev;
    item->prev = item->next = NULL;
}

/* ---- sweep ---- */

static int64_t sweep_period_ms(const struct http_server *s)
{
    int64_t shortest = s->header_timeout_ms;

    if (s->body_timeout_ms < shortest)
        shortest = s->body_timeout_ms;
    if (s->idle_timeout_ms < shortest)
        shortest = s->idle_timeout_ms;
    shortest /= 4;
    return shortest > 1000 ? 1000 : shortest < 10 ? 10 : shortest;
}

/* One look at all deadlines a few times a second is cheaper than a timer for each connection. */
static void sweep(void *ctx)
{
    struct http_server *s = ctx;
    const int64_t now_ms = clock_mono_ms();

    timer_start(&s->sweep, s->loop, sweep_period_ms(s), sweep, s);
    conn_sweep(s, now_ms);
    ws_sweep(s, now_ms);
}

/* ---- life ---- */

static int64_t or_default(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

static void free_memory(struct http_server *s)
{
    for (struct http_request *r = s->spare_requests, *next; r != NULL; r = next) {
        next = r->next_spare;
        buf_clear(&r->reply_headers);
        free(r->memory);
        free(r);
    }
    routes_clear(&s->routes);
    buf_clear(&s->scratch);
    free(s->listeners);
    free(s->ws_slot);
    free(s);
}

void server_release(struct http_server *s)
{
    if (s->closed && s->unanswered == 0)
        free_memory(s);
}

enum loa_status http_server_new(struct loop *l, const struct http_server_options *opt, char *why,
                                size_t why_size, struct http_server **out)
{
    struct http_server *s = mem_alloc(sizeof *s);

    s->loop = l;
    s->header_timeout_ms = or_default(opt->header_timeout_ms, 10 * 1000);
    s->body_timeout_ms = or_default(opt->body_timeout_ms, 30 * 1000);
    s->idle_timeout_ms = or_default(opt->idle_timeout_ms, 60 * 1000);
    s->max_connections = (unsigned)or_default(opt->max_connections, 10000);
    s->trace_state = crypto_random_u64();
    s->spare_fd = -1;
    buf_init(&s->scratch, HTTP_CHUNK_BYTES + HTTP_HEAD_MAX);
    link_init(&s->conns);
    link_init(&s->websockets);
    enum loa_status st = http_lws_open(s, opt, why, why_size);
    if (st == LOA_OK)
        st = http_listen_open(s, opt->listen, why, why_size);
    if (st != LOA_OK) {
        http_server_close(s, NULL, NULL);
        return st;
    }
    sweep(s);
    *out = s;
    return LOA_OK;
}

void http_server_route(struct http_server *s, const struct http_route *route)
{
    routes_add(&s->routes, route);
}

void http_server_stop_intake(struct http_server *s)
{
    s->intake_stopped = true;
    http_listen_close(s);
    conn_close_idle(s);
}

bool http_server_idle(const struct http_server *s)
{
    return s->unanswered == 0;
}

static void kill_all(struct http_server *s)
{
    while (s->conns.next != &s->conns)
        http_lws_kill(LINK_OWNER(s->conns.next, struct http_conn, link)->wsi);
    while (s->websockets.next != &s->websockets)
        http_lws_kill(LINK_OWNER(s->websockets.next, struct web_socket, link)->wsi);
}

static void close_over(struct http_server *s)
{
    loop_fn *done = s->close_done;
    void *ctx = s->close_ctx;

    s->closed = true;
    server_release(s);
    if (done != NULL)
        done(ctx);
}

/* First the WebSockets say goodbye. Then the library closes its handles, which on a loop that is not its own
 * takes some turns it does not count; when they are over it wants to be asked once more. */
static void close_step(void *ctx)
{
    struct http_server *s = ctx;
    const bool all_left = s->websockets.next == &s->websockets;

    if (s->lws_turns_left == 0 && !all_left && clock_mono_ms() < s->close_by_ms) {
        timer_start(&s->sweep, s->loop, CLOSING_STEP_MS, close_step, s);
        return;
    }
    if (s->lws_turns_left == 0) {
        kill_all(s);
        lws_context_destroy(s->lws);
        s->lws_turns_left = CLOSING_STEPS;
    } else if (--s->lws_turns_left == 0) {
        if (s->lws != NULL)
            lws_context_destroy(s->lws);
        close_over(s);
        return;
    }
    loop_defer(s->loop, close_step, s);
}

void http_server_close(struct http_server *s, loop_fn *done, void *ctx)
{
    if (s == NULL || s->closing)
        return;
    s->closing = true;
    s->close_done = done;
    s->close_ctx = ctx;
    http_server_stop_intake(s);
    ws_close_all(s);
    s->close_by_ms = clock_mono_ms() + GOODBYE_MS;
    timer_start(&s->sweep, s->loop, 0, close_step, s);
}
