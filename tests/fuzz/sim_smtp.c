/*
 * Any bytes at the simulator's mail server: the conversation must survive them, and a mail that comes out
 * must be readable or refused. The first byte says in which pieces the rest arrives.
 */
#include "../sim/sim_smtp_session.h"
#include "../sim/sim_mail.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sim_smtp_session *session;

static const char *no_refusal(void *ctx, enum sim_smtp_stage stage, const char *address)
{
    (void)ctx, (void)stage, (void)address;
    return NULL;
}

static void on_mail(void *ctx, const struct sim_smtp_mail *m)
{
    struct sim_mail mail;

    (void)ctx;
    sim_mail_read(m->data, m->len, &mail);
    sim_smtp_session_reply(session, mail.fault != NULL ? mail.fault : "250 2.0.0 Ok");
    sim_mail_clear(&mail);
}

static void on_send(void *ctx, const char *bytes, size_t len)
{
    (void)ctx, (void)bytes, (void)len;
}

static void on_close(void *ctx)
{
    (void)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sim_smtp_ops ops = { no_refusal, on_mail, on_send, on_close };
    size_t piece = size > 0 ? (size_t)data[0] + 1 : 1;

    session = sim_smtp_session_new(&ops, NULL);
    for (size_t at = 1; at < size; at += piece)
        sim_smtp_session_feed(session, (const char *)data + at, at + piece < size ? piece : size - at);
    sim_smtp_session_free(session);
    return 0;
}
