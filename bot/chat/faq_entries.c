/*
 * Reads the entries: entries.json as delivered, where every fault counts; over it what staff approved here,
 * where a fault costs that entry alone.
 */
#include "faq_inside.h"
#include "loa/json.h"
#include "loa/local_time.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX   1000
#define PHRASINGS_MAX 200

struct loading {
    struct faq *f;
    struct errors *err;
    const char *path;
    const char *text; /* the file: to find the line of an id */
    bool own;         /* approved here: takes the place of a delivered entry of the same id */
    bool failed;      /* the entry being read has a fault */
    unsigned faults;  /* entries with a fault */
};

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
    struct buf out = BUF_INIT(FAQ_ANSWER_MAX);
    char missing[FAQ_VARIABLE_MAX];
    if (!faq_variables_fill(&l->f->variables, "", text, &out, missing)) {
        if (missing[0] != '\0')
            entry_fault(l, id, "variables.ini thiếu giá trị", "variables.ini lacks the value of", missing);
        else
            entry_fault(l, id, "câu trả lời dài quá", "the answer is too long", "(4000)");
    }
    char *whole = mem_strdup(buf_cstr(&out));
    buf_clear(&out);
    return whole;
}

static char *needed(struct loading *l, const cJSON *e, const char *id, const char *key)
{
    const char *s = json_str(e, key);
    if (s == NULL || *s == '\0')
        entry_fault(l, id, "thiếu mục", "lacks the member", key);
    return mem_strdup(s == NULL ? "" : s);
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

static void read_members(struct loading *l, const cJSON *e, const char *id, struct faq_source *out)
{
    const char *expires = json_str_or(e, "expires", "");
    out->owned[FO_ID] = mem_strdup(id);
    out->owned[FO_TOPIC] = mem_strdup(json_str_or(e, "topic", ""));
    out->owned[FO_QUESTION] = needed(l, e, id, "question");
    out->owned[FO_TEMPLATE] = needed(l, e, id, "answer");
    out->owned[FO_ANSWER] = fill_in(l, id, out->owned[FO_TEMPLATE]);
    out->owned[FO_SOURCE] = needed(l, e, id, "source");
    out->owned[FO_DATE] = fill_in(l, id, json_str_or(e, "date", "{{content_date}}"));
    out->owned[FO_EXPIRES] = mem_strdup(expires);
    out->last_day = INT64_MAX;
    if (*expires != '\0' && !date_parse_day(expires, &out->last_day))
        entry_fault(l, id, "expires phải là ngày dạng 2026-12-31, không phải",
                    "expires is a day like 2026-12-31, not", expires);
    out->shown = (struct faq_entry){
        .id = out->owned[FO_ID],
        .topic = out->owned[FO_TOPIC],
        .question = out->owned[FO_QUESTION],
        .answer = out->owned[FO_ANSWER],
        .source = out->owned[FO_SOURCE],
        .date = out->owned[FO_DATE],
        .expires = out->owned[FO_EXPIRES],
    };
    read_phrasings(l, e, out);
}

/* Faultless entries join; of two with one id the own one stays. */
static void keep(struct loading *l, struct faq_source *s)
{
    struct faq *f = l->f;
    int known = faq_find(f, s->shown.id);
    if (known >= 0 && !l->own)
        entry_fault(l, s->shown.id, "id này dùng hai lần", "this id is used twice", "");
    if (l->failed) {
        faq_source_clear(s);
        l->faults++;
    } else if (known >= 0) {
        faq_source_clear(&f->entry[known]);
        f->entry[known] = *s;
    } else {
        f->entry = faq_room_for(f->entry, f->count, sizeof *f->entry);
        f->entry[f->count++] = *s;
    }
}

static void read_entry(struct loading *l, const cJSON *e)
{
    struct faq_source s = { 0 };
    const char *id = json_str(e, "id");
    if (id == NULL || *id == '\0' || l->f->count == ENTRIES_MAX) {
        fault_add(l->err, l->path, 0, "bad_entry", "mỗi mục cần “id”; nhiều nhất 1000 mục",
                  "every entry needs \"id\"; at most 1000 entries");
        l->faults++;
        return;
    }
    l->failed = false;
    read_members(l, e, id, &s);
    keep(l, &s);
}

/* One entry, or a list of them. */
static void read_json(struct loading *l, const struct buf *text)
{
    cJSON *json = NULL;
    char why[160] = "[ … ]";
    const cJSON *e;
    if (json_parse(text->data, text->len, &json, why, sizeof why) == LOA_OK && cJSON_IsArray(json)) {
        cJSON_ArrayForEach(e, json) read_entry(l, e);
    } else if (cJSON_IsObject(json)) {
        read_entry(l, json);
    } else {
        fault_at(l->err, l->path, 0, "bad_json", "tệp phải là một danh sách JSON: %s",
                 "the file must be a JSON array: %s", why);
        l->faults++;
    }
    cJSON_Delete(json);
}

static enum loa_status read_file(struct loading *l)
{
    struct buf text = BUF_INIT(TEXT_FILE_MAX_BYTES);
    enum loa_status st = text_file_read(l->path, l->err, &text);
    if (st == LOA_OK) {
        l->text = buf_cstr(&text);
        read_json(l, &text);
    }
    buf_clear(&text);
    return st == LOA_OK && l->faults > 0 ? LOA_INVALID : st;
}

enum loa_status faq_entries_read(const char *dir, struct errors *err, struct faq *f)
{
    char path[512];
    struct loading l = { .f = f, .err = err, .path = path };

    snprintf(path, sizeof path, "%s/variables.ini", dir);
    enum loa_status variables = faq_variables_read(path, err, &f->variables);
    snprintf(path, sizeof path, "%s/entries.json", dir);
    enum loa_status st = read_file(&l);
    if (st == LOA_OK && f->count == 0) {
        fault_add(err, path, 0, "empty", "chưa có mục nào", "there is no entry");
        st = LOA_INVALID;
    }
    return variables != LOA_OK ? variables : st;
}

static int is_json(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');
    return d->d_name[0] != '.' && dot != NULL && strcmp(dot, ".json") == 0;
}

void faq_entries_own(const char *dir, struct errors *skipped, struct faq *f)
{
    struct dirent **file = NULL;
    int n = scandir(dir, &file, is_json, alphasort); /* no such directory: nothing was approved yet */
    for (int i = 0; i < n; i++) {
        char path[800];
        struct loading l = { .f = f, .err = skipped, .path = path, .own = true };
        snprintf(path, sizeof path, "%s/%s", dir, file[i]->d_name);
        if (read_file(&l) != LOA_OK)
            f->skipped += l.faults > 0 ? l.faults : 1; /* at least the file itself */
        free(file[i]);
    }
    free(file);
}

void faq_source_clear(struct faq_source *s)
{
    for (unsigned i = 0; i < s->phrasings; i++)
        free(s->phrasing[i]);
    free(s->phrasing);
    for (unsigned i = 0; i < FO_COUNT; i++)
        free(s->owned[i]);
}
