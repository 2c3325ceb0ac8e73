#include "staff_inside.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cookies and origins ---- */

static const char *cookie_name(const struct staff *t)
{
    return t->secure ? "__Host-loa_staff" : "loa_staff";
}

void session_set_cookie(const struct staff *t, struct http_request *req, const char *value)
{
    char line[STAFF_COOKIE_SIZE + 100];
    snprintf(line, sizeof line, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", cookie_name(t), value,
             t->secure ? "; Secure" : "", value[0] == '\0' ? "; Max-Age=0" : "");
    http_reply_header(req, "Set-Cookie", line);
}

void session_hash(const struct staff *t, const char *token, char session[CRYPTO_KEY_HEX])
{
    crypto_lookup_key(t->service->crypto, "staff-session", token, session);
}

bool session_of_request(const struct staff *t, const struct http_request *req, char login[STAFF_LOGIN_SIZE],
                        char session[CRYPTO_KEY_HEX])
{
    char value[STAFF_COOKIE_SIZE];
    if (!cookie_value(http_request_header(req, "cookie"), cookie_name(t), value, sizeof value))
        return false;
    char *colon = strchr(value, ':');
    if (colon == NULL || strlen(colon + 1) != STAFF_TOKEN_HEX)
        return false;
    *colon = '\0';
    session_hash(t, colon + 1, session);
    return staff_login_clean(value, login);
}

bool request_is_foreign(const struct staff *t, const struct http_request *req)
{
    const char *origin = http_request_header(req, "origin");
    return origin != NULL && !origin_is_ours(origin, http_request_header(req, "host"),
                                             config_str(t->service->config, "loa", "public_url"));
}

/* ---- asking the store ---- */

void staff_account_key(struct args *a, const char *login)
{
    args_key(a, 0, "sf:%s", login);
}

void staff_lock_key(struct args *a, const struct crypto *c, const char *login)
{
    char hash[CRYPTO_KEY_HEX];
    crypto_lookup_key(c, "staff-lock", login, hash);
    args_key(a, 0, "sl:%s", hash);
}

void session_read(const struct redis_value *v, const char *login, const char *session,
                  struct session_view *out)
{
    *out = (struct session_view){ 0 };
    snprintf(out->csrf, sizeof out->csrf, "%s", redis_str(redis_at(v, 0), NULL));
    snprintf(out->who.login, sizeof out->who.login, "%s", login);
    snprintf(out->who.session, sizeof out->who.session, "%s", session);
    snprintf(out->who.name, sizeof out->who.name, "%s", redis_str(redis_at(v, 1), NULL));
    out->who.roles = roles_from_words(redis_str(redis_at(v, 2), NULL));
    snprintf(out->who.desks, sizeof out->who.desks, "%s", redis_str(redis_at(v, 3), NULL));
    snprintf(out->who.units, sizeof out->who.units, "%s", redis_str(redis_at(v, 4), NULL));
}

struct question {
    char login[STAFF_LOGIN_SIZE], session[CRYPTO_KEY_HEX];
    session_fn *done;
    void *ctx;
};

static void answered(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct question *q = ctx;
    struct session_view view;
    if (st == LOA_OK && redis_type(v) != REDIS_ARRAY)
        st = LOA_DENIED;
    if (st == LOA_OK)
        session_read(v, q->login, q->session, &view);
    q->done(q->ctx, st, st == LOA_OK ? &view : NULL);
    free(q);
}

enum loa_status session_ask(struct staff *t, const char *login, const char *session, bool active,
                            session_fn *done, void *ctx)
{
    struct question *q = mem_alloc(sizeof *q);
    struct args a;
    q->done = done;
    q->ctx = ctx;
    snprintf(q->login, sizeof q->login, "%s", login);
    snprintf(q->session, sizeof q->session, "%s", session);
    args_init(&a);
    args_key(&a, 0, "ss:%s", session);
    staff_account_key(&a, login);
    args_int(&a, clock_wall_ms());
    args_int(&a, t->idle_ms);
    args_int(&a, t->life_ms);
    args_str(&a, login);
    args_str(&a, active ? "1" : "0");
    enum loa_status st = store_script(t->service->store, 0, "staff_session", &a, answered, q);
    args_clear(&a);
    if (st != LOA_OK)
        free(q);
    return st;
}

/* ---- routes for people who are logged in ---- */

struct entry {
    struct service *service;
    const struct staff_route *route;
};

/* The api_call comes first: the answer frees it, and all of this with it. */
struct staffed {
    struct api_call call;
    struct staff_call staff;
    const struct staff_route *route;
};

static void refuse_session(struct api_call *c)
{
    api_problem(c, 401, "not_logged_in", "A living staff session is needed",
                "Phiên làm việc đã hết. Vui lòng đăng nhập lại.", NULL);
}

static bool is_forged(const struct staffed *d)
{
    const char *token = http_request_header(d->call.req, "x-csrf-token");
    if (http_request_method(d->call.req) == HTTP_GET || http_request_method(d->call.req) == HTTP_HEAD)
        return false;
    return token == NULL || strlen(token) != strlen(d->staff.csrf) ||
           !crypto_equal_str(token, d->staff.csrf) || request_is_foreign(d->call.service->staff, d->call.req);
}

static void run(struct api_call *c)
{
    struct staffed *d = (struct staffed *)c;
    d->route->handler(&d->staff);
}

static void known(void *ctx, enum loa_status st, const struct session_view *v)
{
    struct staffed *d = ctx;
    if (st == LOA_DENIED) {
        refuse_session(&d->call);
        return;
    }
    if (st != LOA_OK) {
        api_problem_status(&d->call, st);
        return;
    }
    d->staff.call = &d->call;
    d->staff.who = v->who;
    snprintf(d->staff.csrf, sizeof d->staff.csrf, "%s", v->csrf);
    snprintf(d->call.caller, sizeof d->call.caller, "%s", v->who.login);
    if (is_forged(d))
        api_problem(&d->call, 403, "forged", "X-CSRF-Token of this session and our own origin are needed",
                    "Yêu cầu không đến từ trang làm việc này. Hãy tải lại trang rồi thử lại.", NULL);
    else if (d->route->roles != 0 && (d->route->roles & v->who.roles) == 0)
        api_problem(&d->call, 403, "role_missing", "This account lacks the role for this call",
                    "Tài khoản này chưa được giao quyền làm việc đó. Hãy hỏi người quản trị.", NULL);
    else
        api_idempotent(&d->call, run);
}

static void enter(void *ctx, struct http_request *req)
{
    const struct entry *e = ctx;
    struct staffed *d = mem_alloc(sizeof *d);
    char login[STAFF_LOGIN_SIZE], session[CRYPTO_KEY_HEX];
    d->call.service = e->service;
    d->call.req = req;
    d->route = e->route;
    if (!session_of_request(e->service->staff, req, login, session)) {
        refuse_session(&d->call);
        return;
    }
    enum loa_status st = session_ask(e->service->staff, login, session, true, known, d);
    if (st != LOA_OK)
        api_problem_status(&d->call, st);
}

void staff_routes(struct service *s, const struct staff_route *table)
{
    for (; table->pattern != NULL; table++) {
        struct entry *e = api_keep(s, sizeof *e);
        *e = (struct entry){ s, table };
        struct http_route route = { .methods = table->method,
                                    .pattern = table->pattern,
                                    .handler = enter,
                                    .ctx = e,
                                    .max_body_bytes = table->max_body_bytes };
        http_server_route(s->server, &route);
    }
}

/* ---- WebSockets ---- */

struct handshake {
    staff_known_fn *done;
    void *ctx;
    enum loa_status st; /* when the store need not be asked, or cannot be */
};

static void handshake_known(void *ctx, enum loa_status st, const struct session_view *v)
{
    struct handshake *h = ctx;
    h->done(h->ctx, st, v != NULL ? &v->who : NULL);
    free(h);
}

static void handshake_refused(void *ctx)
{
    struct handshake *h = ctx;
    handshake_known(h, h->st, NULL);
}

void staff_of_handshake(struct service *s, const struct http_request *req, staff_known_fn *done, void *ctx)
{
    struct handshake *h = mem_alloc(sizeof *h);
    char login[STAFF_LOGIN_SIZE], session[CRYPTO_KEY_HEX];
    *h = (struct handshake){ done, ctx, LOA_DENIED };
    if (!request_is_foreign(s->staff, req) && session_of_request(s->staff, req, login, session))
        h->st = session_ask(s->staff, login, session, true, handshake_known, h);
    if (h->st != LOA_OK)
        loop_defer(s->loop, handshake_refused, h);
}

/* ---- acts ---- */

static void kept(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx, (void)v;
    if (st != LOA_OK)
        log_warn("act_not_kept", "status", loa_status_word(st));
}

void staff_act(struct service *s, const char *act, const char *login, const char *about)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "acts");
    args_str(&a, "MAXLEN");
    args_str(&a, "~");
    args_int(&a, 10000);
    args_str(&a, "*");
    args_str(&a, "act");
    args_str(&a, act);
    args_str(&a, "login");
    args_str(&a, login);
    args_str(&a, "about");
    args_str(&a, about);
    enum loa_status st = store_command(s->store, 0, "XADD", &a, kept, NULL);
    args_clear(&a);
    if (st != LOA_OK)
        kept(NULL, st, NULL);
}
