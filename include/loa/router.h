/*
 * router - from the journal to notifications: reads the events of the partitions we own in order, decides
 * whether each is news for the citizen, plans the notice, then commits the dossier's record and removes the
 * journal entry.
 *
 * A crash before the commit repeats the step; ids derived from the content make the repeat harmless. Events
 * may be late, repeated, out of order: the newest by ThoiDiemXuLy stands; an older one is kept in the
 * timeline and not pushed. Unexpected transitions are stored and flagged, never refused.
 *
 * Who follows a dossier in a conversation hears the news too: on Zalo (only there) or as a line of the web
 * chat; the owner who follows on his own account hears it once. The code is listed under the identities that
 * the dossier names (ds:<ckey>), when an event names them first and they get no notice of it themselves.
 *
 * Timeline line of a dossier (field v<stream id>): "status|at|accepted|flags|nid|kind|source", flags of: s
 * stale, u unexpected, n no contact, q no push for this status, c contradicting dates, d dead (could not be
 * stored), x unreadable.
 */
#ifndef LOA_ROUTER_H
#define LOA_ROUTER_H

#include "loa/followers.h"
#include "loa/lease.h"

struct router;
struct router_env {
    struct loop *loop;
    struct store *store;
    struct leases *leases;
    const struct config *config;
    const struct policy *const *policy;
    struct planner *planner;
    struct followers_env followers;
    const struct survey_rules *const *survey; /* replaced on reload */
    struct survey_counter *survey_counter;
};

struct router *router_new(const struct router_env *env);
void router_free(struct router *r);
void router_wake(struct router *r, unsigned partition);
bool router_idle(const struct router *r, unsigned partition);
void router_pause(struct router *r); /* takes no new batch: a planned stop */

#endif
