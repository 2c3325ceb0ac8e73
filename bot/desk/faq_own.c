#include "loa/faq_own.h"
#include "loa/clock.h"
#include "loa/faq.h"
#include "loa/local_time.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRY_MAX_BYTES 32768
#define FILE_MAX_BYTES  (512u * 1024)
#define PATH_SIZE       1200

struct faq_own {
    struct service *service;
    struct buf written; /* what desk.json holds, so that nothing is loaded in vain */
    bool known, asking, again;
    loop_fn *changed;
    void *ctx;
};

/* ---- both hashes at once ---- */

struct reading {
    struct faq_own *own;
    faq_drafts_fn *done;
    void *ctx;
};

static cJSON *open_entry(const struct faq_own *o, const struct redis_value *v)
{
    struct buf plain = BUF_INIT(ENTRY_MAX_BYTES);
    cJSON *j = NULL;
    size_t n;
    const char *sealed = redis_str(v, &n);
    if (crypto_unseal(o->service->crypto, "fd", sealed, n, &plain) != LOA_OK ||
        json_parse(buf_cstr(&plain), plain.len, &j, NULL, 0) != LOA_OK)
        log_error("draft_unreadable");
    buf_clear(&plain);
    return j;
}

static int newest_first(const void *a, const void *b)
{
    const struct faq_draft *x = a, *y = b;
    int64_t s = 0, t = 0;
    json_int(x->entry, "at", &s);
    json_int(y->entry, "at", &t);
    return s != t ? (s < t) - (s > t) : strcmp(x->id, y->id);
}

/* {entries, states}: flat lists (draft_all.lua) */
static void read_all(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct reading *r = ctx;
    const struct redis_value *entries = redis_at(v, 0), *states = redis_at(v, 1);
    struct faq_draft draft[DRAFTS_MAX];
    unsigned n = 0;
    for (size_t i = 0; st == LOA_OK && i + 1 < redis_count(entries) && n < DRAFTS_MAX; i += 2) {
        const char *id = redis_str(redis_at(entries, i), NULL);
        const char *state = redis_str(store_field(states, id), NULL), *bar = strchr(state, '|');
        cJSON *entry = bar != NULL ? open_entry(r->own, redis_at(entries, i + 1)) : NULL;
        if (entry != NULL)
            draft[n++] = (struct faq_draft){ id, bar + 1, strncmp(state, "live|", 5) == 0, entry,
                                             redis_at(entries, i + 1) };
    }
    qsort(draft, n, sizeof draft[0], newest_first);
    r->done(r->ctx, st, draft, n);
    while (n > 0)
        cJSON_Delete((cJSON *)draft[--n].entry);
    free(r);
}

static void unread(void *ctx)
{
    read_all(ctx, LOA_UNAVAILABLE, NULL);
}

void faq_own_list(struct faq_own *o, faq_drafts_fn *done, void *ctx)
{
    struct reading *r = mem_alloc(sizeof *r);
    *r = (struct reading){ o, done, ctx };
    struct args a;
    args_init(&a);
    args_key(&a, 0, "fd");
    args_key(&a, 0, "fs");
    if (store_script(o->service->store, 0, "draft_all", &a, read_all, r) != LOA_OK)
        loop_defer(o->service->loop, unread, r);
    args_clear(&a);
}

/* ---- the file ---- */

static void add_member(struct buf *b, const char *name, const char *value)
{
    buf_printf(b, ",\"%s\":", name);
    buf_json_string(b, value, strlen(value));
}

/* As in templates/faq/entries.json. */
static void add_live(struct buf *b, const struct service *s, const struct faq_draft *d)
{
    int64_t at = 0;
    char day[16];
    json_int(d->entry, "at", &at);
    date_print_vi(at, day);
    buf_printf(b, "%s{\"id\":\"own-%s\"", b->len > 1 ? ",\n" : "", d->id);
    add_member(b, "topic", json_str_or(d->entry, "topic", ""));
    add_member(b, "question", json_str_or(d->entry, "question", ""));
    buf_str(b, ",\"variants\":");
    const cJSON *variants = json_get(d->entry, "variants");
    if (cJSON_IsArray(variants))
        json_print(variants, b);
    else
        buf_str(b, "[]");
    add_member(b, "answer", json_str_or(d->entry, "answer", ""));
    add_member(b, "source", words_say(s->words, "desk", "faq_source", NULL));
    add_member(b, "date", day);
    buf_str(b, "}");
}

static void live_json(const struct service *s, const struct faq_draft *draft, unsigned count,
                      const char *also, struct buf *out)
{
    buf_str(out, "[");
    for (unsigned i = 0; i < count; i++)
        if (draft[i].live || (also != NULL && strcmp(draft[i].id, also) == 0))
            add_live(out, s, &draft[i]);
    buf_str(out, "]\n");
}

/* Whole or not at all: a reader never sees half a file. */
static bool write_file(const struct service *s, const char *folder, const struct buf *json)
{
    char dir[PATH_SIZE], path[PATH_SIZE + 16], fresh[PATH_SIZE + 24];
    snprintf(dir, sizeof dir, "%.1000s/%s", config_str(s->config, "loa", "data_dir"), folder);
    snprintf(path, sizeof path, "%s/desk.json", dir);
    snprintf(fresh, sizeof fresh, "%s/.desk.json", dir);
    if (mkdir(dir, 0750) != 0 && errno != EEXIST)
        return false;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool good = fd >= 0 && write(fd, json->data, json->len) == (ssize_t)json->len && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good && rename(fresh, path) == 0;
}

/* ---- every process follows ---- */

static void follow(struct faq_own *o);

static void use(struct faq_own *o, const struct buf *json)
{
    struct errors *err = errors_new();
    bool same =
        o->known && o->written.len == json->len && memcmp(o->written.data, json->data, json->len) == 0;
    if (!same && !write_file(o->service, "faq", json))
        log_error("own_entries_not_written");
    else if (!same && service_faq_reload(o->service, err) != LOA_OK)
        log_error("faq_reload_refused", "why", err->count > 0 ? err->item[0].detail : "");
    else if (!same) {
        o->known = true;
        buf_reset(&o->written);
        buf_add(&o->written, json->data, json->len);
    }
    errors_free(err);
}

static void listed(void *ctx, enum loa_status st, const struct faq_draft *draft, unsigned count)
{
    struct faq_own *o = ctx;
    struct buf json = BUF_INIT(FILE_MAX_BYTES);
    o->asking = false;
    if (st == LOA_OK) {
        live_json(o->service, draft, count, NULL, &json);
        if (buf_ok(&json))
            use(o, &json);
        if (o->changed != NULL)
            o->changed(o->ctx);
    }
    buf_clear(&json);
    if (o->again)
        follow(o);
}

static void follow(struct faq_own *o)
{
    o->again = o->asking;
    if (o->asking)
        return;
    o->asking = true;
    faq_own_list(o, listed, o);
}

static void news(void *ctx, const char *channel, const char *data, size_t len)
{
    struct faq_own *o = ctx;
    (void)channel, (void)data, (void)len;
    if (o->service->store_open)
        follow(o);
}

/* ---- changing ---- */

struct changing {
    struct faq_own *own;
    char id[DRAFT_ID_SIZE], by[40];
    int64_t read_at; /* when the draft was written that its approver has read */
    faq_own_fn *done;
    void *ctx;
};

static struct changing *changing_new(struct faq_own *o, const char *id, const char *by, faq_own_fn *done,
                                     void *ctx)
{
    struct changing *c = mem_alloc(sizeof *c);
    *c = (struct changing){ .own = o, .done = done, .ctx = ctx };
    snprintf(c->id, sizeof c->id, "%s", id);
    snprintf(c->by, sizeof c->by, "%s", by);
    return c;
}

static void changed(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct changing *c = ctx;
    c->done(c->ctx, st, redis_str(v, NULL), "");
    free(c);
}

static void unchanged(void *ctx)
{
    changed(ctx, LOA_UNAVAILABLE, NULL);
}

static void run(struct changing *c, const char *script, struct args *a)
{
    struct service *s = c->own->service;
    if (store_script(s->store, 0, script, a, changed, c) != LOA_OK)
        loop_defer(s->loop, unchanged, c);
    args_clear(a);
}

static void keys(struct args *a, const char *id)
{
    args_init(a);
    args_key(a, 0, "fd");
    args_key(a, 0, "fs");
    args_str(a, id);
}

void faq_own_put(struct faq_own *o, const char *id, const cJSON *entry, const char *by, bool editor,
                 faq_own_fn *done, void *ctx)
{
    struct changing *c = changing_new(o, id, by, done, ctx);
    struct buf json = BUF_INIT(ENTRY_MAX_BYTES), sealed = BUF_INIT(ENTRY_MAX_BYTES + 64);
    struct args a;
    json_print(entry, &json);
    crypto_seal(o->service->crypto, "fd", json.data, json.len, &sealed);
    keys(&a, id);
    args_bin(&a, sealed.data, sealed.len);
    args_str(&a, by);
    args_int(&a, editor);
    args_int(&a, DRAFTS_MAX);
    run(c, "draft_put", &a);
    buf_clear(&json);
    buf_clear(&sealed);
}

/* `as_read`: only while the record is still this one; NULL: whatever it is. */
static void set_state(struct changing *c, bool editor, const char *state, const struct redis_value *as_read)
{
    struct args a;
    size_t n;
    const char *bytes = redis_str(as_read, &n);
    keys(&a, c->id);
    args_str(&a, c->by);
    args_int(&a, editor);
    args_str(&a, state);
    args_bin(&a, bytes, n);
    run(c, "draft_state", &a);
}

void faq_own_drop(struct faq_own *o, const char *id, const char *by, bool editor, faq_own_fn *done, void *ctx)
{
    set_state(changing_new(o, id, by, done, ctx), editor, "", NULL);
}

/* Loaded aside with all the others: what the FAQ would refuse does not become live anywhere. */
static bool would_load(struct faq_own *o, const struct buf *json, char *why, size_t size)
{
    const struct config *cf = o->service->config;
    char dir[PATH_SIZE], aside[PATH_SIZE];
    struct errors *err = errors_new(), *skipped = errors_new();
    struct faq *f = NULL;
    snprintf(dir, sizeof dir, "%.1000s/faq", config_str(cf, "loa", "templates"));
    snprintf(aside, sizeof aside, "%.1000s/faq.check", config_str(cf, "loa", "data_dir"));
    bool good = write_file(o->service, "faq.check", json) &&
                faq_load_with(dir, aside, err, skipped, &f) == LOA_OK && skipped->total == 0;
    const struct errors *told = skipped->count > 0 ? skipped : err;
    snprintf(why, size, "%s", told->count > 0 ? told->item[0].detail_vi : "");
    faq_free(f);
    errors_free(err);
    errors_free(skipped);
    return good;
}

static const struct faq_draft *find_draft(const struct faq_draft *draft, unsigned count, const char *id)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(draft[i].id, id) == 0)
            return &draft[i];
    return NULL;
}

/* Why it must not become live, "" when it may. */
static const char *objection(struct changing *c, const struct faq_draft *draft, unsigned count, char *why,
                             size_t size)
{
    struct buf json = BUF_INIT(FILE_MAX_BYTES);
    const struct faq_draft *d = find_draft(draft, count, c->id);
    const char *word = "";
    int64_t at = 0;
    live_json(c->own->service, draft, count, c->id, &json);
    if (d == NULL)
        word = "not_found";
    else if (!json_int(d->entry, "at", &at) || at != c->read_at)
        word = "changed";
    else if (!buf_ok(&json) || !would_load(c->own, &json, why, size))
        word = "conflict";
    buf_clear(&json);
    return word;
}

static void before_publishing(void *ctx, enum loa_status st, const struct faq_draft *draft, unsigned count)
{
    struct changing *c = ctx;
    char why[400] = "";
    const char *word = st == LOA_OK ? objection(c, draft, count, why, sizeof why) : "";
    if (st == LOA_OK && word[0] == '\0') {
        set_state(c, true, "live", find_draft(draft, count, c->id)->sealed);
        return;
    }
    c->done(c->ctx, st, word, why);
    free(c);
}

void faq_own_publish(struct faq_own *o, const char *id, int64_t read_at, const char *by, faq_own_fn *done,
                     void *ctx)
{
    struct changing *c = changing_new(o, id, by, done, ctx);
    c->read_at = read_at;
    faq_own_list(o, before_publishing, c);
}

/* ---- life ---- */

void faq_own_on_change(struct faq_own *o, loop_fn *fn, void *ctx)
{
    o->changed = fn;
    o->ctx = ctx;
}

struct faq_own *faq_own_new(struct service *s)
{
    struct faq_own *o = mem_alloc(sizeof *o);
    o->service = s;
    buf_init(&o->written, FILE_MAX_BYTES);
    if (redis_subscribe(s->redis, "loa:drafts", news, o) != LOA_OK)
        log_error("own_entries_not_live"); /* only with too many channels: changes are seen after a restart */
    return o;
}

void faq_own_start(struct faq_own *o)
{
    follow(o);
}

void faq_own_free(struct faq_own *o)
{
    if (o == NULL)
        return;
    buf_clear(&o->written);
    free(o);
}
