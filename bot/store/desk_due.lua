-- desk_due - conversations whose time has come. Each is offered again until a turn has given it another time.
-- KEYS[1] lease  KEYS[2] zset hw
-- ARGV    epoch, now, limit, when to offer it again
-- Returns {{cid, the time that has come}…}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local out = {}
for _, cid in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  local f = redis.call('HMGET', P .. 'cv:' .. cid, 'md', 'hw')
  if f[2] and f[1] ~= 'bot' then
    redis.call('ZADD', KEYS[2], ARGV[4], cid)
    out[#out + 1] = { cid, f[2] }
  else
    redis.call('ZREM', KEYS[2], cid)
  end
end
return out
