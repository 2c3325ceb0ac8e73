#include "loa/proof.h"
#include <string.h>

/* A tax code is nobody's secret, and only a person has a paper number: 9 digits (CMND) or 12 (CCCD). */
static bool has_paper(const struct dossier_event *e)
{
    size_t digits = strspn(e->owner_id, "0123456789");
    bool person = e->applicant == APPLICANT_PERSON || e->applicant == APPLICANT_UNKNOWN;
    return person && e->owner_id[digits] == '\0' && (digits == 9 || digits == 12);
}

static void add(struct proof_identities *out, const char *kind, const char *value)
{
    if (value[0] == '\0' || proof_identity_in(out, kind, value))
        return;
    out->item[out->count].kind = kind;
    out->item[out->count].value = value;
    out->count++;
}

void proof_identities(const struct dossier_event *e, struct proof_identities *out)
{
    out->count = 0;
    if (has_paper(e))
        add(out, "cccd", e->owner_id);
    add(out, "phone", e->phone);
    if (e->authorised)
        add(out, "phone", e->agent_phone);
}

bool proof_identity_in(const struct proof_identities *list, const char *kind, const char *value)
{
    for (unsigned i = 0; i < list->count; i++)
        if (strcmp(list->item[i].kind, kind) == 0 && strcmp(list->item[i].value, value) == 0)
            return true;
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number goes on over blanks, dots and dashes: "0912 345 678". Returns what comes after it. */
static const char *take_number(const char *s, char *out, size_t size, size_t *len)
{
    *len = 0;
    for (; is_digit(*s) || (*len > 0 && (*s == ' ' || *s == '.' || *s == '-')); s++)
        if (is_digit(*s) && (*len)++ < size)
            out[*len - 1] = *s;
    return s;
}

bool proof_read_digits(const char *text, char out[PROOF_DIGITS + 1])
{
    char number[16];
    size_t len, numbers = 0;
    for (const char *s = text; *s != '\0';) {
        if (!is_digit(*s)) {
            s++;
            continue;
        }
        s = take_number(s, number, sizeof number, &len);
        if (len < PROOF_DIGITS) /* "4 số cuối là …" */
            continue;
        if (len > sizeof number || numbers++ > 0)
            return false;
        memcpy(out, number + len - PROOF_DIGITS, PROOF_DIGITS);
        out[PROOF_DIGITS] = '\0';
    }
    return numbers == 1;
}

/* Every number is looked at, whatever the others say. */
static unsigned fits(const char *number, const char *digits, bool counts)
{
    size_t n = strlen(number);
    unsigned usable = counts && n >= PROOF_DIGITS;
    return (crypto_equal(usable ? number + n - PROOF_DIGITS : "0000", digits, PROOF_DIGITS) ? 1u : 0u) &
           usable;
}

bool proof_digits_fit(const struct dossier_event *e, const char digits[PROOF_DIGITS + 1])
{
    unsigned right = fits(e->phone, digits, true);
    right |= fits(e->owner_id, digits, has_paper(e));
    right |= fits(e->agent_phone, digits, e->authorised);
    return right != 0;
}
