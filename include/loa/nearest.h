/*
 * nearest - what did somebody mean who typed a name that does not exist? For error messages.
 */
#ifndef LOA_NEAREST_H
#define LOA_NEAREST_H

#include <stddef.h>

/* Levenshtein distance of the first 64 bytes. */
unsigned nearest_distance(const char *a, const char *b);
/* The first of the nearest names; NULL when there are none. */
const char *nearest_name(const char *typed, const char *const *names, size_t count);

#endif
