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

static int find(const struct params *p, const char *name)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strcmp(p->item[i].name, name) == 0)
            return (int)i;
    return -1;
}

const char *params_get(const struct params *p, const char *name)
{
    int at = find(p, name);
    return at < 0 ? NULL : p->item[at].value;
}

static void remove_at(struct params *p, int at)
{
    free(p->item[at].name);
    free(p->item[at].value);
    p->item[at] = p->item[--p->count];
}

static bool is_clean_ascii(const char *s)
{
    const char *p = s;
    while (*p >= ' ' && *p < 0x7f)
        p++;
    return *p == '\0' && (size_t)(p - s) <= VALUE_MAX_LETTERS;
}

/* One form for every text: NFC, no controls, no longer than we are willing to carry. NULL when nothing is
 * left. */
static char *clean(const char *value)
{
    struct buf composed = BUF_INIT(VALUE_MAX_BYTES * 4), cleaned = BUF_INIT(VALUE_MAX_BYTES * 4),
               cut = BUF_INIT(VALUE_MAX_BYTES);

    if (is_clean_ascii(value))
        return value[strspn(value, " ")] != '\0' ? mem_strdup(value) : NULL;
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
    int at = find(p, name);
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
        (p->count == PARAMS_MAX && find(p, member->string) < 0))
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
