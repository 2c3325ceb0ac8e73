/*
 * mail_address - checks an e-mail address and puts its domain into ASCII (libidn2).
 *
 * Sources: RFC 5321 §4.5.3.1 (64/254 octets), RFC 5322 dot-atom, RFC 6531 (non-ASCII local part), IDNA2008.
 * Refuses CR, LF, NUL, spaces, angle brackets, quoted local parts, source routes: what could inject an SMTP
 * command or a header; invisible and bidi characters, `%` and `!` routes, address literals, names without a
 * dot. Spaces around the address are dropped. The local part keeps its case and its tags and becomes NFC.
 */
#ifndef LOA_MAIL_ADDRESS_H
#define LOA_MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define MAIL_ADDRESS_MAX 255

struct mail_address {
    char address[MAIL_ADDRESS_MAX]; /* local@xn--domain, domain lower-case; "" when refused */
    bool needs_smtputf8;            /* the local part is not ASCII */
    const char *why;                /* static English reason when refused, NULL when fine */
};

struct mail_address mail_address_parse(const char *s, size_t len);
void mail_address_mask(const char *address, char *out, size_t out_size); /* "n***@example.vn" */

#endif
