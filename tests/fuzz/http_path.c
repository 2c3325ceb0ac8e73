/* What strangers write to the HTTP port: heads, targets, queries, route matching. */
#include "../../bot/net/http_internal.h"
#include "loa/mem.h"
#include "loa/text.h"
#include <stdlib.h>
#include <string.h>

static void nothing(void *ctx, struct http_request *r)
{
    (void)ctx, (void)r;
}

static struct route_table *routes(void)
{
    static struct route_table table;
    static const char *const patterns[] = { "/",          "/v1/dossiers/{code}",       "/v1/{a}/{b}/{c}",
                                            "/w/{*rest}", "/zalo_verifier{code}.html", "/u/{token}" };

    for (size_t i = table.open_count > 0 ? sizeof patterns : 0; i < sizeof patterns / sizeof patterns[0]; i++)
        routes_add(&table,
                   &(struct http_route){ .methods = HTTP_GET, .pattern = patterns[i], .handler = nothing });
    return &table;
}

static void check(bool fine)
{
    if (!fine)
        abort();
}

static void match(const char *path)
{
    struct route_match m;

    if (routes_find(routes(), HTTP_GET, false, path, &m) != 0)
        return;
    for (unsigned i = 0; i < m.param_count; i++)
        check(m.param[i].value >= path && m.param[i].value + m.param[i].value_len <= path + strlen(path));
}

static void take_target(char *target)
{
    char *path, *query;

    if (!http_target_split(target, &path, &query))
        return;
    char *pairs = mem_alloc(2 * strlen(query) + 2);
    const char *at = pairs;
    for (unsigned n = 2 * http_query_decode(query, pairs); n > 0; n--)
        at += strlen(at) + 1;
    check(at <= pairs + 2 * strlen(query) + 2);
    free(pairs);
    if (http_path_decode(path)) {
        match(path);
        http_path_slashes(path);
        check(path[0] == '/' && text_is_utf8(path, strlen(path)));
    }
}

/* Wherever the bytes are cut on their way, the head must end at the same place. */
static void arrive_in_two(const char *p, size_t n, size_t cut, size_t whole)
{
    size_t scanned = 0, len = 0;
    int refuse = 0;

    if (cut > 0)
        len = http_head_length(p, cut, &scanned, &refuse);
    if (len == 0 && refuse == 0)
        len = http_head_length(p, n, &scanned, &refuse);
    check(refuse != 0 || len == whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_head h;
    size_t scanned = 0;
    int refuse = 0;

    if (size < 2)
        return 0;
    const char *p = (const char *)data + 1;
    const size_t n = size - 1, head = http_head_length(p, n, &scanned, &refuse);
    if (refuse == 0)
        arrive_in_two(p, n, data[0] % (n + 1), head);

    char *copy = mem_strndup(p, n); /* as a target alone: the fuzzer gets deeper */
    take_target(copy);
    free(copy);
    if (head == 0)
        return 0;
    copy = mem_alloc(head + 1);
    memcpy(copy, p, head);
    if (http_head_parse(copy, head, &h) == 0) {
        for (unsigned i = 0; i < h.header_count; i++)
            check(h.header[i].name < head && h.header[i].value < head);
        check(http_head_get(&h, "Host") != NULL || h.http_1_0);
        take_target(h.target);
    }
    free(copy);
    return 0;
}
