/*
 * A link's life: resolve, connect, greet (AUTH, PING, ROLE), up, down. hiredis formats commands and parses
 * replies; the socket is a libuv stream, so that everything queued in one turn leaves in one write at its
 * end.
 *
 * Replies come in the order of the commands, and all commands of a link have the same deadline, so the oldest
 * one is due first and one timer watches it. A command that misses its deadline takes the link down with it:
 * its reply might still come, and would be taken for the next one's.
 *
 * Where replicas count, a WAIT follows the commands of a turn, and their answers are held until its own.
 * There is one WAIT at a time: it blocks the connection, and a queue of them would add up beyond the
 * deadline.
 */
#include "redis_inside.h"
#include "loa/buf.h"
#include "loa/clock.h"
#include "loa/crypto.h"
#include "loa/mem.h"
#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define KEEP_OUT_BYTES (1u << 20) /* a larger send buffer is given back after a burst */
#define READ_BYTES     65536

enum link_state { LINK_RESOLVING, LINK_CONNECTING, LINK_GREETING, LINK_UP, LINK_DOWN };

struct redis_link {
    enum link_state state;
    struct loop *loop;
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } io;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    unsigned holds; /* by the handle and by a name look-up; the last one to go frees the link */
    const struct link_events *events;
    void *ctx;

    struct redis_address address;
    unsigned attempt;
    unsigned greetings; /* replies still to come before the link is up */
    struct link_call auth, ping, role;

    redisReader *reader;
    struct buf out; /* commands of this turn */
    bool flush_due;
    struct link_call *first, **last;     /* sent, in order, not yet answered */
    struct link_call *held, **held_last; /* answered, replicas not yet heard of */
    unsigned replicas;                   /* how many the commands since the last WAIT want */
    bool waiting;                        /* for its answer */
    int64_t deadline_ms;
    struct timer watch;
    bool last_chance;
};

static void link_fail(struct redis_link *k, enum loa_status st, const char *why);

/* ---- going down ---- */

static void link_destroy(void *p)
{
    struct redis_link *k = p;
    redisReaderFree(k->reader);
    buf_clear(&k->out);
    free(k);
}

/* Later than this turn's end, where a flush may still be due. */
static void link_release(struct redis_link *k)
{
    if (--k->holds == 0)
        loop_free_later(k->loop, k, link_destroy);
}

static void handle_closed(uv_handle_t *handle)
{
    link_release(handle->data);
}

static void link_stop(struct redis_link *k)
{
    k->state = LINK_DOWN;
    timer_stop(&k->watch);
    if (!uv_is_closing(&k->io.handle)) /* by the loop's own end, when the owner forgot us */
        uv_close(&k->io.handle, handle_closed);
}

/* In order. Error answers count whatever the replicas say: nothing was written. */
static void release_held(struct redis_link *k, enum loa_status st)
{
    struct link_call *c = k->held;

    k->held = NULL;
    k->held_last = &k->held;
    for (struct link_call *next; c != NULL; c = next) {
        redisReply *reply = c->reply;
        bool tell = st == LOA_OK || reply->type == REDIS_REPLY_ERROR;
        next = c->next;
        c->fn(c, tell ? LOA_OK : st, tell ? (const struct redis_value *)(const void *)reply : NULL);
        freeReplyObject(reply);
    }
}

/* The commands that ran out of time are told so, the others that the link is lost. */
static void complete_all(struct redis_link *k, enum loa_status st)
{
    const int64_t now = clock_mono_ms();

    release_held(k, st == LOA_TIMEOUT ? LOA_UNAVAILABLE : st);
    while (k->first != NULL) {
        struct link_call *c = k->first;
        k->first = c->next;
        c->fn(c, st == LOA_TIMEOUT && c->due_ms > now ? LOA_UNAVAILABLE : st, NULL);
    }
    k->last = &k->first;
}

static void link_fail(struct redis_link *k, enum loa_status st, const char *why)
{
    if (k->state == LINK_DOWN)
        return;
    link_stop(k);
    k->events->down(k->ctx, why); /* the owner forgets us first, so that completions can not come back */
    complete_all(k, st);
}

void redis_link_close(struct redis_link *k, enum loa_status st)
{
    if (k == NULL || k->state == LINK_DOWN)
        return;
    link_stop(k);
    complete_all(k, st);
}

/* ---- sending ---- */

struct rest { /* what the socket did not take at once */
    uv_write_t req;
    char *data;
};

static void rest_written(uv_write_t *req, int status)
{
    struct rest *r = req->data;
    struct redis_link *k = req->handle->data;

    free(r->data);
    free(r);
    if (status < 0)
        link_fail(k, LOA_UNAVAILABLE, uv_strerror(status));
}

static int write_rest(struct redis_link *k, size_t from)
{
    struct rest *r = mem_alloc(sizeof *r);
    uv_buf_t b = { .len = k->out.len - from };

    r->data = buf_take(&k->out);
    r->req.data = r;
    b.base = r->data + from;
    int error = uv_write(&r->req, &k->io.stream, &b, 1, rest_written);
    if (error != 0) {
        free(r->data);
        free(r);
    }
    return error;
}

static void ask_replicas(struct redis_link *k);

static void flush(void *ctx)
{
    struct redis_link *k = ctx;

    ask_replicas(k);
    k->flush_due = false;
    if (k->state == LINK_DOWN || k->out.len == 0)
        return;
    if (!buf_ok(&k->out)) { /* a command did not fit: replies would not match */
        link_fail(k, LOA_UNAVAILABLE, "too much to send");
        return;
    }
    uv_buf_t b = { .base = k->out.data, .len = k->out.len };
    int n = uv_try_write(&k->io.stream, &b, 1);
    if (n == UV_EAGAIN)
        n = 0;
    if (n >= 0 && (size_t)n < k->out.len)
        n = write_rest(k, (size_t)n);
    else if (k->out.cap > KEEP_OUT_BYTES)
        buf_clear(&k->out);
    else
        buf_reset(&k->out);
    if (n < 0)
        link_fail(k, LOA_UNAVAILABLE, uv_strerror(n));
}

static void flush_at_turn_end(struct redis_link *k)
{
    bool connected = k->state == LINK_GREETING || k->state == LINK_UP;

    if (k->flush_due || !connected)
        return;
    k->flush_due = true;
    loop_at_turn_end(k->loop, flush, k);
}

static void put_out(struct redis_link *k, const char *wire, size_t len)
{
    buf_add(&k->out, wire, len);
    flush_at_turn_end(k);
}

/* ---- deadlines ---- */

static void watch_expired(void *ctx)
{
    struct redis_link *k = ctx;

    if (k->state < LINK_GREETING) {
        link_fail(k, LOA_TIMEOUT, "no connection within the deadline");
        return;
    }
    if (k->first == NULL)
        return;
    int64_t left_ms = k->first->due_ms - clock_mono_ms();
    if (left_ms <= 0 && k->last_chance) {
        link_fail(k, LOA_TIMEOUT, "no answer within the deadline");
        return;
    }
    /* If this process slept, the reply may wait in the socket: look there once more before giving up. */
    k->last_chance = left_ms <= 0;
    timer_start(&k->watch, k->loop, left_ms, watch_expired, k);
}

void redis_link_send(struct redis_link *k, struct link_call *call, link_reply_fn *fn, const char *wire,
                     size_t len)
{
    assert(k->state != LINK_DOWN);
    *call = (struct link_call){ .fn = fn, .due_ms = clock_mono_ms() + k->deadline_ms };
    *k->last = call;
    k->last = &call->next;
    if (!timer_running(&k->watch))
        timer_start(&k->watch, k->loop, k->deadline_ms, watch_expired, k);
    put_out(k, wire, len);
}

void redis_link_sendf(struct redis_link *k, struct link_call *call, link_reply_fn *fn, const char *fmt, ...)
{
    va_list ap;
    char *wire = NULL;

    va_start(ap, fmt);
    int len = redisvFormatCommand(&wire, fmt, ap);
    va_end(ap);
    assert(len > 0);
    redis_link_send(k, call, fn, wire, (size_t)len);
    redisFreeCommand(wire);
}

void redis_link_post(struct redis_link *k, const char *fmt, ...)
{
    va_list ap;
    char *wire = NULL;

    va_start(ap, fmt);
    int len = redisvFormatCommand(&wire, fmt, ap);
    va_end(ap);
    assert(len > 0);
    put_out(k, wire, (size_t)len);
    redisFreeCommand(wire);
}

/* ---- replicas ---- */

struct barrier { /* a WAIT under way; what is held when it is answered was sent before it */
    struct link_call call;
    struct redis_link *link;
    unsigned replicas;
};

static void replicas_answered(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    struct barrier *b = (struct barrier *)(void *)((char *)call - offsetof(struct barrier, call));

    struct redis_link *k = b->link;

    if (st == LOA_OK) {
        k->waiting = false;
        ask_replicas(k); /* for the commands that came meanwhile */
        release_held(k, redis_int(v) >= b->replicas ? LOA_OK : LOA_UNAVAILABLE);
    }
    free(b);
}

static void ask_replicas(struct redis_link *k)
{
    if (k->replicas == 0 || k->waiting || k->state == LINK_DOWN)
        return;
    k->waiting = true;
    struct barrier *b = mem_alloc(sizeof *b);
    *b = (struct barrier){ .link = k, .replicas = k->replicas };
    k->replicas = 0;
    redis_link_sendf(k, &b->call, replicas_answered, "WAIT %d %d", (int)b->replicas,
                     (int)(k->deadline_ms / 2));
}

void redis_link_hold(struct redis_link *k, struct link_call *call, unsigned replicas)
{
    call->held = replicas > 0;
    if (replicas > k->replicas)
        k->replicas = replicas;
}

bool redis_link_up(const struct redis_link *k)
{
    return k != NULL && k->state == LINK_UP;
}

bool redis_link_full(const struct redis_link *k)
{
    return k->out.len + uv_stream_get_write_queue_size(&k->io.stream) > REDIS_UNSENT_MAX_BYTES;
}

/* ---- receiving ---- */

static void hold(struct redis_link *k, struct link_call *c, void *reply)
{
    c->reply = reply;
    c->next = NULL;
    *k->held_last = c;
    k->held_last = &c->next;
}

/* Returns what is to be freed. */
static void *take_reply(struct redis_link *k, void *reply)
{
    const struct redis_value *v = reply;
    struct link_call *c = k->first;

    if (c != NULL) {
        k->first = c->next;
        if (k->first == NULL)
            k->last = &k->first;
        if (c->held) {
            hold(k, c, reply);
            return NULL;
        }
        c->fn(c, LOA_OK, v);
    } else if (k->events->push != NULL) {
        k->events->push(k->ctx, v);
    } else {
        link_fail(k, LOA_UNAVAILABLE, redis_type(v) == REDIS_ERROR ? redis_str(v, NULL) : "unasked reply");
    }
    return reply;
}

static void take_replies(struct redis_link *k)
{
    while (k->state != LINK_DOWN) {
        void *reply = NULL;
        if (redisReaderGetReply(k->reader, &reply) != REDIS_OK)
            link_fail(k, LOA_UNAVAILABLE, k->reader->errstr);
        if (reply == NULL)
            break;
        freeReplyObject(take_reply(k, reply));
    }
    if (k->state != LINK_DOWN && k->reader->len - k->reader->pos > REDIS_REPLY_MAX_BYTES)
        link_fail(k, LOA_UNAVAILABLE, "the reply is too big");
}

static void give_memory(uv_handle_t *handle, size_t hint, uv_buf_t *out)
{
    static char memory[READ_BYTES]; /* parsed before the next read, so one for all links will do */

    (void)handle, (void)hint;
    *out = uv_buf_init(memory, sizeof memory);
}

static void got_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct redis_link *k = stream->data;

    if (n < 0) {
        link_fail(k, LOA_UNAVAILABLE, n == UV_EOF ? "closed by the server" : uv_strerror((int)n));
        return;
    }
    k->last_chance = false;
    redisReaderFeed(k->reader, b->base, (size_t)n);
    take_replies(k);
}

/* ---- greeting ---- */

#define LINK_OF(call, member)                                                                                \
    ((struct redis_link *)(void *)((char *)(call)-offsetof(struct redis_link, member)))

static void greeted(struct redis_link *k)
{
    if (--k->greetings > 0)
        return;
    k->state = LINK_UP;
    k->events->up(k->ctx);
}

static void auth_done(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    struct redis_link *k = LINK_OF(call, auth);

    if (st != LOA_OK)
        return;
    if (redis_type(v) == REDIS_ERROR)
        link_fail(k, LOA_UNAVAILABLE, redis_str(v, NULL));
    else
        greeted(k);
}

/* MISCONF: it answers, reads work, writes are refused one by one. NOPERM: PING is forbidden to us. */
static void ping_done(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    struct redis_link *k = LINK_OF(call, ping);

    if (st != LOA_OK)
        return;
    if (redis_type(v) != REDIS_ERROR || redis_is_error(v, "MISCONF") || redis_is_error(v, "NOPERM"))
        greeted(k);
    else
        link_fail(k, LOA_UNAVAILABLE, redis_str(v, NULL));
}

static void role_done(struct link_call *call, enum loa_status st, const struct redis_value *v)
{
    struct redis_link *k = LINK_OF(call, role);

    if (st != LOA_OK)
        return;
    if (strcmp(redis_str(redis_at(v, 0), NULL), "master") == 0)
        greeted(k);
    else
        link_fail(k, LOA_UNAVAILABLE, "not the master");
}

/* ---- connecting ---- */

static void connected(uv_connect_t *req, int status)
{
    struct redis_link *k = req->handle->data;

    if (k->state == LINK_DOWN)
        return;
    if (status == 0) {
        k->state = LINK_GREETING;
        status = uv_read_start(&k->io.stream, give_memory, got_bytes);
    }
    if (status == 0)
        flush_at_turn_end(k);
    else
        link_fail(k, LOA_UNAVAILABLE, uv_strerror(status));
}

static void connect_tcp(struct redis_link *k, const struct sockaddr *addr)
{
    k->state = LINK_CONNECTING;
    uv_tcp_nodelay(&k->io.tcp, 1);
    uv_tcp_keepalive(&k->io.tcp, 1, 15);
    int error = uv_tcp_connect(&k->connect, &k->io.tcp, addr, connected);
    if (error != 0)
        link_fail(k, LOA_UNAVAILABLE, uv_strerror(error));
}

static const struct addrinfo *choose_address(const struct addrinfo *list, unsigned attempt)
{
    unsigned count = 0;

    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        count++;
    for (unsigned skip = count > 0 ? attempt % count : 0; skip > 0; skip--)
        list = list->ai_next;
    return list;
}

static void resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct redis_link *k = req->data;
    const struct addrinfo *a = choose_address(list, k->attempt);

    if (k->state != LINK_DOWN && a != NULL)
        connect_tcp(k, a->ai_addr);
    else
        link_fail(k, LOA_UNAVAILABLE, uv_strerror(status)); /* no more than that when it is down already */
    uv_freeaddrinfo(list);
    link_release(k);
}

static void resolve_name(struct redis_link *k)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    char port[8];

    snprintf(port, sizeof port, "%d", k->address.port);
    k->resolve.data = k;
    int error = uv_getaddrinfo(loop_native(k->loop), &k->resolve, resolved, k->address.host, port, &hints);
    if (error == 0)
        k->holds++;
    else
        link_fail(k, LOA_UNAVAILABLE, uv_strerror(error));
}

/* From the loop, because connecting may fail at once and events must not come inside redis_link_open(). */
static void start_connecting(void *ctx)
{
    struct redis_link *k = ctx;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (k->state == LINK_DOWN)
        return;
    if (k->address.host[0] == '/') {
        k->state = LINK_CONNECTING;
        uv_pipe_connect(&k->connect, &k->io.pipe, k->address.host, connected);
    } else if (uv_ip4_addr(k->address.host, k->address.port, &v4) == 0) {
        connect_tcp(k, (const struct sockaddr *)&v4);
    } else if (uv_ip6_addr(k->address.host, k->address.port, &v6) == 0) {
        connect_tcp(k, (const struct sockaddr *)&v6);
    } else {
        resolve_name(k);
    }
}

/* The first commands of the link: what must be answered before it counts as up. */
static void greet(struct redis_link *k, const struct link_options *o)
{
    k->greetings = 1 + (o->password[0] != '\0') + o->must_be_master;
    if (o->password[0] != '\0' && o->user[0] != '\0')
        redis_link_sendf(k, &k->auth, auth_done, "AUTH %s %s", o->user, o->password);
    else if (o->password[0] != '\0')
        redis_link_sendf(k, &k->auth, auth_done, "AUTH %s", o->password);
    redis_link_sendf(k, &k->ping, ping_done, "PING");
    if (o->must_be_master)
        redis_link_sendf(k, &k->role, role_done, "ROLE");
}

struct redis_link *redis_link_open(const struct link_options *o, const struct link_events *ev, void *ctx)
{
    struct redis_link *k = mem_alloc(sizeof *k);

    *k = (struct redis_link){
        .loop = o->loop,
        .events = ev,
        .ctx = ctx,
        .holds = 1,
        .address = o->address,
        .attempt = o->attempt,
        .deadline_ms = o->deadline_ms,
        .reader = redisReaderCreate(),
        .last = &k->first,
        .held_last = &k->held,
    };
    buf_init(&k->out, 2 * REDIS_UNSENT_MAX_BYTES); /* room beyond the refusal, for commands sent again */
    if (k->reader == NULL)
        abort();
    if (o->address.host[0] == '/')
        uv_pipe_init(loop_native(o->loop), &k->io.pipe, 0);
    else
        uv_tcp_init(loop_native(o->loop), &k->io.tcp);
    k->io.handle.data = k;
    greet(k, o);
    loop_defer(o->loop, start_connecting, k);
    return k;
}

int64_t redis_backoff_ms(unsigned attempt)
{
    int64_t longest = attempt < 6 ? (int64_t)50 << attempt : 2000;
    return longest / 2 + (int64_t)(crypto_random_u64() % (uint64_t)(longest / 2));
}
