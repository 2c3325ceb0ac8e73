/*
 * desk_inside - what the files of the desk's socket share. The protocol stands at the head of desk_socket.c.
 *
 * A request is handled by one function of the table in desk_socket.c. What has to wait for the store keeps a
 * struct ticket: the page may be gone when the answer comes, so it is found again by its number.
 */
#ifndef DESK_INSIDE_H
#define DESK_INSIDE_H

#include "loa/api.h"
#include "loa/board.h"
#include "loa/chat.h"
#include "loa/desk.h"
#include "loa/json.h"
#include "loa/roster.h"
#include "loa/staff.h"
#include <uthash.h>

#define PAGE_OPEN_MAX     8
#define ALARMS_MAX        16
#define REQUEST_ID_SIZE   44
#define DESK_OUT_MAX      60000 /* of one message: a socket's queue takes 64 kB */
#define DESK_TEXT_LETTERS 2000  /* of an officer's words */

struct hub;
struct page;

/* One conversation that a page follows. */
struct opened {
    char cid[CRYPTO_KEY_HEX], epoch[24];
    long long last;
    int64_t free_until_ms; /* Zalo: answers cost nothing until then; 0 anywhere else */
    unsigned serial;       /* of this opening: what was asked before is not listened to */
    bool asking, again;
};

/* One open socket of an officer. */
struct page {
    struct hub *hub;
    uint64_t ws;
    struct staff_member who; /* login "" until it is known */
    struct opened open[PAGE_OPEN_MAX];
    double tokens;
    int64_t tokens_ms, typing_ms;
    uint64_t dirty; /* desks whose queue is to be sent, by their place in desks.ini */
    bool people_dirty;
    struct timer push;
    long long notices_said;
    char alarmed[ALARMS_MAX][CRYPTO_KEY_HEX]; /* the latest ones, so that each is told once */
    unsigned alarms;
    unsigned openings;
    UT_hash_handle hh;
};

struct hub {
    struct service *service;
    struct page *pages;
};

struct request {
    struct page *page;
    const char *id;
    const cJSON *m;
};

/* An answer that comes later. */
struct ticket {
    struct hub *hub;
    uint64_t ws;
    char id[REQUEST_ID_SIZE];
};
void ticket_init(struct ticket *t, const struct request *r);
struct page *ticket_page(const struct ticket *t); /* NULL: gone */

/* ---- answers ---- */
void page_say(struct page *p, const struct buf *json);             /* closes a socket that is too slow */
enum loa_status page_try(struct page *p, const struct buf *json);  /* LOA_BUSY: try again later */
void page_ok(struct page *p, const char *id, const char *members); /* members: "" or ",\"name\":…" */
/* `code` of the protocol; `detail_vi` NULL: the sentence desk.<code> of words.tsv. */
void page_refuse(struct page *p, const char *id, const char *code, const char *detail_vi);
void page_refuse_status(struct page *p, const char *id, enum loa_status st);
/* Completion that says ok or why not; ctx is a struct ticket on the heap, freed here. */
void ticket_done(void *ctx, enum loa_status st);

/* ---- reading requests ---- */
const char *request_str(const struct request *r, const char *name); /* "" when absent */
int64_t request_int(const struct request *r, const char *name);
/* The text cleaned and in NFC, in `out`; false, and refused, when it is empty or has more than `letters`. */
bool request_text(const struct request *r, const char *name, unsigned letters, struct buf *out);
/* An id made of who asks and the request's id: the same request sent again makes nothing new. 16 hex digits.
 */
void request_made_id(const struct request *r, char out[20]);
/* 40 hex digits; refuses otherwise. */
bool request_cid(const struct request *r, char cid[CRYPTO_KEY_HEX]);

/* ---- rights ---- */
bool is_lead(const struct staff_member *w);
bool is_editor(const struct staff_member *w);
bool may_see_desk(const struct staff_member *w, const char *desk);
/* Officers see what waits at their desks or is talked in there; nobody reads what the bot and a citizen say.
 */
bool may_see_talk(const struct staff_member *w, const struct chat_view *v);

/* ---- JSON ---- */
void json_text(struct buf *b, const char *name, const char *value); /* ,"name":"value" */
void json_number(struct buf *b, const char *name, long long value); /* ,"name":value */

/* ---- desk_queue.c ---- */
void queue_hello(struct page *p);                     /* hello, then every queue and the people */
void queue_changed(struct page *p, const char *desk); /* "": the people */

/* ---- desk_talk.c ---- */
void talk_open(struct request *r);
void talk_leave(struct request *r);
void talk_earlier(struct request *r);
void talk_take(struct request *r);
void talk_steal(struct request *r);
void talk_reply(struct request *r);
void talk_note(struct request *r);
void talk_back(struct request *r);
void talk_close(struct request *r);
void talk_transfer(struct request *r);
void talk_typing(struct request *r);
void talk_changed(struct hub *h, const char *cid, long long last); /* chat_on_change() */
void talk_typed(struct hub *h, const char *cid);                   /* the citizen types */

/* ---- desk_help.c ---- */
void help_suggest(struct request *r);
void help_dossier(struct request *r);
void help_dossiers(struct request *r);
void help_canned_list(struct request *r);
void help_canned_put(struct request *r);
void help_canned_drop(struct request *r);

/* ---- desk_draft.c ---- */
void draft_put(struct request *r);
void draft_list(struct request *r);
void draft_publish(struct request *r);
void draft_drop(struct request *r);

/* ---- desk_roster.c ---- */
void roster_get(struct request *r);
void roster_shift_put(struct request *r);
void roster_shift_drop(struct request *r);
void roster_copy(struct request *r);
void roster_swap_ask(struct request *r);
void roster_swap_answer(struct request *r);
void roster_swap_withdraw(struct request *r);
void roster_notice_read(struct request *r);
void roster_hello(struct page *p); /* notices that were not read */
void desk_roster_routes(struct service *s);

/* ---- desk_api.c ---- */
void api_desk_queue(struct service *s); /* GET /v1/desk/queue */

#endif
