/*
 * crypto - the few cryptographic steps loa needs, all by libsodium.
 *
 * The master key is a file of 32 random bytes under data_dir (made at first start, mode 0600), never in
 * Redis. From it come one key for sealing (XChaCha20-Poly1305) and one for look-up hashes (BLAKE2b keyed), by
 * crypto_kdf. Losing the file loses the contacts: back it up apart from Redis.
 */
#ifndef LOA_CRYPTO_H
#define LOA_CRYPTO_H

#include "loa/buf.h"
#include <stdbool.h>
#include <stdint.h>

struct crypto; /* every function works only after crypto_open(), except hashes and random */
enum loa_status crypto_open(const char *key_path, struct crypto **out); /* makes the file when absent */
void crypto_close(struct crypto *c);

/* Appends nonce + ciphertext + tag. `context` binds the text to its place (a record's key). */
void crypto_seal(const struct crypto *c, const char *context, const void *p, size_t n, struct buf *out);
enum loa_status crypto_unseal(const struct crypto *c, const char *context, const void *p, size_t n,
                              struct buf *out); /* LOA_INVALID when forged or torn */

/* Keyed look-up hash: 20 bytes as 40 hex digits. The same input always gives the same key. */
#define CRYPTO_KEY_HEX 41
void crypto_lookup_key(const struct crypto *c, const char *domain, const char *value,
                       char out[CRYPTO_KEY_HEX]);
void crypto_mac_hex(const struct crypto *c, const char *domain, const void *p, size_t n, char *out,
                    size_t out_hex_digits); /* keyed MAC, as many digits as asked, NUL added */

void crypto_sha256_hex(const void *p, size_t n, char out[65]);
void crypto_hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, unsigned char out[32]);
void crypto_hash_hex(const void *p, size_t n, char *out, size_t out_hex_digits); /* BLAKE2b, not secret */
uint64_t crypto_spread(const char *text);                  /* SipHash under a fixed key: to spread work */
bool crypto_equal(const void *a, const void *b, size_t n); /* constant time */
bool crypto_equal_str(const char *a, const char *b);       /* constant time in the shorter length */
void crypto_random_hex(char *out, size_t hex_digits);      /* NUL added */
uint64_t crypto_random_u64(void);
void crypto_base64(struct buf *out, const void *p, size_t n);
void crypto_base64url(struct buf *out, const void *p, size_t n);                /* no padding */
enum loa_status crypto_base64_decode(struct buf *out, const char *s, size_t n); /* both alphabets */

/* Passwords: argon2id, 32 MiB and some 50 ms each, so never on the loop (loop_work()). The hash carries its
 * parameters. crypto_password_check(NULL, …) takes as long as any other and is always false. */
#define CRYPTO_PASSWORD_HASH 128
bool crypto_password_hash(const char *password, char out[CRYPTO_PASSWORD_HASH]); /* false: no memory */
bool crypto_password_check(const char *hash, const char *password);
void crypto_wipe(void *p, size_t n); /* not optimised away */

#endif
