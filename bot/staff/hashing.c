#include "hashing.h"
#include <assert.h>
#include <stdio.h>

#define AT_ONCE          2
#define COMMON_MAX_BYTES 65536

bool hashing_enter(struct hashing *h)
{
    if (h->taken == HASHING_PLACES)
        return false;
    h->taken++;
    return true;
}

void hashing_leave(struct hashing *h)
{
    assert(h->taken > 0);
    h->taken--;
}

void password_job_wipe(struct password_job *job)
{
    crypto_wipe(job->password, sizeof job->password);
    crypto_wipe(job->fresh, sizeof job->fresh);
}

/* ---- in the thread ---- */

static void make_fresh(struct password_job *job)
{
    struct buf common = BUF_INIT(COMMON_MAX_BYTES);
    buf_read_file(&common, job->common_path); /* without the file the other rules still hold */
    job->fault = password_fault(job->fresh, job->login, buf_cstr(&common));
    buf_clear(&common);
    if (job->fault == NULL && !crypto_password_hash(job->fresh, job->fresh_hash))
        job->fault = "Máy chủ đang thiếu bộ nhớ. Vui lòng thử lại sau ít phút.";
}

static void work(void *ctx)
{
    struct password_job *job = ctx;
    job->right = crypto_password_check(job->hash, job->password);
    if (job->right && job->fresh[0] != '\0')
        make_fresh(job);
}

/* ---- on the loop ---- */

static void worked(void *ctx);

static void start_next(struct hashing *h)
{
    while (h->running < AT_ONCE && h->first != NULL) {
        struct password_job *job = h->first;
        h->first = job->next;
        h->running++;
        if (loop_work(h->loop, work, worked, job) != LOA_OK)
            loop_defer(h->loop, worked, job); /* no thread: nobody was right */
    }
}

static void worked(void *ctx)
{
    struct password_job *job = ctx;
    struct hashing *h = job->in;
    h->running--;
    start_next(h);
    password_job_wipe(job);
    job->done(job->ctx);
}

void hashing_run(struct hashing *h, struct password_job *job, loop_fn *done, void *ctx)
{
    job->in = h;
    job->next = NULL;
    job->done = done;
    job->ctx = ctx;
    if (h->first == NULL)
        h->first = job;
    else
        h->last->next = job;
    h->last = job;
    start_next(h);
}
