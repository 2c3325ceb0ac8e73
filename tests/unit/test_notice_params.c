/* From an event to the parameters, the variants and the kind of its message. */
#include "check.h"
#include "loa/notice_params.h"
#include <stdio.h>
#include <string.h>

static struct policy *policy;

static int setup(void **state)
{
    (void)state;
    return policy_load(check_path("templates/policy"), NULL, &policy) == LOA_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    policy_free(policy);
    return 0;
}

/* 23 November 2026 08:15, due 7 December 16:30 */
static struct dossier_event base_event(int status)
{
    struct dossier_event e = { .status = status,
                               .at_ms = local_to_ms(2026, 11, 23, 8, 15, 0),
                               .received_ms = local_to_ms(2026, 11, 23, 8, 15, 0),
                               .due_ms = local_to_ms(2026, 12, 7, 16, 30, 0),
                               .procedure = "Đăng ký khai sinh",
                               .owner = "Trần Thị Bích",
                               .unit_filed = "18073",
                               .intake = INTAKE_DESK,
                               .applicant = APPLICANT_PERSON,
                               .receiver = "Lê Minh" };
    check_int("code",
              dossier_code_parse("000.00.00.H27-261123-0001", 25, local_to_ms(2026, 11, 23, 0, 0, 0), &e.code,
                                 NULL),
              LOA_OK);
    return e;
}

static void fill(const struct dossier_event *e, const char *kind, struct params *p)
{
    struct notice_context c = { .kind = kind, .hotline = "", .survey_link = "", .unsubscribe_link = "" };
    params_init(p);
    notice_params(e, policy, &c, p);
}

static void test_plain(void **state)
{
    static const struct {
        const char *name, *want;
    } cases[] = {
        { "code", "000.00.00.H27-261123-0001" },
        { "procedure", "Đăng ký khai sinh" },
        { "unit", "UBND phường Thành Sen" },
        { "unit_short", "P. Thành Sen" },
        { "unit_handling", NULL },
        { "portal", "Cổng Dịch vụ công quốc gia" },
        { "link", "https://dichvucong.gov.vn/p/home/dvc-tra-cuu-ho-so.html" },
        { "hotline", "18001096" },
        { "status_name", "Được tiếp nhận" },
        { "owner", "Trần Thị Bích" },
        { "recipient", "Trần Thị Bích" },
        { "organisation", NULL },
        { "receiver", "Lê Minh" },
        { "received_at", "1795396500000" },
        { "due", "1796635800000" },
        { "due_old", NULL },
        { "collect_at", "UBND phường Thành Sen" },
        { "post", NULL },
        { "desk", NULL },
        { "online", NULL },
        { "days_early", NULL },
        { "survey_link", NULL },
    };
    struct dossier_event e = base_event(2);
    struct params p;
    (void)state;

    fill(&e, "accepted", &p);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_str(cases[i].name, params_get(&p, cases[i].name), cases[i].want);
    params_clear(&p);
}

static void test_units(void **state)
{
    static const struct {
        const char *label, *filed, *handling, *unit, *unit_handling;
    } cases[] = {
        { "both known", "18073", "H27", "UBND phường Thành Sen", "UBND tỉnh Hà Tĩnh" },
        { "the same twice is one", "18073", "Phường Thành Sen", "UBND phường Thành Sen", NULL },
        { "a name nobody registered", "Trạm Y tế Đức Thọ", "Phòng khám Một", "Trạm Y tế Đức Thọ",
          "Phòng khám Một" },
        { "a code nobody registered", "000.99.99.H27", "000.98.98.H27", "UBND tỉnh Hà Tĩnh", NULL },
        { "only who handles it", "", "18073", "UBND phường Thành Sen", NULL },
        { "nothing said", "", "", "UBND tỉnh Hà Tĩnh", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dossier_event e = base_event(4);
        struct params p;
        snprintf(e.unit_filed, sizeof e.unit_filed, "%s", cases[i].filed);
        snprintf(e.unit_handling, sizeof e.unit_handling, "%s", cases[i].handling);
        fill(&e, "processing", &p);
        check_str(cases[i].label, params_get(&p, "unit"), cases[i].unit);
        check_str(cases[i].label, params_get(&p, "unit_handling"), cases[i].unit_handling);
        params_clear(&p);
    }
}

static void test_content(void **state)
{
    struct dossier_event e = base_event(9);
    struct params p;
    (void)state;

    e.finished_ms = local_to_ms(2026, 12, 4, 9, 0, 0);
    e.by_post = true;
    e.applicant = APPLICANT_BUSINESS;
    e.fee_vnd = 150000;
    snprintf(e.fee_items, sizeof e.fee_items, "Phí thẩm định; Lệ phí");
    snprintf(e.reason, sizeof e.reason, "Thiếu giấy tờ.. ");
    snprintf(e.result_link, sizeof e.result_link, "ftp://x");
    snprintf(e.note, sizeof e.note, "Gồm 2 bản.");
    fill(&e, "ready", &p);
    check_str("early", params_get(&p, "days_early"), "3");
    check_str("not late", params_get(&p, "late"), NULL);
    check_str("by post", params_get(&p, "post"), "1");
    check_str("nothing to collect", params_get(&p, "collect_at"), NULL);
    check_str("organisation", params_get(&p, "organisation"), "1");
    check_str("fee", params_get(&p, "fee"), "150000");
    check_str("fee items", params_get(&p, "fee_items"), "Phí thẩm định\nLệ phí");
    check_str("no full stop of its own", params_get(&p, "reason"), "Thiếu giấy tờ");
    check_str("a link that is none is left out", params_get(&p, "result_link"), NULL);
    check_str("note at hand-over", params_get(&p, "note"), "Gồm 2 bản");
    params_clear(&p);
    e.finished_ms = local_to_ms(2026, 12, 8, 9, 0, 0);
    e.authorised = true;
    snprintf(e.agent, sizeof e.agent, "Phạm Dũng");
    fill(&e, "ready", &p);
    check_str("late", params_get(&p, "late"), "1");
    check_str("not early", params_get(&p, "days_early"), NULL);
    check_str("the authorised person reads it", params_get(&p, "recipient"), "Phạm Dũng");
    check_str("and is a person", params_get(&p, "organisation"), NULL);
    check_str("whose dossier", params_get(&p, "owner"), "Trần Thị Bích");
    params_clear(&p);
    e.status = 4;
    fill(&e, "processing", &p);
    check_str("notes for colleagues stay inside", params_get(&p, "note"), NULL);
    params_clear(&p);
    e.status = 3;
    fill(&e, "refused", &p);
    check_str("but guide after a refusal", params_get(&p, "guidance"), "Gồm 2 bản");
    params_clear(&p);
}

static void test_variants(void **state)
{
    static const struct {
        const char *label, *kind, *result_link, *want;
        enum intake_channel intake;
        bool by_post, due;
    } cases[] = {
        { "desk", "accepted", "", "desk ", INTAKE_DESK, false, true },
        { "online without a due date", "accepted", "", "online no_due ", INTAKE_ONLINE, false, false },
        { "post", "ready", "https://x", "post online ", INTAKE_ONLINE, true, true },
        { "e-result of an online dossier", "ready", "https://x", "electronic online ", INTAKE_ONLINE, false,
          true },
        { "e-result of a desk dossier", "ready", "https://x", "desk ", INTAKE_DESK, false, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dossier_event e = base_event(9);
        const char *out[5];
        char got[100] = "";
        e.intake = cases[i].intake;
        e.by_post = cases[i].by_post;
        e.due_ms = cases[i].due ? e.due_ms : 0;
        snprintf(e.result_link, sizeof e.result_link, "%s", cases[i].result_link);
        notice_variants(&e, cases[i].kind, out, 4);
        for (size_t v = 0, at = 0; out[v] != NULL; v++)
            at += (size_t)snprintf(got + at, sizeof got - at, "%s ", out[v]);
        check_str(cases[i].label, got, cases[i].want);
    }
    const char *one[2];
    struct dossier_event e = base_event(9);
    e.by_post = true;
    notice_variants(&e, "ready", one, 1);
    check_true("no more than asked for", strcmp(one[0], "post") == 0 && one[1] == NULL);
}

static void test_kinds(void **state)
{
    static const struct {
        const char *label;
        int before; /* status before; -1 unknown dossier */
        int status;
        const char *unit; /* handling now, "" not said */
        int due_days;     /* due moved by so many days */
        bool apology;
        const char *want;
    } cases[] = {
        { "new online dossier", -1, 1, "", 0, false, "submitted" },
        { "accepted", 1, 2, "", 0, false, "accepted" },
        { "refused", 1, 3, "", 0, false, "refused" },
        { "work starts in the same unit", 2, 4, "", 0, false, NULL },
        { "work starts in another unit", 2, 4, "H27", 0, false, "processing" },
        { "first heard of in work", -1, 4, "H27", 0, false, NULL },
        { "supplement", 4, 5, "", 0, false, "supplement" },
        { "the same supplement again", 5, 5, "", 0, false, NULL },
        { "back to work with a new date", 5, 4, "", 3, false, "due_changed" },
        { "a new date without an apology", 4, 4, "", 3, false, "due_changed" },
        { "an apology", 4, 4, "", 3, true, "apology" },
        { "no apology on a result", 4, 9, "", 3, true, "ready" },
        { "ready", 4, 9, "", 0, false, "ready" },
        { "taken back for correction", 9, 4, "", 0, false, "reopened" },
        { "handed over", 9, 10, "", 0, false, "returned" },
        { "told again after the end", 10, 10, "", 0, false, NULL },
        { "while you wait", 2, 10, "", 0, false, "returned" },
        { "withdrawn", 4, 7, "", 0, false, "withdrawn" },
        { "waits for another agency", 4, 0, "", 0, false, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dossier_event before = base_event(cases[i].before), e = base_event(cases[i].status);
        snprintf(e.unit_handling, sizeof e.unit_handling, "%s", cases[i].unit);
        e.due_ms += cases[i].due_days * CALENDAR_DAY_MS;
        e.apology = cases[i].apology;
        check_str(cases[i].label, notice_kind(&e, cases[i].before >= 0 ? &before : NULL, policy),
                  cases[i].want);
    }
}

static void test_asked_again(void **state)
{
    struct dossier_event before = base_event(5), e = base_event(5);
    (void)state;

    snprintf(e.items, sizeof e.items, "Giấy ủy quyền");
    check_str("other papers are news", notice_kind(&e, &before, policy), "supplement");
    before = base_event(6);
    e = base_event(6);
    e.fee_vnd = 5000;
    check_str("so is another amount", notice_kind(&e, &before, policy), "payment");
    before = base_event(4);
    e = base_event(4);
    before.apology = e.apology = true;
    check_str("one apology per date", notice_kind(&e, &before, policy), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),    cmocka_unit_test(test_units), cmocka_unit_test(test_content),
        cmocka_unit_test(test_variants), cmocka_unit_test(test_kinds), cmocka_unit_test(test_asked_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
