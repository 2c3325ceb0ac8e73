/*
 * http_client - HTTP and SMTP out (libcurl inside, seen nowhere else).
 *
 * A call that could not start is refused by return value and gets no completion; a started one completes
 * exactly once, later, from the loop. What matters most is told apart: was the request provably not sent,
 * was it answered, or is the result unknown? Nothing is sent twice behind the caller's back, except a request
 * that may be repeated (not POST or PATCH) on a kept connection that turned out to be dead.
 *
 * HTTP: at most 64 connections to a host, kept between calls; no redirects, no proxy, no .netrc, peers
 * verified.
 */
#ifndef LOA_HTTP_CLIENT_H
#define LOA_HTTP_CLIENT_H

#include "loa/buf.h"
#include "loa/loop.h"

struct http_client;

enum wire_result {
    WIRE_ANSWERED,  /* a complete answer is there */
    WIRE_NOT_SENT,  /* no connection, TLS or DNS failure: the peer has not seen the request */
    WIRE_UNKNOWN,   /* something was written and no complete answer came: the peer may have acted */
    WIRE_CANCELLED, /* by us */
};

struct http_client *http_client_new(struct loop *l);
/* Completes everything with WIRE_CANCELLED first. Not inside a completion; the loop is freed after it. */
void http_client_free(struct http_client *c);
unsigned http_client_in_flight(const struct http_client *c);

struct http_call {
    const char *method;          /* "GET", "POST", … */
    const char *url;             /* http or https only */
    const char *const *headers;  /* "Name: value", NULL-terminated; may be NULL */
    const char *user, *password; /* HTTP Basic when user is not NULL */
    const void *body;
    size_t body_len;            /* copied */
    int64_t timeout_ms;         /* whole call; 0: 10 s */
    int64_t connect_timeout_ms; /* 0: 3 s */
    size_t max_reply_bytes;     /* 0: 256 kB; a larger answer is WIRE_UNKNOWN */
};
struct http_answer { /* borrowed inside the completion */
    enum wire_result result;
    int status;       /* HTTP status when answered */
    const char *body; /* NUL-terminated */
    size_t body_len;
    const char *error;    /* English, for logs; never holds the URL's query */
    const void *headers_; /* see http_answer_header() */
};
const char *http_answer_header(const struct http_answer *a, const char *name); /* NULL when absent */
typedef void http_answer_fn(void *ctx, const struct http_answer *a);

/* LOA_INVALID: a url, method or header that is not fit to send. LOA_BUSY: 4096 calls are under way. */
enum loa_status http_client_call(struct http_client *c, const struct http_call *call, http_answer_fn *done,
                                 void *ctx, uint64_t *id);
void http_client_cancel(struct http_client *c, uint64_t id); /* completes later with WIRE_CANCELLED */

struct smtp_call {
    const char *url;     /* smtp://host:port/ehlo.name, smtps://… */
    bool require_tls;    /* STARTTLS or fail */
    const char *ca_file; /* who may vouch for the server; NULL or "": whom the system trusts */
    const char *user, *password;
    const char *mail_from;    /* checked: no controls, spaces, <, > */
    const char *rcpt_to;      /* one recipient, checked alike; domain in ASCII */
    const void *message;      /* complete RFC 5322 text with CRLF, lines of at most 998 bytes; copied */
    size_t message_len;       /* at most 1 MB */
    int64_t timeout_ms;       /* 0: 60 s */
    unsigned max_connections; /* to this host; 0: 3 */
};
struct smtp_answer {
    enum wire_result
        result;        /* WIRE_ANSWERED also for a refusal; WIRE_UNKNOWN after DATA without a final reply */
    int code;          /* last SMTP code, e.g. 250, 451, 550 */
    char enhanced[16]; /* "5.1.1" or "" */
    char text[256];    /* last reply line, cleaned */
    char queue_id[32]; /* from Postfix' "queued as X"; "" when absent */
    const char *error;
};
typedef void smtp_answer_fn(void *ctx, const struct smtp_answer *a);
/* A mail waits for one of the server's connections; a server that had hung up an idle one is called again
 * without a word to the caller. LOA_INVALID: an unsafe address or text. LOA_TOO_BIG. LOA_BUSY: 1024 mails
 * wait. */
enum loa_status smtp_client_send(struct http_client *c, const struct smtp_call *call, smtp_answer_fn *done,
                                 void *ctx, uint64_t *id);

#endif
