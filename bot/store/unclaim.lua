-- unclaim - the answer to a claim never came or came too late, so nothing of it left: its messages go back to their lanes.
-- Not fenced by the lease but by process, serial and attempt numbers: only who made the claim knows this.
-- include _delivery
-- KEYS[1] any key of the partition
-- ARGV    now, way, process, serial
-- Returns number of messages given back
local now, way = tonumber(ARGV[1]), ARGV[2]
local claim = P .. 'cl:' .. way .. ':' .. ARGV[3]
local text = redis.call('GET', claim) or ''
if string.match(text, '^(%d*) ') ~= ARGV[4] then return 0 end
redis.call('DEL', claim)
local back = 0
for nid, k, attempt in string.gmatch(text, '(%w+):(%d):(%d+)') do
  local key = nkey(nid)
  local f = redis.call('HMGET', key, 'plan', 'ln', 'a' .. k)
  if f[1] and f[3] == attempt and move(key, k, 'unsent', now, 'no_claim') then
    take_back(key, nid, k, way, f[2], now)
    settle(key, nid, plan_of(f[1]), now)
    back = back + 1
  end
end
return back
