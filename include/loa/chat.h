/*
 * chat - conversations: what citizens write becomes durable, is answered in order, and everybody who looks on
 * hears of it.
 *
 * A conversation belongs to one identity: "zalo:<uid>", "web:<random>" (an anonymous visitor of a web page)
 * or the identity of a portal session ("cccd:…", "phone:…"). Its id, cid, is the keyed hash of that identity
 * (citizen_key()), and all of it lies in the partition of cid:
 *
 *   cv:<cid>  hash   ch  "zalo" | "web"        to  sealed address (Zalo user id), "" on the web
 *                    md  bot | wait | talk     who answers: the program; somebody is being waited for; an
 *                                              officer (see handover.h for dk, of, …)
 *                    dg  sealed JSON: what the dialog remembers (dialog.h)
 *                    wk  key of the citizen who has proven who he is, "" none    wu  until when, ms
 *                    n   version: every change counts one up; a turn computed on an older version is
 *                        computed again
 *                    seq last number in the log, ep epoch of the log, la last word of the citizen, ms
 *                    wt  turns that wait; tf until when a flood of words gets no answer each, ms
 *   cd:<cid>  string the latest dedupes with their numbers
 *   cl:<cid>  list   the log: "<seq> <at_ms> <from> <sealed JSON>"; from: c citizen, b bot, o officer,
 *                    s system, n note among officers (never shown to the citizen)
 *   ct        stream of the partition: turns that wait for an answer: cid, seq, sealed input
 *
 * A citizen's word is durable (log and stream, one script) before it is acknowledged. The owner of the
 * partition takes turns in order, one at a time per conversation, computes the answer (dialog.h), sends what
 * has to leave by a provider as a notification (notice.h; its id is derived from cid and seq, so a repeat
 * makes nothing new), then commits: answers into the log, new state, the turn leaves the stream. A crash
 * before the commit repeats the turn. The web chat reads the log; Zalo gets notifications of the kind "chat"
 * by zalo_cs, urgent lane.
 */
#ifndef LOA_CHAT_H
#define LOA_CHAT_H

#include "loa/channel.h"
#include "loa/json.h"
#include "loa/lease.h"

#define CHAT_TEXT_MAX_BYTES 4096 /* of one message of a citizen; longer is cut at a letter, and said */
#define CHAT_LOG_MAX        500  /* entries kept per conversation */

enum chat_input_kind {
    CHAT_TEXT,    /* `text` was typed */
    CHAT_TAP,     /* a button: `text` is its payload. Anybody can type a payload: it proves nothing */
    CHAT_FOLLOW,  /* follows the OA */
    CHAT_SHARED,  /* shared `text`, a phone number, through the platform: proof of it */
    CHAT_MEDIA,   /* a picture, voice, file … that the bot cannot read; `text` is its kind */
    CHAT_RATING,  /* `text` "1"…"5", a rating given by a form of the platform */
    CHAT_OFFICER, /* an officer wrote `text`: goes to the citizen as it is (handover.h) */
    CHAT_TICK,    /* time has come for something; `text` says what */
    CHAT_INPUT_COUNT
};

struct chat_input {
    enum chat_input_kind kind;
    char cid[CRYPTO_KEY_HEX];
    char channel[8];     /* "zalo", "web" */
    const char *address; /* Zalo user id; "" on the web */
    const char *who;     /* proven citizen key (portal session), "" or NULL when not proven */
    const char *text;    /* UTF-8 or not: it is cleaned */
    const char *unit;    /* whose page the citizen writes on (kept as field "un" of cv), "" or NULL unknown */
    const char *title;   /* CHAT_TAP: what stood on the button, for the log; may be NULL */
    const char *actor;   /* login of the officer, "" or NULL otherwise */
    const char *dedupe;  /* the same input always has the same: Zalo event, id given by the widget */
    int64_t at_ms;
};

struct chat;
struct service;
struct chat_accepted {
    long long seq; /* number in the log, 0 when the input has no line there */
    bool duplicate;
};
/* LOA_OK: durable. LOA_BUSY: too many turns wait, the sender keeps it. */
typedef void chat_accepted_fn(void *ctx, enum loa_status st, const struct chat_accepted *a);
void chat_receive(struct chat *c, const struct chat_input *in, chat_accepted_fn *done, void *ctx);

/* What a citizen did on a platform (a webhook told us): the citizen's record and the conversation learn of
 * it; `done` runs once, when that is durable. */
void chat_event(struct service *s, const struct channel_event *e, void (*done)(void *ctx, enum loa_status st),
                void *ctx);

/* ---- looking on ---- */
/* Runs in every process when the log or the state of a conversation changed; `last` is the last number in its
 * log by then (a listener that has it and cares for lines alone need not read), 0 when the state changed. cid
 * "" means: anybody may have missed something. */
typedef void chat_changed_fn(void *ctx, const char *cid, long long last);
void chat_on_change(struct chat *c, chat_changed_fn *fn, void *ctx); /* a few listeners, for good */

struct chat_line {
    long long seq;
    int64_t at_ms;
    char from;       /* c b o s n */
    const char *say; /* JSON text, to be passed on as it is or read with json_parse():
                        {"text","buttons":[{"title","payload"|"url"|"phone"}],"kind","officer",…} */
    size_t say_len;
};
/* Runs in the process that answered, as soon as these lines are durable and before anybody hears of a change:
 * who stands right before them need not read them. */
typedef void chat_said_fn(void *ctx, const char *cid, const struct chat_line *line, unsigned lines);
void chat_on_said(struct chat *c, chat_said_fn *fn, void *ctx); /* one listener, for good */

struct chat_view { /* lives inside the completion */
    char cid[CRYPTO_KEY_HEX], channel[8], mode[8], epoch[24];
    long long last;
    bool reload;       /* the epoch asked with was another one, or lines after `after` are gone: these are the
                          newest */
    const void *state; /* for chat_view_field() */
    const struct chat_line *line;
    unsigned lines;
};
const char *chat_view_field(const struct chat_view *v, const char *name); /* of cv:<cid>; "" none */
typedef void chat_view_fn(void *ctx, enum loa_status st, const struct chat_view *v);
/* Lines after `after` (at most `limit`, oldest first; after 0: the newest ones). */
void chat_read(struct chat *c, const char *cid, const char *epoch, long long after, unsigned limit,
               chat_view_fn *done, void *ctx);

/* ---- life (bot/serve.c) ---- */
struct chat *chat_new(struct service *s); /* where there are no leases it only takes in and lets look on */
void chat_free(struct chat *c);
void chat_take_over(struct chat *c,
                    unsigned partition);              /* the lease is ours: go on where the last owner was */
void chat_let_go(struct chat *c, unsigned partition); /* it is gone */
void chat_wake(struct chat *c, unsigned partition);   /* turns wait there */
void chat_pause(struct chat *c);                      /* begin no more turns */
bool chat_idle(const struct chat *c, unsigned partition);

/* Identity of an anonymous visitor: a fresh random id and the proof of it that the widget keeps. */
#define CHAT_TOKEN_SIZE 96
void chat_token_new(const struct crypto *k, char token[CHAT_TOKEN_SIZE], char cid[CRYPTO_KEY_HEX]);
bool chat_token_check(const struct crypto *k, const char *token,
                      char cid[CRYPTO_KEY_HEX]); /* constant time */

#endif
