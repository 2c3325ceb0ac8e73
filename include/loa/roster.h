/*
 * roster - who is on duty when, at which desk: shifts, swaps, reminders, attendance; and notices for one
 * officer.
 *
 * Records in partition 0: see bot/store/_roster.lua. A week is named by its Monday, "2026-11-23". Every
 * process keeps in memory who is on duty now.
 */
#ifndef LOA_ROSTER_H
#define LOA_ROSTER_H

#include "loa/handover.h"
#include "loa/service.h"

#define ROSTER_ID_SIZE   20
#define ROSTER_WEEK_SIZE 11

struct roster_shift {
    char id[ROSTER_ID_SIZE], login[40], name[128];
    int64_t from_ms, to_ms;
    int64_t first_ms;                                                   /* was there since, 0 never */
    unsigned minutes;                                                   /* was there for so long */
    char swap[ROSTER_ID_SIZE], swap_with[40], swap_for[ROSTER_ID_SIZE]; /* asked for, "" none */
};

struct roster;
struct roster *roster_new(struct service *s);
void roster_start(struct roster *r);
void roster_free(struct roster *r);

/* The Monday of a week, checked; false: no such day, or another weekday. */
bool roster_week(const char *monday, int64_t *begins_ms);
void roster_week_of(int64_t at_ms, char monday[ROSTER_WEEK_SIZE]);

/* ---- reading ---- */
/* In the order they begin. */
typedef void roster_fn(void *ctx, enum loa_status st, const struct roster_shift *shift, unsigned count);
void roster_read(struct roster *r, const char *desk, const char *week, roster_fn *done, void *ctx);
bool roster_on_duty(const struct roster *r, const char *login);

/* ---- changing; `word` is what the script answered: see bot/store/roster_*.lua ---- */
typedef void roster_word_fn(void *ctx, enum loa_status st, const char *word);
struct roster_change {
    const char *desk, *week;
    const char *who; /* login of who does it */
    bool lead;
    roster_word_fn *done;
    void *ctx;
};
void roster_put(struct roster *r, const struct roster_change *c, const struct roster_shift *shift);
void roster_drop(struct roster *r, const struct roster_change *c, const char *shift);
void roster_copy_week(struct roster *r, const struct roster_change *c); /* word: how many; "-1": not empty */
void roster_ask(struct roster *r, const struct roster_change *c, const char *swap, const char *shift,
                const char *with, const char *back);
enum roster_answer { ROSTER_YES, ROSTER_NO, ROSTER_WITHDRAW };
void roster_answer(struct roster *r, const struct roster_change *c, const char *swap, enum roster_answer a,
                   const char *name);

/* ---- notices ---- */
/* kinds are words of the group "notice" of words.tsv; `detail` and `cid` may be NULL */
void roster_tell(struct roster *r, const char *login, const char *kind, const char *detail, const char *cid);
struct roster_notice {
    long long n;
    int64_t at_ms;
    const char *kind, *cid, *detail;
};
typedef void roster_notice_fn(void *ctx, enum loa_status st, const struct roster_notice *notice,
                              unsigned count);
void roster_notices(struct roster *r, const char *login, roster_notice_fn *done, void *ctx);
void roster_notices_read(struct roster *r, const char *login, long long n, roster_word_fn *done, void *ctx);

/* `desk`, `week`: that roster changed; "" both: any may have. `login`: there is a notice for that person; ""
 * for anybody. */
struct roster_listener {
    void (*changed)(void *ctx, const char *desk, const char *week);
    void (*notice)(void *ctx, const char *login);
    void (*duty)(void *ctx); /* others are on duty now */
    void *ctx;
};
void roster_listen(struct roster *r, const struct roster_listener *l); /* one, for good */

#endif
