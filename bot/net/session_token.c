#include "loa/session_token.h"
#include <jwt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CLOCK_SKEW_S 30

/* The algorithm is ours to choose, not the token's: "none" and RS256-as-HMAC are old tricks. */
static bool acceptable(jwt_t *jwt, int64_t now_s, struct session *out)
{
    const int64_t expires_s = jwt_get_grant_int(jwt, "exp"); /* 0 when it is no number */
    const char *sub = jwt_get_grant(jwt, "sub");
    if (jwt_get_alg(jwt) != JWT_ALG_HS256 || sub == NULL || strlen(sub) >= sizeof out->subject ||
        expires_s <= now_s - CLOCK_SKEW_S || expires_s > now_s + SESSION_LIFE_MAX_S + CLOCK_SKEW_S ||
        (strncmp(sub, "cccd:", 5) != 0 && strncmp(sub, "phone:", 6) != 0))
        return false;
    snprintf(out->subject, sizeof out->subject, "%s", sub);
    out->expires_ms = (expires_s + CLOCK_SKEW_S) * 1000;
    return true;
}

enum loa_status session_token_verify(const char *token, const char *secret, int64_t now_ms,
                                     struct session *out)
{
    jwt_t *jwt = NULL;
    size_t secret_len = strlen(secret);
    if (secret_len == 0 || strlen(token) > SESSION_TOKEN_MAX_BYTES)
        return LOA_DENIED;
    if (jwt_decode(&jwt, token, (const unsigned char *)secret, (int)secret_len) != 0)
        return LOA_DENIED;
    bool good = acceptable(jwt, now_ms / 1000, out);
    jwt_free(jwt);
    return good ? LOA_OK : LOA_DENIED;
}
