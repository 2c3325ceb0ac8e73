-- due - what happens when nothing happened: no receipt in time, nothing known about an attempt, a poll to make.
-- include _delivery
-- KEYS[1] lease
-- ARGV    epoch, now, limit, repeat_action 0/1 (policy for what is still unknown), dedupe ways "sms;email;" (safe to repeat),
--         1 to measure the lanes too
-- Returns {count of transitions, {{nid, k, way, provider id, attempt}… to poll}, {ways with something due}, journal entries,
--         measured: {{way, lane, depth, not-before time of the first}… of lanes that are not empty}}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local now, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
local moved, polls = 0, {}
for _, m in ipairs(redis.call('ZRANGEBYSCORE', P .. 'w', '-inf', now, 'LIMIT', 0, limit)) do
  redis.call('ZREM', P .. 'w', m)
  local nid, k = string.match(m, '^(%w+):(%d)$')
  local key = nkey(nid)
  local f = redis.call('HMGET', key, 'plan', 'ln', 's' .. k, 'ac', 'r' .. k, 'ck', 'b', 'x')
  if f[1] then
    local steps, n = plan_of(f[1]), tonumber(k)
    local way = steps[n + 1].way
    moved = moved + 1
    local safe = string.find(ARGV[5], way .. ';', 1, true) ~= nil
    if f[3] == 'uncertain' and f[7] and f[5] ~= '2' and tonumber(f[8]) > now and (safe or (ARGV[4] == '1' and f[4] == '1')) then
      move(key, k, 'repeat', now, safe and 'same_ref' or 'policy')
      redis.call('HSET', key, 'r' .. k, '1')
      redis.call('ZADD', queue_key(way, f[2]), now, m)
    else
      if f[3] == 'uncertain' then
        story(key, now, k, 'given_up', '')
        ledger(key, nid, k, way, 'uncertain', now)
      elseif f[3] == 'sent' then
        ledger(key, nid, k, way, 'sent', now)
      end
      start_next(key, nid, n, steps, f[2], now)
      release_next(f[6], nid, channel_of(way), now)
    end
    settle(key, nid, steps, now)
  end
end
for _, m in ipairs(redis.call('ZRANGEBYSCORE', P .. 'pl', '-inf', now, 'LIMIT', 0, limit)) do
  redis.call('ZREM', P .. 'pl', m)
  local nid, k = string.match(m, '^(%w+):(%d)$')
  local f = redis.call('HMGET', nkey(nid), 'plan', 'i' .. k, 'a' .. k, 's' .. k)
  if f[1] and (f[4] == 'sent' or f[4] == 'uncertain') then
    polls[#polls + 1] = { nid, k, plan_of(f[1])[tonumber(k) + 1].way, f[2] or '', f[3] or '0' }
  end
end
for _, nid in ipairs(redis.call('ZRANGEBYSCORE', P .. 'dead', '-inf', now - 7 * 86400000, 'LIMIT', 0, limit)) do
  redis.call('ZREM', P .. 'dead', nid)
  redis.call('HDEL', nkey(nid), 'b') -- a week is enough to mend a cause; then the personal part goes
end
local ways, lanes = {}, {}
for _, way in ipairs(WAYS) do
  for _, lane in ipairs(LANES) do
    local first = redis.call('ZRANGE', queue_key(way, lane), 0, 0, 'WITHSCORES')
    if first[2] and tonumber(first[2]) <= now and ways[#ways] ~= way then ways[#ways + 1] = way end
    if first[2] and ARGV[6] == '1' then
      lanes[#lanes + 1] = { way, lane, redis.call('ZCARD', queue_key(way, lane)), first[2] }
    end
  end
end
return { moved, polls, ways, redis.call('XLEN', P .. 'in'), ARGV[6] == '1' and lanes or false }
