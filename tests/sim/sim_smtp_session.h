/*
 * sim_smtp_session - one SMTP conversation as a state machine over bytes; knows no sockets.
 *
 * Lines end with CRLF and with nothing else: a bare CR or LF is refused and the conversation ends, in
 * commands and in the mail. Pipelining is understood. A complete mail goes to `mail`; the conversation then
 * stands still until sim_smtp_session_reply().
 */
#ifndef SIM_SMTP_SESSION_H
#define SIM_SMTP_SESSION_H

#include "loa/buf.h"

#define SIM_SMTP_SIZE     10240000 /* bytes of one mail */
#define SIM_SMTP_RCPT_MAX 100

enum sim_smtp_stage { SIM_SMTP_AT_MAIL, SIM_SMTP_AT_RCPT, SIM_SMTP_AT_DATA, SIM_SMTP_AT_END };

struct sim_smtp_mail {
    const char *mail_from; /* "" for the null sender */
    char *const *rcpt;
    unsigned rcpts;
    const char *data; /* with CRLF, dots unstuffed; NUL-terminated */
    size_t len;
};

struct sim_smtp_ops {
    /* A reply line without CRLF to refuse with, or NULL to go on. `address` may be NULL. */
    const char *(*stage)(void *ctx, enum sim_smtp_stage stage, const char *address);
    void (*mail)(void *ctx, const struct sim_smtp_mail *m);
    void (*send)(void *ctx, const char *bytes, size_t len);
    void (*hang_up)(void *ctx); /* close once everything is sent; not the place to free the session */
};

struct sim_smtp_session;
struct sim_smtp_session *sim_smtp_session_new(const struct sim_smtp_ops *ops, void *ctx); /* greets */
void sim_smtp_session_free(struct sim_smtp_session *s);
void sim_smtp_session_feed(struct sim_smtp_session *s, const char *bytes, size_t len);
/* Answers the mail last given to `mail`: a line without CRLF. */
void sim_smtp_session_reply(struct sim_smtp_session *s, const char *line);

#endif
