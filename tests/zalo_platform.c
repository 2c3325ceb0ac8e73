#include "zalo_platform.h"
#include "check.h"
#include "loa/clock.h"
#include "loa/json.h"
#include "loa/mem.h"
#include "loa/zalo_sign.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define APP_ID     "1234567890123456789"
#define APP_SECRET "APP_SECRET_EXAMPLE"
#define OA_ID      "2222222222222222222"
#define OA_SECRET  "OA_SECRET_EXAMPLE_0001"

/* ---- turning the loop ---- */

static int64_t real_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void nothing(void *ctx)
{
    (void)ctx;
}

/* A deferred call keeps the turn from sleeping. */
static void turn_once(struct loop *l)
{
    loop_defer(l, nothing, NULL);
    loop_run_once(l);
    clock_advance(1); /* only moves a frozen clock */
}

void turn(struct loop *l, unsigned n)
{
    while (n-- > 0)
        turn_once(l);
}

void turn_until(struct loop *l, bool (*test)(void *ctx), void *ctx, const char *label)
{
    int64_t end_ms = real_ms() + 10000;
    while (!test(ctx)) {
        turn_once(l);
        if (real_ms() > end_ms)
            fail_msg("%s: still waiting after 10 s", label);
    }
}

/* ---- the platform ---- */

static void blame(struct zalo_platform *p, const char *what)
{
    buf_printf(&p->faults, "%s\n", what);
}

static void answer(struct zalo_platform *p, struct http_request *r, int status, const char *json)
{
    if (p->rate_left != NULL)
        http_reply_header(r, "X-RateLimit-Remain", p->rate_left);
    http_reply(r, status, "application/json", json, strlen(json));
}

/* False when it has answered already: the token is not good. */
static bool authorised(struct zalo_platform *p, struct http_request *r, bool zbs)
{
    const char *token = http_request_header(r, "access_token"),
               *proof = http_request_header(r, "appsecret_proof");
    char want[ZALO_HEX];

    if (token == NULL)
        blame(p, "no access_token header");
    else if (strncmp(token, "Bearer", 6) == 0)
        blame(p, "access_token is not bare");
    if (http_request_header(r, "Authorization") != NULL)
        blame(p, "Authorization header");
    if (token != NULL && p->want_proof) {
        zalo_appsecret_proof(APP_SECRET, token, want);
        if (proof == NULL || strcmp(proof, want) != 0)
            blame(p, "appsecret_proof is missing or wrong");
    } else if (proof != NULL) {
        blame(p, "appsecret_proof was not asked for");
    }
    if (token != NULL && strcmp(token, p->access) == 0)
        return true;
    answer(p, r, 200,
           zbs ? "{\"error\":-124,\"message\":\"Access token is invalid\"}"
               : "{\"error\":-216,\"message\":\"Access token is invalid\"}");
    return false;
}

static void want_string(struct zalo_platform *p, const cJSON *body, const char *key)
{
    const char *s = json_str(body, key);
    if (s == NULL || s[0] == '\0')
        blame(p, key);
}

static bool is_zbs(const char *path)
{
    return strncmp(path, "/zbs/", 5) == 0;
}

static void check_message(struct zalo_platform *p, const char *path, const cJSON *body)
{
    if (strcmp(path, "/oa/v3.0/oa/message/cs") == 0) {
        want_string(p, json_get(body, "recipient"), "user_id");
        if (!cJSON_IsObject(json_get(body, "message")))
            blame(p, "message");
        return;
    }
    want_string(p, body, "template_id");
    if (!cJSON_IsObject(json_get(body, "template_data")))
        blame(p, "template_data");
    if (strcmp(path, "/oa/v3.0/oa/message/template") == 0) {
        want_string(p, body, "user_id");
        if (json_get(body, "tracking_id") != NULL)
            blame(p, "tracking_id does not belong here");
        return;
    }
    want_string(p, body, "tracking_id");
    want_string(p, body, strstr(path, "hashphone") != NULL ? "hash_phone" : "phone");
}

static void read_message(struct zalo_platform *p, struct http_request *r)
{
    size_t len;
    const char *text = http_request_body(r, &len), *type = http_request_header(r, "Content-Type");
    cJSON *body = NULL;

    p->sends++;
    snprintf(p->path, sizeof p->path, "%s", http_request_path(r));
    buf_reset(&p->body);
    buf_add(&p->body, text, len);
    if (type == NULL || strcmp(type, "application/json") != 0)
        blame(p, "Content-Type");
    if (json_parse(text, len, &body, NULL, 0) == LOA_OK)
        check_message(p, p->path, body);
    else
        blame(p, "body is not JSON");
    cJSON_Delete(body);
}

static void accept(struct zalo_platform *p, struct http_request *r)
{
    char json[256];
    if (is_zbs(p->path))
        snprintf(
            json, sizeof json,
            "{\"error\":0,\"message\":\"Success\",\"data\":{\"msg_id\":\"z%u\",\"sent_time\":\"1795000000000\","
            "\"sending_mode\":\"1\",\"quota\":{\"dailyQuota\":\"20000\",\"remainingQuota\":\"19999\"}}}",
            p->sends);
    else
        snprintf(
            json, sizeof json,
            "{\"error\":0,\"message\":\"Success\",\"sent_time\":\"1795000000000\",\"data\":{\"message_id\":"
            "\"a%u\",\"user_id\":\"1\"}}",
            p->sends);
    answer(p, r, 200, json);
}

static void on_message(void *ctx, struct http_request *r)
{
    struct zalo_platform *p = ctx;
    read_message(p, r);
    if (p->hold)
        p->held[p->held_count++] = r;
    else if (!authorised(p, r, is_zbs(p->path)))
        return;
    else if (p->send_answer != NULL)
        answer(p, r, p->send_status, p->send_answer);
    else
        accept(p, r);
}

static void rotate(struct zalo_platform *p)
{
    snprintf(p->access, sizeof p->access, "ACCESS_%u", p->refreshes + 1);
    snprintf(p->refresh, sizeof p->refresh, "REFRESH_%u", p->refreshes + 1);
}

static void check_form(struct zalo_platform *p, struct http_request *r)
{
    const char *type = http_request_header(r, "Content-Type"), *secret = http_request_header(r, "secret_key");
    if (type == NULL || strcmp(type, "application/x-www-form-urlencoded") != 0)
        blame(p, "refresh: Content-Type");
    if (secret == NULL || strcmp(secret, APP_SECRET) != 0)
        blame(p, "refresh: secret_key");
    if (http_request_header(r, "access_token") != NULL)
        blame(p, "refresh: access_token");
}

static void on_refresh(void *ctx, struct http_request *r)
{
    struct zalo_platform *p = ctx;
    char want[256], json[256];
    size_t len;
    const char *form = http_request_body(r, &len);

    p->refreshes++;
    check_form(p, r);
    snprintf(want, sizeof want, "refresh_token=%s&app_id=" APP_ID "&grant_type=refresh_token", p->refresh);
    if (p->grant_answer != NULL) {
        answer(p, r, p->grant_status, p->grant_answer);
    } else if (strcmp(form, want) != 0) {
        answer(p, r, 200, "{\"error_name\":\"Invalid refresh token\",\"error_description\":\"x\"}");
    } else {
        rotate(p);
        snprintf(json, sizeof json, "{\"access_token\":\"%s\",\"refresh_token\":\"%s\",\"expires_in\":%s}",
                 p->access, p->refresh, p->expires);
        answer(p, r, p->grant_lost ? 502 : 200, p->grant_lost ? "<html>bad gateway</html>" : json);
    }
}

static void on_question(void *ctx, struct http_request *r)
{
    struct zalo_platform *p = ctx;
    const char *path = http_request_path(r), *json = NULL;

    if (strcmp(path, "/zbs/template/info/v2") == 0) {
        p->infos++;
        json = p->info_answer;
    } else if (strcmp(path, "/zbs/message/status") == 0) {
        json = p->status_answer;
    } else if (strcmp(path, "/oa/v2.0/oa/getoa") == 0) {
        p->looks++;
        json = p->getoa_answer;
    } else if (strcmp(path, "/zbs/quality") == 0) {
        json = p->quality_answer;
    } else if (strcmp(path, "/zbs/message/quota") == 0) {
        json = p->quota_answer;
    } else if (strcmp(path, "/oa/v3.0/oa/user/detail") == 0) {
        json = p->user_answer;
    } else {
        blame(p, path);
    }
    snprintf(p->path, sizeof p->path, "%s?%s", path, http_request_raw_query(r));
    if (authorised(p, r, is_zbs(path)))
        answer(p, r, 200, json != NULL ? json : "{\"error\":-100,\"message\":\"x\"}");
}

void zalo_platform_start(struct zalo_platform *p, struct loop *l)
{
    static const char *const listen[] = { "127.0.0.1:0", NULL };
    const struct http_server_options opt = { .listen = listen };
    static const char *const message_paths[] = { "/oa/v3.0/oa/message/cs", "/oa/v3.0/oa/message/template",
                                                 "/zbs/message/template", "/zbs/message/template/hashphone" };
    char why[256] = "";

    memset(p, 0, sizeof *p);
    p->loop = l;
    p->send_status = p->grant_status = 200;
    p->expires = "\"90000\"";
    snprintf(p->access, sizeof p->access, "ACCESS_0");
    snprintf(p->refresh, sizeof p->refresh, "REFRESH_0");
    buf_init(&p->faults, 4096);
    buf_init(&p->body, 128 * 1024);
    if (http_server_new(l, &opt, why, sizeof why, &p->server) != LOA_OK)
        fail_msg("server: %s", why);
    for (size_t i = 0; i < sizeof message_paths / sizeof message_paths[0]; i++)
        http_server_route(p->server, &(struct http_route){ .methods = HTTP_POST,
                                                           .pattern = message_paths[i],
                                                           .handler = on_message,
                                                           .ctx = p,
                                                           .max_body_bytes = 128 * 1024 });
    http_server_route(p->server, &(struct http_route){ .methods = HTTP_POST,
                                                       .pattern = "/oauth/v4/oa/access_token",
                                                       .handler = on_refresh,
                                                       .ctx = p,
                                                       .max_body_bytes = 16 * 1024 });
    http_server_route(
        p->server,
        &(struct http_route){ .methods = HTTP_GET, .pattern = "/{*rest}", .handler = on_question, .ctx = p });
    p->port = http_server_port(p->server, 0);
}

static void closed(void *ctx)
{
    *(bool *)ctx = true;
}

static bool is_true(void *ctx)
{
    return *(bool *)ctx;
}

void zalo_platform_stop(struct zalo_platform *p)
{
    bool done = false;
    for (unsigned i = 0; i < p->held_count; i++)
        answer(p, p->held[i], 200, "{\"error\":-100,\"message\":\"too late\"}");
    http_server_close(p->server, closed, &done);
    turn_until(p->loop, is_true, &done, "server closes");
    buf_clear(&p->body);
    buf_clear(&p->faults);
}

void zalo_platform_kill_token(struct zalo_platform *p)
{
    snprintf(p->access, sizeof p->access, "NONE");
}

/* ---- the secret store ---- */

struct vault_call {
    struct process *process;
    char *blob; /* save: what */
    void (*loaded)(void *, enum loa_status, const char *, size_t);
    void (*saved)(void *, enum loa_status);
    void *ctx;
};

static bool vault_is_owner(void *ctx)
{
    return ((struct process *)ctx)->owner;
}

static void finish_load(void *ctx)
{
    struct vault_call *c = ctx;
    char *blob = mem_strdup(c->process->vault->blob);
    c->loaded(c->ctx, blob != NULL ? LOA_OK : LOA_NOT_FOUND, blob, blob != NULL ? strlen(blob) : 0);
    free(blob);
    free(c);
}

static enum loa_status vault_load(void *ctx, const char *name,
                                  void (*done)(void *, enum loa_status, const char *, size_t), void *done_ctx)
{
    struct vault_call *c = mem_alloc(sizeof *c);
    (void)name;
    *c = (struct vault_call){ .process = ctx, .loaded = done, .ctx = done_ctx };
    loop_defer(c->process->vault->loop, finish_load, c);
    return LOA_OK;
}

static void tell_listeners(struct vault *v)
{
    for (unsigned i = 0; i < VAULT_LISTENERS; i++)
        if (v->listener[i].fn != NULL)
            v->listener[i].fn(v->listener[i].ctx);
}

static void finish_save(void *ctx)
{
    struct vault_call *c = ctx;
    struct vault *v = c->process->vault;
    enum loa_status st = v->save_answer != LOA_OK ? v->save_answer : c->process->owner ? LOA_OK : LOA_STALE;
    if (st == LOA_OK) {
        free(v->blob);
        v->blob = mem_strdup(c->blob);
        v->saves++;
    }
    c->saved(c->ctx, st);
    if (st == LOA_OK)
        tell_listeners(v);
    free(c->blob);
    free(c);
}

static enum loa_status vault_save(void *ctx, const char *name, const char *blob, size_t len,
                                  void (*done)(void *, enum loa_status), void *done_ctx)
{
    struct vault_call *c = mem_alloc(sizeof *c);
    (void)name;
    *c =
        (struct vault_call){ .process = ctx, .blob = mem_strndup(blob, len), .saved = done, .ctx = done_ctx };
    loop_defer(c->process->vault->loop, finish_save, c);
    return LOA_OK;
}

static void vault_on_change(void *ctx, const char *name, loop_fn *fn, void *fn_ctx)
{
    struct vault *v = ((struct process *)ctx)->vault;
    (void)name;
    for (unsigned i = 0; i < VAULT_LISTENERS; i++) {
        if (v->listener[i].ctx != (fn != NULL ? NULL : fn_ctx))
            continue;
        v->listener[i].fn = fn;
        v->listener[i].ctx = fn != NULL ? fn_ctx : NULL;
        return;
    }
}

void vault_put(struct vault *v, const char *json)
{
    free(v->blob);
    v->blob = mem_strdup(json);
}

void vault_clear(struct vault *v)
{
    free(v->blob);
    v->blob = NULL;
}

/* ---- a process ---- */

static void keep_alert(void *ctx, const char *code, const char *sentence_vi)
{
    struct process *p = ctx;
    p->alerts++;
    snprintf(p->alert_code, sizeof p->alert_code, "%s", code);
    snprintf(p->alert_text, sizeof p->alert_text, "%s", sentence_vi);
}

static struct config *config_for(const struct zalo_platform *platform, const char *settings)
{
    struct buf ini = BUF_INIT(8192);
    struct errors *err = errors_new();
    struct config *cf = NULL;

    buf_printf(&ini,
               "[zalo]\napp_id = " APP_ID "\napp_secret = " APP_SECRET "\noa_id = " OA_ID
               "\noa_secret_key = " OA_SECRET "\noa_url = http://127.0.0.1:%d/oa\noauth_url = "
               "http://127.0.0.1:%d/oauth\n%s",
               platform->port, platform->port, settings);
    if (strstr(settings, "zbs_url") == NULL)
        buf_printf(&ini, "zbs_url = http://127.0.0.1:%d/zbs\n", platform->port);
    if (config_parse("test", buf_cstr(&ini), ini.len, err, &cf) != LOA_OK)
        fail_msg("configuration: %s", err->count > 0 ? err->item[0].detail : "?");
    errors_free(err);
    buf_clear(&ini);
    return cf;
}

void process_start(struct process *p, struct zalo_platform *platform, struct http_client *http,
                   struct vault *v, const char *settings)
{
    bool owner = p->owner;
    memset(p, 0, sizeof *p);
    p->owner = owner;
    p->vault = v;
    p->config = config_for(platform, settings);
    p->store = (struct secret_store){ .ctx = p,
                                      .is_owner = vault_is_owner,
                                      .load = vault_load,
                                      .save = vault_save,
                                      .on_change = vault_on_change };
    p->env = (struct channel_env){ .loop = platform->loop,
                                   .http = http,
                                   .config = p->config,
                                   .secrets = &p->store,
                                   .data_dir = check_path("channels"),
                                   .alert = keep_alert,
                                   .alert_ctx = p };
    check_int("driver opens", zalo_channel.open(&p->env, NULL, &p->state), LOA_OK);
}

void process_stop(struct process *p)
{
    zalo_channel.close(p->state);
    p->state = NULL;
    turn(p->vault->loop, 20); /* calls that were cancelled end in the loop */
    config_free(p->config);
}
