/*
 * status - did *our* call work? One small vocabulary for the whole program.
 *
 * What the outside world answered (a provider's refusal, a bounce) is never one of these: that is
 * `struct outcome` in outcome.h. Low layers return a status and do not log; whoever decides what to do
 * about it logs once.
 */
#ifndef LOA_STATUS_H
#define LOA_STATUS_H

enum loa_status {
    LOA_OK = 0,
    LOA_INVALID,     /* the input breaks a rule; an error text says which */
    LOA_TOO_BIG,     /* over a stated ceiling */
    LOA_NOT_FOUND,   /* no such thing */
    LOA_CONFLICT,    /* same key, other content */
    LOA_DENIED,      /* not allowed */
    LOA_BUSY,        /* a queue or table is full: try again later */
    LOA_TIMEOUT,     /* no answer within the deadline; what happened is unknown */
    LOA_UNAVAILABLE, /* the store or a peer cannot take it now (link lost, read-only, full, loading) */
    LOA_STALE,       /* we no longer own the partition: drop what we were doing, the new owner does it */
    LOA_IO,          /* a file or process operation failed; errno text is in the error buffer */
    LOA_CANCELLED,   /* stopped by us before it ended */
};

/* A stable English word for logs and metrics labels. Never NULL. */
const char *loa_status_word(enum loa_status st);

#endif
