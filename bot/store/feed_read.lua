-- feed_read - results after a place, and whether some of them have left for the archive already.
-- KEYS[1] ledger led  KEYS[2] la (archive_next.lua)
-- ARGV    after (stream id), most entries
-- Returns {1 when entries after the place are gone, {entry, ...}}
local function comes_before(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)-(%d+)$')
  if a_ms ~= b_ms then return tonumber(a_ms) < tonumber(b_ms) end
  return tonumber(a_seq) < tonumber(b_seq)
end
local gone = redis.call('HGET', KEYS[2], 'gone')
local gap = gone and ARGV[1] ~= '0-0' and comes_before(ARGV[1], gone)
return { gap and 1 or 0, redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2]) }
