#include "loa/email_classify.h"
#include "loa/text.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *host, *code;
} must_have[] = {
    { "smtp", "no_connection" }, { "smtp", "no_reply" },     { "smtp", "2.*" },
    { "smtp", "4.*" },           { "smtp", "5.*" },          { "bounce", "5.*" },
    { "expired", "4.*" },        { "local", "bad_address" }, { "local", "bad_message" },
};

bool email_codes_complete(const struct outcome_table *t, const char **missing_host, const char **missing_code)
{
    for (size_t i = 0; i < sizeof must_have / sizeof must_have[0]; i++) {
        if (outcome_table_has(t, must_have[i].host, must_have[i].code))
            continue;
        *missing_host = must_have[i].host;
        *missing_code = must_have[i].code;
        return false;
    }
    return true;
}

static bool look_up(const struct outcome_table *t, const char *host, const char *code, struct outcome *o)
{
    return outcome_table_has(t, host, code) && outcome_from_table(t, host, code, o);
}

/* "5.1.1" -> "5.1.*" */
static void subject_of(const char *status, char out[12])
{
    size_t n = (size_t)(strrchr(status, '.') - status);
    snprintf(out, 12, "%.*s.*", (int)n, status);
}

static bool classify(const struct outcome_table *t, const char *host, const char *status, int reply,
                     struct outcome *o)
{
    char code[12];

    if (status[0] != '\0') {
        if (look_up(t, host, status, o))
            return true;
        subject_of(status, code);
        if (look_up(t, host, code, o))
            return true;
    }
    snprintf(code, sizeof code, "%d", reply % 1000);
    if (reply > 0 && look_up(t, host, code, o))
        return true;
    snprintf(code, sizeof code, "%c.*", status[0] != '\0' ? status[0] : (char)('0' + reply / 100 % 10));
    if (!look_up(t, host, code, o))
        outcome_from_table(t, host, code, o); /* transient, two tries */
    return false;
}

/* ---- our mail server's answer ---- */

static void name_reply(struct outcome *o, const struct smtp_answer *a)
{
    snprintf(o->code, sizeof o->code, a->enhanced[0] != '\0' ? "smtp:%d %s" : "smtp:%d", a->code % 1000,
             a->enhanced);
}

bool email_classify_answer(const struct outcome_table *t, const struct smtp_answer *a, struct outcome *o)
{
    switch (a->result) {
    case WIRE_NOT_SENT:
        return look_up(t, "smtp", "no_connection", o);
    case WIRE_UNKNOWN:
    case WIRE_CANCELLED:
        return look_up(t, "smtp", "no_reply", o);
    case WIRE_ANSWERED:
        break;
    }
    /* An enhanced code that contradicts the reply code is somebody's mistake: the reply code rules. */
    bool agree = a->enhanced[0] == '0' + a->code / 100;
    bool known = classify(t, "smtp", agree ? a->enhanced : "", a->code, o);
    name_reply(o, a);
    if (o->class == OUTCOME_ACCEPTED)
        text_copy(o->provider_id, sizeof o->provider_id, a->queue_id);
    return known || o->class == OUTCOME_ACCEPTED;
}

/* ---- a bounce ---- */

/* "smtp; 550 5.1.1 …" -> 550 */
static int reply_in(const char *diagnostic)
{
    const char *p = strchr(diagnostic, ';');

    p = p != NULL ? p + 1 : diagnostic;
    p += strspn(p, " ");
    int code = strspn(p, "0123456789") == 3 ? (int)strtol(p, NULL, 10) : 0;
    return code >= 400 && code < 600 ? code : 0;
}

/* Some servers put the telling code only into the text, and 5.0.0 where it belongs. */
static void best_status(const struct dsn_report *r, char out[12])
{
    bool vague = r->status[0] == '\0' || strcmp(r->status + 1, ".0.0") == 0;

    if (!vague || !dsn_status_in(r->diagnostic, out))
        snprintf(out, 12, "%s", r->status);
}

bool email_classify_bounce(const struct outcome_table *t, const struct dsn_report *r, struct outcome *o)
{
    char status[12];

    best_status(r, status);
    int reply = reply_in(r->diagnostic);
    bool expired = status[0] == '4' || (status[0] == '\0' && reply / 100 == 4);
    if (status[0] == '2' || (status[0] == '\0' && reply == 0))
        snprintf(status, sizeof status, "5.0.0"); /* "failed", and nothing that says how */
    const char *host = expired ? "expired" : "bounce";
    bool known = classify(t, host, status, reply, o);
    if (status[0] != '\0')
        snprintf(o->code, sizeof o->code, "%s:%s", host, status);
    else
        snprintf(o->code, sizeof o->code, "%s:%d", host, reply);
    return known;
}
