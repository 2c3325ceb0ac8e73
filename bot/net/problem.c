#include "http_internal.h"
#include "loa/problem.h"
#include <stdio.h>
#include <string.h>

#define PROBLEM_MAX_BYTES (1024 * 1024)

static void member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    buf_json_string(b, value, strlen(value));
}

static void write_problem(struct buf *b, const struct http_request *r, int status, const char *code,
                          const char *title_en, const char *detail_vi, const struct errors *errors)
{
    buf_printf(b, "{\"type\":\"urn:loa:problem:%s\",\"status\":%d", code, status);
    member(b, "title", title_en);
    member(b, "code", code);
    member(b, "detail_vi", detail_vi);
    if (errors != NULL && errors->count > 0) {
        buf_str(b, ",\"errors\":");
        errors_json(errors, b);
        if (errors->total > errors->count)
            buf_printf(b, ",\"errors_total\":%u", errors->total);
    }
    member(b, "trace_id", http_request_trace_id(r));
    buf_char(b, '}');
}

void problem_reply(struct http_request *r, int status, const char *code, const char *title_en,
                   const char *detail_vi, const struct errors *errors)
{
    struct buf body = BUF_INIT(PROBLEM_MAX_BYTES);

    if ((status == 429 || status == 503) && !r->has_retry_after)
        http_reply_header(r, "Retry-After", "5");
    write_problem(&body, r, status, code, title_en, detail_vi, errors);
    http_reply(r, status, "application/problem+json", body.data, body.len);
    buf_clear(&body);
}

/* ---- what the server itself refuses ---- */

struct refusal {
    int status;
    const char *code, *title_en, *detail_vi;
};

static const struct refusal *refusal_of(int status)
{
    static const struct refusal known[] = {
        { 400, "bad_request", "The request is not well-formed HTTP",
          "Yêu cầu không đúng định dạng HTTP. Vui lòng kiểm tra lại phần mềm gửi." },
        { 401, "unauthorized", "Credentials are missing or wrong",
          "Chưa đăng nhập hoặc phiên làm việc không còn hiệu lực." },
        { 403, "forbidden", "This is not allowed", "Bạn không có quyền thực hiện việc này." },
        { 404, "not_found", "There is nothing at this address",
          "Địa chỉ này không tồn tại. Vui lòng kiểm tra lại đường dẫn." },
        { 405, "method_not_allowed", "This address does not take this method; see Allow",
          "Địa chỉ này không nhận phương thức vừa gửi; xem tiêu đề Allow." },
        { 408, "request_timeout", "The request did not arrive in time",
          "Yêu cầu gửi đến quá chậm. Vui lòng kiểm tra kết nối mạng rồi gửi lại." },
        { 411, "length_required", "A body needs Content-Length; Transfer-Encoding is not taken",
          "Yêu cầu có nội dung phải kèm Content-Length; không nhận Transfer-Encoding." },
        { 413, "too_large", "The body is larger than this address takes",
          "Nội dung gửi lên quá lớn. Vui lòng chia nhỏ rồi gửi lại." },
        { 414, "uri_too_long", "The address is too long", "Đường dẫn quá dài." },
        { 417, "expectation_failed", "Only Expect: 100-continue is known", "Chỉ nhận Expect: 100-continue." },
        { 426, "upgrade_required", "This address needs, or does not take, a WebSocket upgrade",
          "Địa chỉ này chỉ dùng được đúng cách kết nối (WebSocket hoặc HTTP) mà nó hỗ trợ." },
        { 429, "too_many_requests", "Too many requests; try again later",
          "Yêu cầu gửi quá dồn dập. Vui lòng thử lại sau ít phút." },
        { 431, "headers_too_large", "The header is too large", "Phần tiêu đề của yêu cầu quá lớn." },
        { 503, "unavailable", "The service cannot take this now; try again later",
          "Hệ thống đang bận. Vui lòng thử lại sau ít phút." },
        { 505, "http_version", "Only HTTP/1.1 and HTTP/1.0 are spoken here",
          "Máy chủ chỉ hỗ trợ HTTP/1.1 và HTTP/1.0." },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].status == status)
            return &known[i];
    return &known[0];
}

void http_refuse(struct http_request *r, int status)
{
    const struct refusal *why = refusal_of(status);
    struct buf allow = BUF_INIT(128);

    if (status == 405) {
        http_methods_text(r->allowed, &allow);
        http_reply_header(r, "Allow", buf_cstr(&allow));
    }
    if (status == 426)
        http_reply_header(r, "Upgrade", r->head.websocket ? "HTTP/1.1" : "websocket");
    problem_reply(r, status, why->code, why->title_en, why->detail_vi, NULL);
    buf_clear(&allow);
}
