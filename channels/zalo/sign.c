#include "loa/zalo_sign.h"
#include "loa/crypto.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SIGNED_MAX_BYTES (4u << 20)

void zalo_signature(const char *app_id, const void *body, size_t body_len, const char *timestamp,
                    const char *oa_secret_key, char out[ZALO_HEX])
{
    struct buf b = BUF_INIT(SIGNED_MAX_BYTES);
    buf_str(&b, app_id);
    buf_add(&b, body, body_len);
    buf_str(&b, timestamp);
    buf_str(&b, oa_secret_key);
    if (buf_ok(&b))
        crypto_sha256_hex(b.data, b.len, out);
    else
        out[0] = '\0'; /* matches nothing */
    buf_clear(&b);
}

bool zalo_signature_is(const char *header, const char signature[ZALO_HEX])
{
    char given[ZALO_HEX];

    if (header == NULL || strlen(signature) != ZALO_HEX - 1)
        return false;
    if (strncasecmp(header, "mac=", 4) == 0)
        header += 4;
    if (strlen(header) != ZALO_HEX - 1)
        return false;
    for (size_t i = 0; i < ZALO_HEX; i++) {
        char c = header[i];
        given[i] = (char)(c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);
    }
    return crypto_equal(given, signature, ZALO_HEX - 1);
}

void zalo_hash_phone(const char *phone84, char out[ZALO_HEX])
{
    crypto_sha256_hex(phone84, strlen(phone84), out);
}

void zalo_pkce_challenge(const char *verifier, char out[44])
{
    char hex[ZALO_HEX];
    unsigned char digest[32];
    struct buf b = BUF_INIT(64);

    crypto_sha256_hex(verifier, strlen(verifier), hex);
    for (size_t i = 0; i < sizeof digest; i++) {
        const char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        digest[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    crypto_base64url(&b, digest, sizeof digest);
    snprintf(out, 44, "%s", buf_cstr(&b));
    buf_clear(&b);
}

void zalo_appsecret_proof(const char *app_secret, const char *access_token, char out[ZALO_HEX])
{
    unsigned char mac[32];
    struct buf b = BUF_INIT(ZALO_HEX);

    crypto_hmac_sha256(app_secret, strlen(app_secret), access_token, strlen(access_token), mac);
    buf_hex(&b, mac, sizeof mac);
    snprintf(out, ZALO_HEX, "%s", buf_cstr(&b));
    buf_clear(&b);
}
