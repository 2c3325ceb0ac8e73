#include "loa/api.h"
#include "loa/log.h"
#include "loa/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEYS_MAX   1000
#define REFRESH_MS 15000
#define HASH_SIZE  CRYPTO_KEY_HEX

struct key {
    char name[64], hash[HASH_SIZE];
    unsigned scopes;
};

struct api_keys {
    struct store *store;
    struct key *key;
    unsigned count;
    struct timer refresh;
    bool loading, again; /* changed while it was being read */
};

static const struct {
    unsigned bit;
    const char *word;
} scope_words[] = {
    { SCOPE_EVENTS, "events" },       { SCOPE_MESSAGES, "messages" }, { SCOPE_CITIZENS, "citizens" },
    { SCOPE_CAMPAIGNS, "campaigns" }, { SCOPE_REPORTS, "reports" },   { SCOPE_DESK, "desk" },
    { SCOPE_ADMIN, "admin" },
};
#define SCOPE_WORDS (sizeof scope_words / sizeof scope_words[0])

static unsigned scope_bit(const char *word, size_t n)
{
    for (size_t i = 0; i < SCOPE_WORDS; i++)
        if (strlen(scope_words[i].word) == n && strncmp(scope_words[i].word, word, n) == 0)
            return scope_words[i].bit;
    return 0;
}

unsigned scopes_from_words(const char *list)
{
    unsigned scopes = 0;
    while (*list != '\0') {
        size_t n = strcspn(list, ", ");
        unsigned bit = n > 0 ? scope_bit(list, n) : 0;
        if (n > 0 && bit == 0)
            return 0;
        scopes |= bit;
        list += n + (list[n] != '\0');
    }
    return scopes;
}

void scopes_print(unsigned scopes, struct buf *out)
{
    const char *comma = "";
    for (size_t i = 0; i < SCOPE_WORDS; i++) {
        if (scopes & scope_words[i].bit) {
            buf_printf(out, "%s%s", comma, scope_words[i].word);
            comma = ",";
        }
    }
}

/* Hash keys: {name: "hash scopes created_ms"} */
static void loaded(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct api_keys *k = ctx;
    k->loading = false;
    if (st != LOA_OK)
        return; /* the copy in memory stays valid; asked again soon */
    unsigned count = 0;
    for (size_t i = 0; i + 1 < redis_count(v) && count < KEYS_MAX; i += 2) {
        struct key *key = &k->key[count];
        char scopes[128] = "";
        snprintf(key->name, sizeof key->name, "%s", redis_str(redis_at(v, i), NULL));
        if (sscanf(redis_str(redis_at(v, i + 1), NULL), "%40s %127s", key->hash, scopes) != 2)
            continue;
        key->scopes = scopes_from_words(scopes);
        count++;
    }
    k->count = count;
    if (k->again)
        api_keys_load(k);
}

static void refresh(void *ctx)
{
    struct api_keys *k = ctx;
    api_keys_load(k);
}

void api_keys_load(struct api_keys *k)
{
    timer_start(&k->refresh, store_loop(k->store), REFRESH_MS, refresh, k);
    k->again = k->loading;
    if (k->loading)
        return;
    struct args a;
    args_init(&a);
    args_key(&a, 0, "keys");
    k->loading = store_command(k->store, 0, "HGETALL", &a, loaded, k) == LOA_OK;
    args_clear(&a);
}

static void changed(void *ctx, const char *channel, const char *data, size_t len)
{
    (void)channel, (void)data, (void)len;
    api_keys_load(ctx);
}

struct api_keys *api_keys_new(struct store *s)
{
    struct api_keys *k = mem_alloc(sizeof *k);
    k->store = s;
    k->key = mem_alloc(KEYS_MAX * sizeof *k->key);
    if (redis_subscribe(store_redis(s), "loa:keys", changed, k) != LOA_OK)
        log_warn("keys_not_watched"); /* the timer still finds changes */
    return k;
}

void api_keys_free(struct api_keys *k)
{
    if (k == NULL)
        return;
    timer_stop(&k->refresh);
    free(k->key);
    free(k);
}

unsigned api_keys_check(const struct api_keys *k, const char *authorization, char *name)
{
    static const char scheme[] = "Bearer ";
    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return 0;
    char hash[HASH_SIZE];
    crypto_lookup_key(store_crypto(k->store), "api-key", authorization + sizeof scheme - 1, hash);
    unsigned scopes = 0;
    for (unsigned i = 0; i < k->count; i++) { /* all of them, whatever matched: constant time */
        if (crypto_equal(k->key[i].hash, hash, HASH_SIZE - 1)) {
            scopes = k->key[i].scopes;
            snprintf(name, sizeof k->key[i].name, "%s", k->key[i].name);
        }
    }
    return scopes;
}
