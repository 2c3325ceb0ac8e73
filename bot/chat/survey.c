#include "loa/survey.h"
#include "loa/batch.h"
#include "loa/clock.h"
#include "loa/feedback_rules.h"
#include "loa/json.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/personal.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMENT_BYTES_MAX (SURVEY_COMMENT_MAX * 8)
#define COMMENTS_KEPT_S   (400LL * 86400)
#define RANDOM_HEX        24

/* ---- counting invitations ---- */

struct survey_counter {
    struct store *store;
    struct batch *batch;
};

static enum loa_status head(void *ctx, unsigned partition, struct args *a)
{
    (void)ctx;
    args_key(a, partition, "sv:n");
    return LOA_OK;
}

struct survey_counter *survey_counter_new(struct store *s)
{
    struct survey_counter *c = mem_alloc(sizeof *c);
    c->store = s;
    c->batch = batch_new(s, "survey_invited", head, NULL);
    return c;
}

void survey_counter_free(struct survey_counter *c)
{
    if (c == NULL)
        return;
    batch_free(c->batch);
    free(c);
}

static void counted(void *ctx, enum loa_status st, const struct redis_value *item)
{
    (void)ctx, (void)item;
    if (st != LOA_OK) /* an invitation more than counted: the rate of answers is a hair too high */
        log_warn("survey_invitation_not_counted");
}

void survey_invited(struct survey_counter *c, const char *nid, const char *unit, const char *kind,
                    const char *procedure)
{
    unsigned partition;
    char month[16];
    struct buf field = BUF_INIT(512);
    if (!notice_id_partition(nid, &partition))
        return;
    date_print_month(clock_wall_ms(), month);
    buf_printf(&field, "%s|%s|%s|%s||i", month, unit, kind, procedure);
    args_str(batch_item(c->batch, partition, counted, NULL), buf_cstr(&field));
    buf_clear(&field);
}

/* ---- looking at an invitation ---- */

struct looking {
    struct service *s;
    survey_look_fn *done;
    void *ctx;
};

static enum survey_state state_of(const struct survey_rules *r, const struct redis_value *v,
                                  struct survey_invitation *out)
{
    cJSON *h = NULL;
    size_t len;
    int64_t accepted = 0;
    const char *header = redis_str(redis_at(v, 0), &len), *mark = redis_str(redis_at(v, 1), NULL);
    if (len == 0 || json_parse(header, len, &h, NULL, 0) != LOA_OK)
        return SURVEY_UNKNOWN;
    snprintf(out->unit, sizeof out->unit, "%s", json_str_or(h, "unit", ""));
    snprintf(out->kind, sizeof out->kind, "%s", json_str_or(h, "kind", ""));
    json_int(h, "accepted", &accepted);
    cJSON_Delete(h);
    if (mark[0] != '\0')
        return SURVEY_USED;
    return clock_wall_ms() > accepted + r->life_ms ? SURVEY_EXPIRED : SURVEY_OPEN;
}

static void looked(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct looking *l = ctx;
    struct survey_invitation i = { 0 };
    enum survey_state state = st == LOA_OK ? state_of(l->s->survey, v, &i) : SURVEY_UNKNOWN;
    l->done(l->ctx, st, state, &i);
    free(l);
}

enum loa_status survey_look(struct service *s, const char *nid, survey_look_fn *done, void *ctx)
{
    unsigned p;
    if (!notice_id_partition(nid, &p) || p >= store_partitions(s->store))
        return LOA_NOT_FOUND;
    struct looking *l = mem_alloc(sizeof *l);
    *l = (struct looking){ s, done, ctx };
    struct args a;
    args_init(&a);
    args_key(&a, p, "n:%s", nid);
    args_str(&a, "h");
    args_str(&a, "sv");
    enum loa_status st = store_command(s->store, p, "HMGET", &a, looked, l);
    args_clear(&a);
    if (st != LOA_OK)
        free(l);
    return st;
}

/* ---- answering ---- */

struct giving {
    survey_given_fn *done;
    void *ctx;
};

static void given(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct giving *g = ctx;
    long long r = redis_int(v);
    g->done(g->ctx, st,
            r == 1    ? SURVEY_OPEN
            : r == 0  ? SURVEY_USED
            : r == -1 ? SURVEY_EXPIRED
                      : SURVEY_UNKNOWN);
    free(g);
}

/* Cleaned, cut, masked, sealed. Where it lies says nothing of whose it is, so the context cannot either. */
static void seal_comment(struct service *s, const char *comment, struct buf *out)
{
    struct buf clean = BUF_INIT(COMMENT_BYTES_MAX), cut = BUF_INIT(COMMENT_BYTES_MAX),
               masked = BUF_INIT(2 * COMMENT_BYTES_MAX);
    text_clean(&clean, comment, strnlen(comment, COMMENT_BYTES_MAX / 4), true);
    text_truncate(&cut, buf_cstr(&clean), clean.len, SURVEY_COMMENT_MAX);
    personal_mask(&masked, buf_cstr(&cut), cut.len);
    if (masked.len > 0 && strspn(buf_cstr(&masked), " \n") < masked.len)
        crypto_seal(s->crypto, "sv:c", masked.data, masked.len, out);
    buf_clear(&clean);
    buf_clear(&cut);
    buf_clear(&masked);
}

enum loa_status survey_give(struct service *s, const char *nid, const struct survey_answer *answer,
                            survey_given_fn *done, void *ctx)
{
    unsigned p;
    char month[16], unique[RANDOM_HEX + 1];
    if (!notice_id_partition(nid, &p) || p >= store_partitions(s->store))
        return LOA_NOT_FOUND;
    struct giving *g = mem_alloc(sizeof *g);
    *g = (struct giving){ done, ctx };
    struct buf comment = BUF_INIT(2 * COMMENT_BYTES_MAX + 64);
    seal_comment(s, answer->comment, &comment);
    date_print_month(clock_wall_ms(), month);
    crypto_random_hex(unique, RANDOM_HEX);
    struct args a;
    args_init(&a);
    args_key(&a, p, "n:%s", nid);
    args_int(&a, clock_wall_ms());
    args_int(&a, s->survey->life_ms);
    args_int(&a, answer->score);
    args_int(&a, answer->comment_only);
    args_str(&a, answer->channel);
    args_str(&a, month);
    args_str(&a, unique);
    args_bin(&a, comment.data, comment.len);
    args_int(&a, COMMENTS_KEPT_S);
    enum loa_status st = store_script(s->store, p, "survey_answer", &a, given, g);
    args_clear(&a);
    buf_clear(&comment);
    if (st != LOA_OK)
        free(g);
    return st;
}

enum loa_status survey_rate_chat(struct service *s, const char *cid, const char *channel, unsigned score,
                                 survey_given_fn *done, void *ctx)
{
    unsigned p = store_partition_of_citizen(s->store, cid);
    char month[16], mark[RANDOM_HEX + 1];
    struct buf whose = BUF_INIT(128), field = BUF_INIT(256);
    struct giving *g = mem_alloc(sizeof *g);
    *g = (struct giving){ done, ctx };
    date_print_month(clock_wall_ms(), month);
    buf_printf(&whose, "%s|%lld", cid, (long long)local_from_ms(clock_wall_ms()).day_number);
    crypto_mac_hex(s->crypto, "survey-chat", whose.data, whose.len, mark, RANDOM_HEX);
    buf_printf(&field, "%s|%s|chat||%s|%u", month, feedback_unit_default(s->feedback), channel, score);
    struct args a;
    args_init(&a);
    args_key(&a, p, "sv:m:%s", mark);
    args_str(&a, buf_cstr(&field));
    enum loa_status st = store_script(s->store, p, "survey_chat", &a, given, g);
    args_clear(&a);
    buf_clear(&whose);
    buf_clear(&field);
    if (st != LOA_OK)
        free(g);
    return st;
}

/* ---- the provider's own form ---- */

struct rating {
    struct service *s;
    unsigned score;
    char comment[1024];
    void (*done)(void *ctx, enum loa_status st);
    void *ctx;
};

static void rating_end(struct rating *r, enum loa_status st)
{
    r->done(r->ctx, st);
    free(r);
}

static void rating_given(void *ctx, enum loa_status st, enum survey_state state)
{
    if (st == LOA_OK && state != SURVEY_OPEN)
        log_debug("rating_not_counted", "state", log_num(state)); /* a second one, or much too late */
    rating_end(ctx, st);
}

static void rating_for(struct rating *r, const char *ref)
{
    char nid[NOTICE_ID_SIZE];
    unsigned partition, step, attempt;
    struct survey_answer a = { .score = r->score, .comment = r->comment, .channel = SURVEY_CHANNEL_ZBS };
    if (!ref_parse(ref, nid, &partition, &step, &attempt)) {
        rating_end(r, LOA_OK); /* of no message of ours */
        return;
    }
    enum loa_status st = survey_give(r->s, nid, &a, rating_given, r);
    if (st != LOA_OK)
        rating_end(r, st == LOA_NOT_FOUND ? LOA_OK : st);
}

static void rating_found(void *ctx, enum loa_status st, const struct redis_value *v)
{
    if (st == LOA_OK)
        rating_for(ctx, redis_str(v, NULL));
    else
        rating_end(ctx, st);
}

static void rating_deferred(void *ctx)
{
    rating_end(ctx, LOA_OK);
}

void survey_from_provider(struct service *s, const struct channel_event *e,
                          void (*done)(void *ctx, enum loa_status st), void *ctx)
{
    struct rating *r = mem_alloc(sizeof *r);
    *r = (struct rating){ .s = s, .score = (unsigned)e->number, .done = done, .ctx = ctx };
    text_copy(r->comment, sizeof r->comment, e->text);
    if (e->number < 1 || e->number > SURVEY_STEPS || (e->ref[0] == '\0' && e->provider_id[0] == '\0')) {
        loop_defer(s->loop, rating_deferred, r);
    } else if (e->ref[0] != '\0') {
        rating_for(r, e->ref);
    } else {
        unsigned p = store_partition_of(s->store, e->provider_id);
        struct args a;
        args_init(&a);
        args_key(&a, p, "x:%s:%s", channel_word(e->channel), e->provider_id);
        enum loa_status st = store_command(s->store, p, "GET", &a, rating_found, r);
        args_clear(&a);
        if (st != LOA_OK)
            rating_end(r, st);
    }
}
