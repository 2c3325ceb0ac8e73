/*
 * unsubscribe - the one-click link of an optional message (RFC 8058): PUBLIC_URL/u/TOKEN.
 *
 * The token says who and which channel, and carries a keyed MAC, so nothing has to be stored for it and
 * nobody can make one for somebody else. What the law obliges the office to say carries no such link.
 */
#ifndef LOA_UNSUBSCRIBE_H
#define LOA_UNSUBSCRIBE_H

#include "loa/citizen.h"
#include "loa/policy.h"
#include "loa/template.h"

void unsubscribe_token(const struct crypto *c, const char *ckey, enum channel ch, struct buf *out);
/* LOA_INVALID: not one of our tokens. */
enum loa_status unsubscribe_read(const struct crypto *c, const char *token, char ckey[CRYPTO_KEY_HEX],
                                 enum channel *ch);
/* May a citizen do without messages under this rule? */
bool unsubscribe_offered(const struct status_rule *rule);
/* Sets the parameter unsubscribe_link (e-mail), where the rule offers it. */
void unsubscribe_param(struct params *p, const struct status_rule *rule, const struct crypto *c,
                       const char *public_url, const char *ckey);

#endif
