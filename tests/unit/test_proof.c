/* Who counts as the owner of a dossier, and which four digits prove it. */
#include "check.h"
#include "loa/proof.h"
#include <string.h>

static const struct {
    const char *text, *want;
} digit_cases[] = {
    { "1234", "1234" },
    { " 1234. ", "1234" },
    { "1 2 3 4", "1234" },
    { "12-34", "1234" },
    { "số cuối là 5678 ạ", "5678" },
    { "4 số cuối là 5678", "5678" },
    { "4 số cuối: 0678 nhé", "0678" },
    { "0912 345 678", "5678" },
    { "0912.345.678", "5678" },
    { "042199001234", "1234" },
    { "+84 912 345 678", "5678" },
    { "123", NULL },
    { "1234 hoặc 5678", NULL },
    { "không nhớ", NULL },
    { "", NULL },
    { "1234567890123456789012345", NULL },
    { "một hai ba bốn", NULL },
};

static void test_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof digit_cases / sizeof digit_cases[0]; i++) {
        char got[PROOF_DIGITS + 1];
        bool found = proof_read_digits(digit_cases[i].text, got);
        check_str(digit_cases[i].text, found ? got : NULL, digit_cases[i].want);
    }
}

#define PHONE    "84912345678"
#define AGENT    "84987654321"
#define PERSONAL "042199001234"

static const struct {
    const char *label;
    enum applicant_kind applicant;
    const char *owner_id, *phone, *agent_phone;
    bool authorised;
    const char *digits;
    bool want;
} fit_cases[] = {
    { "phone", APPLICANT_PERSON, PERSONAL, PHONE, "", false, "5678", true },
    { "paper", APPLICANT_PERSON, PERSONAL, PHONE, "", false, "1234", true },
    { "paper of nine digits", APPLICANT_UNKNOWN, "183456789", "", "", false, "6789", true },
    { "neither", APPLICANT_PERSON, PERSONAL, PHONE, "", false, "0000", false },
    { "the beginning", APPLICANT_PERSON, PERSONAL, PHONE, "", false, "8491", false },
    { "nothing is known", APPLICANT_PERSON, "", "", "", false, "0000", false },
    { "nothing is known, not even that", APPLICANT_PERSON, "", "", "", false, "xxxx", false },
    { "authorised person", APPLICANT_PERSON, PERSONAL, PHONE, AGENT, true, "4321", true },
    { "the owner still", APPLICANT_PERSON, PERSONAL, PHONE, AGENT, true, "5678", true },
    { "no longer authorised", APPLICANT_PERSON, PERSONAL, PHONE, AGENT, false, "4321", false },
    { "tax code of a business", APPLICANT_BUSINESS, "3002123456", PHONE, "", false, "3456", false },
    { "contact of a business", APPLICANT_BUSINESS, "3002123456", PHONE, "", false, "5678", true },
    { "organisation: not by its number", APPLICANT_AGENCY, "042199001234", PHONE, "", false, "1234", false },
    { "organisation: by its contact", APPLICANT_AGENCY, "", PHONE, "", false, "5678", true },
    { "a number of ten digits", APPLICANT_PERSON, "3002123456", PHONE, "", false, "3456", false },
    { "a passport", APPLICANT_PERSON, "B1234567", "", "", false, "4567", false },
};

static struct dossier_event event_of(size_t i)
{
    struct dossier_event e;
    memset(&e, 0, sizeof e);
    e.applicant = fit_cases[i].applicant;
    e.authorised = fit_cases[i].authorised;
    memcpy(e.owner_id, fit_cases[i].owner_id, strlen(fit_cases[i].owner_id));
    memcpy(e.phone, fit_cases[i].phone, strlen(fit_cases[i].phone));
    memcpy(e.agent_phone, fit_cases[i].agent_phone, strlen(fit_cases[i].agent_phone));
    return e;
}

static void test_fit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fit_cases / sizeof fit_cases[0]; i++) {
        struct dossier_event e = event_of(i);
        check_int(fit_cases[i].label, proof_digits_fit(&e, fit_cases[i].digits), fit_cases[i].want);
    }
}

static void test_identities(void **state)
{
    (void)state;
    struct proof_identities list;
    struct dossier_event e = event_of(7);
    proof_identities(&e, &list);
    check_int("paper, phone and agent", list.count, 3);
    check_true("paper", proof_identity_in(&list, "cccd", PERSONAL));
    check_true("agent", proof_identity_in(&list, "phone", AGENT));
    check_true("kinds are apart", !proof_identity_in(&list, "phone", PERSONAL));
    e = event_of(12);
    proof_identities(&e, &list);
    check_int("an organisation has its contact alone", list.count, 1);
    memcpy(e.agent_phone, PHONE, sizeof PHONE);
    e.authorised = true;
    proof_identities(&e, &list);
    check_int("one number twice", list.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_read), cmocka_unit_test(test_fit),
                                        cmocka_unit_test(test_identities) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
