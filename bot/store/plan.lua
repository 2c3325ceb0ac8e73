-- plan - a notification comes into being: its steps, its first messages in their lanes. A repeat is harmless.
-- include _delivery
-- KEYS[1] any key of the citizen's partition
-- ARGV    now, most messages that may wait in the lanes, then per notification 14 values:
--         nid, ckey, code, header JSON, sealed body, plan, lane, expires_ms, action 0/1, not_before_ms per step "a,b,c",
--         skips "k=code;…" (steps the policy leaves out, with the reason), cap (0 none), day "yyyymmdd", portal sealed text ("" none)
-- Returns per notification: 1 made, 0 was there already, -1 refused: the lanes are full
local now = tonumber(ARGV[1])
local answer = {}
local full = waiting() >= tonumber(ARGV[2])
for at = 3, #ARGV, 14 do
  local nid, ckey, code, header, body, plan, lane = unpack(ARGV, at, at + 6)
  local expires, action, dues, skips, cap, day, portal = unpack(ARGV, at + 7, at + 13)
  local key = nkey(nid)
  if redis.call('EXISTS', key) == 1 then
    answer[#answer + 1] = 0
  elseif full then
    answer[#answer + 1] = -1
  else
    local steps = plan_of(plan)
    redis.call('HSET', key, 'h', header, 'b', body, 'plan', plan, 'ck', ckey, 'co', code, 'x', expires, 'ln', lane,
      'ac', action, 'st', 'pending')
    -- The newer news replaces what an older notification of the same dossier still had in reserve, unless that is leaving just now.
    for _, entry in ipairs(redis.call('LRANGE', P .. 'open:' .. ckey, 0, -1)) do
      local other, its = string.match(entry, '^(%S+) (.*)$')
      if its == code then
        local f = redis.call('HMGET', nkey(other), 'plan', 'ln')
        local its_steps = plan_of(f[1] or '')
        if not leaving(nkey(other), its_steps) then
          cut_rest(nkey(other), other, its_steps, f[2], now, 'replaced', false)
          settle(nkey(other), other, its_steps, now)
        end
      end
    end
    redis.call('RPUSH', P .. 'open:' .. ckey, nid .. ' ' .. code)
    local over_cap = false
    if tonumber(cap) > 0 then
      local c = P .. 'c:' .. ckey
      local f = redis.call('HMGET', c, 'capday', 'capn')
      local n = (f[1] == day and tonumber(f[2]) or 0) + 1
      redis.call('HSET', c, 'capday', day, 'capn', n)
      over_cap = n > tonumber(cap)
    end
    for k, why in string.gmatch(skips, '(%d+)=([%w_]+);?') do
      if move(key, k, 'cut', now, why) then ledger(key, nid, k, steps[tonumber(k) + 1].way, 'suppressed', now) end
    end
    local due, chain = {}, false
    for v in string.gmatch(dues, '(%d+)') do due[#due + 1] = tonumber(v) end
    for i, step in ipairs(steps) do
      local k = i - 1
      if (redis.call('HGET', key, 's' .. k) or '') == '' then
        if over_cap and step.way ~= 'portal' and step.way ~= 'zalo_cs' then
          move(key, k, 'cut', now, 'cap')
          ledger(key, nid, k, step.way, 'suppressed', now)
        elseif step.way == 'portal' then
          -- The portal has no provider: the notice lies in the citizen's box as soon as this script has run.
          local c = P .. 'c:' .. ckey
          local seq = redis.call('HINCRBY', c, 'seq', 1)
          redis.call('RPUSH', P .. 'ib:' .. ckey, nid .. ' ' .. string.format('%.0f', now) .. ' ' .. portal)
          redis.call('LTRIM', P .. 'ib:' .. ckey, -500, -1)
          redis.call('PUBLISH', 'loa:inbox', ckey)
          redis.call('HSET', key, 's' .. k, 'delivered', 't' .. k, now, 'a' .. k, 1, 'i' .. k, seq)
          story(key, now, k, 'delivered', '')
          ledger(key, nid, k, step.way, 'delivered', now)
        elseif step.beside or not chain then
          start(key, nid, k, steps, lane, now, due[i] or now)
          if due[i] and due[i] > now then move(key, k, 'hold', now, 'quiet_hours') end
          if not step.beside then chain = true end
        end
      end
    end
    settle(key, nid, steps, now)
    answer[#answer + 1] = 1
  end
end
return answer
