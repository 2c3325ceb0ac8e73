/* What a provider answered to a send -> outcome. */
#include "loa/sms_provider.h"
#include "loa/json.h"
#include "loa/phone.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX_BYTES 24
#define WAIT_MAX_MS    (3600 * 1000LL)
#define COST_MAX_VND   10000000.0
#define EPOCH_SECONDS  1000000000LL /* a "reset" this large is a moment, not a duration */
#define EPOCH_MS       1000000000000LL

static void set_code(const struct sms_provider *p, const char *host, const char *code, bool *known,
                     struct outcome *o)
{
    *known = sms_provider_outcome(p, host, code, o);
}

/* "503", then "5xx". */
static void classify_status(const struct sms_provider *p, int status, bool *known, struct outcome *o)
{
    char code[16];
    snprintf(code, sizeof code, "%d", status);
    set_code(p, "http", code, known, o);
    if (*known)
        return;
    char class[16];
    snprintf(class, sizeof class, "%dxx", status / 100);
    set_code(p, "http", class, known, o);
    snprintf(o->code, sizeof o->code, "http:%s", code);
}

/* The code of a text reply is given by how it begins. */
static const char *text_code(const struct sms_provider *p, const char *body)
{
    for (unsigned i = 0; i < p->texts.count; i++)
        if (strncmp(body, p->texts.item[i].name, strlen(p->texts.item[i].name)) == 0)
            return p->texts.item[i].value;
    return NULL;
}

/* Does the list of numbers the provider could not use hold ours? */
static bool number_invalid(const struct sms_provider *p, const cJSON *json, const char *phone)
{
    for (const char *path = p->invalid; path != NULL && *path != '\0'; path += strspn(path, " ")) {
        size_t n = strcspn(path, " ");
        const cJSON *item, *list = sms_json_at(json, path, n);
        cJSON_ArrayForEach(item, list)
        {
            char text[32];
            struct sms_source source = { .json = item };
            if (cJSON_IsString(item))
                snprintf(text, sizeof text, "%s", item->valuestring);
            else if (!sms_field(&source, "phone", text, sizeof text))
                continue;
            if (strcmp(phone_parse(text).e164, phone) == 0)
                return true;
        }
        path += n;
    }
    return false;
}

/* An error without a code says less than the HTTP status, unless that claims success. */
static bool json_code(const struct sms_provider *p, const cJSON *json, bool success, const char *phone,
                      char code[CODE_MAX_BYTES])
{
    struct sms_source source = { .json = json };
    char ignored[CODE_MAX_BYTES];
    if (number_invalid(p, json, phone)) {
        snprintf(code, CODE_MAX_BYTES, "%s", p->invalid_code);
        return true;
    }
    if (sms_field(&source, p->code, code, CODE_MAX_BYTES) && *code != '\0')
        return true;
    snprintf(code, CODE_MAX_BYTES, "error");
    return success && sms_field(&source, p->error, ignored, sizeof ignored);
}

static void read_details(const struct sms_provider *p, const cJSON *json, struct outcome *o)
{
    struct sms_source source = { .json = json };
    char cost[32];
    sms_field(&source, p->id, o->provider_id, sizeof o->provider_id);
    if (sms_field(&source, p->cost, cost, sizeof cost)) {
        double vnd = strtod(cost, NULL);
        if (vnd >= 0 && vnd < COST_MAX_VND)
            o->cost_vnd = (int64_t)llround(vnd);
    }
}

static bool is_success(const struct http_answer *a)
{
    return a->status >= 200 && a->status < 300;
}

/* Looks into the body. False when it holds no code. */
static bool classify_body(const struct sms_provider *p, const struct http_answer *a, const char *phone,
                          bool *known, struct outcome *o)
{
    if (!p->reply_is_json) {
        const char *code = text_code(p, a->body);
        if (code != NULL)
            set_code(p, p->name, code, known, o);
        return code != NULL;
    }
    cJSON *json = NULL;
    char code[CODE_MAX_BYTES];
    if (json_parse(a->body, a->body_len, &json, NULL, 0) != LOA_OK)
        return false;
    bool found = json_code(p, json, is_success(a), phone, code);
    if (found) {
        set_code(p, p->name, code, known, o);
        read_details(p, json, o);
    }
    cJSON_Delete(json);
    return found;
}

/* How long a header asks us to wait: seconds, or the moment in epoch seconds or milliseconds. */
static int64_t header_wait_ms(const struct http_answer *a, const char *name, int64_t now_ms)
{
    const char *text = name != NULL ? http_answer_header(a, name) : NULL;
    if (text == NULL)
        return 0;
    char *end;
    long long n = strtoll(text, &end, 10);
    if (end == text || n <= 0)
        return 0;
    int64_t ms = n >= EPOCH_MS ? n - now_ms : n >= EPOCH_SECONDS ? n * 1000 - now_ms : n * 1000;
    return ms < 0 ? 0 : ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms;
}

static void apply_wait(const struct sms_provider *p, const struct http_answer *a, int64_t now_ms,
                       struct outcome *o)
{
    if (o->class != OUTCOME_THROTTLED && o->class != OUTCOME_TRANSIENT)
        return;
    int64_t ms = header_wait_ms(a, p->retry_after, now_ms);
    if (ms == 0)
        ms = header_wait_ms(a, "Retry-After", now_ms);
    if (ms > 0)
        o->wait_ms = ms;
}

static void classify_answer(const struct sms_provider *p, const struct http_answer *a, const char *phone,
                            bool *known, struct outcome *o)
{
    bool found = classify_body(p, a, phone, known, o);
    if (found && (is_success(a) || *known))
        return;
    if (is_success(a))
        set_code(p, "net", "bad_answer", known, o);
    else
        classify_status(p, a->status, known, o);
}

void sms_reply_classify(const struct sms_provider *p, const struct http_answer *a, const char *phone,
                        int64_t now_ms, bool *known, struct outcome *o)
{
    switch (a->result) {
    case WIRE_NOT_SENT:
        set_code(p, "net", "not_sent", known, o);
        break;
    case WIRE_UNKNOWN:
        set_code(p, "net", "no_answer", known, o);
        break;
    case WIRE_CANCELLED:
        set_code(p, "net", "cancelled", known, o);
        break;
    case WIRE_ANSWERED:
        classify_answer(p, a, phone, known, o);
        apply_wait(p, a, now_ms, o);
        break;
    }
}
