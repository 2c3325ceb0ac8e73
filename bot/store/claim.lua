-- claim - takes messages of one way whose time has come and records the attempt before anything leaves.
-- include _delivery
-- KEYS[1] lease of the partition
-- ARGV    epoch, now, way, limit, answer_deadline_ms, mode ("send", or "divert": the way is blocked, let the next step do it),
--         process and serial number of this claim (what was taken can be given back by them: unclaim)
-- Returns list of {nid, k, attempt, repeat 0/1, header, sealed body, expires, plan, citizen flags (4), which try it is};
-- "divert": how many were
-- moved on; 'STALE' for an old epoch
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local now, way, limit, answer_by, mode = ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local out, diverted, taken = {}, 0, { ARGV[8] or '' }

-- One message whose time has come.
local function deal(n, step, lane, m)
  local key = queue_key(way, lane)
  if PLACE[n[step.s]] ~= 'q' then -- it has no business here
    redis.call('ZREM', key, m)
    return
  end
  if not n.b or tonumber(n.x) < tonumber(now) then -- its body went meanwhile, or it is too late
    ledger(n, step, move(n, step, n.b and 'expire' or 'cut', now, n.b and 'expired' or 'erased'), now)
    release_next(n, step.channel, now)
    settle(n, now)
    return
  end
  local wait = earlier_waiting(n, step.channel, now)
  if wait then
    redis.call('ZADD', key, wait, m)
  elseif mode == 'divert' then
    ledger(n, step, move(n, step, 'divert', now, 'way_blocked'), now)
    diverted = diverted + 1
    start_next(n, step, now)
    release_next(n, step.channel, now)
    settle(n, now)
  else
    local item = take(n, step, now, answer_by, redis.call('HMGET', P .. 'c:' .. n.ck, 'no', 'zw', 'zf'))
    taken[#taken + 1] = m .. ':' .. item[3]
    out[#out + 1] = item
  end
end

for _, lane in ipairs(LANES) do
  if #out < limit and (mode == 'send' or lane == 'urgent') then
    local key = queue_key(way, lane)
    for _, m in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, limit - #out)) do
      local nid, k = string.match(m, '^(%w+):(%d)$')
      local n = read(nid, 'h', 'b', 'x', 's' .. k, 'a' .. k, 'r' .. k, 'o' .. k, 'u' .. k)
      if n then
        deal(n, n.steps[k + 1], lane, m)
        save(n)
      else
        redis.call('ZREM', key, m)
      end
    end
  end
end
if #out > 0 and ARGV[7] then note_claim(way, ARGV[7], taken) end
return mode == 'divert' and diverted or out
