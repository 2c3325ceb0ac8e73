#include "loa/json.h"
#include "loa/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * cJSON is lenient (any control byte is white space, "01" and "1." are numbers, "\u0000" cuts a string) and
 * gives every value 64 bytes and more. So one pass over the text first: it checks the words of the language
 * and counts what the tree would cost; cJSON then only has to see that the words stand in the right order.
 */
struct scan {
    const unsigned char *s;
    size_t len, at;
    unsigned depth;
    size_t values;
    const char *why;
};

static bool refuse(struct scan *c, const char *why)
{
    c->why = why;
    return false;
}

static int peek(const struct scan *c, size_t ahead)
{
    return c->at + ahead < c->len ? c->s[c->at + ahead] : -1;
}

static bool scan_escape(struct scan *c)
{
    int kind = peek(c, 1);
    if (kind <= 0 || strchr("\"\\/bfnrtu", kind) == NULL)
        return refuse(c, "unknown escape in a string");
    if (kind == 'u' && peek(c, 2) == '0' && peek(c, 3) == '0' && peek(c, 4) == '0' && peek(c, 5) == '0')
        return refuse(c, "NUL inside a string");
    c->at += 2;
    return true;
}

static bool scan_string(struct scan *c)
{
    for (c->at++; c->at < c->len && c->s[c->at] != '"';) {
        if (c->s[c->at] < 0x20)
            return refuse(c, "unescaped control character in a string");
        if (c->s[c->at] != '\\')
            c->at++;
        else if (!scan_escape(c))
            return false;
    }
    if (c->at >= c->len)
        return refuse(c, "a string does not end");
    c->at++;
    return true;
}

static size_t digits(struct scan *c)
{
    size_t from = c->at;
    while (peek(c, 0) >= '0' && peek(c, 0) <= '9')
        c->at++;
    return c->at - from;
}

static bool scan_number(struct scan *c)
{
    size_t from = c->at;
    if (peek(c, 0) == '-')
        c->at++;
    bool zero = peek(c, 0) == '0';
    size_t whole = digits(c);
    bool ok = whole == 1 || (whole > 1 && !zero);
    if (ok && peek(c, 0) == '.') {
        c->at++;
        ok = digits(c) > 0;
    }
    if (ok && (peek(c, 0) == 'e' || peek(c, 0) == 'E')) {
        c->at++;
        if (peek(c, 0) == '+' || peek(c, 0) == '-')
            c->at++;
        ok = digits(c) > 0;
    }
    if (!ok || c->at - from > JSON_NUMBER_MAX)
        return refuse(c, ok ? "a number is too long" : "badly written number");
    return true;
}

static bool scan_bracket(struct scan *c, unsigned char b)
{
    c->at++;
    if (b == '{' || b == '[') {
        c->values++;
        if (++c->depth > JSON_MAX_DEPTH)
            return refuse(c, "nested too deeply");
    } else if (c->depth-- == 0) {
        return refuse(c, "a closing bracket too many");
    }
    return true;
}

static bool scan_token(struct scan *c)
{
    unsigned char b = c->s[c->at];
    switch (b) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ':':
        c->at++;
        return true;
    case ',':
        c->at++;
        c->values++;
        return true;
    case '{':
    case '[':
    case '}':
    case ']':
        return scan_bracket(c, b);
    case '"':
        return scan_string(c);
    default:
        break;
    }
    if (b == '-' || (b >= '0' && b <= '9'))
        return scan_number(c);
    if (b < 'a' || b > 'z') /* true, false, null: cJSON knows the words */
        return refuse(c, "unexpected character");
    c->at++;
    return true;
}

static bool scan_text(struct scan *c)
{
    if (c->len > JSON_MAX_BYTES)
        return refuse(c, "larger than the limit");
    if (!text_is_utf8((const char *)c->s, c->len))
        return refuse(c, "not well-formed UTF-8");
    while (c->at < c->len)
        if (!scan_token(c))
            return false;
    if (c->values >= JSON_MAX_VALUES)
        return refuse(c, "too many values");
    return true;
}

static enum loa_status explain(const struct scan *c, const char *why, char *out, size_t out_size)
{
    if (out != NULL) {
        size_t line = 1, column = 1;
        for (size_t i = 0; i < c->at && i < c->len; i++, column++)
            if (c->s[i] == '\n')
                line++, column = 0;
        snprintf(out, out_size, "not valid JSON: %s (line %zu, byte %zu of it)", why, line, column);
    }
    return LOA_INVALID;
}

enum loa_status json_parse(const char *text, size_t len, cJSON **out, char *why, size_t why_size)
{
    /* A byte order mark is not JSON, but systems on Windows like to send one. */
    size_t bom = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    struct scan c = { .s = (const unsigned char *)text + bom, .len = len - bom };
    if (!scan_text(&c))
        return explain(&c, c.why, why, why_size);

    const char *end = NULL;
    cJSON *tree = cJSON_ParseWithLengthOpts((const char *)c.s, c.len, &end, 0);
    const char *stop = (const char *)c.s + c.len;
    while (tree != NULL && end < stop && strchr(" \t\r\n", *end) != NULL)
        end++;
    if (tree == NULL || end != stop) {
        c.at = end != NULL ? (size_t)(end - (const char *)c.s) : 0;
        const char *what = tree == NULL ? "a value, comma or bracket is missing or misplaced"
                                        : "something follows the value";
        cJSON_Delete(tree);
        return explain(&c, c.len == 0 ? "empty" : what, why, why_size);
    }
    *out = tree;
    return LOA_OK;
}

const cJSON *json_get(const cJSON *obj, const char *key)
{
    return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

const char *json_str(const cJSON *obj, const char *key)
{
    const cJSON *v = json_get(obj, key);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

const char *json_str_or(const cJSON *obj, const char *key, const char *fallback)
{
    const char *s = json_str(obj, key);
    return s != NULL ? s : fallback;
}

/* 18 digits always fit into 64 bits. */
static bool int_from_digits(const char *s, int64_t *out)
{
    const char *p = s[0] == '-' ? s + 1 : s;
    size_t n = strspn(p, "0123456789");
    if (n == 0 || n > 18 || p[n] != '\0')
        return false;
    *out = strtoll(s, NULL, 10);
    return true;
}

bool json_int_value(const cJSON *v, int64_t *out)
{
    if (cJSON_IsString(v))
        return int_from_digits(v->valuestring, out);
    /* Above 2^53 a double no longer says which whole number was meant. */
    if (!cJSON_IsNumber(v) || !(fabs(v->valuedouble) <= 9007199254740992.0) ||
        v->valuedouble != floor(v->valuedouble))
        return false;
    *out = (int64_t)v->valuedouble;
    return true;
}

bool json_int(const cJSON *obj, const char *key, int64_t *out)
{
    return json_int_value(json_get(obj, key), out);
}

bool json_bool_value(const cJSON *v, bool *out)
{
    int64_t n;
    if (cJSON_IsBool(v))
        *out = cJSON_IsTrue(v);
    else if (cJSON_IsString(v) && strcasecmp(v->valuestring, "true") == 0)
        *out = true;
    else if (cJSON_IsString(v) && strcasecmp(v->valuestring, "false") == 0)
        *out = false;
    else if (json_int_value(v, &n) && (n == 0 || n == 1))
        *out = n == 1;
    else
        return false;
    return true;
}

bool json_bool_or(const cJSON *obj, const char *key, bool fallback)
{
    bool b = fallback;
    json_bool_value(json_get(obj, key), &b);
    return b;
}

void json_print(const cJSON *v, struct buf *out)
{
    char *text = cJSON_PrintUnformatted(v);
    buf_str(out, text);
    cJSON_free(text);
}
