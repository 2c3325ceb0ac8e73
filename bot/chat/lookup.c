#include "lookup_inside.h"
#include "loa/clock.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS (86400LL * 1000)

void look_end(struct look *l)
{
    struct turn *t = l->turn;
    free(l);
    turn_end(t);
}

void look_fail(struct look *l, enum loa_status st)
{
    struct turn *t = l->turn;
    free(l);
    turn_fail(t, st);
}

void look_count(struct turn *t, const char *result)
{
    turn_count(t, "lookup", result);
    metric_add(M_CHAT_LOOKUPS, result, NULL, 1);
}

/* ---- guesses ---- */

struct tries look_tries(const struct turn *t, const char *scope, const char *setting, char id[80])
{
    const struct config *cf = turn_service(t)->config;
    snprintf(id, 80, "%s:%lld", turn_cid(t), turn_seq(t));
    return (struct tries){ .scope = scope,
                           .id = id,
                           .free = (unsigned)config_int(cf, "chat", setting),
                           .first_pause_ms = config_int(cf, "chat", "guess_pause_s") * 1000,
                           .longest_pause_ms = DAY_MS };
}

struct alerting {
    struct service *service;
    char what[16];
};

static void counted(void *ctx, enum loa_status st, bool allowed, int64_t until_ms, unsigned count)
{
    struct alerting *a = ctx;
    int64_t limit = config_int(a->service->config, "chat", "guess_alert");
    (void)allowed, (void)until_ms;
    if (st == LOA_OK && count % limit == 0) {
        bool digits = strcmp(a->what, "digits") == 0;
        service_alert(a->service, digits ? "dossier_digits_guessed" : "dossier_codes_guessed",
                      digits ? "Có người đang dò 4 số cuối để xem hồ sơ của người khác qua trò chuyện."
                             : "Có người đang dò mã hồ sơ qua trò chuyện.");
    }
    free(a);
}

/* Over all conversations: a guesser may begin a new one for every code. Nobody is slowed by it. */
void look_guessed(struct turn *t, const char *what)
{
    struct alerting *a = mem_alloc(sizeof *a);
    char scope[32], id[80];
    a->service = turn_service(t);
    snprintf(a->what, sizeof a->what, "%s", what);
    snprintf(scope, sizeof scope, "all:%s", what);
    struct tries all = look_tries(t, scope, "guess_alert", id);
    all.free = UINT32_MAX;
    if (tries_take(a->service->store, &all, counted, a) != LOA_OK)
        free(a);
}

/* ---- strangers: one who looks at many dossiers that are not his is slowed like one who guesses ---- */

static bool looked_before(struct turn *t, const char *code)
{
    return strcmp(json_str_or(turn_memory(t, &intent_lookup), "last", ""), code) == 0;
}

static void remember_look(struct turn *t, const char *code)
{
    cJSON *m = turn_memory(t, &intent_lookup);
    cJSON_DeleteItemFromObjectCaseSensitive(m, "last");
    cJSON_AddStringToObject(m, "last", code);
}

static void say_slow(struct look *l, int64_t until_ms)
{
    look_say_until(l, "lookup_slow", until_ms);
    look_count(l->turn, "slowed");
    look_end(l);
}

static void view_counted(void *ctx, enum loa_status st, bool allowed, int64_t until_ms, unsigned count)
{
    struct look *l = ctx;
    (void)count;
    if (st != LOA_OK) {
        look_fail(l, st);
    } else if (!allowed) {
        say_slow(l, until_ms);
    } else {
        remember_look(l->turn, l->code);
        look_count(l->turn, "progress");
        look_say_progress(l);
        look_end(l);
    }
}

static void show_stranger(struct look *l)
{
    char scope[64], id[80];
    snprintf(scope, sizeof scope, "v:%s", turn_cid(l->turn));
    const struct tries views = look_tries(l->turn, scope, "lookup_views", id);
    if (looked_before(l->turn, l->code)) {
        view_counted(l, LOA_OK, true, 0, 0);
        return;
    }
    enum loa_status st = tries_take(turn_service(l->turn)->store, &views, view_counted, l);
    if (st != LOA_OK)
        look_fail(l, st);
}

/* ---- the steps: may ask → dossier → who asks → is he the owner → the answer ---- */

static void answer(struct look *l)
{
    if (l->aim == LOOK_DIGITS && !l->owner) {
        look_compare(l);
        return;
    }
    if (l->aim == LOOK_FOLLOW && l->owner) {
        look_follow(l);
        return;
    }
    if (!l->owner && l->aim == LOOK_SHOW) {
        show_stranger(l);
        return;
    }
    look_count(l->turn, l->owner ? "full" : "proof_asked");
    if (l->owner)
        look_say_full(l);
    else if (!l->known.detailed)
        look_say_code(l->turn, "lookup_no_proof", l->code);
    else
        look_say_prove(l, l->asker[0] != '\0' && l->aim == LOOK_PROVE ? "lookup_not_yours" : "lookup_prove");
    look_end(l);
}

static void owner_known(void *ctx, enum loa_status st, bool owner)
{
    struct look *l = ctx;
    l->owner = owner;
    if (st == LOA_OK)
        answer(l);
    else
        look_fail(l, st);
}

static void asker_known(void *ctx, enum loa_status st, const char *ckey)
{
    struct look *l = ctx;
    snprintf(l->asker, sizeof l->asker, "%s", ckey);
    if (st == LOA_OK && l->asker[0] == '\0') {
        answer(l);
        return;
    }
    if (st == LOA_OK)
        st = look_owner(turn_service(l->turn)->store, l->asker, &l->known.event, owner_known, l);
    if (st != LOA_OK)
        look_fail(l, st);
}

static void miss_counted(void *ctx, enum loa_status st, bool allowed, int64_t until_ms, unsigned count)
{
    struct look *l = ctx;
    (void)allowed, (void)until_ms, (void)count;
    if (st != LOA_OK) {
        look_fail(l, st);
        return;
    }
    look_say_code(l->turn, "lookup_unknown", l->code);
    look_count(l->turn, "unknown");
    look_guessed(l->turn, "codes");
    look_end(l);
}

static void miss(struct look *l)
{
    char scope[64], id[80];
    snprintf(scope, sizeof scope, "u:%s", turn_cid(l->turn));
    const struct tries misses = look_tries(l->turn, scope, "lookup_misses", id);
    enum loa_status st = tries_take(turn_service(l->turn)->store, &misses, miss_counted, l);
    if (st != LOA_OK)
        look_fail(l, st);
}

static void dossier_found(void *ctx, enum loa_status st, const struct dossier_known *d)
{
    struct look *l = ctx;
    if (st != LOA_OK) {
        look_fail(l, st);
        return;
    }
    l->known = *d;
    if (!d->found) {
        miss(l);
        return;
    }
    l->owner = d->detailed && look_remembers_own(l->turn, l->code);
    if (l->owner || !d->detailed) {
        answer(l);
        return;
    }
    st = look_asker(l->turn, asker_known, l);
    if (st != LOA_OK)
        look_fail(l, st);
}

static void may_ask(void *ctx, enum loa_status st, bool allowed, int64_t until_ms, unsigned count)
{
    struct look *l = ctx;
    (void)count;
    if (st == LOA_OK && !allowed) {
        say_slow(l, until_ms);
        return;
    }
    if (st == LOA_OK)
        st = dossier_read(turn_service(l->turn)->store, l->code, dossier_found, l);
    if (st != LOA_OK)
        look_fail(l, st);
}

enum claim look_begin(struct turn *t, enum look_aim aim, const char *code, const char *digits)
{
    char scope[64], id[80];
    struct look *l = mem_alloc(sizeof *l);
    l->turn = t;
    l->aim = aim;
    snprintf(l->code, sizeof l->code, "%s", code);
    snprintf(l->digits, sizeof l->digits, "%s", digits);
    snprintf(scope, sizeof scope, "u:%s", turn_cid(t));
    const struct tries misses = look_tries(t, scope, "lookup_misses", id);
    enum loa_status st = tries_look(turn_service(t)->store, &misses, may_ask, l);
    if (st != LOA_OK)
        look_fail(l, st);
    return CLAIM_LATER;
}
