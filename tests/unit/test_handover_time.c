#include "check.h"
#include "loa/handover.h"
#include <stdio.h>
#include <string.h>

#define MINUTE_MS 60000LL
#define HOUR_MS   (60 * MINUTE_MS)

static int64_t at(const char *s)
{
    int year, month, day, hour = 0, minute = 0, second = 0;
    sscanf(s, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute, &second);
    return local_to_ms(year, month, day, hour, minute, second);
}

static const char *print(int64_t ms)
{
    static char out[40];
    date_print_rfc3339(ms, out);
    out[10] = ' ';
    out[16] = '\0';
    return out;
}

static struct calendar *calendar;

static int load(void **state)
{
    (void)state;
    struct errors *err = errors_new();
    check_int("loads", calendar_load(check_path("templates/policy"), err, &calendar), LOA_OK);
    errors_free(err);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    calendar_free(calendar);
    return 0;
}

static const struct desk desk = { .id = "mot-cua",
                                  .name = "Một cửa",
                                  .unit = "ttpvhcc-ha-tinh",
                                  .escalate_to = "",
                                  .answer_within_ms = 10 * MINUTE_MS,
                                  .reply_within_ms = 15 * MINUTE_MS,
                                  .silence_ms = 30 * MINUTE_MS,
                                  .gone_ms = 2 * MINUTE_MS,
                                  .usual_ms = 6 * MINUTE_MS,
                                  .waiting_max = 100 };

static const struct {
    const char *label, *now;
    unsigned ahead, officers;
    unsigned minutes; /* promised now; 0: later */
    const char *from; /* promised later */
    int days;
    unsigned weekday;
    const char *due;
} promises[] = {
    { "in office hours, nobody before", "2026-11-23 08:00:00", 0, 1, 1, "", 0, 0, "2026-11-23 08:10" },
    { "third in line, one officer", "2026-11-23 08:00:00", 2, 1, 12, "", 0, 0, "2026-11-23 08:22" },
    { "third in line, two officers", "2026-11-23 08:00:00", 2, 2, 6, "", 0, 0, "2026-11-23 08:16" },
    { "nobody at the desk counts as one", "2026-11-23 08:00:00", 1, 0, 6, "", 0, 0, "2026-11-23 08:16" },
    { "11:45 gets 13:30", "2026-11-23 11:45:00", 0, 1, 0, "2026-11-23 13:30", 0, 1, "2026-11-23 13:40" },
    { "11:29:59 still now", "2026-11-23 11:29:59", 0, 1, 1, "", 0, 0, "2026-11-23 13:39" },
    { "11:30 sharp is lunch", "2026-11-23 11:30:00", 0, 1, 0, "2026-11-23 13:30", 0, 1, "2026-11-23 13:40" },
    { "before lunch, but too many before", "2026-11-23 11:20:00", 5, 1, 0, "2026-11-23 13:50", 0, 1,
      "2026-11-23 14:00" },
    { "what ends exactly at lunch comes after it", "2026-11-23 11:24:00", 1, 1, 0, "2026-11-23 13:30", 0, 1,
      "2026-11-23 13:40" },
    { "at lunch, three before, to five minutes", "2026-11-23 12:00:00", 3, 1, 0, "2026-11-23 13:50", 0, 1,
      "2026-11-23 13:58" },
    { "before the desk opens", "2026-11-23 06:00:00", 0, 1, 0, "2026-11-23 07:30", 0, 1, "2026-11-23 07:40" },
    { "in the evening: tomorrow", "2026-11-23 17:00:00", 0, 1, 0, "2026-11-24 07:30", 1, 2,
      "2026-11-24 07:40" },
    { "Sunday evening: tomorrow, Monday", "2026-11-22 20:00:00", 0, 1, 0, "2026-11-23 07:30", 1, 1,
      "2026-11-23 07:40" },
    { "Friday evening: Monday", "2026-11-20 18:00:00", 0, 1, 0, "2026-11-23 07:30", 3, 1,
      "2026-11-23 07:40" },
    { "Saturday is closed here", "2026-11-21 09:00:00", 0, 1, 0, "2026-11-23 07:30", 2, 1,
      "2026-11-23 07:40" },
    { "make-up Saturday is open", "2026-08-22 09:00:00", 0, 1, 1, "", 0, 0, "2026-08-22 09:10" },
    { "the evening before a make-up Saturday", "2026-08-21 18:00:00", 0, 1, 0, "2026-08-22 07:30", 1, 6,
      "2026-08-22 07:40" },
    { "before Tết: when the office opens again", "2026-02-13 17:30:00", 0, 1, 0, "2026-02-23 07:30", 10, 1,
      "2026-02-23 07:40" },
    { "in the middle of Tết", "2026-02-17 00:05:00", 0, 1, 0, "2026-02-23 07:30", 6, 1, "2026-02-23 07:40" },
    { "the evening before Giỗ Tổ's long weekend", "2026-04-24 17:00:00", 0, 1, 0, "2026-04-28 07:30", 4, 2,
      "2026-04-28 07:40" },
    { "a queue longer than a day", "2026-11-23 16:00:00", 80, 1, 0, "2026-11-24 16:30", 1, 2,
      "2026-11-24 16:40" },
};

static void test_promises(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof promises / sizeof promises[0]; i++) {
        struct promise p;
        struct handover_load load_now = { promises[i].ahead, promises[i].officers };
        handover_promise(calendar, &desk, at(promises[i].now), &load_now, &p);
        check_int(promises[i].label, p.now, promises[i].minutes > 0);
        check_int(promises[i].label, p.minutes, promises[i].minutes);
        check_int(promises[i].label, p.place, promises[i].ahead + 1);
        check_str(promises[i].label, p.now ? "" : print(p.from_ms), promises[i].from);
        check_int(promises[i].label, p.days, promises[i].days);
        check_int(promises[i].label, p.weekday, promises[i].weekday);
        check_str(promises[i].label, print(p.due_ms), promises[i].due);
    }
}

static void test_promise_saturday_morning(void **state)
{
    (void)state;
    struct desk open_on_saturday = desk;
    open_on_saturday.unit = "TTPVHCC-MAU";
    struct promise p;
    struct handover_load nobody = { 0, 1 };
    handover_promise(calendar, &open_on_saturday, at("2026-11-20 18:00:00"), &nobody, &p);
    check_str("Friday evening", print(p.from_ms), "2026-11-21 07:30");
    handover_promise(calendar, &open_on_saturday, at("2026-11-21 09:00:00"), &nobody, &p);
    check_true("Saturday morning", p.now);
    handover_promise(calendar, &open_on_saturday, at("2026-11-21 11:30:00"), &nobody, &p);
    check_str("Saturday noon", print(p.from_ms), "2026-11-23 07:30");
}

/* Whatever the hour, the promise is no earlier than now and falls into office hours, and escalation comes
 * after. */
static void test_promise_always_open(void **state)
{
    (void)state;
    for (int64_t now = at("2026-02-10 00:00:00"); now < at("2026-03-01 00:00:00"); now += 17 * MINUTE_MS)
        for (unsigned ahead = 0; ahead < 200; ahead += 37) {
            struct promise p;
            struct handover_load load_now = { ahead, 2 };
            handover_promise(calendar, &desk, now, &load_now, &p);
            check_true("open when promised",
                       calendar_office_open(calendar, desk.unit, p.now ? now : p.from_ms));
            check_true("not in the past", p.now || p.from_ms > now);
            check_true("escalated afterwards", p.due_ms >= (p.now ? now : p.from_ms));
        }
}

static const struct {
    const char *label;
    bool talking;
    const char *now, *due, *since, *citizen, *officer, *seen;
    enum handover_event want;
    const char *look;
} dues[] = {
    { "waits, in time", false, "2026-11-23 08:05:00", "2026-11-23 08:10:00", "", "", "", "", HANDOVER_NOTHING,
      "2026-11-23 08:10" },
    { "waits too long", false, "2026-11-23 08:10:00", "2026-11-23 08:10:00", "", "", "", "",
      HANDOVER_ESCALATE, "" },
    { "talks", true, "2026-11-23 08:05:00", "", "2026-11-23 08:00:00", "2026-11-23 08:04:00",
      "2026-11-23 08:04:30", "2026-11-23 08:04:55", HANDOVER_NOTHING, "2026-11-23 08:06" },
    { "taken, no word yet", true, "2026-11-23 08:14:00", "", "2026-11-23 08:00:00", "2026-11-23 07:50:00", "",
      "2026-11-23 08:14:00", HANDOVER_NOTHING, "2026-11-23 08:15" },
    { "taken, no word for too long", true, "2026-11-23 08:15:00", "", "2026-11-23 08:00:00",
      "2026-11-23 07:50:00", "", "2026-11-23 08:15:00", HANDOVER_LEFT, "" },
    { "the citizen waits for an answer too long", true, "2026-11-23 08:25:00", "", "2026-11-23 08:00:00",
      "2026-11-23 08:10:00", "2026-11-23 08:05:00", "2026-11-23 08:25:00", HANDOVER_LEFT, "" },
    { "lunch does not count", true, "2026-11-23 13:40:00", "", "2026-11-23 11:00:00", "2026-11-23 11:20:00",
      "2026-11-23 11:10:00", "2026-11-23 13:40:00", HANDOVER_LEFT, "" },
    { "lunch does not count: not yet", true, "2026-11-23 13:34:00", "", "2026-11-23 11:00:00",
      "2026-11-23 11:20:00", "2026-11-23 11:10:00", "2026-11-23 13:34:00", HANDOVER_NOTHING,
      "2026-11-23 13:35" },
    { "both silent", true, "2026-11-23 08:40:00", "", "2026-11-23 08:00:00", "2026-11-23 08:05:00",
      "2026-11-23 08:10:00", "2026-11-23 08:40:00", HANDOVER_BOT_BACK, "" },
    { "the officer's connection is lost", true, "2026-11-23 08:12:00", "", "2026-11-23 08:00:00",
      "2026-11-23 08:05:00", "2026-11-23 08:09:00", "2026-11-23 08:10:00", HANDOVER_LEFT, "" },
    { "back in time", true, "2026-11-23 08:11:00", "", "2026-11-23 08:00:00", "2026-11-23 08:05:00",
      "2026-11-23 08:09:00", "2026-11-23 08:10:00", HANDOVER_NOTHING, "2026-11-23 08:12" },
    { "gone for a long time and both silent: nobody needs to be asked", true, "2026-11-23 16:00:00", "",
      "2026-11-23 08:00:00", "2026-11-23 08:05:00", "2026-11-23 08:09:00", "2026-11-23 08:10:00",
      HANDOVER_BOT_BACK, "" },
};

static void test_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++) {
        int64_t look = 0, now = at(dues[i].now);
        const struct handover_state s = { .talking = dues[i].talking,
                                          .due_ms = dues[i].due[0] ? at(dues[i].due) : 0,
                                          .since_ms = dues[i].since[0] ? at(dues[i].since) : 0,
                                          .citizen_ms = dues[i].citizen[0] ? at(dues[i].citizen) : 0,
                                          .officer_ms = dues[i].officer[0] ? at(dues[i].officer) : 0,
                                          .seen_ms = dues[i].seen[0] ? at(dues[i].seen) : 0 };
        enum handover_event e = handover_due(calendar, &desk, &s, now, &look);
        check_int(dues[i].label, e, dues[i].want);
        check_str(dues[i].label, e == HANDOVER_NOTHING ? print(look) : "", dues[i].look);
        check_true(dues[i].label, e != HANDOVER_NOTHING || look > now);
    }
}

static const struct {
    const char *label, *from, *to;
    int64_t ms;
} spans[] = {
    { "within a morning", "2026-11-23 08:00:00", "2026-11-23 08:10:00", 10 * MINUTE_MS },
    { "over lunch", "2026-11-23 11:00:00", "2026-11-23 14:00:00", HOUR_MS },
    { "over a weekend", "2026-11-20 16:30:00", "2026-11-23 08:00:00", HOUR_MS },
    { "at night", "2026-11-23 18:00:00", "2026-11-24 07:00:00", 0 },
    { "backwards", "2026-11-23 10:00:00", "2026-11-23 09:00:00", 0 },
    { "over Tết", "2026-02-13 16:00:00", "2026-02-23 08:30:00", 2 * HOUR_MS },
};

static void test_office_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        int64_t from = at(spans[i].from);
        check_int(spans[i].label, calendar_office_ms(calendar, desk.unit, from, at(spans[i].to)),
                  spans[i].ms);
        int64_t end = calendar_add_office_ms(calendar, desk.unit, from, spans[i].ms);
        check_int(spans[i].label, calendar_office_ms(calendar, desk.unit, from, end), spans[i].ms);
    }
    check_str("closes for lunch", print(calendar_next_closing(calendar, NULL, at("2026-11-23 08:00:00"))),
              "2026-11-23 11:30");
    check_str("closed already", print(calendar_next_closing(calendar, NULL, at("2026-11-23 12:00:00"))),
              "2026-11-23 12:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_promise_saturday_morning),
        cmocka_unit_test(test_promise_always_open),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_office_time),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
