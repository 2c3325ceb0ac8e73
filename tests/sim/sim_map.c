#include "sim_map.h"
#include "loa/mem.h"
#include <stdlib.h>

#define FNV_START 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static uint64_t scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

static uint64_t add_string(uint64_t h, const char *s)
{
    for (; s != NULL && *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * FNV_PRIME;
    return (h ^ 0xff) * FNV_PRIME; /* the end: no byte of UTF-8 text is 0xff */
}

uint64_t sim_hash(const char *domain, const char *a, const char *b)
{
    uint64_t h = scramble(add_string(add_string(add_string(FNV_START, domain), a), b));
    return h != 0 ? h : 1;
}

/* Index of the key, or of the free place where it belongs. */
static size_t find(const struct sim_map *m, uint64_t key)
{
    size_t i = key & (m->cap - 1);
    while (m->key[i] != 0 && m->key[i] != key)
        i = (i + 1) & (m->cap - 1);
    return i;
}

static void grow(struct sim_map *m)
{
    struct sim_map old = *m;

    m->cap = old.cap != 0 ? old.cap * 2 : 64;
    m->key = mem_alloc(m->cap * sizeof *m->key);
    m->value = mem_alloc(m->cap * sizeof *m->value);
    for (size_t i = 0; i < old.cap; i++) {
        if (old.key[i] == 0)
            continue;
        size_t to = find(m, old.key[i]);
        m->key[to] = old.key[i];
        m->value[to] = old.value[i];
    }
    free(old.key);
    free(old.value);
}

uint32_t sim_map_get(const struct sim_map *m, uint64_t key)
{
    if (m->cap == 0)
        return 0;
    size_t i = find(m, key);
    return m->key[i] != 0 ? m->value[i] : 0;
}

uint32_t *sim_map_at(struct sim_map *m, uint64_t key)
{
    if ((m->used + 1) * 4 > m->cap * 3)
        grow(m);
    size_t i = find(m, key);
    if (m->key[i] == 0) {
        m->key[i] = key;
        m->used++;
    }
    return &m->value[i];
}

void sim_map_clear(struct sim_map *m)
{
    free(m->key);
    free(m->value);
    *m = (struct sim_map){ 0 };
}

uint64_t sim_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15ULL;
    return scramble(*state);
}

double sim_random_share(uint64_t *state)
{
    return (double)(sim_random(state) >> 11) / 9007199254740992.0; /* 2^53 */
}
