-- lease_drop - a planned stop hands the lease back, so that the next owner need not wait.
-- KEYS[1] lease
-- ARGV    owner, epoch
-- Returns 1 when it was ours
local f = redis.call('HMGET', KEYS[1], 'owner', 'epoch')
if f[1] ~= ARGV[1] or f[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'owner', '', 'until', 0)
return 1
