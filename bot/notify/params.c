#include "loa/json.h"
#include "loa/mem.h"
#include "loa/template.h"
#include "loa/text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES    32
#define VALUE_MAX_LETTERS 4000
#define VALUE_MAX_BYTES   (VALUE_MAX_LETTERS * 4 + 4)

void params_init(struct params *p)
{
    *p = (struct params){ 0 };
}

void params_clear(struct params *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        free(p->item[i].name);
        free(p->item[i].value);
    }
    params_init(p);
}

uint32_t params_hash(const char *name)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

static int find(const struct params *p, const char *name, uint32_t hash)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->hash[i] == hash && strcmp(p->item[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *params_get_hashed(const struct params *p, const char *name, uint32_t hash)
{
    int at = find(p, name, hash);
    return at < 0 ? NULL : p->item[at].value;
}

const char *params_get(const struct params *p, const char *name)
{
    return params_get_hashed(p, name, params_hash(name));
}

static void remove_at(struct params *p, int at)
{
    free(p->item[at].name);
    free(p->item[at].value);
    p->item[at] = p->item[--p->count];
    p->hash[at] = p->hash[p->count];
}

/* Bytes of the letter at `s` when it is one that cleaning never changes: printable ASCII and line ends, the
 * composed letters of U+00C0-U+027F and U+1E00-U+1EFF (all of Vietnamese), dashes, quotes and the ellipsis of
 * U+2010-U+2027. 0 for everything else. */
static unsigned clean_letter(const unsigned char *s)
{
    if ((s[0] >= ' ' && s[0] < 0x7f) || s[0] == '\n')
        return 1;
    if (s[0] >= 0xc3 && s[0] <= 0xc9)
        return (s[1] & 0xc0) == 0x80 ? 2 : 0;
    if (s[0] == 0xe1 && s[1] >= 0xb8 && s[1] <= 0xbb)
        return (s[2] & 0xc0) == 0x80 ? 3 : 0;
    if (s[0] == 0xe2 && s[1] == 0x80)
        return s[2] >= 0x90 && s[2] <= 0xa7 ? 3 : 0;
    return 0;
}

/* Nearly every value is clean already, and was cleaned before: then a look is enough. */
static bool is_clean(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    unsigned n, letters = 0;

    while (*p != '\0' && letters <= VALUE_MAX_LETTERS) {
        n = clean_letter(p);
        if (n == 0)
            return false;
        p += n;
        letters++;
    }
    return letters <= VALUE_MAX_LETTERS;
}

/* One form for every text: NFC, no controls, no longer than we are willing to carry. NULL when nothing is
 * left. */
static char *clean(const char *value)
{
    struct buf composed = BUF_INIT(VALUE_MAX_BYTES * 4), cleaned = BUF_INIT(VALUE_MAX_BYTES * 4),
               cut = BUF_INIT(VALUE_MAX_BYTES);

    if (is_clean(value))
        return value[strspn(value, " \n")] != '\0' ? mem_strdup(value) : NULL;
    size_t n = strnlen(value, VALUE_MAX_BYTES);
    text_nfc(&composed, value, n);
    text_clean(&cleaned, buf_cstr(&composed), composed.len, true);
    text_truncate(&cut, buf_cstr(&cleaned), cleaned.len, VALUE_MAX_LETTERS);
    buf_clear(&composed);
    buf_clear(&cleaned);
    if (strspn(buf_cstr(&cut), " \n") == cut.len) {
        buf_clear(&cut);
        return NULL;
    }
    return buf_take(&cut);
}

void params_set(struct params *p, const char *name, const char *value)
{
    uint32_t hash = params_hash(name);
    int at = find(p, name, hash);
    char *cleaned = value != NULL ? clean(value) : NULL;

    if (cleaned == NULL) {
        if (at >= 0)
            remove_at(p, at);
        return;
    }
    if (at >= 0) {
        free(p->item[at].value);
        p->item[at].value = cleaned;
        return;
    }
    assert(p->count < PARAMS_MAX);
    p->hash[p->count] = hash;
    p->item[p->count].name = mem_strdup(name);
    p->item[p->count++].value = cleaned;
}

void params_to_json(const struct params *p, struct buf *out)
{
    buf_char(out, '{');
    for (unsigned i = 0; i < p->count; i++) {
        if (i != 0)
            buf_char(out, ',');
        buf_json_string(out, p->item[i].name, strlen(p->item[i].name));
        buf_char(out, ':');
        buf_json_string(out, p->item[i].value, strlen(p->item[i].value));
    }
    buf_char(out, '}');
}

static enum loa_status read_member(struct params *p, const cJSON *member)
{
    size_t name_len = strlen(member->string);

    if (!cJSON_IsString(member) || name_len == 0)
        return LOA_INVALID;
    if (name_len > NAME_MAX_BYTES || strlen(member->valuestring) > VALUE_MAX_BYTES ||
        (p->count == PARAMS_MAX && params_get(p, member->string) == NULL))
        return LOA_TOO_BIG;
    params_set(p, member->string, member->valuestring);
    return LOA_OK;
}

enum loa_status params_from_json(struct params *p, const char *json, size_t len)
{
    cJSON *tree = NULL;
    const cJSON *member;

    enum loa_status st = json_parse(json, len, &tree, NULL, 0);
    if (st == LOA_OK && !cJSON_IsObject(tree))
        st = LOA_INVALID;
    if (st == LOA_OK) {
        cJSON_ArrayForEach(member, tree)
        {
            if (st == LOA_OK)
                st = read_member(p, member);
        }
    }
    cJSON_Delete(tree);
    return st;
}
