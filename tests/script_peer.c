/* The scripted TCP server of peers.h: one thread that accepts, one per connection. */
#include "peers.h"
#include "check.h"
#include "loa/mem.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define HEARD_MAX_BYTES (16 * 1024 * 1024)

struct talk {
    struct script_peer *peer;
    pthread_t thread;
    int fd;
    const char *const *script;
    struct buf heard;
    size_t used; /* bytes of `heard` that steps have consumed */
};

struct script_peer {
    int listener, port;
    const char *const *const *conversations;
    pthread_t acceptor;
    pthread_mutex_t lock; /* guards count and every talk's heard */
    unsigned count;
    struct talk talk[CONNECTIONS_MAX];
};

static bool hear_more(struct talk *t)
{
    char chunk[16384];
    ssize_t n = recv(t->fd, chunk, sizeof chunk, 0);

    if (n <= 0)
        return false;
    pthread_mutex_lock(&t->peer->lock);
    buf_add(&t->heard, chunk, (size_t)n);
    pthread_mutex_unlock(&t->peer->lock);
    return true;
}

static bool read_until(struct talk *t, const char *text)
{
    for (;;) {
        size_t left = t->heard.len - t->used;
        char *hit = left > 0 ? memmem(t->heard.data + t->used, left, text, strlen(text)) : NULL;
        if (hit != NULL) {
            t->used = (size_t)(hit - t->heard.data) + strlen(text);
            return true;
        }
        if (!hear_more(t))
            return false;
    }
}

static bool say(struct talk *t, const char *text)
{
    for (size_t len = strlen(text); len > 0;) {
        ssize_t n = send(t->fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static void *follow_script(void *arg)
{
    struct talk *t = arg;
    bool alive = true;

    for (size_t i = 0; alive && t->script[i] != NULL; i++) {
        const char *step = t->script[i];
        switch (step[0]) {
        case '<':
            alive = read_until(t, step + 1);
            break;
        case '>':
            alive = say(t, step + 1);
            break;
        case '~':
            while (hear_more(t))
                ;
            break;
        case '@':
            i = strtoul(step + 1, NULL, 10) - 1;
            break;
        }
    }
    shutdown(t->fd, SHUT_RDWR);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct script_peer *p = arg;
    const char *const *const *script = p->conversations;

    for (int fd; p->count < CONNECTIONS_MAX && (fd = accept(p->listener, NULL, NULL)) >= 0;) {
        struct talk *t = &p->talk[p->count];
        *t = (struct talk){ .peer = p, .fd = fd, .script = *script };
        buf_init(&t->heard, HEARD_MAX_BYTES);
        if (script[1] != NULL)
            script++;
        pthread_mutex_lock(&p->lock);
        p->count++;
        pthread_mutex_unlock(&p->lock);
        pthread_create(&t->thread, NULL, follow_script, t);
    }
    return NULL;
}

struct script_peer *script_peer_start(const char *const *const conversations[])
{
    struct script_peer *p = mem_alloc(sizeof *p);

    p->conversations = conversations;
    p->listener = listen_on_loopback(&p->port);
    pthread_mutex_init(&p->lock, NULL);
    pthread_create(&p->acceptor, NULL, accept_all, p);
    return p;
}

int script_peer_port(const struct script_peer *p)
{
    return p->port;
}

unsigned script_peer_connections(struct script_peer *p)
{
    pthread_mutex_lock(&p->lock);
    unsigned n = p->count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void script_peer_heard(struct script_peer *p, struct buf *out)
{
    pthread_mutex_lock(&p->lock);
    for (unsigned i = 0; i < p->count; i++)
        buf_add(out, p->talk[i].heard.data, p->talk[i].heard.len);
    pthread_mutex_unlock(&p->lock);
}

void script_peer_stop(struct script_peer *p)
{
    shutdown(p->listener, SHUT_RDWR); /* wakes accept() */
    pthread_join(p->acceptor, NULL);
    close(p->listener);
    for (unsigned i = 0; i < p->count; i++) {
        shutdown(p->talk[i].fd, SHUT_RDWR);
        pthread_join(p->talk[i].thread, NULL);
        close(p->talk[i].fd);
        buf_clear(&p->talk[i].heard);
    }
    pthread_mutex_destroy(&p->lock);
    free(p);
}
