-- erase - a citizen asks to be forgotten: contacts, inbox, sealed bodies go; what waits is not sent; counts stay.
-- include _delivery
-- include _handover
-- KEYS[1] citizen record c:<ckey>
-- ARGV    ckey, now, "begin" (stops what waits, and tells what lies elsewhere), "end" (the rest has been dealt with: the records
--         go) or "end_keep" (but not the conversation: it is being answered, and erases itself), dossier code ("": everything;
--         else only what waits about this dossier is stopped)
-- Returns {codes of dossiers whose summaries hold personal data too, codes of dossiers this conversation follows}
local ckey, now, only = ARGV[1], ARGV[2], ARGV[4]
local seen, codes, listed = {}, {}, {}
local function add(code)
  if code ~= '-' and not listed[code] then
    listed[code] = true
    codes[#codes + 1] = code
  end
end
local function forget(nid)
  local n = not seen[nid] and read(nid, 'co')
  seen[nid] = true
  if not n or (only ~= '' and n.co ~= only) then return end
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
  add(n.co)
end
for _, entry in ipairs(open_of(ckey)) do forget(entry[1]) end
for _, entry in ipairs(redis.call('LRANGE', P .. 'ib:' .. ckey, 0, -1)) do forget(string.match(entry, '^(%S+)')) end
if only ~= '' then return { codes, {} } end
for code in string.gmatch(redis.call('GET', P .. 'ds:' .. ckey) or '', '%S+') do add(code) end
local followed = {}
for code in string.gmatch(redis.call('GET', P .. 'fo:' .. ckey) or '', '%S+') do followed[#followed + 1] = code end
if ARGV[3] ~= 'begin' then
  if next(seen) or redis.call('EXISTS', KEYS[1]) == 1 then
    -- What the ledger's archive has not seen yet still counts as this person (archive_next.lua).
    local number = redis.call('HGET', KEYS[1], 'pn') or redis.call('HINCRBY', P .. 'la', 'persons', 1)
    redis.call('HSET', P .. 'gone', ckey, number .. ' ' .. now)
  end
  redis.call('DEL', KEYS[1], P .. 'ib:' .. ckey, P .. 'open:' .. ckey, P .. 'ds:' .. ckey, P .. 'fo:' .. ckey)
  redis.call('PUBLISH', 'loa:inbox', ckey)
  -- What was reported in this conversation (_feedback.lua) is dealt with all the same, as nobody's; its texts go, those of an
  -- open case when it ends.
  for _, id in ipairs(redis.call('SMEMBERS', P .. 'fb:c:' .. ckey)) do
    local case = P .. 'fb:' .. id
    local state = redis.call('HGET', case, 'st')
    if state then redis.call('HSET', case, 'cid', '', 'er', 1) end
    if state == 'answered' or state == 'closed' then redis.call('HDEL', case, 'b', 'nt', 'a') end
  end
  redis.call('DEL', P .. 'fb:c:' .. ckey)
  if ARGV[3] == 'end' then
    local was = desk_before(P, ckey)
    redis.call('DEL', P .. 'cv:' .. ckey, P .. 'cl:' .. ckey, P .. 'cd:' .. ckey)
    desk_index(P, ckey, was)
    redis.call('PUBLISH', 'loa:chat', ckey .. ' 0')
  end
end
return { codes, followed }
