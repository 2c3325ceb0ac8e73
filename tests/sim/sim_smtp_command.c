#include "sim_smtp_command.h"
#include "loa/mail_address.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BAD_ARGUMENT "501 5.5.4 Syntax error in parameters"
#define BAD_OPTION   "555 5.5.4 Unsupported option"
#define BAD_ADDRESS  "501 5.1.3 Bad address syntax"
#define NEEDS_UTF8   "553 5.6.7 Address needs SMTPUTF8"

static const struct {
    const char *word;
    enum sim_smtp_verb verb;
    bool takes_argument;
} verbs[] = {
    { "EHLO", SMTP_EHLO, true }, { "HELO", SMTP_HELO, true },  { "MAIL", SMTP_MAIL, true },
    { "RCPT", SMTP_RCPT, true }, { "DATA", SMTP_DATA, false }, { "RSET", SMTP_RSET, false },
    { "NOOP", SMTP_NOOP, true }, { "QUIT", SMTP_QUIT, false }, { "VRFY", SMTP_VRFY, true },
};

static bool read_option(const char *word, struct sim_smtp_command *out)
{
    char *end;

    if (strcasecmp(word, "SMTPUTF8") == 0) {
        out->smtputf8 = true;
        return true;
    }
    if (strcasecmp(word, "BODY=7BIT") == 0 || strcasecmp(word, "BODY=8BITMIME") == 0)
        return true;
    if (strncasecmp(word, "SIZE=", 5) != 0 || word[5] < '0' || word[5] > '9')
        return false;
    out->size = strtoll(word + 5, &end, 10);
    return *end == '\0';
}

/* "FROM:<address> SIZE=1000 …": `text` is writable. */
static void read_path(char *text, const char *keyword, struct sim_smtp_command *out)
{
    size_t n = strlen(keyword);
    char *close, *save = NULL;

    if (strncasecmp(text, keyword, n) != 0 || text[n] != '<' || (close = strchr(text, '>')) == NULL) {
        out->error = BAD_ARGUMENT;
        return;
    }
    *close = '\0';
    const char *written = text + n + 1;
    if (close[1] != '\0' && close[1] != ' ') {
        out->error = BAD_ARGUMENT;
        return;
    }
    bool is_mail = out->verb == SMTP_MAIL;
    for (char *word = strtok_r(close + 1, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
        if (!is_mail || !read_option(word, out))
            out->error = BAD_OPTION;
    if (out->error != NULL || (is_mail && written[0] == '\0'))
        return;

    struct mail_address a = mail_address_parse(written, strlen(written));
    if (a.why != NULL)
        out->error = BAD_ADDRESS;
    else if (a.needs_smtputf8 && is_mail && !out->smtputf8)
        out->error = NEEDS_UTF8;
    snprintf(out->address, sizeof out->address, "%s", a.address);
}

void sim_smtp_command_read(const char *line, size_t len, struct sim_smtp_command *out)
{
    char text[SIM_SMTP_LINE_MAX + 1], *argument;

    *out = (struct sim_smtp_command){ .size = -1 };
    if (len > SIM_SMTP_LINE_MAX || memchr(line, '\0', len) != NULL) {
        out->error = "500 5.5.2 Line too long or with NUL";
        return;
    }
    memcpy(text, line, len);
    text[len] = '\0';
    argument = text + strcspn(text, " ");
    if (*argument != '\0')
        *argument++ = '\0';

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcasecmp(text, verbs[i].word) != 0)
            continue;
        out->verb = verbs[i].verb;
        if (!verbs[i].takes_argument && *argument != '\0')
            out->error = BAD_ARGUMENT;
    }
    if (out->verb == SMTP_UNKNOWN)
        out->error = "500 5.5.1 Unknown command";
    else if ((out->verb == SMTP_EHLO || out->verb == SMTP_HELO) && *argument == '\0')
        out->error = BAD_ARGUMENT;
    else if (out->verb == SMTP_MAIL)
        read_path(argument, "FROM:", out);
    else if (out->verb == SMTP_RCPT)
        read_path(argument, "TO:", out);
}
