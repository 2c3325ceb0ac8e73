-- secret_save - a rotated credential; only the owner of the partition may write it.
-- KEYS[1] lease  KEYS[2] secret
-- ARGV    epoch, sealed blob, name
-- Returns 1; 'STALE'
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 'STALE' end
redis.call('SET', KEYS[2], ARGV[2])
redis.call('PUBLISH', 'loa:secret', ARGV[3])
return 1
