/*
 * sim_cards - the ZBS templates Zalo has approved: checks the data of a send, draws the card.
 *
 * Read from DIR/<kind>/zalo_template[.variant].json. A parameter in a text stands as <name>. Lengths are
 * counted in characters after NFC; a parameter type has its own ceiling beside the template's.
 */
#ifndef SIM_CARDS_H
#define SIM_CARDS_H

#include "loa/errors.h"
#include "loa/json.h"
#include "sim.h"

struct sim_card {
    const char *id, *title; /* borrowed from `tree` */
    const char *tag;        /* TRANSACTION CUSTOMER_CARE PROMOTION */
    const cJSON *params, *rows, *buttons, *paragraphs;
    int64_t price_phone, price_uid; /* price_uid 0: cannot go by user id */
    const char *status, *quality;   /* ENABLE PENDING_REVIEW REJECT DISABLE; HIGH MEDIUM LOW UNDEFINED */
    int64_t daily_quota;            /* 0: none of its own */
    struct sim_window day;
    cJSON *tree;
};

struct sim_cards;
/* A missing directory gives no templates: that is no error. */
enum loa_status sim_cards_load(const char *dir, struct errors *err, struct sim_cards **out);
void sim_cards_free(struct sim_cards *c);
struct sim_card *sim_cards_find(const struct sim_cards *c, const char *template_id); /* NULL */
unsigned sim_cards_count(const struct sim_cards *c);
struct sim_card *sim_cards_at(const struct sim_cards *c, unsigned i);
/* Adds a template from its JSON, which it takes over; for tests. NULL when it lacks what it needs. */
struct sim_card *sim_cards_add(struct sim_cards *c, cJSON *tree);

/* The words Zalo knows, or NULL: for changing a template's state. */
const char *sim_card_status_word(const char *w);
const char *sim_card_quality_word(const char *w);

/* NULL when `data` fills the template, else the ZBS error code; `name` is the parameter at fault or "". */
const char *sim_card_check(const struct sim_card *card, const cJSON *data, const char **name);
/* What the citizen sees: `text` for reading, `detail` as {"card":{title,paragraphs,rows,buttons}}. */
void sim_card_draw(const struct sim_card *card, const cJSON *data, struct buf *text, struct buf *detail);

#endif
