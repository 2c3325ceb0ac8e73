/*
 * worker - keeps a window of sends in flight on every way and records what the providers answered.
 *
 * Per way: claims what is due in the lanes of the partitions we own (urgent, normal, bulk), within the way's
 * rate, window and breaker; what is planned while nothing waits before it is taken by the plan itself. The
 * attempt is recorded before anything leaves. An answer is recorded by attempt number and kept and tried
 * again until the store has it; when too many answers wait for the store, nothing more is claimed.
 */
#ifndef LOA_WORKER_H
#define LOA_WORKER_H

#include "loa/lease.h"
#include "loa/notice.h"

struct worker;
struct worker_env {
    struct loop *loop;
    struct store *store;
    struct leases *leases;
    struct planner *planner; /* hands us what can leave as soon as it is planned */
    const struct config *config;
    const char *process_id; /* names our claims */
    const struct policy *const *policy;
    struct template_set *const *templates;
    void *channel[CH_COUNT]; /* driver states; NULL: channel off */
    void (*alert)(void *ctx, const char *code, const char *sentence_vi);
    void *alert_ctx;
};

struct worker *worker_new(const struct worker_env *env);
void worker_free(struct worker *w);
void worker_wake(struct worker *w, unsigned partition, enum way way); /* one message more is ready there */
void worker_look(struct worker *w, unsigned partition, enum way way); /* who knows how many are */
void worker_wake_all(struct worker *w, unsigned partition);           /* the same, on every way */
bool worker_idle(const struct worker *w, unsigned partition);         /* nothing of it is in our hands */
/* Does the predecessor's work have to be looked at first? Nothing is claimed there until that is over. */
void worker_hold(struct worker *w, unsigned partition, bool hold);
void worker_pause(struct worker *w); /* claims nothing more: a planned stop */

/* Reads the state out of what outcome.lua and receipt.lua say. True when another message may go now. */
#define STATE_WORD_SIZE 16
bool told_state(const char *answer, char state[STATE_WORD_SIZE]);

/* Our reference of an attempt: "<nid>s<step>t<attempt>". */
void ref_make(char out[40], const char *nid, unsigned step, unsigned attempt);
bool ref_parse(const char *ref, char nid[NOTICE_ID_SIZE], unsigned *partition, unsigned *step,
               unsigned *attempt);

#endif
