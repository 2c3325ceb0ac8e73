#include "loa/zalo_oauth.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS          1000
#define ASK_TIMEOUT_MS   15000
#define INTENT_GRACE_MS  20000 /* longer than ASK_TIMEOUT_MS: a predecessor can no longer be asking */
#define BACKOFF_FIRST_MS 5000
#define BACKOFF_MAX_MS   300000
#define SLOW_DOWN_MS     60000
#define LATE_FAILURES    5 /* tries without an answer before staff are told */
#define RECORD_MAX_BYTES (3 * ZALO_TOKEN_MAX)
#define ANSWER_MAX_BYTES (32 * 1024)

enum step {
    STEP_LOADING, /* nothing heard from the store yet */
    STEP_ABSENT,  /* no pair in the store nor in the configuration */
    STEP_READY,
    STEP_INTENT, /* saving that we are about to ask */
    STEP_ASKING,
    STEP_COMMIT, /* a new pair is in our hands alone; saving it */
    STEP_REFUSED
};

struct zalo_oauth {
    struct channel_env env;
    struct zalo_oauth_settings set;
    const struct outcome_table *codes;
    char own_seed[ZALO_SEED_HEX]; /* of the configuration's first pair; "" when it gives none */

    enum step step;
    struct zalo_token_record rec;   /* what is in use */
    struct zalo_token_record fresh; /* STEP_COMMIT: granted and not saved yet */
    unsigned serial;                /* changes with the access token */
    bool dead;                      /* the platform refuses the access token in use */
    bool owner;
    bool own_intent;    /* the intent in `rec` is ours: no need to wait for anybody */
    bool maybe_rotated; /* an earlier try may have used up the refresh token */
    bool retry_refused; /* a refusal of an earlier run is tried once more */
    bool seed_unsaved;  /* `rec` is the first pair, not in the store yet */

    bool loading, load_wanted, saving;
    unsigned failures;     /* tries in a row without a statement of the platform, or without a save */
    int64_t not_before_ms; /* monotonic: next try */

    struct timer tick;
    uint64_t call_id; /* 0: no request under way */
    bool closing;
};

static void advance(struct zalo_oauth *o);

/* ---- small things ---- */

static bool is_owner(const struct zalo_oauth *o)
{
    return o->env.secrets != NULL && o->env.secrets->is_owner(o->env.secrets->ctx);
}

static void alert(struct zalo_oauth *o, const char *word, const char *platform_code)
{
    struct outcome told;
    char code[48];

    if (platform_code == NULL || !outcome_from_table(o->codes, "oauth", platform_code, &told))
        outcome_from_table(o->codes, "oauth", word, &told);
    snprintf(code, sizeof code, "zalo_token_%s", word);
    if (o->env.alert != NULL)
        o->env.alert(o->env.alert_ctx, code, told.sentence_vi);
}

static void try_later(struct zalo_oauth *o, int64_t least_ms)
{
    int64_t wait = BACKOFF_FIRST_MS << (o->failures < 6 ? o->failures : 6);
    o->failures++;
    wait = wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait;
    o->not_before_ms = clock_mono_ms() + (wait < least_ms ? least_ms : wait);
    if (o->failures == LATE_FAILURES)
        alert(o, "late", NULL);
}

static void wipe(struct buf *b)
{
    if (b->data != NULL)
        explicit_bzero(b->data, b->len);
    buf_clear(b);
}

/* Runs when the last completion after closing has come in. */
static void free_when_quiet(struct zalo_oauth *o)
{
    if (!o->closing || o->loading || o->saving || o->call_id != 0)
        return;
    explicit_bzero(o, sizeof *o);
    free(o);
}

/* ---- taking over what the store says ---- */

static bool seed_known(const struct zalo_oauth *o, const struct zalo_token_record *r)
{
    for (unsigned i = 0; i < ZALO_SEEDS_MAX; i++)
        if (strcmp(r->seed[i], o->own_seed) == 0)
            return true;
    return o->own_seed[0] == '\0';
}

static void use(struct zalo_oauth *o, const struct zalo_token_record *r)
{
    if (o->serial == 0 || strcmp(o->rec.pair.access, r->pair.access) != 0) {
        o->serial++;
        o->dead = r->pair.access[0] == '\0';
    }
    o->rec = *r;
    o->own_intent = false;
    o->maybe_rotated = r->state == ZALO_TOKEN_REFRESHING;
    o->step = r->state == ZALO_TOKEN_REFUSED ? STEP_REFUSED : STEP_READY;
}

/* The configuration's pair on top of what the store remembers. When it was issued is unknown; should it die
 * early, the platform says so. */
static void use_first_pair(struct zalo_oauth *o, const struct zalo_token_record *stored)
{
    struct zalo_token_record r = { .state = ZALO_TOKEN_GOOD };

    if (stored != NULL) {
        r.generation = stored->generation;
        memcpy(r.seed[1], stored->seed[0], (ZALO_SEEDS_MAX - 1) * sizeof r.seed[0]);
    }
    memcpy(r.seed[0], o->own_seed, sizeof r.seed[0]);
    snprintf(r.pair.access, sizeof r.pair.access, "%s", o->set.access_token);
    snprintf(r.pair.refresh, sizeof r.pair.refresh, "%s", o->set.refresh_token);
    r.pair.life_ms = ZALO_TOKEN_LIFE_MS;
    r.obtained_ms = r.since_ms = clock_wall_ms();
    o->failures = 0;
    o->not_before_ms = 0;
    o->seed_unsaved = true;
    use(o, &r);
}

static bool same_record(const struct zalo_token_record *a, const struct zalo_token_record *b)
{
    return a->generation == b->generation && a->state == b->state && a->since_ms == b->since_ms &&
           strcmp(a->pair.access, b->pair.access) == 0;
}

static void take(struct zalo_oauth *o, const struct zalo_token_record *stored)
{
    if (o->step == STEP_INTENT || o->step == STEP_ASKING)
        return; /* we are changing it ourselves */
    if (o->step == STEP_COMMIT && stored->generation < o->fresh.generation)
        return; /* ours is newer, it only waits to be saved */
    if (!seed_known(o, stored)) {
        use_first_pair(o, stored);
        return;
    }
    if (o->step != STEP_LOADING && (stored->generation < o->rec.generation || same_record(stored, &o->rec)))
        return;
    if (o->step == STEP_LOADING)
        o->retry_refused = stored->state == ZALO_TOKEN_REFUSED;
    o->seed_unsaved = false;
    o->failures = 0;
    use(o, stored);
}

static void nothing_stored(struct zalo_oauth *o)
{
    if (o->step != STEP_LOADING)
        return;
    if (o->own_seed[0] != '\0') {
        use_first_pair(o, NULL);
        return;
    }
    o->step = STEP_ABSENT;
    alert(o, "absent", NULL);
}

static void loaded(void *ctx, enum loa_status st, const char *blob, size_t len)
{
    struct zalo_oauth *o = ctx;
    struct zalo_token_record stored;

    o->loading = false;
    if (o->closing) {
        free_when_quiet(o);
        return;
    }
    if (st == LOA_OK)
        st = zalo_token_record_parse(blob, len, &stored);
    if (st == LOA_OK)
        take(o, &stored);
    else if (st == LOA_NOT_FOUND || st == LOA_INVALID)
        nothing_stored(o);
    else
        o->load_wanted = true; /* the store is away: the next tick */
    if (st == LOA_INVALID)
        log_error("zalo_token_unreadable");
    explicit_bzero(&stored, sizeof stored);
    if (!o->load_wanted)
        advance(o);
}

static void load_if_wanted(struct zalo_oauth *o)
{
    if (!o->load_wanted || o->loading)
        return;
    o->load_wanted = false;
    o->loading = true;
    if (o->env.secrets->load(o->env.secrets->ctx, ZALO_TOKEN_NAME, loaded, o) != LOA_OK) {
        o->loading = false;
        o->load_wanted = true;
    }
}

static void changed(void *ctx)
{
    struct zalo_oauth *o = ctx;
    o->load_wanted = true;
    load_if_wanted(o);
}

/* ---- saving ---- */

typedef void saved_fn(void *ctx, enum loa_status st);

static void save(struct zalo_oauth *o, const struct zalo_token_record *r, saved_fn *done)
{
    struct buf blob = BUF_INIT(RECORD_MAX_BYTES);

    zalo_token_record_print(r, &blob);
    o->saving = true;
    enum loa_status st = buf_ok(&blob) ? o->env.secrets->save(o->env.secrets->ctx, ZALO_TOKEN_NAME, blob.data,
                                                              blob.len, done, o)
                                       : LOA_TOO_BIG;
    wipe(&blob);
    if (st != LOA_OK)
        done(o, st);
}

/* True when nothing more is to be done: we are closing. */
static bool save_ended(struct zalo_oauth *o, enum loa_status st, const char *what)
{
    o->saving = false;
    if (o->closing) {
        free_when_quiet(o);
        return true;
    }
    if (st != LOA_OK)
        log_warn("zalo_token_save", "what", what, "result", loa_status_word(st));
    return false;
}

static void seed_saved(void *ctx, enum loa_status st)
{
    struct zalo_oauth *o = ctx;
    if (!save_ended(o, st, "first_pair") && st != LOA_OK)
        o->seed_unsaved = true; /* the next tick */
}

static void refusal_saved(void *ctx, enum loa_status st)
{
    save_ended(ctx, st, "refusal");
}

/* ---- the refresh: intent, question, commit ---- */

static void refuse(struct zalo_oauth *o, const char *word, const char *platform_code)
{
    log_error("zalo_token_refused", "why", word, "code", platform_code != NULL ? platform_code : "");
    o->rec.state = ZALO_TOKEN_REFUSED;
    o->rec.since_ms = clock_wall_ms();
    o->step = STEP_REFUSED;
    alert(o, word, platform_code);
    save(o, &o->rec, refusal_saved);
}

static void committed(void *ctx, enum loa_status st)
{
    struct zalo_oauth *o = ctx;

    if (save_ended(o, st, "new_pair") || o->step != STEP_COMMIT)
        return;
    if (st != LOA_OK) { /* the pair stays in our hands; once owner (again), we try again */
        o->not_before_ms = clock_mono_ms() + TICK_MS;
        if (o->failures++ == 0)
            alert(o, "unsaved", NULL);
        return;
    }
    log_info("zalo_token_renewed", "generation", log_num(o->fresh.generation));
    o->failures = 0;
    o->seed_unsaved = false;
    use(o, &o->fresh);
    explicit_bzero(&o->fresh, sizeof o->fresh);
}

static void commit(struct zalo_oauth *o)
{
    save(o, &o->fresh, committed);
}

static void granted(struct zalo_oauth *o, const struct zalo_pair *pair)
{
    o->fresh = o->rec;
    o->fresh.pair = *pair;
    o->fresh.obtained_ms = o->fresh.since_ms = clock_wall_ms();
    o->fresh.generation++;
    o->fresh.state = ZALO_TOKEN_GOOD;
    o->failures = 0;
    o->step = STEP_COMMIT;
    commit(o);
}

/* No statement about the token: the old one stays in use as long as it works. */
static void ask_again(struct zalo_oauth *o, const char *why, bool maybe_rotated, int64_t least_ms)
{
    log_warn("zalo_token_later", "why", why);
    o->maybe_rotated = o->maybe_rotated || maybe_rotated;
    o->step = STEP_READY;
    try_later(o, least_ms);
}

static void refused(struct zalo_oauth *o, const char *platform_code)
{
    if (!is_owner(o)) { /* somebody else looks after the pair now and may well have renewed it */
        o->step = STEP_READY;
        changed(o);
        return;
    }
    if (o->maybe_rotated)
        refuse(o, "interrupted", NULL);
    else
        refuse(o, "refused", platform_code);
}

static void answered(void *ctx, const struct http_answer *a)
{
    struct zalo_oauth *o = ctx;
    struct zalo_pair pair;
    char code[64];
    bool slow_down;

    o->call_id = 0;
    if (o->closing) { /* a new pair is still worth saving: losing it costs a person's time */
        if (a->result == WIRE_ANSWERED &&
            zalo_grant_read(a->status, a->body, a->body_len, &pair, code, sizeof code) == ZALO_GRANTED)
            granted(o, &pair);
        else
            free_when_quiet(o);
        return;
    }
    if (a->result != WIRE_ANSWERED) {
        ask_again(o, a->error != NULL ? a->error : "no answer", a->result != WIRE_NOT_SENT, 0);
        return;
    }
    switch (zalo_grant_read(a->status, a->body, a->body_len, &pair, code, sizeof code)) {
    case ZALO_GRANTED:
        granted(o, &pair);
        break;
    case ZALO_GRANT_LATER:
        slow_down = a->status == 429 || strcmp(code, "-32") == 0;
        ask_again(o, code[0] != '\0' ? code : log_num(a->status), !slow_down, slow_down ? SLOW_DOWN_MS : 0);
        break;
    case ZALO_GRANT_REFUSED:
        refused(o, code);
        break;
    }
    explicit_bzero(&pair, sizeof pair);
}

static void add_field(struct buf *form, const char *name, const char *value)
{
    buf_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    buf_url(form, value, strlen(value));
}

static enum loa_status ask(struct zalo_oauth *o)
{
    struct buf url = BUF_INIT(1024), form = BUF_INIT(8 * 1024), secret = BUF_INIT(1024);

    buf_printf(&url, "%s/v4/oa/access_token", o->set.oauth_url);
    buf_printf(&secret, "secret_key: %s", o->set.app_secret);
    add_field(&form, "refresh_token", o->rec.pair.refresh);
    add_field(&form, "app_id", o->set.app_id);
    add_field(&form, "grant_type", "refresh_token");
    const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", buf_cstr(&secret),
                                    NULL };
    const struct http_call call = {
        .method = "POST",
        .url = buf_cstr(&url),
        .headers = headers,
        .body = form.data,
        .body_len = form.len,
        .timeout_ms = ASK_TIMEOUT_MS,
        .max_reply_bytes = ANSWER_MAX_BYTES,
    };
    enum loa_status st = LOA_TOO_BIG;
    if (buf_ok(&url) && buf_ok(&form) && buf_ok(&secret))
        st = http_client_call(o->env.http, &call, answered, o, &o->call_id);
    if (st != LOA_OK)
        o->call_id = 0;
    buf_clear(&url);
    wipe(&form);
    wipe(&secret);
    return st;
}

static void intent_saved(void *ctx, enum loa_status st)
{
    struct zalo_oauth *o = ctx;

    if (save_ended(o, st, "intent"))
        return;
    if (st != LOA_OK) {
        o->step = STEP_READY;
        try_later(o, 0);
        return;
    }
    o->own_intent = true;
    o->seed_unsaved = false;
    o->step = STEP_ASKING;
    st = ask(o);
    if (st != LOA_OK)
        ask_again(o, loa_status_word(st), false, 0);
}

static void refresh(struct zalo_oauth *o)
{
    if (o->rec.pair.refresh[0] == '\0') {
        refuse(o, "expired", NULL);
        return;
    }
    o->rec.state = ZALO_TOKEN_REFRESHING;
    o->rec.since_ms = clock_wall_ms();
    o->step = STEP_INTENT;
    save(o, &o->rec, intent_saved);
}

/* ---- what is due ---- */

static int64_t due_ms(const struct zalo_token_record *r)
{
    int64_t part = r->pair.life_ms / 5 * 4;
    return r->obtained_ms + (part < ZALO_REFRESH_DUE_MS ? part : ZALO_REFRESH_DUE_MS);
}

static bool refresh_due(const struct zalo_oauth *o)
{
    int64_t now = clock_wall_ms(), age_ms = now - o->rec.since_ms;
    if (o->loading || o->load_wanted || o->saving || clock_mono_ms() < o->not_before_ms)
        return false;
    if (o->rec.pair.refresh[0] == '\0')
        return o->dead; /* nothing to gain: the access token is used up to its end */
    if (o->rec.state == ZALO_TOKEN_REFRESHING)
        return o->own_intent || age_ms >= INTENT_GRACE_MS || age_ms < -INTENT_GRACE_MS; /* or a wrong clock */
    return o->dead || now >= due_ms(&o->rec);
}

static void advance_owner(struct zalo_oauth *o)
{
    if (o->step == STEP_READY && refresh_due(o)) {
        refresh(o);
    } else if (o->step == STEP_READY && o->seed_unsaved && !o->saving) {
        o->seed_unsaved = false;
        save(o, &o->rec, seed_saved);
    } else if (o->step == STEP_COMMIT && !o->saving && !o->loading && clock_mono_ms() >= o->not_before_ms) {
        commit(o);
    } else if (o->step == STEP_REFUSED && o->retry_refused && !o->saving && !o->loading) {
        o->retry_refused = false;
        refresh(o);
    }
}

static void advance(struct zalo_oauth *o)
{
    bool owner = is_owner(o);
    if (owner && !o->owner)
        o->load_wanted = true; /* the last word of our predecessor */
    o->owner = owner;
    load_if_wanted(o);
    if (owner)
        advance_owner(o);
}

static void ticked(void *ctx)
{
    struct zalo_oauth *o = ctx;
    timer_start(&o->tick, o->env.loop, TICK_MS, ticked, o);
    if (o->dead && !o->owner)
        o->load_wanted = true; /* the owner may have renewed it without our hearing */
    advance(o);
}

/* ---- outside ---- */

/* Names a first pair without telling it. */
static void seed_of(const struct zalo_oauth_settings *set, char out[ZALO_SEED_HEX])
{
    struct buf pair = BUF_INIT(2 * ZALO_TOKEN_MAX);
    out[0] = '\0';
    if (set->access_token[0] == '\0' && set->refresh_token[0] == '\0')
        return;
    buf_printf(&pair, "%s %s", set->access_token, set->refresh_token);
    crypto_hash_hex(buf_cstr(&pair), pair.len, out, ZALO_SEED_HEX - 1);
    buf_clear(&pair);
}

struct zalo_oauth *zalo_oauth_new(const struct channel_env *env, const struct zalo_oauth_settings *settings,
                                  const struct outcome_table *codes)
{
    struct zalo_oauth *o = mem_alloc(sizeof *o);

    o->env = *env;
    o->set = *settings;
    o->codes = codes;
    seed_of(settings, o->own_seed);
    o->step = STEP_LOADING;
    if (env->secrets == NULL) {
        nothing_stored(o);
        return o;
    }
    env->secrets->on_change(env->secrets->ctx, ZALO_TOKEN_NAME, changed, o);
    o->load_wanted = true;
    timer_start(&o->tick, env->loop, 0, ticked, o);
    return o;
}

void zalo_oauth_free(struct zalo_oauth *o)
{
    if (o == NULL)
        return;
    o->closing = true;
    timer_stop(&o->tick);
    if (o->env.secrets != NULL)
        o->env.secrets->on_change(o->env.secrets->ctx, ZALO_TOKEN_NAME, NULL, o);
    free_when_quiet(o);
}

enum loa_status zalo_oauth_token(const struct zalo_oauth *o, const char **token, unsigned *serial)
{
    /* While we ask for a new pair the old token works on: it dies only when the platform answers. */
    bool usable = o->step == STEP_READY || o->step == STEP_INTENT || o->step == STEP_ASKING;
    if (!usable || o->dead)
        return LOA_UNAVAILABLE;
    *token = o->rec.pair.access;
    *serial = o->serial;
    return LOA_OK;
}

void zalo_oauth_dead(struct zalo_oauth *o, unsigned serial)
{
    if (serial != o->serial || o->dead)
        return;
    log_warn("zalo_token_dead", "owner", is_owner(o) ? "yes" : "no");
    o->dead = true;
    if (o->env.secrets != NULL)
        advance(o);
    else
        alert(o, "expired", NULL);
}

bool zalo_oauth_is_owner(const struct zalo_oauth *o)
{
    return is_owner(o);
}
