/* The tables staff edit: teencode.tsv, fillers.tsv, lexicon.tsv, unsupported.tsv, smalltalk.tsv, urgent.tsv.
 */
#include "faq_inside.h"
#include "loa/mem.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTS_MAX 8

struct loading {
    struct faq *f;
    struct errors *err;
    struct faq_rules *rules; /* of the file being read */
    struct {
        char *name, *phrases;
    } list[LISTS_MAX]; /* "@name" stands for its phrases in the rows below */
    unsigned lists;
    char bad_phrase[80]; /* why a pattern was refused */
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
    uint64_t written = token.token[0].written;
    uint32_t id =
        faq_map_put(&t->by_token, written != 0 ? written : faq_plain_key(token.token[0].text), t->count);
    if (id < t->count) {
        row_fault(l, row, "từ viết tắt này đã có ở dòng trên", "this shorthand stands above already");
        return;
    }
    t->row = faq_room_for(t->row, t->count, sizeof *t->row);
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
                if (faq_map_get(&t->by_token, faq_plain_key(word)) == FAQ_NONE)
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
    f->concept = faq_room_for(f->concept, f->concepts, sizeof *f->concept);
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

#define PATTERN_MAX 4096

static const char *list_of(const struct loading *l, const char *name)
{
    for (unsigned i = 0; i < l->lists; i++)
        if (strcmp(l->list[i].name, name) == 0)
            return l->list[i].phrases;
    return "";
}

/* `text`: phrases apart by "|"; "@name" among them stands for a list. */
static bool read_group(struct loading *l, const char *text, unsigned group)
{
    char phrases[PATTERN_MAX], *rest = phrases, *one;
    if ((size_t)snprintf(phrases, sizeof phrases, "%s", text) >= sizeof phrases)
        return false;
    while ((one = strsep(&rest, "|")) != NULL) {
        one = text_trim(one);
        if (one[0] == '@') {
            if (!read_group(l, list_of(l, one), group)) /* an unknown list has no phrases */
                return false;
            continue;
        }
        uint32_t phrase = whole_phrase_of(l->f, one);
        if (phrase == FAQ_NONE) {
            snprintf(l->bad_phrase, sizeof l->bad_phrase, "%s", one);
            return false;
        }
        l->f->phrases.phrase[phrase].ruled = true;
        faq_rules_use(l->rules, phrase, group);
    }
    return true;
}

/* Cuts `pattern` at + and !; each piece is a group of the rule to come. */
static bool read_pattern(struct loading *l, const char *pattern, struct faq_rule *r)
{
    char text[PATTERN_MAX], *at = text;
    bool forbidden = false;
    if ((size_t)snprintf(text, sizeof text, "%s", pattern) >= sizeof text)
        return false;
    for (unsigned group = 0; *at != '\0'; group++) {
        size_t n = strcspn(at, "+!");
        char mark = at[n];
        at[n] = '\0';
        if (group == FAQ_GROUPS_MAX || !read_group(l, at, group))
            return false;
        *(forbidden ? &r->forbidden : &r->required) |= 1U << group;
        at += n + (mark != '\0');
        forbidden = mark == '!';
    }
    return r->required != 0;
}

/* What these tables say is not confirmed by anybody like an entry is: no links, and of figures only those
 * everybody knows by heart. */
static bool plain_sentence(const char *s)
{
    unsigned digits = 0;
    for (const char *p = s; *p != '\0'; p++) {
        digits = *p >= '0' && *p <= '9' ? digits + 1 : 0;
        if (digits > 3)
            return false;
    }
    return strstr(s, "://") == NULL && strstr(s, "www.") == NULL && strstr(s, ".vn") == NULL;
}

/* "@name", "-", phrases */
static bool list_row(struct loading *l, const struct tsv_row *row)
{
    if (row->cell[0][0] != '@')
        return false;
    if (l->lists == LISTS_MAX || list_of(l, row->cell[0])[0] != '\0' || strchr(row->cell[2], '@') != NULL)
        row_fault(l, row, "danh sách @ đã có, hoặc quá 8 danh sách",
                  "this @list stands above, or over 8 lists");
    else {
        l->list[l->lists].name = mem_strdup(row->cell[0]);
        l->list[l->lists++].phrases = mem_strdup(row->cell[2]);
    }
    return true;
}

/* pattern, department (may be empty), sentence */
static void rule_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    struct faq_rule r = { 0 };

    if (list_row(l, row))
        return;
    l->bad_phrase[0] = '\0';
    if (l->rules->count == FAQ_RULES_MAX || !read_pattern(l, row->cell[0], &r)) {
        fault_at(
            l->err, row->path, row->line, "bad_row",
            "viết dạng “cụm|cụm + @danh_sách ! cụm không được có”, nhiều nhất 4 nhóm, 8 từ một cụm, không từ nào bị teencode.tsv bỏ: %s",
            "write \"phrase|phrase + @list ! unwanted phrase\", at most 4 groups, 8 words a phrase, no word dropped by teencode.tsv: %s",
            l->bad_phrase);
        l->failed = true;
        return;
    }
    if (!plain_sentence(row->cell[2]))
        row_fault(
            l, row,
            "câu nói không được có đường dẫn hay số dài hơn 3 chữ số: viết thành một mục trong entries.json",
            "no links and no figures over 3 digits in the sentence: make it an entry of entries.json");
    r.pattern = mem_strdup(row->cell[0]);
    r.department = mem_strdup(row->cell[1]);
    r.sentence = mem_strdup(row->cell[2]);
    faq_rules_add(l->rules, &r);
}

static void forget_lists(struct loading *l)
{
    for (unsigned i = 0; i < l->lists; i++) {
        free(l->list[i].name);
        free(l->list[i].phrases);
    }
    l->lists = 0;
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
        forget_lists(&l);
        if (i == 0)
            check_readings(&l, path);
    }
    return st == LOA_OK && l.failed ? LOA_INVALID : st;
}
