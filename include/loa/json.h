/*
 * json - typed reads over cJSON, with a depth and size limit before parsing and errors that name the place.
 * cJSON's own type is the one third-party type that travels between files: it is our tree.
 */
#ifndef LOA_JSON_H
#define LOA_JSON_H

#include "loa/buf.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define JSON_MAX_DEPTH  32
#define JSON_MAX_BYTES  (32u << 20)
#define JSON_MAX_VALUES 2000000u /* one costs some 80 bytes in the tree, whatever it costs in the text */
#define JSON_NUMBER_MAX 60       /* characters */

/* Strict (RFC 8259): UTF-8 checked, no NUL inside strings, the limits above, nothing after the value. A
 * leading byte order mark is skipped. Of two members with one name the first counts. LOA_INVALID with a
 * sentence in `why` (may be NULL; at least 160 bytes). Caller frees with cJSON_Delete().
 */
enum loa_status json_parse(const char *text, size_t len, cJSON **out, char *why, size_t why_size);

const cJSON *json_get(const cJSON *obj, const char *key); /* case-sensitive; NULL when absent */
const char *json_str(const cJSON *obj, const char *key);  /* NULL unless a string */
const char *json_str_or(const cJSON *obj, const char *key, const char *fallback);
/* Reads a number that may be written as a number or as a string of digits (providers mix them). */
bool json_int(const cJSON *obj, const char *key, int64_t *out);
bool json_int_value(const cJSON *v, int64_t *out);
bool json_bool_or(const cJSON *obj, const char *key, bool fallback); /* also "true"/"1"/"True" strings */
bool json_bool_value(const cJSON *v, bool *out);                     /* false: neither yes nor no */
void json_print(const cJSON *v, struct buf *out);                    /* compact */

#endif
