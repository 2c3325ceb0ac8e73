/* Session tokens: as they come (never accepted), and signed with the right secret, so that what is inside
 * gets read. Whatever is accepted is alive and names a citizen. */
#include "loa/buf.h"
#include "loa/session_token.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW_MS 1790000000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static enum loa_status verify(const char *token)
{
    struct session s = { 0 };
    enum loa_status st = session_token_verify(token, SECRET, NOW_MS, &s);
    if (st == LOA_OK) {
        must(strncmp(s.subject, "cccd:", 5) == 0 || strncmp(s.subject, "phone:", 6) == 0);
        must(s.expires_ms > NOW_MS && s.expires_ms <= NOW_MS + (SESSION_LIFE_MAX_S + 60) * 1000LL);
    } else {
        must(s.subject[0] == '\0' && s.expires_ms == 0);
    }
    return st;
}

static void add_base64(struct buf *out, const void *data, size_t len)
{
    char text[8192];
    sodium_bin2base64(text, sizeof text, data, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_str(out, text);
}

static void sign_and_verify(const char *head, const uint8_t *claims, size_t len)
{
    struct buf token = BUF_INIT(16384);
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    add_base64(&token, head, strlen(head));
    buf_str(&token, ".");
    add_base64(&token, claims, len);
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)token.data, token.len);
    crypto_auth_hmacsha256_final(&state, mac);
    buf_str(&token, ".");
    add_base64(&token, mac, sizeof mac);
    enum loa_status st = verify(buf_cstr(&token));
    must(st != LOA_OK || strstr(head, "HS256") != NULL);
    buf_clear(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf raw = BUF_INIT(8192);
    if (size > 4096)
        return 0;
    buf_add(&raw, data, size);
    must(verify(buf_cstr(&raw)) != LOA_OK);
    buf_clear(&raw);
    sign_and_verify("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", data, size);
    sign_and_verify("{\"alg\":\"none\"}", data, size);
    return 0;
}
