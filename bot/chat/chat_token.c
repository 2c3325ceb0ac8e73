/*
 * Tokens of anonymous visitors: "w1." 32 hex digits of randomness "." 40 hex digits of a keyed MAC over them.
 * The identity is "web:" and the randomness. The MAC keeps anybody from choosing an identity.
 */
#include "loa/chat.h"
#include "loa/citizen.h"
#include <stdio.h>
#include <string.h>

#define PREFIX     "w1."
#define PREFIX_LEN (sizeof PREFIX - 1)
#define RANDOM_HEX 32
#define MAC_HEX    40
#define TOKEN_LEN  (PREFIX_LEN + RANDOM_HEX + 1 + MAC_HEX)

_Static_assert(TOKEN_LEN < CHAT_TOKEN_SIZE, "a token fits");

static void name_conversation(const struct crypto *k, const char *random, char cid[CRYPTO_KEY_HEX])
{
    char identity[RANDOM_HEX + 8];
    snprintf(identity, sizeof identity, "web:%.*s", RANDOM_HEX, random);
    citizen_key(k, identity, cid);
}

static void sign(const struct crypto *k, const char *random, char mac[MAC_HEX + 1])
{
    crypto_mac_hex(k, "chat-token", random, RANDOM_HEX, mac, MAC_HEX);
}

void chat_token_new(const struct crypto *k, char token[CHAT_TOKEN_SIZE], char cid[CRYPTO_KEY_HEX])
{
    char random[RANDOM_HEX + 1], mac[MAC_HEX + 1];
    crypto_random_hex(random, RANDOM_HEX);
    sign(k, random, mac);
    snprintf(token, CHAT_TOKEN_SIZE, PREFIX "%s.%s", random, mac);
    name_conversation(k, random, cid);
}

bool chat_token_check(const struct crypto *k, const char *token, char cid[CRYPTO_KEY_HEX])
{
    const char *random = token + PREFIX_LEN;
    char mac[MAC_HEX + 1];
    if (strlen(token) != TOKEN_LEN || strncmp(token, PREFIX, PREFIX_LEN) != 0 || random[RANDOM_HEX] != '.')
        return false;
    sign(k, random, mac);
    if (!crypto_equal(mac, random + RANDOM_HEX + 1, MAC_HEX))
        return false;
    name_conversation(k, random, cid);
    return true;
}
