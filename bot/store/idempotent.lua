-- idempotent - remembers what a caller sent under an Idempotency-Key.
-- KEYS[1] idem:<hash of caller and key>
-- ARGV    hash of method, path and body; seconds to remember
-- Returns 1 first time or same content again, 0 when the key was used for something else
local old = redis.call('GET', KEYS[1])
if old then return old == ARGV[1] and 1 or 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
