#include "loa/api.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REMEMBER_S (24 * 3600)

struct checking {
    struct api_call *call;
    api_handler *next;
};

static void checked(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct checking *k = ctx;
    if (st != LOA_OK)
        api_problem_status(k->call, st);
    else if (redis_int(v) == 1)
        k->next(k->call); /* everything behind is keyed by content: doing it again changes nothing */
    else
        api_problem_status(k->call, LOA_CONFLICT);
    free(k);
}

void api_idempotent(struct api_call *c, api_handler *next)
{
    const char *key = http_request_header(c->req, "idempotency-key");
    if (key == NULL) {
        next(c);
        return;
    }
    size_t n;
    const char *body = http_request_body(c->req, &n);
    char who[41], what[41];
    struct buf b = BUF_INIT(32u << 20);
    buf_printf(&b, "%s\n%.255s", c->caller, key);
    crypto_hash_hex(b.data, b.len, who, 40);
    buf_reset(&b);
    buf_printf(&b, "%d %s\n", (int)http_request_method(c->req), http_request_path(c->req));
    buf_add(&b, body, n);
    crypto_mac_hex(c->service->crypto, "idempotency", b.data, b.len, what,
                   40); /* a body may hold what can be guessed */
    buf_clear(&b);

    struct checking *k = mem_alloc(sizeof *k);
    *k = (struct checking){ c, next };
    unsigned p = store_partition_of(c->service->store, who);
    struct args a;
    args_init(&a);
    args_key(&a, p, "idem:%s", who);
    args_str(&a, what);
    args_int(&a, REMEMBER_S);
    enum loa_status st = store_script(c->service->store, p, "idempotent", &a, checked, k);
    args_clear(&a);
    if (st != LOA_OK) {
        api_problem_status(c, st);
        free(k);
    }
}
