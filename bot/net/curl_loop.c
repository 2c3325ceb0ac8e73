#include "curl_loop.h"
#include "loa/mem.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#define EASY_POOL_MAX        256
#define WATCH_BUCKETS        64
#define IDLE_CONNECTIONS_MAX 256L
#define IDLE_SECONDS_MAX     50L /* many servers hang up after 60 */

/* One per descriptor number, kept until the end: stopped, it costs nothing, and the next request on the same
 * connection starts it again. */
struct watch {
    uv_poll_t poll;
    struct curl_loop *owner;
    curl_socket_t fd;
    int events;     /* UV_READABLE | UV_WRITABLE now polled; 0: stopped */
    loop_fn *ready; /* NULL: libcurl's */
    void *ready_ctx;
    struct watch *next; /* in its bucket */
};

struct curl_loop {
    struct loop *loop;
    CURLM *multi;
    struct timer timer;
    struct watch *watches[WATCH_BUCKETS];
    CURL *pool[EASY_POOL_MAX];
    unsigned pooled;
    bool driving, closing;
};

static void destroy(struct curl_loop *c);

/* ---- what libcurl has finished ---- */

static void complete_jobs(struct curl_loop *c)
{
    int left;
    CURLMsg *m;

    while (!c->closing && (m = curl_multi_info_read(c->multi, &left)) != NULL) {
        if (m->msg != CURLMSG_DONE)
            continue;
        struct curl_job *job = NULL;
        CURLcode rc = m->data.result; /* m dies with the removal of its handle */
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&job);
        job->done(job->ctx, rc);
    }
}

static void drive(struct curl_loop *c, curl_socket_t fd, int events)
{
    int running;

    c->driving = true;
    curl_multi_socket_action(c->multi, fd, events, &running);
    complete_jobs(c);
    c->driving = false;
    if (c->closing)
        destroy(c);
}

static void time_came(void *ctx)
{
    drive(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static int want_timer(CURLM *multi, long after_ms, void *ctx)
{
    struct curl_loop *c = ctx;

    (void)multi;
    if (after_ms < 0)
        timer_stop(&c->timer);
    else
        timer_start(&c->timer, c->loop, after_ms, time_came, c);
    return 0;
}

/* ---- sockets ---- */

static void socket_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;

    if (w->ready != NULL) {
        w->ready(w->ready_ctx);
    } else {
        int flags =
            (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
        drive(w->owner, w->fd, status < 0 ? CURL_CSELECT_ERR : flags);
    }
}

static void watch_set(struct watch *w, int events)
{
    if (events == w->events)
        return;
    w->events = events;
    if (events == 0)
        uv_poll_stop(&w->poll);
    else
        uv_poll_start(&w->poll, events, socket_ready);
}

static struct watch **watch_bucket(struct curl_loop *c, curl_socket_t fd)
{
    return &c->watches[(unsigned)fd % WATCH_BUCKETS];
}

static struct watch *watch_find(struct curl_loop *c, curl_socket_t fd)
{
    struct watch *w = *watch_bucket(c, fd);
    while (w != NULL && w->fd != fd)
        w = w->next;
    return w;
}

static struct watch *watch_get(struct curl_loop *c, curl_socket_t fd)
{
    struct watch *w = watch_find(c, fd);

    if (w != NULL)
        return w;
    w = mem_alloc(sizeof *w);
    if (uv_poll_init(loop_native(c->loop), &w->poll, fd) != 0) {
        free(w);
        return NULL;
    }
    w->poll.data = w;
    w->owner = c;
    w->fd = fd;
    w->next = *watch_bucket(c, fd);
    *watch_bucket(c, fd) = w;
    return w;
}

static void watch_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void watches_close(struct curl_loop *c)
{
    for (unsigned i = 0; i < WATCH_BUCKETS; i++) {
        for (struct watch *w = c->watches[i], *next; w != NULL; w = next) {
            next = w->next;
            uv_close((uv_handle_t *)&w->poll, watch_closed);
        }
    }
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *unused)
{
    struct watch *w = what == CURL_POLL_REMOVE ? watch_find(ctx, fd) : watch_get(ctx, fd);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);

    (void)easy, (void)unused;
    if (w != NULL)
        watch_set(w, what == CURL_POLL_REMOVE ? 0 : events);
    return w != NULL || what == CURL_POLL_REMOVE ? 0 : -1;
}

/* libcurl 7.88 closes a socket that is still connecting without a word to anybody. The next one, for the next
 * address of the host, then gets the same number, and neither libcurl nor libuv sees that it is another. */
static void watch_renew(struct curl_loop *c, curl_socket_t fd)
{
    struct watch *w = watch_find(c, fd);
    int events = w != NULL ? w->events : 0;

    if (events != 0) {
        watch_set(w, 0);
        watch_set(w, events);
    }
}

static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);

    (void)purpose;
    if (fd < 0)
        return CURL_SOCKET_BAD;
    watch_renew(ctx, fd);
    return fd;
}

void curl_loop_watch(struct curl_loop *c, curl_socket_t fd, bool writing, loop_fn *ready, void *ctx)
{
    struct watch *w = watch_get(c, fd);

    if (w == NULL)
        return; /* closed meanwhile */
    w->ready = ready;
    w->ready_ctx = ctx;
    watch_set(w, UV_READABLE | (writing ? UV_WRITABLE : 0));
}

void curl_loop_unwatch(struct curl_loop *c, curl_socket_t fd)
{
    struct watch *w = watch_find(c, fd);

    if (w != NULL) {
        watch_set(w, 0);
        w->ready = NULL;
    }
}

/* ---- easy handles ---- */

static void set_common(struct curl_loop *c, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
    /* Without it a call that ends while its host name is still being looked up waits for that thread. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
}

CURL *curl_loop_take_easy(struct curl_loop *c)
{
    CURL *easy = c->pooled > 0 ? c->pool[--c->pooled] : curl_easy_init();

    if (easy == NULL)
        abort(); /* out of memory */
    set_common(c, easy);
    return easy;
}

void curl_loop_give_easy(struct curl_loop *c, CURL *easy)
{
    if (c->pooled == EASY_POOL_MAX) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    c->pool[c->pooled++] = easy;
}

void curl_loop_add(struct curl_loop *c, struct curl_job *job)
{
    curl_easy_setopt(job->easy, CURLOPT_PRIVATE, job);
    curl_multi_add_handle(c->multi, job->easy);
}

void curl_loop_remove(struct curl_loop *c, struct curl_job *job)
{
    curl_multi_remove_handle(c->multi, job->easy);
}

/* ---- life ---- */

static void library_init(void)
{
    static bool done;
    if (!done && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort(); /* no memory, or a TLS library that does not start */
    done = true;
}

struct curl_loop *curl_loop_new(struct loop *l, long max_host_connections)
{
    struct curl_loop *c = mem_alloc(sizeof *c);

    library_init();
    c->loop = l;
    c->multi = curl_multi_init();
    if (c->multi == NULL)
        abort();
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, want_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, max_host_connections);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX);
    return c;
}

static void destroy(struct curl_loop *c)
{
    curl_multi_cleanup(c->multi); /* closes the idle connections */
    watches_close(c);
    while (c->pooled > 0)
        curl_easy_cleanup(c->pool[--c->pooled]);
    timer_stop(&c->timer);
    free(c);
}

void curl_loop_free(struct curl_loop *c)
{
    if (c == NULL)
        return;
    c->closing = true;
    if (!c->driving)
        destroy(c); /* otherwise drive() does it on its way out */
}
