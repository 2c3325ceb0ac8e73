#include "sim_smtp_session.h"
#include "sim_smtp_command.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

#define WAITING_MAX   (256 * 1024) /* what may arrive while the conversation stands still */
#define MAIL_LINE_MAX 998
#define HOST          "mail.sim.invalid"
#define EHLO_REPLY                                                                                           \
    "250-" HOST "\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n"     \
    "250 SMTPUTF8\r\n"

enum state { GREETED_NOT, READY, HAS_SENDER, IN_DATA, WAITS_FOR_REPLY, OVER };

struct sim_smtp_session {
    const struct sim_smtp_ops *ops;
    void *ctx;
    enum state state;
    struct buf in, data;
    char mail_from[256];
    char *rcpt[SIM_SMTP_RCPT_MAX];
    unsigned rcpts;
    bool too_big, bad_line;
    bool busy; /* inside process(): an answer given there must not start it again */
};

static void reply(struct sim_smtp_session *s, const char *line)
{
    s->ops->send(s->ctx, line, strlen(line));
    s->ops->send(s->ctx, "\r\n", 2);
}

struct sim_smtp_session *sim_smtp_session_new(const struct sim_smtp_ops *ops, void *ctx)
{
    struct sim_smtp_session *s = mem_alloc(sizeof *s);

    s->ops = ops;
    s->ctx = ctx;
    buf_init(&s->in, SIM_SMTP_SIZE);
    buf_init(&s->data, SIM_SMTP_SIZE);
    reply(s, "220 " HOST " ESMTP");
    return s;
}

static void forget_mail(struct sim_smtp_session *s)
{
    for (unsigned i = 0; i < s->rcpts; i++)
        free(s->rcpt[i]);
    s->rcpts = 0;
    s->too_big = s->bad_line = false;
    buf_clear(&s->data);
    if (s->state != GREETED_NOT && s->state != OVER)
        s->state = READY;
}

void sim_smtp_session_free(struct sim_smtp_session *s)
{
    if (s == NULL)
        return;
    forget_mail(s);
    buf_clear(&s->in);
    free(s);
}

static void end(struct sim_smtp_session *s, const char *last_line)
{
    if (last_line != NULL)
        reply(s, last_line);
    s->state = OVER;
    s->ops->hang_up(s->ctx);
}

/* ---- commands ---- */

static void on_mail(struct sim_smtp_session *s, const struct sim_smtp_command *c)
{
    const char *refusal;

    if (s->state != READY) {
        reply(s, s->state == GREETED_NOT ? "503 5.5.1 Say EHLO first" : "503 5.5.1 Nested MAIL command");
        return;
    }
    if (c->size > SIM_SMTP_SIZE) {
        reply(s, "552 5.3.4 Message size exceeds fixed limit");
        return;
    }
    refusal = s->ops->stage(s->ctx, SIM_SMTP_AT_MAIL, c->address);
    if (refusal != NULL) {
        reply(s, refusal);
        return;
    }
    memcpy(s->mail_from, c->address, sizeof s->mail_from);
    s->state = HAS_SENDER;
    reply(s, "250 2.1.0 Ok");
}

static void on_rcpt(struct sim_smtp_session *s, const struct sim_smtp_command *c)
{
    const char *refusal;

    if (s->state != HAS_SENDER) {
        reply(s, "503 5.5.1 Error: need MAIL command");
        return;
    }
    if (s->rcpts == SIM_SMTP_RCPT_MAX) {
        reply(s, "452 4.5.3 Too many recipients");
        return;
    }
    refusal = s->ops->stage(s->ctx, SIM_SMTP_AT_RCPT, c->address);
    if (refusal == NULL)
        s->rcpt[s->rcpts++] = mem_strdup(c->address);
    reply(s, refusal != NULL ? refusal : "250 2.1.5 Ok");
}

static void on_data(struct sim_smtp_session *s)
{
    if (s->state != HAS_SENDER || s->rcpts == 0) {
        reply(s, s->state == HAS_SENDER ? "554 5.5.1 Error: no valid recipients"
                                        : "503 5.5.1 Error: need RCPT command");
        return;
    }
    const char *refusal = s->ops->stage(s->ctx, SIM_SMTP_AT_DATA, NULL);
    if (refusal != NULL) {
        reply(s, refusal);
        return;
    }
    s->state = IN_DATA;
    reply(s, "354 End data with <CR><LF>.<CR><LF>");
}

static void on_greeting(struct sim_smtp_session *s, bool extended)
{
    if (s->state == GREETED_NOT)
        s->state = READY;
    forget_mail(s);
    if (extended)
        s->ops->send(s->ctx, EHLO_REPLY, sizeof EHLO_REPLY - 1);
    else
        reply(s, "250 " HOST);
}

static void command(struct sim_smtp_session *s, const char *line, size_t len)
{
    struct sim_smtp_command c;

    sim_smtp_command_read(line, len, &c);
    if (c.error != NULL) {
        reply(s, c.error);
        return;
    }
    switch (c.verb) {
    case SMTP_EHLO:
    case SMTP_HELO:
        on_greeting(s, c.verb == SMTP_EHLO);
        break;
    case SMTP_MAIL:
        on_mail(s, &c);
        break;
    case SMTP_RCPT:
        on_rcpt(s, &c);
        break;
    case SMTP_DATA:
        on_data(s);
        break;
    case SMTP_RSET:
        forget_mail(s);
        reply(s, "250 2.0.0 Ok");
        break;
    case SMTP_QUIT:
        end(s, "221 2.0.0 Bye");
        break;
    case SMTP_VRFY:
        reply(s, "252 2.0.0 Send some mail, I will try my best");
        break;
    default:
        reply(s, "250 2.0.0 Ok");
    }
}

/* ---- the mail itself ---- */

static void mail_complete(struct sim_smtp_session *s)
{
    const char *refusal = s->ops->stage(s->ctx, SIM_SMTP_AT_END, NULL);

    s->state = WAITS_FOR_REPLY;
    if (s->too_big)
        sim_smtp_session_reply(s, "552 5.3.4 Message size exceeds fixed limit");
    else if (s->bad_line)
        sim_smtp_session_reply(s, "554 5.6.0 A line is longer than 998 octets or holds a NUL");
    else if (refusal != NULL)
        sim_smtp_session_reply(s, refusal);
    else
        s->ops->mail(s->ctx, &(struct sim_smtp_mail){ .mail_from = s->mail_from,
                                                      .rcpt = s->rcpt,
                                                      .rcpts = s->rcpts,
                                                      .data = buf_cstr(&s->data),
                                                      .len = s->data.len });
}

static void data_line(struct sim_smtp_session *s, const char *line, size_t len)
{
    if (len == 1 && line[0] == '.') {
        mail_complete(s);
        return;
    }
    if (len > 0 && line[0] == '.') {
        line++;
        len--;
    }
    if (len > MAIL_LINE_MAX || memchr(line, '\0', len) != NULL)
        s->bad_line = true;
    buf_add(&s->data, line, len);
    buf_add(&s->data, "\r\n", 2);
    s->too_big |= !buf_ok(&s->data);
}

/* ---- bytes to lines ---- */

/* The end of the first line (its CR), or NULL; `bad` when a CR or LF stands alone before it. */
static const char *line_end(const char *p, size_t n, bool *bad)
{
    *bad = false;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' || (p[i] == '\r' && i + 1 < n && p[i + 1] != '\n')) {
            *bad = true;
            return NULL;
        }
        if (p[i] == '\r')
            return i + 1 < n ? p + i : NULL;
    }
    return NULL;
}

static void process(struct sim_smtp_session *s)
{
    size_t used = 0;
    bool bad = false;

    s->busy = true;
    while (s->state != WAITS_FOR_REPLY && s->state != OVER) {
        const char *from = buf_cstr(&s->in) + used;
        const char *cr = line_end(from, s->in.len - used, &bad);
        if (bad)
            end(s, "521 5.5.2 Error: bare <CR> or <LF> received");
        if (cr == NULL)
            break;
        used = (size_t)(cr + 2 - buf_cstr(&s->in));
        if (s->state == IN_DATA)
            data_line(s, from, (size_t)(cr - from));
        else
            command(s, from, (size_t)(cr - from));
    }
    if (used > 0) {
        memmove(s->in.data, s->in.data + used, s->in.len - used);
        s->in.len -= used;
        s->in.data[s->in.len] = '\0';
    }
    s->busy = false;
}

void sim_smtp_session_feed(struct sim_smtp_session *s, const char *bytes, size_t len)
{
    if (s->state == OVER)
        return;
    buf_add(&s->in, bytes, len);
    process(s);
    if (s->state != OVER && s->in.len > WAITING_MAX)
        end(s, "500 5.5.2 Error: line too long");
}

void sim_smtp_session_reply(struct sim_smtp_session *s, const char *line)
{
    if (s->state != WAITS_FOR_REPLY)
        return;
    forget_mail(s);
    reply(s, line);
    if (!s->busy)
        process(s);
}
