#include "smtp_inside.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

#define CONNECT_TIMEOUT_MS 30000L
#define REPLY_MAX_BYTES    8192
#define COMMANDS_MAX_BYTES 2048
/* Postfix hangs up after 300 s, smarthosts often after 60. */
#define IDLE_MS 30000

enum { CAN_PIPELINE = 1, CAN_SIZE = 2, CAN_UTF8 = 4, CAN_DSN = 8 };
enum step { STEP_MAIL, STEP_RCPT, STEP_DATA };

struct smtp_link {
    struct smtp_host *host;
    struct curl_loop *curl; /* of its own: in a shared one libcurl would take our socket for an idle one */
    struct curl_job job;
    curl_socket_t fd;
    enum link_state state;
    unsigned can;           /* what EHLO offered */
    enum step step;         /* LINK_ENVELOPE: whose reply comes next */
    struct smtp_mail *mail; /* LINK_ENVELOPE … LINK_FINAL */
    bool answered;          /* the server has replied to something of this mail */
    unsigned served;        /* mails that were begun here before */
    struct buf out, in;     /* commands to write; replies up to the last line end */
    size_t out_sent;
    struct smtp_answer refusal; /* while connecting: the last reply of 4xx or 5xx */
    char error[CURL_ERROR_SIZE];
    struct timer idle;
};

enum link_state smtp_link_state(const struct smtp_link *k)
{
    return k->state;
}

struct smtp_mail *smtp_link_mail(const struct smtp_link *k)
{
    return k->mail;
}

/* ---- connecting ---- */

static void note_capability(struct smtp_link *k, const char *text)
{
    static const struct {
        const char *word;
        unsigned bit;
    } known[] = {
        { "PIPELINING", CAN_PIPELINE }, { "SIZE", CAN_SIZE }, { "SMTPUTF8", CAN_UTF8 }, { "DSN", CAN_DSN }
    };
    size_t n = strcspn(text, " ");

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (n == strlen(known[i].word) && strncasecmp(text, known[i].word, n) == 0)
            k->can |= known[i].bit;
}

/* libcurl shows us each reply line of greeting, EHLO, STARTTLS and AUTH. */
static size_t greeting_line(char *data, size_t size, size_t n, void *ctx)
{
    struct smtp_link *k = ctx;
    char *copy = mem_strndup(data, size * n);
    struct smtp_line line = smtp_line_parse(copy);

    if (line.code == 220)
        k->can = 0; /* what was offered before STARTTLS does not count */
    else if (line.code == 250)
        note_capability(k, line.text);
    else if (line.code >= 400)
        smtp_answer_fill(&k->refusal, &line);
    free(copy);
    return size * n;
}

static void went_idle(void *ctx)
{
    struct smtp_link *k = ctx;
    smtp_host_link_lost(k->host, k);
}

static void become_idle(struct smtp_link *k)
{
    k->state = LINK_IDLE;
    timer_start(&k->idle, smtp_host_loop(k->host), IDLE_MS, went_idle, k);
    smtp_host_link_idle(k->host);
}

static void link_ready(void *ctx);

static void connected(void *ctx, CURLcode rc)
{
    struct smtp_link *k = ctx;

    if (rc == CURLE_OK)
        rc = curl_easy_getinfo(k->job.easy, CURLINFO_ACTIVESOCKET, &k->fd);
    if (rc != CURLE_OK) {
        const char *error = k->error[0] != '\0' ? k->error : curl_easy_strerror(rc);
        smtp_host_link_failed(k->host, k, k->refusal.code ? &k->refusal : NULL, error);
        return;
    }
    curl_loop_watch(k->curl, k->fd, false, link_ready, k);
    become_idle(k);
}

static void set_connection(struct smtp_link *k, const struct smtp_settings *s)
{
    CURL *easy = k->job.easy;

    curl_easy_setopt(easy, CURLOPT_URL, s->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(s->require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (s->ca_file[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca_file);
    if (s->user[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_USERNAME, s->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, s->password);
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, greeting_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, k);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, k->error);
}

struct smtp_link *smtp_link_open(struct smtp_host *h)
{
    struct smtp_link *k = mem_alloc(sizeof *k);

    k->host = h;
    k->curl = curl_loop_new(smtp_host_loop(h), 0);
    k->state = LINK_CONNECTING;
    k->job = (struct curl_job){ .easy = curl_loop_take_easy(k->curl), .done = connected, .ctx = k };
    buf_init(&k->out, COMMANDS_MAX_BYTES);
    buf_init(&k->in, REPLY_MAX_BYTES);
    set_connection(k, smtp_host_settings(h));
    curl_loop_add(k->curl, &k->job);
    return k;
}

static void link_free(void *p)
{
    struct smtp_link *k = p;

    buf_clear(&k->out);
    buf_clear(&k->in);
    free(k);
}

void smtp_link_close(struct smtp_link *k)
{
    size_t n;

    if (k->state == LINK_IDLE) /* polite, but nothing to wait for */
        curl_easy_send(k->job.easy, "QUIT\r\n", 6, &n);
    k->state = LINK_CLOSED;
    timer_stop(&k->idle);
    curl_loop_unwatch(k->curl, k->fd);
    curl_loop_remove(k->curl, &k->job);
    curl_loop_give_easy(k->curl, k->job.easy);
    curl_loop_free(k->curl);
    loop_free_later(smtp_host_loop(k->host), k, link_free); /* its callers up the stack still look at it */
}

/* ---- writing ---- */

/* Sends from *sent on. A broken connection is left for the reader to find: the server may have said why. */
static CURLcode write_some(struct smtp_link *k, const struct buf *b, size_t *sent)
{
    CURLcode rc = CURLE_OK;

    while (*sent < b->len && rc == CURLE_OK) {
        size_t n = 0;
        rc = curl_easy_send(k->job.easy, b->data + *sent, b->len - *sent, &n);
        *sent += n;
    }
    return rc;
}

static void link_write(struct smtp_link *k)
{
    CURLcode rc = write_some(k, &k->out, &k->out_sent);

    if (rc == CURLE_OK && k->state == LINK_BODY) {
        rc = write_some(k, &k->mail->wire, &k->mail->wire_sent);
        if (rc == CURLE_OK)
            k->state = LINK_FINAL;
    }
    curl_loop_watch(k->curl, k->fd, rc == CURLE_AGAIN, link_ready, k);
}

/* ---- the dialogue of one mail ---- */

static void add_mail(struct smtp_link *k)
{
    buf_printf(&k->out, "MAIL FROM:<%s>", k->mail->from);
    if (k->can & CAN_SIZE)
        buf_printf(&k->out, " SIZE=%zu", k->mail->message_len);
    if (k->can & CAN_DSN)
        buf_str(&k->out, " RET=HDRS"); /* a bounce need not carry the citizen's text about */
    if (k->mail->utf8)
        buf_str(&k->out, " SMTPUTF8");
    buf_str(&k->out, "\r\n");
}

static void add_command(struct smtp_link *k, enum step step)
{
    switch (step) {
    case STEP_MAIL:
        add_mail(k);
        break;
    case STEP_RCPT:
        buf_printf(&k->out, "RCPT TO:<%s>\r\n", k->mail->to);
        break;
    case STEP_DATA:
        buf_str(&k->out, "DATA\r\n");
        break;
    }
}

/* Everything up to DATA in one write where the server allows it. */
static void send_commands(struct smtp_link *k)
{
    buf_reset(&k->out);
    k->out_sent = 0;
    add_command(k, k->step);
    if (k->can & CAN_PIPELINE)
        for (enum step s = k->step + 1; s <= STEP_DATA; s++)
            add_command(k, s);
    link_write(k);
}

static void refuse_utf8(struct smtp_mail *m)
{
    struct smtp_answer a = { .code = 553,
                             .enhanced = "5.6.7",
                             .text = "the next hop does not offer SMTPUTF8" };
    smtp_mail_finish(m, WIRE_ANSWERED, &a, "");
}

void smtp_link_send(struct smtp_link *k, struct smtp_mail *m)
{
    if (m->utf8 && !(k->can & CAN_UTF8)) {
        refuse_utf8(m); /* the link stays idle */
        smtp_host_link_idle(k->host);
        return;
    }
    timer_stop(&k->idle);
    m->link = k;
    m->wire_sent = 0;
    k->mail = m;
    k->answered = false;
    k->state = LINK_ENVELOPE;
    k->step = STEP_MAIL;
    send_commands(k);
}

static struct smtp_mail *take_mail(struct smtp_link *k)
{
    struct smtp_mail *m = k->mail;

    k->mail = NULL;
    if (m != NULL)
        m->link = NULL;
    k->served++;
    return m;
}

/* Is this the goodbye of a server that had tired of an idle connection before our mail came? */
static bool is_stale(const struct smtp_link *k)
{
    return k->state == LINK_ENVELOPE && k->served > 0 && !k->answered;
}

static void link_broken(struct smtp_link *k, const char *error)
{
    bool stale = is_stale(k);
    struct smtp_mail *m = take_mail(k);

    k->state = LINK_CLOSED;
    if (m != NULL && stale)
        smtp_host_requeue(k->host, m);
    else if (m != NULL)
        smtp_mail_finish(m, smtp_mail_fate(m), NULL, error);
    smtp_host_link_lost(k->host, k);
}

/* The mail has its answer. After a refusal before DATA the server may be anywhere in our pipelined commands:
 * such a connection is not worth the bookkeeping. */
static void mail_answered(struct smtp_link *k, const struct smtp_line *line)
{
    bool keep = k->state == LINK_FINAL && line->code != 421;
    struct smtp_mail *m = take_mail(k);
    struct smtp_answer a = { 0 };

    smtp_answer_fill(&a, line);
    smtp_mail_finish(m, WIRE_ANSWERED, &a, "");
    if (!keep) {
        k->state = LINK_CLOSED;
        smtp_host_link_lost(k->host, k);
        return;
    }
    become_idle(k);
}

void smtp_link_abandon(struct smtp_link *k)
{
    take_mail(k);
    k->state = LINK_CLOSED;
    smtp_host_link_lost(k->host, k);
}

static void envelope_reply(struct smtp_link *k, const struct smtp_line *line)
{
    bool fine = k->step == STEP_DATA ? line->code == 354 : line->code / 100 == 2;

    if (!fine && line->code == 421 && is_stale(k)) {
        link_broken(k, "");
        return;
    }
    k->answered = true;
    if (!fine) {
        mail_answered(k, line);
    } else if (k->step == STEP_DATA) {
        k->state = LINK_BODY;
        link_write(k);
    } else {
        k->step++;
        if (!(k->can & CAN_PIPELINE))
            send_commands(k);
    }
}

static void reply(struct smtp_link *k, const struct smtp_line *line)
{
    if (line->code == 0)
        link_broken(k, "the server does not speak SMTP");
    else if (line->more)
        return; /* the last line counts */
    else if (k->state == LINK_ENVELOPE)
        envelope_reply(k, line);
    else if (k->state == LINK_FINAL || (k->state == LINK_BODY && line->code >= 400))
        mail_answered(k, line);
    else
        link_broken(k, "the server spoke out of turn");
}

/* ---- reading ---- */

static void take_lines(struct smtp_link *k)
{
    size_t start = 0;

    for (size_t i = 0; i < k->in.len && k->state != LINK_CLOSED; i++) {
        if (k->in.data[i] != '\n')
            continue;
        k->in.data[i] = '\0';
        struct smtp_line line = smtp_line_parse(k->in.data + start);
        start = i + 1;
        reply(k, &line);
    }
    if (start > 0 && start < k->in.len)
        memmove(k->in.data, k->in.data + start, k->in.len - start);
    k->in.len -= start;
}

static void read_replies(struct smtp_link *k)
{
    char chunk[2048];

    while (k->state != LINK_CLOSED) {
        size_t n = 0;
        CURLcode rc = curl_easy_recv(k->job.easy, chunk, sizeof chunk, &n);
        if (rc == CURLE_AGAIN)
            return;
        if (rc != CURLE_OK || n == 0) {
            link_broken(k, "the server closed the connection");
            return;
        }
        buf_add(&k->in, chunk, n);
        if (!buf_ok(&k->in)) {
            link_broken(k, "the server's reply has no end");
            return;
        }
        take_lines(k);
    }
}

static void link_ready(void *ctx)
{
    struct smtp_link *k = ctx;

    read_replies(k);
    if (k->state == LINK_ENVELOPE || k->state == LINK_BODY)
        link_write(k);
}
