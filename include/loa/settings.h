/*
 * settings - the table of all settings: the parser, `loa check`, the environment and the manual read it.
 *
 * To add one: add its row to bot/core/settings.c, then `LOA_UPDATE=1 build/tests/test_config` writes
 * deploy/loa.conf anew (the test compares the two).
 */
#ifndef LOA_SETTINGS_H
#define LOA_SETTINGS_H

#include <stdint.h>

enum setting_type {
    SETTING_TEXT,
    SETTING_SECRET, /* text; KEY_file = PATH is taken too, and it is never printed */
    SETTING_PATH,
    SETTING_URL,   /* begins with one of `choices` */
    SETTING_WORD,  /* one of `choices` */
    SETTING_WORDS, /* several of `choices`, separated by commas */
    SETTING_BOOL,  /* yes no on off true false 1 0 */
    SETTING_INT,   /* min … max */
    SETTING_RATE,  /* "N/s", read as N */
    SETTING_BYTES, /* "65536", "64k" or "1M" */
};

struct setting {
    const char *section, *key;
    enum setting_type type;
    const char *fallback; /* "" = unset */
    const char *en, *vi;  /* one sentence: what it does, its unit */
    const char *choices;  /* separated by spaces */
    int64_t min, max;     /* numbers; bytes for SETTING_BYTES */
};

extern const struct setting settings[];
extern const unsigned settings_count;

struct settings_section {
    const char *name, *en, *vi;
};
extern const struct settings_section settings_sections[]; /* in the order of the table */
extern const unsigned settings_section_count;

int settings_find(const char *section, const char *key); /* row number; -1 unknown */
/* Nearest names, for error messages. Never NULL. An exact key of another section counts as nearest. */
const char *settings_nearest_section(const char *section);
const struct setting *settings_nearest(const char *section, const char *key);

#endif
