/*
 * config - one INI file, every key also as LOA_SECTION_KEY in the environment, which wins.
 *
 * Each setting is one row of the table in bot/core/settings.c: section, key, type with unit, default, range,
 * help in Vietnamese and English. The parser, `loa check` and the manual all read that table. Unknown
 * sections and keys are errors that name the nearest known one; faults carry file:line. A secret may be given
 * as KEY_file = PATH (in the environment LOA_SECTION_KEY_FILE). A value that contains "…" is a sample and
 * counts as unset. `[sms:esms]`-style sections are not used: one provider is active at a time.
 */
#ifndef LOA_CONFIG_H
#define LOA_CONFIG_H

#include "loa/errors.h"
#include <stdbool.h>
#include <stdint.h>

struct config;

/* Reads `path` (NULL: defaults and environment only). On LOA_INVALID `err` lists every fault; LOA_NOT_FOUND,
 * LOA_IO and LOA_TOO_BIG speak of the file, and are in `err` too. */
enum loa_status config_load(const char *path, struct errors *err, struct config **out);
/* The same from memory; `name` stands for the path in faults. */
enum loa_status config_parse(const char *name, const char *text, size_t len, struct errors *err,
                             struct config **out);
void config_free(struct config *c); /* wipes the secrets */

/* Asking for a setting that is not in the table is a bug and asserts. Strings live as long as the config.
 * config_int of a rate is N of "N/s", of a size its bytes. */
const char *config_str(const struct config *c, const char *section, const char *key); /* "" when unset */
int64_t config_int(const struct config *c, const char *section, const char *key);
bool config_bool(const struct config *c, const char *section, const char *key);
/* Is `word` one of the comma-separated words of this setting? For roles. */
bool config_has_word(const struct config *c, const char *section, const char *key, const char *word);
/* Overrides one value, as a command-line option does. LOA_INVALID as in a file. */
enum loa_status config_set(struct config *c, const char *section, const char *key, const char *value,
                           struct errors *err);
/* The manual: every key with default and help, in the form of a configuration file that changes nothing.
 * In Vietnamese it is deploy/loa.conf. */
void config_print_table(struct buf *out, bool vietnamese);

#endif
