/*
 * sim_codes - the words providers put beside their error codes, from templates/sim/codes.tsv.
 */
#ifndef SIM_CODES_H
#define SIM_CODES_H

#include "loa/errors.h"

struct sim_codes;
enum loa_status sim_codes_load(const char *path, struct errors *err, struct sim_codes **out);
void sim_codes_free(struct sim_codes *c);
const char *sim_codes_words(const struct sim_codes *c, const char *host, const char *code); /* "" unknown */

#endif
