-- lease_take - takes or renews the lease of a partition. Time is the server's: no clock of ours matters.
-- KEYS[1] lease (hash: owner, epoch, until)
-- ARGV    owner, ttl_ms, 1 to take over only from a dead owner (a partition handed back is for who has too few)
-- Returns {epoch, 1} when newly taken, {epoch, 0} when renewed, {0, ms left of the other owner's lease} when refused
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local f = redis.call('HMGET', KEYS[1], 'owner', 'epoch', 'until')
local till = tonumber(f[3] or '0')
if f[1] == ARGV[1] and till > now then
  redis.call('HSET', KEYS[1], 'until', now + ARGV[2])
  return { tonumber(f[2]), 0 }
end
if f[1] and f[1] ~= '' and till > now then
  -- The server's clock was put back: nobody may own a partition for longer than one lease without a word.
  if till > now + ARGV[2] then redis.call('HSET', KEYS[1], 'until', now + ARGV[2]) end
  return { 0, till - now }
end
if ARGV[3] == '1' and (not f[1] or f[1] == '') then return { 0, 0 } end
local epoch = tonumber(f[2] or '0') + 1
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'epoch', epoch, 'until', now + ARGV[2])
return { epoch, 1 }
