/* Reading and writing tokens: the answer of the token endpoint, the record in the secret store. */
#include "loa/json.h"
#include "loa/zalo_oauth.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIFE_MIN_S INT64_C(1)
#define LIFE_MAX_S (INT64_C(90) * 86400)

static bool copy_token(const cJSON *obj, const char *key, char out[ZALO_TOKEN_MAX])
{
    const char *s = json_str(obj, key);
    size_t n = s != NULL ? strlen(s) : 0;
    if (n == 0 || n >= ZALO_TOKEN_MAX)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~') /* it goes into a header */
            return false;
    memcpy(out, s, n + 1);
    return true;
}

static int64_t life_ms(const cJSON *answer)
{
    int64_t s;
    if (!json_int(answer, "expires_in", &s) || s < LIFE_MIN_S || s > LIFE_MAX_S)
        return ZALO_TOKEN_LIFE_MS;
    return s * 1000;
}

static void read_code(const cJSON *answer, char *code, size_t size)
{
    int64_t n;
    if (json_int(answer, "error", &n))
        snprintf(code, size, "%" PRId64, n);
    else
        snprintf(code, size, "%s", json_str_or(answer, "error_name", ""));
}

enum zalo_grant zalo_grant_read(int http_status, const char *body, size_t len, struct zalo_pair *out,
                                char *code, size_t code_size)
{
    struct zalo_pair pair = { .life_ms = 0 };
    enum zalo_grant grant = ZALO_GRANT_REFUSED;
    cJSON *answer = NULL;

    snprintf(code, code_size, "%s", "");
    if (json_parse(body, len, &answer, NULL, 0) != LOA_OK || !cJSON_IsObject(answer)) {
        cJSON_Delete(answer);
        return ZALO_GRANT_LATER; /* a proxy's page, not a word of the platform */
    }
    read_code(answer, code, code_size);
    if (copy_token(answer, "access_token", pair.access) &&
        copy_token(answer, "refresh_token", pair.refresh)) {
        pair.life_ms = life_ms(answer);
        *out = pair;
        grant = ZALO_GRANTED;
    } else if (http_status >= 500 || http_status == 429 || strcmp(code, "-32") == 0) {
        grant = ZALO_GRANT_LATER;
    }
    cJSON_Delete(answer);
    return grant;
}

/* ---- the record ---- */

static const char *const state_words[] = { "good", "refreshing", "refused" };

static void add_member(struct buf *out, const char *key, const char *value)
{
    buf_printf(out, ",\"%s\":", key);
    buf_json_string(out, value, strlen(value));
}

void zalo_token_record_print(const struct zalo_token_record *r, struct buf *out)
{
    buf_printf(out,
               "{\"generation\":%" PRId64 ",\"obtained_ms\":%" PRId64 ",\"life_ms\":%" PRId64
               ",\"since_ms\":%" PRId64,
               r->generation, r->obtained_ms, r->pair.life_ms, r->since_ms);
    add_member(out, "state", state_words[r->state]);
    add_member(out, "access_token", r->pair.access);
    add_member(out, "refresh_token", r->pair.refresh);
    buf_str(out, ",\"seeds\":[");
    for (unsigned i = 0; i < ZALO_SEEDS_MAX && r->seed[i][0] != '\0'; i++)
        buf_printf(out, "%s\"%s\"", i > 0 ? "," : "", r->seed[i]);
    buf_str(out, "]}");
}

static void read_seeds(const cJSON *seeds, struct zalo_token_record *r)
{
    unsigned n = 0;
    const cJSON *seed;
    cJSON_ArrayForEach(seed, seeds)
    {
        const char *s = cJSON_IsString(seed) ? seed->valuestring : "";
        if (n < ZALO_SEEDS_MAX && strlen(s) == ZALO_SEED_HEX - 1 &&
            strspn(s, "0123456789abcdef") == strlen(s))
            snprintf(r->seed[n++], ZALO_SEED_HEX, "%s", s);
    }
}

static bool read_state(const cJSON *tree, struct zalo_token_record *r)
{
    const char *word = json_str_or(tree, "state", "");
    for (unsigned i = 0; i < sizeof state_words / sizeof state_words[0]; i++) {
        if (strcmp(word, state_words[i]) == 0) {
            r->state = (enum zalo_token_state)i;
            return true;
        }
    }
    return false;
}

enum loa_status zalo_token_record_parse(const char *json, size_t len, struct zalo_token_record *out)
{
    struct zalo_token_record r = { .generation = 0 };
    cJSON *tree = NULL;

    enum loa_status st = json_parse(json, len, &tree, NULL, 0);
    if (st == LOA_OK &&
        !(read_state(tree, &r) && json_int(tree, "generation", &r.generation) &&
          json_int(tree, "obtained_ms", &r.obtained_ms) && json_int(tree, "life_ms", &r.pair.life_ms) &&
          json_int(tree, "since_ms", &r.since_ms) && json_str(tree, "access_token") != NULL &&
          json_str(tree, "refresh_token") != NULL))
        st = LOA_INVALID;
    if (st == LOA_OK) { /* either token may be empty: a configuration may give only one */
        copy_token(tree, "access_token", r.pair.access);
        copy_token(tree, "refresh_token", r.pair.refresh);
        read_seeds(json_get(tree, "seeds"), &r);
        *out = r;
    }
    cJSON_Delete(tree);
    return st;
}
