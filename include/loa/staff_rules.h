/*
 * staff_rules - what is right and wrong about logins, roles, passwords, cookies and origins, without any
 * store.
 */
#ifndef LOA_STAFF_RULES_H
#define LOA_STAFF_RULES_H

#include "loa/buf.h"
#include <stdbool.h>

/* Bits. */
enum staff_role {
    ROLE_OFFICER = 1,   /* answers citizens */
    ROLE_LEAD = 2,      /* roster, transfers, canned replies, publishes */
    ROLE_EDITOR = 4,    /* FAQ, Q&A */
    ROLE_ADMIN = 8,     /* accounts */
    ROLE_AUTHOR = 16,   /* campaigns: writes */
    ROLE_APPROVER = 32, /* lets them go */
    ROLE_SENDER = 64,   /* sends */
    ROLE_VIEWER = 128,  /* looks on */
};
unsigned roles_from_words(const char *comma_list); /* 0 when one word is unknown, or there is none */
void roles_print(unsigned roles, struct buf *out); /* "officer,lead" */

#define STAFF_LOGIN_SIZE 40
/* Small letters, digits, dot, dash, underscore; a letter first; 2 to 39. Capitals are made small. */
bool staff_login_clean(const char *typed, char out[STAFF_LOGIN_SIZE]);
/* "mot-cua, dat-dai": words of letters, digits, dash, dot, underscore, separated by commas, into "a,b". */
bool staff_list_clean(const char *typed, char *out, size_t size);

#define PASSWORD_MIN_LETTERS 10
#define PASSWORD_MAX_BYTES   256
/* What is wrong with a password, as a Vietnamese sentence; NULL: nothing. `common` is the text of
 * templates/policy/passwords.txt, one password that everybody would try on each line. */
const char *password_fault(const char *password, const char *login, const char *common);

/* The value of one cookie of a Cookie header; false when absent or longer than `size` - 1. */
bool cookie_value(const char *header, const char *name, char *out, size_t size);
/* Does a page of this Origin belong to the service reached as `host` (Host header) or `public_url`? */
bool origin_is_ours(const char *origin, const char *host, const char *public_url);

#endif
