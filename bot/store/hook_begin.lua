-- hook_begin - a callback is registered: it gets what ends from now on. Again: its place stays, its failures are forgotten.
-- KEYS[1] place hk:<id>  KEYS[2] ledger
-- Returns the place, a stream id
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
redis.call('HSETNX', KEYS[1], 'at', last[1] and last[1][1] or '0-0')
redis.call('HDEL', KEYS[1], 'since')
return redis.call('HGET', KEYS[1], 'at')
