/*
 * The token endpoint, POST /v4/oa/access_token: a form, the app secret in the header `secret_key`.
 *
 * A refresh token is good for one use; the refresh kills it and the old access token. Errors have a body of
 * their own that comes in two shapes, one of them with HTTP 200 and without a number; they take turns here.
 * `expires_in` is a string.
 */
#include "sim_providers.h"
#include "sim_codes.h"
#include "loa/crypto.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_DIGITS 96

void sim_oauth_refuse(struct sim *s, struct sim_reply *r, const char *code)
{
    cJSON *o = cJSON_CreateObject();
    bool with_number = s->tokens.refused++ % 2 == 0;
    const char *words = sim_codes_words(s->codes, "oauth", code);

    cJSON_AddStringToObject(o, "error_name", words);
    cJSON_AddStringToObject(o, "error_reason", words);
    cJSON_AddStringToObject(o, "error_description", words);
    cJSON_AddStringToObject(o, "ref_doc", "https://developers.zalo.me/docs/official-account/bat-dau");
    if (with_number) {
        cJSON_AddNumberToObject(o, "error", (double)strtol(code, NULL, 10));
        r->status = 400;
    }
    snprintf(r->code, sizeof r->code, "%s", code);
    sim_reply_json(r, o);
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c | 0x20);
    return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

/* Decodes one form value; false when it is too long or has a broken escape. */
static bool form_decode(const char *from, size_t len, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        int c = from[i] == '+' ? ' ' : (unsigned char)from[i];
        if (c == '%') {
            int high = i + 2 < len ? hex_value(from[i + 1]) : -1;
            int low = i + 2 < len ? hex_value(from[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = high << 4 | low;
            i += 2;
        }
        if (n + 1 >= size)
            return false;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return true;
}

static bool form_field(const char *form, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);

    for (const char *p = form; *p != '\0';) {
        size_t len = strcspn(p, "&");
        if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
            return form_decode(p + n + 1, len - n - 1, out, size);
        p += len + (p[len] == '&');
    }
    return false;
}

void sim_tokens_start(struct sim *s)
{
    snprintf(s->tokens.access, sizeof s->tokens.access, "%s", s->opt.access_token);
    snprintf(s->tokens.refresh, sizeof s->tokens.refresh, "%s", s->opt.refresh_token);
    s->tokens.expires_ms = sim_now_ms(s) + s->set.token_life_s * 1000;
}

void sim_tokens_revoke(struct sim *s, bool refresh_too)
{
    s->tokens.revoked = true;
    if (refresh_too)
        s->tokens.refresh[0] = '\0';
    sim_state_save(s);
}

static void rotate(struct sim *s)
{
    struct sim_tokens *t = &s->tokens;

    memcpy(t->previous, t->access, sizeof t->previous);
    crypto_random_hex(t->access,
                      TOKEN_DIGITS); /* not from the seed: a restart must not bring old ones back */
    crypto_random_hex(t->refresh, TOKEN_DIGITS);
    t->expires_ms = sim_now_ms(s) + s->set.token_life_s * 1000;
    t->revoked = false;
    t->refreshes++;
    sim_state_save(s);
}

/* NULL when the request may have a new pair, else the code of the refusal. */
static const char *refresh_error(struct sim *s, const struct http_request *req, const char *form)
{
    const char *type = http_request_header(req, "content-type");
    const char *secret = http_request_header(req, "secret_key");
    char value[SIM_TOKEN_MAX];

    if (type == NULL || strncmp(type, "application/x-www-form-urlencoded", 33) != 0)
        return "-14012";
    if (secret == NULL || strcmp(secret, s->opt.app_secret) != 0)
        return "-14024";
    if (!form_field(form, "app_id", value, sizeof value) || strcmp(value, s->opt.app_id) != 0)
        return "-14002";
    if (!form_field(form, "grant_type", value, sizeof value) || strcmp(value, "refresh_token") != 0)
        return "-14012";
    if (!form_field(form, "refresh_token", value, sizeof value) || value[0] == '\0' ||
        strcmp(value, s->tokens.refresh) != 0)
        return "-14014";
    return NULL;
}

void sim_oauth_token(struct sim *s, struct http_request *req, struct sim_reply *r)
{
    size_t len;
    const char *code = refresh_error(s, req, http_request_body(req, &len));
    char life[24];

    if (code != NULL) {
        sim_oauth_refuse(s, r, code);
        return;
    }
    rotate(s);
    log_info("sim_token_rotated", "refreshes", log_num(s->tokens.refreshes));
    cJSON *o = cJSON_CreateObject();
    snprintf(life, sizeof life, "%" PRId64, s->set.token_life_s);
    cJSON_AddStringToObject(o, "access_token", s->tokens.access);
    cJSON_AddStringToObject(o, "refresh_token", s->tokens.refresh);
    cJSON_AddStringToObject(o, "expires_in", life);
    r->accepted = true;
    sim_reply_json(r, o);
}
