-- resend - a person sends a dead letter again: what failed, expired or stayed unknown goes back to its lane.
-- include _delivery
-- KEYS[1] any key of the partition
-- ARGV    now, nid, new expires_ms
-- Returns number of messages queued again; 0 when there is nothing to send any more
local now, nid = ARGV[1], ARGV[2]
local n = read(nid, 'co', 'b')
if not n or not n.b or redis.call('ZREM', P .. 'dead', nid) == 0 then return 0 end
local queued, chain = 0, false
put(n, 'x', ARGV[3])
put(n, 'st', 'pending')
drop(n, 'e')
redis.call('PERSIST', n.key)
redis.call('RPUSH', P .. 'open:' .. n.ck, nid .. ' ' .. n.co)
for _, step in ipairs(n.steps) do
  -- One step of the chain at a time; what goes beside it goes too.
  if (step.beside or not chain) and move(n, step, 'resend', now, 'by_staff', now) then
    drop(n, step.r)
    put(n, step.o, n[step.a] or '0') -- it gets all its tries once more
    queued = queued + 1
    chain = chain or not step.beside
  end
end
settle(n, now)
save(n)
return queued
