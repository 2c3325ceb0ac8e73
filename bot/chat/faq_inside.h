/*
 * faq_inside - what the files of the FAQ matcher share. Nobody else includes it.
 *
 *   text -> faq_normalise (faq_syllable, faq_vocab) -> tokens -> faq_features (faq_phrase) -> faq_index,
 *   faq_score -> faq_gate -> answer
 */
#ifndef LOA_FAQ_INSIDE_H
#define LOA_FAQ_INSIDE_H

#include "loa/faq.h"
#include <stdint.h>

/* ---- faq_map.c: 64-bit key -> number; equal hashes are taken for equal words ---- */

struct faq_slot {
    uint64_t key; /* 0: free */
    uint32_t value;
};
struct faq_map {
    struct faq_slot *slot;
    uint32_t size, count; /* size: a power of two */
};

#define FAQ_NONE UINT32_MAX
uint64_t faq_hash(uint64_t seed, const void *p, size_t n);                 /* never 0 */
uint64_t faq_hash_pair(uint64_t seed, uint64_t a, uint64_t b);             /* never 0 */
uint32_t faq_map_get(const struct faq_map *m, uint64_t key);               /* FAQ_NONE when absent */
uint32_t faq_map_put(struct faq_map *m, uint64_t key, uint32_t if_absent); /* what stands there now */
void faq_map_clear(struct faq_map *m);
/* Room for one more item of `bytes` behind `count` of them; it doubles. */
void *faq_room_for(void *items, uint32_t count, size_t bytes);

/* ---- faq_syllable.c: Vietnamese spelling without diacritics ---- */

#define FAQ_WORD_MAX 24 /* with the NUL; longer words are cut */

struct faq_letter {
    char base;             /* a-z, 0-9; 0: not part of a word */
    unsigned char quality; /* ă â ê ô ơ ư đ */
    unsigned char tone;    /* 1…5 */
};
struct faq_letter faq_letter_of(uint32_t point); /* capitals are the same letters */
bool faq_is_syllable(const char *word);
/* One spelling of ký/kí and quý/quí, in place. */
void faq_spell(char *word);
/* What is left of Telex and VNI keys ("dduowcj", "ho62"), in place; false: no syllable comes out. */
bool faq_repair_keys(char word[FAQ_WORD_MAX]);
/* "trả"/"chả", "sáng"/"xáng", "lộp"/"nộp" … sound alike somewhere: a key equal for all of them. */
void faq_sound(const char *word, char out[FAQ_WORD_MAX]);

/* ---- faq_vocab.c: the words that entries and tables use ---- */

struct faq_word {
    char text[FAQ_WORD_MAX];
    uint32_t sound;      /* number of its sound */
    uint32_t next_alike; /* next word of the same sound */
};

struct faq_vocab {
    struct faq_word *word;
    uint32_t count, sounds;
    struct faq_map by_text, by_sound, written; /* written: hashes of words with their diacritics */
    uint32_t *first_alike;                     /* [sounds] */
};

uint32_t faq_vocab_find(const struct faq_vocab *v, const char *word);
uint32_t faq_vocab_add(struct faq_vocab *v, const char *word);
void faq_vocab_add_written(struct faq_vocab *v, uint64_t written);
bool faq_vocab_has_written(const struct faq_vocab *v, uint64_t written);
/* Known words that sound like `word`, at most `max`. */
unsigned faq_vocab_alike(const struct faq_vocab *v, const char *word, uint32_t *out, unsigned max);
/* Known words one slip of the finger away (a letter more, less, other, or two swapped), at most `max`. */
unsigned faq_vocab_near(const struct faq_vocab *v, const char *word, uint32_t *out, unsigned max);
void faq_vocab_clear(struct faq_vocab *v);

/* ---- faq_normalise.c ---- */

#define FAQ_TOKENS_MAX 96
#define FAQ_ALTS_MAX   4

struct faq_alt {
    uint32_t word; /* FAQ_NONE: not in the vocabulary */
    float weight;
};
struct faq_token {
    char text[FAQ_WORD_MAX]; /* of the first reading */
    struct faq_alt alt[FAQ_ALTS_MAX];
    unsigned alts;
    uint64_t written; /* with diacritics, wherever the tone stands; 0: none typed */
    float weight;     /* of the word in its place: fillers count little */
    bool optional;    /* a reading of the shorthand it comes from ends before it */
};
struct faq_text {
    struct faq_token token[FAQ_TOKENS_MAX];
    unsigned tokens;
};

/* teencode.tsv: folded token -> up to FAQ_ALTS_MAX readings, each up to 4 words. */
struct faq_reading {
    char word[FAQ_ALTS_MAX][4][FAQ_WORD_MAX];
    uint64_t written[FAQ_ALTS_MAX][4];
    unsigned words[FAQ_ALTS_MAX];
    unsigned readings; /* 0: the token is dropped */
};
struct faq_teencode {
    struct faq_reading *row;
    uint32_t count;
    struct faq_map by_token; /* the word as it is written, or faq_plain_key() */
};

uint64_t faq_plain_key(const char *word); /* of a shorthand without diacritics */
/* With `learn`, every word joins the vocabulary; without, unknown words are mended by it. */
void faq_normalise(const struct faq_teencode *t, const struct faq_vocab *v, struct faq_vocab *learn,
                   const char *s, size_t n, struct faq_text *out);

/* ---- faq_phrase.c: finds the phrases of all tables in one walk ---- */

#define FAQ_PHRASE_WORDS_MAX 8
#define FAQ_HITS_MAX         192

struct faq_phrase {
    uint64_t written[FAQ_PHRASE_WORDS_MAX]; /* tells "đổi số" from "đổi sổ" when diacritics are typed */
    uint32_t concept;                       /* FAQ_NONE: no concept */
    uint32_t next_alike;                    /* another phrase of the same letters; FAQ_NONE: the last */
    unsigned words;
    bool filler, ruled; /* ruled: some rule asks for it */
    bool doubtful;      /* without diacritics these letters may be words of an entry: "chùa", "chưa" */
};
struct faq_phrases {
    struct faq_phrase *phrase;
    uint32_t count, nodes;
    struct faq_map next, end; /* (node, word) -> node; node -> first phrase */
};
struct faq_hit {
    uint32_t phrase;
    unsigned at, words;
    float weight;
    bool inside;     /* within a longer hit that names a concept */
    bool misspelled; /* other diacritics were typed */
    bool doubtful;   /* of a doubtful phrase, and not all diacritics were typed: decides nothing */
};
struct faq_hits {
    struct faq_hit hit[FAQ_HITS_MAX];
    unsigned count;
};

/* FAQ_NONE when the phrase has no words or too many. */
uint32_t faq_phrases_add(struct faq_phrases *p, const struct faq_text *phrase);
/* `doubt`: NULL; or `p` when the text belongs to an entry, to mark the rules' phrases that its letters would
 * be taken for. */
void faq_phrases_find(const struct faq_phrases *p, const struct faq_text *text, struct faq_phrases *doubt,
                      struct faq_hits *out);
void faq_phrases_clear(struct faq_phrases *p);

/* ---- faq_rules.c ---- */

/* "a|b + c ! d": (a or b) and c and not d. */
#define FAQ_GROUPS_MAX 4
#define FAQ_RULES_MAX  500
struct faq_rule {
    unsigned required, forbidden; /* a bit per group */
    char *pattern, *department, *sentence;
};
struct faq_use {                /* a phrase in a group of a rule */
    uint32_t rule, group, next; /* next: use of the same phrase; FAQ_NONE: the last */
};
struct faq_rules {
    struct faq_rule *rule;
    struct faq_use *use;
    uint32_t count, uses;
    struct faq_map by_phrase; /* -> its first use */
};
/* The phrase stands in `group` of the rule that faq_rules_add() adds next. */
void faq_rules_use(struct faq_rules *r, uint32_t phrase, unsigned group);
void faq_rules_add(struct faq_rules *r, const struct faq_rule *rule); /* takes its strings */
/* The first rule that holds, NULL when none does; the words of all that hold are added to *covered. With
 * `any_reading`, a shorthand may be read as it suits the rule. */
const struct faq_rule *faq_rules_first(const struct faq_rules *r, const struct faq_hits *hits,
                                       bool any_reading, uint64_t covered[2]);
void faq_rules_clear(struct faq_rules *r);

/* ---- faq_index.c ---- */

enum faq_kind { FK_WORD, FK_PAIR, FK_SOUND, FK_WRITTEN, FK_CONCEPT, FK_CONCEPTS, FK_COUNT };

struct faq_feature {
    uint64_t key;
    float weight;
    enum faq_kind kind;
    uint32_t a, b; /* words, sounds or concepts: what to call it */
    uint32_t row;  /* of the index; FAQ_NONE: no entry has it */
};
#define FAQ_FEATURES_MAX 1200
struct faq_features {
    struct faq_feature item[FAQ_FEATURES_MAX];
    unsigned count;
    uint16_t slot[2048]; /* key -> 1 + item; 0: free */
};

struct faq_posting {
    uint32_t doc;
    float weight;
};
/* A matrix by rows: row r holds posting[start[r]] … posting[start[r + 1] - 1]. */
struct faq_postings {
    uint32_t *start;
    struct faq_posting *posting;
    uint32_t rows;
};

struct faq_index {
    struct faq_map features, grams;
    float *idf, *gram_idf;
    struct faq_postings by_entry, by_phrasing, grams_by_phrasing;
    uint32_t *entry_of; /* [phrasings] */
    uint32_t *first_of; /* [entries + 1]: its first phrasing */
    uint32_t phrasings;
    float idf_max;
};

/* ---- faq_gate.c ---- */

enum {
    GATE_SCORE,
    GATE_MARGIN,
    GATE_RELATIVE,
    GATE_EXPLAINED,
    GATE_PAIRS,
    GATE_LENGTH,
    GATE_BEST,
    GATE_LETTERS,
    GATE_WRITTEN,
    GATE_BIAS,
    GATE_COUNT
};

struct faq_gate {
    double kind[FK_COUNT]; /* weight of each kind of feature */
    double entry, phrasing, letters, answer_text, filler, norm, k1, b;
    double weight[GATE_COUNT];
    double threshold_answer, threshold_margin, threshold_ask;
};
enum loa_status faq_gate_read(const char *path, struct errors *err, struct faq_gate *out);
void faq_gate_print(const struct faq_gate *g, struct buf *out); /* as a gate.ini */
double faq_gate_sure(const struct faq_gate *g, const double x[GATE_COUNT]);

/* ---- faq_variables.c ---- */

#define FAQ_ANSWER_MAX   4000
#define FAQ_VARIABLE_MAX 64
struct faq_variables {
    char **value;
    uint32_t count;
    struct faq_map by_name; /* unit and name -> value */
};
enum loa_status faq_variables_read(const char *path, struct errors *err, struct faq_variables *out);
/* Appends `text` with every {{name}} replaced by the value of `unit`, else of the province ("" is the
 * province). False: it is too long, or a value is missing, whose name is told. */
bool faq_variables_fill(const struct faq_variables *v, const char *unit, const char *text, struct buf *out,
                        char missing[FAQ_VARIABLE_MAX]);
void faq_variables_clear(struct faq_variables *v);

/* ---- the whole ---- */

enum { FO_ID, FO_TOPIC, FO_QUESTION, FO_TEMPLATE, FO_ANSWER, FO_SOURCE, FO_DATE, FO_EXPIRES, FO_COUNT };
struct faq_source { /* an entry as it is read, before indexing */
    struct faq_entry shown;
    char **phrasing; /* the question, then the variants */
    unsigned phrasings;
    char *owned[FO_COUNT]; /* what `shown` points to, and the answer with its {{names}} */
    int64_t last_day;      /* day number; INT64_MAX: does not end */
};

struct faq {
    struct faq_source *entry;
    uint32_t count, skipped;
    struct faq_variables variables;
    struct faq_vocab vocab;
    struct faq_teencode teencode;
    struct faq_phrases phrases;
    char **concept;
    uint32_t concepts;
    struct faq_rules unsupported, smalltalk, urgent;
    struct faq_gate gate;
    struct faq_index index;
    float *score, *phrasing_score, *gram_score, *letters, *best, *total; /* working memory */
};

/* `doubt`: as for faq_phrases_find(). */
void faq_features_of(const struct faq *f, struct faq_text *text, struct faq_phrases *doubt,
                     struct faq_hits *hits, struct faq_features *out);
uint64_t faq_feature_key(enum faq_kind kind, uint64_t a, uint64_t b);
void faq_index_build(struct faq *f);
void faq_index_clear(struct faq_index *ix);
/* Groups of three and four letters of the words written as one, fillers lightly. */
#define FAQ_GRAMS_MAX 1200
struct faq_gram {
    uint64_t key;
    float weight;
};
unsigned faq_grams(const struct faq_text *t, struct faq_gram out[FAQ_GRAMS_MAX]);
/* Variables and entries as delivered. */
enum loa_status faq_entries_read(const char *dir, struct errors *err, struct faq *f);
/* Every `dir`/<any>.json over them; what is wrong there is told in `skipped` and left out. */
void faq_entries_own(const char *dir, struct errors *skipped, struct faq *f);
void faq_source_clear(struct faq_source *s);
enum loa_status faq_tables_read(const char *dir, struct errors *err, struct faq *f);

/* Text, hits and features of one question. */
struct faq_query {
    struct faq_text text;
    struct faq_hits hits;
    struct faq_features features;
};
void faq_read_query(const struct faq *f, const char *s, size_t n, struct faq_query *out);

/* What the score says of one question: the ranking and the gate's view of it. */
struct faq_verdict {
    unsigned entry[FAQ_RANKED_MAX];
    double score[FAQ_RANKED_MAX];
    unsigned entries;
    double x[GATE_COUNT];
};
void faq_score(struct faq *f, const struct faq_query *q, struct faq_verdict *out);
void faq_explain(const struct faq *f, const struct faq_features *q, struct faq_answer *out);

/* A labelled question of a file to measure with. */
struct faq_sample {
    char *question, *style;
    int entry; /* -1: none is right */
};
struct faq_samples {
    struct faq_sample *item;
    unsigned count;
};
enum loa_status faq_samples_read(const struct faq *f, const char *path, struct errors *err,
                                 struct faq_samples *out);
void faq_samples_clear(struct faq_samples *s);

#endif
