#include "check.h"
#include "peers.h"
#include "loa/http_client.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELLO      ">220 here\r\n", "<EHLO ", "<\r\n"
#define OFFERS     ">250-here\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-SMTPUTF8\r\n250 DSN\r\n"
#define FEW_OFFERS ">250 here\r\n"
#define ENVELOPE   "<DATA\r\n", ">250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 go\r\n"
#define DOT        "<\r\n.\r\n"
#define QUEUED     ">250 2.0.0 Ok: queued as 4XyZ\r\n"
#define MESSAGE    "Subject: x\r\n\r\nhello\r\n"

struct got {
    bool done;
    unsigned times;
    struct smtp_answer answer;
    char error[128];
};

static void take(void *ctx, const struct smtp_answer *a)
{
    struct got *g = ctx;

    g->done = true;
    g->times++;
    g->answer = *a;
    snprintf(g->error, sizeof g->error, "%s", a->error);
}

struct fixture {
    struct loop *loop;
    struct http_client *client;
};

static struct fixture setup(void)
{
    struct fixture f = { .loop = loop_new() };
    f.client = http_client_new(f.loop);
    return f;
}

static void teardown(struct fixture *f)
{
    http_client_free(f->client);
    loop_free(f->loop);
}

static enum loa_status start(struct fixture *f, int port, struct smtp_call call, struct got *g)
{
    char url[80];

    snprintf(url, sizeof url, "smtp://127.0.0.1:%d/loa.test", port);
    call.url = url;
    call.mail_from = call.mail_from ? call.mail_from : "b+1@bounce.test";
    call.rcpt_to = call.rcpt_to ? call.rcpt_to : "an@example.vn";
    if (call.message == NULL) {
        call.message = MESSAGE;
        call.message_len = strlen(MESSAGE);
    }
    if (call.timeout_ms == 0)
        call.timeout_ms = 5000;
    return smtp_client_send(f->client, &call, take, g, NULL);
}

static struct got send_one(struct fixture *f, int port, struct smtp_call call, const char *label)
{
    struct got g = { 0 };

    check_int(label, start(f, port, call, &g), LOA_OK);
    check_true("never inside the call", !g.done);
    check_wait(f->loop, &g.done, 10000, label);
    check_int("once", g.times, 1);
    return g;
}

static unsigned count(const char *text, const char *needle)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, needle)) != NULL; p += strlen(needle))
        n++;
    return n;
}

static void heard_is(struct script_peer *p, const char *label, const char *needle, unsigned times)
{
    struct buf heard = BUF_INIT(16 * 1024 * 1024);
    script_peer_heard(p, &heard);
    check_int(label, count(buf_cstr(&heard), needle), times);
    buf_clear(&heard);
}

/* ---- one mail, one conversation: what do we know afterwards? ---- */

static const struct {
    const char *label;
    const char *talk[20];
    struct smtp_call call;
    enum wire_result result;
    int code;
    const char *enhanced, *queue_id;
} one_mail[] = {
    { "accepted", { HELLO, OFFERS, ENVELOPE, DOT, QUEUED, "~" }, { 0 }, WIRE_ANSWERED, 250, "2.0.0", "4XyZ" },
    { "accepted step by step, no pipelining",
      { HELLO, FEW_OFFERS, "<\r\n", ">250 Ok\r\n", "<RCPT TO:<an@example.vn>\r\n", ">250 Ok\r\n", "<DATA\r\n",
        ">354 go\r\n", DOT, ">250 Ok\r\n" },
      { 0 },
      WIRE_ANSWERED,
      250,
      "",
      "" },
    { "greeted with a refusal", { ">554 5.3.2 not now\r\n", "~" }, { 0 }, WIRE_ANSWERED, 554, "5.3.2", "" },
    { "sender refused for now (milter down)",
      { HELLO, OFFERS, "<DATA\r\n", ">451 4.7.1 Service unavailable\r\n503 x\r\n503 x\r\n", "~" },
      { 0 },
      WIRE_ANSWERED,
      451,
      "4.7.1",
      "" },
    { "recipient refused over two lines",
      { HELLO, OFFERS, "<DATA\r\n", ">250 Ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n554 x\r\n", "~" },
      { 0 },
      WIRE_ANSWERED,
      550,
      "5.1.1",
      "" },
    { "refused after the final dot",
      { HELLO, OFFERS, ENVELOPE, DOT, ">452 4.3.1 disk full\r\n", "~" },
      { 0 },
      WIRE_ANSWERED,
      452,
      "4.3.1",
      "" },
    { "hung up at DATA: the text never left",
      { HELLO, OFFERS, "<DATA\r\n" },
      { 0 },
      WIRE_NOT_SENT,
      0,
      "",
      "" },
    { "hung up after the final dot", { HELLO, OFFERS, ENVELOPE, DOT }, { 0 }, WIRE_UNKNOWN, 0, "", "" },
    { "silent after the final dot",
      { HELLO, OFFERS, ENVELOPE, DOT, "~" },
      { .timeout_ms = 300 },
      WIRE_UNKNOWN,
      0,
      "",
      "" },
    { "silent from the start", { "~" }, { .timeout_ms = 300 }, WIRE_NOT_SENT, 0, "", "" },
    { "silent at the envelope", { HELLO, OFFERS, "~" }, { .timeout_ms = 300 }, WIRE_NOT_SENT, 0, "", "" },
    { "not an SMTP server", { ">HTTP/1.1 400 Bad Request\r\n\r\n" }, { 0 }, WIRE_NOT_SENT, 0, "", "" },
    { "no SMTP any more", { HELLO, OFFERS, "<DATA\r\n", ">what?\r\n" }, { 0 }, WIRE_NOT_SENT, 0, "", "" },
    { "TLS wanted, not offered", { HELLO, OFFERS, "~" }, { .require_tls = true }, WIRE_NOT_SENT, 0, "", "" },
    { "wrong password",
      { HELLO, ">250-here\r\n250 AUTH PLAIN\r\n", "<AUTH PLAIN", ">535 5.7.8 no\r\n", "~" },
      { .user = "u", .password = "p" },
      WIRE_ANSWERED,
      535,
      "5.7.8",
      "" },
    { "right password",
      { HELLO, ">250-here\r\n250 AUTH PLAIN\r\n", "<AUTH PLAIN\r\n", ">334 \r\n", "<AHUAcA==\r\n",
        ">235 2.7.0 welcome\r\n", "<MAIL", "<\r\n", ">250 Ok\r\n", "<RCPT", "<\r\n", ">250 Ok\r\n",
        "<DATA\r\n", ">354 go\r\n", DOT, QUEUED },
      { .user = "u", .password = "p" },
      WIRE_ANSWERED,
      250,
      "2.0.0",
      "4XyZ" },
    { "an address the next hop cannot carry",
      { HELLO, FEW_OFFERS, "~" },
      { .rcpt_to = "nguyễn@x.vn" },
      WIRE_ANSWERED,
      553,
      "5.6.7",
      "" },
};

static void results_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof one_mail / sizeof one_mail[0]; i++) {
        const char *label = one_mail[i].label;
        struct fixture f = setup();
        struct script_peer *p = script_peer_start(TALKS(one_mail[i].talk));
        struct got g = send_one(&f, script_peer_port(p), one_mail[i].call, label);
        check_int(label, g.answer.result, one_mail[i].result);
        check_int(label, g.answer.code, one_mail[i].code);
        check_str(label, g.answer.enhanced, one_mail[i].enhanced);
        check_str(label, g.answer.queue_id, one_mail[i].queue_id);
        check_true("a failure says why", g.answer.code != 0 || g.error[0] != '\0');
        teardown(&f);
        script_peer_stop(p);
    }
}

static void endless_reply_is_cut(void **state)
{
    char *reply = mem_alloc(20000);
    struct fixture f = setup();

    (void)state;
    snprintf(reply, 20000, ">250-%s", check_repeat("x", 15000));
    struct script_peer *p = script_peer_start(TALKS(TALK(HELLO, OFFERS, "<DATA\r\n", reply, "~")));
    struct got g = send_one(&f, script_peer_port(p), (struct smtp_call){ 0 }, "endless line");
    check_int("not sent", g.answer.result, WIRE_NOT_SENT);
    teardown(&f);
    script_peer_stop(p);
    free(reply);
}

static void nobody_listens(void **state)
{
    struct fixture f = setup();
    struct got g = send_one(&f, free_port(), (struct smtp_call){ 0 }, "refused connection");

    (void)state;
    check_int("not sent", g.answer.result, WIRE_NOT_SENT);
    teardown(&f);
}

/* ---- what goes over the wire ---- */

static void commands_and_text(void **state)
{
    static const char message[] = "Subject: x\r\n\r\n.\r\n..two\r\nlast line without end";
    struct fixture f = setup();
    struct script_peer *p =
        script_peer_start(TALKS(TALK(HELLO, OFFERS, ENVELOPE, "<\r\n.\r\n", QUEUED, "~")));
    struct smtp_call call = { .rcpt_to = "nguyễn@x.vn", .message = message, .message_len = strlen(message) };

    (void)state;
    check_int("taken", send_one(&f, script_peer_port(p), call, "mail").answer.code, 250);
    heard_is(p, "EHLO name from the url", "EHLO loa.test\r\n", 1);
    heard_is(p, "MAIL with what was offered", "MAIL FROM:<b+1@bounce.test> SIZE=45 RET=HDRS SMTPUTF8\r\n", 1);
    heard_is(p, "RCPT", "RCPT TO:<nguyễn@x.vn>\r\n", 1);
    heard_is(p, "dots doubled", "\r\n\r\n..\r\n...two\r\nlast line without end\r\n.\r\n", 1);
    teardown(&f);
    script_peer_stop(p);
}

static void unsafe_mails_are_refused(void **state)
{
    static char long_line[1200];
    static const struct {
        const char *label;
        struct smtp_call call;
    } cases[] = {
        { "command in the recipient", { .rcpt_to = "a@x.vn>\r\nRCPT TO:<evil@x.vn" } },
        { "command in the sender", { .mail_from = "b@x.vn>\r\nRCPT TO:<evil@x.vn" } },
        { "line feed alone", { .rcpt_to = "a@x.vn\nBcc: evil@x.vn" } },
        { "angle bracket", { .rcpt_to = "a@x.vn> NOTIFY=NEVER" } },
        { "space", { .rcpt_to = "a b@x.vn" } },
        { "no domain", { .rcpt_to = "an" } },
        { "empty sender", { .mail_from = "" } },
        { "bare line feed in the text", { .message = "a\n.\nb\r\n", .message_len = 7 } },
        { "bare carriage return", { .message = "a\rb\r\n", .message_len = 5 } },
        { "NUL", { .message = "a\0b\r\n", .message_len = 5 } },
        { "endless line", { .message = long_line, .message_len = sizeof long_line } },
    };
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("~")));
    struct got g = { 0 };

    (void)state;
    memset(long_line, 'x', sizeof long_line);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_int(cases[i].label, start(&f, script_peer_port(p), cases[i].call, &g), LOA_INVALID);
    check_int("nothing under way", http_client_in_flight(f.client), 0);
    check_int("no connection was made", script_peer_connections(p), 0);
    teardown(&f);
    check_int("no completion", g.times, 0);
    script_peer_stop(p);
}

/* ---- kept connections ---- */

static void idle_connection_closed_by_server(void **state)
{
    static const struct {
        const char *label;
        const char *first[14];
    } cases[] = {
        { "with 421 in answer to the next mail",
          { HELLO, OFFERS, ENVELOPE, DOT, QUEUED, "<DATA\r\n", ">421 4.4.2 idle too long\r\n" } },
        { "without a word, when the next mail comes", { HELLO, OFFERS, ENVELOPE, DOT, QUEUED, "<DATA\r\n" } },
        { "at once", { HELLO, OFFERS, ENVELOPE, DOT, QUEUED } },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f = setup();
        struct script_peer *p =
            script_peer_start(TALKS(cases[i].first, TALK(HELLO, OFFERS, ENVELOPE, DOT, QUEUED, "~")));
        int port = script_peer_port(p);
        check_int("first", send_one(&f, port, (struct smtp_call){ 0 }, cases[i].label).answer.code, 250);
        check_int("second", send_one(&f, port, (struct smtp_call){ 0 }, cases[i].label).answer.code, 250);
        check_int("on a new connection", script_peer_connections(p), 2);
        heard_is(p, "each text once", "hello\r\n.\r\n", 2);
        teardown(&f);
        script_peer_stop(p);
    }
}

static void fresh_connection_that_says_421(void **state)
{
    struct fixture f = setup();
    struct script_peer *p =
        script_peer_start(TALKS(TALK(HELLO, OFFERS, "<DATA\r\n", ">421 4.3.2 shutting down\r\n")));
    struct got g = send_one(&f, script_peer_port(p), (struct smtp_call){ 0 }, "421");

    (void)state;
    check_int("is an answer", g.answer.code, 421);
    check_int("not tried again here", script_peer_connections(p), 1);
    teardown(&f);
    script_peer_stop(p);
}

static void many_mails_few_connections(void **state)
{
    enum { MAILS = 500 };
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK(HELLO, OFFERS, ENVELOPE, DOT, QUEUED, "@4")));
    struct got *g = mem_alloc(MAILS * sizeof *g);

    (void)state;
    for (int i = 0; i < MAILS; i++)
        check_int("starts", start(&f, script_peer_port(p), (struct smtp_call){ .timeout_ms = 30000 }, &g[i]),
                  LOA_OK);
    for (int i = 0; i < MAILS; i++) {
        check_wait(f.loop, &g[i].done, 30000, "mail");
        check_int("accepted", g[i].answer.code, 250);
        check_int("once", g[i].times, 1);
    }
    check_int("three connections", script_peer_connections(p), 3);
    heard_is(p, "every text once", "hello\r\n.\r\n", MAILS);
    free(g);
    teardown(&f);
    script_peer_stop(p);
}

/* One server keeps us waiting for its last word: that must not stop anything else on the loop. */
static void slow_server_stops_nobody(void **state)
{
    struct fixture f = setup();
    struct script_peer *slow = script_peer_start(TALKS(TALK(HELLO, OFFERS, ENVELOPE, DOT, "~")));
    struct script_peer *quick = script_peer_start(TALKS(TALK(HELLO, OFFERS, ENVELOPE, DOT, QUEUED, "@4")));
    struct got waiting = { 0 };

    (void)state;
    start(&f, script_peer_port(slow), (struct smtp_call){ .timeout_ms = 60000 }, &waiting);
    for (int i = 0; i < 20; i++)
        check_int("quick",
                  send_one(&f, script_peer_port(quick), (struct smtp_call){ 0 }, "quick").answer.code, 250);
    check_true("still waiting", !waiting.done);
    teardown(&f);
    check_int("ended with the client", waiting.answer.result, WIRE_CANCELLED);
    script_peer_stop(slow);
    script_peer_stop(quick);
}

static void cancel_and_limit(void **state)
{
    struct fixture f = setup();
    struct script_peer *p = script_peer_start(TALKS(TALK("~")));
    struct got first = { 0 }, rest = { 0 };
    unsigned started = 0;
    uint64_t id = 0;
    char url[64];

    (void)state;
    snprintf(url, sizeof url, "smtp://127.0.0.1:%d/", script_peer_port(p));
    struct smtp_call call = {
        .url = url, .mail_from = "b@x.vn", .rcpt_to = "a@x.vn", .message = "x\r\n", .message_len = 3
    };
    check_int("starts", smtp_client_send(f.client, &call, take, &first, &id), LOA_OK);
    while (start(&f, script_peer_port(p), (struct smtp_call){ 0 }, &rest) == LOA_OK)
        started++;
    check_int("the queue has an end", started, 1023);
    http_client_cancel(f.client, id);
    check_true("not inside cancel", !first.done);
    check_wait(f.loop, &first.done, 5000, "cancelled");
    check_int("its result", first.answer.result, WIRE_CANCELLED);
    teardown(&f);
    check_int("the others ended once each", rest.times, started);
    script_peer_stop(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_told_apart),
        cmocka_unit_test(endless_reply_is_cut),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(commands_and_text),
        cmocka_unit_test(unsafe_mails_are_refused),
        cmocka_unit_test(idle_connection_closed_by_server),
        cmocka_unit_test(fresh_connection_that_says_421),
        cmocka_unit_test(many_mails_few_connections),
        cmocka_unit_test(slow_server_stops_nobody),
        cmocka_unit_test(cancel_and_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
