/*
 * sim_smtp_command - reads one SMTP command line (RFC 5321, 1870 SIZE, 6152 8BITMIME, 6531 SMTPUTF8).
 */
#ifndef SIM_SMTP_COMMAND_H
#define SIM_SMTP_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sim_smtp_verb {
    SMTP_UNKNOWN,
    SMTP_EHLO,
    SMTP_HELO,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_RSET,
    SMTP_NOOP,
    SMTP_QUIT,
    SMTP_VRFY
};

#define SIM_SMTP_LINE_MAX 2048

struct sim_smtp_command {
    enum sim_smtp_verb verb;
    char address[256]; /* MAIL, RCPT: without < >, domain in ASCII; "" is the null sender */
    int64_t size;      /* MAIL SIZE=; -1 when not told */
    bool smtputf8;
    const char *error; /* the reply for a line that is wrong, else NULL; static */
};

/* `line` without its CRLF, of any bytes. */
void sim_smtp_command_read(const char *line, size_t len, struct sim_smtp_command *out);

#endif
