/* Who asks, and is it the owner: by identity, or by four digits that are counted before they are compared. */
#include "lookup_inside.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_MAX 5 /* dossiers one conversation has open by digits */

/* ---- who asks ---- */

struct asking {
    struct turn *turn;
    asker_fn *done;
    void *ctx;
    char proven[CRYPTO_KEY_HEX];
};

/* The record of a Zalo account that has shared its number is a second name of that number's record. */
static void account_found(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct asking *a = ctx;
    bool linked = st == LOA_OK && strcmp(c->ckey, turn_cid(a->turn)) != 0;
    a->done(a->ctx, st, linked ? c->ckey : "");
    free(a);
}

static void proven_already(void *ctx)
{
    struct asking *a = ctx;
    a->done(a->ctx, LOA_OK, a->proven);
    free(a);
}

enum loa_status look_asker(struct turn *t, asker_fn *done, void *ctx)
{
    struct asking *a = mem_alloc(sizeof *a);
    enum loa_status st = LOA_OK;
    *a = (struct asking){ .turn = t, .done = done, .ctx = ctx };
    snprintf(a->proven, sizeof a->proven, "%s", turn_proven(t));
    if (a->proven[0] != '\0' || strcmp(turn_channel(t), "zalo") != 0)
        loop_defer(turn_service(t)->loop, proven_already, a);
    else
        st = citizen_load(turn_service(t)->store, turn_cid(t), account_found, a);
    if (st != LOA_OK)
        free(a);
    return st;
}

/* ---- is it the owner ---- */

struct matching {
    unsigned waiting;
    bool owner, failed;
    char asker[CRYPTO_KEY_HEX], asker_main[CRYPTO_KEY_HEX];
    struct { /* the identities on the dossier, and the main records behind them */
        char key[CRYPTO_KEY_HEX], main[CRYPTO_KEY_HEX];
    } named[PROOF_IDENTITIES_MAX];
    unsigned count;
    owner_fn *done;
    void *ctx;
};

static void match_leave(struct matching *m)
{
    if (--m->waiting > 0)
        return;
    for (unsigned i = 0; i < m->count; i++)
        m->owner = m->owner || strcmp(m->named[i].key, m->asker) == 0 ||
                   strcmp(m->named[i].main, m->asker_main) == 0;
    m->done(m->ctx, m->failed ? LOA_UNAVAILABLE : LOA_OK, m->owner && !m->failed);
    free(m);
}

static void match_end(void *ctx)
{
    match_leave(ctx);
}

struct resolving {
    struct matching *matching;
    char *main;
};

static void resolved(void *ctx, enum loa_status st, const struct citizen *c)
{
    struct resolving *r = ctx;
    struct matching *m = r->matching;
    m->failed = m->failed || st != LOA_OK;
    if (st == LOA_OK)
        snprintf(r->main, CRYPTO_KEY_HEX, "%s", c->ckey);
    free(r);
    match_leave(m);
}

static void resolve(struct store *s, struct matching *m, const char *key, char main[CRYPTO_KEY_HEX])
{
    struct resolving *r = mem_alloc(sizeof *r);
    *r = (struct resolving){ m, main };
    if (citizen_load(s, key, resolved, r) == LOA_OK) {
        m->waiting++;
    } else {
        m->failed = true;
        free(r);
    }
}

enum loa_status look_owner(struct store *s, const char *ckey, const struct dossier_event *e, owner_fn *done,
                           void *ctx)
{
    struct proof_identities list;
    struct matching *m = mem_alloc(sizeof *m);
    *m = (struct matching){ .waiting = 1, .done = done, .ctx = ctx };
    snprintf(m->asker, sizeof m->asker, "%s", ckey);
    proof_identities(e, &list);
    m->count = list.count;
    resolve(s, m, ckey, m->asker_main);
    for (unsigned i = 0; i < list.count; i++) {
        char identity[300];
        snprintf(identity, sizeof identity, "%s:%s", list.item[i].kind, list.item[i].value);
        citizen_key(store_crypto(s), identity, m->named[i].key);
        resolve(s, m, m->named[i].key, m->named[i].main);
    }
    loop_defer(store_loop(s), match_end, m);
    return LOA_OK;
}

/* ---- dossiers this conversation has opened by digits ---- */

static cJSON *own_list(struct turn *t)
{
    cJSON *memory = turn_memory(t, &intent_lookup);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(memory, "own");
    return list != NULL ? list : cJSON_AddObjectToObject(memory, "own");
}

void look_remember_own(struct turn *t, const char *code)
{
    cJSON *list = own_list(t);
    cJSON_DeleteItemFromObjectCaseSensitive(list, code);
    while (cJSON_GetArraySize(list) >= OWN_MAX)
        cJSON_DeleteItemFromArray(list, 0);
    cJSON_AddNumberToObject(list, code, (double)(clock_wall_ms() + LOOKUP_OWN_MS));
}

bool look_remembers_own(struct turn *t, const char *code)
{
    int64_t until = 0;
    return json_int(own_list(t), code, &until) && until > clock_wall_ms();
}

/* ---- digits: first the conversation's count, then the dossier's, then they are compared ---- */

static void give_back_ignored(void *ctx, enum loa_status st, bool allowed, int64_t until_ms, unsigned count)
{
    (void)ctx, (void)st, (void)allowed, (void)until_ms, (void)count; /* one free guess fewer at worst */
}

static void scopes(const struct look *l, char conversation[64], char dossier[80])
{
    snprintf(conversation, 64, "p:%s", turn_cid(l->turn));
    snprintf(dossier, 80, "d:%s", l->code);
}

static void give_back(const struct look *l)
{
    char conversation[64], dossier[80], id[80];
    struct store *s = turn_service(l->turn)->store;
    scopes(l, conversation, dossier);
    const struct tries mine = look_tries(l->turn, conversation, "proof_tries", id),
                       all = look_tries(l->turn, dossier, "proof_tries_dossier", id);
    tries_right(s, &mine, give_back_ignored, NULL);
    tries_right(s, &all, give_back_ignored, NULL);
}

static void locked(struct look *l, int64_t until_ms)
{
    look_say_until(l, "lookup_locked", until_ms);
    turn_ask_phone(l->turn);
    turn_expect(l->turn, &intent_lookup, "code", LOOKUP_ANSWER_MS);
    look_count(l->turn, "locked");
    look_end(l);
}

static void dossier_counted(void *ctx, enum loa_status st, bool allowed, int64_t until_ms, unsigned count)
{
    struct look *l = ctx;
    (void)count;
    if (st != LOA_OK) {
        look_fail(l, st);
    } else if (!allowed) {
        locked(l, until_ms);
    } else if (proof_digits_fit(&l->known.event, l->digits)) {
        l->owner = true;
        look_remember_own(l->turn, l->code);
        give_back(l);
        turn_count(l->turn, "proven", "digits");
        look_count(l->turn, "digits_right");
        look_say_full(l);
        look_end(l);
    } else {
        look_say_prove(l, "lookup_digits_wrong");
        look_count(l->turn, "digits_wrong");
        look_guessed(l->turn, "digits");
        look_end(l);
    }
}

static void conversation_counted(void *ctx, enum loa_status st, bool allowed, int64_t until_ms,
                                 unsigned count)
{
    struct look *l = ctx;
    char conversation[64], dossier[80], id[80];
    (void)count;
    if (st == LOA_OK && !allowed) {
        locked(l, until_ms);
        return;
    }
    scopes(l, conversation, dossier);
    const struct tries all = look_tries(l->turn, dossier, "proof_tries_dossier", id);
    if (st == LOA_OK)
        st = tries_take(turn_service(l->turn)->store, &all, dossier_counted, l);
    if (st != LOA_OK)
        look_fail(l, st);
}

void look_compare(struct look *l)
{
    char conversation[64], dossier[80], id[80];
    scopes(l, conversation, dossier);
    const struct tries mine = look_tries(l->turn, conversation, "proof_tries", id);
    enum loa_status st =
        l->known.detailed ? tries_take(turn_service(l->turn)->store, &mine, conversation_counted, l) : LOA_OK;
    if (!l->known.detailed) {
        look_say_code(l->turn, "lookup_no_proof", l->code);
        look_end(l);
    } else if (st != LOA_OK) {
        look_fail(l, st);
    }
}
