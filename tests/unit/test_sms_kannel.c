/* The SMS driver with a real Kannel and a fake operator: what arrives there, and the reports that come back.
 */
#include "check.h"
#include "peers.h"
#include "loa/channel.h"
#include "loa/clock.h"
#include <stdio.h>
#include <string.h>

#define TOKEN   "0123456789abcdef"
#define WAIT_MS 20000

struct rig {
    struct kannel kannel;
    struct script_peer *reports; /* stands where loa's webhook would */
    struct loop *loop;
    struct http_client *http;
    struct config *config;
    void *sms;
};

static const char *const *const listener[] = {
    (const char *const[]){ "<\r\n\r\n", ">HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "@0", NULL }, NULL
};

static void open_driver(struct rig *r, const char *more)
{
    char text[1024];
    struct errors *err = errors_new();
    snprintf(text, sizeof text,
             "[sms]\nprovider = kannel\nurl = http://127.0.0.1:%d\nusername = loa\npassword = PASSPASS\n"
             "brandname = TTPVHCC\nwebhook_token = " TOKEN "\ndlr_url_base = http://127.0.0.1:%d/\n%s",
             r->kannel.port, script_peer_port(r->reports), more);
    if (config_parse("test", text, strlen(text), err, &r->config) != LOA_OK)
        fail_msg("%s", err->item[0].detail);
    struct channel_env env = {
        .loop = r->loop, .http = r->http, .config = r->config, .data_dir = check_path("channels")
    };
    if (sms_channel.open(&env, err, &r->sms) != LOA_OK)
        fail_msg("%s", err->item[0].detail);
    errors_free(err);
}

static void close_driver(struct rig *r)
{
    sms_channel.close(r->sms);
    config_free(r->config);
}

static struct rig rig;

static int rig_up(void **state)
{
    (void)state;
    rig =
        (struct rig){ .kannel = kannel_start(), .reports = script_peer_start(listener), .loop = loop_new() };
    rig.http = http_client_new(rig.loop);
    return 0;
}

static int rig_down(void **state)
{
    (void)state;
    http_client_free(rig.http);
    loop_free(rig.loop);
    script_peer_stop(rig.reports);
    kannel_stop(&rig.kannel);
    return 0;
}

struct sent {
    bool done;
    struct outcome o;
};

static void take(void *ctx, const struct outcome *o)
{
    struct sent *s = ctx;
    s->done = true;
    s->o = *o;
}

static struct outcome send_text(const char *ref, const char *body)
{
    struct text text;
    struct sent s = { 0 };
    text_message_init(&text);
    buf_str(&text.body, body);
    struct send send = { .way = WAY_SMS, .address = "84912345678", .text = &text, .attempt = 1 };
    snprintf(send.ref, sizeof send.ref, "%s", ref);
    check_int(ref, sms_channel.send(rig.sms, &send, take, &s), LOA_OK);
    text_message_clear(&text);
    check_wait(rig.loop, &s.done, WAIT_MS, ref);
    return s.o;
}

/* ---- what came back ---- */

/* Reads every report heard so far that carries `ref`, as the webhook would. */
static void read_reports(const char *ref, struct channel_events *out)
{
    static const char start[] = "GET /webhooks/sms/kannel/" TOKEN "?";
    struct buf heard = BUF_INIT(1 << 20);
    char query[1024], mark[64];
    script_peer_heard(rig.reports, &heard);
    snprintf(mark, sizeof mark, "ref=%s&", ref);
    for (const char *p = buf_cstr(&heard); (p = strstr(p, start)) != NULL;) {
        p += strlen(start);
        size_t n = strcspn(p, " ");
        snprintf(query, sizeof query, "%.*s", (int)n, p);
        struct webhook w = {
            .method = "GET", .token = TOKEN, .query = query, .body = "", .peer = "127.0.0.1"
        };
        if (strncmp(query, mark, strlen(mark)) != 0)
            continue;
        check_int("the token is right", sms_channel.verify(rig.sms, &w), LOA_OK);
        check_int(query, sms_channel.parse(rig.sms, &w, out), LOA_OK);
    }
    buf_clear(&heard);
}

static unsigned count_kind(const struct channel_events *ev, enum channel_event_kind kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < ev->count; i++)
        n += ev->item[i].kind == kind;
    return n;
}

static bool is_delivered(void *ctx)
{
    struct channel_events ev = { 0 };
    read_reports(ctx, &ev);
    bool delivered = count_kind(&ev, CE_DELIVERED) > 0;
    channel_events_clear(&ev);
    return delivered;
}

static void wait_delivered(char *ref)
{
    if (!wait_until(is_delivered, ref, WAIT_MS))
        fail_msg("%s: no report of delivery", ref);
}

static unsigned sent_holding(const char *text)
{
    struct buf sent = BUF_INIT(1 << 20);
    unsigned n = 0;
    kannel_sent(&rig.kannel, &sent);
    for (const char *p = buf_cstr(&sent); (p = strstr(p, text)) != NULL; p++)
        n++;
    buf_clear(&sent);
    return n;
}

struct arrival {
    const char *text;
    unsigned count;
};

static bool has_arrived(void *ctx)
{
    const struct arrival *a = ctx;
    return sent_holding(a->text) >= a->count;
}

/* The report may overtake the last parts on the way into the operator's log. */
static void wait_arrived(const char *text, unsigned count)
{
    struct arrival a = { text, count };
    if (!wait_until(has_arrived, &a, WAIT_MS))
        fail_msg("%u of %u arrived: %s", sent_holding(text), count, text);
}

/* ---- the cases ---- */

static void test_delivered(void **state)
{
    char ref[] = "n1s1t1";
    struct channel_events ev = { 0 };
    (void)state;
    open_driver(&rig, "");
    struct outcome o = send_text(ref, "Hồ sơ H29 đã duyệt & \"xong\" 100%");
    check_str("accepted", outcome_class_word(o.class), "accepted");
    check_str("in Kannel's words", o.code, "kannel:0");
    wait_delivered(ref);
    check_int("without marks, as one message",
              sent_holding("<TTPVHCC 84912345678 text Ho so H29 da duyet & \"xong\" 100%>"), 1);
    read_reports(ref, &ev);
    check_true("the operator's acceptance too", count_kind(&ev, CE_PROGRESS) > 0);
    check_str("our reference", ev.item[0].ref, ref);
    check_str("the citizen's number", ev.item[0].phone, "84912345678");
    check_true("now", ev.item[0].at_ms > clock_wall_ms() - 60000);
    channel_events_clear(&ev);
    close_driver(&rig);
}

/* Delivered, taken by the operator, delivered again: in any order and number they are two events. */
static void test_any_order(void **state)
{
    char ref[] = "n2s1t1";
    struct channel_events ev = { 0 };
    (void)state;
    open_driver(&rig, "");
    send_text(ref, "Ho so 2");
    wait_delivered(ref);
    read_reports(ref, &ev);
    read_reports(ref, &ev);
    const char *delivered = NULL;
    for (unsigned i = 0; i < ev.count; i++) {
        const struct channel_event *e = &ev.item[i];
        if (e->kind == CE_DELIVERED && delivered != NULL)
            check_str("a repeat is the same event", e->dedupe, delivered);
        if (e->kind == CE_DELIVERED)
            delivered = e->dedupe;
        else
            check_true("progress is another", delivered == NULL || strcmp(e->dedupe, delivered) != 0);
    }
    check_true("both are there", count_kind(&ev, CE_DELIVERED) >= 2);
    channel_events_clear(&ev);
    close_driver(&rig);
}

/* A stalled gateway: nobody answers, and the message leaves later all the same. The one Kannel was already
 * waiting for when it was suspended is still answered, so the first without an answer is the case. */
static void test_stalled(void **state)
{
    char ref[16], body[32];
    struct outcome o;
    (void)state;
    open_driver(&rig, "timeout_ms = 700\n");
    check_true("no help from Kannel", !sms_channel.dedupes(rig.sms, WAY_SMS));
    kannel_admin(&rig.kannel, "suspend");
    for (unsigned i = 0; i < 5; i++) {
        snprintf(ref, sizeof ref, "n3s1t%u", i);
        snprintf(body, sizeof body, "Ho so 3 cho %u>", i);
        o = send_text(ref, body);
        if (o.class != OUTCOME_ACCEPTED)
            break;
    }
    check_str("nobody knows", outcome_class_word(o.class), "uncertain");
    check_str("for want of an answer", o.code, "net:no_answer");
    check_int("nothing left yet", sent_holding(body), 0);
    kannel_admin(&rig.kannel, "resume");
    wait_delivered(ref);
    check_int("exactly one message", sent_holding(body), 1);
    close_driver(&rig);
}

/* Kannel would answer 202 and cut it at four parts. */
static void test_too_long(void **state)
{
    char ref[] = "n5s1t1";
    struct buf sent = BUF_INIT(1 << 20);
    (void)state;
    open_driver(&rig, "max_parts = 4\n");
    unsigned before = kannel_sent(&rig.kannel, &sent);
    struct outcome o = send_text("n4s1t1", check_repeat("a", 618));
    check_str("refused", o.code, "loa:too_long");
    o = send_text(ref, check_repeat("b", 612)); /* what still fits arrives whole */
    check_str("taken", outcome_class_word(o.class), "accepted");
    wait_delivered(ref);
    wait_arrived("bbbbbbbbbbbb>", 4);
    check_int("and nothing else", kannel_sent(&rig.kannel, &sent), before + 4);
    check_int("nothing of the first", sent_holding("aaaaaaaaaa"), 0);
    buf_clear(&sent);
    close_driver(&rig);
}

static void test_marks(void **state)
{
    char composed[] = "n6s1t1", decomposed[] = "n7s1t1", kept[] = "n8s1t1", two[] = "n9s1t1",
         first[8 * 67 + 32];
    (void)state;
    snprintf(first, sizeof first, "%%02%%01 data %s>", check_repeat("%01%B0", 67));
    open_driver(&rig, "");
    send_text(composed, "Hồ sơ đã duyệt");
    wait_delivered(composed);
    send_text(decomposed, "Ho\xcc\x82\xcc\x80 so\xcc\x9b \xc4\x91\x61\xcc\x83 duye\xcc\xa3\xcc\x82t");
    wait_delivered(decomposed);
    check_int("both forms arrive alike", sent_holding("text Ho so da duyet>"), 2);
    close_driver(&rig);

    open_driver(&rig, "diacritics = keep\n");
    send_text(kept, "Hồ sơ đã duyệt");
    wait_delivered(kept);
    check_int("kept: one part in UCS-2",
              sent_holding("ucs-2 %00H%1E%D3%00+%00s%01%A1%00+%01%11%00%E3%00+%00d%00u%00y%1E%C7%00t>"), 1);
    send_text(two, check_repeat("ư", 71));
    wait_delivered(two);
    wait_arrived(first, 1); /* 67 letters */
    wait_arrived("%02%02 data %01%B0%01%B0%01%B0%01%B0>", 1);
    close_driver(&rig);
}

static void test_refusals(void **state)
{
    (void)state;
    open_driver(&rig, "");
    check_int("a wrong password", config_set(rig.config, "sms", "password", "wrong", NULL), LOA_OK);
    struct outcome o = send_text("n10s1t1", "Ho so");
    check_str("is ours to mend", outcome_class_word(o.class), "auth");
    check_int("and stops the way", o.scope, SCOPE_WAY);
    close_driver(&rig);

    open_driver(&rig, "");
    kannel_stop(&rig.kannel);
    o = send_text("n11s1t1", "Ho so");
    check_str("nobody there", outcome_class_word(o.class), "transient");
    check_str("nothing left", o.code, "net:not_sent");
    close_driver(&rig);
    rig.kannel = kannel_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivered), cmocka_unit_test(test_any_order), cmocka_unit_test(test_stalled),
        cmocka_unit_test(test_too_long),  cmocka_unit_test(test_marks),     cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, rig_up, rig_down);
}
