#include "sim_threads.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

const char *sim_device_word(enum sim_device d)
{
    static const char *const words[] = { "zalo", "sms", "mail" };
    return words[d];
}

void sim_threads_init(struct sim_threads *t)
{
    *t = (struct sim_threads){ .first = 1, .next = 1 };
    t->ring = mem_alloc(SIM_THREADS_ENTRIES * sizeof *t->ring);
}

static size_t entry_bytes(const struct sim_entry *e)
{
    return strlen(e->title) + strlen(e->text) + (e->html != NULL ? strlen(e->html) : 0) +
           (e->detail != NULL ? strlen(e->detail) : 0);
}

static struct sim_entry *place(const struct sim_threads *t, uint32_t number)
{
    return &t->ring[number % SIM_THREADS_ENTRIES];
}

static void drop_oldest(struct sim_threads *t)
{
    struct sim_entry *e = place(t, t->first++);

    t->bytes -= entry_bytes(e);
    free(e->title);
    free(e->text);
    free(e->html);
    free(e->detail);
    *e = (struct sim_entry){ 0 };
}

void sim_threads_clear(struct sim_threads *t)
{
    while (t->ring != NULL && t->first != t->next)
        drop_oldest(t);
    free(t->ring);
    sim_map_clear(&t->by_message);
    *t = (struct sim_threads){ 0 };
}

uint32_t sim_threads_add(struct sim_threads *t, const struct sim_entry *e)
{
    struct sim_entry copy = *e;

    copy.number = t->next;
    copy.title = mem_strdup(e->title != NULL ? e->title : "");
    copy.text = mem_strdup(e->text != NULL ? e->text : "");
    copy.html = mem_strdup(e->html);
    copy.detail = mem_strdup(e->detail);

    size_t bytes = entry_bytes(&copy);
    while (t->first != t->next &&
           (t->next - t->first >= SIM_THREADS_ENTRIES || t->bytes + bytes > SIM_THREADS_BYTES))
        drop_oldest(t);
    t->bytes += bytes;
    *place(t, t->next++) = copy;
    if (copy.message != 0)
        *sim_map_at(&t->by_message, copy.message) = copy.number;
    return copy.number;
}

const struct sim_entry *sim_threads_get(const struct sim_threads *t, uint32_t number)
{
    return number >= t->first && number < t->next ? place(t, number) : NULL;
}

const struct sim_entry *sim_threads_of_message(const struct sim_threads *t, uint32_t message)
{
    return sim_threads_get(t, sim_map_get(&t->by_message, message));
}
