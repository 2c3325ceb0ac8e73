/*
 * zalo_oauth - the life of the OA's rotating token pair.
 *
 * An access token lives 25 h. The refresh token that renews it is good for one use: at success both old
 * tokens die and a new pair takes over. Losing the new pair means that a person must grant access again, so:
 *
 * - Only one process refreshes: the owner of partition 0 in `struct secret_store`. The others load the pair
 *   when the store says that it changed.
 * - Before asking, an intent is saved. After asking, the new pair is saved before anyone uses it. A crash in
 *   between is recognised by the intent left behind: the next owner waits until the old one can no longer be
 *   asking, tries once more, and if the platform refuses says plainly that the pair was lost.
 * - A refresh is due after 20 h (or 4/5 of a shorter life), and at once when the platform calls the token
 *   dead. However many messages fail at once, there is one refresh.
 * - A refusal is final: the old pair stays as it is, no more refreshes, a person is called, and there is no
 *   token until a new first pair stands in the configuration. (The next start asks once more.)
 * - No answer, 5xx, "too many calls": tried again later, 5 s to 5 min apart; an access token that still works
 *   is used meanwhile.
 *
 * The stored record remembers which first pairs of the configuration it grew from. A pair it has not seen is
 * newer than the record and replaces it.
 */
#ifndef LOA_ZALO_OAUTH_H
#define LOA_ZALO_OAUTH_H

#include "loa/channel.h"

#define ZALO_TOKEN_NAME     "zalo_token" /* in the secret store */
#define ZALO_TOKEN_MAX      2048
#define ZALO_TOKEN_LIFE_MS  (25 * 3600 * INT64_C(1000))
#define ZALO_REFRESH_DUE_MS (20 * 3600 * INT64_C(1000))

/* ---- pure parts ---- */

enum zalo_grant {
    ZALO_GRANTED,
    ZALO_GRANT_LATER,  /* no statement about the token: ask again */
    ZALO_GRANT_REFUSED /* any other answer without both tokens */
};
struct zalo_pair {
    char access[ZALO_TOKEN_MAX], refresh[ZALO_TOKEN_MAX];
    int64_t life_ms;
};
/* Reads the answer of the token endpoint. Failures may come with HTTP 200; `expires_in` is a string or a
 * number. `code` gets the platform's error number, else its error_name, else "". */
enum zalo_grant zalo_grant_read(int http_status, const char *body, size_t len, struct zalo_pair *out,
                                char *code, size_t code_size);

#define ZALO_SEEDS_MAX 8
#define ZALO_SEED_HEX  17
enum zalo_token_state { ZALO_TOKEN_GOOD, ZALO_TOKEN_REFRESHING, ZALO_TOKEN_REFUSED };
struct zalo_token_record { /* what lies in the secret store */
    struct zalo_pair pair;
    int64_t obtained_ms;
    int64_t generation; /* counts refreshes */
    enum zalo_token_state state;
    int64_t since_ms;                         /* of this state */
    char seed[ZALO_SEEDS_MAX][ZALO_SEED_HEX]; /* hashes of the first pairs it has taken in, newest first */
};
void zalo_token_record_print(const struct zalo_token_record *r, struct buf *out);
enum loa_status zalo_token_record_parse(const char *json, size_t len, struct zalo_token_record *out);

/* ---- the keeper ---- */

struct zalo_oauth;
struct zalo_oauth_settings { /* strings outlive the keeper */
    const char *oauth_url, *app_id, *app_secret;
    const char *access_token, *refresh_token; /* the first pair; "" when the store has one already */
};
/* Starts loading. Without a secret store the first access token is used as it is and never renewed. */
struct zalo_oauth *zalo_oauth_new(const struct channel_env *env, const struct zalo_oauth_settings *settings,
                                  const struct outcome_table *codes);
/* A refresh under way goes on as long as the loop, the HTTP client and the store do, and its pair is saved;
 * cut off by their end it is left behind as an intent. */
void zalo_oauth_free(struct zalo_oauth *o);

/* The token to use now; `serial` names it for zalo_oauth_dead(). Borrowed until the loop turns.
 * LOA_UNAVAILABLE: there is none at the moment, because a new one is on its way, the store is away, or a
 * person must grant access. */
enum loa_status zalo_oauth_token(const struct zalo_oauth *o, const char **token, unsigned *serial);
/* The platform called this token dead. Repeats, and reports about replaced tokens, do nothing. */
void zalo_oauth_dead(struct zalo_oauth *o, unsigned serial);
/* Is this process the one that looks after the account? */
bool zalo_oauth_is_owner(const struct zalo_oauth *o);

#endif
