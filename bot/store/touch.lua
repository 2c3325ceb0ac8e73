-- touch - a citizen touched the Zalo OA: opens the free window, follows or leaves.
-- KEYS[1] citizen record c:<ckey>
-- ARGV    at_ms, follows ("1", "0", "" = unchanged), sealed Zalo id ("" = unchanged)
-- Returns 1
local old = tonumber(redis.call('HGET', KEYS[1], 'zw') or '0')
if tonumber(ARGV[1]) > old then redis.call('HSET', KEYS[1], 'zw', ARGV[1]) end
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'zf', ARGV[2]) end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'z', ARGV[3]) end
return 1
