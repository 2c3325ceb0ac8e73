#include "email_driver.h"
#include "check.h"
#include <stdio.h>
#include <string.h>

static void note_alert(void *ctx, const char *code, const char *sentence_vi)
{
    struct email_driver *d = ctx;

    d->alerts++;
    snprintf(d->alert_code, sizeof d->alert_code, "%s", code);
    check_true("an alert has a sentence", sentence_vi[0] != '\0');
}

static struct config *settings_for(int smtp_port)
{
    struct config *cf = NULL;
    char text[512];
    int n = snprintf(text, sizeof text,
                     "[email]\n"
                     "smtp_url = smtp://127.0.0.1:%d/loa.test\n"
                     "from = \"Trung tâm Phục vụ hành chính công <no-reply@haiphong.gov.vn>\"\n"
                     "bounce_domain = bounce.test\n"
                     "webhook_token = " DRIVER_TOKEN "\n"
                     "max_connections = 3\n"
                     "in_flight = 500\n"
                     "timeout_ms = 15000\n",
                     smtp_port);

    check_int("settings", config_parse("test.conf", text, (size_t)n, NULL, &cf), LOA_OK);
    return cf;
}

void email_driver_open(struct email_driver *d, int smtp_port)
{
    char key[300];

    *d = (struct email_driver){ .loop = loop_new() };
    d->http = http_client_new(d->loop);
    d->config = settings_for(smtp_port);
    snprintf(key, sizeof key, "%s/master.key", check_tmpdir());
    check_int("key", crypto_open(key, &d->crypto), LOA_OK);
    text_message_init(&d->text);
    buf_str(&d->text.subject, "Hồ sơ");
    buf_str(&d->text.body, "Hồ sơ đã được tiếp nhận.\n.\n..\nHẹn gặp lại.\n");

    const struct channel_env env = { .loop = d->loop,
                                     .http = d->http,
                                     .config = d->config,
                                     .crypto = d->crypto,
                                     .data_dir = check_path("channels"),
                                     .alert = note_alert,
                                     .alert_ctx = d };
    check_int("open", email_channel.open(&env, NULL, &d->state), LOA_OK);
}

void email_driver_close(struct email_driver *d)
{
    email_channel.close(d->state);
    http_client_free(d->http);
    loop_free(d->loop);
    config_free(d->config);
    crypto_close(d->crypto);
    text_message_clear(&d->text);
}

static void take(void *ctx, const struct outcome *o)
{
    struct sent *s = ctx;

    s->done = true;
    s->times++;
    s->outcome = *o;
}

enum loa_status email_driver_start(struct email_driver *d, const char *ref, const char *address,
                                   struct sent *out)
{
    struct send s = { .way = WAY_EMAIL, .address = address, .text = &d->text, .attempt = 1 };

    snprintf(s.ref, sizeof s.ref, "%s", ref);
    return email_channel.send(d->state, &s, take, out);
}

struct outcome email_driver_send(struct email_driver *d, const char *ref, const char *address)
{
    struct sent s = { 0 };

    check_int(address, email_driver_start(d, ref, address, &s), LOA_OK);
    check_true("never inside send", !s.done);
    check_wait(d->loop, &s.done, 20000, address);
    check_int("once", s.times, 1);
    return s.outcome;
}

struct channel_events email_driver_parse(struct email_driver *d, const char *raw, size_t len)
{
    const struct webhook w = {
        .method = "POST", .token = DRIVER_TOKEN, .query = "", .body = raw, .body_len = len
    };
    struct channel_events ev = { 0 };

    check_int("token", email_channel.verify(d->state, &w), LOA_OK);
    check_int("parse", email_channel.parse(d->state, &w, &ev), LOA_OK);
    return ev;
}
