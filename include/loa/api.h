/*
 * api - the public HTTP interface: who may call, and the answers all handlers share. One file per subject in
 * bot/api/ and bot/intake/; each registers its routes with api_route().
 */
#ifndef LOA_API_H
#define LOA_API_H

#include "loa/errors.h"
#include "loa/json.h"
#include "loa/service.h"

/* ---- who may call ---- */
enum scope {
    SCOPE_EVENTS = 1,
    SCOPE_MESSAGES = 2,
    SCOPE_CITIZENS = 4,
    SCOPE_CAMPAIGNS = 8,
    SCOPE_REPORTS = 16,
    SCOPE_DESK = 32,
    SCOPE_ADMIN = 64,
};
unsigned scopes_from_words(const char *comma_list); /* 0 when one word is unknown */
void scopes_print(unsigned scopes, struct buf *out);

/* Keys are random, shown once; the store keeps a keyed hash. A copy of the table is kept in memory and
 * refreshed when it changes. */
struct api_keys *api_keys_new(struct store *s);
void api_keys_free(struct api_keys *k);
void api_keys_load(struct api_keys *k); /* once the store is open; again by itself on change */
/* Bits of the scopes of a valid "Bearer …" key, 0 otherwise. `name` gets the key's name (at least 64 bytes).
 */
unsigned api_keys_check(const struct api_keys *k, const char *authorization, char *name);

/* ---- routes ---- */
struct api_call { /* what a handler gets; lives until the answer */
    struct service *service;
    struct http_request *req;
    char caller[64]; /* name of the key; "" on open routes */
};
typedef void api_handler(struct api_call *call);
struct api_route {
    unsigned method; /* one enum http_method */
    const char *pattern;
    unsigned scope; /* any one of these bits; 0: open */
    size_t max_body_bytes;
    api_handler *handler;
};
/* Registers a table ended by an entry without pattern. Wrong or missing key: 401/403 problem before the
 * handler runs. */
void api_routes(struct service *s, const struct api_route *table);
/* Zeroed memory that lives as long as the server, e.g. a route's context; api_free() frees all of it. */
void *api_keep(struct service *s, size_t bytes);
void api_free(struct service *s);

/* Runs `next`, unless the call's Idempotency-Key was used before for another method, path or body: 422. Every
 * route does it. */
void api_idempotent(struct api_call *c, api_handler *next);

/* May the page a request comes from call us? Pages of ours may, and those of `list` ("https://a.vn,
 * https://b.vn"). So may what is no web page: it sends no Origin, and could send any. */
bool api_origin_allowed(const struct service *s, const struct http_request *req, const char *list);

/* ---- web pages ---- */
struct pages;
void pages_reload(struct pages *p); /* SIGHUP; on failure the old ones stay */
void pages_free(struct pages *p);

/* ---- answers; each ends the call and frees it ---- */
void api_json(struct api_call *c, int status, const struct buf *json);
void api_reply(struct api_call *c, int status, const char *content_type, const struct buf *body);
void api_problem(struct api_call *c, int status, const char *code, const char *title, const char *detail_vi,
                 const struct errors *errors);
/* The answer for a status of ours: 503 with Retry-After for unavailable/timeout/busy, 404, 409, 422, 413 … */
void api_problem_status(struct api_call *c, enum loa_status st);
/* Body as JSON; on failure answers 400 itself and returns NULL. Caller frees. */
cJSON *api_body_json(struct api_call *c);

/* A page for citizens out of templates/web/FILE, whose parts begin with lines "<!-- piece: NAME -->": head,
 * `piece` (or several, "a,b"), foot. "[[value]]" becomes `value`, escaped. Not to be indexed, framed or told
 * on as referrer. */
void api_page(struct api_call *c, int status, const char *file, const char *piece, const char *value);
/* The whole story of a dossier as JSON, by its normalised code; for staff only. LOA_NOT_FOUND: there is none.
 */
typedef void dossier_view_fn(void *ctx, enum loa_status st, const struct buf *json);
void dossier_view(struct service *s, const char *norm, dossier_view_fn *done, void *ctx);

/* ---- subjects: each adds its routes ---- */
void api_dossier_events(struct service *s); /* bot/intake/dossier_api.c: /v1/dossier-events, /sync/… */
void api_dossiers(struct service *s);       /* bot/api/dossier_view.c */
void api_messages(struct service *s);       /* bot/api/message_api.c */
void api_feed(struct service *s);           /* bot/api/feed_api.c */
void api_staff(struct service *s);          /* bot/api/staff_api.c */
void api_inbox(struct service *s);          /* bot/api/inbox_api.c */
void api_pages(struct service *s);          /* bot/api/pages_api.c: /portal/inbox */
void api_chat(struct service *s);           /* bot/api/chat_api.c: /chat */
void api_citizens(struct service *s);       /* bot/api/citizen_api.c */
void api_import(struct service *s);         /* bot/api/import_api.c */
void api_hooks(struct service *s);          /* bot/api/hooks_api.c */
void api_unsubscribe(struct service *s);    /* bot/api/unsubscribe_api.c */
void api_webhooks(struct service *s);       /* bot/intake/webhook_api.c */
void api_reach(struct service *s);          /* bot/api/reach_api.c */
void api_reload(struct service *s);         /* bot/api/reload_api.c */
void api_health(struct service *s);         /* bot/api/health_api.c: healthz readyz metrics openapi */

#endif
