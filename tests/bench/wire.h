/*
 * wire - raw HTTP/1.1 over loopback for the tools of the benchmark: keep-alive, no pipelining, bodies with
 * Content-Length.
 *
 * Made to cost little beside what is measured. Messages are small, so a write waits for the socket in place.
 */
#ifndef LOA_BENCH_WIRE_H
#define LOA_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_IN_MAX 16384

struct wire {
    int fd; /* -1 closed */
    size_t len;
    char in[WIRE_IN_MAX];
};

struct wire_message { /* lies inside the wire's buffer until the next read */
    const char *head, *body;
    size_t head_len, body_len;
};

int wire_listen(int *port); /* 127.0.0.1, a free port */
bool wire_connect(struct wire *w, int port);
void wire_close(struct wire *w);
/* Reads what is there; false when the other side has closed. */
bool wire_read(struct wire *w);
/* The next complete message, or false. wire_done() when it has been dealt with. */
bool wire_next(struct wire *w, struct wire_message *m);
void wire_done(struct wire *w, const struct wire_message *m);
bool wire_write(struct wire *w, const void *data, size_t len);
int wire_status(const struct wire_message *m);
/* The string value of a member of flat JSON as our peers print it, "" when absent. */
void wire_member(const struct wire_message *m, const char *name, char *out, size_t size);

int64_t wire_now_us(void); /* monotonic: the same for every process of this machine */
int64_t wire_wall_ms(void);

#endif
