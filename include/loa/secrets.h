/*
 * secrets - rotating provider credentials, kept sealed in the store under partition 0, shared by all
 * processes. See struct secret_store in channel.h for what it promises. Saving is fenced by the lease of
 * partition 0.
 */
#ifndef LOA_SECRETS_H
#define LOA_SECRETS_H

#include "loa/channel.h"
#include "loa/lease.h"

struct secrets;
/* `leases` may be set later with secrets_set_leases(): until then this process owns nothing. */
struct secrets *secrets_new(struct store *s);
void secrets_set_leases(struct secrets *x, const struct leases *l);
const struct secret_store *secrets_interface(struct secrets *x);
void secrets_free(struct secrets *x);

#endif
