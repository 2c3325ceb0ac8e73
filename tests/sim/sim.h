/*
 * sim - the provider simulator's common ground: what its rooms share.
 *
 *   sim_options   what we were told         sim_people    citizens and their devices
 *   sim_codes     words of the error codes  sim_faults    what goes wrong on purpose
 *   sim_exchange  one request, answered     sim_cards     ZBS templates: check the data, draw the card
 *   sim_oauth sim_oa sim_zbs                Zalo          sim_esms sim_speedsms   SMS
 *   sim_oa_message sim_sms_templates        may this be sent?
 *   sim_smtp_*    the mail server           sim_mail sim_bounce  reads a mail, writes a bounce
 *   sim_delivery  taken -> device, receipt  sim_events    what Zalo tells by webhook
 *   sim_outbox    callbacks with retries    sim_ledger    the truth, for counting
 *   sim_threads   the newest texts          sim_control sim_acts sim_truth   /sim/…
 *   sim_view sim_pages   the page           sim_state     what outlives a restart
 *
 * Everything runs on one loop. Handlers never wait: what takes time is a timer.
 */
#ifndef SIM_H
#define SIM_H

#include "loa/clock.h"
#include "loa/http_client.h"
#include "loa/http_server.h"
#include "sim_faults.h"
#include "sim_ledger.h"
#include "sim_options.h"
#include "sim_people.h"
#include "sim_threads.h"

#define SIM_TOKEN_MAX 160

struct sim_tokens { /* of the one Official Account */
    char access[SIM_TOKEN_MAX], previous[SIM_TOKEN_MAX], refresh[SIM_TOKEN_MAX];
    int64_t expires_ms;
    bool revoked;
    uint32_t refreshes, refused;
};

#define SIM_CODES_COUNTED 32
struct sim_counts { /* of one way */
    uint32_t requests, accepted, refused, duplicates, unanswered;
    struct {
        char code[24];
        uint32_t count;
    } refusal[SIM_CODES_COUNTED]; /* the last place counts everything there was no place for */
};

struct sim_window { /* so many in this minute or day */
    int64_t number;
    int64_t used;
};

struct sim_bound_route;
struct sim_bound_control;
struct sim_held;
struct sim_codes;
struct sim_cards;
struct sim_sms_templates;
struct sim_outbox;
struct sim_delivery;
struct sim_smtp;
struct sim_pages;

struct sim {
    struct loop *loop;
    struct http_server *http;
    struct http_client *client;
    struct sim_options opt;
    struct sim_settings set;

    struct sim_people people;
    struct sim_ledger ledger;
    struct sim_threads threads;
    struct sim_faults faults;
    struct sim_tokens tokens;
    struct sim_counts counts[SIM_WAYS];
    struct sim_window oa_minute, speedsms_minute, zbs_day;
    uint64_t rng;
    int64_t started_ms;
    uint32_t changes; /* grows with everything the page could show */
    unsigned closing; /* what has still to close before the loop ends; 0: running */

    struct sim_bound_route *bound; /* sim_exchange's */
    struct sim_held *held;
    struct sim_bound_control *controls;
    struct sim_codes *codes;
    struct sim_cards *cards;
    struct sim_sms_templates *sms_templates; /* NULL: any text may be sent */
    struct sim_outbox *outbox;
    struct sim_delivery *delivery;
    struct sim_smtp *smtp;
    struct sim_pages *pages;
};

/* The simulator's wall clock: the real one, moved by the setting clock_offset_ms. */
int64_t sim_now_ms(const struct sim *s);
/* The day, or the minute, a moment lies in by Vietnamese time. */
int64_t sim_day(int64_t wall_ms);
bool sim_is_night(int64_t wall_ms);
/* Counts one more in the period `number`. False over the limit; then nothing was counted. */
bool sim_window_take(struct sim_window *w, int64_t number, int64_t limit);

/* Opens the free window: the citizen did something with the account. */
void sim_person_acted(struct sim *s, uint32_t person);
/* Takes money for one message: from the balance when it has an end. False when there is not enough. */
bool sim_charge(struct sim *s, enum sim_way way, int64_t vnd);

/* Tokens, defined people: kept in --state when given. */
void sim_state_load(struct sim *s);
void sim_state_save(struct sim *s);

#endif
