#include "loa/phrase_book.h"
#include "loa/crypto.h"
#include "loa/mem.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#define FILE_MAX_BYTES (64u << 10)
#define TEXT_MAX_BYTES 4096
#define PHRASES_MAX    800
#define PHRASE_WORDS   6
#define WORD_MAX       32

struct word { /* as it stands, in small letters; and without marks */
    char marked[WORD_MAX], plain[WORD_MAX];
};

struct phrase {                /* also another spelling of the word `meaning` */
    const struct phrase *next; /* that begins with the same byte */
    unsigned group;
    char meaning[WORD_MAX];
    struct word word[PHRASE_WORDS];
    unsigned words;
};

struct phrase_book {
    struct phrase *phrase, *spelling;
    /* By the first byte of their first word (without marks; a spelling with them), in the order of the file:
     * every word of every text is looked up. */
    const struct phrase *phrase_by[256], *spelling_by[256];
    unsigned phrases, spellings;
    char version[13];
};

/* ---- words of a text ---- */

static bool make_word(const char *s, size_t n, struct word *out)
{
    struct buf lower = BUF_INIT(4 * WORD_MAX), plain = BUF_INIT(4 * WORD_MAX);
    text_lower(&lower, s, n);
    text_fold(&plain, s, n);
    bool fits = lower.len < WORD_MAX && plain.len < WORD_MAX && lower.len > 0;
    if (fits) {
        text_copy(out->marked, sizeof out->marked, buf_cstr(&lower));
        text_copy(out->plain, sizeof out->plain, buf_cstr(&plain));
    }
    buf_clear(&lower);
    buf_clear(&plain);
    return fits;
}

/* Letters and figures; "e-mail" is one word. */
static bool in_word(ucs4_t c)
{
    return uc_is_general_category(c, UC_LETTER) || uc_is_general_category(c, UC_NUMBER) ||
           uc_is_general_category(c, UC_MARK);
}

/* Splits into at most `max` words; returns max + 1 when there are more, or one that is too long. */
static unsigned split(const char *text, struct word *out, unsigned max)
{
    struct buf nfc = BUF_INIT(TEXT_MAX_BYTES);
    unsigned count = 0;
    text_nfc(&nfc, text, strlen(text));
    const char *s = buf_cstr(&nfc);
    for (size_t at = 0; buf_ok(&nfc) && at < nfc.len && count <= max;) {
        size_t from = at;
        ucs4_t c = 0;
        int step = 0;
        while (at < nfc.len && (step = u8_mbtouc(&c, (const uint8_t *)s + at, nfc.len - at)) > 0 &&
               in_word(c))
            at += (size_t)step;
        if (at > from && (count == max || !make_word(s + from, at - from, &out[count])))
            count = max;
        if (at > from)
            count++;
        else
            at += (size_t)step;
    }
    if (!buf_ok(&nfc))
        count = max + 1;
    buf_clear(&nfc);
    return count;
}

/* Typed without marks, a word is any of those that lose theirs to become it. */
static bool same_word(const struct word *typed, const struct word *wanted)
{
    return strcmp(typed->marked, wanted->marked) == 0 ||
           (strcmp(typed->marked, typed->plain) == 0 && strcmp(typed->plain, wanted->plain) == 0);
}

static bool starts_with(const struct word *text, unsigned left, const struct phrase *p)
{
    if (p->words > left)
        return false;
    for (unsigned i = 0; i < p->words; i++)
        if (!same_word(&text[i], &p->word[i]))
            return false;
    return true;
}

/* ---- loading ---- */

struct loading {
    struct phrase_book *book;
    const struct phrase_group *groups;
    bool (*known)(const void *ctx, unsigned group, const char *meaning);
    const void *ctx;
    struct errors *err;
    bool failed;
};

static void fault(struct loading *l, const struct tsv_row *row, const char *what)
{
    fault_at(l->err, row->path, row->line, "bad_row", "dòng không hợp lệ: %s", "bad row: %s", what);
    l->failed = true;
}

static bool find_group(const struct loading *l, const struct tsv_row *row, unsigned *out)
{
    for (unsigned g = 0; l->groups[g].group != NULL; g++) {
        const char *meaning = l->groups[g].meaning;
        if (strcmp(l->groups[g].group, row->cell[0]) != 0)
            continue;
        *out = g;
        if (meaning != NULL ? strcmp(meaning, row->cell[1]) == 0 : l->known(l->ctx, g, row->cell[1]))
            return true;
    }
    return false;
}

static void add_phrase(struct loading *l, const struct tsv_row *row, struct phrase *list, unsigned *count,
                       unsigned group, const char *text)
{
    struct phrase *p = &list[*count];
    p->words = split(text, p->word, PHRASE_WORDS);
    if (*count == PHRASES_MAX - 1 || p->words == 0 || p->words > PHRASE_WORDS ||
        strlen(row->cell[1]) >= sizeof p->meaning) {
        fault(l, row, text);
        return;
    }
    p->group = group;
    text_copy(p->meaning, sizeof p->meaning, row->cell[1]);
    ++*count;
}

static void read_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    struct phrase_book *b = l->book;
    bool same = strcmp(row->cell[0], "same") == 0;
    unsigned group = 0;
    if (!same && !find_group(l, row, &group)) {
        fault(l, row, row->cell[1]);
        return;
    }
    char *list = mem_strdup(row->cell[2]), *rest = NULL;
    for (char *one = strtok_r(list, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest))
        add_phrase(l, row, same ? b->spelling : b->phrase, same ? &b->spellings : &b->phrases, group, one);
    free(list);
}

static void make_index(struct phrase_book *b)
{
    for (unsigned i = b->phrases; i-- > 0;) {
        const struct phrase **head = &b->phrase_by[(unsigned char)b->phrase[i].word[0].plain[0]];
        b->phrase[i].next = *head;
        *head = &b->phrase[i];
    }
    for (unsigned i = b->spellings; i-- > 0;) {
        const struct phrase **head = &b->spelling_by[(unsigned char)b->spelling[i].word[0].marked[0]];
        b->spelling[i].next = *head;
        *head = &b->spelling[i];
    }
}

enum loa_status phrase_book_load(const char *path, const struct phrase_group *groups,
                                 bool (*known)(const void *ctx, unsigned group, const char *meaning),
                                 const void *ctx, struct errors *err, struct phrase_book **out)
{
    struct phrase_book *b = mem_alloc(sizeof *b);
    struct buf file = BUF_INIT(FILE_MAX_BYTES);
    b->phrase = mem_alloc(PHRASES_MAX * sizeof *b->phrase);
    b->spelling = mem_alloc(PHRASES_MAX * sizeof *b->spelling);
    struct loading l = { .book = b, .groups = groups, .known = known, .ctx = ctx, .err = err };
    enum loa_status st = tsv_read(path, 3, 3, err, read_row, &l);
    if (st == LOA_OK && l.failed)
        st = LOA_INVALID;
    if (st == LOA_OK)
        st = buf_read_file(&file, path);
    crypto_hash_hex(file.data, file.len, b->version, sizeof b->version - 1);
    buf_clear(&file);
    if (st != LOA_OK) {
        phrase_book_free(b);
        return st;
    }
    make_index(b);
    *out = b;
    return LOA_OK;
}

void phrase_book_free(struct phrase_book *b)
{
    if (b == NULL)
        return;
    free(b->phrase);
    free(b->spelling);
    free(b);
}

const char *phrase_book_version(const struct phrase_book *b)
{
    return b->version;
}

/* ---- reading a text ---- */

/* Another spelling is meant to the letter: without its marks it could be any word. */
static bool is_spelled(const struct word *text, unsigned left, const struct phrase *s)
{
    if (s->words > left)
        return false;
    for (unsigned i = 0; i < s->words; i++)
        if (strcmp(text[i].marked, s->word[i].marked) != 0)
            return false;
    return true;
}

/* Brings other spellings into the one the phrases are written in; returns how many words there are then. */
static unsigned respell(const struct phrase_book *b, const struct word *text, unsigned count,
                        struct word *out, unsigned max)
{
    unsigned n = 0;
    for (unsigned i = 0; i < count && n < max;) {
        const struct phrase *best = NULL, *s = b->spelling_by[(unsigned char)text[i].marked[0]];
        for (; s != NULL; s = s->next)
            if ((best == NULL || s->words > best->words) && is_spelled(text + i, count - i, s))
                best = s;
        if (best != NULL) {
            unsigned room = max - n, said = split(best->meaning, out + n, room);
            n += said < room ? said : room;
            i += best->words;
        } else {
            out[n++] = text[i++];
        }
    }
    return n;
}

static const struct phrase *longest(const struct phrase_book *b, const struct word *text, unsigned left)
{
    const struct phrase *best = NULL, *p = b->phrase_by[(unsigned char)text[0].plain[0]];
    for (; p != NULL; p = p->next)
        if ((best == NULL || p->words > best->words) && starts_with(text, left, p))
            best = p;
    return best;
}

void phrase_book_read(const struct phrase_book *b, const char *text, struct phrase_hits *out)
{
    struct word typed[PHRASE_HITS_MAX], words[PHRASE_HITS_MAX] = { 0 };
    unsigned count = split(text, typed, PHRASE_HITS_MAX);
    *out = (struct phrase_hits){ .words = 0 };
    if (count > PHRASE_HITS_MAX)
        return;
    count = out->words = respell(b, typed, count, words, PHRASE_HITS_MAX);
    for (unsigned i = 0; i < count;) {
        const struct phrase *p = longest(b, words + i, count - i);
        if (p == NULL) {
            out->unknown++;
            i++;
            continue;
        }
        out->hit[out->count].group = p->group;
        out->hit[out->count++].meaning = p->meaning;
        i += p->words;
    }
}

unsigned phrase_hits_of(const struct phrase_hits *h, unsigned group)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->count; i++)
        n += h->hit[i].group == group;
    return n;
}
