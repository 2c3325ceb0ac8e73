-- hook_failed - the receiver did not take an entry: since when does it fail?
-- KEYS[1] lease  KEYS[2] place hk:<id>
-- ARGV    epoch, now
-- Returns the time of the first failure in a row; 0 when the callback is gone; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('HSETNX', KEYS[2], 'since', ARGV[2])
return tonumber(redis.call('HGET', KEYS[2], 'since'))
