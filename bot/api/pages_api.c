/*
 * The web pages loa itself serves, from templates/web, read once and again on SIGHUP.
 *
 *   GET /portal/inbox          the citizen's inbox, to be opened or embedded by the portal
 *   GET /portal/inbox/{file}   what belongs to it
 *
 * A page may run and load only what comes from here, and be framed only by [portal] allowed_origins.
 */
#include "loa/api.h"
#include "loa/http_static.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY_MAX_BYTES 4096

struct pages {
    struct http_static *files; /* NULL: there are none */
    struct buf policy;         /* Content-Security-Policy */
};

/* A word that can stand in the policy without changing what else it says. */
static bool is_origin(const char *word, size_t n)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]*";
    return n > 8 && (strncmp(word, "https://", 8) == 0 || strncmp(word, "http://", 7) == 0) &&
           strspn(word, fine) >= n;
}

static void add_origins(struct buf *out, const char *list)
{
    for (size_t n; *list != '\0'; list += n) {
        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (is_origin(list, n)) {
            buf_str(out, " ");
            buf_add(out, list, n);
        }
    }
}

/* "'self'" includes WebSockets only in newer browsers, so their address stands beside it. */
static void write_policy(struct buf *out, const struct config *cf)
{
    const char *url = config_str(cf, "loa", "public_url"),
               *frames = config_str(cf, "portal", "allowed_origins");
    buf_str(out,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'");
    if (is_origin(url, strlen(url))) {
        const char *host = strstr(url, "//") + 2;
        buf_printf(out, " %s//%.*s", strncmp(url, "https", 5) == 0 ? "wss:" : "ws:", (int)strcspn(host, "/"),
                   host);
    }
    buf_str(out, "; base-uri 'none'; form-action 'none'; frame-ancestors 'self'");
    add_origins(out, frames);
}

static void reply(struct api_call *c, const char *name)
{
    const struct pages *p = c->service->pages;
    http_reply_header(c->req, "Content-Security-Policy", buf_cstr(&p->policy));
    http_reply_header(c->req, "Referrer-Policy", "no-referrer");
    if (p->files == NULL || !http_static_reply(p->files, c->req, name, NULL)) {
        api_problem(c, 404, "not_found", "No such page", "Không có trang này.", NULL);
        return;
    }
    free(c);
}

static void inbox_page(struct api_call *c)
{
    reply(c, "inbox/index.html");
}

static void inbox_file(struct api_call *c)
{
    char name[128];
    snprintf(name, sizeof name, "inbox/%s", http_request_param(c->req, "file"));
    reply(c, name);
}

void pages_reload(struct pages *p)
{
    char why[200];
    if (p->files != NULL && http_static_reload(p->files, why, sizeof why) != LOA_OK)
        log_error("pages_not_reloaded", "why", why);
}

void pages_free(struct pages *p)
{
    if (p == NULL)
        return;
    http_static_free(p->files);
    buf_clear(&p->policy);
    free(p);
}

void api_pages(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/portal/inbox", 0, 0, inbox_page },
        { HTTP_GET, "/portal/inbox/{file}", 0, 0, inbox_file },
        { 0 },
    };
    char dir[1024], why[200];
    s->pages = mem_alloc(sizeof *s->pages);
    buf_init(&s->pages->policy, POLICY_MAX_BYTES);
    write_policy(&s->pages->policy, s->config);
    snprintf(dir, sizeof dir, "%s/web", config_str(s->config, "loa", "templates"));
    if (http_static_load(dir, why, sizeof why, &s->pages->files) != LOA_OK)
        log_warn("pages_missing", "why", why);
    api_routes(s, routes);
}
