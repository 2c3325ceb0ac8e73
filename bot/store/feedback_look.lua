-- feedback_look - what the owner has to do: senders to be told, people to be warned. Changes nothing.
-- KEYS[1] lease
-- ARGV    epoch, now, limit
-- Returns {{{member of fb:t, cid, channel}…}, {member of fb:w…}}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local tell = {}
for _, m in ipairs(redis.call('ZRANGE', P .. 'fb:t', 0, tonumber(ARGV[3]) - 1)) do
  local f = redis.call('HMGET', P .. 'fb:' .. string.match(m, '^[^|]+'), 'cid', 'ch')
  tell[#tell + 1] = { m, f[1] or '', f[2] or '' }
end
return { tell, redis.call('ZRANGEBYSCORE', P .. 'fb:w', '-inf', ARGV[2], 'LIMIT', 0, ARGV[3]) }
