-- unclaim - the answer to a claim never came or came too late, so nothing of it left: its messages go back to their lanes.
-- Not fenced by the lease but by process, serial and attempt numbers: only who made the claim knows this.
-- include _delivery
-- KEYS[1] any key of the partition
-- ARGV    now, way, process, serial
-- Returns number of messages given back
local now, way = ARGV[1], ARGV[2]
local claim = P .. 'cl:' .. way .. ':' .. ARGV[3]
local text = redis.call('GET', claim) or ''
if string.match(text, '^(%d*) ') ~= ARGV[4] then return 0 end
redis.call('DEL', claim)
local back = 0
for nid, k, attempt in string.gmatch(text, '(%w+):(%d):(%d+)') do
  local n = read(nid, 's' .. k, 'a' .. k, 'r' .. k)
  local step = n and n.steps[k + 1]
  if n and n[step.a] == attempt and move(n, step, 'unsent', now, 'no_claim', now) then
    take_back(n, step)
    settle(n, now)
    save(n)
    back = back + 1
  end
end
return back
