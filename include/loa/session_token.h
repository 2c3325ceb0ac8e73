/*
 * session_token - the portal's short-lived proof of who is logged in: a JWT, HS256 only (libjwt), with `sub`
 * = an identity
 * ("cccd:…" or "phone:…") and `exp` at most one hour ahead.
 */
#ifndef LOA_SESSION_TOKEN_H
#define LOA_SESSION_TOKEN_H

#include "loa/status.h"
#include <stdint.h>

#define SESSION_TOKEN_MAX_BYTES 2048
#define SESSION_LIFE_MAX_S      3600

struct session {
    char subject[300]; /* the identity as written */
    int64_t expires_ms;
};

/* LOA_DENIED, and nothing written, for anything that is not a valid, living token of ours. A clock half a
 * minute off is forgiven. */
enum loa_status session_token_verify(const char *token, const char *secret, int64_t now_ms,
                                     struct session *out);

#endif
