#include "loa/hook_record.h"
#include "loa/json.h"
#include <stdio.h>
#include <string.h>

#define SECRET_PREFIX    "whsec_"
#define PREFIX_LEN       (sizeof SECRET_PREFIX - 1)
#define SECRET_BYTES     32
#define SECRET_BYTES_MIN 24
#define SECRET_BYTES_MAX 64
#define RECORD_MAX_BYTES 4096
#define TYPE_PREFIX      "message."

static const char *const event_words[] = {
    "message.delivered", "message.seen",       "message.failed",
    "message.expired",   "message.suppressed", "message.uncertain",
};
#define EVENT_WORDS (sizeof event_words / sizeof event_words[0])

const char *hook_event_word(unsigned i)
{
    return i < EVENT_WORDS ? event_words[i] : NULL;
}

bool hook_wants(const struct hook_record *h, const char *state)
{
    if (h->events == 0)
        return state[0] != '\0'; /* all messages; what happens in the chat is none */
    for (unsigned i = 0; i < EVENT_WORDS; i++)
        if (strcmp(event_words[i] + sizeof TYPE_PREFIX - 1, state) == 0)
            return (h->events & (1u << i)) != 0;
    return false;
}

/* ---- what may be registered ---- */

static bool is_loopback(const char *host, size_t n)
{
    static const char *const name[] = { "localhost", "[::1]" };
    for (unsigned i = 0; i < 2; i++)
        if (strlen(name[i]) == n && strncmp(host, name[i], n) == 0)
            return true;
    return n > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") >= n;
}

bool hook_url_good(const char *url)
{
    bool secure = strncmp(url, "https://", 8) == 0;
    if ((!secure && strncmp(url, "http://", 7) != 0) || strlen(url) >= sizeof((struct hook_record *)0)->url)
        return false;
    for (const char *s = url; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~' || *s == '#' || *s == '\\')
            return false;
    const char *host = url + (secure ? 8 : 7);
    size_t authority = strcspn(host, "/?");
    if (memchr(host, '@', authority) != NULL)
        return false;
    size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
    bool ends = n == authority || host[n] == ':';
    return n > 0 && n <= authority && ends && (secure || is_loopback(host, n));
}

static size_t secret_bytes(const char *secret, unsigned char out[SECRET_BYTES_MAX])
{
    struct buf raw = BUF_INIT(SECRET_BYTES_MAX);
    size_t n = 0;
    if (strncmp(secret, SECRET_PREFIX, PREFIX_LEN) == 0 && strlen(secret) < HOOK_SECRET_SIZE &&
        crypto_base64_decode(&raw, secret + PREFIX_LEN, strlen(secret + PREFIX_LEN)) == LOA_OK &&
        buf_ok(&raw) && raw.len > 0) {
        n = raw.len;
        memcpy(out, raw.data, n);
    }
    buf_clear(&raw);
    return n;
}

bool hook_secret_good(const char *secret)
{
    unsigned char raw[SECRET_BYTES_MAX];
    return secret_bytes(secret, raw) >= SECRET_BYTES_MIN;
}

void hook_secret_make(char out[HOOK_SECRET_SIZE])
{
    uint64_t raw[SECRET_BYTES / sizeof(uint64_t)];
    struct buf text = BUF_INIT(HOOK_SECRET_SIZE);
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++)
        raw[i] = crypto_random_u64();
    crypto_base64(&text, raw, sizeof raw);
    snprintf(out, HOOK_SECRET_SIZE, SECRET_PREFIX "%s", buf_cstr(&text));
    buf_clear(&text);
}

void hook_id_of(const struct crypto *c, const char *url, char id[HOOK_ID_SIZE])
{
    char key[CRYPTO_KEY_HEX];
    crypto_lookup_key(c, "hook", url, key);
    snprintf(id, HOOK_ID_SIZE, "hk_%.16s", key);
}

/* ---- at rest ---- */

static const char *context(char out[STORE_KEY_MAX], const char *id)
{
    return store_key(out, 0, "hook:%s", id);
}

void hook_record_seal(const struct crypto *c, const struct hook_record *h, struct buf *out)
{
    char key[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(RECORD_MAX_BYTES);
    buf_str(&plain, "{\"url\":");
    buf_json_string(&plain, h->url, strlen(h->url));
    buf_printf(&plain, ",\"secret\":\"%s\",\"events\":%u,\"created\":%lld}", h->secret, h->events,
               (long long)h->created_ms);
    crypto_seal(c, context(key, h->id), plain.data, plain.len, out);
    buf_clear(&plain);
}

enum loa_status hook_record_open(const struct crypto *c, const char *id, const char *sealed, size_t n,
                                 struct hook_record *out)
{
    char key[STORE_KEY_MAX];
    struct buf plain = BUF_INIT(RECORD_MAX_BYTES);
    cJSON *j = NULL;
    int64_t events = 0, created_ms = 0;
    enum loa_status st = crypto_unseal(c, context(key, id), sealed, n, &plain);
    if (st == LOA_OK)
        st = json_parse(buf_cstr(&plain), plain.len, &j, NULL, 0);
    if (st == LOA_OK && (!json_int(j, "events", &events) || !json_int(j, "created", &created_ms)))
        st = LOA_INVALID;
    if (st == LOA_OK) {
        *out = (struct hook_record){ .events = (unsigned)events, .created_ms = created_ms };
        snprintf(out->id, sizeof out->id, "%s", id);
        snprintf(out->url, sizeof out->url, "%s", json_str_or(j, "url", ""));
        snprintf(out->secret, sizeof out->secret, "%s", json_str_or(j, "secret", ""));
    }
    cJSON_Delete(j);
    buf_clear(&plain);
    return st;
}

unsigned hook_records_read(const struct crypto *c, const struct redis_value *v, struct hook_record *out,
                           unsigned max)
{
    unsigned count = 0;
    for (size_t i = 0; i + 1 < redis_count(v) && count < max; i += 2) {
        size_t n;
        const char *id = redis_str(redis_at(v, i), NULL), *sealed = redis_str(redis_at(v, i + 1), &n);
        if (strncmp(id, "off:", 4) == 0 || hook_record_open(c, id, sealed, n, &out[count]) != LOA_OK)
            continue;
        char off[HOOK_ID_SIZE + 4];
        snprintf(off, sizeof off, "off:%s", out[count].id);
        out[count].off_ms = redis_int(store_field(v, off));
        count++;
    }
    return count;
}

/* ---- Standard Webhooks 1.0 ---- */

void hook_sign(const char *secret, const char *id, int64_t timestamp_s, const void *body, size_t n,
               struct buf *out)
{
    unsigned char key[SECRET_BYTES_MAX], mac[32];
    struct buf text = BUF_INIT(n + 128);
    size_t key_len = secret_bytes(secret, key);
    buf_printf(&text, "%s.%lld.", id, (long long)timestamp_s);
    buf_add(&text, body, n);
    crypto_hmac_sha256(key, key_len, text.data, text.len, mac);
    buf_str(out, "v1,");
    crypto_base64(out, mac, sizeof mac);
    buf_clear(&text);
}
