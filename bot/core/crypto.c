#include "loa/crypto.h"
#include "loa/mem.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KDF_CONTEXT "loa-keys" /* exactly crypto_kdf_CONTEXTBYTES */

enum { SUBKEY_SEAL = 1, SUBKEY_LOOKUP = 2, SUBKEY_MAC = 3 };

struct crypto {
    unsigned char seal[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    unsigned char lookup[crypto_generichash_KEYBYTES];
    unsigned char mac[crypto_generichash_KEYBYTES];
};

static void library_init(void)
{
    if (sodium_init() < 0)
        abort(); /* no randomness on this machine: nothing we do would be safe */
}

static enum loa_status key_read(const char *path, unsigned char master[32])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? LOA_NOT_FOUND : LOA_IO;
    ssize_t n = read(fd, master, 32);
    close(fd);
    return n == 32 ? LOA_OK : LOA_INVALID;
}

/* Written beside and linked into place, so that two processes starting at once end up with one key. */
static enum loa_status key_make(const char *path)
{
    unsigned char master[32];
    char beside[4096];
    if (snprintf(beside, sizeof beside, "%s.%d", path, (int)getpid()) >= (int)sizeof beside)
        return LOA_TOO_BIG;
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return LOA_IO;
    randombytes_buf(master, sizeof master);
    bool good = write(fd, master, 32) == 32 && fsync(fd) == 0;
    sodium_memzero(master, sizeof master);
    close(fd);
    good = good && (link(beside, path) == 0 || errno == EEXIST);
    unlink(beside);
    return good ? LOA_OK : LOA_IO;
}

enum loa_status crypto_open(const char *key_path, struct crypto **out)
{
    library_init();
    unsigned char master[crypto_kdf_KEYBYTES];
    enum loa_status st = key_read(key_path, master);
    if (st == LOA_NOT_FOUND) {
        st = key_make(key_path);
        if (st == LOA_OK)
            st = key_read(key_path, master);
    }
    if (st != LOA_OK)
        return st;
    struct crypto *c = mem_alloc(sizeof *c);
    crypto_kdf_derive_from_key(c->seal, sizeof c->seal, SUBKEY_SEAL, KDF_CONTEXT, master);
    crypto_kdf_derive_from_key(c->lookup, sizeof c->lookup, SUBKEY_LOOKUP, KDF_CONTEXT, master);
    crypto_kdf_derive_from_key(c->mac, sizeof c->mac, SUBKEY_MAC, KDF_CONTEXT, master);
    sodium_memzero(master, sizeof master);
    *out = c;
    return LOA_OK;
}

void crypto_close(struct crypto *c)
{
    if (c == NULL)
        return;
    sodium_memzero(c, sizeof *c);
    free(c);
}

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES

void crypto_seal(const struct crypto *c, const char *context, const void *p, size_t n, struct buf *out)
{
    size_t total = NONCE_BYTES + n + TAG_BYTES;
    unsigned char stack[4096], *text = total <= sizeof stack ? stack : mem_alloc(total);
    randombytes_buf(text, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(text + NONCE_BYTES, NULL, p, n, (const unsigned char *)context,
                                               strlen(context), NULL, text, c->seal);
    buf_add(out, text, total);
    if (text != stack)
        free(text);
}

enum loa_status crypto_unseal(const struct crypto *c, const char *context, const void *p, size_t n,
                              struct buf *out)
{
    const unsigned char *text = p;
    if (n < NONCE_BYTES + TAG_BYTES)
        return LOA_INVALID;
    size_t plain_len = n - NONCE_BYTES - TAG_BYTES;
    unsigned char stack[4096], *plain = plain_len <= sizeof stack ? stack : mem_alloc(plain_len);
    int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, text + NONCE_BYTES,
                                                        n - NONCE_BYTES, (const unsigned char *)context,
                                                        strlen(context), text, c->seal);
    if (rc == 0)
        buf_add(out, plain, plain_len);
    sodium_memzero(plain, plain_len);
    if (plain != stack)
        free(plain);
    if (rc != 0)
        return LOA_INVALID;
    return buf_ok(out) ? LOA_OK : LOA_TOO_BIG;
}

/* Domain and value are separated by a NUL, so "ab"+"c" and "a"+"bc" differ. */
static void keyed_hash(const unsigned char key[32], const char *domain, const void *p, size_t n,
                       unsigned char *out, size_t out_bytes)
{
    crypto_generichash_state st;
    crypto_generichash_init(&st, key, 32, out_bytes);
    crypto_generichash_update(&st, (const unsigned char *)domain, strlen(domain) + 1);
    crypto_generichash_update(&st, p, n);
    crypto_generichash_final(&st, out, out_bytes);
}

void crypto_lookup_key(const struct crypto *c, const char *domain, const char *value,
                       char out[CRYPTO_KEY_HEX])
{
    unsigned char h[20];
    keyed_hash(c->lookup, domain, value, strlen(value), h, sizeof h);
    sodium_bin2hex(out, CRYPTO_KEY_HEX, h, sizeof h);
}

static void hex_digits(char *out, size_t digits, const unsigned char *h)
{
    for (size_t i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[(h[i / 2] >> (i % 2 ? 0 : 4)) & 15];
    out[digits] = '\0';
}

void crypto_mac_hex(const struct crypto *c, const char *domain, const void *p, size_t n, char *out,
                    size_t out_hex_digits)
{
    unsigned char h[32];
    keyed_hash(c->mac, domain, p, n, h, sizeof h);
    hex_digits(out, out_hex_digits > 64 ? 64 : out_hex_digits, h);
}

void crypto_sha256_hex(const void *p, size_t n, char out[65])
{
    unsigned char h[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(h, p, n);
    sodium_bin2hex(out, 65, h, sizeof h);
}

void crypto_hmac_sha256(const void *key, size_t key_len, const void *p, size_t n, unsigned char out[32])
{
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, key, key_len);
    crypto_auth_hmacsha256_update(&st, p, n);
    crypto_auth_hmacsha256_final(&st, out);
}

void crypto_hash_hex(const void *p, size_t n, char *out, size_t out_hex_digits)
{
    unsigned char h[32];
    crypto_generichash(h, sizeof h, p, n, NULL, 0);
    hex_digits(out, out_hex_digits > 64 ? 64 : out_hex_digits, h);
}

uint64_t crypto_spread(const char *text)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES + 1] = "loa-partitions-1";
    unsigned char h[crypto_shorthash_BYTES];
    uint64_t v;
    crypto_shorthash(h, (const unsigned char *)text, strlen(text), key);
    memcpy(&v, h, sizeof v);
    return v;
}

bool crypto_equal(const void *a, const void *b, size_t n)
{
    return sodium_memcmp(a, b, n) == 0;
}

bool crypto_equal_str(const char *a, const char *b)
{
    /* Comparing digests hides where two strings of different length part. */
    unsigned char ha[32], hb[32];
    crypto_generichash(ha, sizeof ha, (const unsigned char *)a, strlen(a), NULL, 0);
    crypto_generichash(hb, sizeof hb, (const unsigned char *)b, strlen(b), NULL, 0);
    return sodium_memcmp(ha, hb, sizeof ha) == 0;
}

void crypto_random_hex(char *out, size_t hex_count)
{
    library_init();
    unsigned char h[32];
    for (size_t at = 0; at < hex_count; at += 64) {
        randombytes_buf(h, sizeof h);
        hex_digits(out + at, hex_count - at < 64 ? hex_count - at : 64, h);
    }
    out[hex_count] = '\0';
}

uint64_t crypto_random_u64(void)
{
    uint64_t v;
    library_init();
    randombytes_buf(&v, sizeof v);
    return v;
}

static void base64(struct buf *out, const void *p, size_t n, int variant)
{
    size_t room = sodium_base64_encoded_len(n, variant);
    char *text = mem_alloc(room);
    sodium_bin2base64(text, room, p, n, variant);
    buf_str(out, text);
    free(text);
}

void crypto_base64(struct buf *out, const void *p, size_t n)
{
    base64(out, p, n, sodium_base64_VARIANT_ORIGINAL);
}

void crypto_base64url(struct buf *out, const void *p, size_t n)
{
    base64(out, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum loa_status crypto_base64_decode(struct buf *out, const char *s, size_t n)
{
    static const int variant[] = { sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
                                   sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    unsigned char *bin = mem_alloc(n + 1);
    enum loa_status st = LOA_INVALID;
    for (size_t i = 0; i < sizeof variant / sizeof variant[0] && st != LOA_OK; i++) {
        size_t len;
        if (sodium_base642bin(bin, n + 1, s, n, " \r\n\t", &len, NULL, variant[i]) != 0)
            continue;
        buf_add(out, bin, len);
        st = buf_ok(out) ? LOA_OK : LOA_TOO_BIG;
    }
    free(bin);
    return st;
}

/* ---- passwords ---- */

#define PASSWORD_PASSES 3
#define PASSWORD_BYTES  (32u << 20)

bool crypto_password_hash(const char *password, char out[CRYPTO_PASSWORD_HASH])
{
    static_assert(crypto_pwhash_STRBYTES <= CRYPTO_PASSWORD_HASH, "room for the hash");
    return crypto_pwhash_str_alg(out, password, strlen(password), PASSWORD_PASSES, PASSWORD_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0;
}

/* A hash of nothing, made like ours: checking it costs what checking a real one costs. */
static const char *no_hash(char out[CRYPTO_PASSWORD_HASH])
{
    snprintf(out, CRYPTO_PASSWORD_HASH, "$argon2id$v=19$m=%u,t=%d,p=1$%s$%s", PASSWORD_BYTES >> 10,
             PASSWORD_PASSES, "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    return out;
}

bool crypto_password_check(const char *hash, const char *password)
{
    char nothing[CRYPTO_PASSWORD_HASH];
    bool known = hash != NULL && hash[0] != '\0';
    bool same = crypto_pwhash_str_verify(known ? hash : no_hash(nothing), password, strlen(password)) == 0;
    return known && same;
}

void crypto_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}
