#include "check.h"
#include "loa/breaker.h"
#include "loa/clock.h"

#define PAUSE_MS 1000

static struct outcome answer(enum outcome_class class, const char *code, enum outcome_scope scope)
{
    struct outcome o;
    outcome_init(&o, class, code, "");
    o.scope = scope;
    return o;
}

static struct breaker opened(void)
{
    struct breaker b;
    struct outcome o = answer(OUTCOME_BALANCE, "-144", SCOPE_WAY);
    clock_freeze(1790000000000);
    breaker_init(&b, PAUSE_MS, 3);
    check_true("a person is called", breaker_feed(&b, "", &o));
    return b;
}

static bool allows(struct breaker *b)
{
    unsigned limit = 64;
    return breaker_allows(b, &limit);
}

static void test_one_probe(void **state)
{
    (void)state;
    struct breaker b = opened();
    unsigned limit = 64;
    check_true("closed to sending", !allows(&b));
    clock_advance(PAUSE_MS);
    check_true("half open", breaker_allows(&b, &limit));
    check_int("for one message", limit, 1);
    check_true("only one", !allows(&b));
    struct outcome good = answer(OUTCOME_ACCEPTED, "0", SCOPE_WAY);
    breaker_feed(&b, "", &good);
    limit = 64;
    check_true("open for business", breaker_allows(&b, &limit));
    check_int("without a limit", limit, 64);
}

static void test_failed_probe_doubles_the_pause(void **state)
{
    (void)state;
    struct breaker b = opened();
    struct outcome again = answer(OUTCOME_TRANSIENT, "503", SCOPE_WAY);
    clock_advance(PAUSE_MS);
    check_true("half open", allows(&b));
    breaker_feed(&b, "", &again);
    clock_advance(2 * PAUSE_MS - 1);
    check_true("twice the pause", !allows(&b));
    clock_advance(1);
    check_true("then another probe", allows(&b));
}

static void test_probe_that_never_was(void **state)
{
    (void)state;
    struct breaker b = opened();
    clock_advance(PAUSE_MS);
    check_true("half open", allows(&b));
    breaker_not_used(&b);
    check_true("nothing was sent: the next one may go", allows(&b));
    clock_advance(BREAKER_PROBE_MS - 1);
    check_true("waits for its answer", !allows(&b));
    clock_advance(1);
    check_true("but not for ever", allows(&b));
    struct outcome o = answer(OUTCOME_BALANCE, "-144", SCOPE_WAY);
    breaker_feed(&b, "", &o);
    breaker_not_used(&b);
    check_true("the pause after a failed probe stays", !allows(&b));
}

static void test_template(void **state)
{
    (void)state;
    struct breaker b;
    struct outcome o = answer(OUTCOME_SENDER_REJECTED, "-131", SCOPE_TEMPLATE);
    clock_freeze(1790000000000);
    breaker_init(&b, PAUSE_MS, 3);
    check_true("opens", breaker_feed(&b, "t1", &o));
    check_true("this template waits", !breaker_allows_template(&b, "t1"));
    check_true("another does not", breaker_allows_template(&b, "t2"));
    check_true("nor does the way", allows(&b));
    clock_advance(PAUSE_MS);
    check_true("a probe", breaker_allows_template(&b, "t1"));
    check_true("only one", !breaker_allows_template(&b, "t1"));
    clock_advance(BREAKER_PROBE_MS);
    check_true("unanswered: another", breaker_allows_template(&b, "t1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_probe),
        cmocka_unit_test(test_failed_probe_doubles_the_pause),
        cmocka_unit_test(test_probe_that_never_was),
        cmocka_unit_test(test_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
