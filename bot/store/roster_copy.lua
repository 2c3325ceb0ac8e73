-- roster_copy - the shifts of the week before become this week's, where this one has none.
-- include _roster
-- KEYS[1] the week of this desk  KEYS[2] the week before
-- ARGV    ms of a week
-- Returns how many shifts; -1: this week has shifts already
local all, n = redis.call('HGETALL', KEYS[1]), 0
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 2) == 'h:' then return -1 end
end
all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local s = string.sub(all[i], 1, 2) == 'h:' and shift_of(all[i + 1])
  if s then
    s.from, s.to, n = s.from + ARGV[1], s.to + ARGV[1], n + 1
    redis.call('HSET', KEYS[1], all[i], shift_text(s))
  end
end
if n > 0 then changed(KEYS[1]) end
return n
