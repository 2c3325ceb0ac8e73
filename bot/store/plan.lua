-- plan - a notification comes into being: its steps, its first messages in their lanes. A repeat is harmless.
-- Who can send at once says so, and gets messages as a claim would give them when nothing waits before them in the lanes.
-- include _delivery
-- KEYS[1] any key of a partition of this server
-- ARGV    now, most messages that may wait in the lanes of a partition, offers of partitions' owners, each
--         "partition epoch process way:limit:answer_deadline_ms:serial;…\n", then per notification 14 values:
--         nid, ckey, code, header JSON, sealed body, plan, lane, expires_ms, action 0/1, not_before_ms per step "a,b,c",
--         skips "k=code;…" (steps the policy leaves out, with the reason), cap (0 none), day "yyyymmdd", portal sealed text ("" none)
-- Returns per notification: 1 made, 0 was there already, -1 refused: the lanes are full; or, made and taken, the list
--         {way, item, …} of what is to be sent, items as claim returns them
local now = ARGV[1]
local most = tonumber(ARGV[2])
local lots, lot = {}, nil -- what is known of the partition of an item

local owners = {}
for part, epoch, process, ways in string.gmatch(ARGV[3], '(%d+) (%d+) (%S+) (%S+)\n') do
  owners[part] = { epoch = epoch, process = process, ways = ways }
end

-- way -> what may be taken of it: only by the owner, and only when nothing waits before it.
local function offers_of(part)
  local offers, owner = {}, owners[part]
  if not owner or redis.call('HGET', P .. 'lease', 'epoch') ~= owner.epoch then return offers end
  for way, left, by, serial in string.gmatch(owner.ways, '([%w_]+):(%d+):(%d+):(%d+);') do
    if not anything_due(way, now) then
      offers[way] = { left = tonumber(left), by = by, process = owner.process, taken = { serial } }
    end
  end
  return offers
end

local function turn_to_lot(nid)
  local part = string.sub(nid, 1, 2)
  turn_to(nid)
  lot = lots[part]
  if not lot then
    lot = { nid = nid, offers = offers_of(part) }
    lots[part] = lot
  end
end

-- Is there no room any more in the lanes? What is taken at once needs none.
local function refused()
  if next(lot.offers) then return false end
  if lot.full == nil then lot.full = waiting() >= most end
  return lot.full
end

-- The newer news replaces what an older notification of the same dossier still had in reserve, unless that is leaving just now.
local function replace(list, code)
  for _, entry in ipairs(list) do
    local older = entry[2] == code and code ~= '-' and read(entry[1], 'cut', 'co')
    if older and not leaving(older) then
      cut_rest(older, now, 'replaced', false)
      settle(older, now)
      save(older)
    end
  end
end

-- Counts today's notifications of a citizen. Has the cap been passed?
local function over_cap(c, ckey, cap, day)
  if tonumber(cap) == 0 then return false end
  local count = (c[1] == day and tonumber(c[2]) or 0) + 1
  redis.call('HSET', P .. 'c:' .. ckey, 'capday', day, 'capn', count)
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

-- A message that is due and wanted leaves at once; any other waits in its lane.
local function send(n, step, at, c, taken)
  local offer = lot.offers[step.way]
  local due = tonumber(at) <= tonumber(now)
  local in_time = tonumber(n.x) >= tonumber(now)
  if offer and offer.left > 0 and due and in_time and not (n.behind and earlier_waiting(n, step.channel, now)) then
    move(n, step, 'start', now)
    offer.left = offer.left - 1
    offer.taken[#offer.taken + 1] = n.nid .. ':' .. step.k .. ':1'
    taken[#taken + 1] = step.way
    taken[#taken + 1] = take(n, step, now, offer.by, c)
  else
    move(n, step, 'start', now, nil, at)
    if not due then move(n, step, 'hold', now, 'quiet_hours') end
  end
end

local function begin(n, c, over, skips, dues, portal)
  local skip, due, chain, taken = {}, {}, false, {}
  for k, why in string.gmatch(skips, '(%d+)=([%w_]+);?') do skip[k] = why end
  for at in string.gmatch(dues, '(%d+)') do due[#due + 1] = at end
  for i, step in ipairs(n.steps) do
    local why = skip[step.k] or (over and step.way ~= 'portal' and step.way ~= 'zalo_cs' and 'cap')
    if why then
      ledger(n, step, move(n, step, 'cut', now, why), now)
    elseif step.way == 'portal' then
      into_box(n, step, portal)
    elseif step.beside or not chain then
      send(n, step, due[i] or now, c, taken)
      chain = chain or not step.beside
    end
  end
  return #taken > 0 and taken or 1
end

local answer = {}
for at = 4, #ARGV, 14 do
  local nid, ckey, code, header, body, plan, lane = unpack(ARGV, at, at + 6)
  local expires, action, dues, skips, cap, day, portal = unpack(ARGV, at + 7, at + 13)
  turn_to_lot(nid)
  if redis.call('EXISTS', nkey(nid)) == 1 then
    answer[#answer + 1] = 0
  elseif refused() then
    answer[#answer + 1] = -1
  else
    local c, open = redis.call('HMGET', P .. 'c:' .. ckey, 'capday', 'capn', 'no', 'zw', 'zf'), open_of(ckey)
    local n = { nid = nid, key = nkey(nid), h = header, b = body, x = expires, plan = plan, ck = ckey, co = code, ln = lane,
      st = 'pending', behind = #open > 0, steps = plan_of(plan),
      put = { 'h', header, 'b', body, 'plan', plan, 'ck', ckey, 'co', code, 'x', expires, 'ln', lane, 'ac', action, 'st', 'pending' } }
    replace(open, code)
    redis.call('RPUSH', P .. 'open:' .. ckey, nid .. ' ' .. code)
    answer[#answer + 1] = begin(n, { c[3], c[4], c[5] }, over_cap(c, ckey, cap, day), skips, dues, portal)
    settle(n, now)
    save(n)
  end
end
for _, its in pairs(lots) do
  turn_to(its.nid)
  for way, offer in pairs(its.offers) do
    if #offer.taken > 1 then note_claim(way, offer.process, offer.taken) end
  end
end
return answer
