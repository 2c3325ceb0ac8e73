/* A reply is hiredis's redisReply; struct redis_value is its name outside. */
#include "redis_inside.h"
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

static const redisReply *reply_of(const struct redis_value *v)
{
    return (const redisReply *)(const void *)v;
}

enum redis_type redis_type(const struct redis_value *v)
{
    if (v == NULL)
        return REDIS_NIL;
    switch (reply_of(v)->type) {
    case REDIS_REPLY_INTEGER:
        return REDIS_INT;
    case REDIS_REPLY_STRING:
        return REDIS_STR;
    case REDIS_REPLY_ARRAY:
        return REDIS_ARRAY;
    case REDIS_REPLY_STATUS:
        return REDIS_STATUS;
    case REDIS_REPLY_ERROR:
        return REDIS_ERROR;
    default:
        return REDIS_NIL;
    }
}

const char *redis_str(const struct redis_value *v, size_t *len)
{
    enum redis_type type = redis_type(v);
    bool has_text = type == REDIS_STR || type == REDIS_STATUS || type == REDIS_ERROR;

    if (len != NULL)
        *len = has_text ? reply_of(v)->len : 0;
    return has_text ? reply_of(v)->str : "";
}

long long redis_int(const struct redis_value *v)
{
    if (redis_type(v) == REDIS_INT)
        return reply_of(v)->integer;
    return strtoll(redis_str(v, NULL), NULL, 10);
}

size_t redis_count(const struct redis_value *v)
{
    return redis_type(v) == REDIS_ARRAY ? reply_of(v)->elements : 0;
}

const struct redis_value *redis_at(const struct redis_value *v, size_t i)
{
    return i < redis_count(v) ? (const struct redis_value *)(const void *)reply_of(v)->element[i] : NULL;
}

static bool starts_with_word(const char *s, const char *word)
{
    size_t n = strlen(word);
    return strncmp(s, word, n) == 0 && (s[n] == '\0' || s[n] == ' ');
}

bool redis_is_error(const struct redis_value *v, const char *prefix)
{
    return redis_type(v) == REDIS_ERROR && starts_with_word(redis_str(v, NULL), prefix);
}

/* Answers of a server that would take the same command at another time or elsewhere. */
static const char *const not_now[] = {
    "LOADING", "MISCONF", "OOM",        "READONLY",   "CLUSTERDOWN", "TRYAGAIN",
    "MOVED",   "ASK",     "MASTERDOWN", "NOREPLICAS", "BUSY",        "NOAUTH",
};

/* Redis 7 hands on the error of a command inside a script as it is. 6.2 wraps it:
 * "ERR Error running script (call to f_…): @user_script:3: @user_script: 3: -OOM command not allowed …". */
static bool wrapped(const char *text, const char *word)
{
    if (strncmp(text, "ERR Error running script", 24) != 0)
        return false;
    for (const char *dash = strstr(text, ": -"); dash != NULL; dash = strstr(dash + 3, ": -"))
        if (starts_with_word(dash + 3, word))
            return true;
    return false;
}

bool redis_says(const struct redis_value *v, const char *word)
{
    const char *text = redis_str(v, NULL);
    return redis_type(v) == REDIS_ERROR && (starts_with_word(text, word) || wrapped(text, word));
}

enum loa_status redis_verdict(const struct redis_value *v)
{
    if (redis_type(v) != REDIS_ERROR)
        return LOA_OK;
    for (size_t i = 0; i < sizeof not_now / sizeof *not_now; i++)
        if (redis_says(v, not_now[i]))
            return LOA_UNAVAILABLE;
    return LOA_INVALID;
}
