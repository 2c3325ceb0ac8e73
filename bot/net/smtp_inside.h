/*
 * smtp_inside - how the SMTP files divide the work: smtp_client.c keeps the queue of mails and the
 * connections of each server; smtp_link.c speaks on one connection; smtp_reply.c reads what the server says.
 *
 * libcurl makes the connection (TCP, TLS, greeting, EHLO, AUTH) and carries the bytes; the dialogue of a mail
 * is ours. libcurl 7.88 would wait for the reply to the final dot inside the call, and so stop the whole
 * loop.
 */
#ifndef LOA_NET_SMTP_INSIDE_H
#define LOA_NET_SMTP_INSIDE_H

#include "http_client_inside.h"

#define SMTP_PENDING_MAX       1024
#define SMTP_MESSAGE_MAX_BYTES (1024 * 1024)

/* ---- replies ---- */
struct smtp_line {
    int code;         /* 0: not an SMTP reply line */
    bool more;        /* "250-": another line follows */
    const char *text; /* after the code, NUL-terminated, without CRLF */
};
/* Cuts CR LF off `line` and reads it. */
struct smtp_line smtp_line_parse(char *line);
/* Code, enhanced code, cleaned text and queue id of one last reply line. */
void smtp_answer_fill(struct smtp_answer *a, const struct smtp_line *line);
/* The text as it goes over the wire: dots doubled, final dot added. False when a line is longer than 998
 * bytes or the text holds a bare CR or LF or a NUL, with which a mail could end early and begin another. */
bool smtp_wire_text(struct buf *out, const char *message, size_t len);

/* ---- one mail ---- */
struct smtp_mail {
    uint64_t id;
    struct smtp_host *host;
    struct smtp_link *link; /* NULL while it waits */
    char *from, *to;
    bool utf8; /* an address is not ASCII */
    size_t message_len;
    struct buf wire;
    size_t wire_sent;
    struct timer deadline;
    smtp_answer_fn *done;
    void *ctx;
    struct smtp_mail *prev, *next; /* the host's waiting mails */
};
/* Ends the mail: `a` may be NULL for an outcome without a reply. */
void smtp_mail_finish(struct smtp_mail *m, enum wire_result result, const struct smtp_answer *a,
                      const char *error);
/* After a broken connection: was the final dot out? */
enum wire_result smtp_mail_fate(const struct smtp_mail *m);

/* ---- one connection ---- */
enum link_state { LINK_CONNECTING, LINK_IDLE, LINK_ENVELOPE, LINK_BODY, LINK_FINAL, LINK_CLOSED };

struct smtp_link *smtp_link_open(struct smtp_host *h);
enum link_state smtp_link_state(const struct smtp_link *k);
struct smtp_mail *smtp_link_mail(const struct smtp_link *k);   /* NULL when it carries none */
void smtp_link_send(struct smtp_link *k, struct smtp_mail *m); /* only while LINK_IDLE */
void smtp_link_abandon(struct smtp_link *k); /* gives its mail up, to be finished by the caller */
void smtp_link_close(struct smtp_link *k);   /* the host's way to free it, at the end of the turn */

/* ---- one server, as its links see it ---- */
struct smtp_settings {
    char *url, *user, *password, *ca_file; /* never NULL */
    bool require_tls;
};
const struct smtp_settings *smtp_host_settings(const struct smtp_host *h);
struct loop *smtp_host_loop(const struct smtp_host *h);
void smtp_host_link_idle(struct smtp_host *h); /* some link is free; a mail may follow in the next turn */
/* The connection could not be made: `a` is the server's refusal, NULL when it did not speak. Closes `k`. */
void smtp_host_link_failed(struct smtp_host *h, struct smtp_link *k, const struct smtp_answer *a,
                           const char *error);
void smtp_host_link_lost(struct smtp_host *h, struct smtp_link *k); /* closes `k` */
/* The server had hung up before it saw this mail: it goes to the head of the queue again. */
void smtp_host_requeue(struct smtp_host *h, struct smtp_mail *m);

#endif
