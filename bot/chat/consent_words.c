#include "loa/consent_words.h"
#include "loa/mem.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include "loa/tsv.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#define FILE_MAX_BYTES (64u << 10)
#define TEXT_MAX_BYTES 4096
#define PHRASES_MAX    800
#define PHRASE_WORDS   6
#define WORD_MAX       32
#define WORDS_MAX      60 /* a longer text is no wish about messages */

enum group {
    STOP_COMMAND,
    STOP_MAYBE,
    STOP_PHRASE,
    AGAIN_COMMAND,
    AGAIN_PHRASE,
    CHANNEL,
    TOPIC,
    ABOUT,
    FILLER,
    VETO,
    GROUP_COUNT
};

static const struct {
    const char *group, *meaning; /* meaning NULL: its own column */
} groups[GROUP_COUNT] = {
    [STOP_COMMAND] = { "stop", "command" },
    [STOP_MAYBE] = { "stop", "maybe" },
    [STOP_PHRASE] = { "stop", "phrase" },
    [AGAIN_COMMAND] = { "again", "command" },
    [AGAIN_PHRASE] = { "again", "phrase" },
    [CHANNEL] = { "channel", NULL },
    [TOPIC] = { "topic", NULL },
    [ABOUT] = { "about", "message" },
    [FILLER] = { "filler", "" },
    [VETO] = { "veto", "" },
};

struct word { /* as it stands, in small letters; and without marks */
    char marked[WORD_MAX], plain[WORD_MAX];
};

struct phrase {
    enum group group;
    char meaning[24];
    struct word word[PHRASE_WORDS];
    unsigned words;
};

struct spelling { /* "ko" stands for "không" */
    char meaning[WORD_MAX];
    struct word word[PHRASE_WORDS];
    unsigned words;
};

struct consent_words {
    struct phrase *phrase;
    struct spelling *spelling;
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
    struct consent_words *w;
    const struct policy *policy;
    struct errors *err;
    bool failed;
};

static void fault(struct loading *l, const struct tsv_row *row, const char *what)
{
    fault_at(l->err, row->path, row->line, "bad_row", "dòng không hợp lệ: %s", "bad row: %s", what);
    l->failed = true;
}

static int group_of(const char *group, const char *meaning)
{
    for (int g = 0; g < GROUP_COUNT; g++)
        if (strcmp(groups[g].group, group) == 0 &&
            (groups[g].meaning == NULL || strcmp(groups[g].meaning, meaning) == 0))
            return g;
    return -1;
}

static bool meaning_known(const struct loading *l, int group, const char *meaning)
{
    if (group == CHANNEL)
        return channel_from_word(meaning) > CH_PORTAL;
    if (group == TOPIC && strcmp(meaning, "all") != 0) {
        const struct topic *t = policy_topic(l->policy, meaning);
        return t != NULL && t->refusable;
    }
    return group >= 0;
}

static void add_spelling(struct loading *l, const struct tsv_row *row, const char *phrase)
{
    struct consent_words *w = l->w;
    struct spelling *s = &w->spelling[w->spellings];
    s->words = split(phrase, s->word, PHRASE_WORDS);
    if (w->spellings == PHRASES_MAX - 1 || s->words == 0 || s->words > PHRASE_WORDS ||
        strlen(row->cell[1]) >= sizeof s->meaning) {
        fault(l, row, phrase);
        return;
    }
    text_copy(s->meaning, sizeof s->meaning, row->cell[1]);
    w->spellings++;
}

static void add_phrase(struct loading *l, const struct tsv_row *row, int group, const char *phrase)
{
    struct consent_words *w = l->w;
    struct phrase *p = &w->phrase[w->phrases];
    p->words = split(phrase, p->word, PHRASE_WORDS);
    if (w->phrases == PHRASES_MAX - 1 || p->words == 0 || p->words > PHRASE_WORDS) {
        fault(l, row, phrase);
        return;
    }
    p->group = (enum group)group;
    text_copy(p->meaning, sizeof p->meaning, row->cell[1]);
    w->phrases++;
}

static void read_row(void *ctx, const struct tsv_row *row)
{
    struct loading *l = ctx;
    bool same = strcmp(row->cell[0], "same") == 0;
    int group = same ? -1 : group_of(row->cell[0], row->cell[1]);
    if (!same && !meaning_known(l, group, row->cell[1])) {
        fault(l, row, row->cell[1]);
        return;
    }
    char *list = mem_strdup(row->cell[2]), *rest = NULL;
    for (char *one = strtok_r(list, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest)) {
        if (same)
            add_spelling(l, row, one);
        else
            add_phrase(l, row, group, one);
    }
    free(list);
}

enum loa_status consent_words_load(const char *chat_dir, const struct policy *p, struct errors *err,
                                   struct consent_words **out)
{
    char path[512];
    struct consent_words *w = mem_alloc(sizeof *w);
    struct buf file = BUF_INIT(FILE_MAX_BYTES);
    w->phrase = mem_alloc(PHRASES_MAX * sizeof *w->phrase);
    w->spelling = mem_alloc(PHRASES_MAX * sizeof *w->spelling);
    snprintf(path, sizeof path, "%s/consent.tsv", chat_dir);
    struct loading l = { .w = w, .policy = p, .err = err };
    enum loa_status st = tsv_read(path, 3, 3, err, read_row, &l);
    if (st == LOA_OK && l.failed)
        st = LOA_INVALID;
    if (st == LOA_OK)
        st = buf_read_file(&file, path);
    crypto_hash_hex(file.data, file.len, w->version, sizeof w->version - 1);
    buf_clear(&file);
    if (st != LOA_OK) {
        consent_words_free(w);
        return st;
    }
    *out = w;
    return LOA_OK;
}

void consent_words_free(struct consent_words *w)
{
    if (w == NULL)
        return;
    free(w->phrase);
    free(w->spelling);
    free(w);
}

const char *consent_words_version(const struct consent_words *w)
{
    return w->version;
}

/* ---- reading a text ---- */

/* Another spelling is meant to the letter: without its marks it could be any word. */
static bool is_spelled(const struct word *text, unsigned left, const struct spelling *s)
{
    if (s->words > left)
        return false;
    for (unsigned i = 0; i < s->words; i++)
        if (strcmp(text[i].marked, s->word[i].marked) != 0)
            return false;
    return true;
}

/* Brings other spellings into the one the phrases are written in; the list only gets shorter. */
static unsigned respell(const struct consent_words *w, struct word *text, unsigned count)
{
    unsigned out = 0;
    for (unsigned i = 0; i < count; out++) {
        const struct spelling *best = NULL;
        for (unsigned s = 0; s < w->spellings; s++)
            if (is_spelled(text + i, count - i, &w->spelling[s]) &&
                (best == NULL || w->spelling[s].words > best->words))
                best = &w->spelling[s];
        unsigned took = best != NULL ? best->words : 1;
        text[out] = text[i];
        if (best != NULL)
            make_word(best->meaning, strlen(best->meaning), &text[out]);
        i += took;
    }
    return out;
}

static const struct phrase *longest(const struct consent_words *w, const struct word *text, unsigned left)
{
    const struct phrase *best = NULL;
    for (unsigned i = 0; i < w->phrases; i++)
        if ((best == NULL || w->phrase[i].words > best->words) && starts_with(text, left, &w->phrase[i]))
            best = &w->phrase[i];
    return best;
}

struct reading {
    unsigned seen[GROUP_COUNT];
    unsigned unknown;
    bool all;
    struct consent_wish out;
};

static void add_topic(struct consent_wish *w, const char *word)
{
    for (unsigned i = 0; i < w->topics; i++)
        if (strcmp(w->topic[i], word) == 0)
            return;
    if (w->topics < sizeof w->topic / sizeof w->topic[0])
        text_copy(w->topic[w->topics++], sizeof w->topic[0], word);
}

static void take(struct reading *r, const struct phrase *p)
{
    r->seen[p->group]++;
    if (p->group == CHANNEL)
        r->out.channels |= 1u << channel_from_word(p->meaning);
    if (p->group == TOPIC && strcmp(p->meaning, "all") == 0)
        r->all = true;
    else if (p->group == TOPIC)
        add_topic(&r->out, p->meaning);
}

/* "đừng" and "dừng" are sure with their marks, in capitals, or beside a channel or topic they are said of. */
static bool sure(const char *text, const struct reading *r)
{
    bool small = false, marks = false;
    for (const char *s = text; *s != '\0'; s++) {
        small = small || (*s >= 'a' && *s <= 'z');
        marks = marks || (unsigned char)*s >= 0x80;
    }
    return marks || !small || r->seen[ABOUT] > 0 || r->out.topics > 0;
}

static enum wish judge(const struct reading *r, const char *text)
{
    bool object = r->seen[ABOUT] > 0 || r->seen[CHANNEL] > 0 || r->out.topics > 0;
    bool alone = r->unknown == 0;
    bool stop = (r->seen[STOP_PHRASE] > 0 && object) || (r->seen[STOP_COMMAND] > 0 && alone);
    bool maybe = r->seen[STOP_MAYBE] > 0 && alone;
    bool again = (r->seen[AGAIN_PHRASE] > 0 && object) ||
                 ((r->seen[AGAIN_COMMAND] > 0 || r->seen[AGAIN_PHRASE] > 0) && alone);
    if (r->seen[VETO] > 0)
        return WISH_NONE;
    if (stop || maybe)
        return again || (!stop && !sure(text, r)) ? WISH_UNSURE : WISH_STOP;
    return again ? WISH_AGAIN : WISH_NONE;
}

struct consent_wish consent_parse(const struct consent_words *w, const char *text)
{
    struct word words[WORDS_MAX];
    struct reading r = { .unknown = 0 };
    unsigned count = split(text, words, WORDS_MAX);
    if (count == 0 || count > WORDS_MAX)
        return r.out;
    count = respell(w, words, count);
    for (unsigned i = 0; i < count;) {
        const struct phrase *p = longest(w, words + i, count - i);
        if (p == NULL)
            r.unknown++;
        else
            take(&r, p);
        i += p != NULL ? p->words : 1;
    }
    r.out.wish = judge(&r, text);
    if (r.out.wish == WISH_NONE)
        return (struct consent_wish){ .wish = WISH_NONE };
    return r.out;
}

/* ---- the citizen's record ---- */

static void add_record_word(struct buf *out, const char *kind, const char *a, const char *b)
{
    buf_printf(out, "%s%s_%s%s%s", out->len > 0 ? " " : "", kind, a, b[0] != '\0' ? "_" : "", b);
}

static void add_channels(const struct consent_wish *w, const char *kind, const char *topic, struct buf *out)
{
    for (unsigned ch = CH_PORTAL + 1; ch < CH_COUNT; ch++) {
        if ((w->channels & 1u << ch) == 0)
            continue;
        const char *word = channel_word((enum channel)ch);
        add_record_word(out, kind, topic[0] != '\0' ? topic : word, topic[0] != '\0' ? word : "");
    }
}

void consent_record_words(const struct consent_wish *w, const struct policy *p, struct buf *out)
{
    const struct topic *t;
    if (w->channels != 0 && w->topics == 0)
        add_channels(w, "o", "", out);
    for (unsigned i = 0; i < w->topics; i++) {
        if (w->channels != 0)
            add_channels(w, "t", w->topic[i], out);
        if (w->channels == 0 || w->wish == WISH_AGAIN)
            add_record_word(out, "t", w->topic[i], "");
    }
    if (w->channels != 0 || w->topics != 0)
        return;
    for (unsigned i = 0; (t = policy_topic_at(p, i)) != NULL; i++)
        if (t->refusable)
            add_record_word(out, "t", t->word, "");
    for (unsigned ch = CH_PORTAL + 1; w->wish == WISH_AGAIN && ch < CH_COUNT; ch++)
        add_record_word(out, "o", channel_word((enum channel)ch), "");
}
