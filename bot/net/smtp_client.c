#include "smtp_inside.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

#define DEFAULT_TIMEOUT_MS  60000
#define DEFAULT_CONNECTIONS 3
#define CONNECTIONS_MAX     64
#define PATH_MAX_BYTES      254 /* RFC 5321 4.5.3.1.3, without the angle brackets */
/* While other connections carry the mail, a server that refuses one more is left alone this long. */
#define REOPEN_MS 1000

struct smtp_host { /* one server with one login */
    struct smtp_client *client;
    struct smtp_settings settings;
    unsigned max_links, links;
    struct smtp_link *link[CONNECTIONS_MAX];
    struct smtp_mail *first, *last; /* waiting */
    unsigned waiting;
    int64_t no_open_until_ms;
    struct timer kick; /* gives waiting mails to links, from the loop */
    struct smtp_host *next;
};

struct smtp_client {
    struct http_client *http;
    struct smtp_host *hosts;
    unsigned in_flight;
};

const struct smtp_settings *smtp_host_settings(const struct smtp_host *h)
{
    return &h->settings;
}

struct loop *smtp_host_loop(const struct smtp_host *h)
{
    return h->client->http->loop;
}

/* ---- the queue of one server ---- */

static void queue_head(struct smtp_host *h, struct smtp_mail *m)
{
    m->prev = NULL;
    m->next = h->first;
    *(h->first != NULL ? &h->first->prev : &h->last) = m;
    h->first = m;
    h->waiting++;
}

static void queue_tail(struct smtp_host *h, struct smtp_mail *m)
{
    m->next = NULL;
    m->prev = h->last;
    *(h->last != NULL ? &h->last->next : &h->first) = m;
    h->last = m;
    h->waiting++;
}

static void queue_remove(struct smtp_host *h, struct smtp_mail *m)
{
    *(m->prev != NULL ? &m->prev->next : &h->first) = m->next;
    *(m->next != NULL ? &m->next->prev : &h->last) = m->prev;
    m->prev = m->next = NULL;
    h->waiting--;
}

static void serve_idle_links(struct smtp_host *h)
{
    for (unsigned i = 0; i < h->links && h->first != NULL; i++) {
        struct smtp_mail *m = h->first;
        if (smtp_link_state(h->link[i]) != LINK_IDLE)
            continue;
        queue_remove(h, m);
        smtp_link_send(h->link[i], m);
    }
}

static void open_links(struct smtp_host *h)
{
    unsigned coming = 0;

    for (unsigned i = 0; i < h->links; i++)
        coming += smtp_link_state(h->link[i]) == LINK_CONNECTING;
    if (h->links > 0 && clock_mono_ms() < h->no_open_until_ms)
        return;
    for (; coming < h->waiting && h->links < h->max_links; coming++)
        h->link[h->links++] = smtp_link_open(h);
}

static void dispatch(void *ctx)
{
    struct smtp_host *h = ctx;

    serve_idle_links(h);
    open_links(h);
}

static void kick(struct smtp_host *h)
{
    if (!timer_running(&h->kick))
        timer_start(&h->kick, smtp_host_loop(h), 0, dispatch, h);
}

/* ---- what the links report ---- */

void smtp_host_link_idle(struct smtp_host *h)
{
    kick(h);
}

void smtp_host_link_lost(struct smtp_host *h, struct smtp_link *k)
{
    unsigned i = 0;

    while (h->link[i] != k)
        i++;
    h->link[i] = h->link[--h->links];
    smtp_link_close(k);
    if (h->waiting > 0)
        kick(h);
}

void smtp_host_link_failed(struct smtp_host *h, struct smtp_link *k, const struct smtp_answer *a,
                           const char *error)
{
    unsigned others = h->links - 1;

    h->no_open_until_ms = clock_mono_ms() + REOPEN_MS;
    /* No other connection is there to wait for: what waits now gets this answer, what comes later a new try.
     */
    for (unsigned n = others == 0 ? h->waiting : 0; n > 0 && h->first != NULL; n--) {
        struct smtp_mail *m = h->first;
        queue_remove(h, m);
        smtp_mail_finish(m, a != NULL ? WIRE_ANSWERED : WIRE_NOT_SENT, a, error);
    }
    smtp_host_link_lost(h, k);
}

void smtp_host_requeue(struct smtp_host *h, struct smtp_mail *m)
{
    queue_head(h, m);
    kick(h);
}

/* ---- the end of a mail ---- */

static void free_mail(void *p)
{
    struct smtp_mail *m = p;

    free(m->from);
    free(m->to);
    buf_clear(&m->wire);
    free(m);
}

void smtp_mail_finish(struct smtp_mail *m, enum wire_result result, const struct smtp_answer *a,
                      const char *error)
{
    struct smtp_answer answer = a != NULL ? *a : (struct smtp_answer){ 0 };

    answer.result = result;
    answer.error = error;
    timer_stop(&m->deadline);
    m->host->client->in_flight--;
    m->done(m->ctx, &answer); /* may send other mails */
    loop_free_later(m->host->client->http->loop, m, free_mail);
}

enum wire_result smtp_mail_fate(const struct smtp_mail *m)
{
    return m->wire_sent == m->wire.len ? WIRE_UNKNOWN : WIRE_NOT_SENT;
}

/* Takes the mail away from its link or the queue. */
static void withdraw(struct smtp_mail *m)
{
    if (m->link != NULL)
        smtp_link_abandon(m->link);
    else
        queue_remove(m->host, m);
}

static void deadline_passed(void *ctx)
{
    struct smtp_mail *m = ctx;

    withdraw(m);
    smtp_mail_finish(m, smtp_mail_fate(m), NULL, "no reply in time");
}

static void cancelled(void *ctx)
{
    struct smtp_mail *m = ctx;

    withdraw(m);
    smtp_mail_finish(m, WIRE_CANCELLED, NULL, "cancelled");
}

/* ---- the start of a mail ---- */

/* Nothing that could end the command and begin another: libcurl would not notice, and we do not ask it. */
static bool is_safe_path(const char *s)
{
    size_t n = s != NULL ? strlen(s) : 0;

    if (n == 0 || n > PATH_MAX_BYTES || strchr(s, '@') == NULL)
        return false;
    for (; *s != '\0'; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '<' || *s == '>')
            return false;
    return true;
}

static bool is_smtp_url(const char *s)
{
    if (s == NULL || (strncmp(s, "smtp://", 7) != 0 && strncmp(s, "smtps://", 8) != 0))
        return false;
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s == 0x7f)
            return false;
    return true;
}

static bool is_ascii(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s >= 0x80)
            return false;
    return true;
}

static bool same_server(const struct smtp_settings *s, const struct smtp_call *call)
{
    return strcmp(s->url, call->url) == 0 && strcmp(s->user, call->user ? call->user : "") == 0 &&
           strcmp(s->password, call->password ? call->password : "") == 0 &&
           strcmp(s->ca_file, call->ca_file ? call->ca_file : "") == 0 && s->require_tls == call->require_tls;
}

static struct smtp_host *host_for(struct smtp_client *s, const struct smtp_call *call)
{
    struct smtp_host *h = s->hosts;

    while (h != NULL && !same_server(&h->settings, call))
        h = h->next;
    if (h == NULL) {
        h = mem_alloc(sizeof *h);
        h->client = s;
        h->settings = (struct smtp_settings){ .url = mem_strdup(call->url),
                                              .user = mem_strdup(call->user ? call->user : ""),
                                              .password = mem_strdup(call->password ? call->password : ""),
                                              .ca_file = mem_strdup(call->ca_file ? call->ca_file : ""),
                                              .require_tls = call->require_tls };
        h->next = s->hosts;
        s->hosts = h;
    }
    h->max_links = call->max_connections ? call->max_connections : DEFAULT_CONNECTIONS;
    if (h->max_links > CONNECTIONS_MAX)
        h->max_links = CONNECTIONS_MAX;
    return h;
}

static struct smtp_client *client_of(struct http_client *c)
{
    if (c->smtp == NULL) {
        c->smtp = mem_alloc(sizeof *c->smtp);
        c->smtp->http = c;
    }
    return c->smtp;
}

enum loa_status smtp_client_send(struct http_client *c, const struct smtp_call *call, smtp_answer_fn *done,
                                 void *ctx, uint64_t *id)
{
    if (!is_smtp_url(call->url) || !is_safe_path(call->mail_from) || !is_safe_path(call->rcpt_to))
        return LOA_INVALID;
    if (call->message_len > SMTP_MESSAGE_MAX_BYTES)
        return LOA_TOO_BIG;
    if (c->closing)
        return LOA_UNAVAILABLE;
    struct smtp_client *s = client_of(c);
    if (s->in_flight >= SMTP_PENDING_MAX)
        return LOA_BUSY;
    struct buf wire = BUF_INIT(SMTP_MESSAGE_MAX_BYTES * 2);
    if (!smtp_wire_text(&wire, call->message, call->message_len)) {
        buf_clear(&wire);
        return LOA_INVALID;
    }

    struct smtp_mail *m = mem_alloc(sizeof *m);
    *m = (struct smtp_mail){ .id = ++c->last_id,
                             .host = host_for(s, call),
                             .from = mem_strdup(call->mail_from),
                             .to = mem_strdup(call->rcpt_to),
                             .utf8 = !is_ascii(call->mail_from) || !is_ascii(call->rcpt_to),
                             .message_len = call->message_len,
                             .wire = wire,
                             .done = done,
                             .ctx = ctx };
    s->in_flight++;
    queue_tail(m->host, m);
    timer_start(&m->deadline, c->loop, call->timeout_ms ? call->timeout_ms : DEFAULT_TIMEOUT_MS,
                deadline_passed, m);
    kick(m->host);
    if (id != NULL)
        *id = m->id;
    return LOA_OK;
}

/* ---- cancel, end ---- */

static struct smtp_mail *find_mail(struct smtp_host *h, uint64_t id)
{
    for (struct smtp_mail *m = h->first; m != NULL; m = m->next)
        if (m->id == id)
            return m;
    for (unsigned i = 0; i < h->links; i++) {
        struct smtp_mail *m = smtp_link_mail(h->link[i]);
        if (m != NULL && m->id == id)
            return m;
    }
    return NULL;
}

void smtp_client_cancel(struct smtp_client *s, uint64_t id)
{
    struct smtp_mail *m = NULL;

    for (struct smtp_host *h = s->hosts; h != NULL && m == NULL; h = h->next)
        m = find_mail(h, id);
    if (m != NULL)
        timer_start(&m->deadline, s->http->loop, 0, cancelled, m);
}

static void host_free(struct smtp_host *h)
{
    while (h->first != NULL)
        cancelled(h->first);
    while (h->links > 0) {
        struct smtp_mail *m = smtp_link_mail(h->link[0]);
        if (m != NULL)
            cancelled(m); /* closes its link */
        else
            smtp_host_link_lost(h, h->link[0]);
    }
    timer_stop(&h->kick);
    free(h->settings.url);
    free(h->settings.user);
    free(h->settings.password);
    free(h->settings.ca_file);
    free(h);
}

void smtp_client_free(struct smtp_client *s)
{
    if (s == NULL)
        return;
    for (struct smtp_host *h = s->hosts, *next; h != NULL; h = next) {
        next = h->next;
        host_free(h);
    }
    free(s);
}

unsigned smtp_client_in_flight(const struct smtp_client *s)
{
    return s->in_flight;
}
