-- canned_put - a ready-made reply is written, changed or dropped.
-- KEYS[1] hash cn
-- ARGV    key, JSON ('' drops), most there may be
-- Returns 1; -1: there are too many
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) and redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return -1 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
redis.call('PUBLISH', 'loa:canned', ARGV[1])
return 1
