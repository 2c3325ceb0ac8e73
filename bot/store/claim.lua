-- claim - takes messages of one way whose time has come and records the attempt before anything leaves.
-- include _delivery
-- KEYS[1] lease of the partition
-- ARGV    epoch, now, way, limit, answer_deadline_ms, mode ("send", or "divert": the way is blocked, let the next step do it),
--         process and serial number of this claim (what was taken can be given back by them: unclaim)
-- Returns list of {nid, k, attempt, repeat 0/1, header, sealed body, expires, plan, citizen flags (4), which try it is};
-- "divert": how many were
-- moved on; 'STALE' for an old epoch
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local now, way, limit, answer_by, mode = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local out, diverted, taken = {}, 0, { ARGV[8] or '' }
for _, lane in ipairs(LANES) do
  if #out < limit and (mode == 'send' or lane == 'urgent') then
    local q = queue_key(way, lane)
    for _, m in ipairs(redis.call('ZRANGEBYSCORE', q, '-inf', now, 'LIMIT', 0, limit - #out)) do
      local nid, k = string.match(m, '^(%w+):(%d)$')
      local key = nkey(nid)
      local f = redis.call('HMGET', key, 'h', 'b', 'x', 'ck', 'a' .. k, 'r' .. k, 'plan', 's' .. k, 'o' .. k)
      if not f[7] then
        redis.call('ZREM', q, m)
      elseif not f[2] then -- its body went meanwhile
        local new = move(key, k, 'cut', now, 'erased')
        dequeue(nid, k, way, lane)
        if new then ledger(key, nid, k, way, new, now) end
        settle(key, nid, plan_of(f[7]), now)
      elseif tonumber(f[3]) < now then
        local steps = plan_of(f[7])
        local new = move(key, k, 'expire', now, 'expired')
        if new then ledger(key, nid, k, way, new, now) end
        dequeue(nid, k, way, lane)
        release_next(f[4], nid, channel_of(way), now)
        settle(key, nid, steps, now)
      else
        local wait = earlier_waiting(f[4], nid, channel_of(way), now)
        if wait then
          redis.call('ZADD', q, wait, m)
        elseif mode == 'divert' then
          local steps = plan_of(f[7])
          local new = move(key, k, 'divert', now, 'way_blocked')
          if new then ledger(key, nid, k, way, new, now) end
          diverted = diverted + 1
          dequeue(nid, k, way, lane)
          start_next(key, nid, tonumber(k), steps, lane, now)
          release_next(f[4], nid, channel_of(way), now)
          settle(key, nid, steps, now)
        else
          -- A repeat of an attempt whose fate is unknown keeps its number, so the provider sees the same reference.
          local again = f[6] == '1'
          local attempt = again and tonumber(f[5]) or redis.call('HINCRBY', key, 'a' .. k, 1)
          if again then redis.call('HSET', key, 'r' .. k, '2') end
          move(key, k, 'claim', now, nil)
          redis.call('ZREM', q, m)
          redis.call('ZADD', P .. 'snd', answer_by, m)
          local c = redis.call('HMGET', P .. 'c:' .. f[4], 'no', 'zw', 'zf')
          taken[#taken + 1] = m .. ':' .. attempt
          out[#out + 1] = { nid, tonumber(k), attempt, again and 1 or 0, f[1], f[2], f[3], f[7], f[4], c[1] or '', c[2] or '', c[3] or '',
            tonumber(attempt) - tonumber(f[9] or 0) }
        end
      end
    end
  end
end
if #out > 0 and ARGV[7] then redis.call('SET', P .. 'cl:' .. way .. ':' .. ARGV[7], table.concat(taken, ' '), 'EX', 3600) end
return mode == 'divert' and diverted or out
