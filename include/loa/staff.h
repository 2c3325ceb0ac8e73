/*
 * staff - the people of the office: accounts, roles, sessions. Used by the desk, later by the whole console.
 *
 * Records, all in partition 0:
 *   sf:<login>     hash  name, pw (argon2id, by libsodium), roles, desks, units, off, gen (counts up when the
 *                        password changes or the account is switched off: older sessions are over)
 *   sfs            set   all logins
 *   sl:<hash>      hash  wrong passwords in a row for this login, known or not: failed, until
 *   ss:<hash>      hash  a session, by the keyed hash of its cookie: login, gen, csrf, made, seen; expires
 *   acts           stream what staff did: act, login, by (login_ok, login_failed, locked, logout, …); about
 *                        10,000 are kept
 *
 * A password is never logged nor kept. Five wrong ones in a row lock the login for a minute, each further one
 * for twice as long, an hour at most. An unknown login is locked just the same and costs the same time, so
 * nobody learns who exists. A login costs memory and time on purpose: hashing runs on a worker thread, two at
 * once, sixteen more wait, further ones are refused.
 *
 *   POST /desk/login     {"login","password"} -> 200 as /desk/me, and the cookie; 401 wrong; 429 locked
 *   GET  /desk/me        {"login","name","roles":[…],"desks":[…],"units":[…],"csrf","idle_ms"}
 *   POST /desk/logout    204
 *   POST /desk/password  {"old","new"} -> 204; every other session of this person ends
 *   GET  /desk/units     {"items":[{"id","name"}]}: the units of today, to choose from
 *
 * The cookie is __Host-loa_staff (Secure) where we are reached by https; without https people log in only
 * from this machine itself.
 */
#ifndef LOA_STAFF_H
#define LOA_STAFF_H

#include "loa/api.h"
#include "loa/staff_rules.h"

struct staff_member {
    char login[STAFF_LOGIN_SIZE], name[128];
    unsigned roles;
    char desks[256], units[256];  /* "a,b"; units: with everything below them */
    char session[CRYPTO_KEY_HEX]; /* names the session without opening it */
};

/* Adds the routes above and sets s->staff; after it the functions below work. */
void api_staff_login(struct service *s);  /* bot/staff/login.c */
bool staff_idle(const struct service *s); /* no password is being checked */
void staff_free(struct service *s);

/* ---- pages and calls that need a logged-in person ---- */
struct staff_call { /* what a handler gets; lives until the answer */
    struct api_call *call;
    struct staff_member who;
    char csrf[44];
};
typedef void staff_handler(struct staff_call *c);
struct staff_route {
    unsigned method;
    const char *pattern;
    unsigned roles; /* any of these; 0: anybody logged in */
    size_t max_body_bytes;
    staff_handler *handler;
};
/* Without a living session: 401. Without one of the roles: 403. Methods other than GET need the header
 * X-CSRF-Token of this session and, when the browser says where it comes from, our own origin: else 403. The
 * staff_call is freed with its api_call, by the answer (api_json(), api_problem()). */
void staff_routes(struct service *s, const struct staff_route *table);

/* ---- WebSockets ---- */
/* Who opened this WebSocket? Reads the cookie and the Origin of the handshake and asks the store, so `done`
 * runs later: accept the socket, say nothing, and close it (code 4401) unless `st` is LOA_OK. LOA_DENIED: no
 * living session, or a foreign origin. Other codes: the store is away; close with 1013. */
typedef void staff_known_fn(void *ctx, enum loa_status st, const struct staff_member *who);
void staff_of_handshake(struct service *s, const struct http_request *handshake, staff_known_fn *done,
                        void *ctx);
/* From now on this socket is closed (code 4401) when its session is over: logged out, switched off, password
 * changed, idle or too old; and with 1012, to come again, when the person has other roles or desks now. */
void staff_guard_socket(struct service *s, const struct staff_member *who, uint64_t ws_id);
/* The person behind this socket did something: idle time starts anew. */
void staff_socket_active(struct service *s, uint64_t ws_id);
#define STAFF_CLOSE_SESSION_OVER 4401
#define STAFF_CLOSE_CHANGED      1012

/* ---- acts ---- */
/* One record in the stream of acts, not waited for. `about` says on what (an id, never a text or a person's
 * data), "" nothing. */
void staff_act(struct service *s, const char *act, const char *login, const char *about);

#endif
