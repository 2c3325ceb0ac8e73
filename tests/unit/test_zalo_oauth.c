/* The life of the token pair: one refresh, kept before used, honest after a crash, quiet after a refusal. */
#include "check.h"
#include "loa/clock.h"
#include "loa/zalo_oauth.h"
#include "zalo_platform.h"
#include <stdio.h>
#include <string.h>

#define FIRST_PAIR "access_token = ACCESS_0\nrefresh_token = REFRESH_0\n"
#define NOW        INT64_C(1795000000000)
#define HOUR_MS    INT64_C(3600000)
#define SENDS_MAX  32

static struct loop *loop;
static struct http_client *http;
static struct zalo_platform platform;
static struct vault vault;
static struct process one, two;
static unsigned sends_started;
static struct outcome told[SENDS_MAX];
static unsigned told_count;

/* ---- surroundings ---- */

static int setup(void **state)
{
    (void)state;
    clock_freeze(NOW);
    loop = loop_new();
    http = http_client_new(loop);
    zalo_platform_start(&platform, loop);
    vault = (struct vault){ .loop = loop };
    memset(&one, 0, sizeof one);
    memset(&two, 0, sizeof two);
    sends_started = told_count = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (one.state != NULL)
        process_stop(&one);
    if (two.state != NULL)
        process_stop(&two);
    check_int("every message is told once", told_count, sends_started);
    check_str("the platform has no complaint", buf_cstr(&platform.faults), "");
    zalo_platform_stop(&platform);
    http_client_free(http);
    turn(loop, 20);
    vault_clear(&vault);
    loop_free(loop);
    clock_thaw();
    return 0;
}

static void begin(struct process *p, bool owner, const char *settings)
{
    p->owner = owner;
    process_start(p, &platform, http, &vault, settings);
    turn(loop, 20);
}

static void keep(void *ctx, const struct outcome *o)
{
    (void)ctx;
    told[told_count++] = *o;
}

static enum loa_status start(struct process *p, enum way way)
{
    struct text t;
    struct send s = {
        .way = way, .address = way == WAY_ZALO_ZBS ? "84912345678" : "1111", .text = &t, .ref = "r1"
    };
    text_message_init(&t);
    buf_str(&t.body, "Xin chào");
    buf_str(&t.data, way == WAY_ZALO_CS ? "" : "{\"a\":\"b\"}");
    snprintf(t.template_id, sizeof t.template_id, "5");
    enum loa_status st = zalo_channel.send(p->state, &s, keep, NULL);
    sends_started += st == LOA_OK;
    text_message_clear(&t);
    return st;
}

static bool all_told(void *ctx)
{
    (void)ctx;
    return told_count == sends_started;
}

/* One text; the word of its class, or of the status it was refused with. */
static const char *post(struct process *p)
{
    enum loa_status st = start(p, WAY_ZALO_CS);
    if (st != LOA_OK)
        return loa_status_word(st);
    turn_until(loop, all_told, NULL, "answer");
    return outcome_class_word(told[told_count - 1].class);
}

static bool vault_has(void *text)
{
    return vault.blob != NULL && strstr(vault.blob, text) != NULL;
}

static bool refreshed(void *count)
{
    return platform.refreshes >= *(unsigned *)count;
}

static bool alerted_one(void *code)
{
    return strcmp(one.alert_code, code) == 0;
}

static void pass(int64_t ms) /* time in which ticks can happen */
{
    clock_advance(ms);
    turn(loop, 50);
}

/* ---- the usual life ---- */

static void first_pair_is_kept_and_used(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    check_str("works", post(&one), "accepted");
    check_true("kept", vault_has((char[]){ "\"refresh_token\":\"REFRESH_0\"" }));
    check_int("no refresh yet", platform.refreshes, 0);
    process_stop(&one);
    snprintf(platform.access, sizeof platform.access, "ACCESS_LATER");
    vault_put(
        &vault,
        "{\"generation\":3,\"obtained_ms\":1794999000000,\"life_ms\":90000000,\"since_ms\":1794999000000,"
        "\"state\":\"good\",\"access_token\":\"ACCESS_LATER\",\"refresh_token\":\"R\",\"seeds\":[]}");
    begin(&one, true, "");
    check_str("without a pair in the configuration the kept one is used", post(&one), "accepted");
}

static void many_failures_one_refresh(void **state)
{
    unsigned once = 1;
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    for (int i = 0; i < 8; i++)
        check_int("start", start(&one, i % 2 ? WAY_ZALO_CS : WAY_ZALO_ZBS), LOA_OK);
    turn_until(loop, all_told, NULL, "all fail");
    for (unsigned i = 0; i < 8; i++) {
        check_str("class", outcome_class_word(told[i].class), "auth");
        check_int("only this message waits", told[i].scope, SCOPE_MESSAGE);
        check_true("a short while", told[i].wait_ms > 0 && told[i].wait_ms <= 5000);
    }
    turn_until(loop, refreshed, &once, "refresh");
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "kept");
    check_true("both tokens", vault_has((char[]){ "REFRESH_2" }));
    turn(loop, 50);
    check_int("exactly one refresh", platform.refreshes, 1);
    for (int i = 0; i < 8; i++)
        start(&one, i % 2 ? WAY_ZALO_CS : WAY_ZALO_ZBS);
    turn_until(loop, all_told, NULL, "all again");
    for (unsigned i = 8; i < 16; i++)
        check_str("each went through at its second try", outcome_class_word(told[i].class), "accepted");
    check_int("two calls for each", platform.sends, 16);
    pass(HOUR_MS);
    check_int("still one refresh", platform.refreshes, 1);
}

static void refresh_is_due_after_20_hours(void **state)
{
    static const struct {
        const char *label, *expires;
        int64_t due_ms;
    } cases[] = {
        { "25 h as a string", "\"90000\"", 20 * HOUR_MS },
        { "25 h as a number", "90000", 20 * HOUR_MS },
        { "a shorter life: four fifths", "\"3600\"", HOUR_MS / 5 * 4 },
    };
    unsigned once = 1, twice = 2;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&one, true, FIRST_PAIR);
        platform.expires = cases[i].expires;
        zalo_platform_kill_token(&platform);
        check_str(cases[i].label, post(&one), "auth");
        turn_until(loop, refreshed, &once, cases[i].label);
        turn(loop, 50);
        pass(cases[i].due_ms - 60000);
        check_int(cases[i].label, platform.refreshes, 1);
        clock_advance(60000);
        turn_until(loop, refreshed, &twice, cases[i].label);
        turn(loop, 50);
        check_str(cases[i].label, post(&one), "accepted");
        process_stop(&one);
        vault_clear(&vault);
        platform.refreshes = 0;
        snprintf(platform.access, sizeof platform.access, "ACCESS_0");
        snprintf(platform.refresh, sizeof platform.refresh, "REFRESH_0");
    }
}

static void only_a_refresh_token(void **state)
{
    (void)state;
    begin(&one, true, "refresh_token = REFRESH_0\n");
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "renewed at once");
    turn(loop, 50);
    check_str("works", post(&one), "accepted");
}

static void no_pair_at_all(void **state)
{
    (void)state;
    begin(&one, true, "");
    check_str("nothing goes out", post(&one), "unavailable");
    check_str("staff", one.alert_code, "zalo_token_absent");
    check_true("what to do", strstr(one.alert_text, "cần cấp quyền") != NULL);
}

/* ---- refusals and silence ---- */

static void refusal_is_final(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    platform.grant_answer = "{\"error_name\":\"Invalid refresh token\",\"error_description\":\"x\"}";
    check_str("fails", post(&one), "auth");
    turn_until(loop, alerted_one, (char[]){ "zalo_token_refused" }, "staff");
    check_true("what to do", strstr(one.alert_text, "cần cấp quyền lại") != NULL);
    turn(loop, 50);
    check_true("old access token untouched", vault_has((char[]){ "\"access_token\":\"ACCESS_0\"" }));
    check_true("old refresh token untouched", vault_has((char[]){ "\"refresh_token\":\"REFRESH_0\"" }));
    check_str("texts stop", post(&one), "unavailable");
    check_int("templates stop", start(&one, WAY_ZALO_ZBS), LOA_UNAVAILABLE);
    for (int i = 0; i < 48; i++)
        pass(HOUR_MS);
    check_int("no more refreshes", platform.refreshes, 1);
    check_int("one alert", one.alerts, 1);

    process_stop(&one);
    begin(&one, true, FIRST_PAIR);
    turn_until(loop, alerted_one, (char[]){ "zalo_token_refused" },
               "a restart asks once more, and tells again");
    check_int("once", platform.refreshes, 2);

    process_stop(&one);
    platform.grant_answer = NULL;
    snprintf(platform.access, sizeof platform.access, "ACCESS_NEW");
    begin(&one, true, "access_token = ACCESS_NEW\nrefresh_token = REFRESH_NEW\n");
    check_str("a new first pair heals it", post(&one), "accepted");
    turn(loop, 50);
    check_true("and is kept", vault_has((char[]){ "REFRESH_NEW" }));
    process_stop(&one);
    begin(&one, true, FIRST_PAIR);
    check_str("an old configuration does not come back", post(&one), "accepted");
}

static void a_named_cause_is_told(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    platform.grant_answer = "{\"error\":-14002,\"error_name\":\"x\"}";
    post(&one);
    turn_until(loop, alerted_one, (char[]){ "zalo_token_refused" }, "staff");
    check_true("the cause", strstr(one.alert_text, "App ID") != NULL);
}

static void silence_is_not_refusal(void **state)
{
    static const struct {
        const char *label, *answer;
        int status;
    } cases[] = {
        { "their trouble", "{\"error\":-1}", 500 },
        { "too many calls", "{\"error\":-32,\"message\":\"x\"}", 200 },
        { "a proxy's page", "<html>", 200 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(&one, true, FIRST_PAIR);
        platform.refreshes = 0;
        platform.grant_answer = cases[i].answer;
        platform.grant_status = cases[i].status;
        unsigned once = 1, twice = 2;
        clock_advance(20 * HOUR_MS);
        turn_until(loop, refreshed, &once, cases[i].label);
        turn(loop, 50);
        check_str("the old token still works", post(&one), "accepted");
        check_int("nobody is called for one silence", one.alerts, 0);
        check_int("not at once again", platform.refreshes, 1);
        clock_advance(65000);
        turn_until(loop, refreshed, &twice, cases[i].label);
        turn(loop, 50);
        platform.grant_answer = NULL;
        clock_advance(65000);
        turn_until(loop, vault_has, (char[]){ "ACCESS_4" }, cases[i].label);
        turn(loop, 50);
        check_str("renewed in the end", post(&one), "accepted");
        process_stop(&one);
        vault_clear(&vault);
        snprintf(platform.access, sizeof platform.access, "ACCESS_0");
        snprintf(platform.refresh, sizeof platform.refresh, "REFRESH_0");
    }
}

static void long_silence_calls_staff(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    platform.grant_answer = "";
    platform.grant_status = 503;
    post(&one);
    for (int i = 0; i < 20 && one.alerts == 0; i++)
        pass(60000);
    check_str("staff", one.alert_code, "zalo_token_late");
    check_str("and nothing goes out", post(&one), "unavailable");
}

/* ---- crashes and lost answers ---- */

#define INTENT                                                                                                   \
    "{\"generation\":4,\"obtained_ms\":1794920000000,\"life_ms\":90000000,\"since_ms\":1794999999000,\"state\":" \
    "\"refreshing\",\"access_token\":\"ACCESS_0\",\"refresh_token\":\"REFRESH_0\",\"seeds\":[]}"

static void crash_before_the_platform_answered(void **state)
{
    unsigned once = 1;
    (void)state;
    vault_put(&vault, INTENT);
    begin(&one, true, "");
    check_str("the old token may still work", post(&one), "accepted");
    check_int("a predecessor may still be asking", platform.refreshes, 0);
    clock_advance(21000);
    turn_until(loop, refreshed, &once, "then once more");
    turn_until(loop, vault_has, (char[]){ "\"generation\":5" }, "kept");
    turn(loop, 50);
    check_str("nothing was lost", post(&one), "accepted");
    check_int("nobody is called", one.alerts, 0);
}

static void crash_after_the_platform_answered(void **state)
{
    (void)state;
    vault_put(&vault, INTENT);
    snprintf(platform.access, sizeof platform.access, "LOST_ACCESS");
    snprintf(platform.refresh, sizeof platform.refresh, "LOST_REFRESH");
    begin(&one, true, "");
    check_str("the old token is dead", post(&one), "auth");
    clock_advance(21000);
    turn_until(loop, alerted_one, (char[]){ "zalo_token_interrupted" }, "said plainly");
    check_true("what was lost", strstr(one.alert_text, "bị ngắt giữa chừng") != NULL);
    check_true("what to do", strstr(one.alert_text, "cần cấp quyền lại") != NULL);
    check_str("nothing goes out", post(&one), "unavailable");
}

static void answer_lost_on_the_way(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    platform.grant_lost = true;
    clock_advance(20 * HOUR_MS);
    unsigned once = 1;
    turn_until(loop, refreshed, &once, "asked");
    turn(loop, 50);
    check_str("the platform has rotated, we do not know", post(&one), "auth");
    clock_advance(10000);
    turn_until(loop, alerted_one, (char[]){ "zalo_token_interrupted" }, "said plainly");
}

static void a_pair_that_cannot_be_saved_is_not_used(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    check_str("fails", post(&one), "auth");
    turn_until(loop, vault_has, (char[]){ "refreshing" }, "intent");
    vault.save_answer = LOA_UNAVAILABLE;
    turn_until(loop, alerted_one, (char[]){ "zalo_token_unsaved" }, "staff");
    check_true("not to stop us", strstr(one.alert_text, "đừng tắt loa") != NULL);
    check_str("not used", post(&one), "unavailable");
    pass(5000);
    check_int("the platform is not asked again", platform.refreshes, 1);
    vault.save_answer = LOA_OK;
    clock_advance(2000);
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "saved");
    turn(loop, 20);
    check_str("then used", post(&one), "accepted");
    check_int("one alert", one.alerts, 1);
}

static void lease_lost_while_asking(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    check_str("fails", post(&one), "auth");
    turn_until(loop, vault_has, (char[]){ "refreshing" }, "intent");
    one.owner = false;
    unsigned once = 1;
    turn_until(loop, refreshed, &once, "asked");
    pass(5000);
    check_true("not saved by a stale owner", !vault_has((char[]){ "ACCESS_2" }));
    check_str("not used", post(&one), "unavailable");
    one.owner = true;
    clock_advance(2000);
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "saved when owner again");
    turn(loop, 20);
    check_str("used", post(&one), "accepted");
    check_int("asked once", platform.refreshes, 1);
}

static void a_stop_while_asking_loses_nothing(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    check_str("fails", post(&one), "auth");
    turn_until(loop, vault_has, (char[]){ "refreshing" }, "intent");
    process_stop(&one);
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "saved after the driver has closed");
    begin(&one, true, FIRST_PAIR);
    check_str("used after the next start", post(&one), "accepted");
    check_int("asked once", platform.refreshes, 1);
}

/* ---- several processes ---- */

static void the_others_follow(void **state)
{
    (void)state;
    begin(&one, true, FIRST_PAIR);
    begin(&two, false, FIRST_PAIR);
    check_str("both work", post(&two), "accepted");
    zalo_platform_kill_token(&platform);
    check_str("the other one notices first", post(&two), "auth");
    pass(5000);
    check_int("but does not refresh", platform.refreshes, 0);
    check_str("and waits", post(&two), "unavailable");
    check_str("the owner notices", post(&one), "auth");
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "renewed");
    turn(loop, 50);
    check_str("the other one follows", post(&two), "accepted");
    check_str("the owner too", post(&one), "accepted");
    check_int("one refresh", platform.refreshes, 1);
}

static void a_token_dead_in_silence_is_found(void **state)
{
    unsigned once = 1;
    (void)state;
    begin(&one, true, FIRST_PAIR);
    zalo_platform_kill_token(&platform);
    clock_advance(31000);
    turn_until(loop, refreshed, &once, "the look at the OA finds it");
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "renewed before any message");
}

static void a_new_owner_takes_over(void **state)
{
    unsigned once = 1;
    (void)state;
    begin(&one, true, FIRST_PAIR);
    begin(&two, false, FIRST_PAIR);
    one.owner = false;
    two.owner = true;
    zalo_platform_kill_token(&platform);
    pass(2000);
    check_str("the old owner fails", post(&one), "auth");
    check_str("the new owner fails", post(&two), "auth");
    turn_until(loop, refreshed, &once, "the new owner refreshes");
    turn_until(loop, vault_has, (char[]){ "ACCESS_2" }, "renewed");
    pass(2000);
    check_str("the old one follows", post(&one), "accepted");
    check_int("one refresh", platform.refreshes, 1);
}

static void a_tool_without_a_store(void **state)
{
    (void)state;
    begin(&one, false, FIRST_PAIR);
    process_stop(&one);
    process_start(&one, &platform, http, &vault, FIRST_PAIR);
    zalo_channel.close(one.state);
    one.env.secrets = NULL;
    check_int("opens", zalo_channel.open(&one.env, NULL, &one.state), LOA_OK);
    check_str("uses the first token", post(&one), "accepted");
    zalo_platform_kill_token(&platform);
    check_str("until it dies", post(&one), "auth");
    check_str("then nothing", post(&one), "unavailable");
    check_str("and says so", one.alert_code, "zalo_token_expired");
    check_int("never renews", platform.refreshes, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(first_pair_is_kept_and_used),
        TEST(many_failures_one_refresh),
        TEST(refresh_is_due_after_20_hours),
        TEST(only_a_refresh_token),
        TEST(no_pair_at_all),
        TEST(refusal_is_final),
        TEST(a_named_cause_is_told),
        TEST(silence_is_not_refusal),
        TEST(long_silence_calls_staff),
        TEST(crash_before_the_platform_answered),
        TEST(crash_after_the_platform_answered),
        TEST(answer_lost_on_the_way),
        TEST(a_pair_that_cannot_be_saved_is_not_used),
        TEST(lease_lost_while_asking),
        TEST(a_stop_while_asking_loses_nothing),
        TEST(the_others_follow),
        TEST(a_token_dead_in_silence_is_found),
        TEST(a_new_owner_takes_over),
        TEST(a_tool_without_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
