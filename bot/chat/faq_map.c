#include "faq_inside.h"
#include "loa/mem.h"
#include <stdlib.h>

/* FNV-1a, then the finaliser of MurmurHash3: the low bits choose the slot. */
static uint64_t finish(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdULL;
    h ^= h >> 33;
    return h == 0 ? 1 : h;
}

uint64_t faq_hash(uint64_t seed, const void *p, size_t n)
{
    const unsigned char *s = p;
    uint64_t h = 0xcbf29ce484222325ULL ^ (seed * 0x9e3779b97f4a7c15ULL);
    for (size_t i = 0; i < n; i++)
        h = (h ^ s[i]) * 0x100000001b3ULL;
    return finish(h);
}

uint64_t faq_hash_pair(uint64_t seed, uint64_t a, uint64_t b)
{
    return finish((seed + 1) * 0x9e3779b97f4a7c15ULL + a * 0xc2b2ae3d27d4eb4fULL + b * 0x165667b19e3779f9ULL);
}

static uint32_t slot_of(const struct faq_map *m, uint64_t key)
{
    uint32_t i = (uint32_t)key & (m->size - 1);
    while (m->slot[i].key != 0 && m->slot[i].key != key)
        i = (i + 1) & (m->size - 1);
    return i;
}

uint32_t faq_map_get(const struct faq_map *m, uint64_t key)
{
    if (m->size == 0)
        return FAQ_NONE;
    uint32_t i = slot_of(m, key);
    return m->slot[i].key == key ? m->slot[i].value : FAQ_NONE;
}

static void grow(struct faq_map *m)
{
    struct faq_map old = *m;
    m->size = old.size == 0 ? 64 : 2 * old.size;
    m->slot = mem_alloc(m->size * sizeof *m->slot);
    for (uint32_t i = 0; i < old.size; i++)
        if (old.slot[i].key != 0)
            m->slot[slot_of(m, old.slot[i].key)] = old.slot[i];
    free(old.slot);
}

uint32_t faq_map_put(struct faq_map *m, uint64_t key, uint32_t if_absent)
{
    if (m->size < 2 * (m->count + 1))
        grow(m);
    uint32_t i = slot_of(m, key);
    if (m->slot[i].key == 0) {
        m->slot[i] = (struct faq_slot){ key, if_absent };
        m->count++;
    }
    return m->slot[i].value;
}

void faq_map_clear(struct faq_map *m)
{
    free(m->slot);
    *m = (struct faq_map){ 0 };
}

void *faq_room_for(void *items, uint32_t count, size_t bytes)
{
    bool full = (count & (count + 1)) == 0; /* 0, 1, 3, 7 … */
    return full ? mem_resize(items, (2 * (size_t)count + 1) * bytes) : items;
}
