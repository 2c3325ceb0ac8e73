/*
 * sim_people - the citizens: which devices they have, whether they follow the account, what they refuse.
 *
 * Anybody written to exists: a phone, a Zalo id or a mailbox nobody has defined is made up on first use by a
 * rule everyone can remember: a phone has Zalo unless its last digit is 9; a mailbox whose name starts with
 * "nobody" does not exist and one that starts with "full" is full (both take the mail and bounce it later).
 * Persons are known by a number that never changes; pointers live until the next call that adds one.
 */
#ifndef SIM_PEOPLE_H
#define SIM_PEOPLE_H

#include "loa/errors.h"
#include "loa/json.h"
#include "sim_map.h"

enum sim_zalo_state { SIM_ZALO_OK, SIM_ZALO_NONE, SIM_ZALO_INACTIVE, SIM_ZALO_OLD_APP, SIM_ZALO_BANNED };
enum sim_mailbox { SIM_MAILBOX_OK, SIM_MAILBOX_UNKNOWN, SIM_MAILBOX_FULL };

#define SIM_UID_MAX 24

struct sim_person {
    char phone[16];                  /* "84…" or "" */
    char uid[SIM_UID_MAX];           /* Zalo user id, "" without Zalo */
    char *name, *email, *portal_url; /* NULL when unknown */
    int64_t last_interaction_ms;     /* with the official account; 0 never */
    int64_t last_activity_ms;        /* something happened on a device */
    uint32_t unseen;                 /* messages on the devices that nobody has opened */
    uint8_t zalo, mailbox;
    bool follows, refuses_type, refuses_oa; /* refuses: this kind of notice, everything from this account */
    bool sms_lost;                          /* the network cannot reach this phone */
    bool defined;                           /* somebody described this person: kept in the state file */
};

struct sim_people {
    struct sim_person *list;
    uint32_t count, cap;
    struct sim_map by_phone, by_uid, by_email, by_hash;
    uint32_t hashed; /* how many are in by_hash: it is filled on first use */
};

void sim_people_clear(struct sim_people *p);
/* All return a person's number, 0 when there is nobody and nobody can be made up. `phone` is "84…". */
uint32_t sim_people_by_phone(struct sim_people *p, const char *phone);
uint32_t sim_people_by_uid(struct sim_people *p, const char *uid);
uint32_t sim_people_by_email(struct sim_people *p, const char *email);
uint32_t sim_people_by_phone_hash(struct sim_people *p, const char *sha256_hex); /* only known phones */
struct sim_person *sim_people_get(const struct sim_people *p, uint32_t number);  /* NULL for 0 */

/* Defines or changes one person from {"uid","phone","name","email","follows","last_interaction" (ms) or
 * "last_interaction_ago_s","optouts":["type","oa"],"zalo":"ok|none|inactive|old_app|banned",
 * "sms":"ok|lost","mailbox":"ok|unknown|full","portal_url"}. 0 and an error for a bad one. */
uint32_t sim_people_define(struct sim_people *p, const cJSON *o, int64_t now_ms, struct errors *err);
cJSON *sim_person_json(const struct sim_person *who); /* the same members; the caller frees it */

#endif
