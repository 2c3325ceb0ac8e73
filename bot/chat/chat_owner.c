/*
 * Answers the turns of the partitions this process owns. Per partition one reader follows the stream; per
 * conversation one turn is worked on at a time, the next ones wait behind it in memory with the state the
 * last commit left, so nothing is read twice. A turn leaves the stream only by its commit: whatever goes
 * wrong before, it is read and computed again, here or by the next owner.
 */
#include "chat_inside.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKE_MAX   128
#define ACTIVE_MAX 512  /* turns of one partition in memory */
#define LOOK_MS    1000 /* a wake-up between processes may get lost */
#define RETRY_MS   250
#define TRIES_MAX  8
#define DAY_S      86400LL

struct part {
    struct chat_owner *owner;
    unsigned partition, active; /* turns in memory */
    bool hot, taking;
    char cursor[32]; /* the last turn read from the stream */
    struct conv *convs;
};

struct chat_owner {
    struct chat *chat;
    struct part part[PARTITIONS_MAX];
    struct batch *commits;
    struct timer look;
    bool paused, pump_wanted;
};

/* A conversation with turns at hand; goes when they are done. */
struct conv {
    char cid[CRYPTO_KEY_HEX];
    struct part *part;
    bool orphan; /* the lease is gone: what comes back is dropped */
    bool heard;  /* of its change, before the commit's own answer was here: told when that is */
    long long heard_last;
    struct chat_fields state;
    struct chat_entry *head, **tail;
    struct turn *turn; /* of `head` */
    struct timer retry;
    UT_hash_handle hh;
};

static void pump(void *ctx);
static void conv_next(struct conv *v);

static void want_pump(struct chat_owner *o)
{
    if (o->pump_wanted)
        return;
    o->pump_wanted = true;
    loop_defer(o->chat->service->loop, pump, o);
}

static struct store *store_of(const struct conv *v)
{
    return v->part->owner->chat->service->store;
}

static struct leases *leases_of(const struct part *p)
{
    return p->owner->chat->service->leases;
}

/* ---- conversations in memory ---- */

void chat_entry_free(struct chat_entry *e)
{
    if (e == NULL)
        return;
    free(e->text);
    free(e->title);
    free(e);
}

static void conv_drop_entries(struct conv *v)
{
    while (v->head != NULL) {
        struct chat_entry *e = v->head;
        v->head = e->next;
        v->part->active -= !v->orphan;
        chat_entry_free(e);
    }
    v->tail = &v->head;
}

static void conv_free(struct conv *v)
{
    conv_drop_entries(v);
    if (!v->orphan)
        HASH_DEL(v->part->convs, v);
    timer_stop(&v->retry);
    chat_fields_clear(&v->state);
    free(v);
}

/* The lease went: what is under way ends by itself and is then dropped. */
static void part_abandon(struct part *p)
{
    struct conv *v, *next;
    /* What was freed has left the table before, which the analyser does not see.
     * NOLINTBEGIN(clang-analyzer-unix.Malloc) */
    HASH_ITER(hh, p->convs, v, next)
    {
        HASH_DEL(p->convs, v);
        v->orphan = true;
        if (timer_running(&v->retry))
            conv_free(v); /* nothing of it is under way */
    }
    /* NOLINTEND(clang-analyzer-unix.Malloc) */
    p->active = 0;
}

static struct conv *conv_of(struct part *p, const char *cid, const struct redis_value *state)
{
    struct conv *v;
    HASH_FIND_STR(p->convs, cid, v);
    if (v != NULL)
        return v;
    v = mem_alloc(sizeof *v);
    v->part = p;
    snprintf(v->cid, sizeof v->cid, "%s", cid);
    v->tail = &v->head;
    chat_fields_read(&v->state, state);
    HASH_ADD_STR(p->convs, cid, v);
    return v;
}

/* ---- from the stream ---- */

static void copy_member(const cJSON *j, const char *name, char **out)
{
    *out = mem_strdup(json_str_or(j, name, ""));
}

/* `say` is what stands in the log: {"text", "payload"?} (chat.c). NULL when that is not what it is. */
struct chat_entry *chat_entry_new(enum chat_input_kind kind, int64_t at_ms, const char *who,
                                  const char *actor, const char *say, size_t n)
{
    cJSON *j = NULL;
    if (json_parse(say, n, &j, NULL, 0) != LOA_OK)
        return NULL;
    struct chat_entry *e = mem_alloc(sizeof *e);
    const char *payload = json_str(j, "payload");
    e->kind = kind;
    e->at_ms = at_ms;
    snprintf(e->who, sizeof e->who, "%s", who != NULL ? who : "");
    snprintf(e->actor, sizeof e->actor, "%s", actor != NULL ? actor : "");
    copy_member(j, payload != NULL ? "payload" : "text", &e->text);
    copy_member(j, payload != NULL ? "text" : "", &e->title);
    e->cut = json_bool_or(j, "cut", false);
    cJSON_Delete(j);
    return e;
}

static struct chat_entry *tick_new(const char *what, int64_t at_ms)
{
    struct chat_entry *e = mem_alloc(sizeof *e);
    e->kind = CHAT_TICK;
    e->at_ms = at_ms;
    e->text = mem_strdup(what);
    e->title = mem_strdup("");
    return e;
}

/* item: id, cid, seq, kind, at, who, actor, sealed blob, state (chat_take.lua) */
static struct chat_entry *entry_read(const struct chat *c, const struct redis_value *item, const char *cid)
{
    struct chat_entry *e = NULL;
    struct buf plain = BUF_INIT(CHAT_BLOB_MAX);
    char context[STORE_KEY_MAX];
    size_t n;
    const char *kind = redis_str(redis_at(item, 3), NULL), *blob = redis_str(redis_at(item, 7), &n);
    int k = chat_kind_from_word(kind);
    int64_t at_ms = redis_int(redis_at(item, 4));
    if (strcmp(kind, "flood") == 0) {
        e = tick_new("flood", at_ms);
    } else if (crypto_unseal(store_crypto(c->service->store), chat_context(context, cid), blob, n, &plain) ==
               LOA_OK) {
        e = chat_entry_new(k < 0 ? CHAT_TICK : (enum chat_input_kind)k, at_ms,
                           redis_str(redis_at(item, 5), NULL), redis_str(redis_at(item, 6), NULL),
                           buf_cstr(&plain), plain.len);
    }
    if (e == NULL) {
        e = tick_new("unreadable", at_ms);
        log_error("chat_turn_unreadable", "conversation", cid);
    }
    e->seq = redis_int(redis_at(item, 2));
    snprintf(e->id, sizeof e->id, "%s", redis_str(redis_at(item, 0), NULL));
    buf_clear(&plain);
    return e;
}

static void conv_append(struct conv *v, struct chat_entry *e)
{
    bool idle = v->head == NULL;
    *v->tail = e;
    v->tail = &e->next;
    v->part->active++;
    if (idle)
        conv_next(v);
}

static bool conv_has(const struct conv *v, const char *id)
{
    const struct chat_entry *e = v->head;
    while (e != NULL && strcmp(e->id, id) != 0)
        e = e->next;
    return e != NULL;
}

/* What was offered is in the stream too, until its commit. */
static void take_in(struct part *p, const struct redis_value *item)
{
    const char *id = redis_str(redis_at(item, 0), NULL), *cid = redis_str(redis_at(item, 1), NULL);
    struct conv *v = conv_of(p, cid, redis_at(item, 8));
    snprintf(p->cursor, sizeof p->cursor, "%s", id);
    if (!conv_has(v, id))
        conv_append(v, entry_read(p->owner->chat, item, v->cid));
}

bool chat_owner_offer(struct chat_owner *o, unsigned partition, const char *cid, struct chat_entry *e,
                      const struct redis_value *state)
{
    struct part *p = &o->part[partition];
    struct conv *v;
    HASH_FIND_STR(p->convs, cid, v);
    if (v != NULL && conv_has(v, e->id)) { /* the stream was quicker */
        chat_entry_free(e);
        return true;
    }
    if (v != NULL || o->paused || p->active >= ACTIVE_MAX || !lease_owned(leases_of(p), partition))
        return false;
    conv_append(conv_of(p, cid, state), e);
    return true;
}

struct taking {
    struct part *part;
    int64_t epoch;
    unsigned limit;
};

static void taken(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct taking *t = ctx;
    struct part *p = t->part;
    bool ours = lease_epoch(leases_of(p), p->partition) == t->epoch;
    p->taking = false;
    if (st == LOA_STALE)
        lease_lost(leases_of(p), p->partition);
    if (st == LOA_OK && ours) {
        size_t n = redis_count(v);
        for (size_t i = 0; i < n; i++)
            take_in(p, redis_at(v, i));
        if (n == t->limit)
            p->hot = true; /* there may be more */
    }
    free(t);
    want_pump(p->owner);
}

static void take(struct part *p, unsigned limit)
{
    struct taking *t = mem_alloc(sizeof *t);
    *t = (struct taking){ p, lease_epoch(leases_of(p), p->partition), limit };
    struct args a;
    args_init(&a);
    args_key(&a, p->partition, "lease");
    args_key(&a, p->partition, "ct");
    args_int(&a, t->epoch);
    args_str(&a, p->cursor);
    args_int(&a, limit);
    p->hot = false;
    p->taking =
        store_script(p->owner->chat->service->store, p->partition, "chat_take", &a, taken, t) == LOA_OK;
    args_clear(&a);
    if (!p->taking) /* no link: looked for again by the timer */
        free(t);
}

static void pump(void *ctx)
{
    struct chat_owner *o = ctx;
    o->pump_wanted = false;
    for (unsigned i = 0; i < store_partitions(o->chat->service->store) && !o->paused; i++) {
        struct part *p = &o->part[i];
        unsigned room = p->active < ACTIVE_MAX ? ACTIVE_MAX - p->active : 0;
        if (p->hot && !p->taking && room > 0 && lease_owned(leases_of(p), i))
            take(p, room < TAKE_MAX ? room : TAKE_MAX);
    }
}

static void look(void *ctx)
{
    struct chat_owner *o = ctx;
    unsigned active = 0;
    for (unsigned i = 0; i < store_partitions(o->chat->service->store); i++) {
        o->part[i].hot = true;
        active += o->part[i].active;
    }
    metric_set(M_CHAT_ACTIVE, NULL, NULL, active);
    want_pump(o);
    timer_start(&o->look, o->chat->service->loop, LOOK_MS, look, o);
}

/* ---- one turn after the other ---- */

static void conv_next(struct conv *v)
{
    if (v->orphan || v->head == NULL || v->part->owner->paused) {
        conv_free(v);
        return;
    }
    struct chat *c = v->part->owner->chat;
    v->turn = turn_new(c, v, v->cid, &v->state, v->head);
    dialog_run(v->turn);
}

static void conv_read_again(void *ctx);

static void conv_later(struct conv *v)
{
    if (v->orphan)
        conv_free(v);
    else
        timer_start(&v->retry, store_loop(store_of(v)), RETRY_MS, conv_read_again, v);
}

static void conv_read(void *ctx, enum loa_status st, const struct redis_value *state)
{
    struct conv *v = ctx;
    if (st != LOA_OK) {
        conv_later(v);
        return;
    }
    chat_fields_clear(&v->state);
    chat_fields_read(&v->state, state);
    conv_next(v);
}

/* Somebody else changed the conversation, or we do not know what became of our commit. */
static void conv_read_again(void *ctx)
{
    struct conv *v = ctx;
    struct args a;
    args_init(&a);
    args_key(&a, v->part->partition, "cv:%s", v->cid);
    if (store_command(store_of(v), v->part->partition, "HGETALL", &a, conv_read, v) != LOA_OK)
        conv_later(v);
    args_clear(&a);
}

static void conv_done_with_head(struct conv *v)
{
    struct chat_entry *e = v->head;
    v->head = e->next;
    if (v->head == NULL)
        v->tail = &v->head;
    v->part->active -= !v->orphan;
    chat_entry_free(e);
}

/* The lines of a commit go to the pages that are open here before the news of them do. */
bool chat_owner_hold(struct chat_owner *o, unsigned partition, const char *cid, long long last)
{
    struct conv *v = NULL;
    if (o != NULL)
        HASH_FIND_STR(o->part[partition].convs, cid, v);
    if (v == NULL || v->turn == NULL)
        return false;
    if (!v->heard || last == 0 || (v->heard_last != 0 && v->heard_last < last))
        v->heard_last = last;
    v->heard = true;
    return true;
}

static void turn_drop(struct conv *v)
{
    turn_free(v->turn);
    v->turn = NULL;
    if (v->heard)
        chat_tell(v->part->owner->chat, v->cid, v->heard_last);
    v->heard = false;
}

static void count_turn(const struct turn *t)
{
    const struct chat_entry *e = t->entry;
    metric_add(M_CHAT_TURNS, t->channel, chat_kind_word(e->kind), 1);
    if (t->lines > 0 && t->line[0]->from == 'b')
        metric_observe(M_CHAT_ANSWER_SECONDS, t->channel, (double)(clock_wall_ms() - e->at_ms) / 1000);
}

/* What the turn wrote is what the next one reads. */
static void conv_advance(struct conv *v, long long version, long long seq)
{
    const struct turn *t = v->turn;
    char number[24];
    for (unsigned i = 0; i < t->unsets; i++)
        chat_fields_set(&v->state, t->unset[i], "", 0);
    for (unsigned i = 0; i < t->set.count; i++)
        chat_fields_set(&v->state, t->set.item[i].name, t->set.item[i].value, t->set.item[i].len);
    int n = snprintf(number, sizeof number, "%lld", version);
    chat_fields_set(&v->state, "n", number, (size_t)n);
    n = snprintf(number, sizeof number, "%lld", seq);
    chat_fields_set(&v->state, "seq", number, (size_t)n);
}

/* The pages that are open here get the lines as they are. `last` is the number of the last one. */
static void tell_lines(const struct turn *t, long long last)
{
    const struct chat *c = t->chat;
    struct chat_line line[TURN_LINES_MAX];
    if (c->said == NULL || t->lines == 0)
        return;
    for (unsigned i = 0; i < t->lines; i++)
        line[i] = (struct chat_line){ .seq = last - t->lines + 1 + i,
                                      .at_ms = clock_wall_ms(),
                                      .from = t->line[i]->from,
                                      .say = t->line[i]->say,
                                      .say_len = strlen(t->line[i]->say) };
    c->said(c->said_ctx, t->cid, line, t->lines);
}

#define GONE    (-1) /* chat_commit.lua: the turn was committed before */
#define CHANGED (-2) /* the conversation has changed since the turn was computed */

static void committed(void *ctx, enum loa_status st, const struct redis_value *value)
{
    struct conv *v = ctx;
    long long version = redis_int(redis_at(value, 0));
    if (st == LOA_STALE && !v->orphan)
        lease_lost(leases_of(v->part), v->part->partition);
    bool erased = v->turn->erases;
    if (st == LOA_OK && version >= 0) {
        count_turn(v->turn);
        conv_advance(v, version, redis_int(redis_at(value, 1)));
        tell_lines(v->turn, redis_int(redis_at(value, 1)));
    }
    turn_drop(v);
    if (st == LOA_OK && version != CHANGED)
        conv_done_with_head(v);
    if (st == LOA_OK && version >= 0 && !(erased && v->head != NULL))
        conv_next(v);
    else if (st == LOA_OK && !v->orphan)
        conv_read_again(v);
    else
        conv_later(v); /* nothing is known about the commit: should it be there, it will say so */
}

static void add_lines(struct args *a, struct turn *t)
{
    char context[STORE_KEY_MAX];
    chat_context(context, t->cid);
    args_int(a, t->lines);
    for (unsigned i = 0; i < t->lines; i++) {
        struct buf json = BUF_INIT(CHAT_BLOB_MAX), sealed = BUF_INIT(CHAT_BLOB_MAX + 64);
        line_json(t->line[i], &json);
        crypto_seal(store_crypto(t->chat->service->store), context, json.data, json.len, &sealed);
        args_bin(a, (char[]){ t->line[i]->from }, 1);
        args_bin(a, sealed.data, sealed.len);
        t->line[i]->say = buf_take(&json);
        buf_clear(&sealed);
    }
}

static void add_fields(struct args *a, const struct turn *t)
{
    args_int(a, t->set.count + t->unsets);
    for (unsigned i = 0; i < t->set.count; i++) {
        args_str(a, t->set.item[i].name);
        args_bin(a, t->set.item[i].value, t->set.item[i].len);
    }
    for (unsigned i = 0; i < t->unsets; i++) {
        args_str(a, t->unset[i]);
        args_str(a, "");
    }
}

static void commit(struct conv *v)
{
    struct turn *t = v->turn;
    struct args *a = batch_item(v->part->owner->commits, v->part->partition, committed, v);
    const char *version = chat_fields_get(&v->state, "n", NULL);
    turn_seal_memory(t);
    args_str(a, v->cid);
    args_str(a, v->head->id);
    args_str(a, version[0] != '\0' ? version : "0");
    add_lines(a, t);
    add_fields(a, t);
    args_int(a, t->counts);
    for (unsigned i = 0; i < t->counts; i++) {
        args_str(a, t->count[i].event);
        args_str(a, t->count[i].detail);
    }
}

static void sent(void *ctx, enum loa_status st)
{
    struct conv *v = ctx;
    if (v->orphan) {
        turn_drop(v);
        conv_free(v);
    } else if (st == LOA_OK) {
        commit(v);
    } else {
        turn_drop(v); /* the store is away or full: the citizen's word stays, the answer is made again */
        conv_later(v);
    }
}

void turn_ended(struct turn *t)
{
    struct conv *v = t->conv;
    if (v->orphan)
        sent(v, LOA_STALE);
    else if (turn_must_send(t))
        turn_send(t, sent, v);
    else
        commit(v);
}

void turn_failed(struct turn *t, enum loa_status st)
{
    struct conv *v = t->conv;
    log_warn("chat_turn_failed", "conversation", v->cid, "status", loa_status_word(st), "try",
             log_num(t->entry->tries));
    if (++t->entry->tries >= TRIES_MAX && !v->orphan) {
        turn_say(t, "trouble", NULL); /* better than silence for ever */
        turn_ended(t);
        return;
    }
    turn_drop(v);
    conv_later(v);
}

/* ---- life ---- */

static enum loa_status commit_head(void *ctx, unsigned partition, struct args *a)
{
    const struct chat_owner *o = ctx;
    const struct service *s = o->chat->service;
    int64_t epoch = lease_epoch(s->leases, partition);
    if (epoch == 0)
        return LOA_STALE;
    args_key(a, partition, "lease");
    args_key(a, partition, "ct");
    args_int(a, epoch);
    args_int(a, clock_wall_ms());
    args_int(a, CHAT_LOG_MAX);
    args_int(a, (config_int(s->config, "chat", "keep_days") + 1) * DAY_S);
    return LOA_OK;
}

struct chat_owner *chat_owner_new(struct chat *c)
{
    struct chat_owner *o = mem_alloc(sizeof *o);
    o->chat = c;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        o->part[p] = (struct part){ .owner = o, .partition = p, .cursor = "-" };
    o->commits = batch_new(c->service->store, "chat_commit", commit_head, o);
    timer_start(&o->look, c->service->loop, LOOK_MS, look, o);
    return o;
}

void chat_owner_free(struct chat_owner *o)
{
    if (o == NULL)
        return;
    timer_stop(&o->look);
    batch_free(o->commits);
    free(o);
}

void chat_take_over(struct chat *c, unsigned partition)
{
    struct part *p = &c->owner->part[partition];
    part_abandon(p);
    snprintf(p->cursor, sizeof p->cursor, "-");
    p->hot = true;
    want_pump(c->owner);
}

void chat_let_go(struct chat *c, unsigned partition)
{
    part_abandon(&c->owner->part[partition]);
}

void chat_wake(struct chat *c, unsigned partition)
{
    if (c->owner == NULL)
        return;
    c->owner->part[partition].hot = true;
    want_pump(c->owner);
}

void chat_pause(struct chat *c)
{
    if (c->owner != NULL) {
        c->owner->paused = true;
        timer_stop(&c->owner->look);
    }
}

bool chat_idle(const struct chat *c, unsigned partition)
{
    const struct part *p = &c->owner->part[partition];
    return p->active == 0 && !p->taking;
}
