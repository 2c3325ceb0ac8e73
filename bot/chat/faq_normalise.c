#include "faq_inside.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>
#include <unistr.h>

#define BYTES_MAX (8 * FAQ_QUESTION_MAX) /* decomposed letters take up to seven bytes */

struct reader {
    const struct faq_teencode *teencode;
    const struct faq_vocab *vocab;
    struct faq_vocab *learn;
    struct faq_text *out;
    /* the word being read */
    char word[FAQ_WORD_MAX];
    size_t len;
    uint64_t qualities, tone; /* the tone counts wherever it stands: hòa = hoà */
};

/* `text` is shorter than FAQ_WORD_MAX, like all words here. */
static struct faq_token *token_add(struct reader *r, const char *text, uint64_t written)
{
    if (r->out->tokens == FAQ_TOKENS_MAX)
        return NULL;
    struct faq_token *t = &r->out->token[r->out->tokens++];
    *t = (struct faq_token){ .written = written, .weight = 1 };
    memcpy(t->text, text, strlen(text) + 1);
    faq_spell(t->text);
    return t;
}

static void alt_add(struct faq_token *t, uint32_t word, float weight)
{
    for (unsigned i = 0; i < t->alts; i++)
        if (t->alt[i].word == word)
            return;
    if (t->alts < FAQ_ALTS_MAX)
        t->alt[t->alts++] = (struct faq_alt){ word, weight };
}

static uint32_t word_id(const struct reader *r, const char *text)
{
    return r->learn != NULL ? faq_vocab_add(r->learn, text) : faq_vocab_find(r->vocab, text);
}

/* One more syllable whose spelling is settled; false: it is no word we know. */
static bool add_known(struct reader *r, const char *text, uint64_t written)
{
    char spelled[FAQ_WORD_MAX];
    memcpy(spelled, text, strlen(text) + 1);
    faq_spell(spelled);
    uint32_t id = word_id(r, spelled);
    if (id == FAQ_NONE)
        return false;
    if (r->learn != NULL && written != 0)
        faq_vocab_add_written(r->learn, written);
    struct faq_token *t = token_add(r, spelled, written);
    if (t != NULL)
        alt_add(t, id, 1);
    return true;
}

/* The readings of a shorthand stand side by side: đk = "đăng ký" or "điều kiện". */
static void add_readings(struct reader *r, const struct faq_reading *row)
{
    unsigned longest = 0;
    for (unsigned i = 0; i < row->readings; i++)
        if (row->words[i] > longest)
            longest = row->words[i];
    for (unsigned at = 0; at < longest; at++) {
        struct faq_token *t = token_add(r, row->word[0][at < row->words[0] ? at : 0],
                                        row->readings == 1 ? row->written[0][at] : 0);
        for (unsigned i = 0; t != NULL && i < row->readings; i++)
            if (at < row->words[i])
                alt_add(t, word_id(r, row->word[i][at]), 1.0f / (float)row->readings);
            else
                t->optional = true;
    }
}

/* "hoso", "dangky": two or three words written as one. */
static bool add_split(struct reader *r, const char *word, unsigned deep)
{
    size_t n = strlen(word);
    for (size_t at = n - 2; n >= 4 && at >= 2; at--) {
        char head[FAQ_WORD_MAX];
        memcpy(head, word, at);
        head[at] = '\0';
        if (!faq_is_syllable(head) || faq_vocab_find(r->vocab, head) == FAQ_NONE)
            continue;
        unsigned before = r->out->tokens;
        if (!add_known(r, head, 0))
            continue;
        if (faq_is_syllable(word + at) && add_known(r, word + at, 0))
            return true;
        if (deep > 0 && add_split(r, word + at, deep - 1))
            return true;
        r->out->tokens = before;
    }
    return false;
}

/* A word we do not know: what it may have been meant to be, at half weight. */
static void add_guess(struct reader *r, const char *word, uint64_t written)
{
    uint32_t guess[FAQ_ALTS_MAX];
    bool sound = faq_is_syllable(word);
    struct faq_token *t = token_add(r, word, written);
    if (t == NULL)
        return;
    unsigned n =
        sound ? faq_vocab_alike(r->vocab, t->text, guess, 3) : faq_vocab_near(r->vocab, word, guess, 3);
    for (unsigned i = 0; i < n; i++)
        alt_add(t, guess[i], (sound ? 0.7f : 0.8f) / (float)n);
    if (n == 0)
        alt_add(t, FAQ_NONE, 1);
    else
        t->written = 0; /* diacritics of another word */
}

/* The letters are a word we know, but nobody here writes it with these diacritics ("căng" for "căn"): it may
 * also be one that sounds alike. */
static void doubt_spelling(struct reader *r, uint64_t written)
{
    struct faq_token *t = &r->out->token[r->out->tokens - 1];
    uint32_t alike[FAQ_ALTS_MAX];
    if (written == 0 || r->learn != NULL || r->out->tokens == FAQ_TOKENS_MAX ||
        faq_vocab_has_written(r->vocab, written))
        return;
    unsigned n = faq_vocab_alike(r->vocab, t->text, alike, FAQ_ALTS_MAX);
    for (unsigned i = 0; i < n && n > 1; i++)
        alt_add(t, alike[i], 0.5f);
    t->written = 0;
}

/* The letters of a word with their hats and hooks and its tone, however they were typed. */
static uint64_t written_key(const char *word, uint64_t qualities, uint64_t tone)
{
    return faq_hash_pair(tone, qualities, faq_hash(1, word, strlen(word)));
}

uint64_t faq_plain_key(const char *word)
{
    return written_key(word, 0, 0);
}

static bool add_shorthand(struct reader *r, uint64_t key)
{
    uint32_t row = faq_map_get(&r->teencode->by_token, key);
    if (row == FAQ_NONE)
        return false;
    add_readings(r, &r->teencode->row[row]);
    return true;
}

/* With a wrong key or two the word may still be one; else what it may have been meant to be. */
static void mend(struct reader *r)
{
    char mended[FAQ_WORD_MAX];
    memcpy(mended, r->word, sizeof mended);
    if (faq_repair_keys(mended)) {
        faq_spell(mended);
        if (!add_shorthand(r, faq_plain_key(mended)) && !add_known(r, mended, 0))
            add_guess(r, mended, 0);
    } else if (!add_split(r, r->word, 1)) {
        add_guess(r, r->word, 0);
    }
}

static void end_word(struct reader *r)
{
    if (r->len == 0)
        return;
    r->word[r->len] = '\0';
    faq_spell(r->word);
    uint64_t key = written_key(r->word, r->qualities, r->tone);
    uint64_t written = r->qualities != 0 || r->tone != 0 ? key : 0;
    bool syllable = faq_is_syllable(r->word), letter = r->len == 1;
    r->len = 0;
    r->qualities = r->tone = 0;

    /* "thưa" and "thua" differ, "đk" and "dk" do not */
    if (add_shorthand(r, key))
        return;
    if ((!syllable || letter) && add_shorthand(r, faq_plain_key(r->word)))
        return;
    if (add_known(r, r->word, written)) {
        doubt_spelling(r, written);
        return;
    }
    if (syllable)
        add_guess(r, r->word, written);
    else
        mend(r);
}

static void add_letter(struct reader *r, struct faq_letter l)
{
    if (r->len + 1 >= sizeof r->word)
        return; /* no word is so long */
    r->word[r->len++] = l.base;
    r->qualities = r->qualities * 5 + l.quality;
    if (l.tone != 0)
        r->tone = l.tone;
}

/* A mark of its own counts for the letter before it, in whichever order hat, hook and tone come: so composed
 * and decomposed text are the same here. False: no mark. */
static bool add_mark(struct reader *r, ucs4_t c)
{
    static const struct {
        ucs4_t mark;
        unsigned char quality, tone;
    } marks[] = { { 0x300, 0, 1 }, { 0x301, 0, 2 }, { 0x309, 0, 3 }, { 0x303, 0, 4 },
                  { 0x323, 0, 5 }, { 0x306, 1, 0 }, { 0x302, 2, 0 }, { 0x31b, 3, 0 } };
    for (size_t i = 0; i < sizeof marks / sizeof *marks && r->len > 0; i++)
        if (marks[i].mark == c) {
            if (r->qualities % 5 == 0)
                r->qualities += marks[i].quality;
            if (marks[i].tone != 0)
                r->tone = marks[i].tone;
        }
    return c >= 0x300 && c <= 0x36f;
}

void faq_normalise(const struct faq_teencode *t, const struct faq_vocab *v, struct faq_vocab *learn,
                   const char *s, size_t n, struct faq_text *out)
{
    struct buf text = BUF_INIT(2 * BYTES_MAX);
    struct reader r = { .teencode = t, .vocab = v, .learn = learn, .out = out };

    out->tokens = 0;
    text_clean(&text, s, n < BYTES_MAX ? n : BYTES_MAX, false);
    const char *all = buf_cstr(&text);
    unsigned letters = 0;
    for (size_t at = 0; at < text.len && letters < FAQ_QUESTION_MAX;) {
        ucs4_t c;
        at += (size_t)u8_mbtouc(&c, (const uint8_t *)all + at, text.len - at);
        struct faq_letter l = faq_letter_of(c);
        if (l.base == 0 && add_mark(&r, c))
            continue;
        letters++;
        if (l.base != 0)
            add_letter(&r, l);
        else
            end_word(&r);
    }
    end_word(&r);
    buf_clear(&text);
}

void faq_normal(const struct faq *f, const char *s, size_t n, char out[FAQ_NORMAL_MAX])
{
    struct faq_text text;
    size_t used = 0;

    faq_normalise(&f->teencode, &f->vocab, NULL, s, n, &text);
    out[0] = '\0';
    for (unsigned i = 0; i < text.tokens; i++)
        used +=
            (size_t)snprintf(out + used, FAQ_NORMAL_MAX - used, "%s%s", i > 0 ? " " : "", text.token[i].text);
}
