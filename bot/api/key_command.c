/*
 * loa key create NAME --scope S[,S…] | list | revoke NAME: API keys. A key is shown once; the store keeps a
 * keyed hash of it.
 */
#include "loa/api.h"
#include "loa/app.h"
#include "loa/calendar.h"
#include "loa/cli_store.h"
#include "loa/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_DIGITS 48

struct request {
    const char *verb, *name, *config;
    unsigned scopes;
    bool english;
};

static int usage(bool english, int status)
{
    fputs(english ? "Usage: loa key create NAME --scope S[,S...] -c FILE\n"
                    "       loa key list -c FILE\n"
                    "       loa key revoke NAME -c FILE\n\n"
                    "Scopes: events messages citizens campaigns reports desk admin\n"
                  : "Cách dùng: loa key create TÊN --scope S[,S…] -c TỆP\n"
                    "           loa key list -c TỆP\n"
                    "           loa key revoke TÊN -c TỆP\n\n"
                    "Phạm vi (scope): events messages citizens campaigns reports desk admin\n",
          status == 0 ? stdout : stderr);
    return status;
}

static void changed(struct cli_store *c)
{
    struct args a;
    args_init(&a);
    args_str(&a, "loa:keys");
    args_str(&a, "changed");
    enum loa_status st = cli_store_command(c, 0, "PUBLISH", &a, NULL, NULL);
    (void)st; /* processes look for changes by themselves too */
    args_clear(&a);
}

static void made(void *ctx, const struct redis_value *v)
{
    *(bool *)ctx = redis_int(v) == 1;
}

static int create(struct cli_store *c, const struct request *r)
{
    char random[KEY_DIGITS + 1], key[KEY_DIGITS + 5], hash[CRYPTO_KEY_HEX];
    struct buf value = BUF_INIT(512);
    struct args a;
    bool fresh = false;
    crypto_random_hex(random, KEY_DIGITS);
    snprintf(key, sizeof key, "loa_%s", random);
    crypto_lookup_key(c->crypto, "api-key", key, hash);
    buf_printf(&value, "%s ", hash);
    scopes_print(r->scopes, &value);
    buf_printf(&value, " %lld", (long long)clock_wall_ms());
    args_init(&a);
    args_key(&a, 0, "keys");
    args_str(&a, r->name);
    args_str(&a, buf_cstr(&value));
    enum loa_status st = cli_store_command(c, 0, "HSETNX", &a, made, &fresh);
    args_clear(&a);
    buf_clear(&value);
    if (st != LOA_OK) {
        fprintf(stderr, r->english ? "loa: not stored: %s\n" : "loa: chưa lưu được: %s\n",
                loa_status_word(st));
        return 1;
    }
    if (!fresh) {
        fprintf(stderr,
                r->english ? "loa: there is a key named %s already; revoke it first\n"
                           : "loa: đã có khóa tên %s; hãy thu hồi (revoke) trước\n",
                r->name);
        return 1;
    }
    changed(c);
    printf(r->english ? "%s\nThis key is shown only now. Keep it like a password.\n"
                      : "%s\nKhóa chỉ hiện một lần này. Hãy giữ kín như mật khẩu.\n",
           key);
    return 0;
}

static void print_keys(void *ctx, const struct redis_value *v)
{
    (void)ctx;
    for (size_t i = 0; i + 1 < redis_count(v); i += 2) {
        char scopes[128] = "", when[16] = "";
        const char *record = redis_str(redis_at(v, i + 1), NULL); /* "hash scopes ms" */
        record += strcspn(record, " ");
        record += strspn(record, " ");
        size_t n = strcspn(record, " ");
        snprintf(scopes, sizeof scopes, "%.*s", (int)n, record);
        date_print_vi(strtoll(record + n, NULL, 10), when);
        printf("%-24s %-12s %s\n", redis_str(redis_at(v, i), NULL), when, scopes);
    }
}

static int list(struct cli_store *c)
{
    struct args a;
    args_init(&a);
    args_key(&a, 0, "keys");
    enum loa_status st = cli_store_command(c, 0, "HGETALL", &a, print_keys, NULL);
    args_clear(&a);
    return st == LOA_OK ? 0 : 1;
}

static int revoke(struct cli_store *c, const struct request *r)
{
    struct args a;
    bool gone = false;
    args_init(&a);
    args_key(&a, 0, "keys");
    args_str(&a, r->name);
    enum loa_status st = cli_store_command(c, 0, "HDEL", &a, made, &gone);
    args_clear(&a);
    if (st != LOA_OK || !gone) {
        fprintf(stderr, r->english ? "loa: no key named %s\n" : "loa: không có khóa tên %s\n", r->name);
        return 1;
    }
    changed(c);
    printf(r->english ? "%s is revoked\n" : "Đã thu hồi khóa %s\n", r->name);
    return 0;
}

static bool parse(int argc, char **argv, struct request *r)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            r->config = argv[++i];
        else if (strcmp(argv[i], "--scope") == 0 && i + 1 < argc)
            r->scopes = scopes_from_words(argv[++i]);
        else if (r->verb == NULL)
            r->verb = argv[i];
        else if (r->name == NULL && strlen(argv[i]) < 64)
            r->name = argv[i];
        else
            return false;
    }
    if (r->verb == NULL)
        return false;
    if (strcmp(r->verb, "create") == 0)
        return r->name != NULL && r->scopes != 0;
    return strcmp(r->verb, "list") == 0 || (strcmp(r->verb, "revoke") == 0 && r->name != NULL);
}

int app_key(int argc, char **argv)
{
    struct request r = { 0 };
    struct cli_store c;
    r.english = strcmp(app_language(&argc, argv), "en") == 0;
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return usage(r.english, 0);
    if (!parse(argc, argv, &r))
        return usage(r.english, 2);
    int status = 1;
    if (cli_store_open(&c, r.config, r.english)) {
        if (strcmp(r.verb, "create") == 0)
            status = create(&c, &r);
        else
            status = strcmp(r.verb, "list") == 0 ? list(&c) : revoke(&c, &r);
    }
    cli_store_close(&c);
    return status;
}
