#include "loa/mem.h"
#include "loa/text.h"
#include "loa/zalo_template.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct param {
    char name[64];
    bool required, may_be_empty;
    int64_t min, max; /* characters; -1 no limit */
};

struct entry {
    char id[40];
    bool known;
    int64_t asked_ms, learned_ms; /* wall; 0 never */
    int64_t price_sdt, price_uid; /* -1 unknown */
    unsigned count;
    struct param param[ZALO_TEMPLATE_PARAMS_MAX];
};

struct zalo_templates {
    struct entry *entry[ZALO_TEMPLATES_MAX];
    unsigned count;
};

struct zalo_templates *zalo_templates_new(void)
{
    return mem_alloc(sizeof(struct zalo_templates));
}

void zalo_templates_free(struct zalo_templates *t)
{
    if (t == NULL)
        return;
    for (unsigned i = 0; i < t->count; i++)
        free(t->entry[i]);
    free(t);
}

static struct entry *find(const struct zalo_templates *t, const char *id)
{
    for (unsigned i = 0; i < t->count; i++)
        if (strcmp(t->entry[i]->id, id) == 0)
            return t->entry[i];
    return NULL;
}

/* Over the limit, the one not asked about for longest makes room. */
static struct entry *find_or_make(struct zalo_templates *t, const char *id)
{
    struct entry *e = find(t, id);
    if (e != NULL || id[0] == '\0' || strlen(id) >= sizeof e->id)
        return e;
    if (t->count < ZALO_TEMPLATES_MAX) {
        e = t->entry[t->count++] = mem_alloc(sizeof *e);
    } else {
        e = t->entry[0];
        for (unsigned i = 1; i < t->count; i++)
            e = t->entry[i]->asked_ms < e->asked_ms ? t->entry[i] : e;
        memset(e, 0, sizeof *e);
    }
    snprintf(e->id, sizeof e->id, "%s", id);
    e->price_sdt = e->price_uid = -1;
    return e;
}

bool zalo_templates_ask(struct zalo_templates *t, const char *id, int64_t now_ms)
{
    struct entry *e = find_or_make(t, id);
    if (e == NULL || (e->known && now_ms - e->learned_ms < ZALO_TEMPLATE_FRESH_MS))
        return false;
    if (e->asked_ms != 0 && now_ms - e->asked_ms < ZALO_TEMPLATE_RETRY_MS)
        return false;
    e->asked_ms = now_ms;
    return true;
}

void zalo_templates_doubt(struct zalo_templates *t, const char *id)
{
    struct entry *e = find(t, id);
    if (e != NULL)
        e->known = false;
}

/* Prices are strings, may have decimals in some answers, and nothing else follows from them: whole đồng. */
static int64_t read_price(const cJSON *data, const char *key)
{
    const char *s = json_str(data, key);
    int64_t vnd;
    if (json_int(data, key, &vnd) && vnd >= 0)
        return vnd;
    if (s == NULL || s[0] < '0' || s[0] > '9')
        return -1;
    long long whole = strtoll(s, NULL, 10);
    return whole > INT32_MAX ? -1 : whole;
}

static bool read_param(const cJSON *item, struct param *p)
{
    const char *name = json_str(item, "name");
    if (name == NULL || name[0] == '\0' || strlen(name) >= sizeof p->name)
        return false;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->required = json_bool_or(item, "require", false);
    p->may_be_empty = json_bool_or(item, "acceptNull", false);
    if (!json_int(item, "minLength", &p->min) || p->min < 0)
        p->min = -1;
    if (!json_int(item, "maxLength", &p->max) || p->max <= 0)
        p->max = -1;
    return true;
}

enum loa_status zalo_templates_learn(struct zalo_templates *t, const char *id, const cJSON *data,
                                     int64_t now_ms)
{
    const cJSON *list = json_get(data, "listParams"), *item;
    struct entry *e = find_or_make(t, id);

    if (e == NULL || !cJSON_IsArray(list))
        return LOA_INVALID;
    e->count = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (e->count < ZALO_TEMPLATE_PARAMS_MAX && read_param(item, &e->param[e->count]))
            e->count++;
    }
    e->price_sdt = read_price(data, "price_sdt");
    e->price_uid = read_price(data, "price_uid");
    if (e->price_sdt < 0)
        e->price_sdt = read_price(data, "price");
    e->learned_ms = now_ms;
    e->known = true;
    return LOA_OK;
}

static int64_t value_length(const cJSON *value)
{
    char number[32];
    if (cJSON_IsString(value))
        return (int64_t)text_length(value->valuestring, strlen(value->valuestring));
    return snprintf(number, sizeof number, "%.15g", value->valuedouble);
}

static const char *param_fault(const struct param *p, const cJSON *value)
{
    if (value == NULL || cJSON_IsNull(value))
        return p->required && !p->may_be_empty ? "param_missing" : NULL;
    if (!cJSON_IsString(value) && !cJSON_IsNumber(value))
        return "param_type";
    int64_t length = value_length(value);
    if (length == 0)
        return p->required && !p->may_be_empty ? "param_missing" : NULL;
    if (p->max >= 0 && length > p->max)
        return "param_too_long";
    if (p->min >= 0 && length < p->min)
        return "param_too_short";
    return NULL;
}

const char *zalo_templates_fault(const struct zalo_templates *t, const char *id, const cJSON *template_data,
                                 char *param, size_t param_size)
{
    const struct entry *e = find(t, id);
    if (e == NULL || !e->known)
        return NULL;
    for (unsigned i = 0; i < e->count; i++) {
        const char *fault = param_fault(&e->param[i], json_get(template_data, e->param[i].name));
        if (fault != NULL) {
            snprintf(param, param_size, "%s", e->param[i].name);
            return fault;
        }
    }
    return NULL;
}

int64_t zalo_templates_price(const struct zalo_templates *t, const char *id, enum way way)
{
    const struct entry *e = find(t, id);
    if (e == NULL)
        return -1;
    return way == WAY_ZALO_UID ? e->price_uid : e->price_sdt;
}
