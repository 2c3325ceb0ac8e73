/*
 * zalo_sign - the four small computations of the Zalo platform: webhook signature, hashed phone, PKCE
 * challenge, proof of the app secret. The driver checks with them, a simulator of the platform signs with
 * them.
 *
 * There are two secrets and they are never the same: the *OA secret key* (console, page Webhook) signs
 * webhooks; the *app secret* (console, app settings) authorises refreshes and makes the proof.
 */
#ifndef LOA_ZALO_SIGN_H
#define LOA_ZALO_SIGN_H

#include "loa/buf.h"

#define ZALO_HEX 65 /* 64 lower-case hex digits and NUL */

/* hex(SHA-256(app_id + raw body + timestamp + OA secret key)): plain SHA-256, not HMAC, over the bytes as
 * they are on the wire. `timestamp` is the text of the body's member of that name. On the wire the header is
 * `X-ZEvent-Signature: mac=<64 hex>`. */
void zalo_signature(const char *app_id, const void *body, size_t body_len, const char *timestamp,
                    const char *oa_secret_key, char out[ZALO_HEX]);

/* Is the header's value ("mac=<hex>", any case; the prefix may be missing) this signature? Constant time in
 * the digits. NULL is no match. */
bool zalo_signature_is(const char *header, const char signature[ZALO_HEX]);

/* hex(SHA-256(phone)); the phone as "84" + 9 digits: other spellings give hashes that Zalo does not know. */
void zalo_hash_phone(const char *phone84, char out[ZALO_HEX]);

/* base64url without padding of SHA-256(verifier): 43 characters and NUL. */
void zalo_pkce_challenge(const char *verifier, char out[44]);

/* hex(HMAC-SHA256(key = app secret, message = access token)): header `appsecret_proof`. */
void zalo_appsecret_proof(const char *app_secret, const char *access_token, char out[ZALO_HEX]);

#endif
