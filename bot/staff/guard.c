/* Open sockets of staff: each is closed when its session is over, whoever ended it and in whatever process,
 * and when the person's roles or desks are others now: the socket was opened with those of then. */
#include "guard.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 20000

struct guard {
    uint64_t ws;
    char login[STAFF_LOGIN_SIZE], session[CRYPTO_KEY_HEX];
    unsigned roles;
    char desks[sizeof(((struct staff_member *)0)->desks)];
    bool active; /* the person did something since we last asked */
    struct guard *next;
};

/* A list will do: an office has hundreds of these, not thousands. */
static struct guard *find(const struct staff *t, uint64_t ws)
{
    struct guard *g = t->guards;
    while (g != NULL && g->ws != ws)
        g = g->next;
    return g;
}

struct check {
    struct staff *staff;
    uint64_t ws;
};

static void checked(void *ctx, enum loa_status st, const struct session_view *v)
{
    struct check *c = ctx;
    struct web_socket *ws = ws_find(c->staff->service->server, c->ws);
    const struct guard *g = find(c->staff, c->ws);
    if (st == LOA_DENIED && ws != NULL)
        ws_close(ws, STAFF_CLOSE_SESSION_OVER, "session over");
    else if (st == LOA_OK && ws != NULL && g != NULL &&
             (g->roles != v->who.roles || strcmp(g->desks, v->who.desks) != 0))
        ws_close(ws, STAFF_CLOSE_CHANGED, "roles changed");
    free(c);
}

static void check(struct staff *t, struct guard *g)
{
    struct check *c = mem_alloc(sizeof *c);
    *c = (struct check){ t, g->ws };
    if (session_ask(t, g->login, g->session, g->active, checked, c) == LOA_OK)
        g->active = false;
    else
        free(c); /* asked again soon */
}

/* Asks for the sessions of one person, of all with ""; forgets sockets that are closed. */
static void check_those_of(struct staff *t, const char *login, size_t len)
{
    for (struct guard **at = &t->guards; *at != NULL;) {
        struct guard *g = *at;
        if (ws_find(t->service->server, g->ws) == NULL) {
            *at = g->next;
            free(g);
            continue;
        }
        if (len == 0 || (strlen(g->login) == len && memcmp(g->login, login, len) == 0))
            check(t, g);
        at = &g->next;
    }
}

static void check_all(void *ctx)
{
    struct staff *t = ctx;
    timer_start(&t->look, t->service->loop, LOOK_MS, check_all, t);
    check_those_of(t, "", 0);
}

/* data: the login whose sessions may have ended; empty: the subscription began anew. */
static void ended_somewhere(void *ctx, const char *channel, const char *data, size_t len)
{
    (void)channel;
    check_those_of(ctx, data, len);
}

void guard_start(struct staff *t)
{
    if (redis_subscribe(t->service->redis, "loa:staff", ended_somewhere, t) != LOA_OK)
        log_warn("staff_not_watched"); /* the timer still finds sessions that are over */
    timer_start(&t->look, t->service->loop, LOOK_MS, check_all, t);
}

void guard_stop(struct staff *t)
{
    timer_stop(&t->look);
    for (struct guard *g = t->guards, *next; g != NULL; g = next) {
        next = g->next;
        free(g);
    }
    t->guards = NULL;
}

void staff_guard_socket(struct service *s, const struct staff_member *who, uint64_t ws_id)
{
    struct staff *t = s->staff;
    if (find(t, ws_id) != NULL)
        return;
    struct guard *g = mem_alloc(sizeof *g);
    g->ws = ws_id;
    snprintf(g->login, sizeof g->login, "%s", who->login);
    snprintf(g->session, sizeof g->session, "%s", who->session);
    snprintf(g->desks, sizeof g->desks, "%s", who->desks);
    g->roles = who->roles;
    g->next = t->guards;
    t->guards = g;
}

void staff_socket_active(struct service *s, uint64_t ws_id)
{
    struct guard *g = find(s->staff, ws_id);
    if (g != NULL)
        g->active = true;
}
