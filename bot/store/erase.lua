-- erase - a citizen asks to be forgotten: contacts, inbox, sealed bodies go; what waits is not sent; counts stay.
-- include _delivery
-- KEYS[1] citizen record c:<ckey>
-- ARGV    ckey, now
-- Returns the dossier codes whose summaries hold personal data too (in other partitions)
local ckey, now = ARGV[1], tonumber(ARGV[2])
local seen, codes = {}, {}
local function forget(nid)
  if seen[nid] then return end
  seen[nid] = true
  local key = nkey(nid)
  local f = redis.call('HMGET', key, 'plan', 'ln', 'co')
  if not f[1] then return end
  local steps = plan_of(f[1])
  for i, step in ipairs(steps) do
    local k = i - 1
    local s = redis.call('HGET', key, 's' .. k)
    -- What is under way cannot be called back: it ends as it ends, and is counted.
    if s == 'queued' or s == 'deferred' then
      local new = move(key, k, 'cut', now, 'erased')
      dequeue(nid, k, step.way, f[2])
      ledger(key, nid, k, step.way, new, now)
    end
  end
  redis.call('HDEL', key, 'b')
  redis.call('HSET', key, 'cut', '1')
  redis.call('ZREM', P .. 'dead', nid)
  settle(key, nid, steps, now)
  if f[3] ~= '-' then codes[#codes + 1] = f[3] end
end
for _, entry in ipairs(redis.call('LRANGE', P .. 'open:' .. ckey, 0, -1)) do forget(string.match(entry, '^(%S+)')) end
for _, entry in ipairs(redis.call('LRANGE', P .. 'ib:' .. ckey, 0, -1)) do forget(string.match(entry, '^(%S+)')) end
redis.call('DEL', KEYS[1], P .. 'ib:' .. ckey, P .. 'open:' .. ckey)
redis.call('PUBLISH', 'loa:inbox', ckey)
return codes
