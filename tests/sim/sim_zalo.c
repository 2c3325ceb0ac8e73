/*
 * What both Zalo hosts share: the access token, the envelope, the body.
 *
 * Application errors come with HTTP 200 and without `data`. The token stands bare in the header
 * `access_token`; "Bearer …" is not a token.
 */
#include "sim_providers.h"
#include "sim_codes.h"
#include "loa/crypto.h"
#include "loa/zalo_sign.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_zalo_success(struct sim_reply *r, cJSON *data)
{
    cJSON *o = cJSON_CreateObject();

    cJSON_AddNumberToObject(o, "error", 0);
    cJSON_AddStringToObject(o, "message", "Success");
    cJSON_AddItemToObject(o, "data", data);
    r->accepted = true;
    sim_reply_json(r, o);
}

void sim_zalo_refuse(struct sim *s, struct sim_reply *r, const char *host, const char *code,
                     const char *field)
{
    cJSON *o = cJSON_CreateObject();
    char words[160];

    if (field != NULL && field[0] != '\0')
        snprintf(words, sizeof words, "%.100s is invalid", field);
    else
        snprintf(words, sizeof words, "%s", sim_codes_words(s->codes, host, code));
    cJSON_AddNumberToObject(o, "error", (double)strtol(code, NULL, 10));
    cJSON_AddStringToObject(o, "message", words);
    snprintf(r->code, sizeof r->code, "%s", code);
    sim_reply_json(r, o);
}

cJSON *sim_request_json(const struct http_request *req, bool *empty)
{
    size_t len;
    const char *body = http_request_body(req, &len);
    cJSON *o = NULL;

    *empty = len == 0;
    if (json_parse(body, len, &o, NULL, 0) != LOA_OK)
        return NULL;
    if (!cJSON_IsObject(o)) {
        cJSON_Delete(o);
        return NULL;
    }
    return o;
}

static bool proof_is_right(const struct sim *s, const struct http_request *req, const char *token)
{
    const char *proof = http_request_header(req, "appsecret_proof");
    char want[ZALO_HEX];

    if (s->set.require_proof == 0)
        return true;
    zalo_appsecret_proof(s->opt.app_secret, token, want);
    return proof != NULL && crypto_equal_str(proof, want);
}

enum sim_access sim_access_check(struct sim *s, const struct http_request *req)
{
    const char *token = http_request_header(req, "access_token");

    if (token == NULL || token[0] == '\0')
        return SIM_ACCESS_MISSING;
    if (s->tokens.previous[0] != '\0' && strcmp(token, s->tokens.previous) == 0)
        return SIM_ACCESS_EXPIRED; /* replaced by a refresh */
    if (strcmp(token, s->tokens.access) != 0)
        return SIM_ACCESS_WRONG;
    if (s->tokens.revoked || sim_now_ms(s) >= s->tokens.expires_ms)
        return SIM_ACCESS_EXPIRED;
    return proof_is_right(s, req, token) ? SIM_ACCESS_OK : SIM_ACCESS_NO_PROOF;
}
