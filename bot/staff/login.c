/*
 * Logging in and out, and changing one's password. The answers of a login: what was wrong is never said.
 *
 * The try is counted before the password is looked at (staff_try.lua), so that tries at the same time cannot
 * slip by the count; a right password takes the count back.
 */
#include "guard.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BODY_MAX_BYTES  2048
#define TRIES_FREE      5
#define LOCK_FIRST_MS   60000
#define LOCK_LONGEST_MS 3600000
#define CSRF_HEX        40

/* One person at the door, or one who changes the password. */
struct knock {
    struct api_call *call;
    struct staff *staff;
    char login[STAFF_LOGIN_SIZE], gen[24], token[STAFF_TOKEN_HEX + 1], session[CRYPTO_KEY_HEX];
    bool exists, off;
    struct password_job job;
};

static void knock_free(struct knock *k)
{
    hashing_leave(&k->staff->hashing);
    password_job_wipe(&k->job);
    crypto_wipe(k->token, sizeof k->token);
    free(k);
}

static void fail(struct knock *k, enum loa_status st)
{
    api_problem_status(k->call, st);
    knock_free(k);
}

/* ---- what a logged-in person is told about himself ---- */

static void print_list(struct buf *out, const char *name, const char *list)
{
    const char *comma = "";
    buf_printf(out, ",\"%s\":[", name);
    for (size_t n; *list != '\0'; list += n + (list[n] != '\0')) {
        n = strcspn(list, ",");
        buf_str(out, comma);
        buf_json_string(out, list, n);
        comma = ",";
    }
    buf_str(out, "]");
}

static void answer_me(const struct staff *t, struct api_call *c, const struct staff_member *who,
                      const char *csrf)
{
    struct buf out = BUF_INIT(8192), words = BUF_INIT(256);
    roles_print(who->roles, &words);
    buf_printf(&out, "{\"login\":\"%s\",\"name\":", who->login);
    buf_json_string(&out, who->name, strlen(who->name));
    print_list(&out, "roles", buf_cstr(&words));
    print_list(&out, "desks", who->desks);
    print_list(&out, "units", who->units);
    buf_printf(&out, ",\"csrf\":\"%s\",\"idle_ms\":%lld}", csrf, (long long)t->idle_ms);
    api_json(c, 200, &out);
    buf_clear(&out);
    buf_clear(&words);
}

static void get_me(struct staff_call *c)
{
    answer_me(c->call->service->staff, c->call, &c->who, c->csrf);
}

/* ---- the try ---- */

static void answer_locked(struct knock *k, int64_t until_ms)
{
    char seconds[24], detail[160];
    long long left_s = (until_ms - clock_wall_ms()) / 1000 + 1;
    snprintf(seconds, sizeof seconds, "%lld", left_s);
    snprintf(detail, sizeof detail,
             "Đã nhập sai nhiều lần nên tạm dừng đăng nhập. Vui lòng thử lại sau %lld phút.",
             (left_s + 59) / 60);
    http_reply_header(k->call->req, "Retry-After", seconds);
    api_problem(k->call, 429, "locked", "Too many wrong passwords; wait", detail, NULL);
    knock_free(k);
}

static void answer_wrong(struct knock *k)
{
    log_warn("staff_login_failed", "login", k->exists ? k->login : "-");
    if (k->exists)
        staff_act(k->staff->service, "login_failed", k->login, "");
    api_problem(k->call, 401, "wrong_login", "Unknown login or wrong password",
                "Tên đăng nhập hoặc mật khẩu chưa đúng.", NULL);
    knock_free(k);
}

static void checked(void *ctx);

/* {locked until} or {0, pw, gen, off} */
static void tried(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct knock *k = ctx;
    if (st != LOA_OK) {
        fail(k, st);
        return;
    }
    if (redis_int(redis_at(v, 0)) > 0) {
        answer_locked(k, redis_int(redis_at(v, 0)));
        return;
    }
    const char *hash = redis_str(redis_at(v, 1), NULL);
    k->exists = hash[0] != '\0';
    k->off = strcmp(redis_str(redis_at(v, 3), NULL), "1") == 0;
    snprintf(k->job.hash, sizeof k->job.hash, "%s", hash);
    snprintf(k->gen, sizeof k->gen, "%s", redis_str(redis_at(v, 2), NULL));
    hashing_run(&k->staff->hashing, &k->job, checked, k);
}

static void try_it(struct knock *k)
{
    struct args a;
    args_init(&a);
    staff_account_key(&a, k->login);
    staff_lock_key(&a, k->staff->service->crypto, k->login);
    args_key(&a, 0, "acts");
    args_int(&a, clock_wall_ms());
    args_int(&a, TRIES_FREE);
    args_int(&a, LOCK_FIRST_MS);
    args_int(&a, LOCK_LONGEST_MS);
    args_str(&a, k->login);
    enum loa_status st = store_script(k->staff->service->store, 0, "staff_try", &a, tried, k);
    args_clear(&a);
    if (st != LOA_OK)
        fail(k, st);
}

/* ---- the way in ---- */

static void entered(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct knock *k = ctx;
    struct session_view view;
    char cookie[STAFF_COOKIE_SIZE];
    if (st != LOA_OK) {
        fail(k, st);
        return;
    }
    if (redis_type(v) != REDIS_ARRAY) {
        answer_wrong(k);
        return;
    }
    session_read(v, k->login, k->session, &view);
    snprintf(cookie, sizeof cookie, "%s:%s", k->login, k->token);
    session_set_cookie(k->staff, k->call->req, cookie);
    crypto_wipe(cookie, sizeof cookie);
    log_info("staff_login", "login", k->login);
    answer_me(k->staff, k->call, &view.who, view.csrf);
    knock_free(k);
}

static void let_in(struct knock *k)
{
    char csrf[CSRF_HEX + 1];
    struct args a;
    crypto_random_hex(k->token, STAFF_TOKEN_HEX);
    crypto_random_hex(csrf, CSRF_HEX);
    session_hash(k->staff, k->token, k->session);
    args_init(&a);
    staff_account_key(&a, k->login);
    staff_lock_key(&a, k->staff->service->crypto, k->login);
    args_key(&a, 0, "ss:%s", k->session);
    args_key(&a, 0, "acts");
    args_str(&a, k->login);
    args_str(&a, k->gen);
    args_str(&a, csrf);
    args_int(&a, clock_wall_ms());
    args_int(&a, k->staff->idle_ms);
    enum loa_status st = store_script(k->staff->service->store, 0, "staff_enter", &a, entered, k);
    args_clear(&a);
    if (st != LOA_OK)
        fail(k, st);
}

static void change(struct knock *k);

static void checked(void *ctx)
{
    struct knock *k = ctx;
    if (!k->job.right || k->off)
        answer_wrong(k);
    else if (k->session[0] != '\0')
        change(k);
    else
        let_in(k);
}

/* ---- POST /desk/login ---- */

static bool is_json(const struct http_request *req)
{
    const char *type = http_request_header(req, "content-type");
    return type != NULL && strncasecmp(type, "application/json", 16) == 0; /* no plain form can send it */
}

static bool is_near(const struct http_request *req)
{
    const char *peer = http_request_peer(req);
    return strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 || strcmp(peer, "unix") == 0 ||
           strncmp(peer, "::ffff:127.", 11) == 0;
}

/* A place in the line, or an answer that there is none. */
static struct knock *knock_new(struct api_call *c)
{
    struct staff *t = c->service->staff;
    if (!hashing_enter(&t->hashing)) {
        api_problem(c, 503, "busy", "Too many people log in at this moment; try again",
                    "Đang có nhiều người đăng nhập cùng lúc. Vui lòng thử lại sau vài giây.", NULL);
        return NULL;
    }
    struct knock *k = mem_alloc(sizeof *k);
    k->call = c;
    k->staff = t;
    k->job.common_path = t->common_path;
    return k;
}

/* A login that cannot be one is nobody's, and takes the same way. */
static void knock(struct api_call *c, const char *login, const char *password)
{
    struct knock *k = knock_new(c);
    if (k == NULL)
        return;
    if (!staff_login_clean(login, k->login))
        snprintf(k->login, sizeof k->login, "-");
    snprintf(k->job.password, sizeof k->job.password, "%s", password);
    try_it(k);
}

static void wipe_member(cJSON *j, const char *name)
{
    cJSON *item = cJSON_GetObjectItemCaseSensitive(j, name);
    if (cJSON_IsString(item))
        crypto_wipe(item->valuestring, strlen(item->valuestring));
}

static void post_login(struct api_call *c)
{
    struct staff *t = c->service->staff;
    if (!t->secure && !is_near(c->req)) {
        api_problem(c, 403, "https_needed", "Passwords travel by https only",
                    "Chỉ đăng nhập được qua địa chỉ https. Hãy hỏi người quản trị.", NULL);
        return;
    }
    if (request_is_foreign(t, c->req) || !is_json(c->req)) {
        api_problem(c, 403, "forged", "Our own origin and application/json are needed",
                    "Yêu cầu không đến từ trang làm việc này. Hãy tải lại trang rồi thử lại.", NULL);
        return;
    }
    cJSON *j = api_body_json(c);
    if (j == NULL)
        return;
    const char *login = json_str(j, "login"), *password = json_str(j, "password");
    if (login == NULL || password == NULL || strlen(password) > PASSWORD_MAX_BYTES)
        api_problem(c, 400, "invalid", "login and password are needed",
                    "Vui lòng nhập tên đăng nhập và mật khẩu.", NULL);
    else
        knock(c, login, password);
    wipe_member(j, "password");
    cJSON_Delete(j);
}

/* ---- POST /desk/password ---- */

static void answer_nothing(struct api_call *c)
{
    http_reply(c->req, 204, NULL, NULL, 0);
    free(c);
}

static void changed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct knock *k = ctx;
    if (st != LOA_OK || redis_int(v) != 1) {
        fail(k, st == LOA_OK ? LOA_NOT_FOUND : st);
        return;
    }
    log_info("staff_password_changed", "login", k->login);
    answer_nothing(k->call);
    knock_free(k);
}

static void change(struct knock *k)
{
    struct args a;
    if (k->job.fault != NULL) {
        api_problem(k->call, 422, "weak_password", "The new password breaks a rule", k->job.fault, NULL);
        knock_free(k);
        return;
    }
    args_init(&a);
    staff_account_key(&a, k->login);
    args_key(&a, 0, "sfs");
    staff_lock_key(&a, k->staff->service->crypto, k->login);
    args_key(&a, 0, "acts");
    args_key(&a, 0, "ss:%s", k->session);
    args_str(&a, k->login);
    args_str(&a, "old");
    args_str(&a, "1");
    args_str(&a, "password");
    args_str(&a, k->login);
    args_str(&a, "pw");
    args_str(&a, k->job.fresh_hash);
    enum loa_status st = store_script(k->staff->service->store, 0, "staff_put", &a, changed, k);
    args_clear(&a);
    if (st != LOA_OK)
        fail(k, st);
}

static void ask_change(struct staff_call *c, const char *old, const char *fresh)
{
    struct knock *k = knock_new(c->call);
    if (k == NULL)
        return;
    snprintf(k->login, sizeof k->login, "%s", c->who.login);
    snprintf(k->session, sizeof k->session, "%s", c->who.session);
    snprintf(k->job.login, sizeof k->job.login, "%s", c->who.login);
    snprintf(k->job.password, sizeof k->job.password, "%s", old);
    snprintf(k->job.fresh, sizeof k->job.fresh, "%s", fresh);
    try_it(k);
}

static void post_password(struct staff_call *c)
{
    cJSON *j = api_body_json(c->call);
    if (j == NULL)
        return;
    const char *old = json_str(j, "old"), *fresh = json_str(j, "new");
    if (old == NULL || fresh == NULL || fresh[0] == '\0' || strlen(old) > PASSWORD_MAX_BYTES ||
        strlen(fresh) > PASSWORD_MAX_BYTES)
        api_problem(c->call, 400, "invalid", "old and new are needed",
                    "Vui lòng nhập mật khẩu đang dùng và mật khẩu mới (tối đa 256 ký tự không dấu).", NULL);
    else
        ask_change(c, old, fresh);
    wipe_member(j, "old");
    wipe_member(j, "new");
    cJSON_Delete(j);
}

/* ---- POST /desk/logout ---- */

static void left(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_call *c = ctx;
    (void)v;
    if (st != LOA_OK) {
        api_problem_status(c, st);
        return;
    }
    session_set_cookie(c->service->staff, c->req, "");
    answer_nothing(c);
}

static void post_logout(struct staff_call *c)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "ss:%s", c->who.session);
    args_key(&a, 0, "acts");
    args_str(&a, c->who.login);
    enum loa_status st = store_script(c->call->service->store, 0, "staff_leave", &a, left, c->call);
    args_clear(&a);
    if (st != LOA_OK)
        api_problem_status(c->call, st);
}

/* ---- GET /desk/units ---- */

static void get_units(struct staff_call *c)
{
    const struct policy *p = c->call->service->policy;
    struct buf out = BUF_INIT(1u << 20);
    const struct unit_info *u;
    const char *comma = "";
    buf_str(&out, "{\"items\":[");
    for (unsigned i = 0; (u = policy_unit_at(p, i)) != NULL; i++) {
        if (policy_unit(p, u->id, clock_wall_ms()) != u || u->successor[0] != '\0')
            continue; /* of another time */
        buf_printf(&out, "%s{\"id\":", comma);
        buf_json_string(&out, u->id, strlen(u->id));
        buf_str(&out, ",\"name\":");
        buf_json_string(&out, u->name, strlen(u->name));
        buf_str(&out, "}");
        comma = ",";
    }
    buf_str(&out, "]}");
    api_json(c->call, 200, &out);
    buf_clear(&out);
}

/* ---- the whole ---- */

bool staff_idle(const struct service *s)
{
    return s->staff == NULL || s->staff->hashing.taken == 0;
}

void staff_free(struct service *s)
{
    if (s->staff == NULL)
        return;
    guard_stop(s->staff);
    free(s->staff);
    s->staff = NULL;
}

void api_staff_login(struct service *s)
{
    static const struct api_route open[] = {
        { HTTP_POST, "/desk/login", 0, BODY_MAX_BYTES, post_login },
        { 0 },
    };
    static const struct staff_route routes[] = {
        { HTTP_GET, "/desk/me", 0, 0, get_me },
        { HTTP_GET, "/desk/units", 0, 0, get_units },
        { HTTP_POST, "/desk/logout", 0, BODY_MAX_BYTES, post_logout },
        { HTTP_POST, "/desk/password", 0, BODY_MAX_BYTES, post_password },
        { 0 },
    };
    struct staff *t = mem_alloc(sizeof *t);
    const struct config *cf = s->config;
    t->service = s;
    t->hashing.loop = s->loop;
    t->secure = strncmp(config_str(cf, "loa", "public_url"), "https://", 8) == 0 ||
                config_str(cf, "loa", "tls_cert")[0] != '\0';
    t->idle_ms = config_int(cf, "staff", "idle_minutes") * 60000;
    t->life_ms = config_int(cf, "staff", "session_hours") * 3600000;
    snprintf(t->common_path, sizeof t->common_path, "%s/policy/passwords.txt",
             config_str(cf, "loa", "templates"));
    s->staff = t;
    guard_start(t);
    api_routes(s, open);
    staff_routes(s, routes);
}
