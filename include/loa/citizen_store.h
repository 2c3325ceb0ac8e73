/*
 * citizen_store - what the office knows about one citizen, checked, on its way into the store. PUT
 * /v1/citizens and the CSV import fill a form and store it.
 *
 * The first identity of the kinds cccd, tax, phone, email is the main one; the others become aliases of it.
 */
#ifndef LOA_CITIZEN_STORE_H
#define LOA_CITIZEN_STORE_H

#include "loa/citizen.h"
#include "loa/errors.h"

#define CITIZEN_IDENTITIES_MAX 8

struct citizen_form {
    char identity[CITIZEN_IDENTITIES_MAX][300];
    unsigned count;
    char name[128], unit[64], kind[32];
    char phone[16], email[256], zalo[40];
    char consents[64]; /* "sms=0;email=1;": only what was said */
};

/* Each adds one value, or a fault at `pointer`. */
void citizen_form_identity(struct citizen_form *f, const char *text, const char *pointer, struct errors *err);
void citizen_form_phone(struct citizen_form *f, const char *text, const char *pointer, struct errors *err);
void citizen_form_email(struct citizen_form *f, const char *text, const char *pointer, struct errors *err);
void citizen_form_consent(struct citizen_form *f, enum channel ch, bool wants);

/* `created`: there was no contact record yet. `ckey` is the main key. */
typedef void citizen_stored_fn(void *ctx, enum loa_status st, const char *ckey, bool created);
/* Stores a copy; the form has at least one identity. `done` runs once, later, when main record and aliases
 * are durable; a failure leaves it safe to store the same again. */
void citizen_store(struct store *s, const struct citizen_form *f, citizen_stored_fn *done, void *ctx);

#endif
