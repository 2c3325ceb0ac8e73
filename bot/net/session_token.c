#include "loa/session_token.h"
#include <jwt.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_SKEW_S 30

enum loa_status session_token_verify(const char *token, const char *secret, int64_t now_ms, char subject[300])
{
    jwt_t *jwt = NULL;
    enum loa_status st = LOA_DENIED;
    size_t secret_len = strlen(secret);
    if (secret_len == 0 || strlen(token) > SESSION_TOKEN_MAX_BYTES)
        return LOA_DENIED;
    if (jwt_decode(&jwt, token, (const unsigned char *)secret, (int)secret_len) != 0)
        return LOA_DENIED;
    int64_t now_s = now_ms / 1000, expires_s = jwt_get_grant_int(jwt, "exp");
    const char *sub = jwt_get_grant(jwt, "sub");
    /* The algorithm is ours to choose, not the token's: "none" and RS256-as-HMAC are old tricks. */
    if (jwt_get_alg(jwt) == JWT_ALG_HS256 && sub != NULL && strlen(sub) < 300 &&
        expires_s + CLOCK_SKEW_S > now_s && expires_s <= now_s + SESSION_LIFE_MAX_S + CLOCK_SKEW_S &&
        (strncmp(sub, "cccd:", 5) == 0 || strncmp(sub, "phone:", 6) == 0)) {
        snprintf(subject, 300, "%s", sub);
        st = LOA_OK;
    }
    jwt_free(jwt);
    return st;
}
