/* One value out of a provider's JSON or query, named by a path of its description. */
#include "loa/sms_provider.h"
#include "loa/json.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MAX_BYTES 64

/* One step down: a member of an object, or an element of an array when the step is a number. */
static const cJSON *step_down(const cJSON *at, const char *step)
{
    if (!cJSON_IsArray(at))
        return json_get(at, step);
    size_t digits = strspn(step, "0123456789");
    if (digits == 0 || digits > 6 || step[digits] != '\0')
        return NULL;
    return cJSON_GetArrayItem(at, (int)strtol(step, NULL, 10));
}

const cJSON *sms_json_at(const cJSON *root, const char *path, size_t path_len)
{
    const char *end = path + path_len;
    while (root != NULL && path < end) {
        char step[STEP_MAX_BYTES];
        const char *dot = memchr(path, '.', (size_t)(end - path));
        size_t n = (size_t)((dot != NULL ? dot : end) - path);
        if (n >= sizeof step)
            return NULL;
        memcpy(step, path, n);
        step[n] = '\0';
        root = step_down(root, step);
        path += n + (dot != NULL);
    }
    return root;
}

/* Numbers print as people write them: 434124 and 1.5, not 4.34124e5. */
static bool json_scalar(const cJSON *v, char *out, size_t out_size)
{
    if (cJSON_IsString(v))
        snprintf(out, out_size, "%s", v->valuestring);
    else if (cJSON_IsNumber(v))
        snprintf(out, out_size, "%.15g", v->valuedouble);
    else
        return false;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent and plus signs decoded; what does not fit is cut, what is no escape stays. */
static void url_decode(const char *s, size_t n, char *out, size_t out_size)
{
    size_t k = 0;
    for (size_t i = 0; i < n && k + 1 < out_size; i++) {
        bool escape = s[i] == '%' && i + 2 < n && hex_digit(s[i + 1]) >= 0 && hex_digit(s[i + 2]) >= 0;
        char c = s[i] == '+' ? ' ' : s[i];
        if (escape) {
            c = (char)(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2]));
            i += 2;
        }
        if (c != '\0')
            out[k++] = c;
    }
    out[k] = '\0';
}

static bool query_field(const char *query, const char *name, size_t name_len, char *out, size_t out_size)
{
    while (*query != '\0') {
        size_t pair = strcspn(query, "&");
        const char *equals = memchr(query, '=', pair);
        size_t key = equals != NULL ? (size_t)(equals - query) : pair;
        if (key == name_len && memcmp(query, name, key) == 0) {
            const char *value = query + key + (equals != NULL);
            url_decode(value, (size_t)(query + pair - value), out, out_size);
            return true;
        }
        query += pair + (query[pair] == '&');
    }
    return false;
}

bool sms_field(const struct sms_source *s, const char *paths, char *out, size_t out_size)
{
    *out = '\0';
    while (paths != NULL && *paths != '\0') {
        size_t n = strcspn(paths, " ");
        if (s->json != NULL ? json_scalar(sms_json_at(s->json, paths, n), out, out_size)
                            : query_field(s->query, paths, n, out, out_size))
            return true;
        paths += n + strspn(paths + n, " ");
    }
    return false;
}
