-- archive_done - entries are on the disk: the archive has come so far. What is old enough leaves the stream.
-- KEYS[1] lease  KEYS[2] ledger led  KEYS[3] la (archive_next.lua)
-- ARGV    epoch, node, at before, last archived id, n, x, file, bytes, keep what is younger than (ms), then the sets of
--         persons that grew: month, field, set (reach.h)
-- Returns how many entries left the stream; -1 when somebody else was faster; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
if (redis.call('HGET', KEYS[3], 'at') or '0-0') ~= ARGV[3] then return -1 end
local node = ARGV[2]
redis.call('HSET', KEYS[3], 'at', ARGV[4], 'n', ARGV[5], 'x', ARGV[6], 'node', node, 'f:' .. node, ARGV[7], 'o:' .. node, ARGV[8])
local P = string.match(KEYS[1], '^(loa:{p%d+}:)')
for i = 10, #ARGV, 3 do redis.call('HSET', P .. 'r:' .. ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
local ms, seq = string.match(ARGV[4], '^(%d+)-(%d+)$')
local first_kept = string.format('%s-%.0f', ms, tonumber(seq) + 1)
if tonumber(ms) >= tonumber(ARGV[9]) then first_kept = ARGV[9] .. '-0' end
local erased = redis.call('HGETALL', P .. 'gone')
for i = 1, #erased, 2 do
  if tonumber(string.match(erased[i + 1], '%d+$')) < tonumber(ms) then redis.call('HDEL', P .. 'gone', erased[i]) end
end
local last_gone = redis.call('XREVRANGE', KEYS[2], '(' .. first_kept, '-', 'COUNT', 1)[1]
if last_gone then redis.call('HSET', KEYS[3], 'gone', last_gone[1]) end
return redis.call('XTRIM', KEYS[2], 'MINID', first_kept)
