/*
 * floor - the least a program must do for one message, with the libraries loa uses and nothing else: no
 * partitions, no state table, no consent, no sealing, no retries. What loa costs above this is the price of
 * being right.
 *
 *   floor REDIS_SOCKET SINK_PORT APP_ID SECRET    prints "port=N"
 *
 *   POST /v1/dossier-events  parse, XADD in, 202
 *   in                       XREADGROUP, render, POST to the provider, XADD sent + XACK
 *   POST /webhooks/zalo      check the signature, parse, XADD receipts, 200
 */
#include <adapters/libuv.h>
#include <cJSON.h>
#include <curl/curl.h>
#include <hiredis/async.h>
#include <libwebsockets.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define BODY_MAX     4096
#define IN_FLIGHT    64
#define READ_AT_ONCE 64

struct request { /* outlives its socket: Redis may answer later */
    struct lws *wsi;
    char path[64], mac[96], body[BODY_MAX];
    size_t len;
    int status;
};

struct session {
    struct request *req;
};

struct send { /* one message on its way out; its easy handle is used again */
    CURL *easy;
    char id[32], body[BODY_MAX], answer[1024];
    size_t answered;
    struct send *next;
};

struct watch { /* a curl socket on the loop */
    uv_poll_t poll;
    curl_socket_t fd;
};

static struct {
    uv_loop_t *loop;
    redisAsyncContext *redis, *reader;
    CURLM *multi;
    uv_timer_t curl_timer;
    struct curl_slist *headers;
    struct send *idle;
    unsigned sending;
    bool reading;
    char url[64];
    const char *app_id, *secret;
} F;

static void read_more(void);

/* ---- out ---- */

static void check_done(void)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(F.multi, &left)) != NULL) {
        struct send *s;
        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        curl_multi_remove_handle(F.multi, s->easy);
        cJSON *j = cJSON_ParseWithLength(s->answer, s->answered);
        const cJSON *id = cJSON_GetObjectItem(cJSON_GetObjectItem(j, "data"), "msg_id");
        redisAsyncCommand(F.redis, NULL, NULL, "XADD sent * e %s m %s", s->id,
                          cJSON_IsString(id) ? id->valuestring : "");
        redisAsyncCommand(F.redis, NULL, NULL, "XACK in g %s", s->id);
        cJSON_Delete(j);
        s->next = F.idle;
        F.idle = s;
        F.sending--;
    }
    read_more();
}

static void on_curl_event(uv_poll_t *p, int status, int events)
{
    struct watch *w = p->data;
    int running,
        what = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(F.multi, w->fd, status < 0 ? CURL_CSELECT_ERR : what, &running);
    check_done();
}

static void watch_closed(uv_handle_t *h)
{
    free(h->data);
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int action, void *ctx, void *mine)
{
    struct watch *w = mine;
    (void)easy, (void)ctx;
    if (action == CURL_POLL_REMOVE) {
        if (w != NULL) {
            uv_poll_stop(&w->poll);
            uv_close((uv_handle_t *)&w->poll, watch_closed);
            curl_multi_assign(F.multi, fd, NULL);
        }
        return 0;
    }
    if (w == NULL) {
        w = calloc(1, sizeof *w);
        w->fd = fd;
        uv_poll_init_socket(F.loop, &w->poll, fd);
        w->poll.data = w;
        curl_multi_assign(F.multi, fd, w);
    }
    uv_poll_start(&w->poll,
                  (action & CURL_POLL_IN ? UV_READABLE : 0) | (action & CURL_POLL_OUT ? UV_WRITABLE : 0),
                  on_curl_event);
    return 0;
}

static void on_curl_timeout(uv_timer_t *t)
{
    int running;
    (void)t;
    curl_multi_socket_action(F.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    check_done();
}

static int on_curl_timer(CURLM *m, long ms, void *ctx)
{
    (void)m, (void)ctx;
    if (ms < 0)
        uv_timer_stop(&F.curl_timer);
    else
        uv_timer_start(&F.curl_timer, on_curl_timeout, (uint64_t)ms, 0);
    return 0;
}

static size_t on_answer(char *data, size_t one, size_t n, void *ctx)
{
    struct send *s = ctx;
    (void)one;
    size_t room = sizeof s->answer - s->answered;
    memcpy(s->answer + s->answered, data, n < room ? n : room);
    s->answered += n < room ? n : room;
    return n;
}

static struct send *send_new(void)
{
    struct send *s = F.idle;
    if (s != NULL) {
        F.idle = s->next;
        return s;
    }
    s = calloc(1, sizeof *s);
    s->easy = curl_easy_init();
    curl_easy_setopt(s->easy, CURLOPT_URL, F.url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, F.headers);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, 10000L);
    return s;
}

static const char *member(const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItem(o, name);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static void send_entry(const char *id, const char *event, size_t len)
{
    struct send *s = send_new();
    cJSON *j = cJSON_ParseWithLength(event, len);
    const cJSON *data = cJSON_GetObjectItem(j, "data");
    const char *phone = member(data, "SoDienThoai");
    snprintf(s->id, sizeof s->id, "%s", id);
    cJSON *out = cJSON_CreateObject(), *fields = cJSON_CreateObject();
    char phone84[24];
    snprintf(phone84, sizeof phone84, "84%s", phone[0] ? phone + 1 : "");
    cJSON_AddStringToObject(out, "phone", phone84);
    cJSON_AddStringToObject(out, "template_id", "341902");
    cJSON_AddStringToObject(fields, "ma_ho_so", member(data, "MaHoSo"));
    cJSON_AddStringToObject(fields, "ten", member(data, "ChuHoSo"));
    cJSON_AddStringToObject(fields, "thu_tuc", member(data, "TenTTHC"));
    cJSON_AddStringToObject(fields, "ngay_hen", member(data, "NgayHenTra"));
    cJSON_AddItemToObject(out, "template_data", fields);
    cJSON_AddStringToObject(out, "tracking_id", id);
    cJSON_PrintPreallocated(out, s->body, sizeof s->body, false);
    cJSON_Delete(out);
    cJSON_Delete(j);
    s->answered = 0;
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(s->body));
    F.sending++;
    curl_multi_add_handle(F.multi, s->easy);
}

/* reply: [[stream, [[id, [field, value, …]], …]]] */
static void on_entries(redisAsyncContext *c, void *reply, void *ctx)
{
    redisReply *r = reply;
    (void)c, (void)ctx;
    F.reading = false;
    if (r != NULL && r->type == REDIS_REPLY_ARRAY) {
        redisReply *list = r->element[0]->element[1];
        for (size_t i = 0; i < list->elements; i++) {
            redisReply *event = list->element[i]->element[1]->element[1];
            send_entry(list->element[i]->element[0]->str, event->str, event->len);
        }
    }
    read_more();
}

static void read_more(void)
{
    if (F.reading || F.sending >= IN_FLIGHT)
        return;
    F.reading = true;
    unsigned room = IN_FLIGHT - F.sending;
    redisAsyncCommand(F.reader, on_entries, NULL, "XREADGROUP GROUP g me COUNT %u BLOCK 1000 STREAMS in >",
                      room < READ_AT_ONCE ? room : READ_AT_ONCE);
}

/* ---- in ---- */

static void on_stored(redisAsyncContext *c, void *reply, void *ctx)
{
    struct request *r = ctx;
    const redisReply *v = reply;
    (void)c;
    r->status = v == NULL || v->type == REDIS_REPLY_ERROR ? 503 : r->status;
    if (r->wsi == NULL)
        free(r);
    else
        lws_callback_on_writable(r->wsi);
}

static bool signature_good(const struct request *r, const char *timestamp)
{
    crypto_hash_sha256_state st;
    unsigned char digest[32];
    char hex[65];
    crypto_hash_sha256_init(&st);
    crypto_hash_sha256_update(&st, (const unsigned char *)F.app_id, strlen(F.app_id));
    crypto_hash_sha256_update(&st, (const unsigned char *)r->body, r->len);
    crypto_hash_sha256_update(&st, (const unsigned char *)timestamp, strlen(timestamp));
    crypto_hash_sha256_update(&st, (const unsigned char *)F.secret, strlen(F.secret));
    crypto_hash_sha256_final(&st, digest);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    return strncmp(r->mac, "mac=", 4) == 0 && sodium_memcmp(r->mac + 4, hex, 64) == 0;
}

static void handle(struct request *r)
{
    cJSON *j = cJSON_ParseWithLength(r->body, r->len);
    bool hook = strcmp(r->path, "/webhooks/zalo") == 0;
    r->status = hook ? 200 : 202;
    if (j == NULL || (hook && !signature_good(r, member(j, "timestamp")))) {
        r->status = 400;
        lws_callback_on_writable(r->wsi);
    } else if (hook) {
        const cJSON *m = cJSON_GetObjectItem(j, "message");
        redisAsyncCommand(F.redis, on_stored, r, "XADD receipts * e %s t %s", member(m, "tracking_id"),
                          member(m, "delivery_time"));
    } else {
        redisAsyncCommand(F.redis, on_stored, r, "XADD in * e %b", r->body, r->len);
    }
    cJSON_Delete(j);
}

static int reply(struct lws *wsi, struct session *s)
{
    static const char body[] = "{\"accepted\":1,\"duplicates\":0,\"rejected\":[]}";
    unsigned char out[LWS_PRE + 512], *at = out + LWS_PRE, *end = out + sizeof out;
    struct request *r = s->req;
    if (r == NULL || r->status == 0)
        return 0;
    if (lws_add_http_common_headers(wsi, (unsigned)r->status, "application/json", sizeof body - 1, &at,
                                    end) ||
        lws_finalize_http_header(wsi, &at, end))
        return -1;
    memcpy(at, body, sizeof body - 1);
    at += sizeof body - 1;
    s->req = NULL;
    free(r);
    if (lws_write(wsi, out + LWS_PRE, (size_t)(at - out - LWS_PRE), LWS_WRITE_HTTP_FINAL) < 0 ||
        lws_http_transaction_completed(wsi))
        return -1;
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    return 0;
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct session *s = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        s->req = calloc(1, sizeof *s->req);
        s->req->wsi = wsi;
        snprintf(s->req->path, sizeof s->req->path, "%s", (const char *)in);
        lws_hdr_custom_copy(wsi, s->req->mac, sizeof s->req->mac, "x-zevent-signature:", 19);
        return 0;
    case LWS_CALLBACK_HTTP_BODY:
        if (s->req == NULL || s->req->len + len > BODY_MAX)
            return -1;
        memcpy(s->req->body + s->req->len, in, len);
        s->req->len += len;
        return 0;
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        handle(s->req);
        return 0;
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return reply(wsi, s);
    case LWS_CALLBACK_CLOSED_HTTP:
        if (s != NULL && s->req != NULL)
            s->req->wsi = NULL;
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, len);
    }
}

static redisAsyncContext *redis_open(const char *path)
{
    redisAsyncContext *c = redisAsyncConnectUnix(path);
    if (c == NULL || c->err || redisLibuvAttach(c, F.loop) != REDIS_OK)
        exit(1);
    return c;
}

static void curl_start(void)
{
    curl_global_init(CURL_GLOBAL_ALL);
    uv_timer_init(F.loop, &F.curl_timer);
    F.multi = curl_multi_init();
    F.headers = curl_slist_append(NULL, "Content-Type: application/json");
    F.headers = curl_slist_append(F.headers, "access_token: a");
    curl_multi_setopt(F.multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(F.multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(F.multi, CURLMOPT_MAXCONNECTS, (long)IN_FLIGHT);
}

static void listen_http(void)
{
    static const struct lws_protocols protocols[] = {
        { "http", on_http, sizeof(struct session), 4096, 0, NULL, 0 }, { 0 }
    };
    void *loops[] = { F.loop };
    struct lws_context_creation_info info = { .options =
                                                  LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
                                              .foreign_loops = loops };
    struct lws_context_creation_info vhost = { .port = 0,
                                               .iface = "127.0.0.1",
                                               .protocols = protocols,
                                               .vhost_name = "floor",
                                               .keepalive_timeout = 60 };
    struct lws_context *context = lws_create_context(&info);
    struct lws_vhost *v = context ? lws_create_vhost(context, &vhost) : NULL;
    if (v == NULL)
        exit(1);
    printf("port=%d\n", lws_get_vhost_listen_port(v));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 5 || sodium_init() < 0) {
        fprintf(stderr, "usage: floor REDIS_SOCKET SINK_PORT APP_ID SECRET\n");
        return 2;
    }
    lws_set_log_level(LLL_ERR, NULL);
    F.loop = uv_default_loop();
    F.app_id = argv[3];
    F.secret = argv[4];
    snprintf(F.url, sizeof F.url, "http://127.0.0.1:%s/message/template", argv[2]);
    F.redis = redis_open(argv[1]);
    F.reader = redis_open(argv[1]);
    redisAsyncCommand(F.reader, NULL, NULL, "XGROUP CREATE in g 0 MKSTREAM");
    curl_start();
    read_more();
    listen_http();
    uv_run(F.loop, UV_RUN_DEFAULT);
    return 0;
}
