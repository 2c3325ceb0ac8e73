-- hook_next - the receiver took an entry: the place moves on; then, what comes next?
-- KEYS[1] lease  KEYS[2] place hk:<id>  KEYS[3] ledger
-- ARGV    epoch, stream id of the entry that was taken ("" none), how many entries to read
-- Returns the entries after the place as XRANGE gives them; {} also when the callback is gone; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
local at = redis.call('HGET', KEYS[2], 'at')
if not at then return {} end
if ARGV[2] ~= '' then
  at = ARGV[2]
  redis.call('HSET', KEYS[2], 'at', at)
  redis.call('HDEL', KEYS[2], 'since')
end
return redis.call('XRANGE', KEYS[3], '(' .. at, '+', 'COUNT', ARGV[3])
