/* variables.ini: what differs from province to province and, in a section of its own, from unit to unit. */
#include "faq_inside.h"
#include "loa/ini.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <stdlib.h>
#include <string.h>

#define VARIABLES_MAX 4000 /* a province of two hundred units, each with its address, hours and number */

struct reading {
    struct faq_variables *out;
    struct errors *err;
    bool failed;
};

static uint64_t key_of(const char *unit, const char *name, size_t n)
{
    return faq_hash_pair(11, faq_hash(0, unit, strlen(unit)), faq_hash(0, name, n));
}

static const char *value_of(const struct faq_variables *v, const char *unit, const char *name, size_t n)
{
    uint32_t i = faq_map_get(&v->by_name, key_of(unit, name, n));
    return i == FAQ_NONE ? NULL : v->value[i];
}

static void variable_item(void *ctx, const struct ini_item *item)
{
    struct reading *rd = ctx;
    struct faq_variables *v = rd->out;
    if (item->key == NULL)
        return;
    bool unknown = *item->section != '\0' && value_of(v, "", item->key, strlen(item->key)) == NULL;
    if (unknown || value_of(v, item->section, item->key, strlen(item->key)) != NULL ||
        v->count == VARIABLES_MAX) {
        fault_at(rd->err, item->path, item->line, unknown ? "unknown" : "twice",
                 unknown ? "biến %s của đơn vị phải có cả ở phần chung phía trên"
                         : "biến %s đã có ở dòng trên, hoặc quá nhiều biến",
                 unknown ? "variable %s of a unit must stand in the common part above too"
                         : "variable %s stands above already, or there are too many",
                 item->key);
        rd->failed = true;
        return;
    }
    v->value = faq_room_for(v->value, v->count, sizeof *v->value);
    v->value[faq_map_put(&v->by_name, key_of(item->section, item->key, strlen(item->key)), v->count)] =
        mem_strdup(item->value);
    v->count++;
}

enum loa_status faq_variables_read(const char *path, struct errors *err, struct faq_variables *out)
{
    struct reading rd = { .out = out, .err = err };
    enum loa_status st = ini_read(path, err, variable_item, &rd);
    return st == LOA_OK && rd.failed ? LOA_INVALID : st;
}

void faq_variables_clear(struct faq_variables *v)
{
    for (uint32_t i = 0; i < v->count; i++)
        free(v->value[i]);
    free(v->value);
    faq_map_clear(&v->by_name);
    *v = (struct faq_variables){ 0 };
}

bool faq_variables_fill(const struct faq_variables *v, const char *unit, const char *text, struct buf *out,
                        char missing[FAQ_VARIABLE_MAX])
{
    const char *open, *close;
    missing[0] = '\0';
    while ((open = strstr(text, "{{")) != NULL && (close = strstr(open, "}}")) != NULL) {
        const char *name = open + 2, *value = NULL;
        size_t n = (size_t)(close - name);
        if (unit != NULL && *unit != '\0')
            value = value_of(v, unit, name, n);
        if (value == NULL)
            value = value_of(v, "", name, n);
        if (value == NULL && missing[0] == '\0') {
            n = n < FAQ_VARIABLE_MAX - 1 ? n : FAQ_VARIABLE_MAX - 1;
            memcpy(missing, name, n);
            missing[n] = '\0';
        }
        buf_add(out, text, (size_t)(open - text));
        buf_str(out, value == NULL ? "" : value);
        text = close + 2;
    }
    buf_str(out, text);
    return missing[0] == '\0' && buf_ok(out);
}
