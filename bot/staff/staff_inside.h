/* What the files of this room share. */
#ifndef STAFF_INSIDE_H
#define STAFF_INSIDE_H

#include "hashing.h"
#include "loa/staff.h"

#define STAFF_TOKEN_HEX   64
#define STAFF_COOKIE_SIZE (STAFF_LOGIN_SIZE + 1 + STAFF_TOKEN_HEX + 1) /* "login:token" */

struct guard;

struct staff {
    struct service *service;
    struct hashing hashing;
    struct guard *guards; /* open sockets */
    struct timer look;
    bool secure; /* reached by https */
    int64_t idle_ms, life_ms;
    char common_path[1024];
};

/* The living session of a cookie value or a known session. `csrf` as in staff_call. Refused like
 * store_script(), then `done` is not called; LOA_DENIED in `done`: none, or over. */
struct session_view {
    struct staff_member who;
    char csrf[44];
};
typedef void session_fn(void *ctx, enum loa_status st, const struct session_view *v);
enum loa_status session_ask(struct staff *t, const char *login, const char *session, bool active,
                            session_fn *done, void *ctx);

/* Login and session of the cookie a request carries; false: it carries none that could be ours. */
bool session_of_request(const struct staff *t, const struct http_request *req, char login[STAFF_LOGIN_SIZE],
                        char session[CRYPTO_KEY_HEX]);
void session_hash(const struct staff *t, const char *token, char session[CRYPTO_KEY_HEX]);
void session_set_cookie(const struct staff *t, struct http_request *req, const char *value);
void session_read(const struct redis_value *v, const char *login, const char *session,
                  struct session_view *out); /* {csrf, name, roles, desks, units} */
bool request_is_foreign(const struct staff *t, const struct http_request *req); /* by its Origin */

/* sf:, sl:, … of a login as arguments of a script */
void staff_account_key(struct args *a, const char *login);
void staff_lock_key(struct args *a, const struct crypto *c, const char *login);

#endif
