/* The shipped tables load and say what they should; wrong files are refused at the right line. */
#include "check.h"
#include "loa/policy.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct policy *shipped(void)
{
    struct errors *err = errors_new();
    struct policy *p = NULL;

    enum loa_status st = policy_load(check_path("templates/policy"), err, &p);
    for (unsigned i = 0; i < err->count; i++)
        printf("%s: %s\n", err->item[i].pointer, err->item[i].detail);
    check_int("the shipped policy loads", st, LOA_OK);
    errors_free(err);
    return p;
}

static void test_statuses(void **state)
{
    static const struct {
        int code;
        const char *name, *kind;
        bool action;
        enum lane lane;
    } cases[] = {
        { 0, "Đang liên thông", NULL, false, LANE_NORMAL },
        { 1, "Mới đăng ký", "submitted", false, LANE_NORMAL },
        { 2, "Được tiếp nhận", "accepted", false, LANE_NORMAL },
        { 3, "Không được tiếp nhận", "refused", false, LANE_NORMAL },
        { 4, "Đang xử lý", "processing", false, LANE_NORMAL },
        { 5, "Yêu cầu bổ sung giấy tờ", "supplement", true, LANE_URGENT },
        { 6, "Yêu cầu thực hiện nghĩa vụ tài chính", "payment", true, LANE_URGENT },
        { 7, "Công dân yêu cầu rút hồ sơ", "withdrawn", false, LANE_NORMAL },
        { 8, "Dừng xử lý", "stopped", false, LANE_NORMAL },
        { 9, "Đã xử lý xong", "ready", false, LANE_NORMAL },
        { 10, "Đã trả kết quả", "returned", false, LANE_NORMAL },
    };
    struct policy *p = shipped();
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct status_rule *r = policy_status(p, cases[i].code);
        check_true(cases[i].name, r != NULL);
        check_str(cases[i].name, r->name_vi, cases[i].name);
        check_str(cases[i].name, r->kind, cases[i].kind);
        check_int(cases[i].name, r->action, cases[i].action);
        check_int(cases[i].name, r->lane, cases[i].lane);
        check_true("says what to do", r->next_vi[0] != '\0');
    }
    check_true("11 is unknown", policy_status(p, 11) == NULL && policy_status(p, -1) == NULL);
    check_true("4 is pushed when the unit changes", policy_status(p, 4)->on_unit_change);
    check_int("after 1 come 2, 3, 5, 7", policy_status(p, 1)->expected, 1 << 2 | 1 << 3 | 1 << 5 | 1 << 7);
    check_true("apology has a rule of its own", policy_kind_rule(p, "apology")->action);
    check_int("a rule of a kind has no code", policy_kind_rule(p, "apology")->code, -1);
    check_int("the rule of a status by its kind", policy_kind_rule(p, "ready")->code, 9);
    check_str("the usual topic", policy_kind_rule(p, "ready")->topic->word, "dossier");
    check_true("the last topic has an end", policy_topic_at(p, TOPICS_MAX) == NULL);
    check_true("known kinds", policy_kind_known(p, "test") && !policy_kind_known(p, "nothing"));
    policy_free(p);
}

static void print_plan(struct plan plan, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < plan.count; i++)
        at += (size_t)snprintf(out + at, size - at, "%s%s=%s%lld", i ? " " : "", way_word(plan.step[i].way),
                               plan.step[i].alongside ? "+" : "", (long long)plan.step[i].wait_ms / 60000);
}

static void test_plans(void **state)
{
    static const struct {
        const char *kind, *want;
    } cases[] = {
        { "accepted", "portal=+0 zalo_cs=10 zalo_uid=120 zalo_zbs=120 sms=1440 email=+0" },
        { "supplement", "portal=+0 zalo_cs=5 zalo_uid=15 zalo_zbs=15 sms=1440 email=+0" },
        { "processing", "portal=+0 zalo_cs=10 zalo_uid=120 zalo_zbs=120 email=+0" },
        { "never heard of", "portal=+0 zalo_cs=10 zalo_uid=120 zalo_zbs=120 sms=1440 email=+0" },
    };
    struct policy *p = shipped();
    char got[256];
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_plan(policy_plan(p, cases[i].kind), got, sizeof got);
        check_str(cases[i].kind, got, cases[i].want);
    }
    policy_free(p);
}

static void test_quiet_hours(void **state)
{
    static const struct {
        const char *label;
        enum way way;
        enum lane lane;
        int hour, minute, want_day, want_hour;
    } cases[] = {
        { "SMS at noon goes now", WAY_SMS, LANE_NORMAL, 12, 0, 23, 12 },
        { "SMS at 21:00 waits for the morning", WAY_SMS, LANE_NORMAL, 21, 0, 24, 7 },
        { "SMS after midnight waits for the same morning", WAY_SMS, LANE_NORMAL, 3, 0, 23, 7 },
        { "SMS at 07:00 goes", WAY_SMS, LANE_NORMAL, 7, 0, 23, 7 },
        { "urgent news keeps the night too", WAY_SMS, LANE_URGENT, 23, 30, 24, 7 },
        { "ZBS at 21:30 goes now", WAY_ZALO_ZBS, LANE_NORMAL, 21, 30, 23, 21 },
        { "ZBS at 22:00 waits", WAY_ZALO_ZBS, LANE_NORMAL, 22, 0, 24, 6 },
        { "e-mail never waits", WAY_EMAIL, LANE_NORMAL, 2, 0, 23, 2 },
        { "bulk e-mail does", WAY_EMAIL, LANE_BULK, 2, 0, 23, 7 },
        { "the portal never waits", WAY_PORTAL, LANE_BULK, 2, 0, 23, 2 },
    };
    struct policy *p = shipped();
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t now = local_to_ms(2026, 11, 23, cases[i].hour, cases[i].minute, 0);
        int minute = cases[i].want_day == 23 && cases[i].want_hour == cases[i].hour ? cases[i].minute : 0;
        check_int(cases[i].label, policy_not_before(p, cases[i].way, cases[i].lane, true, now),
                  local_to_ms(2026, 11, cases[i].want_day, cases[i].want_hour, minute, 0));
    }
    policy_ignore_quiet_hours(p);
    int64_t night = local_to_ms(2026, 11, 23, 3, 0, 0);
    check_int("demos do not wait", policy_not_before(p, WAY_SMS, LANE_NORMAL, false, night), night);
    policy_free(p);
}

static void test_places(void **state)
{
    struct policy *p = shipped();
    int64_t before = local_to_ms(2025, 6, 30, 23, 59, 59), after = local_to_ms(2025, 7, 1, 0, 0, 0);
    struct portal_info portal;
    (void)state;

    check_str("by GSO code", policy_unit(p, "18073", after)->name, "UBND phường Thành Sen");
    check_str("by name", policy_unit(p, "Phường Thành Sen", after)->id, "xa-18073");
    check_str("by full name, typed sloppily", policy_unit(p, "Uỷ ban nhân dân  phường thành sen", after)->id,
              "xa-18073");
    check_str("by old code", policy_unit(p, "000.00.00.H27", after)->id, "H27");
    check_str("by new code", policy_unit(p, "H06", before)->name, "UBND tỉnh Bà Rịa - Vũng Tàu");
    check_str("what is no more has a successor", policy_unit(p, "H06", after)->successor, "H29");
    check_true("unknown unit", policy_unit(p, "nowhere", after) == NULL && policy_unit(p, "", after) == NULL);
    check_str("agency", policy_agency_name(p, "H27", after), "UBND tỉnh Hà Tĩnh");
    check_str("agency before its merger", policy_agency_name(p, "G10", local_to_ms(2024, 1, 1, 0, 0, 0)),
              "Bộ Nông nghiệp và Phát triển nông thôn");
    check_str("and after", policy_agency_name(p, "G10", after), "Bộ Nông nghiệp và Môi trường");
    check_true("unknown agency", policy_agency_name(p, "Z99", after) == NULL);
    policy_portal(p, NULL, "000.00.00.H27-250601-0001", "H27", before, &portal);
    check_str("the province's portal to its last day", portal.name, "Cổng Dịch vụ công tỉnh Hà Tĩnh");
    policy_portal(p, NULL, "H27-260101-0001", "H27", after, &portal);
    check_str("then the national one", portal.link,
              "https://dichvucong.gov.vn/p/home/dvc-tra-cuu-ho-so.html");
    policy_portal(p, "dkkd", "x", "H27", after, &portal);
    check_str("the source system goes first", portal.link, "https://dangkykinhdoanh.gov.vn");
    check_str("operator", policy_phone_operator(p, "84912345678"), "VinaPhone");
    check_str("the longest prefix counts", policy_phone_operator(p, "84559123456"), "Wintel");
    check_str("no such range", policy_phone_operator(p, "84512345678"), NULL);
    policy_free(p);
}

/* ---- wrong files: a copy of the shipped folder with one file replaced ---- */

static void put_file(const char *dir, const char *name, const char *content)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static const char *folder_with(const char *name, const char *content)
{
    static const char *const files[] = { "topics.ini",   "statuses.ini", "plans.ini", "limits.ini",
                                         "portals.tsv",  "agencies.tsv", "units.tsv", "phone_prefixes.tsv",
                                         "calendar.tsv", "hours.ini" };
    static char dir[512];
    static int number;

    snprintf(dir, sizeof dir, "%s/policy%d", check_tmpdir(), number++);
    assert_int_equal(mkdir(dir, 0700), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct buf b = BUF_INIT(1 << 20);
        char from[512];
        snprintf(from, sizeof from, "templates/policy/%s", files[i]);
        assert_int_equal(buf_read_file(&b, check_path(from)), LOA_OK);
        put_file(dir, files[i], buf_cstr(&b));
        buf_clear(&b);
    }
    put_file(dir, name, content);
    return dir;
}

static void test_faults(void **state)
{
    static const struct {
        const char *label, *file, *content, *place, *code;
    } cases[] = {
        { "topic twice", "topics.ini", "[dossier]\n[dossier]\n", "topics.ini:2", "bad_section" },
        { "topic in capitals", "topics.ini", "[News]\n", "topics.ini:1", "bad_section" },
        { "unknown key of a topic", "topics.ini", "[dossier]\ncolour = red\n", "topics.ini:2",
          "unknown_key" },
        { "unknown status", "statuses.ini", "[11]\n", "statuses.ini:1", "bad_section" },
        { "status twice", "statuses.ini", "[1]\n[1]\n", "statuses.ini:2", "bad_section" },
        { "unknown key", "statuses.ini", "[1]\ncolour = red\n", "statuses.ini:2", "unknown_key" },
        { "bad lane", "statuses.ini", "[1]\nlane = fast\n", "statuses.ini:2", "bad_value" },
        { "bad flag", "statuses.ini", "[1]\naction = maybe\n", "statuses.ini:2", "bad_value" },
        { "bad time", "statuses.ini", "[1]\nexpires = soon\n", "statuses.ini:2", "bad_value" },
        { "bad list", "statuses.ini", "[1]\nexpected = 2,99\n", "statuses.ini:2", "bad_value" },
        { "incomplete", "statuses.ini", "[1]\nname_vi = x\n", "statuses.ini", "incomplete" },
        { "plan of an unknown kind", "plans.ini", "[default]\nsms = 0\n[nothing]\n", "plans.ini:3",
          "bad_section" },
        { "plan by an unknown way", "plans.ini", "[default]\nfax = 0\n", "plans.ini:2", "unknown_key" },
        { "plan with a bad wait", "plans.ini", "[default]\nsms = long\n", "plans.ini:2", "bad_value" },
        { "a way twice", "plans.ini", "[default]\nsms = 0\nsms = 1m\n", "plans.ini:3", "twice" },
        { "no default plan", "plans.ini", "[test]\nsms = 0\n", "plans.ini", "incomplete" },
        { "bad quiet hours", "limits.ini", "[quiet]\nsms = 25:00-07:00\n", "limits.ini:2", "bad_value" },
        { "half a clock", "limits.ini", "[quiet]\nsms = 21:00-7:00\n", "limits.ini:2", "bad_value" },
        { "unknown limit", "limits.ini", "[attempts]\nretries = 2\n", "limits.ini:2", "unknown_key" },
        { "limits missing", "limits.ini", "[attempts]\ntries = 2\n", "limits.ini", "incomplete" },
        { "too few columns", "portals.tsv", "a\tb\n", "portals.tsv:1", "bad_row" },
        { "portal without https", "portals.tsv", "*\tx\thttp://x\t-\t-\t-\n", "portals.tsv:1", "bad_row" },
        { "bad day", "agencies.tsv", "H27\tx\t2025-02-30\t-\t-\n", "agencies.tsv:1", "bad_row" },
        { "days turned round", "agencies.tsv", "H27\tx\t2025-02-02\t2025-01-01\t-\n", "agencies.tsv:1",
          "bad_row" },
        { "unit twice", "units.tsv", "a\tA\tA\t-\t-\t-\t-\t-\t-\t-\t-\na\tA\tA\t-\t-\t-\t-\t-\t-\t-\t-\n",
          "units.tsv:2", "bad_row" },
        { "unknown successor", "units.tsv", "a\tA\tA\t-\t-\t-\t-\t-\t-\t-\tzz\n", "units.tsv", "bad_unit" },
        { "bad prefix", "phone_prefixes.tsv", "84\tx\n", "phone_prefixes.tsv:1", "bad_row" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errors *err = errors_new();
        struct policy *p = NULL;
        const char *dir = folder_with(cases[i].file, cases[i].content);
        check_int(cases[i].label, policy_load(dir, err, &p), LOA_INVALID);
        check_true(cases[i].label, err->count > 0 && p == NULL);
        check_str(cases[i].label, err->item[0].pointer + strlen(dir) + 1, cases[i].place);
        check_str(cases[i].label, err->item[0].code, cases[i].code);
        errors_free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses), cmocka_unit_test(test_plans),  cmocka_unit_test(test_quiet_hours),
        cmocka_unit_test(test_places),   cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
