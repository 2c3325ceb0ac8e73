#include "faq_inside.h"
#include <stdlib.h>
#include <string.h>

/* Each row: the plain letter, then its five tones (huyền sắc hỏi ngã nặng); `quality` tells ă from a. */
static const struct {
    char base;
    unsigned char quality;
    uint32_t point[6];
} vowels[] = {
    { 'a', 0, { 'a', 0xe0, 0xe1, 0x1ea3, 0xe3, 0x1ea1 } },
    { 'a', 1, { 0x103, 0x1eb1, 0x1eaf, 0x1eb3, 0x1eb5, 0x1eb7 } },
    { 'a', 2, { 0xe2, 0x1ea7, 0x1ea5, 0x1ea9, 0x1eab, 0x1ead } },
    { 'e', 0, { 'e', 0xe8, 0xe9, 0x1ebb, 0x1ebd, 0x1eb9 } },
    { 'e', 2, { 0xea, 0x1ec1, 0x1ebf, 0x1ec3, 0x1ec5, 0x1ec7 } },
    { 'i', 0, { 'i', 0xec, 0xed, 0x1ec9, 0x129, 0x1ecb } },
    { 'o', 0, { 'o', 0xf2, 0xf3, 0x1ecf, 0xf5, 0x1ecd } },
    { 'o', 2, { 0xf4, 0x1ed3, 0x1ed1, 0x1ed5, 0x1ed7, 0x1ed9 } },
    { 'o', 3, { 0x1a1, 0x1edd, 0x1edb, 0x1edf, 0x1ee1, 0x1ee3 } },
    { 'u', 0, { 'u', 0xf9, 0xfa, 0x1ee7, 0x169, 0x1ee5 } },
    { 'u', 3, { 0x1b0, 0x1eeb, 0x1ee9, 0x1eed, 0x1eef, 0x1ef1 } },
    { 'y', 0, { 'y', 0x1ef3, 0xfd, 0x1ef7, 0x1ef9, 0x1ef5 } },
};

/* All letters with marks lie in these two ranges of Unicode. */
#define LATIN_FROM 0xc0
#define LATIN_TO   0x1b0
#define VIET_FROM  0x1ea0
#define VIET_TO    0x1ef9
static struct faq_letter latin[LATIN_TO - LATIN_FROM + 1], viet[VIET_TO - VIET_FROM + 1];

static struct faq_letter *place_of(uint32_t point)
{
    if (point >= LATIN_FROM && point <= LATIN_TO)
        return &latin[point - LATIN_FROM];
    return point >= VIET_FROM && point <= VIET_TO ? &viet[point - VIET_FROM] : NULL;
}

/* The letter and its capital. */
static void lay_out(uint32_t point, struct faq_letter l)
{
    *place_of(point) = l;
    *place_of(point < 0x100 ? point - 0x20 : point - 1) = l;
}

static void lay_out_letters(void)
{
    for (unsigned i = 0; i < sizeof vowels / sizeof *vowels; i++)
        for (unsigned char tone = 0; tone < 6; tone++)
            if (vowels[i].point[tone] >= 0x80)
                lay_out(vowels[i].point[tone],
                        (struct faq_letter){ vowels[i].base, vowels[i].quality, tone });
    /* đ, and the Icelandic letter that some keyboards give */
    lay_out(0x111, (struct faq_letter){ .base = 'd', .quality = 4 });
    lay_out(0xf0, (struct faq_letter){ .base = 'd', .quality = 4 });
}

struct faq_letter faq_letter_of(uint32_t point)
{
    if (point >= 0xff01 && point <= 0xff5e) /* full-width ASCII; its capitals too */
        point -= 0xfee0;
    if (point < 0x80) {
        bool digit = point >= '0' && point <= '9';
        uint32_t lower = point >= 'A' && point <= 'Z' ? point + 32 : point;
        return (struct faq_letter){ .base = digit || (lower >= 'a' && lower <= 'z') ? (char)lower : 0 };
    }
    if (latin[0x111 - LATIN_FROM].base == 0)
        lay_out_letters();
    const struct faq_letter *l = place_of(point);
    return l == NULL ? (struct faq_letter){ 0 } : *l;
}

static const char *const onsets[] = { "ngh", "ch", "gh", "gi", "kh", "ng", "nh", "ph", "qu",
                                      "th",  "tr", "b",  "c",  "d",  "g",  "h",  "k",  "l",
                                      "m",   "n",  "p",  "r",  "s",  "t",  "v",  "x",  "" };
/* Sorted: searched by halves. */
static const char *const rhymes[] = {
    "a",    "ac",   "ach",  "ai",   "am",  "an",  "ang",  "anh",  "ao",  "ap",   "at",   "au",
    "ay",   "e",    "ec",   "ech",  "em",  "en",  "eng",  "enh",  "eo",  "ep",   "et",   "eu",
    "i",    "ia",   "ich",  "iec",  "iem", "ien", "ieng", "iep",  "iet", "ieu",  "im",   "in",
    "inh",  "ip",   "it",   "iu",   "o",   "oa",  "oac",  "oach", "oai", "oam",  "oan",  "oang",
    "oanh", "oao",  "oap",  "oat",  "oay", "oc",  "oe",   "oen",  "oeo", "oet",  "oi",   "om",
    "on",   "ong",  "ooc",  "oong", "op",  "ot",  "u",    "ua",   "uan", "uang", "uat",  "uay",
    "uc",   "ue",   "uech", "uenh", "ui",  "um",  "un",   "ung",  "uo",  "uoc",  "uoi",  "uom",
    "uon",  "uong", "uop",  "uot",  "uou", "up",  "ut",   "uu",   "uy",  "uya",  "uych", "uyen",
    "uyet", "uynh", "uyt",  "uyu",  "y",   "yem", "yen",  "yet",  "yeu",
};

static int compare_rhyme(const void *key, const void *row)
{
    return strcmp(key, *(const char *const *)row);
}

static bool is_rhyme(const char *s)
{
    return bsearch(s, rhymes, sizeof rhymes / sizeof *rhymes, sizeof *rhymes, compare_rhyme) != NULL;
}

/* k, gh and ngh stand before e, i, y only, c, g and ng before the others: "ko" and "ce" are no words. */
static bool fits(const char *onset, const char *rhyme)
{
    bool front = strchr("eiy", rhyme[0]) != NULL;
    if (strcmp(onset, "k") == 0 || strcmp(onset, "gh") == 0 || strcmp(onset, "ngh") == 0)
        return front;
    if (strcmp(onset, "c") == 0 || strcmp(onset, "ng") == 0)
        return !front;
    return true;
}

/* Length of the longest onset that leaves a rhyme; -1 when `word` is no syllable. */
static int onset_length(const char *word)
{
    for (unsigned i = 0; i < sizeof onsets / sizeof *onsets; i++) {
        if (onsets[i][0] != word[0] && onsets[i][0] != '\0')
            continue;
        size_t n = strlen(onsets[i]);
        if (strncmp(word, onsets[i], n) == 0 && is_rhyme(word + n) && fits(onsets[i], word + n))
            return (int)n;
    }
    return -1;
}

bool faq_is_syllable(const char *word)
{
    return onset_length(word) >= 0;
}

void faq_spell(char *word)
{
    size_t n = strlen(word);
    if (strcmp(word, "qui") == 0)
        word[2] = 'y';
    else if (n >= 2 && word[n - 1] == 'y' && strchr("aeiouy", word[n - 2]) == NULL)
        word[n - 1] = 'i';
}

static void cut(char *s, size_t at)
{
    memmove(s + at, s + at + 1, strlen(s + at));
}

/* "quaaaa" -> "qua", "lunnn" -> "lun" */
static void squeeze(char *word)
{
    for (size_t i = 0; word[i] != '\0';)
        if (word[i] == word[i + 1] && word[i + 1] == word[i + 2])
            cut(word, i);
        else
            i++;
    size_t n = strlen(word);
    if (n >= 3 && word[n - 1] == word[n - 2] && !faq_is_syllable(word))
        word[n - 1] = '\0';
}

static bool drop_vni(char *word)
{
    bool letters = false, digits = false;
    char plain[FAQ_WORD_MAX];
    size_t n = 0;
    for (const char *p = word; *p != '\0'; p++)
        if (*p >= '1' && *p <= '9')
            digits = true;
        else {
            plain[n++] = *p;
            letters = true;
        }
    plain[n] = '\0';
    /* a1, b2, ct07 and their like are names of things */
    if (!letters || !digits || n < 2 || !faq_is_syllable(plain))
        return false;
    memcpy(word, plain, n + 1);
    return true;
}

/* Telex letters: dd aa ee oo aw ow uw. */
static void join_telex(char *word)
{
    static const char pairs[][3] = { "dd", "aa", "ee", "oo", "aw", "ow", "uw" };
    for (size_t i = 0; word[i] != '\0'; i++)
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
            if (word[i] == pairs[k][0] && word[i + 1] == pairs[k][1])
                cut(word, i + 1);
}

static bool drop_telex(char *word)
{
    char plain[FAQ_WORD_MAX];
    memcpy(plain, word, strlen(word) + 1);
    join_telex(plain);
    if (faq_is_syllable(plain)) {
        memcpy(word, plain, strlen(plain) + 1);
        return true;
    }
    for (size_t i = strlen(plain); i-- > 1;) { /* the tone key stands last or behind the vowel */
        char fewer[FAQ_WORD_MAX];
        if (strchr("sfrxj", plain[i]) == NULL)
            continue;
        memcpy(fewer, plain, strlen(plain) + 1);
        cut(fewer, i);
        join_telex(fewer);
        if (faq_is_syllable(fewer)) {
            memcpy(word, fewer, strlen(fewer) + 1);
            return true;
        }
    }
    return false;
}

bool faq_repair_keys(char word[FAQ_WORD_MAX])
{
    squeeze(word);
    return faq_is_syllable(word) || drop_vni(word) || drop_telex(word);
}

static const char *sound_of_onset(const char *onset, size_t n)
{
    static const struct {
        const char *from, *to;
    } same[] = { { "tr", "ch" }, { "x", "s" },  { "gi", "d" },   { "r", "d" },  { "l", "n" },
                 { "k", "c" },   { "gh", "g" }, { "ngh", "ng" }, { "qu", "cu" } };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (strlen(same[i].from) == n && memcmp(onset, same[i].from, n) == 0)
            return same[i].to;
    return NULL;
}

void faq_sound(const char *word, char out[FAQ_WORD_MAX])
{
    int n = onset_length(word);
    const char *onset = n > 0 ? sound_of_onset(word, (size_t)n) : NULL;
    size_t used = 0;

    if (n < 0)
        n = 0; /* not a syllable: sounds as it is written */
    if (onset != NULL) {
        used = strlen(onset);
        memcpy(out, onset, used);
    } else {
        memcpy(out, word, (size_t)n);
        used = (size_t)n;
    }
    const char *rhyme = word + n;
    size_t len = strlen(rhyme);
    if (len > FAQ_WORD_MAX - 1 - used)
        len = FAQ_WORD_MAX - 1 - used;
    memcpy(out + used, rhyme, len);
    out[used + len] = '\0';
    if (len >= 2 && out[used + len - 1] == 'h') /* -nh -ch */
        out[used + --len] = '\0';
    if (len >= 2 && out[used + len - 1] == 'g') /* -ng */
        out[used + --len] = '\0';
    if (len >= 2 && out[used + len - 1] == 'c')
        out[used + len - 1] = 't';
    if (len >= 1 && out[used + len - 1] == 'y')
        out[used + len - 1] = 'i';
}
