/* The tables staff edit: teencode.tsv, fillers.tsv, lexicon.tsv, unsupported.tsv, smalltalk.tsv, urgent.tsv.
 */
#include "faq_inside.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct loading {
    struct faq *f;
    struct errors *err;
    struct faq_rules *rules; /* of the file being read */
    bool failed;
};

static void row_fault(struct loading *l, const struct tsv_row *row, const char *vi, const char *en)
{
    fault_add(l->err, row->path, row->line, "bad_row", vi, en);
    l->failed = true;
}

/* ---- teencode.tsv: token, then one reading per column; no reading: the token is dropped ---- */

static void add_reading(struct faq_reading *row, const struct faq_text *words)
{
    unsigned i = row->readings++;
    for (unsigned k = 0; k < words->tokens && k < 4; k++) {
        row->written[i][k] = words->token[k].written;
        memcpy(row->word[i][row->words[i]++], words->token[k].text, FAQ_WORD_MAX);
    }
}

static void teencode_row(void *ctx, const struct tsv_row *row)
{
    static const struct faq_teencode none = { 0 };
    struct loading *l = ctx;
    struct faq_teencode *t = &l->f->teencode;
    struct faq_text token, words;

    faq_normalise(&none, &l->f->vocab, &l->f->vocab, row->cell[0], strlen(row->cell[0]), &token);
    if (token.tokens != 1) {
        row_fault(l, row, "cột đầu phải là một từ viết tắt", "the first column is one shorthand word");
        return;
    }
    const char *key = row->cell[0];                                  /* as it is typed */
    bool dropped_letter = key[1] == '\0' && row->cell[1][0] == '\0'; /* e, a: how one calls oneself */
    if (!dropped_letter && token.token[0].written == 0 && faq_is_syllable(key)) {
        row_fault(
            l, row, "từ này không dấu lại là một âm tiết thật (trùng với từ khác): viết có dấu hoặc bỏ",
            "without diacritics this is a real syllable and means other words too: write them or drop it");
        return;
    }
    uint32_t id = faq_map_put(&t->by_token, faq_hash(0, key, strlen(key)), t->count);
    if (id < t->count) {
        row_fault(l, row, "từ viết tắt này đã có ở dòng trên", "this shorthand stands above already");
        return;
    }
    t->row = mem_resize(t->row, (t->count + 1) * sizeof *t->row);
    struct faq_reading *r = &t->row[t->count++];
    memset(r, 0, sizeof *r);
    for (unsigned i = 1; i <= FAQ_ALTS_MAX && row->cell[i][0] != '\0'; i++) {
        faq_normalise(&none, &l->f->vocab, &l->f->vocab, row->cell[i], strlen(row->cell[i]), &words);
        if (words.tokens == 0 || words.tokens > 4)
            row_fault(l, row, "nghĩa của từ viết tắt phải có 1 đến 4 từ", "a reading has 1 to 4 words");
        else
            add_reading(r, &words);
    }
}

/* What comes out must read the same a second time: no reading is a shorthand itself. */
static void check_readings(struct loading *l, const char *path)
{
    const struct faq_teencode *t = &l->f->teencode;
    for (uint32_t i = 0; i < t->count; i++)
        for (unsigned k = 0; k < t->row[i].readings; k++)
            for (unsigned w = 0; w < t->row[i].words[k]; w++) {
                const char *word = t->row[i].word[k][w];
                if (faq_map_get(&t->by_token, faq_hash(0, word, strlen(word))) == FAQ_NONE)
                    continue;
                fault_at(l->err, path, 0, "bad_row",
                         "“%s” vừa là từ viết tắt vừa là nghĩa của từ viết tắt khác: bỏ một",
                         "\"%s\" is a shorthand and the reading of another one: drop one", word);
                l->failed = true;
            }
}

/* ---- phrases ---- */

static unsigned count_words(const char *s)
{
    unsigned n = 0;
    while (*(s += strspn(s, " ")) != '\0') {
        n++;
        s += strcspn(s, " ");
    }
    return n;
}

static uint32_t phrase_of(struct faq *f, const char *s)
{
    struct faq_text text;
    faq_normalise(&f->teencode, &f->vocab, &f->vocab, s, strlen(s), &text);
    return faq_phrases_add(&f->phrases, &text);
}

/* A rule decides alone, so its phrases are taken whole: "nghỉ hè" must not become "nghỉ" because teencode.tsv
 * drops the other word. FAQ_NONE then. */
static uint32_t whole_phrase_of(struct faq *f, const char *s)
{
    struct faq_text text;
    faq_normalise(&f->teencode, &f->vocab, &f->vocab, s, strlen(s), &text);
    return text.tokens < count_words(s) ? FAQ_NONE : faq_phrases_add(&f->phrases, &text);
}

static void filler_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    uint32_t id = phrase_of(l->f, row->cell[0]);
    if (id == FAQ_NONE)
        row_fault(l, row, "cụm từ phải có 1 đến 8 từ", "a phrase has 1 to 8 words");
    else
        l->f->phrases.phrase[id].filler = true;
}

static uint32_t concept_of(struct faq *f, const char *name)
{
    for (uint32_t i = 0; i < f->concepts; i++)
        if (strcmp(f->concept[i], name) == 0)
            return i;
    f->concept = mem_resize(f->concept, (f->concepts + 1) * sizeof *f->concept);
    f->concept[f->concepts] = mem_strdup(name);
    return f->concepts++;
}

/* lexicon.tsv: concept, then its phrases apart by "|" */
static void lexicon_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    char phrases[4096], *rest = phrases, *one;
    if ((size_t)snprintf(phrases, sizeof phrases, "%s", row->cell[1]) >= sizeof phrases)
        row_fault(l, row, "dòng quá dài: tách thành hai dòng cùng khái niệm",
                  "the line is too long: make it two of the same concept");
    uint32_t concept = concept_of(l->f, row->cell[0]);
    while ((one = strsep(&rest, "|")) != NULL) {
        uint32_t id = phrase_of(l->f, one);
        if (id == FAQ_NONE) {
            row_fault(l, row, "cụm từ phải có 1 đến 8 từ", "a phrase has 1 to 8 words");
            continue;
        }
        struct faq_phrase *p = &l->f->phrases.phrase[id];
        if (p->concept != FAQ_NONE && p->concept != concept) {
            fault_at(l->err, row->path, row->line, "twice", "cụm từ “%s” đã thuộc khái niệm %s",
                     "phrase \"%s\" belongs to concept %s already", one, l->f->concept[p->concept]);
            l->failed = true;
        }
        p->concept = concept;
    }
}

/* ---- rules ---- */

static bool read_group(struct faq *f, char *text, struct faq_group *out)
{
    char *one;
    while ((one = strsep(&text, "|")) != NULL) {
        if (out->count == FAQ_GROUP_MAX)
            return false;
        out->phrase[out->count] = whole_phrase_of(f, one);
        if (out->phrase[out->count] == FAQ_NONE)
            return false;
        f->phrases.phrase[out->phrase[out->count++]].ruled = true;
    }
    return true;
}

/* Cuts `pattern` at + and !; each piece is a group. */
static bool read_pattern(struct faq *f, const char *pattern, struct faq_rule *r)
{
    char text[1024], *at = text;
    bool forbidden = false;
    if ((size_t)snprintf(text, sizeof text, "%s", pattern) >= sizeof text)
        return false;
    while (*at != '\0') {
        size_t n = strcspn(at, "+!");
        char mark = at[n];
        if (r->groups == FAQ_GROUPS_MAX)
            return false;
        struct faq_group *g = &r->group[r->groups++];
        at[n] = '\0';
        g->forbidden = forbidden;
        if (!read_group(f, at, g))
            return false;
        at += n + (mark != '\0');
        forbidden = mark == '!';
    }
    return r->groups > 0 && !r->group[0].forbidden;
}

/* pattern, department (may be empty), sentence */
static void rule_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    struct faq_rules *rules = l->rules;
    struct faq_rule r = { 0 };

    if (!read_pattern(l->f, row->cell[0], &r)) {
        row_fault(
            l, row,
            "viết dạng “cụm|cụm + cụm ! cụm không được có”, nhiều nhất 4 nhóm, 32 cụm mỗi nhóm, không từ nào bị teencode.tsv bỏ",
            "write \"phrase|phrase + phrase ! unwanted phrase\", at most 4 groups of 32 phrases, no word dropped by teencode.tsv");
        return;
    }
    r.pattern = mem_strdup(row->cell[0]);
    r.department = mem_strdup(row->cell[1]);
    r.sentence = mem_strdup(row->cell[2]);
    rules->rule = mem_resize(rules->rule, (rules->count + 1) * sizeof *rules->rule);
    rules->rule[rules->count++] = r;
}

void faq_rules_clear(struct faq_rules *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        free(r->rule[i].pattern);
        free(r->rule[i].department);
        free(r->rule[i].sentence);
    }
    free(r->rule);
    *r = (struct faq_rules){ 0 };
}

/* ---- all of them ---- */

enum loa_status faq_tables_read(const char *dir, struct errors *err, struct faq *f)
{
    struct loading l = { .f = f, .err = err };
    const struct {
        const char *name;
        unsigned min, max;
        tsv_row_fn *row;
        struct faq_rules *rules;
    } files[] = {
        { "teencode.tsv", 1, 1 + FAQ_ALTS_MAX, teencode_row, NULL }, /* first: the others are read with it */
        { "lexicon.tsv", 2, 2, lexicon_row, NULL },
        { "fillers.tsv", 1, 1, filler_row, NULL },
        { "unsupported.tsv", 3, 3, rule_row, &f->unsupported },
        { "smalltalk.tsv", 3, 3, rule_row, &f->smalltalk },
        { "urgent.tsv", 3, 3, rule_row, &f->urgent },
    };
    enum loa_status st = LOA_OK;

    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", dir, files[i].name);
        l.rules = files[i].rules;
        enum loa_status one = tsv_read(path, files[i].min, files[i].max, err, files[i].row, &l);
        if (one != LOA_OK)
            st = one;
        if (i == 0)
            check_readings(&l, path);
    }
    return st == LOA_OK && l.failed ? LOA_INVALID : st;
}
