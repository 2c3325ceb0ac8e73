/* Addresses anybody may write: none is taken for ours without our key. */
#include "loa/email_verp.h"
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct crypto *open_keys(void)
{
    char dir[] = "/tmp/loa-fuzz.XXXXXX", path[64];
    struct crypto *c = NULL;

    if (mkdtemp(dir) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/key", dir);
    if (crypto_open(path, &c) != LOA_OK || unlink(path) != 0 || rmdir(dir) != 0)
        abort();
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *keys;
    char *text = malloc(size + 1), ref[40], made[EMAIL_VERP_MAX];

    if (keys == NULL)
        keys = open_keys();
    memcpy(text, data, size);
    text[size] = '\0';
    if (email_verp_parse(keys, text, "bounce.test", ref) == LOA_OK)
        abort(); /* a keyed mac guessed: it was not compared */
    if (email_verp_make(keys, text, "bounce.test", made) == LOA_OK &&
        (email_verp_parse(keys, made, "bounce.test", ref) != LOA_OK || strcmp(ref, text) != 0))
        abort(); /* what we write we must read */
    free(text);
    return 0;
}
