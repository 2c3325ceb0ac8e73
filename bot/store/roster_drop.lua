-- roster_drop - a shift is taken out, with the swaps asked for it.
-- include _roster
-- KEYS[1] the week of this desk
-- ARGV    shift id
-- Returns how many were there
local n = redis.call('HDEL', KEYS[1], 'h:' .. ARGV[1])
redis.call('HDEL', KEYS[1], 'a:' .. ARGV[1], 'm:' .. ARGV[1])
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local shift, with = string.match(all[i + 1], '^([^|]*)|[^|]*|[^|]*|(.*)$')
  if string.sub(all[i], 1, 2) == 's:' and (shift == ARGV[1] or with == ARGV[1]) then redis.call('HDEL', KEYS[1], all[i]) end
end
changed(KEYS[1])
return n
