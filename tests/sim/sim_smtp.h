/*
 * sim_smtp - the mail server: takes every mail, shows it, and bounces what cannot be delivered.
 *
 * A recipient must be a real address; a mailbox that does not exist or is full takes the mail and bounces it
 * later, as a local mail server would. The reference of a mail is its Message-ID. Sees libuv, nobody else
 * does.
 */
#ifndef SIM_SMTP_H
#define SIM_SMTP_H

#include "sim.h"

/* LOA_INVALID for a bad address, LOA_IO when it cannot listen; `why` says more. */
enum loa_status sim_smtp_start(struct sim *s, const char *listen, char *why, size_t why_size);
int sim_smtp_port(const struct sim_smtp *m);
/* Closes everything; runs `done` from the loop when it is gone. */
void sim_smtp_stop(struct sim_smtp *m, loop_fn *done, void *ctx);

#endif
