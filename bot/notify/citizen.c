#include "loa/citizen.h"
#include "loa/json.h"
#include "loa/mail_address.h"
#include "loa/mem.h"
#include "loa/phone.h"
#include "loa/policy.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTACTS_MAX_BYTES 8192

static bool all_digits(const char *s, size_t min, size_t max)
{
    size_t n = strspn(s, "0123456789");
    return s[n] == '\0' && n >= min && n <= max;
}

enum loa_status citizen_identity(const char *text, char out[300])
{
    const char *value = strchr(text, ':');
    if (value == NULL || strlen(text) >= 300)
        return LOA_INVALID;
    size_t kind_len = (size_t)(++value - text);
    if (strncmp(text, "phone:", kind_len) == 0) {
        struct phone p = phone_parse(value);
        snprintf(out, 300, "phone:%s", p.e164);
        return p.kind == PHONE_BAD ? LOA_INVALID : LOA_OK;
    }
    if (strncmp(text, "email:", kind_len) == 0) {
        struct mail_address m = mail_address_parse(value, strlen(value));
        snprintf(out, 300, "email:%s", m.address);
        return m.address[0] == '\0' ? LOA_INVALID : LOA_OK;
    }
    snprintf(out, 300, "%s", text);
    if (strncmp(text, "cccd:", kind_len) == 0)
        return all_digits(value, 9, 12) ? LOA_OK : LOA_INVALID;
    if (strncmp(text, "zalo:", kind_len) == 0)
        return all_digits(value, 1, 32) ? LOA_OK : LOA_INVALID;
    if (strncmp(text, "tax:", kind_len) == 0) /* 10 digits, or 13 as 0123456789-001 */
        return strspn(value, "0123456789-") == strlen(value) && strlen(value) >= 10 && strlen(value) <= 14
                   ? LOA_OK
                   : LOA_INVALID;
    return LOA_INVALID;
}

void citizen_key(const struct crypto *c, const char *identity, char ckey[CRYPTO_KEY_HEX])
{
    crypto_lookup_key(c, "citizen", identity, ckey);
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

void citizen_context(char out[STORE_KEY_MAX], const char *ckey)
{
    store_key(out, 0, "c:%s", ckey);
}

static void read_contacts(struct store *s, struct citizen *c, const char *sealed, size_t n)
{
    char key[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(CONTACTS_MAX_BYTES);
    cJSON *j = NULL;
    citizen_context(key, c->ckey);
    if (crypto_unseal(store_crypto(s), key, sealed, n, &plain) == LOA_OK &&
        json_parse(buf_cstr(&plain), plain.len, &j, NULL, 0) == LOA_OK) {
        c->known = true;
        copy(c->phone, sizeof c->phone, json_str(j, "phone"));
        copy(c->email, sizeof c->email, json_str(j, "email"));
        copy(c->zalo, sizeof c->zalo, json_str(j, "zalo"));
        copy(c->name, sizeof c->name, json_str(j, "name"));
        copy(c->unit, sizeof c->unit, json_str(j, "unit"));
    }
    cJSON_Delete(j);
    buf_clear(&plain);
}

/* The Zalo id lies apart from the other contacts: it arrives by itself, when the citizen first touches the
 * OA. */
static void read_zalo(struct store *s, struct citizen *c, const char *sealed, size_t n)
{
    char key[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(sizeof c->zalo);
    citizen_context(key, c->ckey);
    if (crypto_unseal(store_crypto(s), key, sealed, n, &plain) == LOA_OK) {
        c->known = true;
        copy(c->zalo, sizeof c->zalo, buf_cstr(&plain));
    }
    buf_clear(&plain);
}

struct loading {
    struct store *store;
    struct citizen citizen;
    bool followed; /* one alias is followed, never a chain */
    citizen_fn *done;
    void *ctx;
};

static enum loa_status load(struct loading *l);

static void loaded(void *ctx, enum loa_status st, const struct redis_value *v)
{
    struct loading *l = ctx;
    struct citizen *c = &l->citizen;
    if (st == LOA_OK) {
        copy(c->alias, sizeof c->alias, redis_str(redis_at(v, 0), NULL));
        if (c->alias[0] != '\0' && !l->followed) {
            l->followed = true;
            copy(c->ckey, sizeof c->ckey, c->alias);
            st = load(l);
            if (st == LOA_OK)
                return;
        } else {
            size_t n;
            const char *sealed = redis_str(redis_at(v, 1), &n);
            if (n > 0)
                read_contacts(l->store, c, sealed, n);
            copy(c->no, sizeof c->no, redis_str(redis_at(v, 2), NULL));
            c->zalo_touch_ms = redis_int(redis_at(v, 3));
            c->zalo_follows = redis_int(redis_at(v, 4)) == 1;
            sealed = redis_str(redis_at(v, 5), &n);
            if (n > 0)
                read_zalo(l->store, c, sealed, n);
        }
    }
    l->done(l->ctx, st, c);
    free(l);
}

static enum loa_status load(struct loading *l)
{
    unsigned p = store_partition_of_citizen(l->store, l->citizen.ckey);
    struct args a;
    args_init(&a);
    args_key(&a, p, "c:%s", l->citizen.ckey);
    static const char *const field[] = { "as", "s", "no", "zw", "zf", "z" };
    for (unsigned i = 0; i < sizeof field / sizeof field[0]; i++)
        args_str(&a, field[i]);
    enum loa_status st = store_command(l->store, p, "HMGET", &a, loaded, l);
    args_clear(&a);
    return st;
}

enum loa_status citizen_load(struct store *s, const char *ckey, citizen_fn *done, void *ctx)
{
    struct loading *l = mem_alloc(sizeof *l);
    l->store = s;
    l->done = done;
    l->ctx = ctx;
    copy(l->citizen.ckey, sizeof l->citizen.ckey, ckey);
    enum loa_status st = load(l);
    if (st != LOA_OK)
        free(l);
    return st;
}

/* Looks up "word=until;" in the list. Returns 0 when it is not there. */
static int64_t until_of(const char *no, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = no; (at = strstr(at, word)) != NULL; at += n)
        if ((at == no || at[-1] == ';') && at[n] == '=')
            return strtoll(at + n + 1, NULL, 10);
    return 0;
}

static bool refuses_topic(const char *no, const struct status_rule *rule, enum channel ch)
{
    char word[48];
    if (rule == NULL || rule->statutory || rule->action)
        return false;
    snprintf(word, sizeof word, "t_%s", rule->topic->word);
    if (until_of(no, word) != 0)
        return true;
    snprintf(word, sizeof word, "t_%s_%s", rule->topic->word, channel_word(ch));
    return until_of(no, word) != 0;
}

const char *citizen_refuses(const char *no, const struct status_rule *rule, enum way way, int64_t now_ms)
{
    char word[24];
    enum channel ch = way_channel(way);
    snprintf(word, sizeof word, "o_%s", channel_word(ch));
    if (until_of(no, word) != 0)
        return "opted_out";
    if (refuses_topic(no, rule, ch))
        return "topic_refused";
    int64_t until = until_of(no, way_word(way));
    return until == -1 || until > now_ms ? "suppressed" : NULL;
}
