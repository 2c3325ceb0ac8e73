#include "http_internal.h"
#include "loa/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The value of the parameter whose '{' is at `pattern`, within one segment of `path`: all that leaves room
 * for the fixed text after it. 0 when nothing is left. */
static size_t param_length(const char *after_brace, const char *path)
{
    size_t segment = strcspn(path, "/"), fixed = strcspn(after_brace, "/{");

    if (fixed == 0)
        return segment;
    if (fixed >= segment || memcmp(path + segment - fixed, after_brace, fixed) != 0)
        return 0;
    return segment - fixed;
}

bool http_pattern_match(const char *pattern, const char *path, struct http_param params[HTTP_PARAMS_MAX],
                        unsigned *count)
{
    *count = 0;
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        bool rest = pattern[1] == '*';
        const char *name = pattern + 1 + rest;
        pattern += strcspn(pattern, "}") + 1;
        size_t len = rest ? strlen(path) : param_length(pattern, path);
        if (len == 0 && !rest)
            return false;
        params[(*count)++] = (struct http_param){ .name = name, .value = path, .value_len = len };
        path += len;
    }
    return *path == '\0';
}

static void append(struct http_route **list, unsigned *count, const struct http_route *route)
{
    *list = mem_resize(*list, (*count + 1) * sizeof **list);
    (*list)[(*count)++] = *route;
}

static unsigned params_of(const char *pattern)
{
    unsigned n = 0;
    for (; (pattern = strchr(pattern, '{')) != NULL; pattern++)
        n++;
    return n;
}

void routes_add(struct route_table *t, const struct http_route *route)
{
    assert(route->pattern[0] == '/' && params_of(route->pattern) <= HTTP_PARAMS_MAX);
    assert(route->handler != NULL || route->ws != NULL);
    if (strchr(route->pattern, '{') == NULL)
        append(&t->fixed, &t->fixed_count, route);
    else
        append(&t->open, &t->open_count, route);
}

void routes_clear(struct route_table *t)
{
    free(t->fixed);
    free(t->open);
    *t = (struct route_table){ 0 };
}

static unsigned with_head(unsigned methods)
{
    return methods & HTTP_GET ? methods | HTTP_HEAD : methods;
}

/* What a route has an answer for; a WebSocket begins as a GET. */
static unsigned methods_of(const struct http_route *r)
{
    return with_head(r->methods | (r->ws != NULL ? HTTP_GET : 0));
}

static bool serves(const struct http_route *r, unsigned method, bool wants_ws)
{
    if (wants_ws)
        return r->ws != NULL && method == HTTP_GET;
    return r->handler != NULL && (with_head(r->methods) & method) != 0;
}

static bool fits(const struct http_route *r, bool fixed, const char *path, struct route_match *m)
{
    m->param_count = 0;
    return fixed ? strcmp(r->pattern, path) == 0
                 : http_pattern_match(r->pattern, path, m->param, &m->param_count);
}

int routes_find(const struct route_table *t, unsigned method, bool wants_ws, const char *path,
                struct route_match *m)
{
    bool other_way = false; /* right address and method, but with or without upgrade */

    m->allowed = 0;
    for (unsigned i = 0; i < t->fixed_count + t->open_count; i++) {
        const bool fixed = i < t->fixed_count;
        m->route = fixed ? &t->fixed[i] : &t->open[i - t->fixed_count];
        if (!fits(m->route, fixed, path, m))
            continue;
        if (serves(m->route, method, wants_ws))
            return 0;
        m->allowed |= methods_of(m->route);
        other_way |= (methods_of(m->route) & method) != 0;
    }
    m->route = NULL;
    if (other_way)
        return 426;
    return m->allowed != 0 ? 405 : 404;
}

void http_methods_text(unsigned methods, struct buf *out)
{
    static const struct {
        enum http_method method;
        const char *word;
    } word[] = { { HTTP_GET, "GET" }, { HTTP_HEAD, "HEAD" },     { HTTP_POST, "POST" },
                 { HTTP_PUT, "PUT" }, { HTTP_DELETE, "DELETE" }, { HTTP_OPTIONS, "OPTIONS" } };

    for (size_t i = 0; i < sizeof word / sizeof word[0]; i++)
        if (methods & word[i].method) {
            buf_str(out, out->len > 0 ? ", " : "");
            buf_str(out, word[i].word);
        }
}
