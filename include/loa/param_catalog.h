/*
 * param_catalog - which parameters a text may use: templates/messages/_params.tsv, one row each:
 *   name <TAB> type <TAB> always|maybe <TAB> max letters <TAB> meaning <TAB> example
 *
 * always: the router always sets it; maybe: it may be empty, so a text must say what happens then. Values
 * travel as strings; the type says how they are written and which filters fit:
 *   text    one line                        lines   several, apart by \n
 *   code    one line, never cut by people   phone   as people dial it
 *   time    Unix milliseconds               money   đồng, digits
 *   number  digits                          link    http:// or https://
 *   flag    "1" or empty: only for {{?name}}
 * An example of a time is written as RFC 3339. The most letters a value has in life lets `loa check` try
 * every text with its longest values; it does not cut anything.
 */
#ifndef LOA_PARAM_CATALOG_H
#define LOA_PARAM_CATALOG_H

#include "loa/errors.h"
#include <stdbool.h>
#include <stdint.h>

enum param_type {
    PARAM_TEXT,
    PARAM_LINES,
    PARAM_CODE,
    PARAM_PHONE,
    PARAM_TIME,
    PARAM_MONEY,
    PARAM_NUMBER,
    PARAM_LINK,
    PARAM_FLAG,
    PARAM_TYPE_COUNT
};

struct param_spec {
    char *name, *meaning, *example; /* example as it travels: a time is Unix milliseconds here */
    enum param_type type;
    bool always;
    uint32_t hash;        /* params_hash(name) */
    unsigned max_letters; /* 0 where the type has one length */
};
struct param_catalog {
    struct param_spec *item;
    unsigned count;
};

enum loa_status param_catalog_load(const char *path, struct errors *err, struct param_catalog *out);
void param_catalog_clear(struct param_catalog *c);
const struct param_spec *param_catalog_find(const struct param_catalog *c, const char *name);
/* The known name most like `name`, NULL when none is near. */
const char *param_catalog_nearest(const struct param_catalog *c, const char *name);
const char *param_type_word(enum param_type t);
/* Is `value` written as the type asks? The empty value always is. */
bool param_value_ok(enum param_type t, const char *value);

#endif
