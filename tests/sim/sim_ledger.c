#include "sim_ledger.h"
#include "loa/mem.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 1024u

static const char *const way_words[SIM_WAYS] = {
    [SIM_CS] = "cs",       [SIM_UID] = "uid",           [SIM_ZBS] = "zbs",
    [SIM_ESMS] = "esms",   [SIM_SPEEDSMS] = "speedsms", [SIM_SMTP] = "smtp",
    [SIM_OAUTH] = "oauth", [SIM_INFO] = "info",
};

const char *sim_way_word(enum sim_way w)
{
    return way_words[w];
}

unsigned sim_ways_from_word(const char *w)
{
    if (strcmp(w, "zalo") == 0)
        return 1u << SIM_CS | 1u << SIM_UID | 1u << SIM_ZBS;
    if (strcmp(w, "sms") == 0)
        return 1u << SIM_ESMS | 1u << SIM_SPEEDSMS;
    if (strcmp(w, "all") == 0)
        return (1u << SIM_WAYS) - 1;
    for (unsigned i = 0; i < SIM_WAYS; i++)
        if (strcmp(w, way_words[i]) == 0)
            return 1u << i;
    return 0;
}

void sim_ledger_init(struct sim_ledger *l, uint32_t nonce)
{
    *l = (struct sim_ledger){ .nonce = nonce };
}

void sim_ledger_clear(struct sim_ledger *l)
{
    for (uint32_t seq = 1; seq <= l->count; seq++)
        free(sim_ledger_get(l, seq)->address);
    for (uint32_t b = 0; b < (l->count + BLOCK - 1) / BLOCK; b++)
        free(l->block[b]);
    free(l->block);
    sim_map_clear(&l->refs);
    sim_map_clear(&l->contents);
    sim_ledger_init(l, l->nonce);
}

struct sim_message *sim_ledger_get(const struct sim_ledger *l, uint32_t seq)
{
    if (seq == 0 || seq > l->count)
        return NULL;
    return &l->block[(seq - 1) / BLOCK][(seq - 1) % BLOCK];
}

static struct sim_message *append(struct sim_ledger *l)
{
    if (l->count % BLOCK == 0) {
        uint32_t blocks = l->count / BLOCK;
        l->block = mem_resize(l->block, (blocks + 1) * sizeof *l->block);
        l->block[blocks] = mem_alloc(BLOCK * sizeof **l->block);
    }
    l->count++;
    return sim_ledger_get(l, l->count);
}

/* Both strings in one piece of memory: half the allocator's overhead. */
static void keep_strings(struct sim_message *m, const char *address, const char *ref)
{
    size_t a = strlen(address) + 1, r = strlen(ref) + 1;
    m->address = mem_alloc(a + r);
    memcpy(m->address, address, a);
    memcpy(m->address + a, ref, r);
    m->ref = m->address + a;
}

static void count_repeats(struct sim_ledger *l, const struct sim_arrival *a, struct sim_totals *t)
{
    if (a->ref != NULL && a->ref[0] != '\0') {
        uint32_t *latest = sim_map_at(&l->refs, sim_hash(way_words[a->way], a->ref, NULL));
        if (*latest == 0)
            t->distinct_refs++;
        else
            t->repeated_refs++;
        *latest = l->count;
    }
    uint32_t *same = sim_map_at(&l->contents, sim_hash(way_words[a->way], a->address, a->content));
    if ((*same)++ > 0)
        t->repeated_contents++;
}

uint32_t sim_ledger_add(struct sim_ledger *l, const struct sim_arrival *a)
{
    struct sim_totals *t = &l->total[a->way];
    struct sim_message *m = append(l);

    m->accepted_ms = a->now_ms;
    m->person = a->person;
    m->price_vnd = a->price_vnd;
    m->way = (uint8_t)a->way;
    m->parts = (uint8_t)a->parts;
    keep_strings(m, a->address, a->ref != NULL ? a->ref : "");
    t->messages++;
    t->cost_vnd += a->price_vnd;
    count_repeats(l, a, t);
    return l->count;
}

void sim_ledger_delivered(struct sim_ledger *l, uint32_t seq, int64_t now_ms)
{
    struct sim_message *m = sim_ledger_get(l, seq);
    if (m == NULL || m->delivered_ms != 0)
        return;
    m->delivered_ms = now_ms;
    l->total[m->way].delivered++;
}

void sim_ledger_seen(struct sim_ledger *l, uint32_t seq, int64_t now_ms)
{
    struct sim_message *m = sim_ledger_get(l, seq);
    if (m == NULL || m->seen_ms != 0)
        return;
    m->seen_ms = now_ms;
    l->total[m->way].seen++;
}

void sim_ledger_failed(struct sim_ledger *l, uint32_t seq)
{
    struct sim_message *m = sim_ledger_get(l, seq);
    if (m == NULL || m->failed)
        return;
    m->failed = true;
    l->total[m->way].failed++;
}

uint32_t sim_ledger_find_ref(const struct sim_ledger *l, enum sim_way way, const char *ref)
{
    return sim_map_get(&l->refs, sim_hash(way_words[way], ref, NULL));
}

/* 48 bits that only this run would write behind this number: a guessed or stale id is not found. */
static uint64_t id_check(const struct sim_ledger *l, uint32_t seq, enum sim_way way)
{
    uint64_t state = ((uint64_t)l->nonce << 32 | seq) ^ (uint64_t)way << 56;
    return sim_random(&state) & 0xffffffffffffULL;
}

#define SPEEDSMS_FIRST_ID 100000000u

void sim_message_id(const struct sim_ledger *l, uint32_t seq, enum sim_way way, char out[SIM_ID_MAX])
{
    uint32_t head = seq ^ l->nonce;
    uint64_t check = id_check(l, seq, way);

    if (way == SIM_SPEEDSMS)
        snprintf(out, SIM_ID_MAX, "%u", SPEEDSMS_FIRST_ID + seq);
    else if (way == SIM_ESMS)
        snprintf(out, SIM_ID_MAX, "%08x-4%03x-8%03x-%012" PRIx64, head, (unsigned)(check & 0xfff),
                 (unsigned)(check >> 12 & 0xfff), check);
    else if (way == SIM_SMTP)
        snprintf(out, SIM_ID_MAX, "%08X%04X", head, (unsigned)(check & 0xffff));
    else
        snprintf(out, SIM_ID_MAX, "%08x%012" PRIx64, head, check);
}

/* Reads the number out of the id's first digits, as sim_message_id() wrote it. */
static uint32_t id_number(const struct sim_ledger *l, enum sim_way way, const char *id)
{
    char first[9];

    if (way == SIM_SPEEDSMS)
        return (uint32_t)strtoul(id, NULL, 10) - SPEEDSMS_FIRST_ID;
    snprintf(first, sizeof first, "%.8s", id);
    return (uint32_t)strtoul(first, NULL, 16) ^ l->nonce;
}

uint32_t sim_message_find(const struct sim_ledger *l, enum sim_way way, const char *id)
{
    uint32_t seq = id_number(l, way, id);
    const struct sim_message *m = sim_ledger_get(l, seq);
    char want[SIM_ID_MAX];

    if (m == NULL || m->way != way)
        return 0;
    sim_message_id(l, seq, way, want);
    return strcmp(want, id) == 0 ? seq : 0;
}
