/*
 * staff - the people of the office: accounts, roles, sessions. Used by the desk, later by the whole console.
 *
 * Records in partition 0:  sf:<login>  hash: name, pw (argon2id, libsodium), roles, desks, units, off,
 * failed, until ss:<hash of the cookie>  hash: login, csrf, made, seen; expires A password is never logged
 * nor kept; five wrong ones in a row lock the account for a while that grows. A login costs memory and time
 * on purpose: hashing runs on a worker thread, at most two at once, more are refused with LOA_BUSY.
 */
#ifndef LOA_STAFF_H
#define LOA_STAFF_H

#include "loa/api.h"

struct staff_member {
    char login[40], name[128];
    unsigned roles;
    char desks[256], units[256]; /* "a,b"; units: with everything below them */
};
enum staff_role {                   /* bits */
                  ROLE_OFFICER = 1, /* answers citizens */
                  ROLE_LEAD = 2,    /* roster, transfers, canned replies, publishes */
                  ROLE_EDITOR = 4,  /* FAQ, Q&A */
                  ROLE_ADMIN = 8,   /* accounts */
                  ROLE_AUTHOR = 16,
                  ROLE_APPROVER = 32,
                  ROLE_SENDER = 64,
                  ROLE_VIEWER = 128 /* campaigns */
};

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
/* Without a living session: 401. Methods other than GET need the header X-CSRF-Token of this session and,
 * when the browser says where it comes from, our own origin. The call is freed after its answer (api_json(),
 * api_problem()). */
void staff_routes(struct service *s, const struct staff_route *table);
/* Who opened this WebSocket; false: refuse with 401. Reads the cookie and the Origin of the handshake; asks
 * the store, so `done` runs later. */
typedef void staff_known_fn(void *ctx, enum loa_status st, const struct staff_member *who);
void staff_of_handshake(struct service *s, const struct http_request *handshake, staff_known_fn *done,
                        void *ctx);

#endif
