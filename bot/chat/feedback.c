#include "loa/feedback.h"
#include "loa/clock.h"
#include "loa/json.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEALED_MAX (4 * FEEDBACK_TEXT_MAX)

/* The texts of a case are bound to what it came from: its number is not known when they are sealed. */
static const char *context(char out[STORE_KEY_MAX], const char *dedupe)
{
    return store_key(out, 0, "fb:d:%s", dedupe);
}

/* ---- taking ---- */

struct taking {
    struct feedback_case c;
    feedback_case_fn *done;
    void *ctx;
};

static void taken(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct taking *t = ctx;
    if (st == LOA_OK) {
        t->c.number.serial = (unsigned long)redis_int(v);
        case_number_id(&t->c.number, t->c.id);
    }
    t->done(t->ctx, st, &t->c);
    free(t);
}

static void story_json(const struct feedback_new *n, struct buf *out)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "about", n->about);
    cJSON_AddStringToObject(j, "text", n->text);
    json_print(j, out);
    cJSON_Delete(j);
}

static const struct unit_info *unit_for(const struct service *s, const struct feedback_new *n)
{
    const struct unit_info *u = feedback_unit_in(s->policy, n->about, n->at_ms);
    if (u == NULL)
        u = feedback_unit_in(s->policy, n->text, n->at_ms);
    return u != NULL ? u : policy_unit(s->policy, feedback_unit_default(s->feedback), n->at_ms);
}

static void describe(struct service *s, const struct feedback_new *n, struct feedback_case *c,
                     struct feedback_deadlines *d)
{
    struct buf folded = BUF_INIT(SEALED_MAX);
    text_fold(&folded, n->text, strlen(n->text));
    const struct feedback_kind *k = feedback_kind_of(s->feedback, n->start, buf_cstr(&folded));
    const struct unit_info *u = unit_for(s, n);
    feedback_deadlines(s->feedback, k, policy_calendar(s->policy), n->at_ms, d);
    snprintf(c->number.kind, sizeof c->number.kind, "%s", n->start == FEEDBACK_QUESTION ? "HD" : "PA");
    c->number.year = (unsigned)local_from_ms(n->at_ms).year % 100;
    snprintf(c->state, sizeof c->state, "received");
    snprintf(c->kind, sizeof c->kind, "%s", k->id);
    snprintf(c->desk, sizeof c->desk, "%s", k->desk);
    snprintf(c->unit, sizeof c->unit, "%s", u != NULL ? u->id : "");
    snprintf(c->channel, sizeof c->channel, "%s", n->channel);
    snprintf(c->cid, sizeof c->cid, "%s", n->cid);
    c->at_ms = n->at_ms;
    c->forward_by_ms = d->forward_ms;
    c->answer_by_ms = d->answer_ms;
    c->about = c->text = c->note = c->answer = "";
    buf_clear(&folded);
}

enum loa_status feedback_take(struct service *s, const struct feedback_new *n, feedback_case_fn *done,
                              void *ctx)
{
    struct taking *t = mem_alloc(sizeof *t);
    struct feedback_deadlines d;
    *t = (struct taking){ .done = done, .ctx = ctx };
    describe(s, n, &t->c, &d);
    char key[STORE_KEY_MAX], month[16], year[4];
    struct buf plain = BUF_INIT(SEALED_MAX), sealed = BUF_INIT(SEALED_MAX + 64);
    story_json(n, &plain);
    crypto_seal(s->crypto, context(key, n->dedupe), plain.data, plain.len, &sealed);
    date_print_month(n->at_ms, month);
    snprintf(year, sizeof year, "%02u", t->c.number.year);
    unsigned p = store_partition_of_citizen(s->store, n->cid);
    struct args a;
    args_init(&a);
    args_key(&a, p, "fb:d:%s", n->dedupe);
    args_str(&a, t->c.number.kind);
    args_str(&a, year);
    args_int(&a, p);
    args_int(&a, store_partitions(s->store));
    args_int(&a, n->at_ms);
    args_str(&a, month);
    args_str(&a, t->c.unit);
    args_str(&a, t->c.desk);
    args_str(&a, t->c.kind);
    args_str(&a, n->channel);
    args_str(&a, n->cid);
    args_int(&a, d.forward_warn_ms);
    args_int(&a, d.forward_ms);
    args_int(&a, d.answer_warn_ms);
    args_int(&a, d.answer_ms);
    args_str(&a, n->dedupe);
    args_bin(&a, sealed.data, sealed.len);
    enum loa_status st = store_script(s->store, p, "feedback_open", &a, taken, t);
    args_clear(&a);
    buf_clear(&plain);
    buf_clear(&sealed);
    if (st != LOA_OK)
        free(t);
    return st;
}

/* ---- finding ---- */

struct finding {
    struct service *s;
    struct case_number number;
    feedback_case_fn *done;
    void *ctx;
};

static void copy_field(const struct redis_value *v, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s", redis_str(store_field(v, name), NULL));
}

static void unseal(const struct finding *f, const struct feedback_case *c, const struct redis_value *v,
                   const char *field, struct buf *out)
{
    char key[STORE_KEY_MAX];
    size_t n;
    const char *sealed = redis_str(store_field(v, field), &n);
    if (n > 0 && crypto_unseal(f->s->crypto, context(key, c->dedupe), sealed, n, out) != LOA_OK)
        log_error("feedback_unreadable", "field", field);
}

static void read_case(const struct finding *f, const struct redis_value *v, struct feedback_case *c)
{
    c->number = f->number;
    case_number_id(&f->number, c->id);
    copy_field(v, "st", c->state, sizeof c->state);
    copy_field(v, "un", c->unit, sizeof c->unit);
    copy_field(v, "dk", c->desk, sizeof c->desk);
    copy_field(v, "kd", c->kind, sizeof c->kind);
    copy_field(v, "ch", c->channel, sizeof c->channel);
    copy_field(v, "d", c->dedupe, sizeof c->dedupe);
    copy_field(v, "cid", c->cid, sizeof c->cid);
    copy_field(v, "of", c->officer, sizeof c->officer);
    c->at_ms = redis_int(store_field(v, "at"));
    c->forward_by_ms = redis_int(store_field(v, "fw"));
    c->answer_by_ms = redis_int(store_field(v, "aw"));
    c->version = redis_int(store_field(v, "vn"));
}

static void found(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct finding *f = ctx;
    struct feedback_case c = { .about = "", .text = "", .note = "", .answer = "" };
    struct buf story = BUF_INIT(SEALED_MAX), note = BUF_INIT(SEALED_MAX), answer = BUF_INIT(SEALED_MAX);
    cJSON *j = NULL;
    if (st == LOA_OK && redis_count(v) == 0)
        st = LOA_NOT_FOUND;
    if (st == LOA_OK) {
        read_case(f, v, &c);
        unseal(f, &c, v, "b", &story);
        unseal(f, &c, v, "nt", &note);
        unseal(f, &c, v, "a", &answer);
        if (json_parse(buf_cstr(&story), story.len, &j, NULL, 0) == LOA_OK) {
            c.about = json_str_or(j, "about", "");
            c.text = json_str_or(j, "text", "");
        }
        c.note = buf_cstr(&note);
        c.answer = buf_cstr(&answer);
    }
    f->done(f->ctx, st, &c);
    cJSON_Delete(j);
    buf_clear(&story);
    buf_clear(&note);
    buf_clear(&answer);
    free(f);
}

enum loa_status feedback_find(struct service *s, const struct case_number *n, feedback_case_fn *done,
                              void *ctx)
{
    struct finding *f = mem_alloc(sizeof *f);
    *f = (struct finding){ s, *n, done, ctx };
    char id[CASE_ID_SIZE];
    case_number_id(n, id);
    unsigned p = case_number_partition(n, store_partitions(s->store));
    struct args a;
    args_init(&a);
    args_key(&a, p, "fb:%s", id);
    enum loa_status st = store_command(s->store, p, "HGETALL", &a, found, f);
    args_clear(&a);
    if (st != LOA_OK)
        free(f);
    return st;
}

/* ---- acting ---- */

struct acting {
    feedback_acted_fn *done;
    void *ctx;
};

static void acted(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct acting *x = ctx;
    long long result = st == LOA_OK ? redis_int(redis_at(v, 0)) : 0;
    if (st == LOA_OK && redis_count(v) == 0)
        st = LOA_NOT_FOUND;
    else if (st == LOA_OK && result == 0)
        st = LOA_CONFLICT;
    x->done(x->ctx, st, redis_str(redis_at(v, 1), NULL), result == 2);
    free(x);
}

/* The same action twice in a row is one: by the same person, with the same words. */
static void action_hash(const struct feedback_action *a, char out[17])
{
    struct buf b = BUF_INIT(SEALED_MAX);
    buf_printf(&b, "%s|%s|%s|%s", a->event, a->who, a->unit, a->text);
    crypto_hash_hex(b.data, b.len, out, 16);
    buf_clear(&b);
}

static void add_sealed(struct service *s, const struct feedback_case *c, const char *text, struct args *a)
{
    char key[STORE_KEY_MAX];
    struct buf sealed = BUF_INIT(SEALED_MAX + 64);
    if (text[0] != '\0')
        crypto_seal(s->crypto, context(key, c->dedupe), text, strlen(text), &sealed);
    args_bin(a, sealed.data, sealed.len);
    buf_clear(&sealed);
}

enum loa_status feedback_act(struct service *s, const struct feedback_case *c,
                             const struct feedback_action *action, feedback_acted_fn *done, void *ctx)
{
    const struct feedback_kind *k = feedback_kind_find(s->feedback, c->kind);
    int64_t now = clock_wall_ms();
    struct feedback_deadlines d;
    char hash[17];
    struct acting *x = mem_alloc(sizeof *x);
    *x = (struct acting){ done, ctx };
    feedback_deadlines(s->feedback, k, policy_calendar(s->policy), now, &d);
    action_hash(action, hash);
    unsigned p = case_number_partition(&c->number, store_partitions(s->store));
    struct args a;
    args_init(&a);
    args_key(&a, p, "fb:%s", c->id);
    args_str(&a, c->id);
    args_str(&a, action->event);
    args_str(&a, action->who);
    args_int(&a, now);
    args_str(&a, hash);
    args_str(&a, action->unit);
    args_str(&a, k->desk);
    args_int(&a, d.forward_warn_ms);
    args_int(&a, d.forward_ms);
    args_int(&a, d.answer_warn_ms);
    args_int(&a, d.answer_ms);
    add_sealed(s, c, strcmp(action->event, "forward") == 0 ? action->text : "", &a);
    add_sealed(s, c, strcmp(action->event, "answer") == 0 ? action->text : "", &a);
    enum loa_status st = store_script(s->store, p, "feedback_act", &a, acted, x);
    args_clear(&a);
    if (st != LOA_OK)
        free(x);
    return st;
}
