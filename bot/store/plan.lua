-- plan - a notification comes into being: its steps, its first messages in their lanes. A repeat is harmless.
-- include _delivery
-- KEYS[1] any key of the citizen's partition
-- ARGV    now, most messages that may wait in the lanes, then per notification 14 values:
--         nid, ckey, code, header JSON, sealed body, plan, lane, expires_ms, action 0/1, not_before_ms per step "a,b,c",
--         skips "k=code;…" (steps the policy leaves out, with the reason), cap (0 none), day "yyyymmdd", portal sealed text ("" none)
-- Returns per notification: 1 made, 0 was there already, -1 refused: the lanes are full
local now = ARGV[1]
local full = waiting() >= tonumber(ARGV[2])

-- The newer news replaces what an older notification of the same dossier still had in reserve, unless that is leaving just now.
local function replace(ckey, code)
  for _, entry in ipairs(open_of(ckey)) do
    local older = entry[2] == code and code ~= '-' and read(entry[1], 'cut', 'co')
    if older and not leaving(older) then
      cut_rest(older, now, 'replaced', false)
      settle(older, now)
      save(older)
    end
  end
end

-- Counts today's notifications of a citizen. Has the cap been passed?
local function over_cap(ckey, cap, day)
  if tonumber(cap) == 0 then return false end
  local c = P .. 'c:' .. ckey
  local f = redis.call('HMGET', c, 'capday', 'capn')
  local count = (f[1] == day and tonumber(f[2]) or 0) + 1
  redis.call('HSET', c, 'capday', day, 'capn', count)
  return count > tonumber(cap)
end

-- The portal has no provider: the notice lies in the citizen's box as soon as this script has run.
local function into_box(n, step, text)
  local box = P .. 'ib:' .. n.ck
  put(n, step.i, redis.call('HINCRBY', P .. 'c:' .. n.ck, 'seq', 1))
  put(n, step.s, 'delivered')
  put(n, step.t, now)
  put(n, step.a, '1')
  redis.call('RPUSH', box, n.nid .. ' ' .. now .. ' ' .. text)
  redis.call('LTRIM', box, -500, -1)
  redis.call('PUBLISH', 'loa:inbox', n.ck)
  story(n, step, now, 'delivered', '')
  ledger(n, step, 'delivered', now)
end

local function begin(n, over, skips, dues, portal)
  local skip, due, chain = {}, {}, false
  for k, why in string.gmatch(skips, '(%d+)=([%w_]+);?') do skip[k] = why end
  for at in string.gmatch(dues, '(%d+)') do due[#due + 1] = at end
  for i, step in ipairs(n.steps) do
    local at = due[i] or now
    local why = skip[step.k] or (over and step.way ~= 'portal' and step.way ~= 'zalo_cs' and 'cap')
    if why then
      ledger(n, step, move(n, step, 'cut', now, why), now)
    elseif step.way == 'portal' then
      into_box(n, step, portal)
    elseif step.beside or not chain then
      move(n, step, 'start', now, nil, at)
      if tonumber(at) > tonumber(now) then move(n, step, 'hold', now, 'quiet_hours') end
      chain = chain or not step.beside
    end
  end
end

local answer = {}
for at = 3, #ARGV, 14 do
  local nid, ckey, code, header, body, plan, lane = unpack(ARGV, at, at + 6)
  local expires, action, dues, skips, cap, day, portal = unpack(ARGV, at + 7, at + 13)
  if redis.call('EXISTS', nkey(nid)) == 1 then
    answer[#answer + 1] = 0
  elseif full then
    answer[#answer + 1] = -1
  else
    local n = { nid = nid, key = nkey(nid), h = header, ck = ckey, co = code, ln = lane, st = 'pending', steps = plan_of(plan),
      put = { 'h', header, 'b', body, 'plan', plan, 'ck', ckey, 'co', code, 'x', expires, 'ln', lane, 'ac', action, 'st', 'pending' } }
    replace(ckey, code)
    redis.call('RPUSH', P .. 'open:' .. ckey, nid .. ' ' .. code)
    begin(n, over_cap(ckey, cap, day), skips, dues, portal)
    settle(n, now)
    save(n)
    answer[#answer + 1] = 1
  end
end
return answer
