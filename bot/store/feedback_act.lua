-- feedback_act - an officer takes, forwards, answers or closes a case.
-- include _feedback
-- KEYS[1] fb:<id>
-- ARGV    id, event (take | forward | answer | close), who, now, hash of the action, unit and desk to forward to,
--         forward warn, forward by, answer warn, answer by (of the new unit), sealed note, sealed answer ("" none)
-- Returns {1 done | 2 done before | 0 does not apply, state, version}; false when there is no such case
local id, event, who, now, action, unit, desk = unpack(ARGV, 1, 7)
local forward_warn, forward_by, answer_warn, answer_by, note, answer = unpack(ARGV, 8, 13)
local f = redis.call('HMGET', KEYS[1], 'st', 'un', 'kd', 'mo', 'vn', 'aw', 'x')
local old, from, kind, month, version, limit, before = unpack(f, 1, 7)
if not old then return false end
if before == action then return { 2, old, tonumber(version) } end
local new = NEXT[old][event]
if not new or (event == 'forward' and unit == from) then return { 0, old, tonumber(version) } end
version = redis.call('HINCRBY', KEYS[1], 'vn', 1)
redis.call('HSET', KEYS[1], 'st', new, 'x', action, 'of', who)
if note ~= '' then redis.call('HSET', KEYS[1], 'nt', note) end
if answer ~= '' then redis.call('HSET', KEYS[1], 'a', answer) end

for _, what in ipairs(WATCHED) do
  -- The unit that takes a case says that it came to the right place; the answer is still due.
  if event ~= 'take' or string.find(what, 'forward', 1, true) then unwatch(id, from, what) end
end
local at = from
if event == 'forward' then
  at = unit
  redis.call('HSET', KEYS[1], 'un', unit, 'dk', desk, 'fw', forward_by, 'aw', answer_by)
  watch(id, unit, 'forward_soon', forward_warn)
  watch(id, unit, 'forward_late', forward_by)
  watch(id, unit, 'answer_soon', answer_warn)
  watch(id, unit, 'answer_late', answer_by)
  limit = answer_by
  count(month, from, kind, 'forwarded', 1)
  count(month, from, kind, 'taken', -1)
  count(month, unit, kind, 'taken', 1)
elseif OPEN[old] and not OPEN[new] then
  count(month, from, kind, tonumber(now) <= tonumber(limit) and 'on_time' or 'late', 1)
end
count(month, from, kind, old, -1)
count(month, at, kind, new, 1)
redis.call('ZREM', P .. 'fb:s:' .. old, id)
redis.call('ZADD', P .. 'fb:s:' .. new, OPEN[new] and limit or now, id)
history(id, now, event, who, at)
-- Whoever has the answer need not hear that the file was put away.
if event ~= 'take' and not (event == 'close' and old == 'answered') then
  redis.call('ZADD', P .. 'fb:t', now, id .. '|' .. event .. '|' .. version)
end
if not OPEN[new] and redis.call('HGET', KEYS[1], 'er') == '1' then redis.call('HDEL', KEYS[1], 'b', 'nt', 'a') end
if new == 'closed' then
  redis.call('PEXPIRE', KEYS[1], KEEP_MS)
  redis.call('PEXPIRE', P .. 'fl:' .. id, KEEP_MS)
  redis.call('ZREMRANGEBYSCORE', P .. 'fb:s:closed', '-inf', tonumber(now) - KEEP_MS)
end
return { 1, new, version }
