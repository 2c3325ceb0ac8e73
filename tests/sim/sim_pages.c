/*
 * The page's files, read once at start and served from memory: / is index.html, the rest is /assets/NAME.
 */
#include "sim_control.h"
#include "loa/mem.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (1u << 20)
#define FILES_MAX      32
#define PAGE_POLICY                                                                                          \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: "     \
    "http: https:; frame-src 'self' http: https:; base-uri 'none'; form-action 'none'"

struct page {
    char *name;
    const char *type;
    struct buf text;
};

struct sim_pages {
    struct page file[FILES_MAX];
    unsigned count;
};

static const char *type_of(const char *name)
{
    static const char *const types[][2] = { { ".html", "text/html; charset=utf-8" },
                                            { ".css", "text/css; charset=utf-8" },
                                            { ".js", "text/javascript; charset=utf-8" },
                                            { ".svg", "image/svg+xml" } };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return NULL;
}

static void load(struct sim_pages *p, const char *dir, const char *name)
{
    struct page *f = &p->file[p->count];
    char path[1024];

    if (p->count == FILES_MAX || type_of(name) == NULL)
        return;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    buf_init(&f->text, FILE_MAX_BYTES);
    if (buf_read_file(&f->text, path) != LOA_OK) {
        buf_clear(&f->text);
        return;
    }
    f->name = mem_strdup(name);
    f->type = type_of(name);
    p->count++;
}

static const struct page *find(const struct sim_pages *p, const char *name)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strcmp(p->file[i].name, name) == 0)
            return &p->file[i];
    return NULL;
}

static void serve(void *ctx, struct http_request *req)
{
    const struct sim *s = ctx;
    const char *name = http_request_param(req, "name");
    const struct page *f = find(s->pages, name != NULL ? name : "index.html");

    if (f == NULL) {
        sim_control_refuse(req, 404, "", "no such page", "không có trang này");
        return;
    }
    http_reply_header(req, "Content-Security-Policy", PAGE_POLICY);
    http_reply(req, 200, f->type, buf_cstr(&f->text), f->text.len);
}

enum loa_status sim_pages_start(struct sim *s, struct errors *err)
{
    DIR *d = opendir(s->opt.web);
    struct dirent *e;

    s->pages = mem_alloc(sizeof *s->pages);
    while (d != NULL && (e = readdir(d)) != NULL)
        load(s->pages, s->opt.web, e->d_name);
    if (d != NULL)
        closedir(d);
    if (find(s->pages, "index.html") == NULL) {
        errors_addf(err, s->opt.web, "missing", "thiếu index.html của trang xem thử",
                    "index.html is missing");
        return LOA_NOT_FOUND;
    }
    static const char *const patterns[] = { "/", "/assets/{name}" };
    for (size_t i = 0; i < 2; i++)
        http_server_route(
            s->http,
            &(struct http_route){ .methods = HTTP_GET, .pattern = patterns[i], .handler = serve, .ctx = s });
    return LOA_OK;
}

void sim_pages_free(struct sim_pages *p)
{
    if (p == NULL)
        return;
    for (unsigned i = 0; i < p->count; i++) {
        free(p->file[i].name);
        buf_clear(&p->file[i].text);
    }
    free(p);
}
