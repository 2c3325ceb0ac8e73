#include "loa/unsubscribe.h"
#include <stdio.h>
#include <string.h>

#define MAC_HEX   24
#define TOKEN_HEX (CRYPTO_KEY_HEX - 1 + 2 + MAC_HEX)
#define LINK_MAX  256

/* Citizen key, channel and MAC as hex digits: what the token holds as bytes. */
static void token_hex(const struct crypto *c, const char *ckey, unsigned ch, char out[TOKEN_HEX + 1])
{
    int n = snprintf(out, TOKEN_HEX + 1, "%.40s%02x", ckey, ch & 0xff);
    crypto_mac_hex(c, "unsubscribe", out, (size_t)n, out + n, MAC_HEX);
}

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

void unsubscribe_token(const struct crypto *c, const char *ckey, enum channel ch, struct buf *out)
{
    char hex[TOKEN_HEX + 1];
    unsigned char raw[TOKEN_HEX / 2];
    token_hex(c, ckey, ch, hex);
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    crypto_base64url(out, raw, sizeof raw);
}

enum loa_status unsubscribe_read(const struct crypto *c, const char *token, char ckey[CRYPTO_KEY_HEX],
                                 enum channel *ch)
{
    struct buf raw = BUF_INIT(TOKEN_HEX / 2), hex = BUF_INIT(TOKEN_HEX);
    char want[TOKEN_HEX + 1];
    enum loa_status st = LOA_INVALID;
    bool decoded = strlen(token) <= TOKEN_HEX && crypto_base64_decode(&raw, token, strlen(token)) == LOA_OK;
    if (decoded && raw.len == TOKEN_HEX / 2) {
        char key[CRYPTO_KEY_HEX];
        unsigned channel = (unsigned char)raw.data[(CRYPTO_KEY_HEX - 1) / 2];
        buf_hex(&hex, raw.data, raw.len);
        snprintf(key, sizeof key, "%s", buf_cstr(&hex));
        token_hex(c, key, channel, want);
        if (channel < CH_COUNT && crypto_equal(want, hex.data, TOKEN_HEX)) {
            memcpy(ckey, key, sizeof key);
            *ch = (enum channel)channel;
            st = LOA_OK;
        }
    }
    buf_clear(&raw);
    buf_clear(&hex);
    return st;
}

bool unsubscribe_offered(const struct status_rule *rule)
{
    return rule != NULL && !rule->statutory && !rule->action;
}

void unsubscribe_param(struct params *p, const struct status_rule *rule, const struct crypto *c,
                       const char *public_url, const char *ckey)
{
    struct buf link = BUF_INIT(LINK_MAX);
    if (!unsubscribe_offered(rule))
        return;
    buf_str(&link, public_url);
    buf_str(&link, "/u/");
    unsubscribe_token(c, ckey, CH_EMAIL, &link);
    if (buf_ok(&link))
        params_set(p, "unsubscribe_link", buf_cstr(&link));
    buf_clear(&link);
}
