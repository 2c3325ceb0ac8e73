#include "loa/api.h"
#include "loa/feed.h"
#include "loa/ledger_entry.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000

/* ---- the cursor: "ms-seq" per partition, commas between, in base64url ---- */

static bool is_stream_id(const char *s)
{
    size_t n = strspn(s, "0123456789");
    return n > 0 && n < 16 && s[n] == '-' && strspn(s + n + 1, "0123456789") == strlen(s + n + 1) &&
           strlen(s + n + 1) > 0 && strlen(s + n + 1) < 10;
}

bool feed_cursor_parse(const char *text, unsigned partitions, struct feed_cursor *out)
{
    out->count = partitions;
    for (unsigned p = 0; p < partitions; p++)
        snprintf(out->at[p], sizeof out->at[p], "0-0");
    if (text == NULL || text[0] == '\0' || strcmp(text, "0") == 0)
        return true;
    struct buf plain = BUF_INIT(4096);
    bool good = strlen(text) < 4096 && crypto_base64_decode(&plain, text, strlen(text)) == LOA_OK;
    unsigned p = 0;
    char *rest = NULL;
    for (char *id = good ? strtok_r(plain.data, ",", &rest) : NULL; id != NULL;
         id = strtok_r(NULL, ",", &rest)) {
        good = good && p < partitions && is_stream_id(id);
        if (good)
            snprintf(out->at[p++], sizeof out->at[0], "%s", id);
    }
    buf_clear(&plain);
    return good && p == partitions;
}

void feed_cursor_print(const struct feed_cursor *c, struct buf *out)
{
    struct buf plain = BUF_INIT(4096);
    for (unsigned p = 0; p < c->count; p++)
        buf_printf(&plain, "%s%s", p ? "," : "", c->at[p]);
    crypto_base64url(out, plain.data, plain.len);
    buf_clear(&plain);
}

/* ---- reading ---- */

struct entry {
    unsigned partition;
    char id[28];
    long long ms;
    cJSON *json;
};

struct reading {
    struct api_call *call;
    struct feed_cursor cursor;
    unsigned limit, waiting, count, room;
    struct entry *entry;
    bool failed, gap;
};

struct part {
    struct reading *reading;
    unsigned partition;
};

static int by_time(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->ms != y->ms)
        return x->ms < y->ms ? -1 : 1;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return strverscmp(x->id, y->id);
}

static void answer(struct reading *r)
{
    struct buf out = BUF_INIT(4u << 20), next = BUF_INIT(8192);
    unsigned n = r->count < r->limit ? r->count : r->limit;
    if (r->count > 0)
        qsort(r->entry, r->count, sizeof *r->entry, by_time);
    buf_str(&out, "{\"items\":[");
    for (unsigned i = 0; i < n; i++) {
        buf_str(&out, i ? "," : "");
        json_print(r->entry[i].json, &out);
        snprintf(r->cursor.at[r->entry[i].partition], sizeof r->cursor.at[0], "%s", r->entry[i].id);
    }
    feed_cursor_print(&r->cursor, &next);
    buf_printf(&out, "],\"seq\":\"%s\",\"more\":%s,\"links\":{\"next\":\"/v1/feed?after=%s&limit=%u\"}}",
               buf_cstr(&next), r->count > n ? "true" : "false", buf_cstr(&next), r->limit);
    api_json(r->call, 200, &out);
    buf_clear(&out);
    buf_clear(&next);
}

static void leave(struct reading *r)
{
    if (--r->waiting > 0)
        return;
    if (r->failed)
        api_problem_status(r->call, LOA_UNAVAILABLE);
    else if (r->gap)
        api_problem(
            r->call, 410, "cursor_too_old", "Results after this cursor have left for the archive",
            "Một phần kết quả sau vị trí này đã chuyển vào sổ lưu (data_dir/ledger). Hãy lấy phần đó từ sổ "
            "lưu rồi đọc tiếp với after=0.",
            NULL);
    else
        answer(r);
    for (unsigned i = 0; i < r->count; i++)
        cJSON_Delete(r->entry[i].json);
    free(r->entry);
    free(r);
}

static void part_read(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct part *p = ctx;
    struct reading *r = p->reading;
    const struct redis_value *entries = redis_at(v, 1);
    r->failed |= st != LOA_OK;
    r->gap |= redis_int(redis_at(v, 0)) == 1;
    for (size_t i = 0; st == LOA_OK && i < redis_count(entries); i++) {
        const struct redis_value *item = redis_at(entries, i);
        if (r->count == r->room) {
            r->room = r->room ? r->room * 2 : 64;
            r->entry = mem_resize(r->entry, r->room * sizeof *r->entry);
        }
        struct entry *e = &r->entry[r->count++];
        e->partition = p->partition;
        snprintf(e->id, sizeof e->id, "%s", redis_str(redis_at(item, 0), NULL));
        e->ms = strtoll(e->id, NULL, 10);
        e->json = ledger_entry_json(p->partition, e->id, redis_at(item, 1));
    }
    free(p);
    leave(r);
}

static void read_part(struct reading *r, unsigned partition)
{
    struct part *p = mem_alloc(sizeof *p);
    *p = (struct part){ r, partition };
    struct args a;
    args_init(&a);
    args_key(&a, partition, "led");
    args_key(&a, partition, "la");
    args_str(&a, r->cursor.at[partition]);
    args_int(&a, r->limit + 1);
    r->waiting++;
    if (store_script(r->call->service->store, partition, "feed_read", &a, part_read, p) != LOA_OK) {
        r->waiting--;
        r->failed = true;
        free(p);
    }
    args_clear(&a);
}

static void get_feed(struct api_call *c)
{
    struct reading *r = mem_alloc(sizeof *r);
    unsigned partitions = store_partitions(c->service->store);
    const char *limit = http_request_query(c->req, "limit");
    r->call = c;
    r->limit = limit ? (unsigned)strtoul(limit, NULL, 10) : LIMIT_DEFAULT;
    r->limit = r->limit == 0 || r->limit > LIMIT_MAX ? LIMIT_MAX : r->limit;
    if (!feed_cursor_parse(http_request_query(c->req, "after"), partitions, &r->cursor)) {
        api_problem(c, 400, "bad_cursor", "`after` is not a cursor of this feed",
                    "Giá trị after không đúng. Hãy dùng 0 hoặc giá trị seq của lần đọc trước.", NULL);
        free(r);
        return;
    }
    r->waiting = 1;
    for (unsigned p = 0; p < partitions; p++)
        read_part(r, p);
    leave(r);
}

void api_feed(struct service *s)
{
    static const struct api_route routes[] = {
        { HTTP_GET, "/v1/feed", SCOPE_MESSAGES | SCOPE_REPORTS | SCOPE_EVENTS, 0, get_feed },
        { 0 },
    };
    api_routes(s, routes);
}
