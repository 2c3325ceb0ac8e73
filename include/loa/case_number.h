/*
 * case_number - the number a citizen is given at once and may read out on the phone: PA-26-0001-7 (phản ánh,
 * kiến nghị), HD-26-0017-2 (hỏi đáp): kind, year, serial, check digit.
 *
 * Serials are shared out so that a number is unique over all partitions and tells its own: partition p of P
 * gives p + 1, p + 1 + P, p + 1 + 2P … The check digit finds every wrong digit, every two neighbours
 * swapped, and one kind taken for the other. Source: H. M. Damm, "Total anti-symmetrische Quasigruppen"
 * (2004).
 */
#ifndef LOA_CASE_NUMBER_H
#define LOA_CASE_NUMBER_H

#include <stdbool.h>

#define CASE_NUMBER_SIZE 24

struct case_number {
    char kind[3];         /* "PA" or "HD" */
    unsigned year;        /* two digits */
    unsigned long serial; /* from 1 */
};

void case_number_print(const struct case_number *c, char out[CASE_NUMBER_SIZE]);
/* Finds the first good number in free text, however its parts are set apart ("pa 26 0001 7", "PA2600017"). */
bool case_number_find(const char *text, struct case_number *out);
/* Is there something that was meant to be one, "PA-26-0001-8", but has a wrong digit? */
bool case_number_mistyped(const char *text, char out[CASE_NUMBER_SIZE]);
/* The key of its record, "PA-26-17", and back; what follows a '|' does not count. */
#define CASE_ID_SIZE 20
void case_number_id(const struct case_number *c, char out[CASE_ID_SIZE]);
bool case_number_from_id(const char *id, struct case_number *out);
unsigned case_number_partition(const struct case_number *c, unsigned partitions);

#endif
