-- receipt - what became of a message after the provider took it. Late, twice and before the answer are all normal.
-- include _delivery
-- KEYS[1] any key of the partition
-- ARGV    now, then per receipt 7 values: nid, k, event (delivered | seen | lost), code, at_ms, attempt ("" any),
--         suppress: leave this citizen alone on this way until then (ms, -1 for good), or ""
-- Returns per receipt: the new state, 'same' when it changed nothing, '' when the message is unknown
local now = tonumber(ARGV[1])
local answer = {}
for at = 2, #ARGV, 7 do
  local nid, k, event, code, when, attempt, suppress = unpack(ARGV, at, at + 6)
  local key = nkey(nid)
  local f = redis.call('HMGET', key, 'plan', 'ln', 'ck', 's' .. k, 'a' .. k)
  local result = ''
  if f[1] and plan_of(f[1])[tonumber(k) + 1] then
    local steps = plan_of(f[1])
    local way = steps[tonumber(k) + 1].way
    -- A failure report of an older attempt says nothing about the one under way now.
    local old_attempt = event == 'lost' and attempt ~= '' and attempt ~= f[5]
    local tried = tonumber(f[5] or '0') > 0 -- what was never sent cannot have arrived
    local new = tried and not old_attempt and move(key, k, event, tonumber(when) > 0 and tonumber(when) or now, code) or nil
    result = 'same'
    if suppress ~= '' and not old_attempt then leave_alone(f[3], way, suppress) end
    if new then
      result = new
      dequeue(nid, k, way, f[2])
      redis.call('SREM', P .. 'unsure', nid .. ':' .. k)
      ledger(key, nid, k, way, new, now)
      if event == 'lost' then
        start_next(key, nid, tonumber(k), steps, f[2], now)
      elseif way ~= 'portal' or event == 'seen' then
        redis.call('HSET', key, 'st', 'reached')
        cut_rest(key, nid, steps, f[2], now, 'reached', true)
      end
      release_next(f[3], nid, channel_of(way), now)
      settle(key, nid, steps, now)
    end
  end
  answer[#answer + 1] = result
end
return answer
