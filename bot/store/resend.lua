-- resend - a person sends a dead letter again: what failed, expired or stayed unknown goes back to its lane.
-- include _delivery
-- KEYS[1] any key of the partition
-- ARGV    now, nid, new expires_ms
-- Returns number of messages queued again; 0 when there is nothing to send any more
local now, nid = tonumber(ARGV[1]), ARGV[2]
local key = nkey(nid)
local f = redis.call('HMGET', key, 'plan', 'ln', 'ck', 'co', 'b')
if not f[5] or not redis.call('ZSCORE', P .. 'dead', nid) then return 0 end
local queued, chain = 0, false
redis.call('ZREM', P .. 'dead', nid)
redis.call('HSET', key, 'x', ARGV[3], 'st', 'pending')
redis.call('HDEL', key, 'e')
redis.call('PERSIST', key)
redis.call('RPUSH', P .. 'open:' .. f[3], nid .. ' ' .. f[4])
for i, step in ipairs(plan_of(f[1])) do
  local k = i - 1
  -- One step of the chain at a time; what goes beside it goes too.
  if (step.beside or not chain) and move(key, k, 'resend', now, 'by_staff') then
    redis.call('HDEL', key, 'r' .. k)
    redis.call('HSET', key, 'o' .. k, redis.call('HGET', key, 'a' .. k) or 0) -- it gets all its tries once more
    redis.call('ZADD', queue_key(step.way, f[2]), now, nid .. ':' .. k)
    queued = queued + 1
    chain = chain or not step.beside
  end
end
settle(key, nid, plan_of(f[1]), now)
return queued
