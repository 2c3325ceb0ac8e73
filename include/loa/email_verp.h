/*
 * email_verp - one envelope sender per message, so that a bounce says by its address alone what it is about:
 * b+<ref><mac>@bounce.domain. The keyed mac keeps strangers from reporting failures; there is no citizen's
 * address in it. Mail systems may change the case of the local part: only lower case is used, any is read.
 */
#ifndef LOA_EMAIL_VERP_H
#define LOA_EMAIL_VERP_H

#include "loa/crypto.h"

#define EMAIL_VERP_MAC_DIGITS 16
#define EMAIL_VERP_MAX        256

/* LOA_INVALID when ref is not 1 to 39 lower-case letters and digits, or all of it is too long. */
enum loa_status email_verp_make(const struct crypto *c, const char *ref, const char *bounce_domain,
                                char out[EMAIL_VERP_MAX]);
/* LOA_INVALID: not such an address. LOA_DENIED: the mac is wrong. `ref` is written only on LOA_OK. */
enum loa_status email_verp_parse(const struct crypto *c, const char *address, const char *bounce_domain,
                                 char ref[40]);

#endif
