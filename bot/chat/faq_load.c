/* Reads entries.json with the province's values of variables.ini; makes and frees the whole. */
#include "faq_inside.h"
#include "loa/ini.h"
#include "loa/json.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX   1000
#define PHRASINGS_MAX 200
#define ANSWER_MAX    4000
#define VARIABLES_MAX 200

struct variable {
    char *name, *value;
};

struct loading {
    struct faq *f;
    struct errors *err;
    const char *path;
    const char *text; /* the file: to find the line of an id */
    struct variable variables[VARIABLES_MAX];
    unsigned count;
    bool failed;
};

/* ---- variables.ini ---- */

static const char *value_of(const struct loading *l, const char *name, size_t n)
{
    for (unsigned i = 0; i < l->count; i++)
        if (strlen(l->variables[i].name) == n && memcmp(l->variables[i].name, name, n) == 0)
            return l->variables[i].value;
    return NULL;
}

static void variable_item(void *ctx, const struct ini_item *item)
{
    struct loading *l = ctx;
    if (item->key == NULL)
        return;
    if (value_of(l, item->key, strlen(item->key)) != NULL || l->count == VARIABLES_MAX) {
        fault_at(l->err, item->path, item->line, "twice", "biến %s đã có ở dòng trên, hoặc quá nhiều biến",
                 "variable %s stands above already, or there are too many", item->key);
        l->failed = true;
        return;
    }
    l->variables[l->count++] = (struct variable){ mem_strdup(item->key), mem_strdup(item->value) };
}

static void variables_free(struct loading *l)
{
    for (unsigned i = 0; i < l->count; i++) {
        free(l->variables[i].name);
        free(l->variables[i].value);
    }
}

/* ---- entries.json ---- */

/* cJSON knows no lines: the one where the id stands is the best place to point at. */
static unsigned line_of(const struct loading *l, const char *id)
{
    unsigned line = 1;
    char quoted[100];
    snprintf(quoted, sizeof quoted, "\"%.90s\"", id);
    const char *at = strstr(l->text, quoted);
    for (const char *p = l->text; at != NULL && p < at; p++)
        line += *p == '\n';
    return at == NULL ? 0 : line;
}

static void entry_fault(struct loading *l, const char *id, const char *vi, const char *en, const char *what)
{
    char said_vi[300], said_en[300];
    snprintf(said_vi, sizeof said_vi, "%.90s: %s %s", id, vi, what);
    snprintf(said_en, sizeof said_en, "%.90s: %s %s", id, en, what);
    fault_add(l->err, l->path, line_of(l, id), "bad_entry", said_vi, said_en);
    l->failed = true;
}

/* Copies `text` with every {{name}} replaced by the province's value. */
static char *fill_in(struct loading *l, const char *id, const char *text)
{
    struct buf out = BUF_INIT(ANSWER_MAX);
    const char *open;
    while ((open = strstr(text, "{{")) != NULL) {
        const char *close = strstr(open, "}}");
        if (close == NULL)
            break;
        const char *value = value_of(l, open + 2, (size_t)(close - open - 2));
        buf_add(&out, text, (size_t)(open - text));
        if (value != NULL)
            buf_str(&out, value);
        else {
            char name[64];
            snprintf(name, sizeof name, "%.*s", (int)(close - open - 2), open + 2);
            entry_fault(l, id, "variables.ini thiếu giá trị", "variables.ini lacks the value of", name);
        }
        text = close + 2;
    }
    buf_str(&out, text);
    if (!buf_ok(&out))
        entry_fault(l, id, "câu trả lời dài quá", "the answer is too long", "(4000)");
    char *whole = mem_strdup(buf_cstr(&out));
    buf_clear(&out);
    return whole;
}

static const char *needed(struct loading *l, const cJSON *e, const char *id, const char *key)
{
    const char *s = json_str(e, key);
    if (s == NULL || *s == '\0') {
        entry_fault(l, id, "thiếu mục", "lacks the member", key);
        return "";
    }
    return s;
}

static void read_phrasings(struct loading *l, const cJSON *e, struct faq_source *out)
{
    const cJSON *variants = json_get(e, "variants"), *v;
    out->phrasing = mem_alloc((PHRASINGS_MAX + 1) * sizeof *out->phrasing);
    out->phrasing[out->phrasings++] = mem_strdup(out->shown.question);
    cJSON_ArrayForEach(v, variants)
    {
        if (!cJSON_IsString(v) || v->valuestring[0] == '\0' || out->phrasings > PHRASINGS_MAX)
            entry_fault(l, out->shown.id, "variants phải là danh sách câu, nhiều nhất 200",
                        "variants is a list of sentences, at most 200", "");
        else
            out->phrasing[out->phrasings++] = mem_strdup(v->valuestring);
    }
}

static void read_entry(struct loading *l, const cJSON *e)
{
    struct faq *f = l->f;
    const char *id = json_str(e, "id");
    if (id == NULL || *id == '\0' || f->count == ENTRIES_MAX) {
        fault_add(l->err, l->path, 0, "bad_entry", "mỗi mục cần “id”; nhiều nhất 1000 mục",
                  "every entry needs \"id\"; at most 1000 entries");
        l->failed = true;
        return;
    }
    if (faq_find(f, id) >= 0)
        entry_fault(l, id, "id này dùng hai lần", "this id is used twice", "");
    f->entry = mem_resize(f->entry, (f->count + 1) * sizeof *f->entry);
    struct faq_source *s = &f->entry[f->count++];
    memset(s, 0, sizeof *s);
    s->owned[0] = mem_strdup(id);
    s->owned[1] = mem_strdup(json_str_or(e, "topic", ""));
    s->owned[2] = mem_strdup(needed(l, e, id, "question"));
    s->owned[3] = fill_in(l, id, needed(l, e, id, "answer"));
    s->owned[4] = mem_strdup(needed(l, e, id, "source"));
    s->owned[5] = fill_in(l, id, json_str_or(e, "date", "{{content_date}}"));
    s->shown =
        (struct faq_entry){ s->owned[0], s->owned[1], s->owned[2], s->owned[3], s->owned[4], s->owned[5] };
    read_phrasings(l, e, s);
}

static void read_list(struct loading *l, const struct buf *text)
{
    cJSON *list = NULL;
    char why[160];
    const cJSON *e;
    if (json_parse(text->data, text->len, &list, why, sizeof why) != LOA_OK || !cJSON_IsArray(list)) {
        fault_at(l->err, l->path, 0, "bad_json", "tệp phải là một danh sách JSON: %s",
                 "the file must be a JSON array: %s", list == NULL ? why : "[ … ]");
        l->failed = true;
    } else {
        cJSON_ArrayForEach(e, list) read_entry(l, e);
        if (l->f->count == 0) {
            fault_add(l->err, l->path, 0, "empty", "chưa có mục nào", "there is no entry");
            l->failed = true;
        }
    }
    cJSON_Delete(list);
}

enum loa_status faq_entries_read(const char *dir, struct errors *err, struct faq *f)
{
    char path[512];
    struct loading l = { .f = f, .err = err, .path = path };
    struct buf text = BUF_INIT(TEXT_FILE_MAX_BYTES);

    snprintf(path, sizeof path, "%s/variables.ini", dir);
    enum loa_status st = ini_read(path, err, variable_item, &l);
    snprintf(path, sizeof path, "%s/entries.json", dir);
    enum loa_status read = text_file_read(path, err, &text);
    if (read == LOA_OK) {
        l.text = buf_cstr(&text);
        read_list(&l, &text);
    }
    variables_free(&l);
    buf_clear(&text);
    if (st == LOA_OK)
        st = read;
    return st == LOA_OK && l.failed ? LOA_INVALID : st;
}

/* ---- the whole ---- */

static void working_memory(struct faq *f)
{
    uint32_t phrasings = f->index.phrasings;
    f->score = mem_alloc(f->count * sizeof(float));
    f->best = mem_alloc(f->count * sizeof(float));
    f->letters = mem_alloc(f->count * sizeof(float));
    f->total = mem_alloc(f->count * sizeof(float));
    f->phrasing_score = mem_alloc(phrasings * sizeof(float));
    f->gram_score = mem_alloc(phrasings * sizeof(float));
}

enum loa_status faq_load(const char *dir, struct errors *err, struct faq **out)
{
    struct faq *f = mem_alloc(sizeof *f);
    char path[512];

    snprintf(path, sizeof path, "%s/gate.ini", dir);
    enum loa_status gate = faq_gate_read(path, err, &f->gate);
    enum loa_status entries = faq_entries_read(dir, err, f);
    enum loa_status st = faq_tables_read(dir, err, f);
    if (st == LOA_OK)
        st = entries != LOA_OK ? entries : gate;
    if (st != LOA_OK) {
        faq_free(f);
        return st;
    }
    faq_index_build(f);
    working_memory(f);
    *out = f;
    return LOA_OK;
}

static void source_clear(struct faq_source *s)
{
    for (unsigned i = 0; i < s->phrasings; i++)
        free(s->phrasing[i]);
    free(s->phrasing);
    for (unsigned i = 0; i < sizeof s->owned / sizeof *s->owned; i++)
        free(s->owned[i]);
}

void faq_free(struct faq *f)
{
    if (f == NULL)
        return;
    for (uint32_t i = 0; i < f->count; i++)
        source_clear(&f->entry[i]);
    free(f->entry);
    for (uint32_t i = 0; i < f->concepts; i++)
        free(f->concept[i]);
    free(f->concept);
    free(f->teencode.row);
    faq_map_clear(&f->teencode.by_token);
    faq_vocab_clear(&f->vocab);
    faq_phrases_clear(&f->phrases);
    faq_rules_clear(&f->unsupported);
    faq_rules_clear(&f->smalltalk);
    faq_rules_clear(&f->urgent);
    faq_index_clear(&f->index);
    free(f->score);
    free(f->best);
    free(f->letters);
    free(f->total);
    free(f->phrasing_score);
    free(f->gram_score);
    free(f);
}

unsigned faq_check(const char *dir, struct errors *err)
{
    struct faq *f = NULL;
    unsigned entries = faq_load(dir, err, &f) == LOA_OK ? f->count : 0;
    faq_free(f);
    return entries;
}

unsigned faq_count(const struct faq *f)
{
    return f->count;
}

const struct faq_entry *faq_entry(const struct faq *f, unsigned i)
{
    return &f->entry[i].shown;
}

int faq_find(const struct faq *f, const char *id)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (strcmp(f->entry[i].shown.id, id) == 0)
            return (int)i;
    return -1;
}
