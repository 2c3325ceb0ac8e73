/*
 * chat_inside - what the files of the chat share: the chat itself, a conversation's state while it is worked
 * on, one turn from the stream to its commit.
 *
 * chat.c takes in and lets look on, in every process. chat_owner.c answers, where the lease is: it reads the
 * stream (or is handed what came in here), keeps the turns of one conversation in order, and commits. turn.c
 * is what an intent sees of a turn, dialog.c asks the intents in order, chat_send.c hands lines to a
 * provider.
 */
#ifndef CHAT_INSIDE_H
#define CHAT_INSIDE_H

#include "loa/batch.h"
#include "loa/chat_texts.h"
#include "loa/dialog.h"
#include "loa/faq.h"
#include "loa/handover.h"
#include "loa/service.h"
#include <uthash.h>

#define CHAT_LISTENERS_MAX 8
#define CHAT_BLOB_MAX      (CHAT_TEXT_MAX_BYTES * 6 + 1024) /* JSON may write a byte as \u00XX */
#define CHAT_MEMORY_MAX    4096

/* ---- fields of cv:<cid>, copied out of a reply ---- */
#define CHAT_FIELDS_MAX 40
struct chat_fields {
    struct {
        char name[12];
        char *value; /* NUL behind it */
        size_t len;
    } item[CHAT_FIELDS_MAX];
    unsigned count;
};
void chat_fields_read(struct chat_fields *f, const struct redis_value *list);
void chat_fields_clear(struct chat_fields *f);
const char *chat_fields_get(const struct chat_fields *f, const char *name, size_t *len);      /* "" none */
void chat_fields_set(struct chat_fields *f, const char *name, const void *value, size_t len); /* len 0 removes
                                                                                               */

/* ---- the chat ---- */
struct chat_owner;
struct chat {
    struct service *service;
    struct batch *in, *read;
    struct {
        chat_changed_fn *fn;
        void *ctx;
    } listener[CHAT_LISTENERS_MAX];
    unsigned listeners;
    chat_said_fn *said;
    void *said_ctx;
    bool wake[PARTITIONS_MAX]; /* tell their owners at the end of this loop turn */
    bool wake_any;
    struct chat_owner *owner; /* NULL where this process does no work */
};
const char *chat_context(char out[STORE_KEY_MAX], const char *cid); /* everything of a conversation is sealed
                                                                       under it */
struct chat_owner *chat_owner_new(struct chat *c);
void chat_owner_free(struct chat_owner *o);

const char *chat_kind_word(enum chat_input_kind k);
int chat_kind_from_word(const char *word); /* -1 unknown */

/* ---- one input of a conversation ---- */
struct conv;
struct chat_entry {
    struct chat_entry *next;
    char id[32]; /* in the stream */
    long long seq;
    enum chat_input_kind kind;
    int64_t at_ms;
    char who[CRYPTO_KEY_HEX], actor[40];
    char *text, *title; /* never NULL */
    bool cut;           /* the citizen wrote more */
    unsigned tries;
};

/* What the turn says: a line of the log, and what the provider is to send. */
struct line {
    char from; /* b, o or n */
    struct chat_said said;
    char kind[16], officer[128];       /* "" none */
    char client[HANDOVER_CLIENT_SIZE]; /* id that an officer's page gave it, "" none */
    char unsent[24];                   /* why it was not handed to the provider, "" it was */
    char nid[NOTICE_ID_SIZE];
    bool ask_phone;
    char *say; /* as JSON, when it goes into the log */
};

#define TURN_LINES_MAX  8
#define TURN_FIELDS_MAX 16
#define TURN_COUNTS_MAX 4
struct turn {
    struct chat *chat;
    struct conv *conv;
    struct chat_entry *entry;
    char cid[CRYPTO_KEY_HEX], channel[8];
    struct chat_fields *state;
    struct buf address, folded;
    char *text; /* cleaned, NFC */
    /* the way through the intents (dialog.c) */
    unsigned at; /* the intent that has it */
    bool resumed, later, inside, ended;
    enum claim deferred_claim;
    /* the FAQ's view of the text, asked once (intent_faq.c) */
    bool faq_asked;
    unsigned faq_generation;
    struct faq_answer faq;
    /* what goes out */
    struct line *line[TURN_LINES_MAX];
    unsigned lines;
    cJSON *memory;            /* {"x":{"i","w","u"},"m":{…}}; NULL until somebody asks */
    struct buf memory_before; /* as it was read */
    enum loa_status failure;  /* turn_fail() */
    struct chat_fields set;   /* fields to write; removed ones stand in `unset` */
    char unset[TURN_FIELDS_MAX][12];
    unsigned unsets;
    struct {
        char event[24], detail[48];
    } count[TURN_COUNTS_MAX];
    unsigned counts;
    bool erases; /* turn_erase() */
};

struct chat_entry *chat_entry_new(enum chat_input_kind kind, int64_t at_ms, const char *who,
                                  const char *actor, const char *say, size_t n);
void chat_entry_free(struct chat_entry *e);
/* A turn that has just become durable, with the state it found. False: it is to be read from the stream.
 * Else the entry belongs to the owner. */
bool chat_owner_offer(struct chat_owner *o, unsigned partition, const char *cid, struct chat_entry *e,
                      const struct redis_value *state);

/* True: the owner is at work on this conversation and will tell of the change itself. */
bool chat_owner_hold(struct chat_owner *o, unsigned partition, const char *cid, long long last);
void chat_tell(struct chat *c, const char *cid, long long last); /* to those who listen here */

struct turn *turn_new(struct chat *c, struct conv *v, const char *cid, struct chat_fields *state,
                      struct chat_entry *e);
void turn_free(struct turn *t);
void dialog_run(struct turn *t); /* ends in turn_ended() or turn_failed(), now or later */
/* chat_owner.c: the turn is answered, or cannot be now. */
void turn_ended(struct turn *t);
void turn_failed(struct turn *t, enum loa_status st);
struct line *turn_line(struct turn *t, char from); /* NULL when there are too many */
/* What the dialog remembers becomes a field to be written, when it has changed. */
void turn_seal_memory(struct turn *t);
/* The word that is expected of this input, and of whom; forgets it. False: none, or it is over. */
bool turn_take_expected(struct turn *t, char intent[24], char word[64]);
void line_json(const struct line *l, struct buf *out);

/* chat_send.c: hands what the citizen is to get to the provider; `done` runs later. */
bool turn_must_send(const struct turn *t);
/* Why what is said now would not reach the citizen's Zalo; NULL when it does, or is not on Zalo. */
const char *turn_unreached(const struct turn *t);
void turn_send(struct turn *t, void (*done)(void *ctx, enum loa_status st), void *ctx);

/* The FAQ's answer to this turn's text; asked once per turn. */
const struct faq_answer *turn_faq(struct turn *t);

#endif
