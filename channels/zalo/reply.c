#include "loa/zalo_reply.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Some ids are strings in one version and numbers in another. A number too big to be exact is left out:
 * no id is better than a wrong one. */
static void read_id(const cJSON *obj, const char *key, char *out, size_t size)
{
    const char *s = json_str(obj, key);
    int64_t n;
    if (s != NULL)
        snprintf(out, size, "%s", s);
    else if (json_int(obj, key, &n))
        snprintf(out, size, "%" PRId64, n);
}

static void read_code(struct zalo_reply *r)
{
    int64_t code;
    if (json_int(r->root, "error", &code))
        snprintf(r->code, sizeof r->code, "%" PRId64, code);
}

void zalo_reply_parse(struct zalo_reply *r, enum zalo_host host, int http_status, const char *body,
                      size_t len)
{
    memset(r, 0, sizeof *r);
    r->host = host;
    r->wire = WIRE_ANSWERED;
    r->http_status = http_status;
    r->rate_left = -1;
    if (json_parse(body, len, &r->root, NULL, 0) != LOA_OK)
        return;
    read_code(r);
    const char *message = json_str_or(r->root, "message", "");
    r->names_user = strstr(message, "user_id") != NULL;
    r->names_quota = strcasestr(message, "quota") != NULL;
    r->data = json_get(r->root, "data");
}

static int64_t header_number(const struct http_answer *a, const char *name, int64_t absent)
{
    const char *value = http_answer_header(a, name);
    char *end = NULL;
    if (value == NULL)
        return absent;
    long long n = strtoll(value, &end, 10);
    return end == value || n < 0 ? absent : n;
}

void zalo_reply_read(struct zalo_reply *r, enum zalo_host host, const struct http_answer *answer)
{
    bool answered = answer->result == WIRE_ANSWERED;

    zalo_reply_parse(r, host, answer->status, answered ? answer->body : "", answered ? answer->body_len : 0);
    r->wire = answer->result;
    if (!answered)
        return;
    r->rate_left = header_number(answer, "X-RateLimit-Remain", -1);
    r->retry_after_s = header_number(answer, "Retry-After", 0);
}

void zalo_reply_clear(struct zalo_reply *r)
{
    cJSON_Delete(r->root);
    r->root = NULL;
    r->data = NULL;
}

static bool code_is(const struct zalo_reply *r, const char *code)
{
    return strcmp(r->code, code) == 0;
}

bool zalo_reply_ok(const struct zalo_reply *r)
{
    return r->wire == WIRE_ANSWERED && r->http_status / 100 == 2 && code_is(r, "0");
}

bool zalo_reply_token_dead(const struct zalo_reply *r)
{
    return code_is(r, "-216") || code_is(r, "-220") || (r->host == ZALO_ZBS && code_is(r, "-124"));
}

bool zalo_reply_doubts_template(const struct zalo_reply *r)
{
    static const char *const codes[] = { "-109", "-112", "-1121", "-1122", "-1124", "-131", "-132", "-146" };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (code_is(r, codes[i]))
            return true;
    return false;
}

/* Two codes of the OA host mean different things by what the platform's sentence speaks of. */
static const char *code_variant(const struct zalo_reply *r)
{
    if (r->host == ZALO_OA && code_is(r, "-201") && r->names_user)
        return "-201 user_id";
    if (r->host == ZALO_OA && code_is(r, "-223") && r->names_quota)
        return "-223 quota";
    return r->code;
}

static bool http_outcome(const struct outcome_table *codes, const struct zalo_reply *r, struct outcome *out)
{
    char status[8];
    snprintf(status, sizeof status, "%d", r->http_status);
    if (r->http_status / 100 == 2)
        return outcome_from_table(codes, "http", "unreadable", out);
    bool known = outcome_from_table(codes, "http", status, out);
    if (!known && r->http_status >= 500) { /* whichever gateway it was, it may have passed the message on */
        known = outcome_from_table(codes, "http", "500", out);
        snprintf(out->code, sizeof out->code, "http:%s", status);
    }
    if (r->retry_after_s > 0 && r->retry_after_s < 86400)
        out->wait_ms = r->retry_after_s * 1000;
    return known;
}

bool zalo_reply_outcome(const struct outcome_table *codes, const struct zalo_reply *r, struct outcome *out)
{
    if (r->wire == WIRE_NOT_SENT)
        return outcome_from_table(codes, "wire", "not_sent", out);
    if (r->wire == WIRE_UNKNOWN)
        return outcome_from_table(codes, "wire", "timeout", out);
    if (r->wire == WIRE_CANCELLED)
        return outcome_from_table(codes, "wire", "stopped", out);
    if (r->code[0] == '\0' || (code_is(r, "0") && !zalo_reply_ok(r)))
        return http_outcome(codes, r, out);
    bool known = outcome_from_table(codes, zalo_host_word(r->host), code_variant(r), out);
    if (zalo_reply_ok(r)) {
        struct zalo_sent sent;
        zalo_reply_sent(r, &sent);
        snprintf(out->provider_id, sizeof out->provider_id, "%s", sent.message_id);
    }
    return known;
}

static void read_quota(const cJSON *quota, struct zalo_sent *out)
{
    snprintf(out->quota_type, sizeof out->quota_type, "%s", json_str_or(quota, "quota_type", ""));
    if (!json_int(quota, "remainingQuota", &out->quota_left))
        json_int(quota, "remain", &out->quota_left);
    if (!json_int(quota, "dailyQuota", &out->quota_total))
        json_int(quota, "total", &out->quota_total);
}

void zalo_reply_sent(const struct zalo_reply *r, struct zalo_sent *out)
{
    memset(out, 0, sizeof *out);
    out->quota_left = out->quota_total = -1;
    read_id(r->data, r->host == ZALO_ZBS ? "msg_id" : "message_id", out->message_id, sizeof out->message_id);
    if (out->message_id[0] == '\0')
        read_id(r->data, r->host == ZALO_ZBS ? "message_id" : "msg_id", out->message_id,
                sizeof out->message_id);
    if (!json_int(r->data, "sent_time", &out->sent_ms))
        json_int(r->root, "sent_time", &out->sent_ms);
    read_quota(json_get(r->data, "quota"), out);
}
