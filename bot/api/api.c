#include "loa/api.h"
#include "loa/mem.h"
#include "loa/problem.h"
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* A registered route: the server hands us this as context. */
struct entry {
    struct service *service;
    const struct api_route *route;
};

static void refuse(struct http_request *req, int status, const char *code, const char *title,
                   const char *detail_vi)
{
    if (status == 401)
        http_reply_header(req, "WWW-Authenticate", "Bearer realm=\"loa\"");
    problem_reply(req, status, code, title, detail_vi, NULL);
}

static void enter(void *ctx, struct http_request *req)
{
    const struct entry *e = ctx;
    struct api_call *c = mem_alloc(sizeof *c);
    c->service = e->service;
    c->req = req;
    unsigned have = 0;
    if (e->route->scope != 0) {
        const char *authorization = http_request_header(req, "authorization");
        have = authorization ? api_keys_check(e->service->keys, authorization, c->caller) : 0;
    }
    if (e->route->scope != 0 && have == 0) {
        refuse(req, 401, "unauthorized", "A valid API key is needed",
               "Thiếu khóa API hoặc khóa không đúng. Hãy gửi tiêu đề Authorization: Bearer KHÓA.");
        free(c);
    } else if (e->route->scope != 0 && (have & e->route->scope) == 0) {
        refuse(req, 403, "forbidden", "This key lacks the scope for this call",
               "Khóa API này không có quyền cho việc này. Hãy dùng khóa có đúng phạm vi (scope).");
        free(c);
    } else {
        api_idempotent(c, e->route->handler);
    }
}

struct api_kept {
    struct api_kept *next;
    max_align_t memory[];
};

void *api_keep(struct service *s, size_t bytes)
{
    struct api_kept *k = mem_alloc(sizeof *k + bytes);
    k->next = s->kept;
    s->kept = k;
    return k->memory;
}

void api_free(struct service *s)
{
    for (struct api_kept *k = s->kept, *next; k != NULL; k = next) {
        next = k->next;
        free(k);
    }
    s->kept = NULL;
}

void api_routes(struct service *s, const struct api_route *table)
{
    for (; table->pattern != NULL; table++) {
        struct entry *e = api_keep(s, sizeof *e);
        *e = (struct entry){ s, table };
        struct http_route route = { .methods = table->method,
                                    .pattern = table->pattern,
                                    .handler = enter,
                                    .ctx = e,
                                    .max_body_bytes = table->max_body_bytes };
        http_server_route(s->server, &route);
    }
}

void api_reply(struct api_call *c, int status, const char *content_type, const struct buf *body)
{
    if (!buf_ok(body)) {
        api_problem_status(c, LOA_TOO_BIG);
        return;
    }
    http_reply(c->req, status, content_type, buf_cstr(body), body->len);
    free(c);
}

void api_json(struct api_call *c, int status, const struct buf *json)
{
    api_reply(c, status, "application/json; charset=utf-8", json);
}

void api_problem(struct api_call *c, int status, const char *code, const char *title, const char *detail_vi,
                 const struct errors *errors)
{
    problem_reply(c->req, status, code, title, detail_vi, errors);
    free(c);
}

void api_problem_status(struct api_call *c, enum loa_status st)
{
    switch (st) {
    case LOA_NOT_FOUND:
        api_problem(c, 404, "not_found", "No such thing", "Không tìm thấy.", NULL);
        break;
    case LOA_CONFLICT:
        api_problem(c, 422, "conflict", "The same key was used with other content",
                    "Khóa này đã được dùng với nội dung khác.", NULL);
        break;
    case LOA_TOO_BIG:
        api_problem(c, 413, "too_big", "Over the size limit", "Vượt quá kích thước cho phép.", NULL);
        break;
    case LOA_INVALID:
        api_problem(c, 400, "invalid", "The request breaks a rule", "Yêu cầu không hợp lệ.", NULL);
        break;
    case LOA_DENIED:
        api_problem(c, 403, "forbidden", "Not allowed", "Không được phép.", NULL);
        break;
    default:
        api_problem(c, 503, "unavailable", "The store cannot confirm now; nothing was lost, try again",
                    "Hệ thống tạm thời chưa ghi nhận được. Vui lòng gửi lại sau ít giây.", NULL);
    }
}

cJSON *api_body_json(struct api_call *c)
{
    size_t n;
    const char *body = http_request_body(c->req, &n);
    cJSON *j = NULL;
    char why[200];
    if (json_parse(body, n, &j, why, sizeof why) == LOA_OK)
        return j;
    struct errors *err = errors_new();
    errors_add(err, "", "bad_json", why, "Nội dung không phải JSON hợp lệ (UTF-8).");
    api_problem(c, 400, "bad_json", "The body is not valid JSON", "Nội dung gửi lên không phải JSON hợp lệ.",
                err);
    errors_free(err);
    return NULL;
}
