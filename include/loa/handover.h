/*
 * handover - people in the conversation: queues of desks, officers who take, talk, pass on and hand back.
 *
 * Fields of cv:<cid> (chat.h) beside md:  dk desk   hr reason   hq waiting since, ms   hp promised answer by,
 * ms he escalations so far   of login of the officer who talks   oa last word of the officer, ms Per
 * partition (a desk's queue is the sum over all partitions): hq:<desk>  zset  conversations that wait for
 * this desk, by hq ht:<desk>  zset  conversations an officer of this desk talks in, by since when hw zset
 * conversations in which time matters (escalate, silence, officer gone), by when
 *
 * One officer at a time: taking is one script, the second one is told who was first. The bot is silent while
 * md is talk. Nothing waits for ever: what is due in hw becomes a CHAT_TICK of that conversation.
 */
#ifndef LOA_HANDOVER_H
#define LOA_HANDOVER_H

#include "loa/chat.h"

/* ---- desks: templates/policy/desks.ini ---- */
struct desk {
    const char *id, *name, *unit; /* unit: whose office hours and calendar count */
    const char *escalate_to;      /* desk id; "" none: then staff are alerted */
    int64_t answer_within_ms;     /* office time until escalation */
    int64_t silence_ms;           /* of both sides until the bot comes back */
};
struct desks;
enum loa_status desks_load(const char *policy_dir, struct errors *err, struct desks **out);
void desks_free(struct desks *d);
const struct desk *desk_find(const struct desks *d, const char *id); /* NULL unknown */
const struct desk *desk_for_department(const struct desks *d,
                                       const char *dep);       /* by name; the default desk */
const struct desk *desk_at(const struct desks *d, unsigned i); /* NULL after the last */

#endif
