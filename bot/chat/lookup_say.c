/* What is said about a dossier: to anybody how far it is; to its owner what he has to know. Never a name. */
#include "lookup_inside.h"
#include "loa/chat_texts.h"
#include "loa/policy.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void set_number(struct params *p, const char *name, int64_t n)
{
    char text[24];
    if (n <= 0)
        return;
    snprintf(text, sizeof text, "%" PRId64, n);
    params_set(p, name, text);
}

/* A word of templates/chat/lookup.ini that stands alone: the title of a button. */
static void title_of(const struct turn *t, const char *id, char out[128])
{
    struct chat_said said;
    chat_said_init(&said);
    out[0] = '\0';
    if (chat_texts_render(turn_service(t)->chat_texts, id, turn_channel(t), NULL, &said) == LOA_OK)
        snprintf(out, 128, "%s", buf_cstr(&said.text));
    chat_said_clear(&said);
}

static void button(struct turn *t, const char *title_id, const char *word, const char *code)
{
    char title[128], payload[128];
    title_of(t, title_id, title);
    snprintf(payload, sizeof payload, "#%s:%s", word, code);
    turn_button(t, title, payload);
}

static void link_button(struct turn *t, const char *title_id, const char *url)
{
    char title[128];
    if (url[0] == '\0' || strncmp(url, "https://", 8) != 0)
        return;
    title_of(t, title_id, title);
    turn_button_url(t, title, url);
}

/* Which office has it, by the name everybody may know; a free text could name a person. */
static const char *unit_name(const struct look *l, const struct dossier_code *code)
{
    const struct policy *p = turn_service(l->turn)->policy;
    const struct dossier_event *e = &l->known.event;
    const struct unit_info *u = NULL;
    if (l->known.detailed && e->unit_handling[0] != '\0')
        u = policy_unit(p, e->unit_handling, l->known.at_ms);
    if (u == NULL && l->known.detailed && e->unit_filed[0] != '\0')
        u = policy_unit(p, e->unit_filed, l->known.at_ms);
    if (u == NULL)
        u = policy_unit(p, code->agency, l->known.at_ms);
    if (u != NULL)
        return u->name;
    const char *agency = policy_agency_name(p, code->level1, l->known.at_ms);
    return agency != NULL ? agency : "";
}

static void parts_of(const struct look *l, struct dossier_code *code, struct portal_info *portal)
{
    const struct policy *p = turn_service(l->turn)->policy;
    *code = (struct dossier_code){ .year = 0 };
    dossier_code_parse(l->code, strlen(l->code), INT64_MAX, code, NULL);
    policy_portal(p, l->known.detailed ? l->known.event.source : "", l->code, code->level1, l->known.at_ms,
                  portal);
}

static void set_common(const struct look *l, const struct dossier_code *code, struct params *p)
{
    const struct status_rule *rule = policy_status(turn_service(l->turn)->policy, l->known.status);
    params_set(p, "code", l->code);
    params_set(p, "status", rule != NULL ? rule->name_vi : "");
    set_number(p, "at", l->known.at_ms);
    params_set(p, "unit", unit_name(l, code));
}

void look_say_progress(struct look *l)
{
    struct dossier_code code;
    struct portal_info portal;
    struct params p;
    parts_of(l, &code, &portal);
    params_init(&p);
    set_common(l, &code, &p);
    params_set(&p, "portal", portal.name);
    turn_say(l->turn, "lookup_progress", &p);
    link_button(l->turn, "lookup_portal", portal.link);
    params_clear(&p);
}

bool look_is_followed(const struct look *l)
{
    return strstr(l->known.followers, turn_cid(l->turn)) != NULL;
}

void look_say_full(struct look *l)
{
    const struct dossier_event *e = &l->known.event;
    const struct status_rule *rule = policy_status(turn_service(l->turn)->policy, l->known.status);
    bool followed = look_is_followed(l), supplement = l->known.status == 5, pay = l->known.status == 6;
    struct dossier_code code;
    struct portal_info portal;
    struct params p;
    parts_of(l, &code, &portal);
    params_init(&p);
    set_common(l, &code, &p);
    if (strchr(e->unit_handling, ' ') != NULL) /* a name, no code: the owner may know the room */
        params_set(&p, "unit", e->unit_handling);
    params_set(&p, "procedure", e->procedure);
    set_number(&p, "due", e->due_ms);
    set_number(&p, "returned", e->returned_ms);
    params_set(&p, "reason", e->reason);
    params_set(&p, "items", supplement ? e->items : "");
    set_number(&p, "deadline", supplement || pay ? e->deadline_ms : 0);
    set_number(&p, "fee", pay ? e->fee_vnd : 0);
    params_set(&p, "next", rule != NULL ? rule->next_vi : "");
    turn_say(l->turn, "lookup_full", &p);
    link_button(l->turn, "lookup_pay", pay ? e->pay_link : "");
    link_button(l->turn, "lookup_result", e->result_link);
    button(l->turn, followed ? "lookup_unfollow" : "lookup_follow", followed ? "thoi-theo-doi" : "theo-doi",
           l->code);
    link_button(l->turn, "lookup_portal", portal.link);
    params_clear(&p);
}

void look_say_code(struct turn *t, const char *text, const char *code)
{
    struct params p;
    params_init(&p);
    params_set(&p, "code", code);
    turn_say(t, text, &p);
    params_clear(&p);
}

/* Asks for proof; what comes next is taken as one. */
void look_say_prove(struct look *l, const char *text)
{
    char expected[DOSSIER_CODE_MAX + 8];
    bool agency = l->known.event.applicant == APPLICANT_AGENCY;
    look_say_code(l->turn, agency ? "lookup_prove_contact" : text, l->code);
    if (l->asker[0] == '\0')
        turn_ask_phone(l->turn);
    snprintf(expected, sizeof expected, "own:%s", l->code);
    turn_expect(l->turn, &intent_lookup, expected, LOOKUP_ANSWER_MS);
}

void look_say_until(struct look *l, const char *text, int64_t until_ms)
{
    struct dossier_code code;
    struct portal_info portal;
    struct params p;
    parts_of(l, &code, &portal);
    params_init(&p);
    params_set(&p, "code", l->code);
    params_set(&p, "portal", portal.link);
    set_number(&p, "until", until_ms);
    turn_say(l->turn, text, &p);
    params_clear(&p);
}

void look_say_news(struct turn *t, const char *code, int status, int64_t at_ms)
{
    const struct status_rule *rule = policy_status(turn_service(t)->policy, status);
    struct params p;
    if (rule == NULL)
        return;
    params_init(&p);
    params_set(&p, "code", code);
    params_set(&p, "status", rule->name_vi);
    params_set(&p, "next", rule->next_vi);
    set_number(&p, "at", at_ms);
    turn_say(t, "lookup_news", &p);
    look_count(t, "news");
    params_clear(&p);
}
