/*
 * hashing - passwords are checked and made on worker threads: two at once, the others wait in line.
 *
 * Who wants to log in or change a password first takes one of the HASHING_PLACES, so that the line has an
 * end.
 */
#ifndef STAFF_HASHING_H
#define STAFF_HASHING_H

#include "loa/crypto.h"
#include "loa/loop.h"
#include "loa/staff_rules.h"

#define HASHING_PLACES 18

struct password_job {
    char password[PASSWORD_MAX_BYTES + 1],
        hash[CRYPTO_PASSWORD_HASH];     /* what was typed; "": no such account */
    char fresh[PASSWORD_MAX_BYTES + 1]; /* the new password; "": only check */
    char login[STAFF_LOGIN_SIZE];
    const char *common_path; /* file of the commonest passwords */
    bool right;              /* results: `password` is that of `hash` */
    const char *fault;       /* of `fresh` */
    char fresh_hash[CRYPTO_PASSWORD_HASH];
    struct hashing *in;
    struct password_job *next;
    loop_fn *done;
    void *ctx;
};

struct hashing {
    struct loop *loop;
    unsigned taken, running;
    struct password_job *first, *last;
};

bool hashing_enter(struct hashing *h); /* false: no place is free */
void hashing_leave(struct hashing *h);
/* Inside a place. `job` lies in memory of the caller until `done`. */
void hashing_run(struct hashing *h, struct password_job *job, loop_fn *done, void *ctx);
void password_job_wipe(struct password_job *job);

#endif
