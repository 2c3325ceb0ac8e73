/*
 * The page of an invitation to say how it was.
 *
 *   GET  /s/{token}   five choices and room for a comment; nothing happens yet: mail scanners follow links
 *   POST /s/{token}   score=1…5&comment=…  counts once
 *
 * The token is the whole right: no cookie, no login.
 */
#include "loa/api.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/survey.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POST_MAX_BYTES (16u << 10)
#define PAGE_FILE      "survey.html"

struct visit {
    struct api_call *call;
    char nid[NOTICE_ID_SIZE], unit[256];
    unsigned score;
    struct buf comment;
};

static void visit_end(struct visit *v, int status, const char *piece)
{
    api_page(v->call, status, PAGE_FILE, piece, v->unit);
    buf_clear(&v->comment);
    free(v);
}

static void visit_state(struct visit *v, enum survey_state state, const char *open_piece)
{
    switch (state) {
    case SURVEY_OPEN:
        visit_end(v, 200, open_piece);
        break;
    case SURVEY_USED:
        visit_end(v, 410, "used");
        break;
    case SURVEY_EXPIRED:
        visit_end(v, 410, "expired");
        break;
    case SURVEY_UNKNOWN:
        visit_end(v, 404, "unknown");
        break;
    }
}

static void visit_failed(struct visit *v, enum loa_status st)
{
    if (st != LOA_NOT_FOUND)
        http_reply_header(v->call->req, "Retry-After", "5");
    visit_end(v, st == LOA_NOT_FOUND ? 404 : 503, st == LOA_NOT_FOUND ? "unknown" : "later");
}

/* NULL: answered already. */
static struct visit *visit_new(struct api_call *c)
{
    struct visit *v = mem_alloc(sizeof *v);
    v->call = c;
    buf_init(&v->comment, POST_MAX_BYTES);
    if (survey_token_read(c->service->crypto, http_request_param(c->req, "token"), v->nid) == LOA_OK)
        return v;
    visit_end(v, 404, "unknown");
    return NULL;
}

static void set_unit(struct visit *v, const char *unit)
{
    const struct unit_info *u = policy_unit(v->call->service->policy, unit, clock_wall_ms());
    snprintf(v->unit, sizeof v->unit, "%s", u != NULL ? u->name : "cơ quan");
}

static void show(void *ctx, enum loa_status st, enum survey_state state, const struct survey_invitation *i)
{
    struct visit *v = ctx;
    set_unit(v, i->unit);
    if (st != LOA_OK)
        visit_failed(v, st);
    else
        visit_state(v, state, "ask");
}

static void show_missing(void *ctx, enum loa_status st, enum survey_state state,
                         const struct survey_invitation *i)
{
    struct visit *v = ctx;
    set_unit(v, i->unit);
    if (st != LOA_OK)
        visit_failed(v, st);
    else if (state == SURVEY_OPEN)
        visit_end(v, 400, "missing,ask");
    else
        visit_state(v, state, "ask");
}

static void look(struct visit *v, survey_look_fn *then)
{
    enum loa_status st = survey_look(v->call->service, v->nid, then, v);
    if (st != LOA_OK)
        visit_failed(v, st);
}

static void get_page(struct api_call *c)
{
    struct visit *v = visit_new(c);
    if (v != NULL)
        look(v, show);
}

static void given(void *ctx, enum loa_status st, enum survey_state state)
{
    if (st != LOA_OK)
        visit_failed(ctx, st);
    else
        visit_state(ctx, state, "done");
}

static void post_page(struct api_call *c)
{
    struct visit *v = visit_new(c);
    if (v == NULL)
        return;
    struct buf score = BUF_INIT(8);
    const char *body = http_request_body(c->req, NULL);
    bool said = http_form_field(body, "score", &score) && score.len == 1 && score.data[0] >= '1' &&
                score.data[0] <= '0' + SURVEY_STEPS;
    v->score = said ? (unsigned)(score.data[0] - '0') : 0;
    buf_clear(&score);
    http_form_field(body, "comment", &v->comment);
    if (!said) {
        look(v, show_missing);
        return;
    }
    struct survey_answer a = { .score = v->score,
                               .comment = buf_cstr(&v->comment),
                               .channel = SURVEY_CHANNEL_LINK };
    enum loa_status st = survey_give(c->service, v->nid, &a, given, v);
    if (st != LOA_OK)
        visit_failed(v, st);
}

void api_survey(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/s/{token}", 0, 0, get_page },
        { HTTP_POST, "/s/{token}", 0, POST_MAX_BYTES, post_page },
        { 0 },
    };
    api_routes(s, routes);
}
