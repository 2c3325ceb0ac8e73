-- archive_next - the entries of the ledger that no archive holds yet, with the number of the person each is about.
-- KEYS[1] lease  KEYS[2] ledger led  KEYS[3] how far the archive is:
--         la  hash: at last archived stream id, n entries so far, x end of the chain, node who wrote last,
--             f:<node> o:<node> the file each server writes and how many bytes of it count, gone last entry that
--             left the stream, persons numbers given so far
--         gone  hash: number and time of persons erased since, until the archive has passed that time
-- ARGV    epoch, node, most entries, not younger than (ms)
-- Returns {at, n, x, last node, our file, its bytes, {entry, …}, {person, …}}; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
local la = redis.call('HMGET', KEYS[3], 'at', 'n', 'x', 'node', 'f:' .. ARGV[2], 'o:' .. ARGV[2])
local entries = redis.call('XRANGE', KEYS[2], '(' .. (la[1] or '0-0'), ARGV[4], 'COUNT', ARGV[3])
local persons = {}

-- A number that only the citizen's own record knows: gone with it, never given again.
local function person(ckey)
  local c = P .. 'c:' .. ckey
  local number = redis.call('HGET', c, 'pn') or string.match(redis.call('HGET', P .. 'gone', ckey) or '', '^%d+')
  if not number then
    number = redis.call('HINCRBY', KEYS[3], 'persons', 1)
    redis.call('HSET', c, 'pn', number)
  end
  return tonumber(number)
end

for i, entry in ipairs(entries) do
  local ckey
  for j = 1, #entry[2], 2 do
    if entry[2][j] == 'h' then ckey = string.match(entry[2][j + 1], '"ckey":"(%x+)"') end
  end
  persons[i] = ckey and person(ckey) or 0
end
return { la[1] or '0-0', la[2] or '0', la[3] or '', la[4] or '', la[5] or '', la[6] or '0', entries, persons }
