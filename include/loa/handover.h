/*
 * handover - people in the conversation: queues of desks, officers who take, talk, pass on and hand back.
 *
 * Fields of cv:<cid> (chat.h) beside md:
 *   dk  desk                    hr  reason (words.tsv group "handover")
 *   hq  waiting since, ms: kept while an officer talks, so that what comes back takes its old place
 *   hp  promised answer by, ms  he  escalations so far
 *   of  login of the officer who talks       on  that officer's name       hs  talking since, ms
 *   oa  last word of the officer, ms         h1  first word of an officer since hq, ms
 *   hx  first words of the question, sealed (context: key of cv:<cid>), base64url
 *   hw  when to look at it next, ms: the score in the zset hw
 * Per partition (a desk's queue is the sum over all partitions), kept in step with the fields by desk_index()
 * of bot/store/_handover.lua, which every script that changes md, dk, of or hw calls:
 *   hq:<desk>  zset  conversations that wait for this desk, by hq
 *   ht:<desk>  zset  conversations an officer of this desk talks in, by hs
 *   hw         zset  conversations in which time matters, by hw
 * Each change of these is told on the channel "loa:desk" (the partition's number).
 *
 * One officer at a time: taking is one script, the second one is told who was first. The bot is silent while
 * md is talk. Whatever is said to a citizen goes through a turn (chat.h), so that it is said once and in
 * order: an officer's words are a CHAT_OFFICER, everything else a CHAT_TICK whose text is one of
 *   "#due"            hw has come: somebody must be told, asked, or the bot comes back
 *   "#taken" "#moved" "#back" "#closed"     what an officer did, by one of the scripts desk_*.lua
 *   "#note:<text>"    what an officer writes for the colleagues
 */
#ifndef LOA_HANDOVER_H
#define LOA_HANDOVER_H

#include "loa/calendar.h"
#include "loa/chat.h"
#include "loa/dialog.h"

struct service;

/* ---- desks: templates/policy/desks.ini ---- */
struct desk {
    const char *id, *name, *unit; /* unit: whose office hours and calendar count */
    const char *escalate_to;      /* desk id; "" none: then staff are alerted */
    int64_t answer_within_ms;     /* office time beyond the promised wait until escalation */
    int64_t reply_within_ms;      /* office time an officer may leave the citizen waiting */
    int64_t silence_ms;           /* of both sides until the bot comes back */
    int64_t gone_ms;              /* an officer without a connection for so long has left */
    int64_t usual_ms;             /* what a conversation takes, for estimates */
    unsigned waiting_max;         /* more who wait: staff are alerted */
};
struct desks;
enum loa_status desks_load(const char *policy_dir, struct errors *err, struct desks **out);
void desks_free(struct desks *d);
const struct desk *desk_find(const struct desks *d, const char *id); /* NULL unknown */
const struct desk *desk_for_department(const struct desks *d,
                                       const char *dep);       /* by name; the default desk */
const struct desk *desk_at(const struct desks *d, unsigned i); /* NULL after the last */

/* ---- what may be promised: pure ---- */
struct handover_load {
    unsigned ahead;    /* who waits for this desk before this citizen */
    unsigned officers; /* at their desks now; 0 is taken for 1 */
};
struct promise {
    bool now;         /* the office is open and somebody can answer before it closes */
    unsigned place;   /* in the queue, from 1 */
    unsigned minutes; /* to wait, when now: at least 1 */
    int64_t from_ms;  /* not now: when the answer comes, to five minutes */
    int64_t due_ms;   /* when it is escalated if nobody took it */
    int days;         /* not now: 0 today, 1 tomorrow, … */
    unsigned weekday; /* not now: 1 Monday … 7 Sunday */
};
void handover_promise(const struct calendar *c, const struct desk *d, int64_t now_ms,
                      const struct handover_load *load, struct promise *out);

/* ---- what time brings: pure ---- */
enum handover_event {
    HANDOVER_NOTHING,
    HANDOVER_ESCALATE, /* nobody took it in time */
    HANDOVER_LEFT,     /* the officer is gone or silent: back into the queue, at its old place */
    HANDOVER_BOT_BACK, /* both are silent */
};
struct handover_state {
    bool talking;       /* else waiting */
    int64_t due_ms;     /* waiting: hp */
    int64_t since_ms;   /* talking: hs */
    int64_t citizen_ms; /* last word of the citizen */
    int64_t officer_ms; /* last word of the officer */
    int64_t seen_ms;    /* the officer's connection was last seen then */
};
/* What is to be done now, and when to look again if it is nothing. */
enum handover_event handover_due(const struct calendar *c, const struct desk *d,
                                 const struct handover_state *s, int64_t now_ms, int64_t *look_ms);

/* ---- the turn's side ---- */
/* turn_hand_over() is this: fields, promise, count. `reason` and `desk` as there. Safe to call when the
 * conversation waits already: it keeps its place. */
void handover_begin(struct turn *t, const char *reason, const char *desk);

/* ---- what officers do: bot/chat/handover.c ---- */
struct handover_officer {
    const char *login, *name;
    const char *desks; /* "a,b": those whose conversations are theirs to act in; a lead's are all */
    bool lead;         /* may take and pass on what a colleague talks in */
};
struct handover_done {
    /* "taken" "mine" (had it already) "passed" "same" (it is so already) "other" "gone"; for words: "said" */
    const char *word;
    const char *login, *name; /* taken, passed: from whom ("" nobody); other: who has it */
};
typedef void handover_done_fn(void *ctx, enum loa_status st, const struct handover_done *r);
/* The citizen is told by a turn, which is stored with the act. */
void handover_take(struct service *s, const char *cid, const struct handover_officer *who, bool steal,
                   handover_done_fn *done, void *ctx);
enum handover_to { HANDOVER_BACK, HANDOVER_CLOSE, HANDOVER_DESK, HANDOVER_COLLEAGUE };
/* `colleague` and `desk`: where it goes, NULL otherwise. */
void handover_pass(struct service *s, const char *cid, const struct handover_officer *who,
                   enum handover_to to, const struct handover_officer *colleague, const struct desk *desk,
                   handover_done_fn *done, void *ctx);
/* An officer's words for the citizen, or a note for the colleagues. `client` is the id the page gave them:
 * the same words with the same id are said once. "other", "gone": this officer does not hold the
 * conversation. */
#define HANDOVER_CLIENT_SIZE 44
void handover_say(struct service *s, const char *cid, const struct handover_officer *who, const char *client,
                  const char *text, handover_done_fn *done, void *ctx);
void handover_note(struct service *s, const char *cid, const struct handover_officer *who, const char *client,
                   const char *text, handover_done_fn *done, void *ctx);

/* ---- what time brings: where the leases are ---- */
struct handover;
struct handover *handover_new(struct service *s);
void handover_start(struct handover *h);
void handover_pause(struct handover *h);
bool handover_idle(const struct handover *h, unsigned partition);
void handover_free(struct handover *h);

#endif
