/*
 * story - a notification's record told to people and machines: its messages, each attempt, why not, what it
 * cost, what now.
 */
#ifndef LOA_STORY_H
#define LOA_STORY_H

#include "loa/redis.h"
#include "loa/words.h"
#include <cjson/cJSON.h>

/* `record` is the HGETALL of n:<nid>. Returns {id, state, state_vi, next_vi, kind, MaHoSo, status,
 * messages:[…], left_out:[…]}; NULL when there is no such record. The caller deletes it. */
cJSON *story_of(const char *nid, const struct redis_value *record, const struct words *w);

#endif
