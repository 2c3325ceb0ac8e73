#include "loa/chat_typing.h"
#include <stdio.h>
#include <string.h>

#define CID_LEN (CRYPTO_KEY_HEX - 1)

/* Somebody who is not told in time is told a moment later. */
static void told(void *ctx, enum loa_status st, const struct redis_value *v)
{
    (void)ctx;
    (void)st;
    (void)v;
}

/* "<from><cid>" */
void chat_typing_tell(struct redis *r, const char *cid, char from)
{
    char word[CID_LEN + 2];
    snprintf(word, sizeof word, "%c%s", from, cid);
    redis_commandf(r, -1, told, NULL, "PUBLISH " CHAT_TYPING_CHANNEL " %s", word);
}

bool chat_typing_read(const char *data, size_t len, char cid[CRYPTO_KEY_HEX], char *from)
{
    if (len != CID_LEN + 1)
        return false;
    *from = data[0];
    memcpy(cid, data + 1, CID_LEN);
    cid[CID_LEN] = '\0';
    return true;
}
