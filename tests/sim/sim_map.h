/*
 * sim_map - 64-bit hashes to small numbers, for counting and finding among hundreds of thousands of things
 * at 12 bytes each. The hash stands for the thing: two strings with one hash would be taken for one, which
 * for the few million strings of a test run does not happen.
 */
#ifndef SIM_MAP_H
#define SIM_MAP_H

#include <stddef.h>
#include <stdint.h>

struct sim_map {
    uint64_t *key; /* 0: free */
    uint32_t *value;
    size_t cap, used;
};

/* Hash of several strings, kept apart: ("ab","c") differs from ("a","bc"). NULL counts as "". Never 0. */
uint64_t sim_hash(const char *domain, const char *a, const char *b);

/* The number kept under `key`, 0 when there is none. */
uint32_t sim_map_get(const struct sim_map *m, uint64_t key);
/* The place of that number, made with 0 when absent; valid until the next call. */
uint32_t *sim_map_at(struct sim_map *m, uint64_t key);
void sim_map_clear(struct sim_map *m);

/* A small generator with a seed: the same seed always plays the same game (splitmix64). */
uint64_t sim_random(uint64_t *state);
double sim_random_share(uint64_t *state); /* 0 <= x < 1 */

#endif
