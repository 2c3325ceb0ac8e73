#include "loa/json.h"
#include "loa/mem.h"
#include "loa/template_set.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Zalo's limits per parameter type, 1 … 15 (ZBS template documentation, 2026-08). */
static const unsigned type_max[] = { 0, 30, 15, 200, 30, 30, 30, 50, 5, 200, 20, 20, 10, 200, 12, 90 };
#define TYPE_MAX   15
#define TYPE_TIME  11
#define TYPE_MONEY 14

struct zbs_loading {
    const char *path, *text;
    const struct param_catalog *params;
    struct errors *err;
    struct zbs_template *out;
    bool failed;
};

/* cJSON keeps no line numbers: the line where this word first stands in quotes. */
static unsigned line_of(const char *text, const char *word)
{
    char quoted[128];
    unsigned line = 1;

    snprintf(quoted, sizeof quoted, "\"%s", word);
    const char *at = strstr(text, quoted);
    for (const char *p = text; at != NULL && p < at; p++)
        line += *p == '\n';
    return line;
}

#define FAULT(l, word, vi, ...)                                                                              \
    do {                                                                                                     \
        fault_at((l)->err, (l)->path, line_of((l)->text, word), "bad_zbs", vi, __VA_ARGS__);                 \
        (l)->failed = true;                                                                                  \
    } while (0)

static void check_length(struct zbs_loading *l, const char *what, const char *s, size_t min, size_t max)
{
    size_t n = text_length(s, strlen(s));

    if (n < min || n > max)
        FAULT(l, s, "%s dài %zu chữ, phải từ %zu đến %zu", "%s has %zu letters, must have %zu to %zu", what,
              n, min, max);
}

/* ---- placeholders <name> in the approved texts ---- */

static int param_index(const struct zbs_template *z, const char *name, size_t n)
{
    for (unsigned i = 0; i < z->params; i++)
        if (strlen(z->param[i].name) == n && memcmp(z->param[i].name, name, n) == 0)
            return (int)i;
    return -1;
}

static void note_placeholders(struct zbs_loading *l, const char *s, unsigned *used)
{
    for (const char *p = s; (p = strchr(p, '<')) != NULL; p++) {
        size_t n = strcspn(p + 1, ">");
        int at = param_index(l->out, p + 1, n);
        if (at >= 0)
            *used |= 1u << at;
        else
            FAULT(l, s, "<%.*s> không có trong params", "<%.*s> is not among params", (int)n, p + 1);
    }
}

/* ---- parts of the file ---- */

static bool words_ok(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n <= 40 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static void load_param(struct zbs_loading *l, const cJSON *item)
{
    struct zbs_template *z = l->out;
    const char *name = json_str_or(item, "name", ""), *value = json_str_or(item, "value", "");
    int64_t type = 0, max = 0;

    json_int(item, "type", &type);
    json_int(item, "max_length", &max);
    if (z->params == ZBS_PARAMS_MAX || !words_ok(name) || param_index(z, name, strlen(name)) >= 0) {
        FAULT(l, name, "tham số \"%s\": tên sai, trùng, hoặc quá %d tham số",
              "parameter \"%s\": bad name, twice, or more than %d", name, ZBS_PARAMS_MAX);
        return;
    }
    if (type < 1 || type > TYPE_MAX || max < 1 || max > type_max[type]) {
        FAULT(l, name, "\"%s\": type phải từ 1 đến 15 và max_length từ 1 đến mức của kiểu (%u)",
              "\"%s\": type must be 1 to 15 and max_length 1 to the type's limit (%u)", name,
              type >= 1 && type <= TYPE_MAX ? type_max[type] : 0);
        return;
    }
    struct zbs_param *p = &z->param[z->params++];
    *p = (struct zbs_param){ .name = mem_strdup(name),
                             .type = (int)type,
                             .max_length = (unsigned)max,
                             .require = json_bool_or(item, "require", true) };
    program_init(&p->value);
    struct parse_input in = { .path = l->path,
                              .line = line_of(l->text, name),
                              .text = value,
                              .len = strlen(value),
                              .form = FORM_LINE,
                              .bare_ok = true,
                              .params = l->params,
                              .err = l->err };
    if (*value == '\0')
        FAULT(l, name, "\"%s\": thiếu value", "\"%s\": no value", name);
    else if (program_parse(&p->value, &in) != LOA_OK)
        l->failed = true;
}

static void load_paragraphs(struct zbs_loading *l, const cJSON *list, unsigned *used)
{
    const cJSON *item;
    int n = cJSON_GetArraySize(list);

    if (n < 1 || n > 4)
        FAULT(l, "paragraphs", "cần 1 đến 4 đoạn, đang có %d", "1 to 4 paragraphs, not %d", n);
    cJSON_ArrayForEach(item, list)
    {
        const char *s = cJSON_IsString(item) ? item->valuestring : "";
        check_length(l, "paragraph", s, 9, 400);
        note_placeholders(l, s, used);
        if (strstr(s, "http") != NULL || strstr(s, "www.") != NULL)
            FAULT(l, s, "đường dẫn chỉ được đặt ở nút (%s)", "links belong in buttons (%s)", "paragraphs");
    }
}

static void load_rows(struct zbs_loading *l, const cJSON *list, unsigned *used)
{
    const cJSON *item;
    int n = cJSON_GetArraySize(list);

    if (n < 2 || n > 8)
        FAULT(l, "rows", "bảng cần 2 đến 8 hàng, đang có %d", "2 to 8 rows, not %d", n);
    cJSON_ArrayForEach(item, list)
    {
        const char *value = json_str_or(item, "value", "");
        check_length(l, "label", json_str_or(item, "label", ""), 3, 36);
        check_length(l, "value", value, 3, 90);
        note_placeholders(l, value, used);
    }
}

static void load_buttons(struct zbs_loading *l, const cJSON *list, unsigned *used)
{
    const cJSON *item;
    int n = cJSON_GetArraySize(list);

    if (n > 2)
        FAULT(l, "buttons", "tối đa 2 nút, đang có %d", "at most 2 buttons, not %d", n);
    cJSON_ArrayForEach(item, list)
    {
        const char *content = json_str_or(item, "content", "");
        check_length(l, "button", json_str_or(item, "title", ""), 5, 30);
        note_placeholders(l, content, used);
        if (*content == '\0')
            FAULT(l, "buttons", "nút thiếu content (%s)", "a button has no content (%s)", "buttons");
    }
}

static void load_head(struct zbs_loading *l, const cJSON *tree, unsigned *used)
{
    const char *id = json_str_or(tree, "template_id", ""), *title = json_str_or(tree, "title", "");
    const char *price_uid = json_str_or(tree, "price_uid", "");
    int64_t tag = 0;

    if (*id == '\0' || strlen(id) >= sizeof l->out->id || strspn(id, "0123456789") != strlen(id))
        FAULT(l, "template_id", "template_id phải là dãy số Zalo cấp, không phải \"%s\"",
              "template_id must be Zalo's digits, not \"%s\"", id);
    snprintf(l->out->id, sizeof l->out->id, "%s", id);
    check_length(l, "title", title, 9, 65);
    note_placeholders(l, title, used);
    if (!json_int(tree, "tag", &tag) || tag < 1 || tag > 3)
        FAULT(l, "tag", "%s phải là 1, 2 hoặc 3", "%s must be 1, 2 or 3", "tag");
    l->out->by_uid = *price_uid != '\0' && strcmp(price_uid, "0") != 0;
}

static void load_tree(struct zbs_loading *l, const cJSON *tree)
{
    const cJSON *item, *params = json_get(tree, "params");
    unsigned used = 0;

    cJSON_ArrayForEach(item, params)
    {
        load_param(l, item);
    }
    load_head(l, tree, &used);
    load_paragraphs(l, json_get(tree, "paragraphs"), &used);
    load_rows(l, json_get(tree, "rows"), &used);
    load_buttons(l, json_get(tree, "buttons"), &used);
    for (unsigned i = 0; i < l->out->params; i++)
        if ((used & (1u << i)) == 0)
            FAULT(l, l->out->param[i].name, "<%s> không được dùng ở đâu", "<%s> is used nowhere",
                  l->out->param[i].name);
}

enum loa_status zbs_template_load(const char *path, const char *text, const struct param_catalog *params,
                                  struct errors *err, struct zbs_template **out)
{
    struct zbs_loading l = { .path = path,
                             .text = text,
                             .params = params,
                             .err = err,
                             .out = mem_alloc(sizeof(struct zbs_template)) };
    cJSON *tree = NULL;
    char why[160] = "";

    if (json_parse(text, strlen(text), &tree, why, sizeof why) != LOA_OK) {
        fault_at(err, path, 1, "bad_json", "JSON sai: %s", "bad JSON: %s", why);
        l.failed = true;
    } else {
        load_tree(&l, tree);
    }
    cJSON_Delete(tree);
    if (l.failed) {
        zbs_template_free(l.out);
        return LOA_INVALID;
    }
    *out = l.out;
    return LOA_OK;
}

void zbs_template_free(struct zbs_template *z)
{
    if (z == NULL)
        return;
    for (unsigned i = 0; i < z->params; i++) {
        free(z->param[i].name);
        program_clear(&z->param[i].value);
    }
    free(z);
}

/* ---- filling ---- */

/* Zalo refuses a date or an amount written any other way (-1124). */
static bool format_ok(int type, const char *v)
{
    if (type == TYPE_MONEY)
        return *v != '0' && strspn(v, "0123456789") == strlen(v);
    if (type == TYPE_TIME)
        return strspn(v, "0123456789:/ ") == strlen(v);
    return true;
}

static enum loa_status put_param(const struct zbs_param *z, const struct params *p, struct buf *value,
                                 struct buf *data, char *why, size_t why_size)
{
    buf_reset(value);
    enum loa_status st = program_render(&z->value, p, FORM_LINE, value, why, why_size);
    if (st != LOA_OK)
        return st;
    const char *v = buf_cstr(value);
    size_t letters = text_length(v, value->len);
    if (letters == 0 && z->require)
        snprintf(why, why_size, "%s: empty", z->name);
    else if (letters > z->max_length)
        snprintf(why, why_size, "%s: %zu letters, at most %u", z->name, letters, z->max_length);
    else if (letters != 0 && !format_ok(z->type, v))
        snprintf(why, why_size, "%s: not written as type %d asks", z->name, z->type);
    else {
        buf_json_string(data, z->name, strlen(z->name));
        buf_char(data, ':');
        buf_json_string(data, v, value->len);
        return LOA_OK;
    }
    return LOA_INVALID;
}

enum loa_status zbs_template_render(const struct zbs_template *z, const struct params *p, struct buf *data,
                                    char *why, size_t why_size)
{
    struct buf value = BUF_INIT(8192);
    enum loa_status st = LOA_OK;

    buf_char(data, '{');
    for (unsigned i = 0; i < z->params && st == LOA_OK; i++) {
        if (i != 0)
            buf_char(data, ',');
        st = put_param(&z->param[i], p, &value, data, why, why_size);
    }
    buf_char(data, '}');
    buf_clear(&value);
    return st;
}
