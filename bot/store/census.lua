-- census - which processes are alive.
-- KEYS[1] procs (zset: process id by time of last word)
-- ARGV    own id ("" only asks), ttl_ms, 1 to sign off
-- Returns number of living processes, this one included
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
if ARGV[3] == '1' then
  redis.call('ZREM', KEYS[1], ARGV[1])
elseif ARGV[1] ~= '' then
  redis.call('ZADD', KEYS[1], now, ARGV[1])
end
return redis.call('ZCARD', KEYS[1])
