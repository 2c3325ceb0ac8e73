#include "faq_inside.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

static uint64_t key_of(const char *word)
{
    return faq_hash(0, word, strlen(word));
}

uint32_t faq_vocab_find(const struct faq_vocab *v, const char *word)
{
    return faq_map_get(&v->by_text, key_of(word));
}

static uint64_t sound_key(const char *word)
{
    char sound[FAQ_WORD_MAX];
    faq_sound(word, sound);
    return key_of(sound);
}

uint32_t faq_vocab_add(struct faq_vocab *v, const char *word)
{
    uint32_t id = faq_map_put(&v->by_text, key_of(word), v->count);
    if (id < v->count)
        return id;
    v->word = faq_room_for(v->word, v->count, sizeof *v->word);
    struct faq_word *w = &v->word[v->count++];
    memset(w, 0, sizeof *w);
    memcpy(w->text, word, strlen(word) + 1);
    w->sound = faq_map_put(&v->by_sound, sound_key(word), v->sounds);
    if (w->sound == v->sounds) {
        v->first_alike = faq_room_for(v->first_alike, v->sounds, sizeof *v->first_alike);
        v->first_alike[v->sounds++] = FAQ_NONE;
    }
    w->next_alike = v->first_alike[w->sound];
    v->first_alike[w->sound] = id;
    return id;
}

void faq_vocab_add_written(struct faq_vocab *v, uint64_t written)
{
    faq_map_put(&v->written, written, 0);
}

bool faq_vocab_has_written(const struct faq_vocab *v, uint64_t written)
{
    return faq_map_get(&v->written, written) != FAQ_NONE;
}

unsigned faq_vocab_alike(const struct faq_vocab *v, const char *word, uint32_t *out, unsigned max)
{
    uint32_t sound = faq_map_get(&v->by_sound, sound_key(word));
    unsigned n = 0;
    if (sound == FAQ_NONE)
        return 0;
    for (uint32_t i = v->first_alike[sound]; i != FAQ_NONE && n < max; i = v->word[i].next_alike)
        if (faq_is_syllable(v->word[i].text))
            out[n++] = i;
    return n;
}

/* Is one edit between them enough? Damerau-Levenshtein distance of 1. */
static bool one_slip(const char *a, size_t na, const char *b, size_t nb)
{
    size_t head = 0;
    while (head < na && head < nb && a[head] == b[head])
        head++;
    if (na == nb + 1)
        return memcmp(a + head + 1, b + head, nb - head) == 0;
    if (nb == na + 1)
        return memcmp(a + head, b + head + 1, na - head) == 0;
    if (na != nb || head == na)
        return false;
    if (memcmp(a + head + 1, b + head + 1, na - head - 1) == 0)
        return true;
    return head + 1 < na && a[head] == b[head + 1] && a[head + 1] == b[head] &&
           memcmp(a + head + 2, b + head + 2, na - head - 2) == 0;
}

unsigned faq_vocab_near(const struct faq_vocab *v, const char *word, uint32_t *out, unsigned max)
{
    size_t len = strlen(word);
    unsigned n = 0;
    if (len < 3)
        return 0;
    for (uint32_t i = 0; i < v->count && n < max; i++) {
        const char *known = v->word[i].text;
        /* people rarely miss both of the first two keys */
        if (known[0] != word[0] && known[1] != word[1] && known[0] != word[1])
            continue;
        size_t known_len = strlen(known);
        if (known_len >= 2 && known_len + 1 >= len && known_len <= len + 1 &&
            one_slip(word, len, known, known_len))
            out[n++] = i;
    }
    return n;
}

void faq_vocab_clear(struct faq_vocab *v)
{
    free(v->word);
    free(v->first_alike);
    faq_map_clear(&v->by_text);
    faq_map_clear(&v->by_sound);
    faq_map_clear(&v->written);
    *v = (struct faq_vocab){ 0 };
}
