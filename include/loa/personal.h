/*
 * personal - finds what tells who somebody is inside a text: phone numbers, numbers of papers, dossier codes,
 * e-mail addresses, other long numbers. For masking what citizens wrote, and for refusing to publish it.
 *
 * Written sloppily counts too: "0912 345.678", "+84 912…", "H27 261123 0001". Sums of money
 * ("1.500.000.000"), dates, numbers of laws and hotlines of eight digits are not personal. Names cannot be
 * told from other words: a person has to look for them.
 */
#ifndef LOA_PERSONAL_H
#define LOA_PERSONAL_H

#include "loa/errors.h"

enum personal_kind {
    PERSONAL_PHONE,
    PERSONAL_PAPER, /* identity card, passport */
    PERSONAL_CODE,  /* dossier */
    PERSONAL_EMAIL,
    PERSONAL_NUMBER, /* nine digits and more: an account, a tax code */
    PERSONAL_KIND_COUNT
};
struct personal_span {
    enum personal_kind kind;
    size_t at, len; /* bytes */
};

/* The first one at or after `from`. */
bool personal_find(const char *s, size_t n, size_t from, struct personal_span *out);
/* Appends the text with each of them replaced by what it is: "[số điện thoại]". Masking twice changes nothing
 * more. */
void personal_mask(struct buf *out, const char *s, size_t n);
/* Adds a fault for each of them, which says where it stands; how many there are. */
unsigned personal_check(const char *s, const char *pointer, struct errors *err);

#endif
