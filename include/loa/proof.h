/*
 * proof - who may see a dossier: whom it names, and whether four digits fit it.
 *
 * A code is printed on a slip and can be guessed, so it proves nothing. Owners are: who is proven to be one
 * of the identities named on the dossier, or who gives, with the code, the last four digits of the phone or
 * paper number on it. An authorised person counts as owner. For an organisation only its registered contact
 * counts: a tax code is public. Pure functions of the dossier's sealed record; nothing more is kept.
 */
#ifndef LOA_PROOF_H
#define LOA_PROOF_H

#include "loa/citizen.h"
#include "loa/dossier_event.h"

#define PROOF_IDENTITIES_MAX 3
struct proof_identities {
    struct {
        const char *kind, *value; /* "cccd", "phone"; the value lies in the event */
    } item[PROOF_IDENTITIES_MAX];
    unsigned count;
};
void proof_identities(const struct dossier_event *e, struct proof_identities *out);
bool proof_identity_in(const struct proof_identities *list, const char *kind, const char *value);

#define PROOF_DIGITS 4
/* The four digits in what somebody typed: "1234", "số cuối là 1 2 3 4", or the end of a whole number. False
 * when there are fewer, or several numbers to choose from. */
bool proof_read_digits(const char *text, char out[PROOF_DIGITS + 1]);
/* In constant time. */
bool proof_digits_fit(const struct dossier_event *e, const char digits[PROOF_DIGITS + 1]);

#endif
