/*
 * sim_threads - what people read: the newest texts on every citizen's devices, both directions.
 *
 * A ring with two ceilings, entries and bytes: when either is reached the oldest entries go. Numbers grow
 * from 1 and are never used again, so "everything after N" is one comparison.
 */
#ifndef SIM_THREADS_H
#define SIM_THREADS_H

#include "sim_map.h"

enum sim_device { SIM_DEVICE_ZALO, SIM_DEVICE_SMS, SIM_DEVICE_MAIL };
const char *sim_device_word(enum sim_device d); /* "zalo" "sms" "mail" */

enum sim_entry_kind {
    SIM_ENTRY_MESSAGE,
    SIM_ENTRY_CITIZEN,
    SIM_ENTRY_NOTE
}; /* to them, from them, happening */

struct sim_entry {
    uint32_t number;
    uint32_t person;
    uint32_t message; /* ledger sequence; 0 for what is not a message */
    uint8_t device, kind;
    int64_t at_ms;
    char *title;  /* subject, brandname, card title; never NULL */
    char *text;   /* as a person would read it; never NULL */
    char *html;   /* e-mail's HTML part, or NULL */
    char *detail; /* JSON object with what the page needs beyond that, or NULL */
};

#define SIM_THREADS_ENTRIES 5000u
#define SIM_THREADS_BYTES   (64u << 20)

struct sim_threads {
    struct sim_entry *ring; /* SIM_THREADS_ENTRIES places */
    uint32_t first, next;   /* numbers: the oldest kept, the one to come */
    size_t bytes;
    struct sim_map by_message;
};

void sim_threads_init(struct sim_threads *t);
void sim_threads_clear(struct sim_threads *t);
/* Copies the strings of `e`; its number is set here and returned. */
uint32_t sim_threads_add(struct sim_threads *t, const struct sim_entry *e);
const struct sim_entry *sim_threads_get(const struct sim_threads *t, uint32_t number); /* NULL: gone */
const struct sim_entry *sim_threads_of_message(const struct sim_threads *t, uint32_t message);

#endif
