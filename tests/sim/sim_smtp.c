#include "sim_smtp.h"
#include "sim_delivery.h"
#include "sim_exchange.h"
#include "sim_mail.h"
#include "sim_smtp_session.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define CONNECTIONS_MAX 500
#define IDLE_MS         300000
#define SILENCE_MS      120000

struct sim_smtp {
    struct sim *sim;
    uv_tcp_t listener;
    struct peer *peers;
    unsigned open; /* peers, and the listener itself */
    int port;
    bool closing;
    loop_fn *closed;
    void *closed_ctx;
};

struct peer { /* one connection */
    struct sim_smtp *server;
    struct peer *next, **at;
    uv_tcp_t tcp;
    struct sim_smtp_session *session;
    struct timer idle, late;
    struct sim_fault fault; /* what goes wrong with the mail of this moment; kind NONE: nothing */
    char refusal[64], answer[80];
    unsigned writing;
    bool hang_up, drop;
    char chunk[16 * 1024];
};

/* ---- going ---- */

static void part(struct sim_smtp *m)
{
    if (--m->open == 0 && m->closed != NULL)
        m->closed(m->closed_ctx);
}

static void peer_gone(uv_handle_t *h)
{
    struct peer *p = h->data;
    struct sim_smtp *m = p->server;

    sim_smtp_session_free(p->session);
    free(p);
    part(m);
}

static void peer_close(struct peer *p)
{
    if (uv_is_closing((uv_handle_t *)&p->tcp))
        return;
    timer_stop(&p->idle);
    timer_stop(&p->late);
    *p->at = p->next;
    if (p->next != NULL)
        p->next->at = p->at;
    uv_close((uv_handle_t *)&p->tcp, peer_gone);
}

static void too_long(void *ctx)
{
    peer_close(ctx);
}

/* ---- bytes ---- */

struct line_out {
    uv_write_t req;
    struct peer *peer;
    char bytes[];
};

static void written(uv_write_t *req, int status)
{
    struct line_out *l = req->data;
    struct peer *p = l->peer;

    free(l);
    p->writing--;
    if (status != 0 || (p->hang_up && p->writing == 0))
        peer_close(p);
}

static void send_bytes(void *ctx, const char *bytes, size_t len)
{
    struct peer *p = ctx;
    struct line_out *l = mem_alloc(sizeof *l + len);
    uv_buf_t b = uv_buf_init(l->bytes, (unsigned)len);

    l->peer = p;
    l->req.data = l;
    memcpy(l->bytes, bytes, len);
    if (uv_is_closing((uv_handle_t *)&p->tcp) ||
        uv_write(&l->req, (uv_stream_t *)&p->tcp, &b, 1, written) != 0)
        free(l);
    else
        p->writing++;
}

static void hang_up(void *ctx)
{
    struct peer *p = ctx;

    p->hang_up = true;
    if (p->writing == 0)
        peer_close(p);
}

/* ---- the conversation ---- */

static const char *refuse(struct peer *p, const char *line)
{
    snprintf(p->refusal, sizeof p->refusal, "%s", line);
    sim_count_refusal(p->server->sim, SIM_SMTP, line);
    p->server->sim->changes++;
    return p->refusal;
}

static bool is_stage(const struct sim_fault *f, enum sim_smtp_stage stage)
{
    static const char *const words[] = { "mail", "rcpt", "data", "end" };
    return strcmp(f->stage, words[stage]) == 0;
}

/* One throw of the dice per mail, when it begins; the fault then strikes at its own moment. */
static const char *on_stage(void *ctx, enum sim_smtp_stage stage, const char *address)
{
    struct peer *p = ctx;
    struct sim *s = p->server->sim;

    (void)address;
    if (stage == SIM_SMTP_AT_MAIL) {
        sim_count_request(s, SIM_SMTP);
        const struct sim_fault *f = sim_faults_request(&s->faults, SIM_SMTP);
        p->fault = f != NULL ? *f : (struct sim_fault){ 0 };
    }
    if (p->fault.kind == SIM_FAULT_ERROR && is_stage(&p->fault, stage))
        return refuse(p, p->fault.code);
    if (p->fault.kind == SIM_FAULT_THROTTLE && stage == SIM_SMTP_AT_MAIL)
        return refuse(p, "451 4.7.1 Too many messages, try again later");
    if (p->fault.kind == SIM_FAULT_HTTP500 && stage == SIM_SMTP_AT_END)
        return refuse(p, "451 4.3.0 Error: queue file write error");
    return NULL;
}

/* Keeps one copy of the mail for one recipient. */
static uint32_t keep(struct sim *s, const struct sim_mail *mail, const struct sim_smtp_mail *raw,
                     const char *recipient)
{
    uint32_t person = sim_people_by_email(&s->people, recipient);
    enum sim_mailbox box = sim_people_get(&s->people, person)->mailbox;
    struct buf detail = BUF_INIT(8192);
    cJSON *o = cJSON_CreateObject();

    cJSON_AddStringToObject(o, "from", mail->from);
    cJSON_AddStringToObject(o, "to", recipient);
    if (mail->unsubscribe != NULL && mail->one_click)
        cJSON_AddStringToObject(o, "unsubscribe", mail->unsubscribe);
    json_print(o, &detail);
    cJSON_Delete(o);
    uint32_t message =
        sim_delivery_take(s,
                          &(struct sim_taken){ .way = SIM_SMTP,
                                               .person = person,
                                               .address = recipient,
                                               .ref = mail->message_id,
                                               .title = mail->subject,
                                               .text = mail->text,
                                               .html = mail->html,
                                               .detail = buf_cstr(&detail),
                                               .mail_from = raw->mail_from,
                                               .mail_headers = mail->headers,
                                               .bounce_status = box == SIM_MAILBOX_FULL ? "5.2.2" : NULL,
                                               .lost = box != SIM_MAILBOX_OK },
                          NULL);
    buf_clear(&detail);
    return message;
}

static void answer_now(void *ctx)
{
    struct peer *p = ctx;
    sim_smtp_session_reply(p->session, p->answer);
}

static void answer(struct peer *p)
{
    struct sim *s = p->server->sim;

    switch (p->fault.kind) {
    case SIM_FAULT_SLOW:
        timer_start(&p->late, s->loop, p->fault.ms, answer_now, p);
        break;
    case SIM_FAULT_SILENT:
        s->counts[SIM_SMTP].unanswered++;
        timer_start(&p->late, s->loop, SILENCE_MS, too_long, p);
        break;
    case SIM_FAULT_DROP_AFTER:
        s->counts[SIM_SMTP].unanswered++;
        peer_close(p);
        break;
    default:
        answer_now(p);
    }
}

static void on_mail(void *ctx, const struct sim_smtp_mail *raw)
{
    struct peer *p = ctx;
    struct sim *s = p->server->sim;
    struct sim_mail mail;
    char id[SIM_ID_MAX] = "";

    if (p->fault.kind == SIM_FAULT_DROP) {
        s->counts[SIM_SMTP].unanswered++;
        peer_close(p);
        return;
    }
    sim_mail_read(raw->data, raw->len, &mail);
    if (mail.fault != NULL) {
        sim_smtp_session_reply(p->session, refuse(p, mail.fault));
        sim_mail_clear(&mail);
        return;
    }
    for (unsigned i = 0; i < raw->rcpts; i++)
        sim_message_id(&s->ledger, keep(s, &mail, raw, raw->rcpt[i]), SIM_SMTP, id);
    sim_mail_clear(&mail);
    s->counts[SIM_SMTP].accepted++;
    s->changes++;
    snprintf(p->answer, sizeof p->answer, "250 2.0.0 Ok: queued as %s", id);
    answer(p);
}

static const struct sim_smtp_ops ops = { on_stage, on_mail, send_bytes, hang_up };

/* ---- connections ---- */

static void give_room(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
    struct peer *p = h->data;

    (void)suggested;
    *b = uv_buf_init(p->chunk, sizeof p->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
    struct peer *p = stream->data;

    if (n < 0) {
        peer_close(p);
        return;
    }
    timer_start(&p->idle, p->server->sim->loop, IDLE_MS, too_long, p);
    sim_smtp_session_feed(p->session, b->base, (size_t)n);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct sim_smtp *m = listener->data;
    struct peer *p;

    if (status != 0)
        return;
    p = mem_alloc(sizeof *p);
    p->server = m;
    p->tcp.data = p;
    uv_tcp_init(listener->loop, &p->tcp);
    p->next = m->peers;
    p->at = &m->peers;
    if (p->next != NULL)
        p->next->at = &p->next;
    m->peers = p;
    m->open++;
    if (uv_accept(listener, (uv_stream_t *)&p->tcp) != 0 || m->open > CONNECTIONS_MAX || m->closing) {
        peer_close(p);
        return;
    }
    uv_tcp_nodelay(&p->tcp, 1);
    p->session = sim_smtp_session_new(&ops, p);
    timer_start(&p->idle, m->sim->loop, IDLE_MS, too_long, p);
    uv_read_start((uv_stream_t *)&p->tcp, give_room, on_read);
}

/* ---- start and stop ---- */

/* "127.0.0.1:9025" or "[::1]:9025" into an address. */
static bool read_address(const char *listen, struct sockaddr_storage *out)
{
    char host[64];
    const char *colon = strrchr(listen, ':');
    size_t n = colon != NULL ? (size_t)(colon - listen) : 0;

    if (colon == NULL || n >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)n, listen);
    int port = (int)strtol(colon + 1, NULL, 10);
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        return uv_ip6_addr(host + 1, port, (struct sockaddr_in6 *)(void *)out) == 0;
    }
    return uv_ip4_addr(host, port, (struct sockaddr_in *)(void *)out) == 0;
}

static int bound_port(const uv_tcp_t *tcp)
{
    struct sockaddr_storage a;
    int size = sizeof a;

    if (uv_tcp_getsockname(tcp, (struct sockaddr *)&a, &size) != 0)
        return 0;
    return a.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)(void *)&a)->sin6_port)
                                   : ntohs(((struct sockaddr_in *)(void *)&a)->sin_port);
}

static void listener_gone(uv_handle_t *h)
{
    part(h->data);
}

enum loa_status sim_smtp_start(struct sim *s, const char *listen, char *why, size_t why_size)
{
    struct sockaddr_storage a;

    if (!read_address(listen, &a)) {
        snprintf(why, why_size, "%s: not ADDRESS:PORT", listen);
        return LOA_INVALID;
    }
    struct sim_smtp *m = s->smtp = mem_alloc(sizeof *m);
    m->sim = s;
    m->open = 1;
    uv_tcp_init(loop_native(s->loop), &m->listener);
    m->listener.data = m;
    int rc = uv_tcp_bind(&m->listener, (struct sockaddr *)&a, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&m->listener, 128, on_connection);
    if (rc != 0) {
        snprintf(why, why_size, "%s: %s", listen, uv_strerror(rc));
        return LOA_IO;
    }
    m->port = bound_port(&m->listener);
    return LOA_OK;
}

int sim_smtp_port(const struct sim_smtp *m)
{
    return m->port;
}

void sim_smtp_stop(struct sim_smtp *m, loop_fn *done, void *ctx)
{
    m->closing = true;
    m->closed = done;
    m->closed_ctx = ctx;
    while (m->peers != NULL)
        peer_close(m->peers);
    uv_close((uv_handle_t *)&m->listener, listener_gone);
}
