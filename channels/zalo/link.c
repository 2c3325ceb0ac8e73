#include "link.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/zalo_sign.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_MS     60000
#define URL_MAX_BYTES 2048

struct call {
    struct zalo_link *link; /* NULL once completed: the answer comes to nobody */
    struct call *prev, *next;
    enum zalo_host host;
    unsigned token_serial;
    uint64_t id;
    zalo_link_fn *done;
    void *ctx;
};

struct zalo_link {
    struct channel_env env;
    struct zalo_oauth *oauth;
    struct zalo_link_settings set;
    struct call *calls;
    int64_t in_flight[ZALO_HOST_COUNT];
    int64_t closed_until_ms[ZALO_HOST_COUNT]; /* monotonic */
    int64_t last_good_ms;                     /* monotonic; -1 never */
};

struct zalo_link *zalo_link_new(const struct channel_env *env, struct zalo_oauth *oauth,
                                const struct zalo_link_settings *set)
{
    struct zalo_link *l = mem_alloc(sizeof *l);
    l->env = *env;
    l->oauth = oauth;
    l->set = *set;
    l->last_good_ms = -1;
    return l;
}

static void detach(struct call *c)
{
    struct zalo_link *l = c->link;
    assert(l != NULL);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        l->calls = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    l->in_flight[c->host]--;
    c->link = NULL;
}

static void attach(struct zalo_link *l, struct call *c)
{
    c->link = l;
    c->next = l->calls;
    if (c->next != NULL)
        c->next->prev = c;
    l->calls = c;
    l->in_flight[c->host]++;
}

void zalo_link_free(struct zalo_link *l)
{
    if (l == NULL)
        return;
    while (l->calls != NULL) {
        struct call *c = l->calls;
        struct zalo_reply reply;
        const struct http_answer cancelled = { .result = WIRE_CANCELLED };
        detach(c); /* its own memory goes when the HTTP client lets go of it */
        http_client_cancel(l->env.http, c->id);
        zalo_reply_read(&reply, c->host, &cancelled);
        c->done(c->ctx, &reply);
        zalo_reply_clear(&reply);
    }
    free(l);
}

/* The limit is per minute of the clock. Calls still under way count against what is left. */
static void respect_rate(struct zalo_link *l, const struct zalo_reply *r)
{
    if (r->rate_left < 0 || r->rate_left > l->in_flight[r->host])
        return;
    l->closed_until_ms[r->host] = clock_mono_ms() + MINUTE_MS - clock_wall_ms() % MINUTE_MS;
}

static void answered(void *ctx, const struct http_answer *a)
{
    struct call *c = ctx;
    struct zalo_link *l = c->link;
    struct zalo_reply reply;

    if (l == NULL) {
        free(c);
        return;
    }
    detach(c);
    zalo_reply_read(&reply, c->host, a);
    respect_rate(l, &reply);
    if (zalo_reply_ok(&reply))
        l->last_good_ms = clock_mono_ms();
    if (zalo_reply_token_dead(&reply))
        zalo_oauth_dead(l->oauth, c->token_serial);
    c->done(c->ctx, &reply);
    zalo_reply_clear(&reply);
    free(c);
}

static enum loa_status start(struct zalo_link *l, const struct zalo_request *r, const char *token,
                             struct call *c)
{
    struct buf url = BUF_INIT(URL_MAX_BYTES), auth = BUF_INIT(ZALO_TOKEN_MAX + 32), proof = BUF_INIT(128);
    const char *headers[4] = { NULL };
    unsigned n = 0;

    buf_printf(&url, "%s%s", l->set.url[r->host], buf_cstr(&r->path));
    buf_printf(&auth, "access_token: %s", token);
    headers[n++] = buf_cstr(&auth);
    if (l->set.app_secret != NULL) {
        char hex[ZALO_HEX];
        zalo_appsecret_proof(l->set.app_secret, token, hex);
        buf_printf(&proof, "appsecret_proof: %s", hex);
        headers[n++] = buf_cstr(&proof);
    }
    if (r->body.len > 0)
        headers[n++] = "Content-Type: application/json";
    const struct http_call call = {
        .method = r->method,
        .url = buf_cstr(&url),
        .headers = headers,
        .body = r->body.data,
        .body_len = r->body.len,
        .timeout_ms = l->set.timeout_ms,
    };
    enum loa_status st =
        buf_ok(&url) ? http_client_call(l->env.http, &call, answered, c, &c->id) : LOA_TOO_BIG;
    explicit_bzero(auth.data, auth.len);
    buf_clear(&url);
    buf_clear(&auth);
    buf_clear(&proof);
    return st;
}

enum loa_status zalo_link_call(struct zalo_link *l, const struct zalo_request *r, zalo_link_fn *done,
                               void *ctx)
{
    const char *token;
    unsigned serial;

    if (clock_mono_ms() < l->closed_until_ms[r->host])
        return LOA_UNAVAILABLE;
    enum loa_status st = zalo_oauth_token(l->oauth, &token, &serial);
    if (st != LOA_OK)
        return st;
    struct call *c = mem_alloc(sizeof *c);
    c->host = r->host;
    c->token_serial = serial;
    c->done = done;
    c->ctx = ctx;
    st = start(l, r, token, c);
    if (st == LOA_OK)
        attach(l, c);
    else
        free(c);
    return st;
}

int64_t zalo_link_last_good_ms(const struct zalo_link *l)
{
    return l->last_good_ms;
}
