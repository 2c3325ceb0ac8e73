-- outcome - what the provider answered to an attempt. Not fenced by the lease but by the attempt's number: an answer that
-- arrives after another process took over is still the truth.
-- include _delivery
-- KEYS[1] any key of the partition
-- ARGV    now, then per outcome 11 values: nid, k, attempt, event, code, provider id, cost, again_at, wait_until, poll_at, suppress "way=until" or ""
--         event: accepted | again (at again_at) | unsent (nothing left: the attempt does not count) | refused | unknown | cut
-- Returns per outcome: the state after it, or '' when it no longer applied
local now = tonumber(ARGV[1])
local answer = {}
for at = 2, #ARGV, 11 do
  local nid, k, attempt, event, code, pid, cost = unpack(ARGV, at, at + 6)
  local again_at, wait_until, poll_at, suppress = unpack(ARGV, at + 7, at + 10)
  local key, m = nkey(nid), nid .. ':' .. k
  local f = redis.call('HMGET', key, 'plan', 'ln', 'ck', 'a' .. k, 's' .. k)
  local state = ''
  if f[1] and f[4] == attempt then
    local steps = plan_of(f[1])
    local way = steps[tonumber(k) + 1].way
    if pid ~= '' then redis.call('HSET', key, 'i' .. k, pid) end
    local new = move(key, k, event, now, code)
    if event == 'accepted' and (new or f[5] == 'delivered' or f[5] == 'seen') then redis.call('HSET', key, 'v' .. k, cost) end
    if new then
      state = new
      dequeue(nid, k, way, f[2])
      if event == 'accepted' then
        redis.call('HDEL', key, 'r' .. k)
        redis.call('ZADD', P .. 'w', wait_until, m)
        if tonumber(poll_at) > 0 then redis.call('ZADD', P .. 'pl', poll_at, m) end
      elseif event == 'unsent' then
        take_back(key, nid, k, way, f[2], again_at)
      elseif event == 'again' then
        redis.call('HDEL', key, 'r' .. k)
        redis.call('ZADD', queue_key(way, f[2]), again_at, m)
      elseif event == 'unknown' then
        redis.call('ZADD', P .. 'w', wait_until, m)
        if tonumber(poll_at) > 0 then redis.call('ZADD', P .. 'pl', poll_at, m) end
        redis.call('SADD', P .. 'unsure', m)
      else -- refused, cut
        ledger(key, nid, k, way, new, now)
        start_next(key, nid, tonumber(k), steps, f[2], now)
      end
      local sway, until_ms = string.match(suppress, '^([%w_]+)=(-?%d+)$')
      if sway then leave_alone(f[3], sway, until_ms) end
      if event ~= 'again' and event ~= 'unsent' then release_next(f[3], nid, channel_of(way), now) end
      settle(key, nid, steps, now)
    end
  end
  answer[#answer + 1] = state
end
return answer
