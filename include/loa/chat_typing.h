/*
 * chat_typing - "… is typing": passed between the sockets of all processes, stored nowhere, lost without
 * harm.
 *
 * Whoever wants to hear of it subscribes: redis_subscribe(r, CHAT_TYPING_CHANNEL, fn, ctx), and reads each
 * message with chat_typing_read().
 */
#ifndef LOA_CHAT_TYPING_H
#define LOA_CHAT_TYPING_H

#include "loa/crypto.h"
#include "loa/redis.h"

#define CHAT_TYPING_CHANNEL "loa:typing"
#define CHAT_TYPING_REST_MS 2000 /* tell no more often than this per socket */

void chat_typing_tell(struct redis *r, const char *cid, char from); /* from: c citizen, o officer */
bool chat_typing_read(const char *data, size_t len, char cid[CRYPTO_KEY_HEX], char *from);

#endif
