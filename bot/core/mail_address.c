#include "loa/mail_address.h"
#include "loa/text.h"
#include <idn2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LOCAL_MAX   64 /* RFC 5321 §4.5.3.1, octets */
#define ADDRESS_MAX 254
#define LABEL_MAX   63
#define INPUT_MAX   1000 /* a domain in Unicode may be longer than what it becomes */

/* RFC 5322 atext without % and !, which old mail systems read as "pass on to". */
static bool is_local_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 ||
           (c != '\0' && strchr(".#$&'*+-/=?^_`{|}~", c) != NULL);
}

static const char *check_local(const char *s, size_t n)
{
    if (n == 0)
        return "nothing stands before the @";
    if (n > LOCAL_MAX)
        return "the part before the @ is longer than 64 bytes";
    for (size_t i = 0; i < n; i++)
        if (!is_local_char((unsigned char)s[i]))
            return "the part before the @ has a character that is not allowed";
    if (s[0] == '.' || s[n - 1] == '.' || memmem(s, n, "..", 2) != NULL)
        return "the part before the @ has a dot too many";
    return NULL;
}

static bool is_label(const char *s, size_t n)
{
    return n > 0 && n <= LABEL_MAX && s[0] != '-' && s[n - 1] != '-';
}

/* A host name in ASCII: letters, digits, inner hyphens, at least two labels, the last one not a number. */
static const char *check_domain(const char *s)
{
    static const char wrong[] = "the domain after the @ is not a host name";
    size_t labels = 0;
    if (s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.")] != '\0')
        return wrong;
    for (;; s++, labels++) {
        size_t n = strcspn(s, ".");
        if (!is_label(s, n))
            return wrong;
        if (s[n] == '\0')
            break;
        s += n;
    }
    if (labels == 0 || s[strspn(s, "0123456789")] == '\0')
        return wrong;
    return NULL;
}

/* Also lowers ASCII letters. `ascii` belongs to the caller: idn2_free(). */
static const char *domain_to_ascii(const char *domain, char **ascii)
{
    int rc =
        idn2_lookup_u8((const uint8_t *)domain, (uint8_t **)ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc != IDN2_OK) {
        *ascii = NULL;
        return "the domain after the @ is not a host name";
    }
    return check_domain(*ascii);
}

/* Nothing invisible, no line end, no second address: what could inject an SMTP command or a header. */
static const char *check_text(const char *s, size_t n)
{
    if (n == 0)
        return "empty";
    if (n > INPUT_MAX)
        return "longer than an address can be";
    if (!text_is_utf8(s, n))
        return "not well-formed UTF-8";
    struct buf clean = BUF_INIT(3 * n);
    text_clean(&clean, s, n, true);
    bool same = clean.len == n && memcmp(clean.data, s, n) == 0;
    buf_clear(&clean);
    if (!same || memchr(s, '\n', n) != NULL || memchr(s, ' ', n) != NULL)
        return "a space or control character";
    const char *at = memchr(s, '@', n);
    if (at == NULL)
        return "no @";
    if (memchr(at + 1, '@', n - (size_t)(at + 1 - s)) != NULL)
        return "more than one @";
    return NULL;
}

static const char *parse(const char *s, struct mail_address *out)
{
    const char *at = strchr(s, '@');
    size_t local = (size_t)(at - s);
    char *domain = NULL;
    const char *why = check_local(s, local);
    if (why == NULL)
        why = domain_to_ascii(at + 1, &domain);
    if (why == NULL && local + 1 + strlen(domain) > ADDRESS_MAX)
        why = "longer than 254 bytes";
    if (why == NULL) {
        snprintf(out->address, sizeof out->address, "%.*s@%s", (int)local, s, domain);
        for (size_t i = 0; i < local; i++)
            out->needs_smtputf8 |= (unsigned char)s[i] >= 0x80;
    }
    idn2_free(domain);
    return why;
}

struct mail_address mail_address_parse(const char *s, size_t len)
{
    struct mail_address m = { .why = NULL };
    while (len > 0 && *s == ' ')
        s++, len--;
    while (len > 0 && s[len - 1] == ' ')
        len--;
    m.why = check_text(s, len);
    if (m.why != NULL)
        return m;
    struct buf nfc = BUF_INIT(3 * INPUT_MAX);
    text_nfc(&nfc, s, len);
    m.why = parse(buf_cstr(&nfc), &m);
    buf_clear(&nfc);
    return m;
}

void mail_address_mask(const char *address, char *out, size_t out_size)
{
    const char *at = strrchr(address, '@');
    size_t first = at > address ? 1 : 0;
    while (first > 0 && ((unsigned char)address[first] & 0xc0) == 0x80)
        first++;
    snprintf(out, out_size, "%.*s***%s", (int)first, address, at != NULL ? at : "");
}
