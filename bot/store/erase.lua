-- erase - a citizen asks to be forgotten: contacts, inbox, sealed bodies go; what waits is not sent; counts stay.
-- include _delivery
-- KEYS[1] citizen record c:<ckey>
-- ARGV    ckey, now
-- Returns the dossier codes whose summaries hold personal data too (in other partitions)
local ckey, now = ARGV[1], ARGV[2]
local seen, codes = {}, {}
local function forget(nid)
  local n = not seen[nid] and read(nid, 'co')
  seen[nid] = true
  if not n then return end
  for _, step in ipairs(n.steps) do
    -- What is under way cannot be called back: it ends as it ends, and is counted.
    if PLACE[n[step.s]] == 'q' then ledger(n, step, move(n, step, 'cut', now, 'erased'), now) end
  end
  put(n, 'cut', '1')
  if n.h then put(n, 'h', (string.gsub(n.h, '"ckey":"%x+"', '"ckey":""'))) end -- a late receipt tells of nobody any more
  drop(n, 'b')
  redis.call('ZREM', P .. 'dead', nid)
  settle(n, now)
  save(n)
  if n.co ~= '-' then codes[#codes + 1] = n.co end
end
for _, entry in ipairs(open_of(ckey)) do forget(entry[1]) end
for _, entry in ipairs(redis.call('LRANGE', P .. 'ib:' .. ckey, 0, -1)) do forget(string.match(entry, '^(%S+)')) end
-- What the ledger's archive has not seen yet still counts as this person (archive_next.lua).
local number = redis.call('HGET', KEYS[1], 'pn') or redis.call('HINCRBY', P .. 'la', 'persons', 1)
redis.call('HSET', P .. 'gone', ckey, number .. ' ' .. now)
redis.call('DEL', KEYS[1], P .. 'ib:' .. ckey, P .. 'open:' .. ckey, P .. 'ds:' .. ckey)
redis.call('PUBLISH', 'loa:inbox', ckey)
return codes
