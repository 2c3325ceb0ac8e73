/*
 * The web pages loa itself serves, from templates/web, read once and again on SIGHUP.
 *
 *   GET /portal/inbox          the citizen's inbox, to be opened or embedded by the portal
 *   GET /portal/inbox/{file}   what belongs to it
 *   GET /widget.js             the chat, for any web page (its head tells how); /widget.css its look
 *   GET /widget/phone.png      the picture of the form that asks for the phone number on Zalo
 *   GET /hoi-dap               the chat as a page of its own, for a link or a QR code
 *   GET /hoi-dap-cong-khai     public questions and answers; /hoi-dap-cong-khai/{file} what belongs to it
 *   GET /desk                  the page of the office's people; they log in there
 *   GET /desk/files/{file}     what belongs to it
 *
 * A page may run and load only what comes from here. The inbox may be framed by [portal] allowed_origins, the
 * chat by [chat] allowed_origins, the desk by nobody.
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
    struct http_static *files;                         /* NULL: there are none */
    struct buf inbox_policy, chat_policy, desk_policy; /* Content-Security-Policy */
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
    const char *url = config_str(cf, "loa", "public_url");
    buf_str(out,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'");
    if (is_origin(url, strlen(url))) {
        const char *host = strstr(url, "//") + 2;
        buf_printf(out, " %s//%.*s", strncmp(url, "https", 5) == 0 ? "wss:" : "ws:", (int)strcspn(host, "/"),
                   host);
    }
    buf_str(out, "; base-uri 'none'; form-action 'none'; frame-ancestors ");
}

static void write_policies(struct pages *p, const struct config *cf)
{
    write_policy(&p->inbox_policy, cf);
    buf_str(&p->inbox_policy, "'self'");
    add_origins(&p->inbox_policy, config_str(cf, "portal", "allowed_origins"));
    write_policy(&p->chat_policy, cf);
    buf_str(&p->chat_policy, "'self'");
    add_origins(&p->chat_policy, config_str(cf, "chat", "allowed_origins"));
    write_policy(&p->desk_policy, cf);
    buf_str(&p->desk_policy, "'none'; require-trusted-types-for 'script'");
}

static void reply(struct api_call *c, const struct buf *policy, const char *name)
{
    const struct pages *p = c->service->pages;
    http_reply_header(c->req, "Content-Security-Policy", buf_cstr(policy));
    http_reply_header(c->req, "Referrer-Policy", "no-referrer");
    if (p->files == NULL || !http_static_reply(p->files, c->req, name, NULL)) {
        api_problem(c, 404, "not_found", "No such page", "Không có trang này.", NULL);
        return;
    }
    free(c);
}

static void reply_file(struct api_call *c, const struct buf *policy, const char *dir)
{
    char name[128];
    snprintf(name, sizeof name, "%s/%s", dir, http_request_param(c->req, "file"));
    reply(c, policy, name);
}

static void inbox_page(struct api_call *c)
{
    reply(c, &c->service->pages->inbox_policy, "inbox/index.html");
}

static void inbox_file(struct api_call *c)
{
    reply_file(c, &c->service->pages->inbox_policy, "inbox");
}

static void chat_page(struct api_call *c)
{
    reply(c, &c->service->pages->chat_policy, "chat/index.html");
}

/* Pages of other hosts load it. */
static void widget(struct api_call *c, const char *name)
{
    http_reply_header(c->req, "Cross-Origin-Resource-Policy", "cross-origin");
    reply(c, &c->service->pages->chat_policy, name);
}

static void widget_script(struct api_call *c)
{
    widget(c, "chat/widget.js");
}

static void widget_style(struct api_call *c)
{
    widget(c, "chat/widget.css");
}

/* Beside the form that asks for the phone number; Zalo loads it. */
static void phone_picture(struct api_call *c)
{
    widget(c, "chat/phone.png");
}

static void qa_page(struct api_call *c)
{
    reply(c, &c->service->pages->chat_policy, "qa/index.html");
}

static void qa_file(struct api_call *c)
{
    reply_file(c, &c->service->pages->chat_policy, "qa");
}

static void desk_page(struct api_call *c)
{
    reply(c, &c->service->pages->desk_policy, "desk/index.html");
}

static void desk_file(struct api_call *c)
{
    reply_file(c, &c->service->pages->desk_policy, "desk");
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
    buf_clear(&p->inbox_policy);
    buf_clear(&p->chat_policy);
    buf_clear(&p->desk_policy);
    free(p);
}

void api_pages(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/portal/inbox", 0, 0, inbox_page },
        { HTTP_GET, "/portal/inbox/{file}", 0, 0, inbox_file },
        { HTTP_GET, "/widget.js", 0, 0, widget_script },
        { HTTP_GET, "/widget.css", 0, 0, widget_style },
        { HTTP_GET, "/widget/phone.png", 0, 0, phone_picture },
        { HTTP_GET, "/hoi-dap", 0, 0, chat_page },
        { HTTP_GET, "/hoi-dap-cong-khai", 0, 0, qa_page },
        { HTTP_GET, "/hoi-dap-cong-khai/{file}", 0, 0, qa_file },
        { HTTP_GET, "/desk", 0, 0, desk_page },
        { HTTP_GET, "/desk/files/{file}", 0, 0, desk_file },
        { 0 },
    };
    char dir[1024], why[200];
    s->pages = mem_alloc(sizeof *s->pages);
    buf_init(&s->pages->inbox_policy, POLICY_MAX_BYTES);
    buf_init(&s->pages->chat_policy, POLICY_MAX_BYTES);
    buf_init(&s->pages->desk_policy, POLICY_MAX_BYTES);
    write_policies(s->pages, s->config);
    snprintf(dir, sizeof dir, "%s/web", config_str(s->config, "loa", "templates"));
    if (http_static_load(dir, why, sizeof why, &s->pages->files) != LOA_OK)
        log_warn("pages_missing", "why", why);
    api_routes(s, routes);
}
