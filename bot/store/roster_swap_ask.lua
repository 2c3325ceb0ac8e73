-- roster_swap_ask - an officer asks a colleague to take over a shift, for one of the colleague's or for nothing.
-- include _roster
-- KEYS[1] the week of this desk
-- ARGV    now, swap id, who asks, with whom, shift, shift in return or '', notice: kind and detail
-- Returns 'ok'; 'not_yours': the shift is another's, or the one in return is not the colleague's; 'exists': asked already
local now, swap, by, with, shift, back = unpack(ARGV, 1, 6)
local mine = shift_of(redis.call('HGET', KEYS[1], 'h:' .. shift))
local theirs = back ~= '' and shift_of(redis.call('HGET', KEYS[1], 'h:' .. back))
if not mine or mine.login ~= by or with == by or back ~= '' and (not theirs or theirs.login ~= with) then return 'not_yours' end
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 2) == 's:' and string.match(all[i + 1], '^([^|]*)|') == shift then return 'exists' end
end
redis.call('HSET', KEYS[1], 's:' .. swap, shift .. '|' .. by .. '|' .. with .. '|' .. back)
tell(with, now, ARGV[7], '', ARGV[8])
changed(KEYS[1])
return 'ok'
