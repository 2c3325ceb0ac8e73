/* What officers do with a conversation, each one script; and the clock of the partitions we own. */
#include "handover_inside.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS        1000
#define LOOK_LIMIT     100
#define OFFER_AGAIN_MS 5000
#define EMPTY_LOOK_MS  30000

/* ---- one act on its way ---- */

struct act {
    struct service *service;
    unsigned partition;
    const char *counted; /* word of M_DESK_ACTS, NULL none */
    handover_done_fn *done;
    void *ctx;
    /* words wait here until it is known who holds the conversation */
    char cid[CRYPTO_KEY_HEX], login[40], client[HANDOVER_CLIENT_SIZE], desks[256];
    bool lead;
    char *text;
};

static void act_end(struct act *a, enum loa_status st, const struct handover_done *r)
{
    a->done(a->ctx, st, r);
    free(a->text);
    free(a);
}

static struct act *act_new(struct service *s, const char *cid, handover_done_fn *done, void *ctx)
{
    struct act *a = mem_alloc(sizeof *a);
    a->service = s;
    a->partition = store_partition_of_citizen(s->store, cid);
    a->done = done;
    a->ctx = ctx;
    snprintf(a->cid, sizeof a->cid, "%s", cid);
    return a;
}

static void act_failed(void *ctx)
{
    act_end(ctx, LOA_UNAVAILABLE, NULL);
}

static void acted(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct act *a = ctx;
    struct handover_done r = { redis_str(redis_at(v, 0), NULL), redis_str(redis_at(v, 1), NULL),
                               redis_str(redis_at(v, 2), NULL) };
    if (st == LOA_OK && (strcmp(r.word, "taken") == 0 || strcmp(r.word, "passed") == 0)) {
        service_wake_chat(a->service, a->partition);
        metric_add(M_DESK_ACTS, a->counted, NULL, 1);
    }
    act_end(a, st, st == LOA_OK ? &r : NULL);
}

/* The input of the turn that tells the citizen: what chat_in.lua would have stored. */
static void add_tick(struct args *a, const struct service *s, const char *cid, const char *word)
{
    char context[STORE_KEY_MAX];
    struct buf json = BUF_INIT(128), sealed = BUF_INIT(512);
    buf_printf(&json, "{\"text\":\"%s\",\"kind\":\"tick\"}", word);
    store_key(context, 0, "cv:%s", cid);
    crypto_seal(s->crypto, context, json.data, json.len, &sealed);
    args_bin(a, sealed.data, sealed.len);
    buf_clear(&json);
    buf_clear(&sealed);
}

/* "*": all. */
static void add_desks(struct args *a, const struct handover_officer *who)
{
    args_str(a, who->lead ? "*" : who->desks);
}

static void run(struct act *a, const char *script, struct args *args)
{
    if (store_script(a->service->store, a->partition, script, args, acted, a) != LOA_OK)
        loop_defer(a->service->loop, act_failed, a);
    args_clear(args);
}

/* ---- taking and passing on ---- */

void handover_take(struct service *s, const char *cid, const struct handover_officer *who, bool steal,
                   handover_done_fn *done, void *ctx)
{
    struct act *a = act_new(s, cid, done, ctx);
    int64_t now = clock_wall_ms();
    struct args args;
    args_init(&args);
    args_key(&args, a->partition, "cv:%s", cid);
    args_int(&args, now);
    args_str(&args, who->login);
    args_str(&args, who->name);
    args_int(&args, now); /* the turn that follows looks, and sets the right time */
    args_int(&args, steal && who->lead);
    add_tick(&args, s, cid, "#taken");
    add_desks(&args, who);
    a->counted = steal ? "stolen" : "taken";
    run(a, "desk_take", &args);
}

static const struct {
    const char *mode, *tick, *counted;
} ways[] = { [HANDOVER_BACK] = { "bot", "#back", "back" },
             [HANDOVER_CLOSE] = { "bot", "#closed", "closed" },
             [HANDOVER_DESK] = { "wait", "#moved", "passed" },
             [HANDOVER_COLLEAGUE] = { "talk", "#moved", "passed" } };

void handover_pass(struct service *s, const char *cid, const struct handover_officer *who,
                   enum handover_to to, const struct handover_officer *colleague, const struct desk *desk,
                   handover_done_fn *done, void *ctx)
{
    struct act *a = act_new(s, cid, done, ctx);
    int64_t now = clock_wall_ms(), due = now;
    if (desk != NULL)
        due = calendar_add_office_ms(policy_calendar(s->policy), desk->unit, now, desk->answer_within_ms);
    struct args args;
    args_init(&args);
    args_key(&args, a->partition, "cv:%s", cid);
    args_int(&args, now);
    args_str(&args, who->login);
    args_int(&args, who->lead);
    args_str(&args, ways[to].mode);
    args_str(&args, desk != NULL ? desk->id : "");
    args_str(&args, colleague != NULL ? colleague->login : "");
    args_str(&args, colleague != NULL ? colleague->name : "");
    args_int(&args, due);
    args_int(&args, due);
    add_tick(&args, s, cid, ways[to].tick);
    add_desks(&args, who);
    a->counted = ways[to].counted;
    run(a, "desk_pass", &args);
}

/* ---- words ---- */

static void said(void *ctx, enum loa_status st, const struct chat_accepted *accepted)
{
    (void)accepted; /* the same words once more are as good */
    const struct handover_done r = { "said", "", "" };
    act_end(ctx, st, st == LOA_OK ? &r : NULL);
}

/* "<client> <text>": the turn writes the id into the line of the log, where the page finds it. */
static void receive(struct act *a, enum chat_input_kind kind, const char *prefix)
{
    struct buf text = BUF_INIT(CHAT_TEXT_MAX_BYTES + HANDOVER_CLIENT_SIZE + 16), dedupe = BUF_INIT(128);
    buf_printf(&text, "%s%s %s", prefix, a->client, a->text);
    buf_printf(&dedupe, "o:%s:%s", a->login, a->client);
    struct chat_input in = { .kind = kind,
                             .channel = "",
                             .text = buf_cstr(&text),
                             .actor = a->login,
                             .dedupe = buf_cstr(&dedupe),
                             .at_ms = clock_wall_ms() };
    snprintf(in.cid, sizeof in.cid, "%s", a->cid);
    chat_receive(a->service->chat, &in, said, a);
    buf_clear(&text);
    buf_clear(&dedupe);
}

/* The turn looks again, in order with everything else; this look is for an honest answer at once. */
static void holder_known(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct act *a = ctx;
    const char *mode = redis_str(redis_at(v, 0), NULL), *login = redis_str(redis_at(v, 1), NULL);
    bool talks = strcmp(mode, "talk") == 0;
    if (st != LOA_OK) {
        act_end(a, st, NULL);
    } else if (!talks || strcmp(login, a->login) != 0) {
        const struct handover_done r = { talks ? "other" : "gone", login, redis_str(redis_at(v, 2), NULL) };
        act_end(a, LOA_OK, &r);
    } else {
        receive(a, CHAT_OFFICER, "");
    }
}

static struct act *words_new(struct service *s, const char *cid, const struct handover_officer *who,
                             const char *client, const char *text, handover_done_fn *done, void *ctx)
{
    struct act *a = act_new(s, cid, done, ctx);
    text_copy(a->login, sizeof a->login, who->login);
    text_copy(a->client, sizeof a->client, client);
    text_copy(a->desks, sizeof a->desks, who->desks);
    a->lead = who->lead;
    a->text = mem_strdup(text);
    return a;
}

/* Asks who is in the conversation: md, of, on, dk. */
static void look_first(struct act *a, redis_done_fn *known)
{
    static const char *const field[] = { "md", "of", "on", "dk" };
    struct args args;
    args_init(&args);
    args_key(&args, a->partition, "cv:%s", a->cid);
    for (unsigned i = 0; i < sizeof field / sizeof field[0]; i++)
        args_str(&args, field[i]);
    if (store_command(a->service->store, a->partition, "HMGET", &args, known, a) != LOA_OK)
        loop_defer(a->service->loop, act_failed, a);
    args_clear(&args);
}

void handover_say(struct service *s, const char *cid, const struct handover_officer *who, const char *client,
                  const char *text, handover_done_fn *done, void *ctx)
{
    look_first(words_new(s, cid, who, client, text, done, ctx), holder_known);
}

/* Whoever may see the conversation may note something: the holder, and the desk. */
static void reader_known(void *ctx, enum loa_status st, const struct redis_value *v)
{
    static const struct handover_done gone = { "gone", "", "" };
    struct act *a = ctx;
    const char *mode = redis_str(redis_at(v, 0), NULL), *login = redis_str(redis_at(v, 1), NULL),
               *desk = redis_str(redis_at(v, 3), NULL);
    bool with_people = strcmp(mode, "wait") == 0 || strcmp(mode, "talk") == 0;
    if (st != LOA_OK)
        act_end(a, st, NULL);
    else if (with_people && (a->lead || strcmp(login, a->login) == 0 || board_list_has(a->desks, desk)))
        receive(a, CHAT_TICK, "#note:");
    else
        act_end(a, LOA_OK, &gone);
}

void handover_note(struct service *s, const char *cid, const struct handover_officer *who, const char *client,
                   const char *text, handover_done_fn *done, void *ctx)
{
    look_first(words_new(s, cid, who, client, text, done, ctx), reader_known);
}

/* ---- the clock ---- */

struct clock_part {
    struct handover *h;
    unsigned partition;
    int64_t epoch;
    bool looking;
};

struct handover {
    struct service *service;
    struct clock_part part[PARTITIONS_MAX];
    struct timer look, empty;
    bool paused;
};

static void tick_stored(void *ctx, enum loa_status st, const struct chat_accepted *a)
{
    (void)ctx, (void)st, (void)a; /* what was not stored is offered again */
}

/* The same time that has come is one turn, however often it is offered. */
static void send_tick(struct service *s, const char *cid, const char *due)
{
    struct buf dedupe = BUF_INIT(64);
    buf_printf(&dedupe, "due:%s", due);
    struct chat_input in = { .kind = CHAT_TICK,
                             .channel = "",
                             .text = "#due",
                             .dedupe = buf_cstr(&dedupe),
                             .at_ms = clock_wall_ms() };
    snprintf(in.cid, sizeof in.cid, "%s", cid);
    chat_receive(s->chat, &in, tick_stored, NULL);
    buf_clear(&dedupe);
}

static void looked(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct clock_part *p = ctx;
    struct service *s = p->h->service;
    p->looking = false;
    if (st == LOA_STALE && lease_epoch(s->leases, p->partition) == p->epoch)
        lease_lost(s->leases, p->partition);
    for (size_t i = 0; st == LOA_OK && i < redis_count(v); i++)
        send_tick(s, redis_str(redis_at(redis_at(v, i), 0), NULL),
                  redis_str(redis_at(redis_at(v, i), 1), NULL));
}

static void look_at(struct clock_part *p)
{
    struct service *s = p->h->service;
    int64_t now = clock_wall_ms();
    struct args a;
    if (p->looking || !lease_owned(s->leases, p->partition))
        return;
    p->epoch = lease_epoch(s->leases, p->partition);
    args_init(&a);
    args_key(&a, p->partition, "lease");
    args_key(&a, p->partition, "hw");
    args_int(&a, p->epoch);
    args_int(&a, now);
    args_int(&a, LOOK_LIMIT);
    args_int(&a, now + OFFER_AGAIN_MS);
    p->looking = store_script(s->store, p->partition, "desk_due", &a, looked, p) == LOA_OK;
    args_clear(&a);
}

static void look_everywhere(void *ctx)
{
    struct handover *h = ctx;
    for (unsigned p = 0; p < store_partitions(h->service->store) && !h->paused; p++)
        look_at(&h->part[p]);
    timer_start(&h->look, h->service->loop, LOOK_MS, look_everywhere, h);
}

/* People wait in office hours, and nobody has the page open. */
static void look_for_empty_desks(void *ctx)
{
    struct handover *h = ctx;
    struct service *s = h->service;
    const struct desk *d;
    for (unsigned i = 0; (d = desk_at(s->desks, i)) != NULL && !h->paused; i++)
        if (board_waiting(s->board, d->id) > 0)
            handover_watch(s, d);
    timer_start(&h->empty, s->loop, EMPTY_LOOK_MS, look_for_empty_desks, h);
}

struct handover *handover_new(struct service *s)
{
    struct handover *h = mem_alloc(sizeof *h);
    h->service = s;
    for (unsigned p = 0; p < PARTITIONS_MAX; p++)
        h->part[p] = (struct clock_part){ .h = h, .partition = p };
    return h;
}

void handover_start(struct handover *h)
{
    look_everywhere(h);
    timer_start(&h->empty, h->service->loop, EMPTY_LOOK_MS, look_for_empty_desks, h);
}

void handover_pause(struct handover *h)
{
    h->paused = true;
}

bool handover_idle(const struct handover *h, unsigned partition)
{
    return !h->part[partition].looking;
}

void handover_free(struct handover *h)
{
    if (h == NULL)
        return;
    timer_stop(&h->look);
    timer_stop(&h->empty);
    free(h);
}
