-- due - what happens when nothing happened: no receipt in time, nothing known about an attempt, a poll to make.
-- include _delivery
-- KEYS[1] lease
-- ARGV    epoch, now, limit, repeat_action 0/1 (policy for what is still unknown), dedupe ways "sms;email;" (safe to repeat),
--         1 to measure the lanes too
-- Returns {count of transitions, {{nid, k, way, provider id, attempt}… to poll}, {ways with something due}, journal entries,
--         measured: {{way, lane, depth, not-before time of the first}… of lanes that are not empty}}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local now, limit = ARGV[2], tonumber(ARGV[3])
local moved, polls = 0, {}

local function stop_waiting(n, step)
  local state = n[step.s]
  local safe = string.find(ARGV[5], step.way .. ';', 1, true) ~= nil
  if state == 'uncertain' and n.b and n[step.r] ~= '2' and tonumber(n.x) > tonumber(now) and
    (safe or (ARGV[4] == '1' and n.ac == '1')) then
    put(n, step.r, '1')
    move(n, step, 'repeat', now, safe and 'same_ref' or 'policy', now)
  else
    if state == 'uncertain' then story(n, step, now, 'given_up', '') end
    if state == 'uncertain' or state == 'sent' then ledger(n, step, state, now) end
    start_next(n, step, now)
    release_next(n, step.channel, now)
  end
  settle(n, now)
  save(n)
end

for _, m in ipairs(redis.call('ZRANGEBYSCORE', P .. 'w', '-inf', now, 'LIMIT', 0, limit)) do
  local nid, k = string.match(m, '^(%w+):(%d)$')
  local n = read(nid, 's' .. k, 'u' .. k)
  local until_ms = n and n['u' .. k]
  if until_ms and tonumber(until_ms) > tonumber(now) then
    redis.call('ZADD', P .. 'w', until_ms, m)
    polls[#polls + 1] = { nid, k, n.steps[k + 1].way, n['i' .. k] or '', n['a' .. k] or '0' }
  else
    redis.call('ZREM', P .. 'w', m)
    if n then
      moved = moved + 1
      stop_waiting(n, n.steps[k + 1])
    end
  end
end
for _, nid in ipairs(redis.call('ZRANGEBYSCORE', P .. 'dead', '-inf', tonumber(now) - 7 * 86400000, 'LIMIT', 0, limit)) do
  redis.call('ZREM', P .. 'dead', nid)
  redis.call('HDEL', nkey(nid), 'b') -- a week is enough to mend a cause; then the personal part goes
end
local ways, lanes = {}, {}
for _, way in ipairs(waiting() > 0 and WAYS or {}) do
  for _, lane in ipairs(LANES) do
    local first = redis.call('ZRANGE', queue_key(way, lane), 0, 0, 'WITHSCORES')
    if first[2] and tonumber(first[2]) <= tonumber(now) and ways[#ways] ~= way then ways[#ways + 1] = way end
    if first[2] and ARGV[6] == '1' then
      lanes[#lanes + 1] = { way, lane, redis.call('ZCARD', queue_key(way, lane)), first[2] }
    end
  end
end
return { moved, polls, ways, redis.call('XLEN', P .. 'in'), ARGV[6] == '1' and lanes or false }
