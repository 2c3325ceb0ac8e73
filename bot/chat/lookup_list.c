/* The dossiers of the citizen who asks, and those this conversation follows. */
#include "lookup_inside.h"
#include "loa/mem.h"
#include "loa/policy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX   5 /* as many buttons as a message has */
#define CODES_MAX   24
#define NOTICES_MAX 40 /* of the inbox that are looked through */

struct entry {
    struct listing *listing;
    char code[DOSSIER_CODE_MAX];
    int status; /* -1 gone meanwhile */
};

struct listing {
    struct turn *turn;
    bool followed; /* else: the citizen's own */
    unsigned waiting, count;
    enum loa_status st;
    struct entry entry[CODES_MAX];
};

static void ask_for_code(struct turn *t)
{
    turn_say(t, "lookup_ask_code", NULL);
    turn_ask_phone(t);
    turn_expect(t, &intent_lookup, "code", LOOKUP_ANSWER_MS);
}

static void add_button(struct listing *l, const struct entry *e)
{
    const struct status_rule *rule = policy_status(turn_service(l->turn)->policy, e->status);
    char title[160], payload[128];
    snprintf(title, sizeof title, "%s: %.90s", e->code, rule != NULL ? rule->name_vi : "");
    snprintf(payload, sizeof payload, "#%s:%s", l->followed ? "thoi-theo-doi" : "hs", e->code);
    turn_button(l->turn, title, payload);
}

static void answer(struct listing *l)
{
    unsigned shown = 0;
    for (unsigned i = l->count; i-- > 0 && shown < SHOWN_MAX;) {
        if (l->entry[i].status < 0)
            continue;
        if (shown++ == 0)
            turn_say(l->turn, l->followed ? "lookup_following" : "lookup_mine", NULL);
        add_button(l, &l->entry[i]);
    }
    if (shown == 0)
        turn_say(l->turn, l->followed ? "lookup_following_none" : "lookup_mine_none", NULL);
    if (shown == 0 && !l->followed)
        turn_expect(l->turn, &intent_lookup, "code", LOOKUP_ANSWER_MS);
    look_count(l->turn, l->followed ? "following" : "mine");
}

static void leave(struct listing *l, enum loa_status st)
{
    struct turn *t = l->turn;
    if (st != LOA_OK)
        l->st = st;
    if (--l->waiting > 0)
        return;
    st = l->st;
    if (st == LOA_OK)
        answer(l);
    free(l);
    if (st == LOA_OK)
        turn_end(t);
    else
        turn_fail(t, st);
}

static void status_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct entry *e = ctx;
    e->status = redis_type(v) == REDIS_STR ? (int)redis_int(v) : -1;
    leave(e->listing, st);
}

static void read_statuses(struct listing *l)
{
    struct store *s = turn_service(l->turn)->store;
    l->waiting++;
    for (unsigned i = 0; i < l->count && l->st == LOA_OK; i++) {
        struct entry *e = &l->entry[i];
        unsigned p = store_partition_of(s, e->code);
        struct args a;
        args_init(&a);
        args_key(&a, p, "d:%s", e->code);
        args_str(&a, "st");
        e->listing = l;
        l->st = store_command(s, p, "HGET", &a, status_read, e);
        l->waiting += l->st == LOA_OK;
        args_clear(&a);
    }
    leave(l, LOA_OK);
}

/* The newest stand last: one that comes again moves there; of too many the oldest gives way. */
static void add_code(struct listing *l, const char *code)
{
    unsigned at = 0;
    while (at < l->count && strcmp(l->entry[at].code, code) != 0)
        at++;
    if (at == l->count && l->count == CODES_MAX)
        at = 0;
    if (at < l->count)
        memmove(&l->entry[at], &l->entry[at + 1], (--l->count - at) * sizeof l->entry[0]);
    snprintf(l->entry[l->count++].code, DOSSIER_CODE_MAX, "%s", code);
}

static void add_codes(struct listing *l, const char *codes)
{
    while (*(codes += strspn(codes, " ")) != '\0') {
        size_t n = strcspn(codes, " ");
        char code[DOSSIER_CODE_MAX];
        snprintf(code, sizeof code, "%.*s", (int)n, codes);
        if (n < sizeof code)
            add_code(l, code);
        codes += n;
    }
}

static void codes_done(struct listing *l, enum loa_status st)
{
    if (st != LOA_OK)
        l->st = st;
    if (--l->waiting == 0)
        read_statuses(l);
}

static void followed_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct listing *l = ctx;
    if (st == LOA_OK)
        add_codes(l, redis_str(v, NULL));
    codes_done(l, st);
}

static void own_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct listing *l = ctx;
    for (size_t i = 0; st == LOA_OK && i < redis_count(v); i++)
        add_codes(l, redis_str(redis_at(v, i), NULL));
    codes_done(l, st);
}

static void started(struct listing *l, enum loa_status st)
{
    l->waiting += st == LOA_OK;
    if (st != LOA_OK)
        l->st = st;
}

static void read_followed(struct listing *l)
{
    struct store *s = turn_service(l->turn)->store;
    unsigned p = store_partition_of_citizen(s, turn_cid(l->turn));
    struct args a;
    args_init(&a);
    args_key(&a, p, "fo:%s", turn_cid(l->turn));
    started(l, store_command(s, p, "GET", &a, followed_read, l));
    args_clear(&a);
}

static void read_own(struct listing *l, const char *ckey)
{
    struct store *s = turn_service(l->turn)->store;
    unsigned p = store_partition_of_citizen(s, ckey);
    struct args a;
    args_init(&a);
    args_key(&a, p, "led");
    args_str(&a, ckey);
    args_int(&a, NOTICES_MAX);
    started(l, store_script(s, p, "dossiers_of", &a, own_read, l));
    args_clear(&a);
}

static struct listing *listing_new(struct turn *t, bool followed)
{
    struct listing *l = mem_alloc(sizeof *l);
    l->turn = t;
    l->followed = followed;
    l->st = LOA_OK;
    return l;
}

/* Nothing could be asked: the turn is tried again. */
static void begin(struct listing *l)
{
    struct turn *t = l->turn;
    if (l->waiting > 0)
        return;
    enum loa_status st = l->st;
    free(l);
    turn_fail(t, st);
}

enum claim look_following(struct turn *t)
{
    struct listing *l = listing_new(t, true);
    read_followed(l);
    begin(l);
    return CLAIM_LATER;
}

struct finding {
    struct turn *turn;
    char proven[CRYPTO_KEY_HEX];
};

/* Codes stand under each identity a dossier names: the proven one, and the main record behind it. */
static void main_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct finding *f = ctx;
    struct turn *t = f->turn;
    if (st != LOA_OK) {
        turn_fail(t, st);
    } else {
        struct listing *l = listing_new(t, false);
        if (strcmp(c->ckey, f->proven) != 0)
            read_own(l, c->ckey);
        read_own(l, f->proven);
        begin(l);
    }
    free(f);
}

static void asker_found(void *ctx, enum loa_status st, const char *ckey)
{
    struct finding *f = ctx;
    struct turn *t = f->turn;
    snprintf(f->proven, sizeof f->proven, "%s", ckey);
    if (st == LOA_OK && ckey[0] == '\0') {
        free(f);
        ask_for_code(t);
        turn_end(t);
        return;
    }
    if (st == LOA_OK)
        st = citizen_load(turn_service(t)->store, f->proven, main_found, f);
    if (st != LOA_OK) {
        free(f);
        turn_fail(t, st);
    }
}

enum claim look_mine(struct turn *t)
{
    struct finding *f = mem_alloc(sizeof *f);
    f->turn = t;
    enum loa_status st = look_asker(t, asker_found, f);
    if (st != LOA_OK) {
        free(f);
        turn_fail(t, st);
    }
    return CLAIM_LATER;
}
