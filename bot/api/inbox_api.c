/*
 * The portal inbox: what the citizen logged in at the portal was told.
 *
 *   GET /inbox/notices?after=OFFSET&limit=N   Authorization: Bearer SESSION-TOKEN
 *   GET /inbox  (WebSocket)
 *     client: {"type":"hello","token":…,"epoch":…,"offset":N}   first, within ten seconds; epoch "" and
 * offset 0 on a fresh page
 *             {"type":"read","id":…}
 *     server: {"type":"ready","epoch":…,"offset":last}   then each
 * {"type":"notice","offset":…,"id":…,"title":…,"body":…,…}
 *             {"type":"reload","epoch":…,"offset":last}  the offset is no good any more: fetch the list anew,
 * nothing is hidden
 *             {"type":"error","code":…,"detail_vi":…}
 * A socket remembers the last offset it was sent; a notice anywhere makes it ask for all after that, so none
 * can be skipped.
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/session_token.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define HELLO_LIMIT_MS    10000
#define PAGE_DEFAULT      50
#define PAGE_MAX          200
#define MESSAGE_MAX_BYTES 4096
#define NOTICE_MAX_BYTES  65536

struct inbox;

/* One open socket. Kept small: thousands are idle. */
struct viewer {
    struct inbox *inbox;
    uint64_t ws;
    char ckey[CRYPTO_KEY_HEX]; /* "" until hello */
    long long offset;
    bool asking, again;
    struct timer hello_limit;
    struct viewer *next; /* same citizen */
};

struct watched { /* one citizen with open sockets here */
    char ckey[CRYPTO_KEY_HEX];
    struct viewer *viewers;
    UT_hash_handle hh;
};

struct inbox {
    struct service *service;
    struct watched *watched;
    bool subscribed;
};

/* ---- one notice as JSON ---- */

/* item: offset, ref, sealed text, at, read (inbox_open.lua) */
static bool notice_json(struct service *s, const char *ckey, const struct redis_value *item, const char *type,
                        struct buf *out)
{
    char key[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(NOTICE_MAX_BYTES);
    size_t n;
    const char *sealed = redis_str(redis_at(item, 2), &n);
    store_key(key, 0, "ib:%s", ckey);
    bool good = crypto_unseal(s->crypto, key, sealed, n, &plain) == LOA_OK && plain.len > 2;
    if (good) {
        buf_str(out, "{");
        if (type != NULL)
            buf_printf(out, "\"type\":\"%s\",", type);
        buf_printf(out, "\"offset\":%lld,\"id\":\"%s\",\"read\":%s,", redis_int(redis_at(item, 0)),
                   redis_str(redis_at(item, 1), NULL), redis_int(redis_at(item, 4)) == 1 ? "true" : "false");
        buf_add(out, plain.data + 1, plain.len - 1); /* our own JSON object without its opening brace */
    }
    buf_clear(&plain);
    return good;
}

static enum loa_status ask(struct service *s, const char *ckey, const char *epoch, long long offset,
                           unsigned limit, redis_done_fn *done, void *ctx)
{
    unsigned p = store_partition_of_citizen(s->store, ckey);
    char fresh[17];
    crypto_random_hex(fresh, 16);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", ckey);
    args_key(&a, p, "ib:%s", ckey);
    args_str(&a, fresh);
    args_str(&a, epoch);
    args_int(&a, offset);
    args_int(&a, limit);
    enum loa_status st = store_script(s->store, p, "inbox_open", &a, done, ctx);
    args_clear(&a);
    return st;
}

/* ---- the list ---- */

struct listing {
    struct api_call *call;
    char ckey[CRYPTO_KEY_HEX];
    long long after;
    unsigned limit;
};

static void listed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct listing *l = ctx;
    struct buf out = BUF_INIT(16u << 20);
    const struct redis_value *items = redis_at(v, 3);
    long long last = l->after;
    if (st != LOA_OK) {
        api_problem_status(l->call, st);
    } else {
        buf_printf(&out, "{\"epoch\":\"%s\",\"offset\":%lld,\"items\":[", redis_str(redis_at(v, 0), NULL),
                   redis_int(redis_at(v, 1)));
        const char *comma = "";
        for (size_t i = 0; i < redis_count(items); i++) {
            size_t before = out.len;
            buf_str(&out, comma);
            if (notice_json(l->call->service, l->ckey, redis_at(items, i), NULL, &out))
                comma = ",";
            else
                out.len = before;
            last = redis_int(redis_at(redis_at(items, i), 0));
        }
        buf_printf(&out, "],\"links\":{\"next\":\"/inbox/notices?after=%lld&limit=%u\"}}", last, l->limit);
        api_json(l->call, 200, &out);
    }
    buf_clear(&out);
    free(l);
}

static void list_for(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct listing *l = ctx;
    snprintf(l->ckey, sizeof l->ckey, "%s", c->ckey);
    if (st == LOA_OK)
        st = ask(l->call->service, l->ckey, "", l->after, l->limit, listed, l);
    if (st != LOA_OK) {
        api_problem_status(l->call, st);
        free(l);
    }
}

static bool key_of_token(const struct service *s, const char *token, char ckey[CRYPTO_KEY_HEX])
{
    char subject[300], identity[300];
    const char *secret = config_str(s->config, "portal", "session_secret");
    if (session_token_verify(token, secret, clock_wall_ms(), subject) != LOA_OK ||
        citizen_identity(subject, identity) != LOA_OK)
        return false;
    citizen_key(s->crypto, identity, ckey);
    return true;
}

static void get_notices(struct api_call *c)
{
    const char *authorization = http_request_header(c->req, "authorization");
    const char *after = http_request_query(c->req, "after"), *limit = http_request_query(c->req, "limit");
    char ckey[CRYPTO_KEY_HEX];
    if (authorization == NULL || strncmp(authorization, "Bearer ", 7) != 0 ||
        !key_of_token(c->service, authorization + 7, ckey)) {
        api_problem(c, 401, "bad_session", "A valid session token of the portal is needed",
                    "Phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại Cổng dịch vụ công.", NULL);
        return;
    }
    struct listing *l = mem_alloc(sizeof *l);
    l->call = c;
    l->after = after ? strtoll(after, NULL, 10) : 0;
    l->limit = limit ? (unsigned)strtoul(limit, NULL, 10) : PAGE_DEFAULT;
    l->limit = l->limit == 0 || l->limit > PAGE_MAX ? PAGE_MAX : l->limit;
    enum loa_status st = citizen_load(c->service->store, ckey, list_for, l);
    if (st != LOA_OK) {
        api_problem_status(c, st);
        free(l);
    }
}

/* ---- sockets ---- */

static struct web_socket *socket_of(const struct viewer *v)
{
    return ws_find(v->inbox->service->server, v->ws);
}

static void say(struct viewer *v, const struct buf *text)
{
    struct web_socket *ws = socket_of(v);
    if (ws != NULL && ws_send(ws, text->data, text->len, true) != LOA_OK)
        ws_close(ws, 1013, "slow"); /* it comes back with its offset and misses nothing */
}

static void say_error(struct viewer *v, const char *code, const char *detail_vi)
{
    struct buf b = BUF_INIT(512);
    struct web_socket *ws = socket_of(v);
    buf_printf(&b, "{\"type\":\"error\",\"code\":\"%s\",\"detail_vi\":\"%s\"}", code, detail_vi);
    say(v, &b);
    buf_clear(&b);
    if (ws != NULL)
        ws_close(ws, 1008, code);
}

/* A reply finds its socket by id: the viewer may be gone by then. */
struct asking {
    struct inbox *inbox;
    uint64_t ws;
    bool hello;
    struct viewer *viewer; /* valid while the socket is found */
};

static void fetch_more(struct viewer *v);

static void send_notices(struct viewer *v, const struct redis_value *items)
{
    for (size_t i = 0; i < redis_count(items); i++) {
        struct buf b = BUF_INIT(NOTICE_MAX_BYTES);
        if (notice_json(v->inbox->service, v->ckey, redis_at(items, i), "notice", &b))
            say(v, &b);
        v->offset = redis_int(redis_at(redis_at(items, i), 0));
        buf_clear(&b);
    }
}

static void notices_found(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct asking *a = ctx;
    struct viewer *viewer = a->viewer;
    bool hello = a->hello, open = ws_find(a->inbox->service->server, a->ws) != NULL;
    free(a);
    if (!open)
        return;
    viewer->asking = false;
    if (st != LOA_OK) {
        struct web_socket *ws = socket_of(viewer);
        if (ws != NULL)
            ws_close(ws, 1013, "unavailable");
        return;
    }
    bool reload = strcmp(redis_str(redis_at(v, 2), NULL), "reload") == 0;
    if (hello || reload) {
        struct buf b = BUF_INIT(256);
        buf_printf(&b, "{\"type\":\"%s\",\"epoch\":\"%s\",\"offset\":%lld}", reload ? "reload" : "ready",
                   redis_str(redis_at(v, 0), NULL), redis_int(redis_at(v, 1)));
        say(viewer, &b);
        buf_clear(&b);
    }
    if (reload)
        viewer->offset = redis_int(redis_at(v, 1));
    send_notices(viewer, redis_at(v, 3));
    if (viewer->again || redis_count(redis_at(v, 3)) == PAGE_MAX) {
        viewer->again = false;
        fetch_more(viewer);
    }
}

static void fetch(struct viewer *v, const char *epoch, bool hello)
{
    struct asking *a = mem_alloc(sizeof *a);
    *a = (struct asking){ v->inbox, v->ws, hello, v };
    v->asking = true;
    if (ask(v->inbox->service, v->ckey, epoch, v->offset, PAGE_MAX, notices_found, a) == LOA_OK)
        return;
    free(a);
    v->asking = false;
    struct web_socket *ws = socket_of(v);
    if (ws != NULL)
        ws_close(ws, 1013, "unavailable");
}

static void fetch_more(struct viewer *v)
{
    if (v->asking)
        v->again = true;
    else
        fetch(v, "", false);
}

static void notice_somewhere(void *ctx, const char *channel, const char *data, size_t len)
{
    struct inbox *in = ctx;
    struct watched *w = NULL;
    (void)channel;
    if (len == CRYPTO_KEY_HEX - 1)
        HASH_FIND(hh, in->watched, data, len, w);
    for (struct viewer *v = w ? w->viewers : NULL; v != NULL; v = v->next)
        fetch_more(v);
}

static void watch(struct viewer *v)
{
    struct inbox *in = v->inbox;
    struct watched *w;
    HASH_FIND_STR(in->watched, v->ckey, w);
    if (w == NULL) {
        w = mem_alloc(sizeof *w);
        snprintf(w->ckey, sizeof w->ckey, "%s", v->ckey);
        HASH_ADD_STR(in->watched, ckey, w);
    }
    v->next = w->viewers;
    w->viewers = v;
    if (!in->subscribed)
        in->subscribed = redis_subscribe(in->service->redis, "loa:inbox", notice_somewhere, in) == LOA_OK;
}

static void unwatch(struct viewer *v)
{
    struct watched *w;
    HASH_FIND_STR(v->inbox->watched, v->ckey, w);
    if (w == NULL)
        return;
    for (struct viewer **at = &w->viewers; *at != NULL; at = &(*at)->next) {
        if (*at == v) {
            *at = v->next;
            break;
        }
    }
    if (w->viewers == NULL) {
        HASH_DEL(v->inbox->watched, w);
        free(w);
    }
}

/* ---- what the client says ---- */

struct greeting {
    struct inbox *inbox;
    uint64_t ws;
    struct viewer *viewer;
    char epoch[33];
};

static void greeted(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct greeting *g = ctx;
    struct viewer *v = g->viewer;
    if (ws_find(g->inbox->service->server, g->ws) == NULL) {
        free(g);
        return;
    }
    if (st == LOA_OK) {
        snprintf(v->ckey, sizeof v->ckey, "%s", c->ckey);
        watch(v);
        fetch(v, g->epoch, true);
    } else {
        say_error(v, "unavailable", "Hệ thống đang bận, vui lòng thử lại.");
    }
    free(g);
}

static void hello(struct viewer *v, const cJSON *m)
{
    struct service *s = v->inbox->service;
    char ckey[CRYPTO_KEY_HEX];
    int64_t offset = 0;
    timer_stop(&v->hello_limit);
    if (v->ckey[0] != '\0' || !key_of_token(s, json_str_or(m, "token", ""), ckey)) {
        say_error(v, "bad_session", "Phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại.");
        return;
    }
    json_int(m, "offset", &offset);
    v->offset = offset < 0 ? 0 : offset;
    struct greeting *g = mem_alloc(sizeof *g);
    *g = (struct greeting){ .inbox = v->inbox, .ws = v->ws, .viewer = v };
    snprintf(g->epoch, sizeof g->epoch, "%s", json_str_or(m, "epoch", ""));
    if (citizen_load(s->store, ckey, greeted, g) != LOA_OK)
        greeted(g, LOA_UNAVAILABLE, NULL);
}

static void read_stored(void *ctx, enum loa_status st)
{
    (void)ctx, (void)st; /* not stored: the page marks it again when it is opened next */
}

static void mark_read(struct viewer *v, const cJSON *m)
{
    struct channel_events events = { 0 };
    struct channel_event *e = channel_events_add(&events);
    e->kind = CE_SEEN;
    e->channel = CH_PORTAL;
    e->at_ms = clock_wall_ms();
    snprintf(e->ref, sizeof e->ref, "%s", json_str_or(m, "id", ""));
    if (v->ckey[0] != '\0')
        receipts_apply(v->inbox->service->receipts, &events, read_stored, NULL);
    channel_events_clear(&events);
}

static void on_message(void *ctx, struct web_socket *ws, const char *data, size_t len, bool text)
{
    struct viewer *v = ctx;
    cJSON *m = NULL;
    (void)ws;
    if (!text || json_parse(data, len, &m, NULL, 0) != LOA_OK)
        say_error(v, "bad_message", "Tin gửi lên không đúng định dạng.");
    else if (strcmp(json_str_or(m, "type", ""), "hello") == 0)
        hello(v, m);
    else if (strcmp(json_str_or(m, "type", ""), "read") == 0)
        mark_read(v, m);
    else
        say_error(v, "bad_message", "Loại tin không được hỗ trợ.");
    cJSON_Delete(m);
}

static void too_late(void *ctx)
{
    say_error(ctx, "no_hello", "Quá thời gian xác thực.");
}

/* "https://portal.example.vn, https://…": pages that may connect. Empty: any page, since the token is what
 * counts. */
static bool origin_allowed(const struct service *s, const struct http_request *req)
{
    const char *list = config_str(s->config, "portal", "allowed_origins"),
               *origin = http_request_header(req, "origin");
    if (list[0] == '\0' || origin == NULL)
        return true;
    size_t n = strlen(origin);
    for (const char *at = list; (at = strstr(at, origin)) != NULL; at += n)
        if ((at == list || at[-1] == ' ' || at[-1] == ',') && (at[n] == '\0' || at[n] == ',' || at[n] == ' '))
            return true;
    return false;
}

static void *on_open(void *ctx, struct http_request *handshake, struct web_socket *ws, int *refuse_status)
{
    struct inbox *in = ctx;
    if (!in->service->store_open || in->service->stopping) {
        *refuse_status = 503;
        return NULL;
    }
    if (!origin_allowed(in->service, handshake)) {
        *refuse_status = 403;
        return NULL;
    }
    struct viewer *v = mem_alloc(sizeof *v);
    v->inbox = in;
    v->ws = ws_id(ws);
    timer_start(&v->hello_limit, in->service->loop, HELLO_LIMIT_MS, too_late, v);
    return v;
}

static void on_close(void *ctx, struct web_socket *ws)
{
    struct viewer *v = ctx;
    (void)ws;
    timer_stop(&v->hello_limit);
    unwatch(v);
    free(v);
}

void api_inbox(struct service *s)
{
    static const struct ws_handler handler = { on_open, on_message, on_close, MESSAGE_MAX_BYTES };
    static const struct api_route routes[] = {
        { HTTP_GET, "/inbox/notices", 0, 0, get_notices },
        { 0 },
    };
    struct inbox *in = mem_alloc(sizeof *in); /* lives as long as the server */
    in->service = s;
    api_routes(s, routes);
    struct http_route route = { .methods = HTTP_GET, .pattern = "/inbox", .ctx = in, .ws = &handler };
    http_server_route(s->server, &route);
}
