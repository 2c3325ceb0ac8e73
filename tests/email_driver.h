/*
 * email_driver - the e-mail channel opened for a test, with keys and settings of its own.
 */
#ifndef TESTS_EMAIL_DRIVER_H
#define TESTS_EMAIL_DRIVER_H

#include "loa/channel.h"

#define DRIVER_TOKEN "0123456789abcdef0123"

struct email_driver {
    struct loop *loop;
    struct http_client *http;
    struct crypto *crypto;
    struct config *config;
    void *state;
    struct text text; /* "Hồ sơ" and a short body */
    unsigned alerts;
    char alert_code[64];
};

void email_driver_open(struct email_driver *d, int smtp_port);
void email_driver_close(struct email_driver *d);

struct sent {
    bool done;
    unsigned times;
    struct outcome outcome;
};
enum loa_status email_driver_start(struct email_driver *d, const char *ref, const char *address,
                                   struct sent *out);
/* Sends one and waits for its outcome. */
struct outcome email_driver_send(struct email_driver *d, const char *ref, const char *address);
/* Gives a raw mail to parse(); the caller clears the events. */
struct channel_events email_driver_parse(struct email_driver *d, const char *raw, size_t len);

#endif
