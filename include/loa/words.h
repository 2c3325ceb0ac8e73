/*
 * words - the Vietnamese sentence beside every word a machine reads: states, events, reasons
 * (templates/policy/words.tsv), and providers' codes (channels/…/codes.tsv). An unknown word gives itself.
 */
#ifndef LOA_WORDS_H
#define LOA_WORDS_H

#include "loa/errors.h"

struct words;
enum loa_status words_load(const char *policy_dir, const char *channels_dir, struct errors *err,
                           struct words **out);
void words_free(struct words *w);
/* group "state", word "sent". `next` (may be NULL) gets what to do now, "" when there is nothing. */
const char *words_say(const struct words *w, const char *group, const char *word, const char **next);
/* A reason or a provider's code such as "zbs:-118"; NULL when nobody has written a sentence for it. */
const char *words_reason(const struct words *w, const char *code);

#endif
