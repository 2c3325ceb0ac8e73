/*
 * The portal inbox: what the citizen logged in at the portal was told.
 *
 *   GET /inbox/notices?limit=N [&after=OFFSET | &before=OFFSET]     Authorization: Bearer SESSION-TOKEN
 *     {"epoch","offset":last,"items":[…],"links":{"next"}}, oldest item first; without after and before the
 *     newest ones
 *   GET /inbox  (WebSocket)
 *     client: {"type":"hello","token":…,"epoch":…,"offset":N}   first, within ten seconds; epoch "" and
 * offset 0 when it has nothing yet: the newest ones come
 *             {"type":"read","id":…}
 *     server: {"type":"ready","epoch":…,"offset":last}    then every notice after the client's offset
 *             {"type":"notice","offset":…,"id":…,"read":…,"title":…,"body":…,"buttons":[…],"code":…,"at":…}
 *             {"type":"read","id":…}                      marked as read, here or in another window
 *             {"type":"reload","epoch":…,"offset":last}   the offset is no good any more: fetch the list anew
 *             {"type":"error","code":…,"detail_vi":…}     then it closes
 *
 * A socket remembers the epoch and the last offset it was sent; a notice anywhere makes it ask for all after
 * that, so none can be skipped. It lives as long as its token.
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/session_token.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define HELLO_LIMIT_MS    10000
#define PAGE_DEFAULT      50 /* also what a socket fetches at once */
#define PAGE_MAX          200
#define MESSAGE_MAX_BYTES 4096
#define NOTICE_MAX_BYTES  65536
#define INBOX_EPOCH_BYTES 33
#define OFFSET_MAX        (1LL << 53) /* what Lua and JavaScript count exactly */

struct inbox;

/* One open socket. Kept small: thousands are idle. */
struct viewer {
    struct inbox *inbox;
    uint64_t ws;
    char ckey[CRYPTO_KEY_HEX], epoch[INBOX_EPOCH_BYTES]; /* "" until hello was answered */
    long long offset;
    bool greeted; /* said hello */
    bool asking, again;
    struct timer limit;  /* until hello, then until the token ends */
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

/* What is wanted of an inbox: all after an offset, the last ones before one, or (both 0) the newest. */
struct range {
    long long after, before;
    unsigned limit;
};

static enum loa_status ask(struct service *s, const char *ckey, const char *epoch, struct range r,
                           redis_done_fn *done, void *ctx)
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
    args_int(&a, r.after);
    args_int(&a, r.limit);
    args_int(&a, r.before);
    enum loa_status st = store_script(s->store, p, "inbox_open", &a, done, ctx);
    args_clear(&a);
    return st;
}

/* ---- the list ---- */

struct listing {
    struct api_call *call;
    char ckey[CRYPTO_KEY_HEX];
    struct range range;
};

static void listed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct listing *l = ctx;
    struct buf out = BUF_INIT(16u << 20);
    const struct redis_value *items = redis_at(v, 3);
    long long last = l->range.after;
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
        buf_printf(&out, "],\"links\":{\"next\":\"/inbox/notices?after=%lld&limit=%u\"}}", last,
                   l->range.limit);
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
        st = ask(l->call->service, l->ckey, "", l->range, listed, l);
    if (st != LOA_OK) {
        api_problem_status(l->call, st);
        free(l);
    }
}

/* The citizen a token speaks for, and until when; false for a bad token. */
static bool read_token(const struct service *s, const char *token, char ckey[CRYPTO_KEY_HEX],
                       int64_t *expires_ms)
{
    struct session session;
    char identity[300];
    const char *secret = config_str(s->config, "portal", "session_secret");
    if (session_token_verify(token, secret, clock_wall_ms(), &session) != LOA_OK ||
        citizen_identity(session.subject, identity) != LOA_OK)
        return false;
    citizen_key(s->crypto, identity, ckey);
    *expires_ms = session.expires_ms;
    return true;
}

static long long number_of(const struct http_request *req, const char *name)
{
    const char *text = http_request_query(req, name);
    long long n = text != NULL ? strtoll(text, NULL, 10) : 0;
    return n > 0 && n < OFFSET_MAX ? n : 0;
}

static void get_notices(struct api_call *c)
{
    const char *authorization = http_request_header(c->req, "authorization");
    char ckey[CRYPTO_KEY_HEX];
    int64_t expires_ms;
    if (authorization == NULL || strncmp(authorization, "Bearer ", 7) != 0 ||
        !read_token(c->service, authorization + 7, ckey, &expires_ms)) {
        api_problem(c, 401, "bad_session", "A valid session token of the portal is needed",
                    "Phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại Cổng dịch vụ công.", NULL);
        return;
    }
    long long limit = number_of(c->req, "limit");
    struct listing *l = mem_alloc(sizeof *l);
    l->call = c;
    l->range = (struct range){ .after = number_of(c->req, "after"),
                               .before = number_of(c->req, "before"),
                               .limit = limit == 0         ? PAGE_DEFAULT
                                        : limit > PAGE_MAX ? PAGE_MAX
                                                           : (unsigned)limit };
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

static void fetch(struct viewer *v, bool hello);

static void copy_epoch(struct viewer *v, const char *epoch)
{
    snprintf(v->epoch, sizeof v->epoch, "%s", epoch);
}

static void say_place(struct viewer *v, const char *type, long long last)
{
    struct buf b = BUF_INIT(256);
    buf_printf(&b, "{\"type\":\"%s\",\"epoch\":\"%s\",\"offset\":%lld}", type, v->epoch, last);
    say(v, &b);
    buf_clear(&b);
}

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
    const struct redis_value *items = redis_at(v, 3);
    bool reload = strcmp(redis_str(redis_at(v, 2), NULL), "reload") == 0;
    copy_epoch(viewer, redis_str(redis_at(v, 0), NULL));
    if (hello || reload)
        say_place(viewer, reload ? "reload" : "ready", redis_int(redis_at(v, 1)));
    send_notices(viewer, items);
    bool more = redis_count(items) == PAGE_DEFAULT;
    if (!more)
        viewer->offset = redis_int(redis_at(v, 1));
    if (viewer->again || more) {
        viewer->again = false;
        fetch(viewer, false);
    }
}

static void fetch(struct viewer *v, bool hello)
{
    struct asking *a = mem_alloc(sizeof *a);
    *a = (struct asking){ v->inbox, v->ws, hello, v };
    v->asking = true;
    struct range after = { .after = v->offset, .limit = PAGE_DEFAULT };
    if (ask(v->inbox->service, v->ckey, v->epoch, after, notices_found, a) == LOA_OK)
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
        fetch(v, false);
}

static void look_again(const struct watched *w)
{
    for (struct viewer *v = w->viewers; v != NULL; v = v->next)
        fetch_more(v);
}

/* Empty: the subscription began anew, and anybody may have missed something. */
static void notice_somewhere(void *ctx, const char *channel, const char *data, size_t len)
{
    struct inbox *in = ctx;
    struct watched *w = NULL, *next;
    (void)channel;
    if (len == 0) {
        HASH_ITER(hh, in->watched, w, next)
        {
            look_again(w);
        }
        return;
    }
    HASH_FIND(hh, in->watched, data, len, w);
    if (w != NULL)
        look_again(w);
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
    struct viewer *viewer; /* valid while the socket is found */
};

static void greeted(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct greeting *g = ctx;
    struct viewer *v = g->viewer;
    struct web_socket *ws = ws_find(g->inbox->service->server, g->ws);
    free(g);
    if (ws == NULL)
        return;
    if (st != LOA_OK) {
        ws_close(ws, 1013, "unavailable");
        return;
    }
    snprintf(v->ckey, sizeof v->ckey, "%s", c->ckey);
    watch(v);
    fetch(v, true);
}

static void too_late(void *ctx)
{
    const struct viewer *v = ctx;
    if (v->greeted)
        say_error(ctx, "session_expired", "Phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại.");
    else
        say_error(ctx, "no_hello", "Quá thời gian xác thực.");
}

static void hello(struct viewer *v, const cJSON *m)
{
    struct service *s = v->inbox->service;
    char ckey[CRYPTO_KEY_HEX];
    int64_t offset = 0, expires_ms;
    if (v->greeted || !read_token(s, json_str_or(m, "token", ""), ckey, &expires_ms)) {
        say_error(v, "bad_session", "Phiên đăng nhập đã hết hạn. Vui lòng đăng nhập lại.");
        return;
    }
    v->greeted = true;
    timer_start(&v->limit, s->loop, expires_ms - clock_wall_ms(), too_late, v);
    json_int(m, "offset", &offset);
    v->offset = offset < 0 || offset > OFFSET_MAX ? OFFSET_MAX : offset; /* never ours: it earns a reload */
    copy_epoch(v, json_str_or(m, "epoch", ""));
    struct greeting *g = mem_alloc(sizeof *g);
    *g = (struct greeting){ v->inbox, v->ws, v };
    if (citizen_load(s->store, ckey, greeted, g) != LOA_OK)
        greeted(g, LOA_UNAVAILABLE, NULL);
}

/* One "read" on its way: is the notice this citizen's, then the receipt, then the word to the citizen's other
 * windows. What is not stored is marked again when the notice is opened next. */
struct reading {
    struct inbox *inbox;
    char ckey[CRYPTO_KEY_HEX], ref[40];
    unsigned step;
};

static void read_stored(void *ctx, enum loa_status st)
{
    struct reading *r = ctx;
    struct watched *w;
    struct buf b = BUF_INIT(128);
    HASH_FIND_STR(r->inbox->watched, r->ckey, w);
    buf_printf(&b, "{\"type\":\"read\",\"id\":\"%s\"}", r->ref);
    for (struct viewer *v = w != NULL && st == LOA_OK ? w->viewers : NULL; v != NULL; v = v->next)
        say(v, &b);
    buf_clear(&b);
    free(r);
}

/* "portal:0:0;zalo_zbs:…": is this step the portal's? */
static bool is_portal_step(const char *plan, unsigned step)
{
    for (; plan != NULL && step > 0; step--) {
        plan = strchr(plan, ';');
        plan = plan != NULL ? plan + 1 : NULL;
    }
    return plan != NULL && strncmp(plan, "portal:", 7) == 0;
}

static void owner_found(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct reading *r = ctx;
    if (st != LOA_OK || strcmp(redis_str(redis_at(v, 0), NULL), r->ckey) != 0 ||
        !is_portal_step(redis_str(redis_at(v, 1), NULL), r->step)) {
        free(r);
        return;
    }
    struct channel_events events = { 0 };
    struct channel_event *e = channel_events_add(&events);
    e->kind = CE_SEEN;
    e->channel = CH_PORTAL;
    e->at_ms = clock_wall_ms();
    snprintf(e->ref, sizeof e->ref, "%s", r->ref);
    receipts_apply(r->inbox->service->receipts, &events, read_stored, r);
    channel_events_clear(&events);
}

static void mark_read(struct viewer *v, const cJSON *m)
{
    struct service *s = v->inbox->service;
    char nid[NOTICE_ID_SIZE];
    unsigned partition, step, attempt;
    const char *ref = json_str_or(m, "id", "");
    if (v->ckey[0] == '\0' || !ref_parse(ref, nid, &partition, &step, &attempt) ||
        partition != store_partition_of_citizen(s->store, v->ckey))
        return;
    struct reading *r = mem_alloc(sizeof *r);
    *r = (struct reading){ .inbox = v->inbox, .step = step };
    snprintf(r->ckey, sizeof r->ckey, "%s", v->ckey);
    snprintf(r->ref, sizeof r->ref, "%s", ref);
    struct args a;
    args_init(&a);
    args_key(&a, partition, "n:%s", nid);
    args_str(&a, "ck");
    args_str(&a, "plan");
    if (store_command(s->store, partition, "HMGET", &a, owner_found, r) != LOA_OK)
        free(r);
    args_clear(&a);
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

static void *on_open(void *ctx, struct http_request *handshake, struct web_socket *ws, int *refuse_status)
{
    struct inbox *in = ctx;
    if (!in->service->store_open || in->service->stopping) {
        *refuse_status = 503;
        return NULL;
    }
    const char *list = config_str(in->service->config, "portal", "allowed_origins");
    if (list[0] != '\0' && !api_origin_allowed(in->service, handshake, list)) {
        *refuse_status = 403; /* without a list any page may: the token is what counts */
        return NULL;
    }
    struct viewer *v = mem_alloc(sizeof *v);
    v->inbox = in;
    v->ws = ws_id(ws);
    timer_start(&v->limit, in->service->loop, HELLO_LIMIT_MS, too_late, v);
    return v;
}

static void on_close(void *ctx, struct web_socket *ws)
{
    struct viewer *v = ctx;
    (void)ws;
    timer_stop(&v->limit);
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
    struct inbox *in = api_keep(s, sizeof *in);
    in->service = s;
    api_routes(s, routes);
    struct http_route route = { .methods = HTTP_GET, .pattern = "/inbox", .ctx = in, .ws = &handler };
    http_server_route(s->server, &route);
    if (redis_subscribe(s->redis, "loa:inbox", notice_somewhere, in) != LOA_OK)
        log_error(
            "inbox_not_live"); /* only with too many channels: pages then learn of news when they reload */
}
