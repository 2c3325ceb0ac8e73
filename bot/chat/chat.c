#include "chat_inside.h"
#include "loa/clock.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/metrics.h"
#include "loa/phone.h"
#include "loa/text.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL        "loa:chat"
#define DEDUPE_HEX     12
#define EPOCH_HEX      16
#define TITLE_LETTERS  100
#define BURST_TURNS    32    /* of one conversation that may wait for an answer */
#define FLOOD_PAUSE_MS 30000 /* how long words that come too fast are only kept */
#define DAY_S          86400LL

static const char *const kind_words[CHAT_INPUT_COUNT] = {
    [CHAT_TEXT] = "text",   [CHAT_TAP] = "tap",       [CHAT_FOLLOW] = "follow",   [CHAT_SHARED] = "shared",
    [CHAT_MEDIA] = "media", [CHAT_RATING] = "rating", [CHAT_OFFICER] = "officer", [CHAT_TICK] = "tick",
};

const char *chat_kind_word(enum chat_input_kind k)
{
    return kind_words[k];
}

int chat_kind_from_word(const char *word)
{
    for (int k = 0; k < CHAT_INPUT_COUNT; k++)
        if (strcmp(kind_words[k], word) == 0)
            return k;
    return -1;
}

const char *chat_context(char out[STORE_KEY_MAX], const char *cid)
{
    return store_key(out, 0, "cv:%s", cid);
}

/* ---- taking in ---- */

struct receiving {
    struct chat *chat;
    unsigned partition;
    char cid[CRYPTO_KEY_HEX];
    struct chat_entry *entry; /* as its owner will take it in; NULL where that is another process */
    chat_accepted_fn *done;
    void *ctx;
};

static void want_wake(struct chat *c, unsigned partition)
{
    c->wake[partition] = c->wake_any = true;
}

static void wake_owners(void *ctx)
{
    struct chat *c = ctx;
    if (!c->wake_any)
        return;
    c->wake_any = false;
    for (unsigned p = 0; p < store_partitions(c->service->store); p++) {
        if (c->wake[p])
            service_wake_chat(c->service, p);
        c->wake[p] = false;
    }
}

/* Nothing waits before it, and the turns of this partition are ours: it need not be read from the stream.
 * item: seq, stream id, state (chat_in.lua) */
static bool offer(struct receiving *r, const struct redis_value *item)
{
    if (r->entry == NULL || redis_type(item) != REDIS_ARRAY)
        return false;
    struct chat_entry *e = r->entry;
    e->seq = redis_int(redis_at(item, 0));
    snprintf(e->id, sizeof e->id, "%s", redis_str(redis_at(item, 1), NULL));
    if (!chat_owner_offer(r->chat->owner, r->partition, r->cid, e, redis_at(item, 2)))
        return false;
    r->entry = NULL;
    return true;
}

/* "17" | "d17" | "busy" | {"17", …} (chat_in.lua) */
static void received(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct receiving *r = ctx;
    const char *word = redis_str(redis_type(v) == REDIS_ARRAY ? redis_at(v, 0) : v, NULL);
    struct chat_accepted a = { 0 };
    if (st == LOA_OK && word[0] == 'b')
        st = LOA_BUSY;
    if (st == LOA_OK) {
        a.duplicate = word[0] == 'd';
        a.seq = strtoll(word + a.duplicate, NULL, 10);
    }
    metric_add(M_CHAT_INPUTS, st == LOA_OK ? a.duplicate ? "duplicate" : "accepted" : "unavailable", NULL, 1);
    r->done(r->ctx, st, &a);
    if (st == LOA_OK && !a.duplicate && !offer(r, v))
        want_wake(r->chat, r->partition);
    chat_entry_free(r->entry);
    free(r);
}

/* Clean, NFC, at most CHAT_TEXT_MAX_BYTES, cut between letters. */
static bool clean_text(const char *text, struct buf *out)
{
    struct buf cleaned = BUF_INIT(1 << 20);
    size_t n = strlen(text), most = CHAT_TEXT_MAX_BYTES * 4;
    text_clean(&cleaned, text, n < most ? n : most, true);
    text_nfc(out, buf_cstr(&cleaned), cleaned.len);
    bool cut = n > most || out->len > CHAT_TEXT_MAX_BYTES;
    if (out->len > CHAT_TEXT_MAX_BYTES) {
        size_t keep = CHAT_TEXT_MAX_BYTES;
        while (keep > 0 && ((unsigned char)out->data[keep] & 0xC0) == 0x80)
            keep--;
        out->data[keep] = '\0';
        out->len = keep;
    }
    buf_clear(&cleaned);
    return cut;
}

static void json_member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, "%s\"%s\":", b->len > 1 ? "," : "", name);
    buf_json_string(b, value, strlen(value));
}

/* What stands in the log and what the dialog reads: one text, sealed once. A shared number is nobody's
 * reading matter: the log shows that there was one. */
static void input_json(const struct chat_input *in, struct buf *out)
{
    struct buf text = BUF_INIT(1 << 20), title = BUF_INIT(1024);
    bool cut = clean_text(in->text != NULL ? in->text : "", &text),
         titled = in->title != NULL && in->title[0];
    buf_char(out, '{');
    if (titled) {
        text_truncate(&title, in->title, strlen(in->title), TITLE_LETTERS);
        struct buf clean = BUF_INIT(1024);
        clean_text(buf_cstr(&title), &clean);
        json_member(out, "text", buf_cstr(&clean));
        json_member(out, "payload", buf_cstr(&text));
        buf_clear(&clean);
    } else if (in->kind == CHAT_SHARED) {
        json_member(out, "text", "");
        json_member(out, "payload", buf_cstr(&text));
    } else {
        json_member(out, "text", buf_cstr(&text));
    }
    if (in->kind != CHAT_TEXT)
        json_member(out, "kind", chat_kind_word(in->kind));
    if (cut)
        buf_str(out, ",\"cut\":true");
    buf_char(out, '}');
    buf_clear(&text);
    buf_clear(&title);
}

static bool has_line(enum chat_input_kind k)
{
    return k != CHAT_FOLLOW && k != CHAT_OFFICER && k != CHAT_TICK;
}

static void add_sealed(struct args *a, const struct chat *c, const char *cid, const char *plain, size_t n)
{
    char context[STORE_KEY_MAX];
    struct buf sealed = BUF_INIT(CHAT_BLOB_MAX + 64);
    crypto_seal(store_crypto(c->service->store), chat_context(context, cid), plain, n, &sealed);
    args_bin(a, sealed.data, sealed.len);
    buf_clear(&sealed);
}

static bool owns(const struct chat *c, unsigned partition)
{
    return c->owner != NULL && lease_owned(c->service->leases, partition);
}

void chat_receive(struct chat *c, const struct chat_input *in, chat_accepted_fn *done, void *ctx)
{
    struct receiving *r = mem_alloc(sizeof *r);
    unsigned p = store_partition_of_citizen(c->service->store, in->cid);
    *r = (struct receiving){ .chat = c, .partition = p, .done = done, .ctx = ctx };
    struct args *a = batch_item(c->in, p, received, r);
    struct buf json = BUF_INIT(CHAT_BLOB_MAX);
    char dedupe[DEDUPE_HEX + 1] = "", epoch[EPOCH_HEX + 1];
    int64_t at_ms = in->at_ms > 0 ? in->at_ms : clock_wall_ms();
    input_json(in, &json);
    snprintf(r->cid, sizeof r->cid, "%s", in->cid);
    if (owns(c, p))
        r->entry = chat_entry_new(in->kind, at_ms, in->who, in->actor, buf_cstr(&json), json.len);
    if (in->dedupe != NULL && in->dedupe[0] != '\0')
        crypto_hash_hex(in->dedupe, strlen(in->dedupe), dedupe, DEDUPE_HEX);
    crypto_random_hex(epoch, EPOCH_HEX);
    args_str(a, in->cid);
    args_str(a, in->channel);
    if (in->address != NULL && in->address[0] != '\0')
        add_sealed(a, c, in->cid, in->address, strlen(in->address));
    else
        args_str(a, "");
    args_str(a, chat_kind_word(in->kind));
    args_int(a, at_ms);
    args_str(a, in->who);
    args_str(a, in->actor);
    args_str(a, dedupe);
    args_str(a, has_line(in->kind) ? "c" : "");
    add_sealed(a, c, in->cid, buf_cstr(&json), json.len);
    args_str(a, epoch);
    args_str(a, in->unit);
    buf_clear(&json);
}

static enum loa_status in_head(void *ctx, unsigned partition, struct args *a)
{
    const struct chat *c = ctx;
    const struct config *cf = c->service->config;
    args_key(a, partition, "ct");
    args_int(a, clock_wall_ms());
    args_int(a, (config_int(cf, "chat", "keep_days") + 1) * DAY_S);
    args_int(a, config_int(cf, "chat", "waiting_max") / store_partitions(c->service->store) + 1);
    args_int(a, CHAT_LOG_MAX);
    args_int(a, BURST_TURNS);
    args_int(a, FLOOD_PAUSE_MS);
    args_int(a, owns(c, partition));
    return LOA_OK;
}

/* ---- looking on ---- */

void chat_on_change(struct chat *c, chat_changed_fn *fn, void *ctx)
{
    assert(c->listeners < CHAT_LISTENERS_MAX);
    c->listener[c->listeners].fn = fn;
    c->listener[c->listeners++].ctx = ctx;
}

void chat_on_said(struct chat *c, chat_said_fn *fn, void *ctx)
{
    assert(c->said == NULL);
    c->said = fn;
    c->said_ctx = ctx;
}

void chat_tell(struct chat *c, const char *cid, long long last)
{
    for (unsigned i = 0; i < c->listeners; i++)
        c->listener[i].fn(c->listener[i].ctx, cid, last);
}

/* "cid last cid last …"; empty: the subscription began anew. */
static void changed(void *ctx, const char *channel, const char *data, size_t len)
{
    struct chat *c = ctx;
    const char *at = data, *end = data + len;
    (void)channel;
    if (len == 0)
        chat_tell(c, "", 0);
    while (end - at > CRYPTO_KEY_HEX) {
        char cid[CRYPTO_KEY_HEX], *rest;
        memcpy(cid, at, CRYPTO_KEY_HEX - 1);
        cid[CRYPTO_KEY_HEX - 1] = '\0';
        long long last = strtoll(at + CRYPTO_KEY_HEX, &rest, 10);
        if (!chat_owner_hold(c->owner, store_partition_of_citizen(c->service->store, cid), cid, last))
            chat_tell(c, cid, last);
        at = rest + 1;
    }
}

struct reading {
    struct chat *chat;
    char cid[CRYPTO_KEY_HEX];
    chat_view_fn *done;
    void *ctx;
};

static const char *state_of(const struct redis_value *state, const char *name)
{
    const struct redis_value *v = store_field(state, name);
    return v != NULL ? redis_str(v, NULL) : "";
}

const char *chat_view_field(const struct chat_view *v, const char *name)
{
    return state_of(v->state, name);
}

/* "<seq> <at_ms> <from> <blob>": false when it is torn. The plain text grows in `text`, so `say` is set when
 * all lines are there. */
static bool read_line(const struct reading *r, const struct redis_value *v, struct chat_line *l,
                      struct buf *text)
{
    char context[STORE_KEY_MAX], *end;
    size_t n, before = text->len;
    const char *s = redis_str(v, &n);
    l->seq = strtoll(s, &end, 10);
    l->at_ms = strtoll(end, &end, 10);
    if (end[0] != ' ' || end[1] == '\0' || end[2] != ' ')
        return false;
    l->from = end[1];
    const char *blob = end + 3;
    if (crypto_unseal(store_crypto(r->chat->service->store), chat_context(context, r->cid), blob,
                      n - (size_t)(blob - s), text) != LOA_OK)
        return false;
    l->say_len = text->len - before;
    buf_add(text, "", 1);
    return true;
}

static void viewed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct reading *r = ctx;
    struct chat_view view = { 0 };
    struct buf text = BUF_INIT(CHAT_LOG_MAX * CHAT_BLOB_MAX);
    const struct redis_value *lines = redis_at(v, 2);
    size_t n = st == LOA_OK ? redis_count(lines) : 0;
    struct chat_line *line = n > 0 ? mem_alloc(n * sizeof *line) : NULL;
    if (st == LOA_OK) {
        view.state = redis_at(v, 1);
        view.reload = redis_int(redis_at(v, 0)) == 1;
        view.last = strtoll(state_of(view.state, "seq"), NULL, 10);
        const char *mode = state_of(view.state, "md");
        snprintf(view.cid, sizeof view.cid, "%s", r->cid);
        snprintf(view.channel, sizeof view.channel, "%s", state_of(view.state, "ch"));
        snprintf(view.mode, sizeof view.mode, "%s", mode[0] != '\0' ? mode : "bot");
        snprintf(view.epoch, sizeof view.epoch, "%s", state_of(view.state, "ep"));
    }
    for (size_t i = 0; i < n; i++) {
        if (read_line(r, redis_at(lines, i), &line[view.lines], &text))
            view.lines++;
        else
            log_error("chat_line_unreadable", "conversation", r->cid);
    }
    const char *say = buf_cstr(&text);
    for (unsigned i = 0; line != NULL && i < view.lines; i++) {
        line[i].say = say;
        say += line[i].say_len + 1;
    }
    view.line = line;
    r->done(r->ctx, st, &view);
    buf_clear(&text);
    free(line);
    free(r);
}

void chat_read(struct chat *c, const char *cid, const char *epoch, long long after, unsigned limit,
               chat_view_fn *done, void *ctx)
{
    struct reading *r = mem_alloc(sizeof *r);
    *r = (struct reading){ .chat = c, .done = done, .ctx = ctx };
    snprintf(r->cid, sizeof r->cid, "%s", cid);
    struct args *a = batch_item(c->read, store_partition_of_citizen(c->service->store, cid), viewed, r);
    args_str(a, cid);
    args_str(a, epoch);
    args_int(a, after > 0 ? after : 0);
    args_int(a, limit == 0 || limit > CHAT_LOG_MAX ? CHAT_LOG_MAX : limit);
}

static enum loa_status read_head(void *ctx, unsigned partition, struct args *a)
{
    (void)ctx;
    args_key(a, partition, "ct");
    return LOA_OK;
}

/* ---- life ---- */

struct chat *chat_new(struct service *s)
{
    struct chat *c = mem_alloc(sizeof *c);
    c->service = s;
    c->in = batch_new(s->store, "chat_in", in_head, c);
    c->read = batch_new(s->store, "chat_read", read_head, c);
    loop_on_turn_end(s->loop, wake_owners, c);
    if (redis_subscribe(s->redis, CHANNEL, changed, c) != LOA_OK)
        log_error(
            "chat_not_live"); /* only with too many channels: viewers then learn of news when they ask */
    if (s->leases != NULL)
        c->owner = chat_owner_new(c);
    return c;
}

void chat_free(struct chat *c)
{
    if (c == NULL)
        return;
    chat_owner_free(c->owner);
    batch_free(c->in);
    batch_free(c->read);
    free(c);
}
