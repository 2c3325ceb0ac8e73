#include "sim_cards.h"
#include "loa/mem.h"
#include "loa/phone.h"
#include "loa/text.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (64 * 1024)
#define CARDS_MAX      200

struct sim_cards {
    struct sim_card *list[CARDS_MAX];
    unsigned count;
};

/* Zalo's parameter types: the ceiling in characters, and what the value must look like. */
enum form { FORM_TEXT, FORM_PHONE, FORM_NUMBER, FORM_DATE, FORM_URL, FORM_MONEY };
static const struct param_type {
    const char *number, *word;
    unsigned max;
    enum form form;
} param_types[] = {
    { "1", "customer_name", 30, FORM_TEXT }, { "2", "phone", 15, FORM_PHONE },
    { "3", "address", 200, FORM_TEXT },      { "4", "code", 30, FORM_TEXT },
    { "5", "custom_label", 30, FORM_TEXT },  { "6", "transaction_status", 30, FORM_TEXT },
    { "7", "contact", 50, FORM_TEXT },       { "8", "gender", 5, FORM_TEXT },
    { "9", "product", 200, FORM_TEXT },      { "10", "quantity", 20, FORM_NUMBER },
    { "11", "date", 20, FORM_DATE },         { "12", "otp", 10, FORM_TEXT },
    { "13", "url", 200, FORM_URL },          { "14", "currency", 12, FORM_MONEY },
    { "15", "bank_note", 90, FORM_TEXT },
};
static const struct param_type any_type = { "", "", 400, FORM_TEXT };

static const struct param_type *type_of(const cJSON *param)
{
    const cJSON *type = json_get(param, "type");
    char number[16] = "";

    if (cJSON_IsNumber(type))
        snprintf(number, sizeof number, "%d", type->valueint);
    const char *word = cJSON_IsString(type) ? type->valuestring : number;
    for (size_t i = 0; i < sizeof param_types / sizeof param_types[0]; i++)
        if (strcmp(param_types[i].number, word) == 0 || strcasecmp(param_types[i].word, word) == 0)
            return &param_types[i];
    return &any_type;
}

/* ---- loading ---- */

/* Tags are written as numbers, and read as the words Zalo answers with. */
static const char *tag_word(const char *tag)
{
    static const char *const words[] = { "TRANSACTION", "CUSTOMER_CARE", "PROMOTION" };

    for (size_t i = 0; i < 3; i++)
        if (strcmp(tag, words[i]) == 0 || (tag[0] == '1' + (char)i && tag[1] == '\0'))
            return words[i];
    return words[0];
}

struct sim_card *sim_cards_add(struct sim_cards *c, cJSON *tree)
{
    int64_t id;
    struct sim_card *card;

    if (!cJSON_IsObject(tree) || c->count == CARDS_MAX || json_str(tree, "template_id") == NULL ||
        !json_int(tree, "template_id", &id)) {
        cJSON_Delete(tree);
        return NULL;
    }
    card = c->list[c->count++] = mem_alloc(sizeof *card);
    card->tree = tree;
    card->id = json_str(tree, "template_id");
    card->title = json_str_or(tree, "title", "");
    card->tag = tag_word(json_str_or(tree, "tag", "1"));
    card->params = json_get(tree, "params");
    card->rows = json_get(tree, "rows");
    card->buttons = json_get(tree, "buttons");
    card->paragraphs = json_get(tree, "paragraphs");
    json_int(tree, "price_sdt", &card->price_phone);
    json_int(tree, "price_uid", &card->price_uid);
    card->status = "ENABLE";
    card->quality = "HIGH";
    return card;
}

static void load_file(struct sim_cards *c, const char *path, struct errors *err)
{
    struct buf text = BUF_INIT(FILE_MAX_BYTES);
    char why[160] = "";
    cJSON *tree = NULL;
    enum loa_status st = buf_read_file(&text, path);

    if (st == LOA_OK && json_parse(text.data, text.len, &tree, why, sizeof why) != LOA_OK)
        errors_addf(err, path, "json", "tệp không phải JSON hợp lệ", "not JSON: %s", why);
    else if (st == LOA_OK && sim_cards_add(c, tree) == NULL)
        errors_addf(err, path, "template_id", "thiếu template_id (chuỗi chữ số)",
                    "needs template_id, a string of digits");
    else if (st != LOA_OK && st != LOA_NOT_FOUND)
        errors_addf(err, path, "io", "không đọc được tệp", "cannot be read");
    buf_clear(&text);
}

/* A kind has one template, and one more for each variant: zalo_template.post.json. */
/* A kind has one template, and one more for each variant: zalo_template.post.json. */
enum loa_status sim_cards_load(const char *dir, struct errors *err, struct sim_cards **out)
{
    struct sim_cards *c = mem_alloc(sizeof *c);
    unsigned before = err->total;
    char pattern[1024];
    glob_t files;

    snprintf(pattern, sizeof pattern, "%s/*/zalo_template*.json", dir);
    if (glob(pattern, 0, NULL, &files) == 0) {
        for (size_t i = 0; i < files.gl_pathc; i++)
            load_file(c, files.gl_pathv[i], err);
        globfree(&files);
    }
    if (err->total != before) {
        sim_cards_free(c);
        return LOA_INVALID;
    }
    *out = c;
    return LOA_OK;
}

void sim_cards_free(struct sim_cards *c)
{
    if (c == NULL)
        return;
    for (unsigned i = 0; i < c->count; i++) {
        cJSON_Delete(c->list[i]->tree);
        free(c->list[i]);
    }
    free(c);
}

struct sim_card *sim_cards_find(const struct sim_cards *c, const char *template_id)
{
    for (unsigned i = 0; i < c->count; i++)
        if (strcmp(c->list[i]->id, template_id) == 0)
            return c->list[i];
    return NULL;
}

unsigned sim_cards_count(const struct sim_cards *c)
{
    return c->count;
}

struct sim_card *sim_cards_at(const struct sim_cards *c, unsigned i)
{
    return c->list[i];
}

static const char *known(const char *const words[], const char *w)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], w) == 0)
            return words[i];
    return NULL;
}

const char *sim_card_status_word(const char *w)
{
    static const char *const words[] = { "ENABLE", "PENDING_REVIEW", "REJECT", "DISABLE", NULL };
    return known(words, w);
}

const char *sim_card_quality_word(const char *w)
{
    static const char *const words[] = { "HIGH", "MEDIUM", "LOW", "UNDEFINED", NULL };
    return known(words, w);
}

/* ---- checking ---- */

/* Does `s` follow the pattern: 9 stands for a digit, everything else for itself? */
static bool looks_like(const char *s, const char *pattern)
{
    for (; *pattern != '\0'; s++, pattern++)
        if (*pattern == '9' ? *s < '0' || *s > '9' : *s != *pattern)
            return false;
    return *s == '\0';
}

static bool is_date(const char *s)
{
    static const char *const patterns[] = { "99:99:99",         "99:99",      "99:99:99 99/99/9999",
                                            "99:99 99/99/9999", "99/99/9999", "99/9999" };
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if (looks_like(s, patterns[i]))
            return true;
    return false;
}

static bool is_digits(const char *s)
{
    return s[0] != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static bool has_form(enum form form, const char *s)
{
    switch (form) {
    case FORM_PHONE:
        return phone_parse(s).kind != PHONE_BAD;
    case FORM_NUMBER:
    case FORM_MONEY:
        return is_digits(s) && strspn(s, "0") != strlen(s);
    case FORM_DATE:
        return is_date(s);
    case FORM_URL:
        return strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0;
    default:
        return true;
    }
}

static size_t length_nfc(const char *s)
{
    struct buf nfc = BUF_INIT(64 * 1024);

    text_nfc(&nfc, s, strlen(s));
    size_t n = text_length(buf_cstr(&nfc), nfc.len);
    buf_clear(&nfc);
    return n;
}

static unsigned max_length(const cJSON *param, const struct param_type *type)
{
    int64_t own;

    if (json_int(param, "max_length", &own) && own > 0 && own < type->max)
        return (unsigned)own;
    return type->max;
}

static const char *check_value(const cJSON *param, const cJSON *value)
{
    const struct param_type *type = type_of(param);
    bool required = json_bool_or(param, "require", true);

    if (value == NULL)
        return required ? "-1122" : NULL;
    if (!cJSON_IsString(value))
        return "-112";
    if (value->valuestring[0] == '\0')
        return required ? "-1122" : NULL;
    if (length_nfc(value->valuestring) > max_length(param, type))
        return "-1121";
    return has_form(type->form, value->valuestring) ? NULL : "-1124";
}

static bool has_param(const struct sim_card *card, const char *name)
{
    const cJSON *p;

    cJSON_ArrayForEach(p, card->params) if (strcmp(json_str_or(p, "name", ""), name) == 0) return true;
    return false;
}

const char *sim_card_check(const struct sim_card *card, const cJSON *data, const char **name)
{
    const cJSON *p;

    *name = "";
    if (data == NULL ||
        (cJSON_IsObject(data) && data->child == NULL && card->params != NULL && card->params->child != NULL))
        return "-111";
    if (!cJSON_IsObject(data))
        return "-112";
    cJSON_ArrayForEach(p, card->params)
    {
        *name = json_str_or(p, "name", "");
        const char *code = check_value(p, json_get(data, *name));
        if (code != NULL)
            return code;
    }
    cJSON_ArrayForEach(p, data)
    {
        *name = p->string;
        if (!has_param(card, p->string))
            return "-132";
    }
    *name = "";
    return NULL;
}

/* ---- drawing ---- */

/* Copies `text` with <name> replaced by the value of that parameter, by nothing when it was not given; a name
 * that is no parameter stays. */
static void fill(struct buf *out, const struct sim_card *card, const char *text, const cJSON *data)
{
    char name[64];

    while (*text != '\0') {
        const char *end = *text == '<' ? strchr(text, '>') : NULL;
        if (end != NULL && (size_t)(end - text - 1) < sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)(end - text - 1), text + 1);
            if (has_param(card, name)) {
                buf_str(out, json_str(data, name));
                text = end + 1;
                continue;
            }
        }
        buf_char(out, *text++);
    }
}

static cJSON *filled(const struct sim_card *card, const char *text, const cJSON *data)
{
    struct buf b = BUF_INIT(8192);

    fill(&b, card, text != NULL ? text : "", data);
    cJSON *s = cJSON_CreateString(buf_cstr(&b));
    buf_clear(&b);
    return s;
}

static const char *string_of(const cJSON *v)
{
    return cJSON_IsString(v) ? v->valuestring : "";
}

static cJSON *draw_paragraphs(const struct sim_card *card, const cJSON *data, struct buf *text)
{
    cJSON *list = cJSON_CreateArray();
    const cJSON *p;

    cJSON_ArrayForEach(p, card->paragraphs)
    {
        cJSON *s = filled(card, string_of(p), data);
        buf_printf(text, "\n%s", s->valuestring);
        cJSON_AddItemToArray(list, s);
    }
    return list;
}

static cJSON *draw_rows(const struct sim_card *card, const cJSON *data, struct buf *text)
{
    cJSON *list = cJSON_CreateArray();
    const cJSON *row;

    cJSON_ArrayForEach(row, card->rows)
    {
        cJSON *o = cJSON_CreateObject(), *value = filled(card, json_str(row, "value"), data);
        if (value->valuestring[0] == '\0') { /* an optional one that was not given */
            cJSON_Delete(value);
            cJSON_Delete(o);
            continue;
        }
        buf_printf(text, "\n%s: %s", json_str_or(row, "label", ""), value->valuestring);
        cJSON_AddStringToObject(o, "label", json_str_or(row, "label", ""));
        cJSON_AddItemToObject(o, "value", value);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

static cJSON *draw_buttons(const struct sim_card *card, const cJSON *data, struct buf *text)
{
    cJSON *list = cJSON_CreateArray();
    const cJSON *b;

    cJSON_ArrayForEach(b, card->buttons)
    {
        const char *content = json_str(b, "content");
        cJSON *o = cJSON_CreateObject(),
              *target = filled(card, content != NULL ? content : json_str(b, "url"), data);
        buf_printf(text, "\n[%s] %s", json_str_or(b, "title", ""), target->valuestring);
        cJSON_AddStringToObject(o, "title", json_str_or(b, "title", ""));
        cJSON_AddItemToObject(o, "content", target);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

void sim_card_draw(const struct sim_card *card, const cJSON *data, struct buf *text, struct buf *detail)
{
    cJSON *o = cJSON_CreateObject(), *drawn = cJSON_AddObjectToObject(o, "card");
    cJSON *title = filled(card, card->title, data);

    buf_str(text, title->valuestring);
    cJSON_AddItemToObject(drawn, "title", title);
    cJSON_AddItemToObject(drawn, "paragraphs", draw_paragraphs(card, data, text));
    cJSON_AddItemToObject(drawn, "rows", draw_rows(card, data, text));
    cJSON_AddItemToObject(drawn, "buttons", draw_buttons(card, data, text));
    json_print(o, detail);
    cJSON_Delete(o);
}
