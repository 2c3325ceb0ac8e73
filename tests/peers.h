/*
 * peers - real neighbours for tests, on 127.0.0.1 and random ports: programs (smtp-sink, Postfix …) and a
 * scripted TCP server for the moments no real program can be asked for. Whatever is started here ends with
 * the test program, however that ends. A peer that does not come up fails the running test.
 */
#ifndef TESTS_PEERS_H
#define TESTS_PEERS_H

#include "loa/buf.h"
#include <stdbool.h>
#include <sys/types.h>

/* ---- programs ---- */
int free_port(void);
int listen_on_loopback(int *port); /* a listening socket on a port of its own */
/* argv[0] is a path or looked up in PATH, /usr/sbin and /sbin. Output goes to `log_path`, or nowhere (NULL).
 */
pid_t start_process(const char *const argv[], const char *log_path);
void stop_process(pid_t pid);                                    /* SIGTERM, SIGKILL after 3 s; waits */
int run_process(const char *const argv[], const char *log_path); /* waits; the exit status, 128 + signal */
void wait_for_port(int port, int deadline_ms);
/* True once `test` is, false when `deadline_ms` of real time have passed. */
bool wait_until(bool (*test)(void *ctx), void *ctx, int deadline_ms);

/* ---- smtp-sink: an SMTP server that takes, refuses or drops everything ---- */
struct smtp_sink {
    pid_t pid;
    int port;
    char dir[256]; /* one file per mail that was taken, beginning with X-Mail-Args, X-Rcpt-Args … */
};
/* `options`: more arguments such as "-r", "rcpt"; NULL-terminated, may be NULL. */
struct smtp_sink start_smtp_sink(const char *const options[]);
unsigned files_in(const char *dir);
/* Waits until the newest file of `dir` holds `text`, then appends its content to `out`. */
void wait_for_file(const char *dir, const char *text, struct buf *out);

/* ---- Postfix: a whole mail server of our own ---- */
/* Takes mail for everybody on 127.0.0.1 and relays it to `relay_port`; mail for bounce.test goes into
 * `maildir`. It tries again every 2 s and gives up after 5. Configuration, queue and mail lie in a temporary
 * directory; a Postfix of the system is not touched. Needs root. `extra`: more lines for main.cf, or NULL. */
struct postfix {
    pid_t pid;
    int port;
    char dir[256], maildir[300];
};
struct postfix start_postfix(int relay_port, const char *extra);
void stop_postfix(struct postfix *p);
/* For `extra`: bounces go to a webhook by deploy/postfix/loa-bounce instead of into the maildir. */
#define POSTFIX_BOUNCES_TO_WEBHOOK "transport_maps = inline:{ bounce.test=loa-bounce: }\n"
void postfix_set_webhook(const struct postfix *p, const char *url);

/* ---- OpenDKIM: signs for haiphong.gov.vn as deploy/postfix/opendkim.conf says ---- */
struct opendkim {
    pid_t pid;
    int port;
    char dir[256];
};
struct opendkim start_opendkim(void);
/* Does the signature of this mail hold? */
bool opendkim_verifies(const struct opendkim *k, const char *mail, size_t len);

/* ---- Kannel: bearerbox, smsbox and a fake operator that delivers everything ---- */
struct kannel {
    pid_t bearerbox, smsbox, fakesmsc;
    int port, admin_port; /* where sendsms and the admin commands are */
    char sent_log[400];
};
struct kannel kannel_start(void); /* up to four parts a message; user "loa", password "PASSPASS" */
void kannel_stop(struct kannel *k);
void kannel_admin(const struct kannel *k, const char *command); /* "suspend", "resume" … */
/* What reached the operator, one line each "<from to type text>", appended to `out`. Returns how many. */
unsigned kannel_sent(const struct kannel *k, struct buf *out);

/* ---- a server that follows a script ---- */
/* A conversation is a list of steps ended by NULL, after which the connection is closed:
 *   "<text"  read until this text has come        ">text"  send this text
 *   "~"      wait until the other side hangs up   "@2"     go on with step 2
 * Connection n gets conversation n; the last one serves all that follow. TALKS(TALK("<a", ">b"), TALK("~"))
 * writes such a list. */
#define TALK(...)                                                                                            \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }
#define TALKS(...)                                                                                           \
    (const char *const *const[])                                                                             \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }
struct script_peer;
struct script_peer *script_peer_start(const char *const *const conversations[]);
int script_peer_port(const struct script_peer *p);
unsigned script_peer_connections(struct script_peer *p);
/* Everything received so far, over all connections in order of arrival. */
void script_peer_heard(struct script_peer *p, struct buf *out);
void script_peer_stop(struct script_peer *p);

#endif
