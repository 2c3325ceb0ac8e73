#include "loa/canned.h"
#include "loa/ini.h"
#include "loa/json.h"
#include "loa/log.h"
#include "loa/mem.h"
#include "loa/text.h"
#include "loa/text_file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX      300
#define TEXT_LETTERS  2000
#define TITLE_LETTERS 80
#define JSON_ENTRY    16384

struct reply {
    char *key, *title, *text, *desk;
};

struct canned_file {
    struct reply reply[FILE_MAX];
    unsigned count;
};

struct canned_book {
    struct service *service;
    struct reply own[CANNED_OWN_MAX];
    unsigned owns;
    bool asking, again;
    loop_fn *changed;
    void *ctx;
};

static void reply_clear(struct reply *r)
{
    free(r->key);
    free(r->title);
    free(r->text);
    free(r->desk);
    *r = (struct reply){ 0 };
}

/* ---- the file ---- */

struct loading {
    struct canned_file *f;
    struct errors *err;
    bool bad;
};

static void fault(struct loading *l, const struct ini_item *item, const char *vi, const char *en)
{
    l->bad = true;
    fault_add(l->err, item->path, item->line, "bad_canned", vi, en);
}

static void begin(struct loading *l, const struct ini_item *item)
{
    for (unsigned i = 0; i < l->f->count; i++)
        if (strcmp(l->f->reply[i].key, item->section) == 0)
            fault(l, item, "mục này đã có ở trên", "this section stands above already");
    if (l->f->count == FILE_MAX || strlen(item->section) >= CANNED_KEY_SIZE) {
        fault(l, item, "quá nhiều mục, hoặc tên mục quá dài", "too many sections, or a name too long");
        return;
    }
    l->f->reply[l->f->count++] =
        (struct reply){ mem_strdup(item->section), mem_strdup(""), mem_strdup(""), mem_strdup("") };
}

/* "\n" in a value is a line break. */
static char *with_breaks(const char *s)
{
    char *out = mem_strdup(s), *to = out;
    for (const char *at = s; *at != '\0'; at++) {
        bool is_break = at[0] == '\\' && at[1] == 'n';
        *to++ = is_break ? '\n' : *at;
        at += is_break;
    }
    *to = '\0';
    return out;
}

static void read_item(void *ctx, const struct ini_item *item)
{
    struct loading *l = ctx;
    struct reply *r = l->f->count > 0 ? &l->f->reply[l->f->count - 1] : NULL;
    if (item->key == NULL) {
        begin(l, item);
        return;
    }
    bool here = r != NULL && strcmp(r->key, item->section) == 0;
    char **to = !here                             ? NULL
                : strcmp(item->key, "title") == 0 ? &r->title
                : strcmp(item->key, "text") == 0  ? &r->text
                : strcmp(item->key, "desk") == 0  ? &r->desk
                                                  : NULL;
    size_t most = to != NULL && to == &r->text ? TEXT_LETTERS : TITLE_LETTERS;
    if (to == NULL)
        fault(l, item, "chỉ có title, text, desk", "there are only title, text and desk");
    else if (text_length(item->value, strlen(item->value)) > most)
        fault(l, item, "câu này quá dài", "this is too long");
    else {
        free(*to);
        *to = with_breaks(item->value);
    }
}

enum loa_status canned_file_load(const char *policy_dir, struct errors *err, struct canned_file **out)
{
    char path[1100];
    struct canned_file *f = mem_alloc(sizeof *f);
    struct loading l = { f, err, false };
    snprintf(path, sizeof path, "%.1000s/canned.ini", policy_dir);
    enum loa_status st = ini_read(path, err, read_item, &l);
    for (unsigned i = 0; st == LOA_OK && i < f->count; i++)
        if (f->reply[i].title[0] == '\0' || f->reply[i].text[0] == '\0') {
            fault_at(err, path, 0, "bad_canned", "[%s] cần có title và text", "[%s] needs title and text",
                     f->reply[i].key);
            l.bad = true;
        }
    if (st != LOA_OK || l.bad) {
        canned_file_free(f);
        return st != LOA_OK ? st : LOA_INVALID;
    }
    *out = f;
    return LOA_OK;
}

void canned_file_free(struct canned_file *f)
{
    for (unsigned i = 0; f != NULL && i < f->count; i++)
        reply_clear(&f->reply[i]);
    free(f);
}

/* ---- what leads have added ---- */

static void read_own(struct canned_book *b, const char *key, const struct redis_value *v)
{
    size_t n;
    const char *text = redis_str(v, &n);
    cJSON *j = NULL;
    if (b->owns == CANNED_OWN_MAX || json_parse(text, n, &j, NULL, 0) != LOA_OK)
        return;
    b->own[b->owns++] =
        (struct reply){ mem_strdup(key), mem_strdup(json_str_or(j, "title", "")),
                        mem_strdup(json_str_or(j, "text", "")), mem_strdup(json_str_or(j, "desk", "")) };
    cJSON_Delete(j);
}

static void fetch(struct canned_book *b);

static int by_title(const void *a, const void *b)
{
    return strcmp(((const struct reply *)a)->title, ((const struct reply *)b)->title);
}

static void fetched(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct canned_book *b = ctx;
    b->asking = false;
    if (st == LOA_OK) {
        while (b->owns > 0)
            reply_clear(&b->own[--b->owns]);
        for (size_t i = 0; i + 1 < redis_count(v); i += 2)
            read_own(b, redis_str(redis_at(v, i), NULL), redis_at(v, i + 1));
        qsort(b->own, b->owns, sizeof b->own[0], by_title);
        if (b->changed != NULL)
            b->changed(b->ctx);
    }
    if (b->again)
        fetch(b);
}

static void fetch(struct canned_book *b)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "cn");
    b->again = b->asking;
    if (!b->asking)
        b->asking = store_command(b->service->store, 0, "HGETALL", &a, fetched, b) == LOA_OK;
    args_clear(&a);
}

static void news(void *ctx, const char *channel, const char *data, size_t len)
{
    struct canned_book *b = ctx;
    (void)channel, (void)data, (void)len;
    if (b->service->store_open)
        fetch(b);
}

struct writing {
    void (*done)(void *ctx, enum loa_status st);
    void *ctx;
    enum loa_status st;
};

static void written(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct writing *w = ctx;
    if (st == LOA_OK && redis_int(v) < 0)
        st = LOA_TOO_BIG;
    w->done(w->ctx, st);
    free(w);
}

static void unwritten(void *ctx)
{
    written(ctx, LOA_UNAVAILABLE, NULL);
}

static void write_own(struct canned_book *b, const char *key, const struct buf *json,
                      void (*done)(void *ctx, enum loa_status st), void *ctx)
{
    struct writing *w = mem_alloc(sizeof *w);
    *w = (struct writing){ .done = done, .ctx = ctx };
    struct args a;
    args_init(&a);
    args_key(&a, 0, "cn");
    args_str(&a, key);
    args_str(&a, json != NULL ? buf_cstr(json) : "");
    args_int(&a, CANNED_OWN_MAX);
    if (store_script(b->service->store, 0, "canned_put", &a, written, w) != LOA_OK)
        loop_defer(b->service->loop, unwritten, w);
    args_clear(&a);
}

void canned_put(struct canned_book *b, const struct canned *c, void (*done)(void *ctx, enum loa_status st),
                void *ctx)
{
    struct buf json = BUF_INIT(JSON_ENTRY);
    buf_str(&json, "{\"title\":");
    buf_json_string(&json, c->title, strlen(c->title));
    buf_str(&json, ",\"text\":");
    buf_json_string(&json, c->text, strlen(c->text));
    buf_str(&json, ",\"desk\":");
    buf_json_string(&json, c->desk, strlen(c->desk));
    buf_str(&json, "}");
    write_own(b, c->key, &json, done, ctx);
    buf_clear(&json);
}

void canned_drop(struct canned_book *b, const char *key, void (*done)(void *ctx, enum loa_status st),
                 void *ctx)
{
    write_own(b, key, NULL, done, ctx);
}

/* ---- all ---- */

static void each(const struct reply *r, bool own, void (*fn)(void *ctx, const struct canned *c), void *ctx)
{
    struct canned c = { r->key, r->title, r->text, r->desk, own };
    fn(ctx, &c);
}

void canned_each(const struct canned_book *b, void (*fn)(void *ctx, const struct canned *c), void *ctx)
{
    const struct canned_file *f = b->service->canned_file;
    for (unsigned i = 0; i < f->count; i++)
        each(&f->reply[i], false, fn, ctx);
    for (unsigned i = 0; i < b->owns; i++)
        each(&b->own[i], true, fn, ctx);
}

void canned_on_change(struct canned_book *b, loop_fn *fn, void *ctx)
{
    b->changed = fn;
    b->ctx = ctx;
}

struct canned_book *canned_new(struct service *s)
{
    struct canned_book *b = mem_alloc(sizeof *b);
    b->service = s;
    if (redis_subscribe(s->redis, "loa:canned", news, b) != LOA_OK)
        log_error("canned_not_live"); /* only with too many channels: changes are seen after a restart */
    return b;
}

void canned_start(struct canned_book *b)
{
    fetch(b);
}

void canned_free(struct canned_book *b)
{
    if (b == NULL)
        return;
    while (b->owns > 0)
        reply_clear(&b->own[--b->owns]);
    free(b);
}
