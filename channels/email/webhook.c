#include "email_inside.h"
#include "loa/email_classify.h"
#include "loa/email_verp.h"
#include "loa/text.h"
#include <stdio.h>
#include <string.h>

/* Without a token in the settings no bounce gets in. */
enum loa_status email_webhook_verify(const struct email *e, const struct webhook *w)
{
    bool right = crypto_equal_str(w->token, e->webhook_token);
    return right && e->webhook_token[0] != '\0' ? LOA_OK : LOA_DENIED;
}

/* ---- events ---- */

static struct channel_event *add_event(struct channel_events *out, enum channel_event_kind kind,
                                       const char *name, const char *ref, const struct dsn *d)
{
    struct channel_event *ev = channel_events_add(out);
    char identity[160];

    if (ev == NULL)
        return NULL;
    ev->kind = kind;
    ev->channel = CH_EMAIL;
    snprintf(ev->name, sizeof ev->name, "%s", name);
    snprintf(ev->ref, sizeof ev->ref, "%s", ref);
    ev->at_ms = d->at_ms;
    /* The same report delivered twice is one; a delay is told once however often it is repeated. */
    int n = snprintf(identity, sizeof identity, "email %s %s", ref, name);
    crypto_hash_hex(identity, (size_t)n, ev->dedupe, 40);
    return ev;
}

/* Mail for a person to look at: kept, changes nothing. */
static void add_for_review(struct channel_events *out, const char *name, const char *ref, const struct dsn *d)
{
    struct channel_event *ev = add_event(out, CE_UNKNOWN, name, ref, d);
    if (ev != NULL)
        text_copy(ev->text, sizeof ev->text, d->subject);
}

static void call_person(const struct email *e, const struct outcome *o)
{
    bool ours = o->class == OUTCOME_SENDER_REJECTED || o->class == OUTCOME_AUTH;
    if (ours && e->env.alert != NULL)
        e->env.alert(e->env.alert_ctx, o->code, o->sentence_vi);
}

static void add_failed(const struct email *e, struct channel_events *out, const char *ref,
                       const struct dsn *d, const struct dsn_report *r)
{
    struct channel_event *ev = add_event(out, CE_FAILED, "dsn.failed", ref, d);

    if (ev == NULL)
        return;
    if (!email_classify_bounce(e->codes, r, &ev->outcome))
        email_unmapped(e, &ev->outcome);
    call_person(e, &ev->outcome);
    text_copy(ev->text, sizeof ev->text, r->diagnostic);
}

/* Relayed and expanded say only that a server without reports took over: not that the mail has arrived. */
static void add_report(const struct email *e, struct channel_events *out, const char *ref,
                       const struct dsn *d, const struct dsn_report *r)
{
    char name[32];

    if (strcmp(r->action, "failed") == 0) {
        add_failed(e, out, ref, d, r);
        return;
    }
    snprintf(name, sizeof name, "dsn.%s", r->action);
    bool known = strcmp(r->action, "delayed") == 0 || strcmp(r->action, "relayed") == 0 ||
                 strcmp(r->action, "expanded") == 0;
    if (strcmp(r->action, "delivered") == 0)
        add_event(out, CE_DELIVERED, name, ref, d);
    else
        add_event(out, known ? CE_PROGRESS : CE_UNKNOWN, name, ref, d);
}

static const char *review_name(enum mail_kind kind)
{
    return kind == MAIL_AUTO_REPLY ? "auto_reply" : kind == MAIL_BOUNCE ? "bounce_unreadable" : "mail";
}

enum loa_status email_webhook_parse(const struct email *e, const struct webhook *w,
                                    struct channel_events *out)
{
    struct dsn d;
    char ref[40] = "";

    enum loa_status st = dsn_parse(w->body, w->body_len, &d);
    if (st != LOA_OK)
        return st;
    if (email_verp_parse(e->env.crypto, d.envelope_to, e->bounce_domain, ref) != LOA_OK)
        add_for_review(out, "not_ours", "", &d);
    else if (d.kind != MAIL_REPORT)
        add_for_review(out, review_name(d.kind), ref, &d);
    else
        for (unsigned i = 0; i < d.count; i++)
            add_report(e, out, ref, &d, &d.report[i]);
    return LOA_OK;
}
