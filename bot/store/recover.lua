-- recover - a new owner looks at the attempts its predecessor left without an answer: each is now uncertain.
-- include _delivery
-- KEYS[1] lease
-- ARGV    epoch, now, wait_until (when the policy decides), limit, all 0/1 (0: only those past their answer time),
--         safe ways "sms;" (the provider knows our reference), wait_until for those
-- Returns {count, more 0/1}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local now, wait_until, limit = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local upto = ARGV[5] == '1' and '+inf' or now
local members = redis.call('ZRANGEBYSCORE', P .. 'snd', '-inf', upto, 'LIMIT', 0, limit)
for _, m in ipairs(members) do
  redis.call('ZREM', P .. 'snd', m)
  local nid, k = string.match(m, '^(%w+):(%d)$')
  local key = nkey(nid)
  local f = redis.call('HMGET', key, 'plan', 'ck')
  if f[1] then
    local way = plan_of(f[1])[tonumber(k) + 1].way
    if move(key, k, 'unknown', now, 'interrupted') then
      local safe = string.find(ARGV[6], way .. ';', 1, true) ~= nil
      redis.call('ZADD', P .. 'w', safe and ARGV[7] or wait_until, m)
      redis.call('SADD', P .. 'unsure', m)
    end
    local steps = plan_of(f[1])
    release_next(f[2], nid, channel_of(way), now)
    settle(key, nid, steps, now)
  end
end
return { #members, #members == limit and 1 or 0 }
