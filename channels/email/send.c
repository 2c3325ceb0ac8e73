#include "email_inside.h"
#include "loa/clock.h"
#include "loa/email_classify.h"
#include "loa/email_verp.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <string.h>

/* A send that was accepted by email_send_start(). It outlives the driver when that closes first: then `email`
 * is NULL, and the late completion only frees it. */
struct email_send {
    struct email *email;
    uint64_t smtp_id; /* 0: refused by ourselves, completes by `later` */
    struct timer later;
    struct outcome verdict; /* of our own refusal */
    send_done_fn *done;
    void *ctx;
    struct email_send *prev, *next;
};

static void leave_list(struct email *e, struct email_send *x)
{
    if (x->prev != NULL)
        x->prev->next = x->next;
    else
        e->sends = x->next;
    if (x->next != NULL)
        x->next->prev = x->prev;
    e->in_flight--;
}

static struct email_send *enter_list(struct email *e, send_done_fn *done, void *ctx)
{
    struct email_send *x = mem_alloc(sizeof *x);

    x->email = e;
    x->done = done;
    x->ctx = ctx;
    x->next = e->sends;
    if (x->next != NULL)
        x->next->prev = x;
    e->sends = x;
    e->in_flight++;
    return x;
}

/* ---- completions ---- */

static void answered(void *ctx, const struct smtp_answer *a)
{
    struct email_send *x = ctx;
    struct email *e = x->email;
    struct outcome o;

    if (e != NULL) {
        if (!email_classify_answer(e->codes, a, &o))
            email_unmapped(e, &o);
        leave_list(e, x);
        x->done(x->ctx, &o);
    }
    free(x);
}

static void refused_by_us(void *ctx)
{
    struct email_send *x = ctx;

    leave_list(x->email, x);
    x->done(x->ctx, &x->verdict);
    free(x);
}

static enum loa_status refuse(struct email *e, const char *code, send_done_fn *done, void *ctx)
{
    struct email_send *x = enter_list(e, done, ctx);

    outcome_from_table(e->codes, "local", code, &x->verdict);
    timer_start(&x->later, e->env.loop, 0, refused_by_us, x);
    return LOA_OK;
}

static void abandon(struct email *e, struct email_send *x)
{
    leave_list(e, x);
    x->email = NULL;
    if (x->smtp_id == 0) {
        timer_stop(&x->later);
        x->done(x->ctx, &x->verdict);
        loop_free_later(e->env.loop, x, free);
    } else {
        struct outcome o;
        outcome_from_table(e->codes, "smtp", "no_reply", &o);
        x->done(x->ctx, &o);
        http_client_cancel(e->env.http, x->smtp_id); /* its completion frees x */
    }
}

void email_send_abandon_all(struct email *e)
{
    while (e->sends != NULL)
        abandon(e, e->sends);
}

/* ---- the start ---- */

static enum loa_status start_smtp(struct email *e, const char *mail_from, const char *rcpt_to,
                                  const struct buf *message, send_done_fn *done, void *ctx)
{
    const struct smtp_call call = { .url = e->smtp_url,
                                    .require_tls = e->require_tls,
                                    .ca_file = e->ca_file,
                                    .user = e->user,
                                    .password = e->password,
                                    .mail_from = mail_from,
                                    .rcpt_to = rcpt_to,
                                    .message = message->data,
                                    .message_len = message->len,
                                    .timeout_ms = e->timeout_ms,
                                    .max_connections = e->max_connections };
    struct email_send *x = enter_list(e, done, ctx);
    enum loa_status st = smtp_client_send(e->env.http, &call, answered, x, &x->smtp_id);

    if (st != LOA_OK) {
        leave_list(e, x);
        free(x);
    }
    return st;
}

enum loa_status email_send_start(struct email *e, const struct send *s, send_done_fn *done, void *ctx)
{
    struct mail_address to = mail_address_parse(s->address, strlen(s->address));
    char mail_from[EMAIL_VERP_MAX];
    struct buf message = BUF_INIT(EMAIL_MESSAGE_MAX_BYTES);

    if (e->in_flight >= e->in_flight_max)
        return LOA_BUSY;
    if (to.why != NULL)
        return refuse(e, "bad_address", done, ctx);

    const struct email_message m = { .from = &e->from,
                                     .reply_to = e->reply_to,
                                     .to = to.address,
                                     .text = s->text,
                                     .ref = s->ref,
                                     .date_ms = clock_wall_ms() };
    enum loa_status st = email_verp_make(e->env.crypto, s->ref, e->bounce_domain, mail_from);
    if (st == LOA_OK)
        st = email_message_build(&m, &message);
    if (st == LOA_OK)
        st = start_smtp(e, mail_from, to.address, &message, done, ctx);
    buf_clear(&message);
    return st == LOA_INVALID || st == LOA_TOO_BIG ? refuse(e, "bad_message", done, ctx) : st;
}
