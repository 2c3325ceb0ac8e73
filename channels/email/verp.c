#include "loa/email_verp.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define PREFIX      "b+"
#define REF_MAX     39
#define MAC_DOMAIN  "email-verp"
#define TOKEN_CHARS "abcdefghijklmnopqrstuvwxyz0123456789"

static void mac(const struct crypto *c, const char *ref, char out[EMAIL_VERP_MAC_DIGITS + 1])
{
    crypto_mac_hex(c, MAC_DOMAIN, ref, strlen(ref), out, EMAIL_VERP_MAC_DIGITS);
}

enum loa_status email_verp_make(const struct crypto *c, const char *ref, const char *bounce_domain,
                                char out[EMAIL_VERP_MAX])
{
    char digits[EMAIL_VERP_MAC_DIGITS + 1];
    size_t n = strspn(ref, TOKEN_CHARS);

    if (n == 0 || n > REF_MAX || ref[n] != '\0')
        return LOA_INVALID;
    mac(c, ref, digits);
    int len = snprintf(out, EMAIL_VERP_MAX, PREFIX "%s%s@%s", ref, digits, bounce_domain);
    return len < EMAIL_VERP_MAX - 2 ? LOA_OK : LOA_INVALID; /* a path has 256 octets, brackets included */
}

/* Copies the token between prefix and @ in lower case. */
static bool read_token(const char *address, const char *bounce_domain, char *token, size_t size)
{
    size_t prefix = strlen(PREFIX);
    const char *at = strchr(address, '@');

    if (at == NULL || strncasecmp(address, PREFIX, prefix) != 0 || strcasecmp(at + 1, bounce_domain) != 0)
        return false;
    size_t n = (size_t)(at - address) - prefix;
    if (n <= EMAIL_VERP_MAC_DIGITS || n >= size)
        return false;
    for (size_t i = 0; i < n; i++)
        token[i] = (char)tolower((unsigned char)address[prefix + i]);
    token[n] = '\0';
    return strspn(token, TOKEN_CHARS) == n;
}

enum loa_status email_verp_parse(const struct crypto *c, const char *address, const char *bounce_domain,
                                 char ref[40])
{
    char token[REF_MAX + EMAIL_VERP_MAC_DIGITS + 1], digits[EMAIL_VERP_MAC_DIGITS + 1];

    if (!read_token(address, bounce_domain, token, sizeof token))
        return LOA_INVALID;
    char *given = token + strlen(token) - EMAIL_VERP_MAC_DIGITS;
    char expected_of[REF_MAX + 1];
    snprintf(expected_of, sizeof expected_of, "%.*s", (int)(given - token), token);
    mac(c, expected_of, digits);
    if (!crypto_equal(given, digits, EMAIL_VERP_MAC_DIGITS))
        return LOA_DENIED;
    snprintf(ref, 40, "%s", expected_of);
    return LOA_OK;
}
