/* The e-mail driver against scripted servers and written bounces. Real mail servers: test_email_peers.c. */
#include "check.h"
#include "email_driver.h"
#include "peers.h"
#include "loa/email_dsn.h"
#include "loa/email_verp.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO    ">220 here\r\n", "<EHLO ", "<\r\n", ">250-here\r\n250 PIPELINING\r\n"
#define ENVELOPE "<DATA\r\n", ">250 Ok\r\n250 Ok\r\n354 go\r\n", "<\r\n.\r\n"
#define QUEUED   ">250 2.0.0 Ok: queued as 4XyZ\r\n"
#define REF      "07ab12cd34ef56ab78cd90s1t01"

/* ---- sending ---- */

static void a_mail_goes_out(void **state)
{
    struct script_peer *p = script_peer_start(TALKS(TALK(HELLO, ENVELOPE, QUEUED, "~")));
    struct email_driver d;
    struct buf heard = BUF_INIT(65536);
    char sender[EMAIL_VERP_MAX], line[EMAIL_VERP_MAX + 16];

    (void)state;
    email_driver_open(&d, script_peer_port(p));
    struct outcome o = email_driver_send(&d, REF, "ok@hồsơ.vn");
    check_str("accepted", outcome_class_word(o.class), "accepted");
    check_str("queue id", o.provider_id, "4XyZ");
    script_peer_heard(p, &heard);
    email_verp_make(d.crypto, REF, "bounce.test", sender);
    snprintf(line, sizeof line, "MAIL FROM:<%s>\r\n", sender);
    check_true("envelope sender of its own", strstr(buf_cstr(&heard), line) != NULL);
    check_true("domain in ASCII", strstr(buf_cstr(&heard), "RCPT TO:<ok@xn--hs-") != NULL);
    check_true("message id", strstr(buf_cstr(&heard), "Message-ID: <" REF "@haiphong.gov.vn>\r\n") != NULL);
    buf_clear(&heard);
    email_driver_close(&d);
    script_peer_stop(p);
}

static void refusals_become_outcomes(void **state)
{
    static const struct {
        const char *label, *address, *reply, *class, *code;
    } cases[] = {
        { "no such user", "an@x.vn", ">250 Ok\r\n550 5.1.1 no\r\n503 x\r\n", "recipient_invalid",
          "smtp:550 5.1.1" },
        { "milter down", "an@x.vn", ">451 4.7.1 later\r\n503 x\r\n503 x\r\n", "transient", "smtp:451 4.7.1" },
        { "relaying denied", "an@x.vn", ">250 Ok\r\n554 5.7.1 no\r\n503 x\r\n", "sender_rejected",
          "smtp:554 5.7.1" },
        { "an address with marks", "nguyễn@x.vn", ">", "recipient_refused", "smtp:553 5.6.7" },
        { "not an address", "an@@x.vn", ">", "recipient_invalid", "local:bad_address" },
        { "an injected command", "a@x.vn>\r\nRCPT TO:<evil@x.vn", ">", "recipient_invalid",
          "local:bad_address" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct script_peer *p = script_peer_start(TALKS(TALK(HELLO, "<DATA\r\n", cases[i].reply, "~")));
        struct email_driver d;
        email_driver_open(&d, script_peer_port(p));
        struct outcome o = email_driver_send(&d, REF, cases[i].address);
        check_str(cases[i].label, outcome_class_word(o.class), cases[i].class);
        check_str(cases[i].label, o.code, cases[i].code);
        email_driver_close(&d);
        script_peer_stop(p);
    }
}

/* After an ambiguous end the repeat carries the same Message-ID and the same envelope sender. */
static void a_repeat_is_the_same_mail(void **state)
{
    struct script_peer *p =
        script_peer_start(TALKS(TALK(HELLO, ENVELOPE), TALK(HELLO, ENVELOPE, QUEUED, "~")));
    struct email_driver d;
    struct buf heard = BUF_INIT(65536);

    (void)state;
    email_driver_open(&d, script_peer_port(p));
    struct outcome first = email_driver_send(&d, REF, "an@x.vn");
    check_str("unknown", outcome_class_word(first.class), "uncertain");
    check_str("accepted", outcome_class_word(email_driver_send(&d, REF, "an@x.vn").class), "accepted");
    script_peer_heard(p, &heard);
    unsigned ids = 0;
    for (const char *at = buf_cstr(&heard); (at = strstr(at, "Message-ID: <" REF "@")) != NULL; at++)
        ids++;
    check_int("one Message-ID, twice", ids, 2);
    const char *sender = strstr(buf_cstr(&heard), "MAIL FROM:<");
    const char *again = strstr(sender + 1, "MAIL FROM:<");
    check_int("one sender", strncmp(sender, again, strcspn(sender, ">")), 0);
    buf_clear(&heard);
    email_driver_close(&d);
    script_peer_stop(p);
}

static void closing_answers_everybody(void **state)
{
    struct script_peer *p = script_peer_start(TALKS(TALK("~")));
    struct email_driver d;
    struct sent waiting[10] = { 0 }, refused = { 0 };

    (void)state;
    email_driver_open(&d, script_peer_port(p));
    for (int i = 0; i < 10; i++)
        check_int("starts", email_driver_start(&d, REF, "an@x.vn", &waiting[i]), LOA_OK);
    check_int("starts", email_driver_start(&d, REF, "nobody", &refused), LOA_OK);
    email_driver_close(&d);
    for (int i = 0; i < 10; i++) {
        check_int("once", waiting[i].times, 1);
        check_str("nobody knows", outcome_class_word(waiting[i].outcome.class), "uncertain");
    }
    check_str("its own verdict", refused.outcome.code, "local:bad_address");
    script_peer_stop(p);
}

static void too_many_at_once(void **state)
{
    struct script_peer *p = script_peer_start(TALKS(TALK("~")));
    struct email_driver d;
    struct sent s = { 0 };
    unsigned started = 0;

    (void)state;
    email_driver_open(&d, script_peer_port(p));
    while (email_driver_start(&d, REF, "an@x.vn", &s) == LOA_OK)
        started++;
    check_int("in_flight of the settings", started, 500);
    email_driver_close(&d);
    check_int("all answered", s.times, started);
    script_peer_stop(p);
}

/* ---- callbacks ---- */

static void only_the_right_token(void **state)
{
    static const char *const tokens[] = { "", "0123456789abcdef012", "0123456789abcdef01234",
                                          "x123456789abcdef0123" };
    struct email_driver d;

    (void)state;
    email_driver_open(&d, 1);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        const struct webhook w = { .method = "POST", .token = tokens[i], .body = "" };
        check_int(tokens[i], email_channel.verify(d.state, &w), LOA_DENIED);
    }
    email_driver_close(&d);
}

/* Reads a fixture and puts `address` where it says VERP. */
static void fixture(const char *name, const char *address, struct buf *out)
{
    struct buf raw = BUF_INIT(DSN_MAX_BYTES);
    char path[128];

    snprintf(path, sizeof path, "tests/fixtures/email/%s.eml", name);
    check_int(name, buf_read_file(&raw, check_path(path)), LOA_OK);
    for (const char *p = buf_cstr(&raw), *hit; *p != '\0'; p = hit + (*hit != '\0' ? 4 : 0)) {
        hit = strstr(p, "VERP");
        hit = hit != NULL ? hit : p + strlen(p);
        buf_add(out, p, (size_t)(hit - p));
        buf_str(out, *hit != '\0' ? address : "");
    }
    buf_clear(&raw);
}

static struct channel_events events_of(struct email_driver *d, const char *name, const char *address)
{
    struct buf raw = BUF_INIT(DSN_MAX_BYTES);

    fixture(name, address, &raw);
    struct channel_events ev = email_driver_parse(d, buf_cstr(&raw), raw.len);
    buf_clear(&raw);
    return ev;
}

static void bounces_become_events(void **state)
{
    static const struct {
        const char *file;
        enum channel_event_kind kind;
        const char *name, *code;
        unsigned alerts;
    } cases[] = {
        { "postfix_unknown_user", CE_FAILED, "dsn.failed", "bounce:5.1.1", 0 },
        { "postfix_expired", CE_FAILED, "dsn.failed", "expired:4.2.2", 0 },
        { "gmail_unauthenticated", CE_FAILED, "dsn.failed", "bounce:5.7.26", 1 },
        { "microsoft_low_trust", CE_FAILED, "dsn.failed", "bounce:5.7.515", 1 },
        { "postfix_delayed", CE_PROGRESS, "dsn.delayed", "", 0 },
        { "postfix_relayed", CE_PROGRESS, "dsn.relayed", "", 0 },
        { "delivered", CE_DELIVERED, "dsn.delivered", "", 0 },
        { "plain_bounce", CE_UNKNOWN, "bounce_unreadable", "", 0 },
        { "absence_note", CE_UNKNOWN, "auto_reply", "", 0 },
        { "citizen_writes", CE_UNKNOWN, "mail", "", 0 },
        { "report_from_a_person", CE_UNKNOWN, "mail", "", 0 },
    };
    struct email_driver d;
    char address[EMAIL_VERP_MAX];

    (void)state;
    email_driver_open(&d, 1);
    email_verp_make(d.crypto, REF, "bounce.test", address);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        d.alerts = 0;
        struct channel_events ev = events_of(&d, cases[i].file, address);
        check_int(cases[i].file, ev.count, 1);
        check_str(cases[i].file, channel_event_word(ev.item[0].kind), channel_event_word(cases[i].kind));
        check_str(cases[i].file, ev.item[0].name, cases[i].name);
        check_str(cases[i].file, ev.item[0].ref, REF);
        check_str(cases[i].file, ev.item[0].outcome.code, cases[i].code);
        check_int(cases[i].file, (long long)strlen(ev.item[0].dedupe), 40);
        check_int(cases[i].file, d.alerts, cases[i].alerts);
        channel_events_clear(&ev);
    }
    email_driver_close(&d);
}

static void the_same_bounce_is_one_event(void **state)
{
    struct email_driver d;
    char address[EMAIL_VERP_MAX];

    (void)state;
    email_driver_open(&d, 1);
    email_verp_make(d.crypto, REF, "bounce.test", address);
    struct channel_events a = events_of(&d, "postfix_unknown_user", address);
    struct channel_events b = events_of(&d, "postfix_unknown_user", address);
    struct channel_events c = events_of(&d, "postfix_delayed", address);
    check_str("twice the same", a.item[0].dedupe, b.item[0].dedupe);
    check_true("another report", strcmp(a.item[0].dedupe, c.item[0].dedupe) != 0);
    channel_events_clear(&a);
    channel_events_clear(&b);
    channel_events_clear(&c);
    email_driver_close(&d);
}

static void forged_bounces_change_nothing(void **state)
{
    static const char *const addresses[] = { "b+" REF "0123456789abcdef@bounce.test", "b@bounce.test",
                                             "evil@example.com", "b+" REF "@bounce.test" };
    struct email_driver d;

    (void)state;
    email_driver_open(&d, 1);
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct channel_events ev = events_of(&d, "postfix_unknown_user", addresses[i]);
        check_int(addresses[i], ev.count, 1);
        check_str(addresses[i], channel_event_word(ev.item[0].kind), "unknown");
        check_str(addresses[i], ev.item[0].ref, "");
        channel_events_clear(&ev);
    }
    email_driver_close(&d);
}

/* ---- settings ---- */

static void settings_are_checked(void **state)
{
    static const struct {
        const char *label, *text;
        unsigned faults;
    } cases[] = {
        { "complete", "from = a@x.vn\nbounce_domain = bounce.x.vn\nwebhook_token = 0123456789abcdef\n", 0 },
        { "no webhook", "from = A <a@x.vn>\nbounce_domain = bounce.x.vn\n", 0 },
        { "not used", "", 0 },
        { "half", "from = a@x.vn\n", 1 },
        { "switched off", "enabled = no\n", 0 },
        { "everything wrong", "from = nobody\nreply_to = x\nbounce_domain = a b\n", 3 },
        { "bounce domain with an @", "from = a@x.vn\nbounce_domain = b@x.vn\n", 1 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct errors *err = errors_new();
        struct config *cf = NULL;
        char text[400];
        int n = snprintf(text, sizeof text, "[email]\n%s", cases[i].text);
        check_int(cases[i].label, config_parse("t.conf", text, (size_t)n, NULL, &cf), LOA_OK);
        email_channel.check(cf, check_path("channels"), err);
        check_int(cases[i].label, err->count, cases[i].faults);
        errors_free(err);
        config_free(cf);
    }
}

static void missing_code_table(void **state)
{
    struct errors *err = errors_new();
    struct config *cf = NULL;

    (void)state;
    check_int("settings", config_parse("t.conf", "[email]\nenabled = no\n", 21, NULL, &cf), LOA_OK);
    email_channel.check(cf, "/nowhere", err);
    check_int("one fault", err->count, 1);
    errors_free(err);
    config_free(cf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_goes_out),
        cmocka_unit_test(refusals_become_outcomes),
        cmocka_unit_test(a_repeat_is_the_same_mail),
        cmocka_unit_test(closing_answers_everybody),
        cmocka_unit_test(too_many_at_once),
        cmocka_unit_test(only_the_right_token),
        cmocka_unit_test(bounces_become_events),
        cmocka_unit_test(the_same_bounce_is_one_event),
        cmocka_unit_test(forged_bounces_change_nothing),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(missing_code_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
