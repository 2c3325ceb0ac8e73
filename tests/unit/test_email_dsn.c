#include "check.h"
#include "loa/email_classify.h"
#include "loa/email_dsn.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dsn read_fixture(const char *name)
{
    struct buf raw = BUF_INIT(DSN_MAX_BYTES);
    struct dsn d;
    char path[128];

    snprintf(path, sizeof path, "tests/fixtures/email/%s.eml", name);
    check_int(name, buf_read_file(&raw, check_path(path)), LOA_OK);
    check_int(name, dsn_parse(buf_cstr(&raw), raw.len, &d), LOA_OK);
    buf_clear(&raw);
    return d;
}

/* ---- reading ---- */

static void mails_are_told_apart(void **state)
{
    static const struct {
        const char *file;
        enum mail_kind kind;
        unsigned count;
        const char *action, *status, *diagnostic;
    } cases[] = {
        { "postfix_unknown_user", MAIL_REPORT, 1, "failed", "5.1.1",
          "smtp; 550 5.1.1 <an@example.vn>: Recipient address    rejected: User unknown" },
        { "postfix_expired", MAIL_REPORT, 1, "failed", "4.2.2", "smtp; 450 4.2.2 Mailbox full" },
        { "postfix_delayed", MAIL_REPORT, 1, "delayed", "4.4.1", NULL },
        { "postfix_relayed", MAIL_REPORT, 1, "relayed", "2.0.0", NULL },
        { "delivered", MAIL_REPORT, 1, "delivered", "2.0.0", NULL },
        { "exchange_unknown_user", MAIL_REPORT, 1, "failed", "5.1.10", NULL },
        { "international", MAIL_REPORT, 1, "failed", "5.6.7", "smtp; 553 5.6.7 SMTPUTF8 required" },
        { "two_recipients", MAIL_REPORT, 2, "failed", "5.2.1", "" },
        { "plain_bounce", MAIL_BOUNCE, 0, "", "", "" },
        { "absence_note", MAIL_AUTO_REPLY, 0, "", "", "" },
        { "citizen_writes", MAIL_OTHER, 0, "", "", "" },
        { "report_from_a_person", MAIL_OTHER, 1, "failed", "5.1.1", "" },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dsn d = read_fixture(cases[i].file);
        check_int(cases[i].file, d.kind, cases[i].kind);
        check_int(cases[i].file, d.count, cases[i].count);
        check_str(cases[i].file, d.report[0].action, cases[i].action);
        check_str(cases[i].file, d.report[0].status, cases[i].status);
        if (cases[i].diagnostic != NULL)
            check_str(cases[i].file, d.report[0].diagnostic, cases[i].diagnostic);
        check_str(cases[i].file, d.envelope_to, "VERP");
    }
}

static void date_and_subject(void **state)
{
    struct dsn d = read_fixture("exchange_unknown_user");

    (void)state;
    check_int("date", d.at_ms, 1795398000000LL);
    check_str("subject", d.subject, "Không gửi được");
}

static void second_recipient_is_read(void **state)
{
    struct dsn d = read_fixture("two_recipients");

    (void)state;
    check_str("action", d.report[1].action, "expanded");
    check_str("status", d.report[1].status, "2.0.0");
}

static void statuses_in_text(void **state)
{
    static const struct {
        const char *text, *status; /* NULL: none */
    } cases[] = {
        { "smtp; 550-5.7.26 This mail", "5.7.26" },
        { "550 5.1.1 <a@b>", "5.1.1" },
        { "mx 203.0.113.5 said 550 5.2.1", "5.2.1" },
        { "5.1.1", "5.1.1" },
        { "(#5.1.1)", "5.1.1" },
        { "15.1.1 and 3.1.1 and 5.1 and 5.1.1.1", NULL },
        { "5.1111.1", NULL },
        { "", NULL },
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char status[12] = "";
        bool found = dsn_status_in(cases[i].text, status);
        check_int(cases[i].text, found, cases[i].status != NULL);
        check_str(cases[i].text, status, cases[i].status ? cases[i].status : "");
    }
}

static void hostile_mails(void **state)
{
    struct buf b = BUF_INIT(2 * DSN_MAX_BYTES);
    struct dsn d;

    (void)state;
    check_int("nothing", dsn_parse("", 0, &d), LOA_INVALID);
    check_int("no header", dsn_parse("\r\n\r\n", 4, &d), LOA_OK);
    check_int("is nothing for us", d.kind, MAIL_OTHER);

    for (int i = 0; i < 12000; i++)
        buf_printf(&b, "Content-Type: multipart/report; boundary=b%d\n\n--b%d\n", i, i);
    check_true("made", buf_ok(&b));
    b.len = b.len > DSN_MAX_BYTES ? DSN_MAX_BYTES : b.len;
    check_int("deep nesting", dsn_parse(buf_cstr(&b), b.len, &d), LOA_OK);
    check_int("no reports", d.count, 0);

    buf_reset(&b);
    buf_str(
        &b,
        "Return-Path: <>\nContent-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n");
    for (int i = 0; i < 1000; i++)
        buf_str(&b, "\nAction: failed\nStatus: 5.1.1\n");
    buf_str(&b, "--b--\n");
    check_int("many recipients", dsn_parse(buf_cstr(&b), b.len, &d), LOA_OK);
    check_int("the first ones count", d.count, DSN_REPORTS_MAX);

    buf_reset(&b);
    while (b.len <= DSN_MAX_BYTES)
        buf_str(&b, "X: y\n");
    check_int("too big", dsn_parse(buf_cstr(&b), b.len, &d), LOA_TOO_BIG);
    buf_clear(&b);
}

/* ---- what it means for us ---- */

static struct outcome_table *load_table(void)
{
    struct outcome_table *t = NULL;
    check_int("channels/email/codes.tsv",
              outcome_table_load(check_path("channels/email/codes.tsv"), NULL, &t), LOA_OK);
    return t;
}

static void bounces_are_classified(void **state)
{
    static const struct {
        const char *file;
        enum outcome_class class;
        const char *code;
        int suppress_days;
    } cases[] = {
        { "postfix_unknown_user", OUTCOME_RECIPIENT_INVALID, "bounce:5.1.1", -1 },
        { "exchange_unknown_user", OUTCOME_RECIPIENT_INVALID, "bounce:5.1.10", -1 },
        { "two_recipients", OUTCOME_RECIPIENT_INVALID, "bounce:5.2.1", -1 },
        { "postfix_expired", OUTCOME_TRANSIENT, "expired:4.2.2", 0 },
        { "gmail_unauthenticated", OUTCOME_SENDER_REJECTED, "bounce:5.7.26", 0 },
        { "microsoft_low_trust", OUTCOME_SENDER_REJECTED, "bounce:5.7.515", 0 },
        { "mailbox_full", OUTCOME_RECIPIENT_REFUSED, "bounce:5.2.2", 3 },
        { "international", OUTCOME_RECIPIENT_REFUSED, "bounce:5.6.7", 0 },
        { "only_reply_code", OUTCOME_RECIPIENT_REFUSED, "bounce:5.0.0", 0 },
    };
    struct outcome_table *t = load_table();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct dsn d = read_fixture(cases[i].file);
        struct outcome o;
        check_true("known", email_classify_bounce(t, &d.report[0], &o));
        check_str(cases[i].file, outcome_class_word(o.class), outcome_class_word(cases[i].class));
        check_str(cases[i].file, o.code, cases[i].code);
        check_int(cases[i].file, o.suppress_days, cases[i].suppress_days);
        check_true("a sentence for staff", o.sentence_vi[0] != '\0');
    }
    outcome_table_free(t);
}

static void odd_reports(void **state)
{
    static const struct {
        const char *label;
        struct dsn_report r;
        bool known;
        const char *code;
    } cases[] = {
        { "a status nobody has listed", { .status = "5.9.9" }, false, "bounce:5.9.9" },
        { "by its subject", { .status = "5.1.77" }, true, "bounce:5.1.77" },
        { "only a reply code", { .diagnostic = "smtp; 550 no" }, true, "bounce:550" },
        { "only a transient reply code", { .diagnostic = "smtp; 451 later" }, true, "expired:451" },
        { "nothing at all", { .status = "" }, true, "bounce:5.0.0" },
        { "failed with a success code", { .status = "2.0.0" }, true, "bounce:5.0.0" },
        { "expired for policy", { .status = "4.7.26" }, true, "expired:4.7.26" },
    };
    struct outcome_table *t = load_table();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome o;
        check_int(cases[i].label, email_classify_bounce(t, &cases[i].r, &o), cases[i].known);
        check_str(cases[i].label, o.code, cases[i].code);
    }
    outcome_table_free(t);
}

static void answers_are_classified(void **state)
{
    static const struct {
        const char *label;
        struct smtp_answer a;
        bool known;
        enum outcome_class class;
        enum outcome_scope scope;
        const char *code, *provider_id;
    } cases[] = {
        { "queued",
          { WIRE_ANSWERED, 250, "2.0.0", .queue_id = "4XyZ" },
          true,
          OUTCOME_ACCEPTED,
          SCOPE_MESSAGE,
          "smtp:250 2.0.0",
          "4XyZ" },
        { "no such user",
          { WIRE_ANSWERED, 550, "5.1.1" },
          true,
          OUTCOME_RECIPIENT_INVALID,
          SCOPE_MESSAGE,
          "smtp:550 5.1.1",
          "" },
        { "refused, no enhanced code",
          { WIRE_ANSWERED, 550, "" },
          true,
          OUTCOME_RECIPIENT_REFUSED,
          SCOPE_MESSAGE,
          "smtp:550",
          "" },
        { "milter down",
          { WIRE_ANSWERED, 451, "4.7.1" },
          true,
          OUTCOME_TRANSIENT,
          SCOPE_MESSAGE,
          "smtp:451 4.7.1",
          "" },
        { "disk full after the dot",
          { WIRE_ANSWERED, 452, "4.3.1" },
          true,
          OUTCOME_TRANSIENT,
          SCOPE_MESSAGE,
          "smtp:452 4.3.1",
          "" },
        { "relay denied",
          { WIRE_ANSWERED, 554, "5.7.1" },
          true,
          OUTCOME_SENDER_REJECTED,
          SCOPE_WAY,
          "smtp:554 5.7.1",
          "" },
        { "wrong password",
          { WIRE_ANSWERED, 535, "5.7.8" },
          true,
          OUTCOME_AUTH,
          SCOPE_WAY,
          "smtp:535 5.7.8",
          "" },
        { "address with marks",
          { WIRE_ANSWERED, 553, "5.6.7" },
          true,
          OUTCOME_RECIPIENT_REFUSED,
          SCOPE_MESSAGE,
          "smtp:553 5.6.7",
          "" },
        { "reply code rules over the enhanced one",
          { WIRE_ANSWERED, 450, "5.1.1" },
          true,
          OUTCOME_TRANSIENT,
          SCOPE_MESSAGE,
          "smtp:450 5.1.1",
          "" },
        { "unlisted", { WIRE_ANSWERED, 499, "" }, false, OUTCOME_TRANSIENT, SCOPE_MESSAGE, "smtp:499", "" },
        { "not sent", { WIRE_NOT_SENT }, true, OUTCOME_TRANSIENT, SCOPE_MESSAGE, "smtp:no_connection", "" },
        { "unknown", { WIRE_UNKNOWN }, true, OUTCOME_UNCERTAIN, SCOPE_MESSAGE, "smtp:no_reply", "" },
        { "stopped by us", { WIRE_CANCELLED }, true, OUTCOME_UNCERTAIN, SCOPE_MESSAGE, "smtp:no_reply", "" },
    };
    struct outcome_table *t = load_table();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome o;
        check_int(cases[i].label, email_classify_answer(t, &cases[i].a, &o), cases[i].known);
        check_str(cases[i].label, outcome_class_word(o.class), outcome_class_word(cases[i].class));
        check_int(cases[i].label, o.scope, cases[i].scope);
        check_str(cases[i].label, o.code, cases[i].code);
        check_str(cases[i].label, o.provider_id, cases[i].provider_id);
    }
    outcome_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mails_are_told_apart),
        cmocka_unit_test(date_and_subject),
        cmocka_unit_test(second_recipient_is_read),
        cmocka_unit_test(statuses_in_text),
        cmocka_unit_test(hostile_mails),
        cmocka_unit_test(bounces_are_classified),
        cmocka_unit_test(odd_reports),
        cmocka_unit_test(answers_are_classified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
