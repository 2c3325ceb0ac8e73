/* The journal's form of a dossier event, and what one event takes over from another. */
#include "loa/dossier_event.h"
#include "loa/text.h"
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum member_type { TEXT, TIME, MONEY, NUMBER, UNSIGNED, CHOICE, SWITCH, CONSENT };

/* One row per member. `carried`: an event that does not say it takes it over from the dossier's last known.
 */
static const struct member {
    const char *key;
    enum member_type type;
    size_t offset, size;
    bool carried;
} members[] = {
#define MEMBER(key, type, name, carried)                                                                     \
    {                                                                                                        \
        key, type, offsetof(struct dossier_event, name), sizeof((struct dossier_event *)0)->name, carried    \
    }
    MEMBER("other", TEXT, other_code, true),
    MEMBER("source", TEXT, source, false),
    MEMBER("id", TEXT, id, false),
    MEMBER("status", NUMBER, status, false),
    MEMBER("at", TIME, at_ms, false),
    MEMBER("flags", UNSIGNED, flags, false),
    MEMBER("proc", TEXT, procedure_code, true),
    MEMBER("proc_name", TEXT, procedure, true),
    MEMBER("intake", CHOICE, intake, true),
    MEMBER("applicant", CHOICE, applicant, true),
    MEMBER("owner", TEXT, owner, true),
    MEMBER("owner_id", TEXT, owner_id, true),
    MEMBER("phone", TEXT, phone, false),
    MEMBER("email", TEXT, email, false),
    MEMBER("authorised", SWITCH, authorised, false),
    MEMBER("agent", TEXT, agent, false),
    MEMBER("agent_phone", TEXT, agent_phone, false),
    MEMBER("agent_email", TEXT, agent_email, false),
    MEMBER("ok_email", CONSENT, allow_email, true),
    MEMBER("ok_zalo", CONSENT, allow_zalo, true),
    MEMBER("ok_sms", CONSENT, allow_sms, true),
    MEMBER("filed", TEXT, unit_filed, true),
    MEMBER("handling", TEXT, unit_handling, true),
    MEMBER("receiver", TEXT, receiver, false),
    MEMBER("department", TEXT, department, false),
    MEMBER("received", TIME, received_ms, true),
    MEMBER("due", TIME, due_ms, true),
    MEMBER("due_old", TIME, due_old_ms, false),
    MEMBER("returned", TIME, returned_ms, true),
    MEMBER("finished", TIME, finished_ms, true),
    MEMBER("reason", TEXT, reason, false),
    MEMBER("note", TEXT, note, false),
    MEMBER("items", TEXT, items, false),
    MEMBER("deadline", TIME, deadline_ms, false),
    MEMBER("fee", MONEY, fee_vnd, true),
    MEMBER("fee_items", TEXT, fee_items, true),
    MEMBER("pay", TEXT, pay_link, true),
    MEMBER("post", SWITCH, by_post, false),
    MEMBER("result", TEXT, result_link, true),
    MEMBER("tracking", TEXT, tracking, true),
    MEMBER("apology", SWITCH, apology, false),
    MEMBER("signer", TEXT, signer, false),
#undef MEMBER
};

static void *place(struct dossier_event *e, const struct member *m)
{
    return (char *)e + m->offset;
}

static const void *value(const struct dossier_event *e, const struct member *m)
{
    return (const char *)e + m->offset;
}

/* A member that is not a text, as a number. */
static int64_t number_of(const struct dossier_event *e, const struct member *m)
{
    const void *v = value(e, m);
    switch (m->type) {
    case TIME:
    case MONEY:
        return *(const int64_t *)v;
    case NUMBER:
        return *(const int *)v;
    case UNSIGNED:
    case CHOICE: /* our enums have no negative value: unsigned int */
        return *(const unsigned *)v;
    case SWITCH:
        return *(const bool *)v;
    case CONSENT:
        return *(const signed char *)v;
    case TEXT:
        break;
    }
    return 0;
}

static void set_number(struct dossier_event *e, const struct member *m, int64_t n)
{
    void *v = place(e, m);
    switch (m->type) {
    case TIME:
    case MONEY:
        *(int64_t *)v = n;
        break;
    case NUMBER:
        *(int *)v = (int)n;
        break;
    case UNSIGNED:
    case CHOICE:
        *(unsigned *)v = (unsigned)n;
        break;
    case SWITCH:
        *(bool *)v = n != 0;
        break;
    case CONSENT:
        *(signed char *)v = (signed char)n;
        break;
    case TEXT:
        break;
    }
}

/* Nothing said: an empty text, a zero, no answer about consent. */
static bool is_silent(const struct dossier_event *e, const struct member *m)
{
    if (m->type == TEXT)
        return *(const char *)value(e, m) == '\0';
    return number_of(e, m) == (m->type == CONSENT ? -1 : 0);
}

static void add_string(struct buf *out, const char *key, const char *text)
{
    buf_printf(out, ",\"%s\":", key);
    buf_json_string(out, text, strlen(text));
}

void dossier_event_to_json(const struct dossier_event *e, struct buf *out)
{
    buf_str(out, "{\"code\":");
    buf_json_string(out, e->code.norm, strlen(e->code.norm));
    if (strcmp(e->code.received, e->code.norm) != 0)
        add_string(out, "received_as", e->code.received);
    for (size_t i = 0; i < COUNT(members); i++) {
        const struct member *m = &members[i];
        if (is_silent(e, m))
            continue;
        if (m->type == TEXT)
            add_string(out, m->key, value(e, m));
        else
            buf_printf(out, ",\"%s\":%" PRId64, m->key, number_of(e, m));
    }
    buf_char(out, '}');
}

static bool in_range(const struct member *m, int64_t n)
{
    switch (m->type) {
    case NUMBER:
        return n >= 0 && n <= 10;
    case CONSENT:
        return n >= -1 && n <= 1;
    case SWITCH:
        return n == 0 || n == 1;
    case CHOICE:
        return n >= 0 && n <= APPLICANT_OTHER;
    case UNSIGNED:
        return n >= 0 && n <= 0xffff;
    default:
        return true;
    }
}

static bool read_member(const cJSON *record, const struct member *m, struct dossier_event *e)
{
    const cJSON *v = json_get(record, m->key);
    int64_t n = m->type == CONSENT ? -1 : 0;
    if (m->type == TEXT) {
        const char *text = v != NULL ? cJSON_GetStringValue(v) : "";
        text_copy(place(e, m), m->size, text != NULL ? text : "");
        return text != NULL && strlen(text) < m->size;
    }
    if (v != NULL && (!json_int_value(v, &n) || !in_range(m, n)))
        return false;
    set_number(e, m, n);
    return true;
}

/* The code was checked when it came in; its date is not judged again by another day's clock. */
static bool read_code(const cJSON *record, struct dossier_code *out)
{
    const char *norm = json_str_or(record, "code", ""), *received = json_str_or(record, "received_as", norm);
    if (dossier_code_parse(norm, strlen(norm), INT64_MAX, out, NULL) != LOA_OK ||
        strlen(received) >= sizeof out->received)
        return false;
    memset(out->received, 0, sizeof out->received);
    text_copy(out->received, sizeof out->received, received);
    return true;
}

enum loa_status dossier_event_from_json(const char *json, size_t len, struct dossier_event *out)
{
    cJSON *record = NULL;
    struct dossier_event e;
    memset(&e, 0, sizeof e);
    enum loa_status st = json_parse(json, len, &record, NULL, 0);
    if (st == LOA_OK && !read_code(record, &e.code))
        st = LOA_INVALID;
    for (size_t i = 0; st == LOA_OK && i < COUNT(members); i++)
        if (!read_member(record, &members[i], &e))
            st = LOA_INVALID;
    if (st == LOA_OK)
        *out = e;
    cJSON_Delete(record);
    return st;
}

/* A number the sender got wrong is an answer too: an older one is not put in its place. */
static void complete_contact(struct dossier_event *e, const struct dossier_event *known)
{
    const unsigned kept = EVENT_PHONE_BAD | EVENT_EMAIL_BAD | EVENT_PHONE_MIGRATED;
    if ((e->flags & EVENT_AGENT_SAID) == 0) {
        e->authorised = known->authorised;
        text_copy(e->agent, sizeof e->agent, known->agent);
        text_copy(e->agent_phone, sizeof e->agent_phone, known->agent_phone);
        text_copy(e->agent_email, sizeof e->agent_email, known->agent_email);
        e->flags |= known->flags & EVENT_AGENT_SAID;
    }
    if (e->phone[0] == '\0' && (e->flags & EVENT_PHONE_BAD) == 0)
        text_copy(e->phone, sizeof e->phone, known->phone);
    if (e->email[0] == '\0' && (e->flags & EVENT_EMAIL_BAD) == 0)
        text_copy(e->email, sizeof e->email, known->email);
    if (e->flags & EVENT_PROGRESS_ONLY)
        e->flags |= known->flags & kept;
}

void dossier_event_complete(struct dossier_event *e, const struct dossier_event *known)
{
    for (size_t i = 0; i < COUNT(members); i++)
        if (members[i].carried && is_silent(e, &members[i]))
            memcpy(place(e, &members[i]), value(known, &members[i]), members[i].size);
    complete_contact(e, known);
    if ((e->flags & EVENT_HAND_OVER_SAID) == 0) {
        e->by_post = known->by_post;
        e->flags |= known->flags & EVENT_HAND_OVER_SAID;
    }
    if (known->due_old_ms > 0 && e->due_ms == known->due_old_ms && known->due_ms > e->due_ms) {
        e->due_ms = known->due_ms;
        e->due_old_ms = known->due_old_ms;
    }
}
