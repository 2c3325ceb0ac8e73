-- handover - keeps the desks' queues of a partition in step with the fields of cv:<cid> (include/loa/handover.h).
-- P is the partition's prefix, "loa:{p07}:".
--
-- Before changing a conversation: local was = desk_before(P, cid). After it: desk_index(P, cid, was).

local function desk_before(P, cid)
  local f = redis.call('HMGET', P .. 'cv:' .. cid, 'md', 'dk', 'of', 'hw', 'hq', 'hr')
  return { md = f[1] or 'bot', dk = f[2] or '', of = f[3] or '', hw = f[4] or '', hq = f[5] or '', hr = f[6] or '' }
end

local function desk_index(P, cid, was)
  local f = redis.call('HMGET', P .. 'cv:' .. cid, 'md', 'dk', 'of', 'hw', 'hq', 'hs', 'hr')
  local md, dk, of, hw, hq = f[1] or 'bot', f[2] or '', f[3] or '', f[4] or '', f[5] or ''
  if hw ~= was.hw or md ~= was.md then
    if md ~= 'bot' and hw ~= '' then
      redis.call('ZADD', P .. 'hw', hw, cid)
    else
      redis.call('ZREM', P .. 'hw', cid)
    end
  end
  if md == was.md and dk == was.dk and of == was.of and hq == was.hq and (f[7] or '') == was.hr then return end
  if was.dk ~= '' then
    redis.call('ZREM', P .. 'hq:' .. was.dk, cid)
    redis.call('ZREM', P .. 'ht:' .. was.dk, cid)
  end
  -- Life and limb goes before everybody.
  local place = tonumber(hq) or 0
  if f[7] == 'urgent' then place = place - 1e13 end
  if md == 'wait' and dk ~= '' then redis.call('ZADD', P .. 'hq:' .. dk, place, cid) end
  if md == 'talk' and dk ~= '' then redis.call('ZADD', P .. 'ht:' .. dk, f[6] or hq, cid) end
  redis.call('PUBLISH', 'loa:desk', string.match(P, '{p(%d+)}'))
end

-- May this officer act in it: the holder, and people of its desk; desks "*" is everybody's.
local function desk_may(desks, login, of, dk)
  if desks == '*' or of == login then return true end
  for desk in string.gmatch(desks, '[^, ]+') do
    if desk == dk then return true end
  end
  return false
end

-- The citizen is told by a turn, in order with everything else: an input of the kind tick (chat_in.lua writes the same).
local function desk_tick(P, cid, now, actor, blob)
  redis.call('XADD', P .. 'ct', '*', 'c', cid, 's', 0, 'k', 'tick', 'a', now, 'w', '', 'o', actor, 'i', blob)
  redis.call('HINCRBY', P .. 'cv:' .. cid, 'wt', 1)
end
