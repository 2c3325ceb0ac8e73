/*
 * citizen - who a message is for: the opaque key, the sealed contact record, what the citizen does not want.
 *
 * Record c:<ckey> (hash) in the partition of the key:
 *   s    sealed JSON {name, phone, email, zalo, unit, kind, identities:[…]}    as  key of the main record,
 * when this identity was registered together with another one    no  "way=until_ms;" left alone until then
 * (-1: for good); by the citizen's wish "o_channel=-1;" (all messages there), "t_topic=-1;" and
 * "t_topic_channel=-1;" (topics.ini)    zw  last touch of the Zalo OA, ms    zf  1
 * follows the OA seq  last offset of the portal inbox    ep  epoch of the inbox    capday, capn  messages
 * counted today An identity is "cccd:…", "phone:84…", "email:…", "tax:…" or "zalo:…"; it is hashed with a key
 * that is not in Redis.
 */
#ifndef LOA_CITIZEN_H
#define LOA_CITIZEN_H

#include "loa/channel.h"
#include "loa/store.h"

struct citizen {
    char ckey[CRYPTO_KEY_HEX];
    bool known;                 /* a contact record was found */
    char alias[CRYPTO_KEY_HEX]; /* not "": look there instead */
    char phone[16], email[256], zalo[40], name[128], unit[64];
    char no[512];
    int64_t zalo_touch_ms;
    bool zalo_follows;
};

/* Brings an identity into its one form ("phone:0912 345 678" -> "phone:84912345678"). LOA_INVALID for none of
 * the kinds. */
enum loa_status citizen_identity(const char *text, char out[300]);
void citizen_key(const struct crypto *c, const char *identity, char ckey[CRYPTO_KEY_HEX]);

/* Reads c:<ckey>, following one alias. `done` gets a record with known=false when there is none. */
typedef void citizen_fn(void *ctx, enum loa_status st, const struct citizen *c);
enum loa_status citizen_load(struct store *s, const char *ckey, citizen_fn *done, void *ctx);

/* The context under which a citizen's fields are sealed. */
void citizen_context(char out[STORE_KEY_MAX], const char *ckey);

/* Why a message of this rule must not go this way now: "opted_out" (of the channel), "topic_refused",
 * "suppressed" (the address failed), or NULL when it may. A topic stops nothing that the law demands or that
 * asks for action. `rule` NULL: any message, only the channel counts. */
struct status_rule;
const char *citizen_refuses(const char *no, const struct status_rule *rule, enum way way, int64_t now_ms);

/* What a provider tells about a citizen that is no receipt: touched the OA, followed, left, shared a phone.
 * `done` runs once, when it is durable. */
void citizen_event(struct store *s, const struct channel_event *e,
                   void (*done)(void *ctx, enum loa_status st), void *ctx);

#endif
